"""Polymarket's own side of the conversation, in its exact shapes, driven by a scenario.

Answers Gamma's keyset pages and the public part of the CLOB, and serves the market socket: an array
of books first, then one frame a move with elements for both tokens, a fresh book of each token
after a trade, text PONG, no acknowledgements. Invariants: both tokens are one book seen from two
sides, and every element states the top after it. Orders and the user socket are not here.
Source: polymarket sheet sections 4, 5 and 11, read 2026-11-20.
"""

from hashlib import sha1
from typing import Any

import msgspec

from feeds.sim.scenario import Listed, Move
from feeds.venues.base import FakeOutput, Hangup, Reply, Request, ToClient
from feeds.venues.polymarket.rest import Answers, hashed_book
from feeds.venues.polymarket.shapes import Shown, level_elements, text
from markets.terms.ids import VenueId
from markets.terms.units import MS, Ns, Px
from trading.engine.orders import Side

PATH = "/market"
SNAPSHOT_CAP = 750
POLICY_VIOLATION = 1008


class _Client:
    """One connected socket: the tokens it follows, none before its first subscription."""

    def __init__(self) -> None:
        self.assets: dict[str, None] | None = None


class PolymarketFake:
    """The venue as `feeds.runtime.fakeserver` serves it.

    Faults for tests: `lose(n)` swallows the next frames of changes, `freeze(on)` keeps the socket
    alive and mute, `retick` and `resolve` announce what the real venue would.
    """

    venue = VenueId("polymarket")

    def __init__(self, markets: tuple[Listed, ...]) -> None:
        self._shown = {m.native: Shown(m) for m in markets if m.venue == self.venue}
        self._of_token = {token: s for s in self._shown.values() for token in s.listed.tokens}
        self._clients: dict[int, _Client] = {}
        self._answers = Answers(tuple(self._shown.values()))
        self._lose = 0
        self._frozen = False

    def request(self, request: Request, at: Ns) -> Reply:
        """Answer REST; an unknown path is a 404."""
        return self._answers.answer(request, at)

    def upgrade(self, request: Request, at: Ns) -> Reply | None:
        """Accept the market socket, refuse every other path."""
        if request.path.rstrip("/").endswith(PATH):
            return None
        return Reply(404, (("content-type", "text/plain"),), b"404 page not found")

    def connected(self, conn: int, path: str, at: Ns) -> list[FakeOutput]:
        """The venue says nothing until it is asked."""
        self._clients[conn] = _Client()
        return []

    def received(self, conn: int, text: str, at: Ns) -> list[FakeOutput]:
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

    def disconnected(self, conn: int, at: Ns) -> None:
        """Nothing survives a connection."""
        self._clients.pop(conn, None)

    def ticked(self, at: Ns) -> list[FakeOutput]:
        """The market channel does nothing by itself."""
        return []

    def moved(self, move: Move, at: Ns) -> list[FakeOutput]:
        """One frame of changed levels for both tokens; after a trade also the trade and books."""
        shown = self._shown.get(move.native) if move.venue == self.venue else None
        if shown is None:
            return []
        shown.said_at = Ns(move.venue_at or at)
        changes = level_elements(shown, move.bids, move.asks)
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
        if move.trade is not None:
            px, qty, side = move.trade
            shown.last_trade = text(px)
            frames.append(_trade_frame(shown, text(px), text(qty), side))
            frames.extend(_book_frame(shown, outcome, first=False) for outcome in (0, 1))
        return self._publish(shown, frames)

    def fault(self, kind: str, at: Ns, **args: str | int) -> list[FakeOutput]:
        """No fault of the venue's own is known here yet."""
        return []

    def retick(self, native: str, step: Px, at: Ns) -> list[FakeOutput]:
        """The market's grid of prices changes; levels stay where they are."""
        shown = self._shown[native]
        old, shown.step, shown.said_at = shown.step, step, at
        frames = [
            {
                "market": native,
                "asset_id": token,
                "old_tick_size": text(old),
                "new_tick_size": text(step),
                "timestamp": str(at // MS),
                "event_type": "tick_size_change",
            }
            for token in shown.listed.tokens
        ]
        return self._publish(shown, frames)

    def resolve(self, native: str, winner: int, at: Ns) -> list[FakeOutput]:
        """The market is decided; every connection hears it, followed or not."""
        shown = self._shown[native]
        shown.is_closed = True
        listed = shown.listed
        frame = {
            "event_type": "market_resolved",
            "id": str(shown.number),
            "market": native,
            "assets_ids": list(listed.tokens),
            "winning_asset_id": listed.tokens[winner],
            "winning_outcome": listed.outcomes[winner],
            "timestamp": str(at // MS),
            "tags": [listed.category],
        }
        return [ToClient(conn, _json(frame)) for conn in self._clients]

    def lose(self, frames: int) -> None:
        """Swallow the next frames of changes, as a faulty connection would."""
        self._lose = frames

    def freeze(self, *, on: bool) -> None:
        """Say nothing but PONG while books keep moving."""
        self._frozen = on

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
        if self._frozen:
            return []
        said = []
        for frame in frames:
            if self._lose and frame["event_type"] == "price_change":
                self._lose -= 1
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
    """A book on the socket; tick and last trade only stand on the initial one."""
    whole = hashed_book(shown, outcome)
    kept = ("market", "asset_id", "timestamp", "hash", "bids", "asks")
    frame = {key: whole[key] for key in kept}
    if first:
        frame["tick_size"] = whole["tick_size"]
    frame["event_type"] = "book"
    if first:
        frame["last_trade_price"] = whole["last_trade_price"]
    return frame


def _trade_frame(shown: Shown, px: str, qty: str, side: Side) -> dict[str, Any]:
    moment = str(shown.said_at // MS)
    token = shown.listed.tokens[0]
    seal = sha1(f"{token}{px}{qty}{moment}".encode(), usedforsecurity=False).hexdigest()
    return {
        "market": shown.listed.native,
        "asset_id": token,
        "price": px,
        "size": qty,
        "fee_rate_bps": "0",
        "side": "BUY" if side is Side.BUY else "SELL",
        "timestamp": moment,
        "event_type": "last_trade_price",
        "transaction_hash": f"0x{seal}{seal[:24]}",
    }


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
