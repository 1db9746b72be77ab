"""The books of one Kalshi socket: built, doubted, asked for again, and confirmed.

Invariants: a book is handed out only between its own snapshot and the next doubt; what cannot be
read or cannot be makes the book stale at once and a fresh snapshot wanted; a book that is sound
only on the other price scale ends all belief in the socket. What is wanted is asked for by the
session.
Source: kalshi sheet 4.2-4.5, read 2026-11-20.
"""

from collections.abc import Iterable

from feeds.books.builder import MarketBuilder, Resync
from feeds.venues.base import Emit, Fault, Output
from feeds.venues.kalshi import parse, wire
from feeds.venues.kalshi.asks import SnapshotAsks
from markets.terms.ids import MarketId
from markets.terms.instruments import Market
from markets.terms.units import MS, SECOND, Ns, micros_from_text
from trading.engine.book import Book, BookState
from trading.engine.events import BookChanged, BookSeen, BookStale, MarketClosed

PROBE_AFTER = 1 * SECOND


class Books:
    """The books of a session's markets, by ticker. `turned_round` ends all belief until `begin`."""

    def __init__(self, markets: tuple[Market, ...], depth: int, *, use_yes_price: bool) -> None:
        self.builders = {market.native: MarketBuilder(market.id, depth) for market in markets}
        self._use_yes_price = use_yes_price
        self.begin(Ns(0))

    def begin(self, at: Ns) -> None:
        """Another connection, or none."""
        self.asks = SnapshotAsks(at)
        self.turned_round = False

    def opened(self, at: Ns) -> list[str]:
        """Subscribed: first snapshots come unasked; of which tickers."""
        for builder in self.builders.values():
            # Epochs of another connection, or of a session before this one, are never met again.
            builder.epoch = max(builder.epoch, at // MS)
        tickers = list(self.builders)
        self.asks.expect(tickers, at)
        return tickers

    def is_kept(self, ticker: str) -> bool:
        """Whether the market's book still matters."""
        return self.builders[ticker].state is not BookState.CLOSED

    def kept(self) -> list[str]:
        """Those that still matter."""
        return [ticker for ticker in self.builders if self.is_kept(ticker)]

    def want(self, tickers: Iterable[str]) -> None:
        """Fresh snapshots of these, as far as they still matter."""
        self.asks.want(filter(self.is_kept, tickers))

    def want_probe(self, at: Ns, turn: int) -> None:
        """One snapshot, of each market in turn, to see whether a resting counter still runs."""
        kept = self.kept()
        live = [ticker for ticker in kept if self.builders[ticker].state is BookState.LIVE]
        ask = live or kept
        if ask and self.asks.rests(at, PROBE_AFTER):
            self.asks.want((ask[turn % len(ask)],))

    def lose(self, reason: str, at: Ns) -> list[Output]:
        """Every book in doubt, fresh snapshots wanted."""
        outputs = self.doubt_all(reason, at)
        self.want(self.builders)
        return outputs

    def doubt_all(self, reason: str, at: Ns) -> list[Output]:
        """Every book in doubt."""
        outputs: list[Output] = []
        for builder in self.builders.values():
            if builder.state is BookState.LIVE:
                builder.suspect(reason)
                outputs.append(Emit(BookStale(at=at, market=builder.market, reason=reason)))
        return outputs

    def doubt(self, ticker: str, reason: str, detail: str, at: Ns) -> list[Output]:
        """One book is impossible: say so and want it again."""
        builder = self.builders[ticker]
        if builder.state is BookState.CLOSED:
            return [Fault(reason, f"{ticker}: {detail}"[:200])]
        builder.suspect(reason)
        self.want((ticker,))
        return [
            Fault(reason, f"{ticker}: {detail}"[:200]),
            Emit(BookStale(at=at, market=builder.market, reason=reason)),
        ]

    def live_ticker(self, market: MarketId) -> str | None:
        """The ticker of a market whose book is believed."""
        for ticker, builder in self.builders.items():
            if builder.market == market and builder.state is BookState.LIVE:
                return ticker
        return None

    def seen(self, at: Ns, venue_at: Ns) -> list[Output]:
        """Books that did not change are still true."""
        return [
            Emit(BookSeen(at=at, market=builder.market, venue_at=venue_at))
            for builder in self.builders.values()
            if builder.seen(at)
        ]

    def snapshot(self, frame: wire.Snapshot, at: Ns) -> list[Output]:
        """A whole book."""
        body = frame.msg
        builder = self.builders.get(body.market_ticker)
        if builder is None:
            return [Fault("unknown_market", body.market_ticker[:80])]
        if builder.state is BookState.CLOSED:
            return []
        self.asks.forget(body.market_ticker)
        try:
            bids, asks = parse.levels(
                body.yes_dollars_fp, body.no_dollars_fp, use_yes_price=self._use_yes_price
            )
        except ValueError as problem:
            return self.doubt(body.market_ticker, "bad_number", str(problem), at)
        made = builder.snapshot(bids, asks, at, parse.ns_from_ms(frame.sending_ts_ms))
        if isinstance(made, Resync) and parse.is_turned_round(bids, asks):
            return self._stop_believing(body.market_ticker, at)
        return self._tell(body.market_ticker, made, at)

    def delta(self, frame: wire.Delta, at: Ns) -> list[Output]:
        """A change of one level."""
        body = frame.msg
        builder = self.builders.get(body.market_ticker)
        if builder is None:
            return [Fault("unknown_market", body.market_ticker[:80])]
        try:
            side = parse.side_of(body.side)
            px = parse.yes_px(side, body.price_dollars, use_yes_price=self._use_yes_price)
            delta = micros_from_text(body.delta_fp)
        except ValueError as problem:
            return self.doubt(body.market_ticker, "bad_number", str(problem), at)
        made = builder.change(side, px, delta, at, parse.ns_from_ms(body.ts_ms))
        return [] if made is None else self._tell(body.market_ticker, made, at)

    def close(self, ticker: str, at: Ns) -> list[Output]:
        """No more trading: the book no longer matters."""
        builder = self.builders[ticker]
        if builder.state is BookState.CLOSED:
            return []
        builder.state = BookState.CLOSED
        self.asks.forget(ticker)
        return [Emit(MarketClosed(at=at, market=builder.market))]

    def _tell(self, ticker: str, made: Book | Resync, at: Ns) -> list[Output]:
        if isinstance(made, Book):
            return [Emit(BookChanged(at=at, book=made))]
        return self.doubt(ticker, made.reason, ticker, at)

    def _stop_believing(self, ticker: str, at: Ns) -> list[Output]:
        """The venue speaks the other price scale: nothing of this socket may be traded on."""
        self.turned_round = True
        reason = "price_scale"
        detail = f"{ticker}: NO prices arrive on the YES scale although we asked for the other"
        stale = BookStale(at=at, market=self.builders[ticker].market, reason=reason)
        return [Fault(reason, detail), Emit(stale), *self.doubt_all(reason, at)]
