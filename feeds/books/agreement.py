"""Whether streamed books are what the venue's REST says, market after market.

Each market is looked at every few minutes, suspicious ones first. Invariants: a comparison counts
only when the streamed book stood still from a little before the question until the answer had time
to be overtaken; an answer the venue stamped earlier than the streamed book says nothing. A
difference that outlasts this is a disagreement, and its book may not be believed. Asking is not
here.
Source: kalshi sheet 3.6, polymarket sheet 4.3 and 5.4, read 2026-11-21.
"""

from collections import deque
from enum import StrEnum

import msgspec

from markets.terms.ids import MarketId
from markets.terms.units import MS, SECOND, Ns
from trading.engine.book import Book, BookState, Levels

EVERY = Ns(120 * SECOND)
STILL = Ns(500 * MS)
SETTLE = Ns(1_000 * MS)
KEPT = 200


class Told(msgspec.Struct, frozen=True, gc=False):
    """A book as REST tells it, YES side, best first; `venue_at` 0 where the venue says none.

    `older` says that it came in a shape the venue no longer documents.
    """

    market: MarketId
    bids: Levels
    asks: Levels
    venue_at: Ns = Ns(0)
    older: bool = False


class Outcome(StrEnum):
    """Of one comparison."""

    AGREES = "agrees"
    DIFFERS = "differs"
    MOVED = "moved"


class Agreement:
    """What was compared at one venue, and what is due."""

    def __init__(self) -> None:
        self._looked: dict[MarketId, Ns] = {}
        self._urgent: dict[MarketId, None] = {}
        self._verdicts: deque[bool] = deque(maxlen=KEPT)
        self.compared = 0
        self.disagreed = 0
        self.moved = 0

    def hurry(self, market: MarketId) -> None:
        """Look at this one next."""
        self._urgent[market] = None

    def due(
        self, books: dict[MarketId, Book], changed: dict[MarketId, Ns], at: Ns, most: int
    ) -> list[MarketId]:
        """At most `most` markets whose live books stand still and were not looked at for long.

        `changed` is when each last changed.
        """
        ready = [
            market
            for market, book in books.items()
            if book.state is BookState.LIVE and at - changed.get(market, Ns(0)) >= STILL
        ]
        waits = [m for m in ready if at - self._last(m, at) >= EVERY or m in self._urgent]
        waits.sort(key=lambda m: (m not in self._urgent, self._looked[m]))
        for market in waits[:most]:
            self._urgent.pop(market, None)
            self._looked[market] = at
        return waits[:most]

    def _last(self, market: MarketId, at: Ns) -> Ns:
        """When it was looked at; a new market's first look is spread over the whole time."""
        if market not in self._looked:
            place = len(self._looked) * 7 % 24
            self._looked[market] = Ns(at - EVERY + EVERY * place // 24)
        return self._looked[market]

    def judge(self, before: Book, told: Told, now: Book | None) -> Outcome:
        """Compare the top of what REST said with the book before the question and now; counts."""
        is_still = now is not None and now.state is BookState.LIVE and now.ladders == before.ladders
        is_same = agrees(before, told)
        is_late = 0 < told.venue_at < before.venue_at and not is_same
        if is_same or (now is not None and now.state is BookState.LIVE and agrees(now, told)):
            outcome = Outcome.AGREES
        elif not is_still or is_late:
            outcome = Outcome.MOVED
        else:
            outcome = Outcome.DIFFERS
        self._count(outcome)
        return outcome

    def ppm(self) -> int | None:
        """Millionths of the newest comparisons that agreed (down); None before the first."""
        if not self._verdicts:
            return None
        return sum(self._verdicts) * 1_000_000 // len(self._verdicts)

    def _count(self, outcome: Outcome) -> None:
        if outcome is Outcome.MOVED:
            self.moved += 1
            return
        self.compared += 1
        self.disagreed += outcome is Outcome.DIFFERS
        self._verdicts.append(outcome is Outcome.AGREES)


def agrees(book: Book, told: Told) -> bool:
    """Whether best prices and their sizes are the same on both sides."""
    ladders = book.ladders[0]
    return ladders.bids[:1] == told.bids[:1] and ladders.asks[:1] == told.asks[:1]
