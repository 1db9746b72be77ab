"""The fake venue's market socket: who follows which tokens, and the frames they get.

Invariants: nothing before a subscription, a PING before it ends the connection; over the cap of
tokens no snapshot comes and no error; frames of one occasion keep their order.
Source: polymarket sheet 5.1 to 5.3 and 11, read 2026-11-20.
"""

from collections.abc import Mapping
from hashlib import sha1
from typing import Any

import msgspec

from feeds.venues.base import FakeOutput, Hangup, ToClient
from feeds.venues.polymarket.rest import hashed_book
from feeds.venues.polymarket.shapes import Shown, text
from markets.terms.units import MS, Ns, Px, Qty
from trading.engine.orders import Side

SNAPSHOT_CAP = 750
POLICY_VIOLATION = 1008
# A trade as the socket tells it: the taker's outcome, price, size and side.
Print = tuple[int, Px, Qty, Side]


class _Client:
    """One connected socket: the tokens it follows, none before its first subscription."""

    def __init__(self) -> None:
        self.assets: dict[str, None] | None = None


class Publisher:
    """Every connection to `/ws/market`. `lost` frames of changes are swallowed next."""

    def __init__(self, of_token: Mapping[str, Shown]) -> None:
        self.lost = 0
        self.is_frozen = False
        self._of_token = of_token
        self._clients: dict[int, _Client] = {}

    def connected(self, conn: int) -> None:
        """Somebody is there; nothing is said."""
        self._clients[conn] = _Client()

    def disconnected(self, conn: int) -> None:
        """Nothing survives a connection."""
        self._clients.pop(conn, None)

    def received(self, conn: int, text: str) -> list[FakeOutput]:
        """A subscription, a change of it, or a PING; anything else ends the connection."""
        client = self._clients.get(conn)
        if client is None:
            return []
        if text == "PING" and client.assets is not None:
            return [ToClient(conn, "PONG")]
        asked = _asked(text)
        if asked is None:
            return self._hang_up(conn)
        names = [name for name in asked.get("assets_ids") or () if isinstance(name, str)]
        if asked.get("operation") == "unsubscribe":
            for name in names:
                (client.assets or {}).pop(name, None)
            return []
        if client.assets is None and asked.get("type") != "market":
            return self._hang_up(conn)
        return self._subscribe(conn, client, names)

    def changed(
        self, shown: Shown, changes: list[dict[str, Any]], trades: list[Print], at: Ns
    ) -> list[FakeOutput]:
        """A frame of changed levels; after trades also each trade and a fresh book of each
        token.
        """
        frames: list[dict[str, Any]] = []
        if changes:
            frames.append(
                {
                    "market": shown.listed.native,
                    "price_changes": changes,
                    "timestamp": str(shown.said_at // MS),
                    "event_type": "price_change",
                }
            )
        for trade in trades:
            shown.traded(*trade)
            frames.append(_trade_frame(shown, trade))
        if trades:
            frames.extend(_book_frame(shown, outcome, first=False) for outcome in (0, 1))
        return self._publish(shown, frames)

    def reticked(self, shown: Shown, old: Px, at: Ns) -> list[FakeOutput]:
        """Another grid of prices, said for each token."""
        frames = [
            {
                "market": shown.listed.native,
                "asset_id": token,
                "old_tick_size": text(old),
                "new_tick_size": text(shown.step),
                "timestamp": str(at // MS),
                "event_type": "tick_size_change",
            }
            for token in shown.listed.tokens
        ]
        return self._publish(shown, frames)

    def resolved(self, shown: Shown, pays: tuple[Px, Px], at: Ns) -> list[FakeOutput]:
        """The market is decided; every connection hears it, followed or not. Half and half has no
        winner, and nothing is said of it here: it must be asked for.
        """
        if pays[0] == pays[1]:
            return []
        listed = shown.listed
        winner = 0 if pays[0] > pays[1] else 1
        frame = {
            "event_type": "market_resolved",
            "id": str(shown.number),
            "market": listed.native,
            "assets_ids": list(listed.tokens),
            "winning_asset_id": listed.tokens[winner],
            "winning_outcome": listed.outcomes[winner],
            "timestamp": str(at // MS),
            "tags": [listed.category],
        }
        return [ToClient(conn, _json(frame)) for conn in self._clients]

    def _subscribe(self, conn: int, client: _Client, names: list[str]) -> list[FakeOutput]:
        """Books of all tokens asked for in one array; over the cap none come, and no error."""
        before = client.assets or {}
        client.assets = {**before, **dict.fromkeys(names)}
        if len(client.assets) > SNAPSHOT_CAP:
            return []
        books = [
            _book_frame(self._of_token[name], self._of_token[name].outcome_of(name), first=True)
            for name in names
            if name in self._of_token
        ]
        return [ToClient(conn, _json(books))] if books else []

    def _publish(self, shown: Shown, frames: list[dict[str, Any]]) -> list[FakeOutput]:
        if self.is_frozen:
            return []
        said = []
        for frame in frames:
            if self.lost and frame["event_type"] == "price_change":
                self.lost -= 1
            else:
                said.append(_json(frame))
        return [
            ToClient(conn, body)
            for conn, client in self._clients.items()
            if client.assets and any(token in client.assets for token in shown.listed.tokens)
            for body in said
        ]

    def _hang_up(self, conn: int) -> list[FakeOutput]:
        self._clients.pop(conn, None)
        return [Hangup(conn, POLICY_VIOLATION, "invalid subscription payload")]


def _asked(body: str) -> dict[str, Any] | None:
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _book_frame(shown: Shown, outcome: int, *, first: bool) -> dict[str, Any]:
    """A book on the socket; tick and last trade only stand on the initial one. A market of the
    newer protocol says so.
    """
    whole = hashed_book(shown, outcome)
    kept = ("market", "asset_id", "timestamp", "hash", "bids", "asks")
    frame = {key: whole[key] for key in kept}
    if first:
        frame["tick_size"] = whole["tick_size"]
    frame["event_type"] = "book"
    if first:
        frame["last_trade_price"] = whole["last_trade_price"]
    if shown.traits.version == "v2":
        frame["version"] = "v2"
    return frame


def _trade_frame(shown: Shown, trade: Print) -> dict[str, Any]:
    outcome, px, qty, side = trade
    moment = str(shown.said_at // MS)
    token = shown.listed.tokens[outcome]
    named = f"{token}{text(px)}{text(qty)}{moment}"
    seal = sha1(named.encode(), usedforsecurity=False).hexdigest()
    return {
        "market": shown.listed.native,
        "asset_id": token,
        "price": text(px),
        "size": text(qty),
        "fee_rate_bps": "0",
        "side": "BUY" if side is Side.BUY else "SELL",
        "timestamp": moment,
        "event_type": "last_trade_price",
        "transaction_hash": f"0x{seal}{seal[:24]}",
    }


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
