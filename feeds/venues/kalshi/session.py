"""One Kalshi socket: subscribes, counts, rebuilds the books and asks again for what got lost.

Invariants: `seq` is counted per subscription id over all its markets and acknowledgements, before
anything is believed; a hole, a repeat or an unreadable frame makes every book of the socket stale
at once and asks for fresh snapshots; a book is handed out only between its own snapshot and the
next doubt. Acknowledgements are matched by nothing but their id. A frame in sequence confirms every
book of its subscription, so quiet books stay young while their counter runs; a subscription that
rests a second is asked for one snapshot. A book that is sound only on the other price scale ends
all belief in the socket until it is opened anew. Nothing here waits, retries a socket or says that
the venue is up: the runtime knows all its sockets.
Source: kalshi sheet 4.1-4.7 and 7.1, read 2026-11-20.
"""

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Any

import msgspec

from feeds.books.builder import MarketBuilder, Resync
from feeds.books.endings import Endings
from feeds.venues.base import Drop, Emit, Fault, Fetch, Output, Reply, Request, Send
from feeds.venues.kalshi import parse, wire
from feeds.venues.kalshi.asks import SnapshotAsks
from feeds.venues.kalshi.catalogue import schedule_of
from markets.terms.ids import MarketId
from markets.terms.instruments import Market, MarketState
from markets.terms.units import MS, SECOND, Ns, Px, micros_from_text
from trading.engine.book import Book, BookState
from trading.engine.events import (
    BookChanged,
    BookSeen,
    BookStale,
    MarketChanged,
    MarketClosed,
    MarketSettled,
)

TERMINAL = {10: "channel_error", 17: "internal_error", 25: "buffer_overflow"}
# REST says only "finalized"; the older word is met in recordings.
FINAL = ("finalized", "settled")
BOOKS, TRADES, LIFECYCLE = "orderbook_delta", "trade", "market_lifecycle_v2"

MAX_CHARS = 8 * 1024 * 1024
MAX_UNREADABLE = 20
CONFIRM_EVERY = 500 * MS
PROBE_AFTER = 1 * SECOND
SILENT_AFTER = 10 * SECOND

_FRAMES: msgspec.json.Decoder[wire.Frame] = msgspec.json.Decoder(wire.Frame)
_ENVELOPES = msgspec.json.Decoder(wire.Envelope)
_MARKETS = msgspec.json.Decoder(wire.MarketReply)
_EVENTS = msgspec.json.Decoder(wire.EventReply)
_SERIES = msgspec.json.Decoder(wire.SeriesReply)


class Numbering(StrEnum):
    """Where `seq` begins. `WHOLE`: at 1, as on every socket. For recordings, `MIDWAY`: at whatever
    comes first; `CUT`: the same, and only a falling number is a gap, because other markets' frames
    were taken out; a number said twice is a repeat, and let by.
    """

    WHOLE = "whole"
    MIDWAY = "midway"
    CUT = "cut"


class Reading(msgspec.Struct, frozen=True):
    """How the frames are to be understood; a recording may differ from what we ask for."""

    numbering: Numbering = Numbering.WHOLE
    use_yes_price: bool = parse.USE_YES_PRICE


AS_ASKED = Reading()


class KalshiSession:
    """One socket's conversation about a fixed set of markets; may be opened again."""

    def __init__(
        self, markets: tuple[Market, ...], depth: int = 10, reading: Reading = AS_ASKED
    ) -> None:
        self._reading = reading
        self._markets = {market.native: market for market in markets}
        self._builders = {market.native: MarketBuilder(market.id, depth) for market in markets}
        self._endings = Endings(markets)
        self._events: dict[str, wire.Event] = {}
        self._by_kind: dict[type, Callable[[Any, Ns], list[Output]]] = {
            wire.Delta: self._on_delta,
            wire.Snapshot: self._on_snapshot,
            wire.Trade: self._on_trade,
            wire.Subscribed: self._on_subscribed,
            wire.Unsubscribed: self._on_unsubscribed,
            wire.Error: self._on_error,
            wire.Lifecycle: self._on_lifecycle,
            wire.FeeUpdate: self._on_fee_update,
        }
        self._begin(Ns(0))

    def _begin(self, at: Ns) -> None:
        self._id = 0
        self._book_command = 0
        self._book_sid: int | None = None
        self._other_sids: set[int] = set()
        self._next: dict[int, int] = {}
        self._asks = SnapshotAsks(at)
        self._counted_at = self._confirmed_at = at
        self._unreadable_frames = 0
        self._is_open = False
        self._is_turned_round = False

    # what the runtime tells us

    def opened(self, at: Ns) -> list[Output]:
        """Subscribe: books and trades of our markets, and the life cycle of all."""
        self._begin(at)
        self._is_open = True
        for builder in self._builders.values():
            # Epochs of another connection, or of a session before this one, are never met again.
            builder.epoch = max(builder.epoch, at // MS)
        tickers = list(self._markets)
        self._asks.expect(tickers, at)
        self._endings.opened(at)
        return [self._subscribe_books(tickers), self._command("subscribe", channels=[LIFECYCLE])]

    def received(self, frame: str, at: Ns) -> list[Output]:
        """What a text frame means. Anything unreadable is a fault and puts every book in doubt."""
        if self._is_turned_round:
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
        topic, _, name = tag.partition(":")
        if reply is None or reply.status != 200:
            return [Fault("no_answer", tag)]
        try:
            if topic in ("settled", "end"):
                found = _MARKETS.decode(reply.body).market
                return (
                    self._on_settled(found, at) if topic == "settled" else self._on_asked(found, at)
                )
            if topic == "event":
                return self._on_event(_EVENTS.decode(reply.body))
            return self._on_series(name, _SERIES.decode(reply.body).series, at)
        except ValueError as problem:
            return [Fault("unreadable_answer", f"{tag}: {problem}")]

    def ticked(self, at: Ns) -> list[Output]:
        """Time passed: close markets by the clock, probe, ask again, give up on silence."""
        outputs = self._close_due(at)
        if not self._is_open or self._is_turned_round:
            return outputs
        if at - self._counted_at > SILENT_AFTER and any(map(self._is_kept, self._builders)):
            self._is_open = False
            return [*outputs, Drop("silent")]
        outputs += [Fault("no_snapshot", ticker) for ticker in self._asks.overdue(at)]
        if self._book_sid is not None and at - self._counted_at >= PROBE_AFTER:
            self._want_probe(at)
        return outputs + self._ask_ends(at) + self._ask(at)

    def closed(self, at: Ns, reason: str) -> list[Output]:
        """The socket is gone: no book of it may be believed."""
        outputs = self._doubt_all(f"disconnected: {reason}", at)
        self._begin(at)
        return outputs

    def doubted(self, market: MarketId, reason: str, at: Ns) -> list[Output]:
        """The book is not what the venue says elsewhere: ask for it again."""
        for ticker, builder in self._builders.items():
            if builder.market == market and builder.state is BookState.LIVE and self._is_open:
                return [*self._doubt(ticker, reason, "compared with REST", at), *self._ask(at)]
        return []

    # counting

    def _count(self, frame: wire.Frame | wire.Envelope, at: Ns) -> tuple[list[Output], bool]:
        """Faults and doubts that follow from a frame's number, and whether it is a repeat."""
        sid, seq = frame.sid, frame.seq
        if sid is None or seq is None:
            return [], False
        is_cut = self._reading.numbering is Numbering.CUT
        expected = self._next.get(sid, seq if self._reading.numbering != Numbering.WHOLE else 1)
        self._next[sid] = seq + 1
        is_book = sid == self._book_sid or isinstance(frame, wire.Snapshot | wire.Delta)
        if is_book:
            self._counted_at = at
        if seq == expected or (is_cut and seq >= expected - 1):
            return [], seq < expected
        name = "gap" if seq > expected else "repeat"
        outputs: list[Output] = [Fault(f"sequence_{name}", f"sid {sid}: {expected} to {seq}")]
        if is_book:
            outputs += self._lose(f"{name}: expected {expected}, got {seq}", at)
        return outputs, seq < expected and not is_cut

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
            outputs += self._lose(reason, at)
        if self._unreadable_frames >= MAX_UNREADABLE:
            return [*outputs, Drop("unreadable")]
        return outputs + self._ask(at)

    def _lose(self, reason: str, at: Ns) -> list[Output]:
        """Every book in doubt, fresh snapshots wanted."""
        outputs = self._doubt_all(reason, at)
        self._want(self._builders)
        return outputs

    def _doubt_all(self, reason: str, at: Ns) -> list[Output]:
        outputs: list[Output] = []
        for builder in self._builders.values():
            if builder.state is BookState.LIVE:
                builder.suspect(reason)
                outputs.append(Emit(BookStale(at=at, market=builder.market, reason=reason)))
        return outputs

    def _confirm(self, frame: Any, at: Ns) -> list[Output]:
        """Books that did not change are still true as of a frame in sequence on their counter."""
        if at - self._confirmed_at < CONFIRM_EVERY or self._counted_at != at:
            return []
        self._confirmed_at = at
        venue_at = parse.ns_from_ms(frame.sending_ts_ms)
        return [
            Emit(BookSeen(at=at, market=builder.market, venue_at=venue_at))
            for builder in self._builders.values()
            if builder.seen(at)
        ]

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

    def _want(self, tickers: Iterable[str]) -> None:
        self._asks.want(filter(self._is_kept, tickers))

    def _want_probe(self, at: Ns) -> None:
        """One snapshot, of each market in turn, to see whether a resting counter still runs."""
        kept = [ticker for ticker in self._builders if self._is_kept(ticker)]
        live = [ticker for ticker in kept if self._builders[ticker].state is BookState.LIVE]
        ask = live or kept
        if ask and self._asks.rests(at, PROBE_AFTER):
            self._asks.want((ask[self._id % len(ask)],))

    def _is_kept(self, ticker: str) -> bool:
        return self._builders[ticker].state is not BookState.CLOSED

    def _ask(self, at: Ns) -> list[Output]:
        tickers = [] if self._book_sid is None else self._asks.due(at)
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

    def _on_snapshot(self, frame: wire.Snapshot, at: Ns) -> list[Output]:
        body = frame.msg
        builder = self._builders.get(body.market_ticker)
        if builder is None:
            return [Fault("unknown_market", body.market_ticker[:80])]
        if builder.state is BookState.CLOSED:
            return []
        self._asks.forget(body.market_ticker)
        try:
            bids, asks = parse.levels(
                body.yes_dollars_fp,
                body.no_dollars_fp,
                use_yes_price=self._reading.use_yes_price,
            )
        except ValueError as problem:
            return self._doubt(body.market_ticker, "bad_number", str(problem), at)
        made = builder.snapshot(bids, asks, at, parse.ns_from_ms(frame.sending_ts_ms))
        if isinstance(made, Resync) and parse.is_turned_round(bids, asks):
            return self._stop_believing(body.market_ticker, at)
        return self._tell(body.market_ticker, made, at)

    def _stop_believing(self, ticker: str, at: Ns) -> list[Output]:
        """The venue speaks the other price scale: nothing of this socket may be traded on."""
        self._is_turned_round = True
        reason = "price_scale"
        detail = f"{ticker}: NO prices arrive on the YES scale although we asked for the other"
        stale = BookStale(at=at, market=self._builders[ticker].market, reason=reason)
        return [Fault(reason, detail), Emit(stale), *self._doubt_all(reason, at)]

    def _on_delta(self, frame: wire.Delta, at: Ns) -> list[Output]:
        body = frame.msg
        builder = self._builders.get(body.market_ticker)
        if builder is None:
            return [Fault("unknown_market", body.market_ticker[:80])]
        try:
            side = parse.side_of(body.side)
            px = parse.yes_px(side, body.price_dollars, use_yes_price=self._reading.use_yes_price)
            delta = micros_from_text(body.delta_fp)
        except ValueError as problem:
            return self._doubt(body.market_ticker, "bad_number", str(problem), at)
        made = builder.change(side, px, delta, at, parse.ns_from_ms(body.ts_ms))
        return [] if made is None else self._tell(body.market_ticker, made, at)

    def _tell(self, ticker: str, made: Book | Resync, at: Ns) -> list[Output]:
        if isinstance(made, Book):
            return [Emit(BookChanged(at=at, book=made))]
        return self._doubt(ticker, made.reason, ticker, at)

    def _doubt(self, ticker: str, reason: str, detail: str, at: Ns) -> list[Output]:
        """One book is impossible: say so and ask for it again."""
        builder = self._builders[ticker]
        if builder.state is BookState.CLOSED:
            return [Fault(reason, f"{ticker}: {detail}"[:200])]
        builder.suspect(reason)
        self._want((ticker,))
        return [
            Fault(reason, f"{ticker}: {detail}"[:200]),
            Emit(BookStale(at=at, market=builder.market, reason=reason)),
        ]

    def _on_trade(self, frame: wire.Trade, at: Ns) -> list[Output]:
        if frame.msg.market_ticker not in self._markets:
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
        return [*self._doubt_all("unsubscribed", at), Drop("unsubscribed")]

    def _on_error(self, frame: wire.Error, at: Ns) -> list[Output]:
        code = frame.msg.code
        outputs: list[Output] = [Fault(f"error_{code}", frame.msg.msg[:200])]
        if code in TERMINAL:
            name = TERMINAL[code]
            return outputs + self._doubt_all(name, at) + [Drop(name)]
        if frame.id is not None and frame.id == self._book_command and self._book_sid is None:
            return outputs + self._refused(frame.msg.market_ticker)
        return outputs

    def _refused(self, ticker: str | None) -> list[Output]:
        """The venue will not open our books: leave out the market it names, else start over."""
        if ticker not in self._builders or len(self._builders) == 1:
            return [Drop("subscription_refused")]
        self._builders[ticker].state = BookState.CLOSED
        self._asks.forget(ticker)
        kept = [name for name in self._builders if self._is_kept(name)]
        return [self._subscribe_books(kept)] if kept else [Drop("subscription_refused")]

    # the life of a market

    def _on_lifecycle(self, frame: wire.Lifecycle, at: Ns) -> list[Output]:
        market = self._markets.get(frame.msg.market_ticker)
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
            outputs.append(Fetch(f"settled:{market.native}", _market_request(market.native)))
        return outputs

    def _becomes(self, market: Market, after: Market, at: Ns) -> list[Output]:
        self._markets[market.native] = after
        builder = self._builders[market.native]
        outputs: list[Output] = [Emit(MarketChanged(at=at, market=after))]
        if after.state not in (MarketState.OPEN, MarketState.PAUSED):
            return outputs + self._close(market.native, at)
        is_over = after.close_at is not None and after.close_at <= at
        if builder.state is BookState.CLOSED and not is_over:
            builder.suspect("reopened")
        if builder.state is not BookState.LIVE or after.ticks != market.ticks:
            # A new grid or a reopening replaces the book: what we keep is from before.
            self._want((market.native,))
        return outputs

    def _close_due(self, at: Ns) -> list[Output]:
        """No frame says that a market closed by the clock (sheet 4.6)."""
        outputs: list[Output] = []
        for ticker, market in self._markets.items():
            if market.close_at is not None and market.close_at <= at:
                outputs += self._close(ticker, at)
        return outputs

    def _close(self, ticker: str, at: Ns) -> list[Output]:
        builder = self._builders[ticker]
        if builder.state is BookState.CLOSED:
            return []
        builder.state = BookState.CLOSED
        self._asks.forget(ticker)
        return [Emit(MarketClosed(at=at, market=builder.market))]

    def _on_settled(self, found: wire.Market, at: Ns) -> list[Output]:
        market = self._markets.get(found.ticker)
        if market is None:
            return [Fault("unknown_market", found.ticker[:80])]
        paid = parse.pays(found.result, found.settlement_value_dollars)
        if paid is None:
            return [Fault("unknown_result", f"{found.ticker}: {found.result}"[:200])]
        self._endings.settled(market)
        return [Emit(_settled(market.id, paid, at))]

    def _on_asked(self, found: wire.Market, at: Ns) -> list[Output]:
        """What a market's record says: its end once it is final, since a result may be disputed."""
        return self._on_settled(found, at) if found.status in FINAL else []

    def _ask_ends(self, at: Ns) -> list[Output]:
        market = self._endings.due(at)
        if market is None:
            return []
        return [Fetch(f"end:{market.native}", _market_request(market.native))]

    # fees

    def _on_fee_update(self, frame: wire.FeeUpdate, _: Ns) -> list[Output]:
        """The event tells which markets, and its series' fees when an override was cleared."""
        ticker = frame.msg.event_ticker
        query = (("with_nested_markets", "true"),)
        return [Fetch(f"event:{ticker}", Request("GET", "rest", f"/events/{ticker}", query))]

    def _on_event(self, reply: wire.EventReply) -> list[Output]:
        event = reply.event
        markets = event.markets or reply.markets or []
        if not any(market.ticker in self._markets for market in markets):
            return []
        self._events[event.event_ticker] = msgspec.structs.replace(event, markets=markets)
        path = f"/series/{event.series_ticker or ''}"
        return [Fetch(f"series:{event.event_ticker}", Request("GET", "rest", path))]

    def _on_series(self, name: str, series: wire.Series, at: Ns) -> list[Output]:
        event = self._events.pop(name, None)
        if event is None:
            return [Fault("unknown_event", name[:80])]
        schedule = schedule_of(event, series)
        outputs: list[Output] = []
        for listed in event.markets or ():
            market = self._markets.get(listed.ticker)
            if market is not None and market.fees != schedule:
                after = msgspec.structs.replace(market, fees=schedule)
                self._markets[listed.ticker] = after
                outputs.append(Emit(MarketChanged(at=at, market=after)))
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


def _market_request(ticker: str) -> Request:
    return Request("GET", "rest", f"/markets/{ticker}")


def _settled(market: MarketId, paid: tuple[Px, Px], at: Ns) -> MarketSettled:
    return MarketSettled(at=at, market=market, pays=paid)
