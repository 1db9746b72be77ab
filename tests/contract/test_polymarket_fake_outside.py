"""The venue's other hosts at the fake: the word on a place, the indexer's positions."""

import json
from typing import Any

import pytest

from feeds.venues.base import Reply, Request
from feeds.venues.polymarket.desk.wallets import Wallet
from feeds.venues.polymarket.signing import WalletKind
from markets.terms.units import Qty
from tests.contract.polymarket_desk import PROXY, Desk


def get(desk: Desk, host: str, path: str, **query: str) -> Reply:
    return desk.fake.request(Request("GET", host, path, tuple(query.items())), desk.at)


def desk_with(*held: int) -> Desk:
    desk = Desk()
    owned = tuple((t, Qty(q)) for t, q in zip(desk.tokens, held, strict=False) if q)
    wallet = Wallet(address=PROXY, owner="0x" + "9" * 40, kind=WalletKind.PROXY, held=owned)
    desk.fake.office.open(wallet)
    return desk


def rows(reply: Reply) -> list[dict[str, Any]]:
    return list(json.loads(reply.body)["data"])


def test_the_site_says_where_its_callers_are() -> None:
    desk = Desk()
    assert json.loads(get(desk, "site", "/api/geoblock").body)["blocked"] is False
    desk.fake.office.outside.place.blocked = True
    assert json.loads(get(desk, "site", "/api/geoblock").body)["blocked"] is True


def test_dust_is_hidden_unless_asked_for() -> None:
    desk = desk_with(5_000_000, 50_000)

    assert len(rows(get(desk, "data", "/v2/positions", user=PROXY))) == 1
    told = rows(get(desk, "data", "/v2/positions", user=PROXY, filter_amount="0"))
    assert [row["current_size"] for row in told] == ["5", "0.05"]
    assert rows(get(desk, "data", "/v2/positions", user="0x" + "8" * 40)) == []


def test_positions_come_in_pages() -> None:
    desk = desk_with(5_000_000, 6_000_000)
    first = json.loads(get(desk, "data", "/v2/positions", user=PROXY, limit="1").body)
    cursor = first["pagination"]["next_cursor"]
    second = json.loads(
        get(desk, "data", "/v2/positions", user=PROXY, limit="1", cursor=cursor).body
    )

    assert first["pagination"]["has_more"]
    assert not second["pagination"]["has_more"]
    assert first["data"] != second["data"]


@pytest.mark.parametrize(
    "query", [{"limit": "0"}, {"limit": "9999"}, {"cursor": "x"}, {"filter_amount": "x"}]
)
def test_what_makes_no_sense_is_refused(query: dict[str, str]) -> None:
    assert get(Desk(), "data", "/v2/positions", user=PROXY, **query).status == 400
