"""Everything one venue's feed has said of its books, and what that says of the feed.

Told every event before the engine is. Decides when books must be asked for over REST because the
socket does not tell them, and what may no longer be believed once it does again. Invariants: a
polled book does not outlive the return of the stream unless the stream says the same; the age of a
snapshot is no message age. Asking, counting frames and waiting are not here.
"""

from collections import deque

import msgspec

from feeds.books.activity import Activity
from feeds.books.ages import Ages
from feeds.books.agreement import Agreement, Told
from feeds.books.hourly import Hourly
from markets.terms.ids import MarketId, VenueId
from markets.terms.units import MS, SECOND, Ns
from trading.engine.book import Book, BookState, Ladders
from trading.engine.events import (
    BookChanged,
    BookSeen,
    BookStale,
    Event,
    FeedDown,
    FeedUp,
    MarketClosed,
)

AWAY_AFTER = Ns(2 * SECOND)
SILENT_AFTER = Ns(10 * SECOND)
NOTES = 50
# What a stream without numbers says of a frame that was lost.
LOSSES = ("top_disagrees", "out_of_order")


class Resumed(msgspec.Struct, frozen=True, gc=False):
    """What the stream's return means: books to call stale, and streamed books to doubt."""

    stale: tuple[BookStale, ...] = ()
    doubted: tuple[MarketId, ...] = ()


NOTHING = Resumed()


class Followed:
    """One venue's books as streamed since `at`."""

    def __init__(self, venue: VenueId, at: Ns) -> None:
        self.venue = venue
        self.books: dict[MarketId, Book] = {}
        self.changed: dict[MarketId, Ns] = {}
        self.polled: dict[MarketId, Book] = {}
        self.ages = Ages()
        self.activity = Activity()
        self.agreement = Agreement()
        self.resyncs = Hourly()
        self.losses = Hourly()
        self.notes: deque[tuple[Ns, str]] = deque(maxlen=NOTES)
        self.up = False
        self.polling = ""
        self._down_since = at
        self._heard_at = at

    def heard(self, event: Event) -> Resumed:
        """Take one event of the feed in."""
        match event:
            case BookChanged():
                self._changed(event)
            case BookSeen():
                self.ages.heard(event.at, event.venue_at)
                self._heard_at = event.at
            case BookStale():
                self._stale(event)
            case MarketClosed():
                self.forget(event.market)
            case FeedDown():
                self._down(event)
            case FeedUp():
                self._up(event)
            case _:
                return NOTHING
        if self.polling and self.up and self._heard_at == event.at:
            return self._resume(event.at)
        return NOTHING

    def why_poll(self, at: Ns) -> str:
        """Why books must be asked for over REST now; empty while the socket tells them."""
        if not self.up and at - self._down_since >= AWAY_AFTER:
            return "its socket is away"
        if self.up and at - self._heard_at >= SILENT_AFTER and self.activity.is_lively():
            return "its socket is silent"
        return ""

    def silent_for(self, at: Ns) -> Ns:
        """How long nothing has been said of any book, when something should have been."""
        if not self.up:
            return Ns(at - max(self._down_since, self._heard_at))
        return Ns(at - self._heard_at) if self.activity.is_lively() else Ns(0)

    def poll(self, reason: str, at: Ns) -> None:
        """From now on books are asked for over REST, or (without a reason) no longer."""
        if reason and not self.polling:
            self.note(at, f"Polling over REST: {reason}.")
        if not reason:
            self.polled.clear()
        self.polling = reason

    def take(self, told: Told, at: Ns) -> BookChanged | None:
        """A polled book for the engine; None when it cannot be, or nobody polls any more."""
        crossed = told.bids and told.asks and told.bids[0][0] >= told.asks[0][0]
        if not self.polling or crossed:
            return None
        book = polled_book(told, at)
        self.polled[told.market] = book
        return BookChanged(at, book)

    def forget(self, market: MarketId) -> None:
        """The market is closed or no longer followed."""
        self.books.pop(market, None)
        self.changed.pop(market, None)
        self.polled.pop(market, None)
        self.activity.forget(market)

    def note(self, at: Ns, text: str) -> None:
        """Something people should find on the venue's page."""
        self.notes.append((at, text))

    def _changed(self, event: BookChanged) -> None:
        book = event.book
        before = self.books.get(book.market)
        self.books[book.market] = book
        self._heard_at = event.at
        if before is None or before.epoch != book.epoch:
            self.changed[book.market] = event.at
            return
        self.ages.heard(event.at, book.venue_at)
        if before.ladders != book.ladders:
            self.changed[book.market] = event.at
            self.activity.moved(book.market, event.at)

    def _stale(self, event: BookStale) -> None:
        if self.books.pop(event.market, None) is not None and self.up:
            self.resyncs.add(event.at)
            self.losses.add(event.at, event.reason in LOSSES)
            self.note(event.at, f"{event.market} is stale: {event.reason}.")

    def _down(self, event: FeedDown) -> None:
        if self.up:
            self._down_since = event.at
            self.note(event.at, f"Does not deliver: {event.reason}.")
        self.up = False
        self.books.clear()
        self.ages.forget_slow()

    def _up(self, event: FeedUp) -> None:
        self.up = True
        self._heard_at = event.at
        self.note(event.at, "Delivers.")

    def _resume(self, at: Ns) -> Resumed:
        """The stream is back: what was polled counts only where the stream says the same."""
        stale: list[BookStale] = []
        doubted: list[MarketId] = []
        for market, book in self.polled.items():
            streamed = self.books.get(market)
            if streamed is None:
                stale.append(BookStale(at, market, "waits for the stream"))
            elif streamed.at < book.at and streamed.ladders != book.ladders:
                doubted.append(market)
        self.polled.clear()
        self.polling = ""
        self.note(at, "The stream is back.")
        return Resumed(tuple(stale), tuple(doubted))


def polled_book(told: Told, at: Ns, depth: int = 10) -> Book:
    """The book an answer tells, in an epoch of its own."""
    ladders = Ladders(told.bids[:depth], told.asks[:depth])
    return Book(told.market, (ladders,), at, told.venue_at, at // MS, BookState.LIVE)
