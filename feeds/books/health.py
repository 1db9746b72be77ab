"""Says whether a book or a feed may be believed, and why not.

Each verdict is a value with the limit and what was found, or None when all is well. Nothing is
remembered and no clock is read: times are arguments. What follows from a verdict is decided
elsewhere.
"""

from enum import StrEnum

import msgspec

from markets.terms.units import MS, Ns
from trading.engine.book import Book, BookState


class Trouble(StrEnum):
    """Kinds of doubt, worst last."""

    STALE = "stale"
    SILENT = "silent"
    SUSPECT = "suspect"
    CROSSED = "crossed"


class Doubt(msgspec.Struct, frozen=True, gc=False):
    """Why something may not be believed; both times are 0 where time plays no part."""

    trouble: Trouble
    reason: str
    limit_ms: int = 0
    actual_ms: int = 0


def doubt_age(heard: Ns, at: Ns, limit_ms: int) -> Doubt | None:
    """Stale: the last word on a book is older than the limit. Exactly the limit is still young."""
    actual = _elapsed_ms(heard, at)
    if actual <= limit_ms:
        return None
    return Doubt(Trouble.STALE, f"no word for {actual} ms, {limit_ms} allowed", limit_ms, actual)


def doubt_silence(heard: Ns, at: Ns, limit_ms: int) -> Doubt | None:
    """Silent: a feed has sent no frame of any kind for longer than the limit."""
    actual = _elapsed_ms(heard, at)
    if actual <= limit_ms:
        return None
    return Doubt(Trouble.SILENT, f"no frame for {actual} ms, {limit_ms} allowed", limit_ms, actual)


def doubt_levels(book: Book) -> Doubt | None:
    """Crossed: some outcome could be bought at or below what it sells for."""
    for ladders in book.ladders:
        if ladders.bids and ladders.asks and ladders.bids[0][0] >= ladders.asks[0][0]:
            bid, ask = ladders.bids[0][0], ladders.asks[0][0]
            return Doubt(Trouble.CROSSED, f"bid {bid} at or above ask {ask}")
    return None


def doubt_book(book: Book, at: Ns, limit_ms: int) -> Doubt | None:
    """The worst doubt about a book, None when it may be believed at `at`."""
    crossed = doubt_levels(book)
    if crossed is not None:
        return crossed
    if book.state is not BookState.LIVE:
        return Doubt(Trouble.SUSPECT, f"the book is {book.state.value}")
    return doubt_age(book.at, at, limit_ms)


def _elapsed_ms(heard: Ns, at: Ns) -> int:
    """Rounded up: a book a nanosecond too old is too old."""
    return max(0, -((heard - at) // MS))
