"""One Kalshi socket: subscribes, counts, and hands frames to books and lives of its markets.

Invariants: `seq` is counted per subscription id over all its markets and acknowledgements, before
anything is believed; a hole, a repeat or an unreadable frame makes every book of the socket stale
at once and asks for fresh snapshots. Acknowledgements are matched by nothing but their id. A frame
in sequence confirms every book of its subscription, so quiet books stay young while their counter
runs; a subscription that rests a second is asked for one snapshot. Nothing here waits, retries a
socket or says that the venue is up: the runtime knows all its sockets. Numbers are counted in
`numbers`, books are kept in `books`, what else becomes of markets in `lives`.
Source: kalshi sheet 4.1-4.7 and 7.1, read 2026-11-20.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from feeds.venues.base import Drop, Emit, Fault, Output, Reply, Send
from feeds.venues.kalshi import parse, wire
from feeds.venues.kalshi.books import PROBE_AFTER, Books
from feeds.venues.kalshi.lives import Lives
from feeds.venues.kalshi.numbers import AS_ASKED, Numbers, Reading
from markets.terms.ids import MarketId
from markets.terms.instruments import Market, MarketState
from markets.terms.units import MS, SECOND, Ns
from trading.engine.book import BookState
from trading.engine.events import MarketChanged

TERMINAL = {10: "channel_error", 17: "internal_error", 25: "buffer_overflow"}
BOOKS, TRADES, LIFECYCLE = "orderbook_delta", "trade", "market_lifecycle_v2"

MAX_CHARS = 8 * 1024 * 1024
MAX_UNREADABLE = 20
CONFIRM_EVERY = 500 * MS
SILENT_AFTER = 10 * SECOND

_FRAMES: msgspec.json.Decoder[wire.Frame] = msgspec.json.Decoder(wire.Frame)
_ENVELOPES = msgspec.json.Decoder(wire.Envelope)


class KalshiSession:
    """One socket's conversation about a fixed set of markets; may be opened again."""

    def __init__(
        self, markets: tuple[Market, ...], depth: int = 10, reading: Reading = AS_ASKED
    ) -> None:
        self._reading = reading
        self._lives = Lives(markets)
        self._books = Books(markets, depth, use_yes_price=reading.use_yes_price)
        self._by_kind: dict[type, Callable[[Any, Ns], list[Output]]] = {
            wire.Delta: self._books.delta,
            wire.Snapshot: self._books.snapshot,
            wire.Trade: self._on_trade,
            wire.Subscribed: self._on_subscribed,
            wire.Unsubscribed: self._on_unsubscribed,
            wire.Error: self._on_error,
            wire.Lifecycle: self._on_lifecycle,
            wire.FeeUpdate: lambda frame, _: self._lives.ask_fees(frame),
        }
        self._begin(Ns(0))

    def _begin(self, at: Ns) -> None:
        self._id = 0
        self._book_command = 0
        self._book_sid: int | None = None
        self._other_sids: set[int] = set()
        self._numbers = Numbers(self._reading.numbering)
        self._books.begin(at)
        self._counted_at = self._confirmed_at = at
        self._unreadable_frames = 0
        self._is_open = False

    # what the runtime tells us

    def opened(self, at: Ns) -> list[Output]:
        """Subscribe: books and trades of our markets, and the life cycle of all."""
        self._begin(at)
        self._is_open = True
        tickers = self._books.opened(at)
        self._lives.opened(at)
        return [self._subscribe_books(tickers), self._command("subscribe", channels=[LIFECYCLE])]

    def received(self, frame: str, at: Ns) -> list[Output]:
        """What a text frame means. Anything unreadable is a fault and puts every book in doubt."""
        if self._books.turned_round:
            return []
        if len(frame) > MAX_CHARS:
            return self._unreadable("huge_frame", f"{len(frame)} characters", at)
        try:
            decoded = _FRAMES.decode(frame)
        except msgspec.ValidationError as problem:
            return self._unexpected(frame, str(problem), at)
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as problem:
            return self._unreadable("malformed_frame", str(problem), at)
        outputs, is_repeat = self._count(decoded, at)
        if not is_repeat:
            react = self._by_kind.get(type(decoded))
            if react is not None:
                outputs += react(decoded, at)
        return outputs + self._confirm(decoded, at) + self._ask(at)

    def fetched(self, tag: str, reply: Reply | None, at: Ns) -> list[Output]:
        """The answer to one of our questions about a market's end or an event's fees."""
        return self._lives.fetched(tag, reply, at)

    def ticked(self, at: Ns) -> list[Output]:
        """Time passed: close markets by the clock, probe, ask again, give up on silence."""
        books = self._books
        outputs: list[Output] = []
        for ticker in self._lives.over(at):
            outputs += books.close(ticker, at)
        if not self._is_open or books.turned_round:
            return outputs
        if at - self._counted_at > SILENT_AFTER and books.kept():
            self._is_open = False
            return [*outputs, Drop("silent")]
        outputs += [Fault("no_snapshot", ticker) for ticker in books.asks.overdue(at)]
        if self._book_sid is not None and at - self._counted_at >= PROBE_AFTER:
            books.want_probe(at, self._id)
        return outputs + self._lives.ask_ends(at) + self._ask(at)

    def closed(self, at: Ns, reason: str) -> list[Output]:
        """The socket is gone: no book of it may be believed."""
        outputs = self._books.doubt_all(f"disconnected: {reason}", at)
        self._begin(at)
        return outputs

    def doubted(self, market: MarketId, reason: str, at: Ns) -> list[Output]:
        """The book is not what the venue says elsewhere: ask for it again."""
        ticker = self._books.live_ticker(market) if self._is_open else None
        if ticker is None:
            return []
        doubts = self._books.doubt(ticker, reason, "compared with REST", at)
        return [*doubts, *self._ask(at)]

    # counting

    def _count(self, frame: wire.Frame | wire.Envelope, at: Ns) -> tuple[list[Output], bool]:
        """Faults and doubts that follow from a frame's number, and whether it is a repeat."""
        sid, seq = frame.sid, frame.seq
        if sid is None or seq is None:
            return [], False
        counted = self._numbers.count(sid, seq)
        is_book = sid == self._book_sid or isinstance(frame, wire.Snapshot | wire.Delta)
        if is_book:
            self._counted_at = at
        if not counted.broken:
            return [], counted.is_repeat
        name, expected = counted.broken, counted.expected
        outputs: list[Output] = [Fault(f"sequence_{name}", f"sid {sid}: {expected} to {seq}")]
        if is_book:
            outputs += self._books.lose(f"{name}: expected {expected}, got {seq}", at)
        return outputs, counted.is_repeat

    def _unexpected(self, frame: str, problem: str, at: Ns) -> list[Output]:
        """JSON that is none of our frames: a kind we do not know is counted and let by."""
        try:
            envelope = _ENVELOPES.decode(frame)
        except (msgspec.DecodeError, RecursionError):
            return self._unreadable("malformed_frame", problem, at)
        if envelope.type is None or envelope.type in _KNOWN:
            return self._unreadable("malformed_frame", problem, at, envelope)
        outputs, _ = self._count(envelope, at)
        return [Fault("unknown_frame", envelope.type[:80]), *outputs, *self._ask(at)]

    def _unreadable(
        self, reason: str, detail: str, at: Ns, envelope: wire.Envelope | None = None
    ) -> list[Output]:
        """It may have been a change: doubt everything, and leave a venue that goes on like this."""
        self._unreadable_frames += 1
        outputs: list[Output] = [Fault(reason, detail[:200])]
        if envelope is not None:
            outputs += self._count(envelope, at)[0]
        if envelope is None or envelope.sid is None or envelope.sid not in self._other_sids:
            outputs += self._books.lose(reason, at)
        if self._unreadable_frames >= MAX_UNREADABLE:
            return [*outputs, Drop("unreadable")]
        return outputs + self._ask(at)

    def _confirm(self, frame: Any, at: Ns) -> list[Output]:
        """Books that did not change are still true as of a frame in sequence on their counter."""
        if at - self._confirmed_at < CONFIRM_EVERY or self._counted_at != at:
            return []
        self._confirmed_at = at
        return self._books.seen(at, parse.ns_from_ms(frame.sending_ts_ms))

    # asking

    def _command(self, cmd: str, **params: Any) -> Send:
        self._id += 1
        return Send(msgspec.json.encode({"id": self._id, "cmd": cmd, "params": params}).decode())

    def _subscribe_books(self, tickers: list[str]) -> Send:
        send = self._command(
            "subscribe",
            channels=[BOOKS, TRADES],
            market_tickers=tickers,
            use_yes_price=self._reading.use_yes_price,
        )
        self._book_command = self._id
        return send

    def _ask(self, at: Ns) -> list[Output]:
        tickers = [] if self._book_sid is None else self._books.asks.due(at)
        if not tickers:
            return []
        return [
            self._command(
                "update_subscription",
                sids=[self._book_sid],
                market_tickers=tickers,
                action="get_snapshot",
            )
        ]

    # frames

    def _on_trade(self, frame: wire.Trade, at: Ns) -> list[Output]:
        if frame.msg.market_ticker not in self._lives.markets:
            return [Fault("unknown_market", frame.msg.market_ticker[:80])]
        try:
            seen = parse.trade_seen(frame.msg, at)
        except ValueError as problem:
            return [Fault("bad_trade", str(problem)[:200])]
        return [] if seen is None else [Emit(seen)]

    def _on_subscribed(self, frame: wire.Subscribed, at: Ns) -> list[Output]:
        if frame.msg.channel == BOOKS:
            self._book_sid = frame.msg.sid
            self._counted_at = at
        else:
            self._other_sids.add(frame.msg.sid)
        return []

    def _on_unsubscribed(self, frame: wire.Unsubscribed, at: Ns) -> list[Output]:
        if frame.sid != self._book_sid:
            return [Fault("unsubscribed", f"sid {frame.sid}")]
        return [*self._books.doubt_all("unsubscribed", at), Drop("unsubscribed")]

    def _on_error(self, frame: wire.Error, at: Ns) -> list[Output]:
        code = frame.msg.code
        outputs: list[Output] = [Fault(f"error_{code}", frame.msg.msg[:200])]
        if code in TERMINAL:
            name = TERMINAL[code]
            return outputs + self._books.doubt_all(name, at) + [Drop(name)]
        if frame.id is not None and frame.id == self._book_command and self._book_sid is None:
            return outputs + self._refused(frame.msg.market_ticker)
        return outputs

    def _refused(self, ticker: str | None) -> list[Output]:
        """The venue will not open our books: leave out the market it names, else start over."""
        builders = self._books.builders
        if ticker not in builders or len(builders) == 1:
            return [Drop("subscription_refused")]
        builders[ticker].state = BookState.CLOSED
        self._books.asks.forget(ticker)
        kept = self._books.kept()
        return [self._subscribe_books(kept)] if kept else [Drop("subscription_refused")]

    def _on_lifecycle(self, frame: wire.Lifecycle, at: Ns) -> list[Output]:
        market = self._lives.markets.get(frame.msg.market_ticker)
        if market is None:
            return []
        try:
            after = parse.changed(market, frame.msg)
        except ValueError as problem:
            return [Fault("bad_lifecycle", f"{market.native}: {problem}"[:200])]
        outputs: list[Output] = []
        if after is not None:
            outputs += self._becomes(market, after, at)
        if frame.msg.event_type == "settled":
            outputs.append(self._lives.ask_settled(market.native))
        return outputs

    def _becomes(self, market: Market, after: Market, at: Ns) -> list[Output]:
        self._lives.markets[market.native] = after
        builder = self._books.builders[market.native]
        outputs: list[Output] = [Emit(MarketChanged(at=at, market=after))]
        if after.state not in (MarketState.OPEN, MarketState.PAUSED):
            return outputs + self._books.close(market.native, at)
        is_over = after.close_at is not None and after.close_at <= at
        if builder.state is BookState.CLOSED and not is_over:
            builder.suspect("reopened")
        if builder.state is not BookState.LIVE or after.ticks != market.ticks:
            # A new grid or a reopening replaces the book: what we keep is from before.
            self._books.want((market.native,))
        return outputs


_KNOWN = {
    "orderbook_snapshot",
    "orderbook_delta",
    "trade",
    "subscribed",
    "ok",
    "unsubscribed",
    "error",
    "market_lifecycle_v2",
    "event_fee_update",
    "event_lifecycle",
}
