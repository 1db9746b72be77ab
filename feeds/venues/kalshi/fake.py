"""Kalshi's own side of the conversation, without input or output of its own.

One YES book a market, told by the scenario's moves; each level that differs becomes one delta, the
shrinking ones first so that no frame ever shows a crossed book. One counter a subscription, shared
by all its markets and by `ok` and `unsubscribed`; a second subscription to a channel joins the
first and is answered `ok`. Faults happen only when asked for. Time is an argument, ids are
counters or digests of names.
Source: kalshi sheet 2.1, 2.2, 4.2-4.7 and 9, read 2026-11-20.
"""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from feeds.sim.scenario import Listed, Move
from feeds.venues.base import FakeOutput, Hangup, Reply, Request, ToClient
from feeds.venues.kalshi import sign
from feeds.venues.kalshi.fakerest import (
    EMPTY,
    KalshiRest,
    asks_rows,
    bids_rows,
    json_reply,
    market_uuid,
    price,
    size,
    text_time,
)
from markets.terms.ids import VenueId
from markets.terms.units import MICRO, MS, SECOND, Ns
from trading.engine.book import Ladders, Levels
from trading.engine.orders import Side

CHANNELS = ("orderbook_delta", "ticker", "trade", "market_lifecycle_v2")
WITH_MARKETS = ("orderbook_delta",)
CLOCK_WINDOW = 5 * SECOND
CLEARED_AFTER = 2 * SECOND


class _Command(msgspec.Struct, frozen=True):
    cmd: str
    id: int = 0
    params: dict[str, Any] = {}


_COMMANDS = msgspec.json.Decoder(_Command)


class _Sub:
    """One subscription of one connection, with its counter and the faults asked for."""

    def __init__(self, conn: int, channel: str, sid: int) -> None:
        self.conn = conn
        self.channel = channel
        self.sid = sid
        self.seq = 0
        self.tickers: dict[str, None] = {}
        self.hears_all = False
        self.use_yes_price = False
        self.lose = 0
        self.repeat = 0


class KalshiFake:
    """The venue `kalshi` for the markets listed there.

    `public_pem` and `key_id` make it judge handshakes; without them everybody may enter.
    """

    def __init__(
        self,
        markets: tuple[Listed, ...],
        *,
        page: int = 200,
        key_id: str = "",
        public_pem: bytes | None = None,
    ) -> None:
        self.venue = VenueId("kalshi")
        self._markets = {one.native: one for one in markets if one.venue == self.venue}
        self._ladders: dict[str, Ladders] = {}
        self._rest = KalshiRest(tuple(self._markets.values()), self._ladders, page)
        self._key_id = key_id
        self._key = sign.public_key(public_pem) if public_pem else None
        self._subs: dict[int, dict[int, _Sub]] = {}
        self._sids: dict[int, int] = {}
        self._cleared: set[str] = set()
        self._trades = 0
        self._commands: dict[str, Callable[[int, _Command, Ns], list[FakeOutput]]] = {
            "subscribe": self._subscribe,
            "unsubscribe": self._unsubscribe,
            "update_subscription": self._update,
            "list_subscriptions": self._list,
        }

    def ladders(self, native: str) -> Ladders:
        """The book as it truly is."""
        return self._ladders.get(native, EMPTY)

    # the conversation

    def request(self, request: Request, at: Ns) -> Reply:
        """The answer to a REST request; public ones are served without a signature."""
        return self._rest.answer(request, at)

    def upgrade(self, request: Request, at: Ns) -> Reply | None:
        """None lets the socket in; a refusal has one of the bodies of sheet 2.5."""
        if self._key is None:
            return None
        said = {name.upper(): value for name, value in request.headers}
        stamp = said.get("KALSHI-ACCESS-TIMESTAMP", "")
        signature = said.get("KALSHI-ACCESS-SIGNATURE", "")
        if not (stamp.isascii() and stamp.isdigit() and signature):
            return _unauthorized("token_authentication_failure", "")
        if abs(int(stamp) * MS - at) > CLOCK_WINDOW:
            return _unauthorized("header_timestamp_expired", "")
        if said.get("KALSHI-ACCESS-KEY") != self._key_id:
            return _unauthorized("authentication_error", "NOT_FOUND")
        if not sign.is_signed(self._key, signature, stamp, "GET", request.path):
            return _unauthorized("authentication_error", "INCORRECT_API_KEY_SIGNATURE")
        return None

    def connected(self, conn: int, path: str, at: Ns) -> list[FakeOutput]:
        """A socket opened; Kalshi says nothing until asked."""
        self._subs[conn] = {}
        self._sids[conn] = 0
        return []

    def received(self, conn: int, text: str, at: Ns) -> list[FakeOutput]:
        """The answer to a command."""
        try:
            command = _COMMANDS.decode(text)
        except msgspec.DecodeError:
            return [self._error(conn, 0, 1, "Unable to process message", at)]
        react = self._commands.get(command.cmd)
        if react is None:
            return [self._error(conn, command.id, 5, "Unknown command", at)]
        return react(conn, command, at)

    def disconnected(self, conn: int, at: Ns) -> None:
        """The socket is gone, and its subscriptions with it."""
        self._subs.pop(conn, None)
        self._sids.pop(conn, None)

    def ticked(self, at: Ns) -> list[FakeOutput]:
        """A little after its close a market's book is cleared by an empty snapshot (sheet 4.4)."""
        outputs: list[FakeOutput] = []
        for ticker, listed in self._markets.items():
            if ticker in self._cleared or at < listed.close_at + CLEARED_AFTER:
                continue
            self._cleared.add(ticker)
            self._ladders[ticker] = EMPTY
            for sub in self._following("orderbook_delta", ticker):
                outputs += self._snapshot(sub, ticker, None, at)
        return outputs

    def moved(self, move: Move, at: Ns) -> list[FakeOutput]:
        """One delta for each level that differs, and the trade that caused it."""
        if move.native not in self._markets or move.native in self._cleared:
            return []
        before = self.ladders(move.native)
        self._ladders[move.native] = after = Ladders(move.bids, move.asks)
        stamp = (move.venue_at or at) // MS
        bodies = [
            self._delta_body(move.native, outcome, px, delta, stamp)
            for outcome, px, delta in _differences(before, after)
        ]
        outputs: list[FakeOutput] = []
        for sub in self._following("orderbook_delta", move.native):
            for body in bodies:
                body_for = _on_yes_scale(body) if sub.use_yes_price else body
                outputs += self._numbered(sub, "orderbook_delta", body_for, at)
        return outputs + self._trade_frames(move, stamp, at)

    # faults, asked for by tests and demonstrations

    def gap(self, frames: int = 1) -> None:
        """Every book subscription loses its next frames, numbers and all."""
        for sub in self._books():
            sub.lose += frames

    def duplicate(self) -> None:
        """Every book subscription sends its next frame twice."""
        for sub in self._books():
            sub.repeat += 1

    def overflow(self, at: Ns) -> list[FakeOutput]:
        """Every book subscription dies of code 25: the client read too slowly."""
        outputs: list[FakeOutput] = []
        for sub in list(self._books()):
            outputs.append(self._error(sub.conn, 0, 25, "Subscription buffer overflow", at, sub))
            self._subs[sub.conn].pop(sub.sid)
        return outputs

    def fault(self, kind: str, at: Ns, **args: str | int) -> list[FakeOutput]:
        """No fault of the venue's own is known here yet."""
        return []

    def hang_up(self) -> list[FakeOutput]:
        """Every socket is closed."""
        return [Hangup(conn, 1001, "going away") for conn in self._subs]

    # commands

    def _subscribe(self, conn: int, command: _Command, at: Ns) -> list[FakeOutput]:
        channels = _texts(command.params.get("channels"))
        if not channels:
            return [self._error(conn, command.id, 3, "Channels required", at)]
        tickers = _tickers(command.params)
        outputs: list[FakeOutput] = []
        for channel in channels:
            outputs += self._open(conn, command, channel, tickers, at)
        return outputs

    def _open(
        self, conn: int, command: _Command, channel: str, tickers: list[str], at: Ns
    ) -> list[FakeOutput]:
        if channel not in CHANNELS:
            return [self._error(conn, command.id, 8, "Unknown channel name", at)]
        if channel in WITH_MARKETS and not tickers:
            return [self._error(conn, command.id, 14, "Market ticker required", at)]
        known = [sub for sub in self._of(conn).values() if sub.channel == channel]
        if known:
            return self._add(known[0], command.id, tickers, at)
        sub = _Sub(conn, channel, self._free_sid(conn))
        sub.use_yes_price = command.params.get("use_yes_price") is True
        sub.hears_all = not tickers
        self._of(conn)[sub.sid] = sub
        body = {"channel": channel, "sid": sub.sid}
        reply = {"type": "subscribed", "id": command.id, "msg": body}
        return [self._plain(conn, reply, at), *self._join(sub, tickers, None, at)]

    def _add(self, sub: _Sub, command_id: int, tickers: list[str], at: Ns) -> list[FakeOutput]:
        """Joining takes a number for its `ok`; the snapshots follow it."""
        new = [ticker for ticker in tickers if ticker not in sub.tickers]
        sub.tickers.update(dict.fromkeys(new))
        return [*self._ok(sub, command_id, at), *self._join(sub, new, None, at)]

    def _ok(self, sub: _Sub, command_id: int, at: Ns) -> list[FakeOutput]:
        return self._numbered(sub, "ok", {"market_tickers": sorted(sub.tickers)}, at, id=command_id)

    def _join(
        self, sub: _Sub, tickers: list[str], command_id: int | None, at: Ns
    ) -> list[FakeOutput]:
        sub.tickers.update(dict.fromkeys(tickers))
        outputs: list[FakeOutput] = []
        if sub.channel == "orderbook_delta":
            for ticker in tickers:
                outputs += self._snapshot(sub, ticker, command_id, at)
        return outputs

    def _unsubscribe(self, conn: int, command: _Command, at: Ns) -> list[FakeOutput]:
        sids = command.params.get("sids")
        if not isinstance(sids, list) or not sids:
            return [self._error(conn, command.id, 4, "Subscription ids required", at)]
        outputs: list[FakeOutput] = []
        for sid in sids:
            sub = self._of(conn).pop(sid, None) if isinstance(sid, int) else None
            if sub is None:
                outputs.append(self._error(conn, command.id, 7, "Unknown subscription id", at))
            else:
                outputs += self._numbered(sub, "unsubscribed", None, at, id=command.id)
        return outputs

    def _update(self, conn: int, command: _Command, at: Ns) -> list[FakeOutput]:
        params = command.params
        sids = params.get("sids", [params["sid"]] if "sid" in params else [])
        if not isinstance(sids, list) or len(sids) != 1 or not isinstance(sids[0], int):
            return [self._error(conn, command.id, 12, "Exactly one subscription id", at)]
        sub = self._of(conn).get(sids[0])
        if sub is None:
            return [self._error(conn, command.id, 7, "Unknown subscription id", at)]
        return self._act(sub, command, at)

    def _act(self, sub: _Sub, command: _Command, at: Ns) -> list[FakeOutput]:
        tickers = _tickers(command.params)
        match command.params.get("action"):
            case "add_markets":
                return self._add(sub, command.id, tickers, at)
            case "delete_markets":
                for ticker in tickers:
                    sub.tickers.pop(ticker, None)
                return self._ok(sub, command.id, at)
            case "get_snapshot":
                kept = [ticker for ticker in tickers if ticker in sub.tickers]
                return self._join(sub, kept, command.id, at)
            case None:
                return [self._error(sub.conn, command.id, 15, "Action required", at)]
            case _:
                return [self._error(sub.conn, command.id, 13, "Unknown action", at)]

    def _list(self, conn: int, command: _Command, at: Ns) -> list[FakeOutput]:
        open_now = [{"channel": sub.channel, "sid": sub.sid} for sub in self._of(conn).values()]
        return [self._plain(conn, {"type": "ok", "id": command.id, "msg": open_now}, at)]

    # frames

    def _snapshot(self, sub: _Sub, ticker: str, command_id: int | None, at: Ns) -> list[FakeOutput]:
        """A side without orders is absent; an unknown ticker has no book and gets no snapshot."""
        if ticker not in self._markets:
            return []
        ladders = self.ladders(ticker)
        body: dict[str, Any] = {"market_ticker": ticker, "market_id": market_uuid(ticker)}
        if ladders.bids:
            body["yes_dollars_fp"] = bids_rows(ladders.bids)
        if ladders.asks:
            no = asks_rows(ladders.asks)
            body["no_dollars_fp"] = bids_rows(ladders.asks) if sub.use_yes_price else no
        named = {} if command_id is None else {"id": command_id}
        return self._numbered(sub, "orderbook_snapshot", body, at, **named)

    def _delta_body(
        self, ticker: str, outcome: str, px: int, delta: int, stamp: int
    ) -> dict[str, Any]:
        return {
            "market_ticker": ticker,
            "market_id": market_uuid(ticker),
            "price_dollars": price(px),
            "delta_fp": size(delta),
            "side": outcome,
            "ts": text_time(Ns(stamp * MS)),
            "ts_ms": stamp,
        }

    def _trade_frames(self, move: Move, stamp: int, at: Ns) -> list[FakeOutput]:
        if move.trade is None:
            return []
        px, qty, side = move.trade
        self._trades += 1
        outcome = "yes" if side is Side.BUY else "no"
        body = {
            "trade_id": market_uuid(f"{move.native} trade {self._trades}"),
            "market_ticker": move.native,
            "yes_price_dollars": price(px),
            "no_price_dollars": price(MICRO - px),
            "count_fp": size(qty),
            "taker_side": outcome,
            "taker_outcome_side": outcome,
            "taker_book_side": "bid" if side is Side.BUY else "ask",
            "is_block_trade": False,
            "ts": stamp // 1_000,
            "ts_ms": stamp,
        }
        outputs: list[FakeOutput] = []
        for sub in self._following("trade", move.native):
            outputs += self._numbered(sub, "trade", body, at)
        return outputs

    def _numbered(
        self, sub: _Sub, kind: str, body: object, at: Ns, **named: int
    ) -> list[FakeOutput]:
        """A frame with the next number of its subscription, lost or repeated if that was asked."""
        sub.seq += 1
        if sub.lose:
            sub.lose -= 1
            return []
        frame: dict[str, object] = {"type": kind, **named, "sid": sub.sid, "seq": sub.seq}
        if body is not None:
            frame["msg"] = body
        said = self._plain(sub.conn, frame, at)
        if sub.repeat:
            sub.repeat -= 1
            return [said, said]
        return [said]

    def _plain(self, conn: int, frame: dict[str, object], at: Ns) -> FakeOutput:
        stamped = {**frame, "sending_ts_ms": at // MS}
        return ToClient(conn, msgspec.json.encode(stamped).decode())

    def _error(
        self, conn: int, command_id: int, code: int, text: str, at: Ns, sub: _Sub | None = None
    ) -> FakeOutput:
        frame: dict[str, object] = {"type": "error", "msg": {"code": code, "msg": text}}
        if command_id:
            frame["id"] = command_id
        if sub is not None:
            sub.seq += 1
            frame |= {"sid": sub.sid, "seq": sub.seq}
        return self._plain(conn, frame, at)

    # who listens

    def _of(self, conn: int) -> dict[int, _Sub]:
        return self._subs.setdefault(conn, {})

    def _free_sid(self, conn: int) -> int:
        self._sids[conn] = self._sids.get(conn, 0) + 1
        return self._sids[conn]

    def _books(self) -> Iterable[_Sub]:
        return [
            sub
            for subs in self._subs.values()
            for sub in subs.values()
            if sub.channel == "orderbook_delta"
        ]

    def _following(self, channel: str, ticker: str) -> list[_Sub]:
        """Subscriptions of a channel that hear of a market."""
        return [
            sub
            for subs in self._subs.values()
            for sub in subs.values()
            if sub.channel == channel and (ticker in sub.tickers or sub.hears_all)
        ]


def _differences(before: Ladders, after: Ladders) -> list[tuple[str, int, int]]:
    """(`yes` or `no`, that outcome's price, signed change), what shrinks first."""
    found = [("yes", px, delta) for px, delta in _level_changes(before.bids, after.bids)]
    found += [("no", MICRO - px, delta) for px, delta in _level_changes(before.asks, after.asks)]
    return sorted(found, key=lambda change: change[2] > 0)


def _level_changes(before: Levels, after: Levels) -> list[tuple[int, int]]:
    old, new = dict(before), dict(after)
    return [
        (px, new.get(px, 0) - old.get(px, 0))
        for px in {**old, **new}
        if new.get(px, 0) != old.get(px, 0)
    ]


def _on_yes_scale(body: dict[str, Any]) -> dict[str, Any]:
    """With `use_yes_price` the NO side's prices are already turned round."""
    if body["side"] == "yes":
        return body
    numerator = MICRO - int(body["price_dollars"].replace(".", "")) * 100
    return {**body, "price_dollars": price(numerator)}


def _texts(said: object) -> list[str]:
    return [one for one in said if isinstance(one, str)] if isinstance(said, list) else []


def _tickers(params: dict[str, Any]) -> list[str]:
    one = params.get("market_ticker")
    return ([one] if isinstance(one, str) else []) + _texts(params.get("market_tickers"))


def _unauthorized(code: str, details: str) -> Reply:
    return json_reply(401, {"error": {"code": code, "message": code, "details": details}})
