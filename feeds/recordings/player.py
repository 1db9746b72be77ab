"""Plays a recording through the venue's own session and keeps the books as the engine would.

Invariants: every inbound frame goes once through the same session code as live; what the session
asks for is not answered, the recording holds the answers. A book is `live` only as long as the
session says so; `stale` means that its connection has ended, `suspect` any other doubt. Times never
go back. What is compared is decided by `compare`; files are not opened here.
"""

from collections import Counter
from collections.abc import Iterable

import msgspec

from feeds.recordings.compare import Comparison, Standing
from feeds.recordings.lines import BadLine, Line
from feeds.venues.base import Emit, Fault, Output
from feeds.venues.tape import Changed, Ear, Said, Traded, Whole
from markets.terms.ids import MarketId
from markets.terms.units import Ns
from trading.engine.events import BookChanged, BookStale, Event, MarketClosed

ALL_LEVELS = 100_000
GAPS = frozenset(("sequence_gap", "sequence_repeat"))
LIVE, SUSPECT, STALE, CLOSED = "live", "suspect", "stale", "closed"


class Counts(msgspec.Struct):
    """What was in the recording; comparisons are counted by `Comparison`."""

    frames: int = 0
    snapshots: int = 0
    deltas: int = 0
    trades: int = 0
    gaps: int = 0
    resyncs: int = 0
    rejects: int = 0
    reasons: Counter[str] = msgspec.field(default_factory=Counter)


class Player:
    """One recording being played. `sampled`: only some of its books were recorded, nothing between
    them, so that a later one tells nothing about the one before.
    """

    def __init__(self, ear: Ear, *, sampled: bool = False) -> None:
        self._ear = ear
        self._session = ear.session(ALL_LEVELS)
        self._is_open = False
        self._touched: dict[MarketId, None] = {}
        self.books: dict[MarketId, Standing] = {}
        self.counts = Counts()
        self.comparison = Comparison(self.books, sampled=sampled)
        self.at = Ns(0)

    def play(self, line: Line | BadLine) -> Iterable[MarketId]:
        """Take the next line; the markets whose book or state it may have changed."""
        self._touched = {}
        if isinstance(line, BadLine):
            self._reject("unreadable_line")
            return self._touched
        self.at = Ns(max(self.at, line.at))
        is_out = line.direction == "out"
        if self._ear.begins(line.frame, is_out=is_out):
            self._reconnect()
        if not self._is_open:
            self._is_open = True
            self._take(self._session.opened(self.at), is_gap=False)
        if not is_out and line.frame and not line.frame.isspace():
            self._hear(self._ear.present(line.frame))
        return self._touched

    def end(self) -> None:
        """The recording is over: what was still open is decided."""
        self.comparison.end()

    def _hear(self, frame: str) -> None:
        said = self._ear.said(frame)
        self._count(said)
        self.comparison.before(said, self.at)
        outputs = self._session.received(frame, self.at)
        is_gap = any(isinstance(o, Fault) and o.reason in GAPS for o in outputs)
        renewed = {one.market for one in said if isinstance(one, Whole)}
        self._take(outputs, is_gap=is_gap and self._ear.is_counted(frame), renewed=renewed)
        self.comparison.after(said, self.at)

    def _reconnect(self) -> None:
        self._take(self._session.closed(self.at, "a new connection"), is_gap=False)
        for market, standing in self.books.items():
            if standing.state != CLOSED:
                self._doubt(market, STALE, "disconnected")
        self._session = self._ear.session(ALL_LEVELS)
        self._is_open = False

    def _count(self, said: list[Said]) -> None:
        self.counts.frames += 1
        for one in said:
            self.counts.snapshots += isinstance(one, Whole)
            self.counts.deltas += isinstance(one, Changed)
            self.counts.trades += isinstance(one, Traded)

    def _take(
        self, outputs: list[Output], *, is_gap: bool, renewed: Iterable[MarketId] = ()
    ) -> None:
        self.counts.gaps += is_gap
        for output in outputs:
            if isinstance(output, Emit):
                self._event(output.event, renewed)
            elif isinstance(output, Fault) and output.reason not in GAPS:
                self._reject(output.reason)

    def _event(self, event: Event, renewed: Iterable[MarketId]) -> None:
        match event:
            case BookChanged():
                market = event.book.market
                known = self.books.get(market)
                if known is not None and known.state != LIVE and market in renewed:
                    self.counts.resyncs += 1
                self.books[market] = Standing(event.book.ladders[0])
                self._touched[market] = None
            case BookStale():
                state = STALE if event.reason.startswith("disconnected") else SUSPECT
                self._doubt(event.market, state, event.reason)
            case MarketClosed():
                self._doubt(event.market, CLOSED, "closed")
            case _:
                pass

    def _doubt(self, market: MarketId, state: str, reason: str) -> None:
        standing = self.books.get(market)
        if standing is None:
            return
        standing.state, standing.reason = state, reason
        self._touched[market] = None
        self.comparison.lost(market, reason)

    def _reject(self, reason: str) -> None:
        self.counts.rejects += 1
        self.counts.reasons[reason] += 1
