"""What is asked of the venue's other hosts: the site's word on a place, the indexer's positions.

Invariants: anybody may read any wallet's positions; dust is hidden unless asked for. The indexer's
lag is not modelled. Source: polymarket sheet 4.4 and 8.1, read 2026-11-20.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from feeds.venues.base import Reply, Request
from feeds.venues.polymarket.desk.answers import answer, refuse
from feeds.venues.polymarket.desk.wallets import Vault
from feeds.venues.polymarket.shapes import Shown, text
from markets.terms.units import micros_from_text

HIDDEN_BELOW = "0.1"
MOST = 1_000


class Place(msgspec.Struct):
    """Where the venue believes its callers are."""

    blocked: bool = False
    country: str = "PT"
    region: str = ""


class OutsideDesk:
    """Answers `GET /api/geoblock` of the site and `GET /v2/positions` of the Data API."""

    def __init__(self, vault: Vault, markets: Mapping[str, Shown]) -> None:
        self.place = Place()
        self._vault = vault
        self._markets = markets

    def answer(self, request: Request) -> Reply | None:
        """The reply; None when it is asked for something else."""
        match request.method, request.host, request.path:
            case "GET", "site", "/api/geoblock":
                told = msgspec.structs.asdict(self.place)
                return answer({**told, "ip": "127.0.0.1"})
            case "GET", "data", "/v2/positions":
                return self._positions(dict(request.query))
            case _:
                return None

    def _positions(self, asked: dict[str, str]) -> Reply:
        wallet = self._vault.find(asked.get("user", ""))
        limit, cursor = asked.get("limit", "100"), asked.get("cursor", "0")
        if not (limit.isdecimal() and cursor.isdecimal() and 0 < int(limit) <= MOST):
            return refuse(400, "invalid pagination")
        try:
            least = micros_from_text(asked.get("filter_amount", HIDDEN_BELOW))
        except ValueError:
            return refuse(400, "invalid filter")
        rows = self._rows(wallet.address, max(1, least)) if wallet else []
        ends = int(cursor) + int(limit)
        paging = {"has_more": ends < len(rows), "next_cursor": str(ends)}
        return answer({"data": rows[int(cursor) : ends], "pagination": paging})

    def _rows(self, address: str, least: int) -> list[dict[str, Any]]:
        return [
            {
                "proxy_wallet": address,
                "token_id": token,
                "condition_id": shown.listed.native,
                "current_size": text(held),
            }
            for token, shown in self._markets.items()
            if (held := self._vault.true(address, token)) >= least
        ]
