"""What one frame of Polymarket's market socket says of each market it names.

A frame may name several markets and both tokens of each, and may come twice. Invariants: a frame of
repeats alone says nothing; one that cannot be read loses the book. Source: polymarket sheet 5.2 and
5.3, read 2026-11-20.
"""

from feeds.books.builder import Change
from feeds.venues.base import Output
from feeds.venues.polymarket import parse, wire
from feeds.venues.polymarket.keeper import BookKeeper
from markets.terms.units import Ns


class Group:
    """What one frame says of one market."""

    def __init__(self, keeper: BookKeeper) -> None:
        self.keeper = keeper
        self.changes: list[Change] = []
        self.tops: dict[int, parse.Top] = {}
        self.is_broken = False
        self._is_new = False

    def add(self, element: wire.Element, outcome: int) -> None:
        """Take the change of a YES element and the top either outcome's element states."""
        said = f"{outcome} {element.side} {element.price} {element.size} {element.hash}"
        if element.hash and self.keeper.is_repeat(said):
            return
        self._is_new = True
        side, px = parse.side(element.side), parse.price(element.price)
        qty = parse.size(element.size)
        if outcome == 0:
            self.changes.append((side, px, qty))
        top = parse.top(element.best_bid, element.best_ask)
        if top is not None:
            self.tops[outcome] = top.mirrored() if outcome else top

    def close(self, at: Ns, venue_at: Ns) -> list[Output]:
        """Apply it: a frame of repeats alone says nothing, a broken one loses the book."""
        if self.is_broken:
            return self.keeper.lose("impossible_value", at)
        if not self._is_new:
            return []
        return self.keeper.change(self.changes, list(self.tops.values()), at, venue_at)


def elements(frame: wire.PriceChange) -> list[wire.Element]:
    """The elements of either form; the older one names its token on the envelope."""
    if frame.price_changes:
        return frame.price_changes
    return [
        wire.Element(frame.asset_id, old.price, old.size, old.side, frame.hash)
        for old in frame.changes
    ]
