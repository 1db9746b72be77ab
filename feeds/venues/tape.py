"""What a venue offers for reading recordings of its socket: an ear.

An `Ear` goes over a recording twice. First `learn` finds the markets and how the frames are to be
read; then `begins` tells new connections from the flow of one, `session` makes the session that
rebuilds the books (the same code as live), and `said` lists what a frame states, so that the books
can be compared with it. `present` writes a frame of a shape the venue no longer speaks in its
present one; the other methods take frames so written. Files, comparisons and counts are not here.
"""

from typing import Protocol

import msgspec

from feeds.venues.base import Session
from markets.terms.ids import MarketId, VenueId
from markets.terms.instruments import Market
from markets.terms.units import Px, Qty
from trading.engine.book import Levels
from trading.engine.orders import Side


class Whole(msgspec.Struct, frozen=True, gc=False):
    """A whole book of one outcome, best levels first, no empty ones."""

    market: MarketId
    outcome: int
    bids: Levels
    asks: Levels


class Changed(msgspec.Struct, frozen=True, gc=False):
    """One level of one outcome changed; `qty` is its new total, None where only a delta is said."""

    market: MarketId
    outcome: int
    side: Side
    px: Px = Px(0)
    qty: Qty | None = None


class Best(msgspec.Struct, frozen=True, gc=False):
    """The venue's own view of the top of one outcome; None is an empty side."""

    market: MarketId
    outcome: int
    bid: Px | None
    ask: Px | None


class Traded(msgspec.Struct, frozen=True, gc=False):
    """A public trade."""

    market: MarketId
    qty: Qty


Said = Whole | Changed | Best | Traded


class Ear(Protocol):
    """Reads recorded frames of one venue. `is_out` is a frame we sent. Nothing here raises."""

    venue: VenueId

    def know(self, market: Market) -> None: ...
    def learn(self, frame: str, *, is_out: bool) -> None: ...
    def markets(self) -> tuple[Market, ...]: ...
    def remarks(self) -> list[str]: ...
    def begins(self, frame: str, *, is_out: bool) -> bool: ...
    def session(self, depth: int) -> Session: ...
    def present(self, frame: str) -> str: ...
    def said(self, frame: str) -> list[Said]: ...
    def is_counted(self, frame: str) -> bool: ...


class Nature(msgspec.Struct, frozen=True):
    """What is known of a recording before its first frame.

    `has_header`: it says of itself whether it is `filtered` (cut out of a shared subscription).
    """

    has_header: bool = False
    filtered: bool = False
