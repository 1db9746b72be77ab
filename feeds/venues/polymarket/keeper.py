"""Keeps one market's book true although Polymarket's socket has no sequence numbers.

The YES token's frames build the ladder, the NO token's are its mirror and only checked. Decides
when the book is in doubt (our best prices are not the ones the venue states), when it is lost, and
when it is due to be fetched. Invariants: nothing is handed out while waiting or in doubt; times of
one market's changes do not go back, and one that does means that the order was lost; recent changes
are kept, and those later than a fetched book are replayed on it. Wires and sockets are not here.
Source: polymarket sheet section 5.4, read 2026-11-20.
"""

from itertools import chain
from typing import NamedTuple

from msgspec.structs import replace

from feeds.books.builder import Change, MarketBuilder, Resync
from feeds.venues.base import Emit, Output
from feeds.venues.polymarket.parse import Top
from markets.terms.instruments import Market, even_ladder
from markets.terms.units import MS, SECOND, Ns, Px
from trading.engine.book import Levels
from trading.engine.events import BookChanged, BookSeen, BookStale, MarketChanged

DOUBTS = 3
DOUBT_NS = Ns(500 * MS)
# Changes a fetched book may be without: at a hundred a second, what the last five seconds said.
KEPT_CHANGES = 500
KEPT_KEYS = 256
FUTURE = Ns(60 * SECOND)
FETCH_SPACING = Ns(SECOND)
FIRST_RETRY = Ns(5 * SECOND)
LAST_RETRY = Ns(60 * SECOND)


class _Kept(NamedTuple):
    """One frame's changes, when the venue said them, and whether the book was already lost then."""

    said: Ns
    was_waiting: bool
    changes: list[Change]

    def is_missing(self, venue_at: Ns) -> bool:
        """Whether a book fetched as of that time may be without it."""
        return self.said > venue_at or (self.was_waiting and self.said == venue_at)


class BookKeeper:
    """One market on one socket."""

    def __init__(self, market: Market, depth: int, lost: "list[BookKeeper]") -> None:
        """`lost` is the session's list of books to look after; a keeper that gives up joins it."""
        self.market = market
        self._lost = lost
        self.builder = MarketBuilder(market.id, depth)
        self.ended = False
        self.waiting = True
        self.fetch_at = Ns(0)
        self.frames = 0
        self.heard_at = Ns(0)
        self._told_live = False
        self._asked_at = Ns(-LAST_RETRY)
        self._retry = FIRST_RETRY
        self._kept: list[_Kept] = []
        self._kept_count = 0
        self._kept_from = Ns(0)
        self._newest = Ns(0)
        self._fetched_from = Ns(0)
        self._doubts = 0
        self._doubted_at = Ns(0)
        self._keys: dict[str, None] = {}

    def restart(self, at: Ns, patience: Ns) -> None:
        """A new connection: believe nothing, and ask for the snapshot if it does not come."""
        self.builder.suspect("no_snapshot")
        self._forget()
        self._forget_changes(Ns(0))
        self._newest = self._fetched_from = Ns(0)
        self.waiting, self.frames, self.heard_at = True, 0, at
        self._retry = FIRST_RETRY
        self.fetch_at = Ns(at + patience)

    def is_repeat(self, key: str) -> bool:
        """Whether the element written so was met since the last snapshot; it is remembered."""
        if key in self._keys:
            return True
        self._keys[key] = None
        if len(self._keys) > KEPT_KEYS:
            del self._keys[next(iter(self._keys))]
        return False

    def snapshot(self, bids: Levels, asks: Levels, at: Ns, venue_at: Ns) -> list[Output]:
        """A whole book from the socket: it stands in the stream's order, so nothing is replayed."""
        if self.ended:
            return []
        if self._is_late(venue_at):
            return self._late(venue_at, at)
        self._hear(venue_at, at)
        self._forget_changes(venue_at)
        shown = self._shown()
        was_live = self._told_live and not self._doubts
        # Asked before the new book is built: from then on the builder counts it as told.
        seen = self._seen(at, venue_at)
        self._forget()
        book = self.builder.snapshot(bids, asks, at, venue_at)
        if isinstance(book, Resync):
            return self.lose(book.reason, at)
        self.waiting, self.heard_at = False, at
        if was_live and shown == self._shown():
            return seen
        return self._tell(at)

    def reseed(self, bids: Levels, asks: Levels, at: Ns, venue_at: Ns) -> list[Output]:
        """A fetched book, older than part of what the socket said meanwhile: that is replayed."""
        if venue_at < self._kept_from:
            return []
        missing = (one for one in self._kept if one.is_missing(venue_at))
        later = sorted(missing, key=lambda one: one.said)
        newest = later[-1].said if later else venue_at
        self._forget()
        self._fetched_from = venue_at
        book = self.builder.snapshot(bids, asks, at, newest)
        if not isinstance(book, Resync) and later:
            result = self.builder.set_all(chain(*(one.changes for one in later)), at, newest)
            book = result if isinstance(result, Resync) else book
        if isinstance(book, Resync):
            return self.lose(book.reason, at)
        self._hear(newest, at)
        self.waiting, self.heard_at = False, at
        return self._tell(at)

    def change(self, changes: list[Change], tops: list[Top], at: Ns, venue_at: Ns) -> list[Output]:
        """The levels one frame changed, judged after the last, against the tops it states."""
        self.heard_at = at
        overflows = self._keep(changes, venue_at)
        if self.waiting:
            self._hear(venue_at, at)
            return self._ask_anew(at) if overflows else []
        if self._is_late(venue_at):
            return self._late(venue_at, at)
        self._hear(venue_at, at)
        self.frames += 1
        book = self.builder.set_all(changes, at, venue_at)
        if isinstance(book, Resync):
            return self.lose(book.reason, at)
        return self.check(tops, at, venue_at, changed=book is not None)

    def check(
        self, tops: list[Top], at: Ns, venue_at: Ns, *, changed: bool = False
    ) -> list[Output]:
        """Compare our top with stated ones (YES side). Silent while waiting."""
        if self.waiting or self._is_late(venue_at):
            return []
        own = self.top()
        wrong = sum(1 for said in tops if said != own)
        if wrong:
            return self._doubt(wrong, at)
        if self._doubts and not tops:
            return self.overdue(at)
        if self._doubts:
            self._doubts = 0
            return self._tell(at)
        return self._tell(at) if changed else self._seen(at, venue_at)

    def overdue(self, at: Ns) -> list[Output]:
        """Give a book up that has been in doubt for too long."""
        if self._doubts and not self.waiting and at - self._doubted_at >= DOUBT_NS:
            return self.lose("top_disagrees", at)
        return []

    def lose(self, reason: str, at: Ns) -> list[Output]:
        """The book may not be believed; a fetch is due, at most one a second."""
        self.builder.suspect(reason)
        self._forget()
        self.waiting = True
        self._retry = FIRST_RETRY
        self.fetch_at = Ns(max(at, self._asked_at + FETCH_SPACING))
        self._lost.append(self)
        return self.silence(reason, at)

    def silence(self, reason: str, at: Ns) -> list[Output]:
        """Tell the engine once that the book is stale."""
        if not self._told_live:
            return []
        self._told_live = False
        return [Emit(BookStale(at, self.market.id, reason))]

    def retick(self, step: Px, at: Ns) -> list[Output]:
        """A new grid of prices: the terms change and the book waits for a snapshot."""
        ticks = even_ladder(step)
        if ticks == self.market.ticks:
            return []
        self.market = replace(self.market, ticks=ticks)
        return [*self.lose("tick_size_changed", at), Emit(MarketChanged(at, self.market))]

    def is_due(self, at: Ns) -> bool:
        """Whether the book should be fetched now."""
        return self.waiting and not self.ended and at >= self.fetch_at

    def asked(self, at: Ns) -> None:
        """A fetch is on its way; the next one waits twice as long, up to a minute."""
        self._asked_at = at
        self.fetch_at = Ns(at + self._retry)
        self._retry = Ns(min(self._retry * 2, LAST_RETRY))

    def top(self) -> Top:
        """Our own best prices of YES."""
        bids, asks = self._shown()
        return Top(bids[0][0] if bids else None, asks[0][0] if asks else None)

    def _shown(self) -> tuple[Levels, Levels]:
        ladders = self.builder.book().ladders[0]
        return ladders.bids, ladders.asks

    def _is_late(self, venue_at: Ns) -> bool:
        return 0 < venue_at < self._newest

    def _late(self, venue_at: Ns, at: Ns) -> list[Output]:
        """Said before what we know already: part of the fetched book, or out of order."""
        if venue_at <= self._fetched_from:
            return []
        return self.lose("out_of_order", at)

    def _hear(self, venue_at: Ns, at: Ns) -> None:
        """The newest time the venue gave; one far ahead of our clock is no time."""
        if venue_at <= at + FUTURE:
            self._newest = max(self._newest, venue_at)

    def _keep(self, changes: list[Change], venue_at: Ns) -> bool:
        """Remember changes for a fetched book; whether they were too many."""
        if not changes:
            return False
        self._kept.append(_Kept(venue_at, self.waiting, changes))
        self._kept_count += len(changes)
        if self._kept_count <= KEPT_CHANGES:
            return False
        kept_from = max(one.said for one in self._kept)
        self._forget_changes(kept_from)
        return True

    def _ask_anew(self, at: Ns) -> list[Output]:
        """What was fetched or is on its way will be too old."""
        self.fetch_at = Ns(max(at, self._asked_at + FETCH_SPACING))
        self._lost.append(self)
        return []

    def _forget_changes(self, kept_from: Ns) -> None:
        self._kept = []
        self._kept_count = 0
        self._kept_from = kept_from

    def _forget(self) -> None:
        self._doubts = 0
        self._keys = {}

    def _doubt(self, wrong: int, at: Ns) -> list[Output]:
        if not self._doubts:
            self._doubted_at = at
        self._doubts += wrong
        if self._doubts >= DOUBTS or at - self._doubted_at >= DOUBT_NS:
            return self.lose("top_disagrees", at)
        return self.silence("top_in_doubt", at)

    def _tell(self, at: Ns) -> list[Output]:
        self._told_live = True
        return [Emit(BookChanged(at, self.builder.book()))]

    def _seen(self, at: Ns, venue_at: Ns) -> list[Output]:
        if self.builder.seen(at):
            return [Emit(BookSeen(at, self.market.id, venue_at))]
        return []
