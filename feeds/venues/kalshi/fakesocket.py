"""The Kalshi fake's sockets: commands, subscriptions, and the counter of each.

One counter a subscription, shared by all its markets and by `ok` and `unsubscribed`; a second
subscription to a channel joins the first and is answered `ok`. With chance, commands are not
processed in the order sent. Faults happen only when asked for.
Source: kalshi sheet 4.1-4.5 and 4.7, read 2026-11-20.
"""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from feeds.sim.chance import Chance
from feeds.venues.base import FakeOutput, Hangup, ToClient
from feeds.venues.kalshi.fakesay import asks_rows, bids_rows, market_uuid
from markets.terms.units import MS, Ns
from trading.engine.book import Ladders

PUBLIC = ("orderbook_delta", "ticker", "trade", "market_lifecycle_v2")
PRIVATE = ("fill", "user_orders", "market_positions", "order_group_updates")
WITH_MARKETS = ("orderbook_delta",)
NUMBERED = ("orderbook_delta", "trade", "order_group_updates", "market_lifecycle_v2")


class _Command(msgspec.Struct, frozen=True):
    cmd: str
    id: int = 0
    params: dict[str, Any] = {}


_COMMANDS = msgspec.json.Decoder(_Command)


class Sub:
    """One subscription of one connection, with its counter and the faults asked for."""

    def __init__(self, conn: int, channel: str, sid: int, account: str) -> None:
        self.conn = conn
        self.channel = channel
        self.sid = sid
        self.account = account
        self.seq = 0
        self.tickers: dict[str, None] = {}
        self.hears_all = False
        self.use_yes_price = False
        self.lose = 0
        self.repeat = 0


class Sockets:
    """Every connection and what it follows. `book` gives a market's book as told, or None."""

    def __init__(self, book: Callable[[str], Ladders | None], chance: Chance | None) -> None:
        self._book = book
        self._chance = chance
        self._accounts: dict[int, str] = {}
        self._subs: dict[int, dict[int, Sub]] = {}
        self._sids: dict[int, int] = {}
        self._waiting: list[tuple[int, str]] = []
        self._commands: dict[str, Callable[[int, _Command, Ns], list[FakeOutput]]] = {
            "subscribe": self._subscribe,
            "unsubscribe": self._unsubscribe,
            "update_subscription": self._update,
            "list_subscriptions": self._list,
        }

    def open(self, conn: int, account: str) -> None:
        """A socket of an account (empty: of nobody)."""
        self._subs[conn] = {}
        self._sids[conn] = 0
        self._accounts[conn] = account

    def close(self, conn: int) -> None:
        """The socket is gone, and its subscriptions with it."""
        self._subs.pop(conn, None)
        self._sids.pop(conn, None)
        self._accounts.pop(conn, None)
        self._waiting = [one for one in self._waiting if one[0] != conn]

    def received(self, conn: int, text: str, at: Ns) -> list[FakeOutput]:
        """The answer to a command, unless it is overtaken by the next."""
        if self._chance is not None and not self._waiting and self._chance.one_in(3):
            self._waiting.append((conn, text))
            return []
        return [*self._do(conn, text, at), *self.catch_up(at)]

    def catch_up(self, at: Ns) -> list[FakeOutput]:
        """The answers to commands that were overtaken."""
        waiting, self._waiting = self._waiting, []
        return [said for conn, text in waiting for said in self._do(conn, text, at)]

    def _do(self, conn: int, text: str, at: Ns) -> list[FakeOutput]:
        try:
            command = _COMMANDS.decode(text)
        except msgspec.DecodeError:
            return [self.error(conn, 0, 1, "Unable to process message", at)]
        react = self._commands.get(command.cmd)
        if react is None:
            return [self.error(conn, command.id, 5, "Unknown command", at)]
        return react(conn, command, at)

    # faults

    def books(self) -> Iterable[Sub]:
        """Every subscription to books."""
        return [sub for sub in self._all() if sub.channel == "orderbook_delta"]

    def overflow(self, at: Ns) -> list[FakeOutput]:
        """Every book subscription dies of code 25: the client read too slowly."""
        outputs: list[FakeOutput] = []
        for sub in list(self.books()):
            outputs.append(self.error(sub.conn, 0, 25, "Subscription buffer overflow", at, sub))
            self._subs[sub.conn].pop(sub.sid)
        return outputs

    def hang_up(self) -> list[FakeOutput]:
        """Every socket is closed."""
        return [Hangup(conn, 1001, "going away") for conn in self._subs]

    # commands

    def _subscribe(self, conn: int, command: _Command, at: Ns) -> list[FakeOutput]:
        channels = _texts(command.params.get("channels"))
        if not channels:
            return [self.error(conn, command.id, 3, "Channels required", at)]
        tickers = _tickers(command.params)
        outputs: list[FakeOutput] = []
        for channel in channels:
            outputs += self._open(conn, command, channel, tickers, at)
        return outputs

    def _open(
        self, conn: int, command: _Command, channel: str, tickers: list[str], at: Ns
    ) -> list[FakeOutput]:
        if channel not in PUBLIC + PRIVATE:
            return [self.error(conn, command.id, 8, "Unknown channel name", at)]
        account = self._accounts.get(conn, "")
        if channel in PRIVATE and not account:
            return [self.error(conn, command.id, 9, "Authentication required", at)]
        if channel in WITH_MARKETS and not tickers:
            return [self.error(conn, command.id, 14, "Market ticker required", at)]
        known = [sub for sub in self._of(conn).values() if sub.channel == channel]
        if known:
            return self._add(known[0], command.id, tickers, at)
        sub = Sub(conn, channel, self._free_sid(conn), account)
        sub.use_yes_price = command.params.get("use_yes_price") is True
        sub.hears_all = not tickers
        self._of(conn)[sub.sid] = sub
        body = {"channel": channel, "sid": sub.sid}
        reply = {"type": "subscribed", "id": command.id, "msg": body}
        return [self.plain(conn, reply, at), *self._join(sub, tickers, None, at)]

    def _add(self, sub: Sub, command_id: int, tickers: list[str], at: Ns) -> list[FakeOutput]:
        """Joining takes a number for its `ok`; the snapshots follow it."""
        new = [ticker for ticker in tickers if ticker not in sub.tickers]
        sub.tickers.update(dict.fromkeys(new))
        return [*self._ok(sub, command_id, at), *self._join(sub, new, None, at)]

    def _ok(self, sub: Sub, command_id: int, at: Ns) -> list[FakeOutput]:
        return self.numbered(sub, "ok", {"market_tickers": sorted(sub.tickers)}, at, id=command_id)

    def _join(
        self, sub: Sub, tickers: list[str], command_id: int | None, at: Ns
    ) -> list[FakeOutput]:
        sub.tickers.update(dict.fromkeys(tickers))
        outputs: list[FakeOutput] = []
        if sub.channel == "orderbook_delta":
            for ticker in tickers:
                outputs += self.snapshot(sub, ticker, command_id, at)
        return outputs

    def _unsubscribe(self, conn: int, command: _Command, at: Ns) -> list[FakeOutput]:
        sids = command.params.get("sids")
        if not isinstance(sids, list) or not sids:
            return [self.error(conn, command.id, 4, "Subscription ids required", at)]
        outputs: list[FakeOutput] = []
        for sid in sids:
            sub = self._of(conn).pop(sid, None) if isinstance(sid, int) else None
            if sub is None:
                outputs.append(self.error(conn, command.id, 7, "Unknown subscription id", at))
            else:
                outputs += self.numbered(sub, "unsubscribed", None, at, id=command.id)
        return outputs

    def _update(self, conn: int, command: _Command, at: Ns) -> list[FakeOutput]:
        params = command.params
        sids = params.get("sids", [params["sid"]] if "sid" in params else [])
        if not isinstance(sids, list) or len(sids) != 1 or not isinstance(sids[0], int):
            return [self.error(conn, command.id, 12, "Exactly one subscription id", at)]
        sub = self._of(conn).get(sids[0])
        if sub is None:
            return [self.error(conn, command.id, 7, "Unknown subscription id", at)]
        return self._act(sub, command, at)

    def _act(self, sub: Sub, command: _Command, at: Ns) -> list[FakeOutput]:
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
                return [self.error(sub.conn, command.id, 15, "Action required", at)]
            case _:
                return [self.error(sub.conn, command.id, 13, "Unknown action", at)]

    def _list(self, conn: int, command: _Command, at: Ns) -> list[FakeOutput]:
        open_now = [{"channel": sub.channel, "sid": sub.sid} for sub in self._of(conn).values()]
        return [self.plain(conn, {"type": "ok", "id": command.id, "msg": open_now}, at)]

    # frames

    def snapshot(self, sub: Sub, ticker: str, command_id: int | None, at: Ns) -> list[FakeOutput]:
        """A side without orders is absent; an unknown ticker has no book and gets no snapshot."""
        ladders = self._book(ticker)
        if ladders is None:
            return []
        body: dict[str, Any] = {"market_ticker": ticker, "market_id": market_uuid(ticker)}
        if ladders.bids:
            body["yes_dollars_fp"] = bids_rows(ladders.bids)
        if ladders.asks:
            no = asks_rows(ladders.asks)
            body["no_dollars_fp"] = bids_rows(ladders.asks) if sub.use_yes_price else no
        named = {} if command_id is None else {"id": command_id}
        return self.numbered(sub, "orderbook_snapshot", body, at, **named)

    def say(self, sub: Sub, kind: str, body: object, at: Ns) -> list[FakeOutput]:
        """A frame of a subscription, numbered where its channel is."""
        if sub.channel in NUMBERED:
            return self.numbered(sub, kind, body, at)
        return [self.plain(sub.conn, {"type": kind, "sid": sub.sid, "msg": body}, at)]

    def numbered(self, sub: Sub, kind: str, body: object, at: Ns, **named: int) -> list[FakeOutput]:
        """A frame with the next number of its subscription, lost or repeated if that was asked."""
        sub.seq += 1
        if sub.lose:
            sub.lose -= 1
            return []
        frame: dict[str, object] = {"type": kind, **named, "sid": sub.sid, "seq": sub.seq}
        if body is not None:
            frame["msg"] = body
        said = self.plain(sub.conn, frame, at)
        if sub.repeat:
            sub.repeat -= 1
            return [said, said]
        return [said]

    def plain(self, conn: int, frame: dict[str, object], at: Ns) -> FakeOutput:
        """A frame with the time of its sending."""
        stamped = {**frame, "sending_ts_ms": at // MS}
        return ToClient(conn, msgspec.json.encode(stamped).decode())

    def error(
        self, conn: int, command_id: int, code: int, text: str, at: Ns, sub: Sub | None = None
    ) -> FakeOutput:
        """An error of a command, or of a subscription that dies."""
        frame: dict[str, object] = {"type": "error", "msg": {"code": code, "msg": text}}
        if command_id:
            frame["id"] = command_id
        if sub is not None:
            sub.seq += 1
            frame |= {"sid": sub.sid, "seq": sub.seq}
        return self.plain(conn, frame, at)

    # who listens

    def following(self, channel: str, ticker: str = "", account: str | None = None) -> list[Sub]:
        """Subscriptions of a channel that hear of a market (of an account's own affairs)."""
        return [
            sub
            for sub in self._all()
            if sub.channel == channel
            and (not ticker or ticker in sub.tickers or sub.hears_all)
            and (account is None or sub.account == account)
        ]

    def _all(self) -> Iterable[Sub]:
        return (sub for subs in self._subs.values() for sub in subs.values())

    def _of(self, conn: int) -> dict[int, Sub]:
        return self._subs.setdefault(conn, {})

    def _free_sid(self, conn: int) -> int:
        self._sids[conn] = self._sids.get(conn, 0) + 1
        return self._sids[conn]


def _texts(said: object) -> list[str]:
    return [one for one in said if isinstance(one, str)] if isinstance(said, list) else []


def _tickers(params: dict[str, Any]) -> list[str]:
    one = params.get("market_ticker")
    return ([one] if isinstance(one, str) else []) + _texts(params.get("market_tickers"))
