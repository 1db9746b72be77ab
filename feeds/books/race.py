"""Several sockets telling the same books: whose word is handed on.

First seen wins: of each market one line leads, and another takes the lead by showing a book of a
later venue time. A line behind is only counted: its book is one already handed on (agreed) or not
(differed). The venue's time never goes back within what is handed on, so a laggard never undoes
what is known. When the leader's book falls into doubt, another line that shows the same book, or a
later one, carries on; without one the doubt is handed on. Times are the venue's; no sockets here.
"""

from collections import Counter, deque

import msgspec

from markets.terms.ids import MarketId
from markets.terms.units import Ns
from trading.engine.book import Book, Ladders
from trading.engine.events import (
    BookChanged,
    BookSeen,
    BookStale,
    Event,
    FeedDown,
    FeedUp,
)

REMEMBERED = 16
REPEATS = 4_096


class _Market:
    """What was handed on of one market, and what each line shows of it now."""

    __slots__ = ("books", "ladders", "leader", "recent", "venue_at")

    def __init__(self) -> None:
        self.leader: int | None = None
        self.venue_at = Ns(0)
        self.ladders: tuple[Ladders, ...] = ()
        self.books: dict[int, Book] = {}
        self.recent: deque[tuple[Ladders, ...]] = deque(maxlen=REMEMBERED)


class Race:
    """The arbiter of one venue's lines; `agreed` and `differed` count what came second."""

    def __init__(self) -> None:
        self.agreed = 0
        self.differed = 0
        self.led: Counter[int] = Counter()
        self._markets: dict[MarketId, _Market] = {}
        self._up: dict[int, None] = {}
        self._said: dict[int, Counter[bytes]] = {}
        self._told: Counter[bytes] = Counter()

    def heard(self, line: int, event: Event) -> list[Event]:
        """What is handed on because line number `line` said `event`."""
        match event:
            case BookChanged(book=book):
                return self._book(line, book, event)
            case BookSeen(market=market):
                return self._seen(line, market, event)
            case BookStale(market=market):
                return self._stale(line, market, event)
            case FeedUp():
                return self._begins(line, event)
            case FeedDown():
                return self._ends(line, event)
            case _:
                return self._once(line, event)

    def _book(self, line: int, book: Book, event: Event) -> list[Event]:
        market = self._markets.setdefault(book.market, _Market())
        market.books[line] = book
        if market.leader in (None, line) or book.venue_at > market.venue_at:
            self._lead(line, market, book)
            return [event]
        if book.ladders in market.recent:
            self.agreed += 1
        else:
            self.differed += 1
        return []

    def _lead(self, line: int, market: _Market, book: Book) -> None:
        if market.leader != line:
            self.led[line] += 1
        market.leader = line
        market.venue_at = max(market.venue_at, book.venue_at)
        market.ladders = book.ladders
        market.recent.append(book.ladders)

    def _seen(self, line: int, name: MarketId, event: BookSeen) -> list[Event]:
        market = self._markets.get(name)
        book = market.books.get(line) if market is not None else None
        if market is None or book is None:
            return []
        if market.leader == line or (market.leader is not None and book.ladders == market.ladders):
            return [event]
        if market.leader is not None:
            return []
        # Nobody leads and this line vouches for its book now.
        told_at = max(event.venue_at, book.venue_at)
        fresh = msgspec.structs.replace(book, at=event.at, venue_at=told_at)
        self._lead(line, market, fresh)
        return [BookChanged(event.at, fresh)]

    def _stale(self, line: int, name: MarketId, event: BookStale) -> list[Event]:
        market = self._markets.setdefault(name, _Market())
        market.books.pop(line, None)
        if market.leader is None:
            return [] if market.books else [event]
        if market.leader != line:
            return []
        market.leader = None
        for other, book in market.books.items():
            same = book.ladders == market.ladders
            if same or book.venue_at > market.venue_at:
                self._lead(other, market, book)
                return [] if same else [BookChanged(event.at, book)]
        return [event]

    def _begins(self, line: int, event: Event) -> list[Event]:
        is_first = not self._up
        self._up[line] = None
        return [event] if is_first else []

    def _ends(self, line: int, event: FeedDown) -> list[Event]:
        was_up = line in self._up
        self._up.pop(line, None)
        if not self._up:
            for market in self._markets.values():
                market.leader = None
                market.books.clear()
            return [event]
        if not was_up:
            return []
        found: list[Event] = []
        for name, market in self._markets.items():
            if line in market.books:
                found += self._stale(line, name, BookStale(event.at, name, event.reason))
        return found

    def _once(self, line: int, event: Event) -> list[Event]:
        """Trades and changes of markets: each as often as the line that said it most often."""
        key = msgspec.msgpack.encode(msgspec.structs.replace(event, at=Ns(0)))
        if len(self._told) > REPEATS:
            self._told.clear()
            self._said.clear()
        said = self._said.setdefault(line, Counter())
        said[key] += 1
        if said[key] <= self._told[key]:
            return []
        self._told[key] = said[key]
        return [event]
