"""The book of one market: immutable, best levels first, one ladder pair per outcome.

A binary market has one ladder pair (outcome 0, YES); the other outcome's ladders are derived, never
stored, so
depth is counted once. Prices ascend in asks and descend in bids. Whether a book may be believed is
said by its
`state`; nothing here judges age or subscribes to anything.
"""

from enum import StrEnum

import msgspec

from markets.terms.ids import MarketId
from markets.terms.units import MICRO, Ns, Px, Qty

Level = tuple[Px, Qty]
Levels = tuple[Level, ...]
_UNSAID = Ns(0)


class BookState(StrEnum):
    """`LIVE` may be traded on;

    `SUSPECT` waits for a fresh snapshot; `CLOSED` will not come back.
    """

    LIVE = "live"
    SUSPECT = "suspect"
    CLOSED = "closed"


class Ladders(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Both sides of one outcome, best first."""

    bids: Levels
    asks: Levels


class Book(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The top levels of one market.

    `at` is when the newest frame that spoke of this book reached us, `venue_at` the venue's own
    time of it
    (0 when it gives none), `epoch` changes when a snapshot replaced the book or the tick ladder
    changed.
    """

    market: MarketId
    ladders: tuple[Ladders, ...]
    at: Ns
    venue_at: Ns = Ns(0)
    epoch: int = 0
    state: BookState = BookState.LIVE

    def asks(self, outcome: int) -> Levels:
        """Levels at which `outcome` can be bought, best (lowest) first."""
        if outcome < len(self.ladders):
            return self.ladders[outcome].asks
        return _mirror(self.ladders[0].bids)

    def bids(self, outcome: int) -> Levels:
        """Levels at which `outcome` can be sold, best (highest) first."""
        if outcome < len(self.ladders):
            return self.ladders[outcome].bids
        return _mirror(self.ladders[0].asks)

    def best_ask(self, outcome: int) -> Level | None:
        """The cheapest level at which `outcome` can be bought, without building its whole
        ladder.
        """
        if outcome < len(self.ladders):
            asks = self.ladders[outcome].asks
            return asks[0] if asks else None
        bids = self.ladders[0].bids
        return (Px(MICRO - bids[0][0]), bids[0][1]) if bids else None


def _mirror(levels: Levels) -> Levels:
    return tuple((Px(MICRO - px), qty) for px, qty in levels)


def binary_book(
    market: MarketId, bids: Levels, asks: Levels, at: Ns, venue_at: Ns = _UNSAID
) -> Book:
    """A live book of a binary market from the YES side's levels."""
    return Book(market, (Ladders(bids, asks),), at, venue_at)
