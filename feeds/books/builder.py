"""Rebuilds one market's book from a snapshot and the changes after it.

Decides which frames change the visible book, which only confirm it, and which cannot be true.
Invariants: a book handed out is never crossed or locked, holds no empty level and no price outside
0..1 dollar; after `Resync` nothing is handed out until the next snapshot. Levels are those of
outcome 0 (YES); the other outcome is derived by `Book`. Sequence numbers, sockets and clocks are
not here: the session counts, and tells the time.
"""

from bisect import bisect_left
from collections.abc import Iterable

import msgspec

from markets.terms.ids import MarketId
from markets.terms.units import MICRO, MS, Ns, Px, Qty
from trading.engine.book import Book, BookState, Ladders, Level, Levels
from trading.engine.orders import Side

SEEN_EVERY = Ns(200 * MS)
UNSAID = Ns(0)

Change = tuple[Side, Px, Qty]


class Resync(msgspec.Struct, frozen=True, gc=False):
    """The book may not be believed; ask for a snapshot. `reason` is a word to count by."""

    reason: str


class _Ladder:
    """One side, best first: `keys` ascend (price, or minus price for bids) beside `levels`."""

    __slots__ = ("keys", "levels", "sign")

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.keys: list[int] = []
        self.levels: list[Level] = []

    def fill(self, levels: Iterable[Level]) -> None:
        self.levels = sorted(levels, key=lambda level: self.sign * level[0])
        self.keys = [self.sign * px for px, _ in self.levels]

    def find(self, px: Px) -> tuple[int, int]:
        """Where the price stands or would stand, and its size there (0 when absent)."""
        key = self.sign * px
        index = bisect_left(self.keys, key)
        if index < len(self.keys) and self.keys[index] == key:
            return index, self.levels[index][1]
        return index, 0

    def put(self, index: int, px: Px, qty: Qty, *, old: int) -> None:
        """Write, insert or delete the level at the place `find` gave."""
        if qty == 0:
            del self.keys[index], self.levels[index]
        elif old:
            self.levels[index] = (px, qty)
        else:
            self.keys.insert(index, self.sign * px)
            self.levels.insert(index, (px, qty))


class MarketBuilder:
    """One market's book as told by the venue. `depth` levels a side are visible to the engine."""

    __slots__ = (
        "_asks",
        "_bids",
        "_shown_asks",
        "_shown_bids",
        "_told",
        "at",
        "depth",
        "epoch",
        "market",
        "reason",
        "state",
        "venue_at",
    )

    def __init__(self, market: MarketId, depth: int = 10) -> None:
        self.market = market
        self.depth = depth
        self.epoch = 0
        self.state = BookState.SUSPECT
        self.reason = "no_snapshot"
        self.at = Ns(0)
        self.venue_at = Ns(0)
        self._bids = _Ladder(-1)
        self._asks = _Ladder(1)
        self._shown_bids: Levels = ()
        self._shown_asks: Levels = ()
        self._told = Ns(0)

    def snapshot(
        self, bids: Iterable[Level], asks: Iterable[Level], at: Ns, venue_at: Ns = UNSAID
    ) -> Book | Resync:
        """The whole book replaced.

        Shape: levels in any order, empty ones dropped, an empty side is ordinary.
        """
        wanted_bids, wanted_asks = _clean(bids), _clean(asks)
        if wanted_bids is None or wanted_asks is None:
            return self.suspect("impossible_level")
        self._bids.fill(wanted_bids.items())
        self._asks.fill(wanted_asks.items())
        self.epoch += 1
        self.at, self.venue_at = at, venue_at
        if self._is_crossed():
            return self.suspect("crossed")
        self.state, self.reason = BookState.LIVE, ""
        self._show()
        return self._book()

    def change(
        self, side: Side, px: Px, delta: int, at: Ns, venue_at: Ns = UNSAID
    ) -> Book | Resync | None:
        """A level grew or shrank by `delta`; None when nothing visible changed, or none is known.

        `Side.BUY` is the bid side of YES. Source: kalshi sheet 4.4 (a shrinking level that is not
        there, or one below zero, is a corrupted book).
        """
        if self.state is not BookState.LIVE:
            return None
        ladder = self._bids if side is Side.BUY else self._asks
        index, old = ladder.find(px)
        size = old + delta
        if size < 0 or not 0 < px < MICRO:
            return self.suspect(_why(px, old))
        self.at, self.venue_at = at, venue_at
        if delta == 0:
            return None
        ladder.put(index, px, Qty(size), old=old)
        return self._judge(touched=index < self.depth)

    def set(
        self, side: Side, px: Px, qty: Qty, at: Ns, venue_at: Ns = UNSAID
    ) -> Book | Resync | None:
        """A level's new size; None when nothing visible changed, or none is known."""
        return self.set_all(((side, px, qty),), at, venue_at)

    def set_all(
        self, changes: Iterable[Change], at: Ns, venue_at: Ns = UNSAID
    ) -> Book | Resync | None:
        """New sizes of several levels said in one frame, judged once after the last of them."""
        if self.state is not BookState.LIVE:
            return None
        touched = False
        for side, px, qty in changes:
            if qty < 0 or not 0 < px < MICRO:
                return self.suspect("negative_size" if qty < 0 else "impossible_price")
            ladder = self._bids if side is Side.BUY else self._asks
            index, old = ladder.find(px)
            if qty != old:
                ladder.put(index, px, qty, old=old)
                touched = touched or index < self.depth
        self.at, self.venue_at = at, venue_at
        return self._judge(touched=touched)

    def suspect(self, reason: str) -> Resync:
        """Believe nothing until the next snapshot."""
        self.state, self.reason = BookState.SUSPECT, reason
        return Resync(reason)

    def seen(self, at: Ns) -> bool:
        """Whether to tell the engine now that a live book is confirmed: at most every 200 ms."""
        if self.state is not BookState.LIVE or at - self._told < SEEN_EVERY:
            return False
        self._told = at
        return True

    def book(self) -> Book:
        """The visible book as it stands, in whatever state."""
        return Book(
            self.market,
            (Ladders(self._shown_bids, self._shown_asks),),
            self.at,
            self.venue_at,
            self.epoch,
            self.state,
        )

    def _judge(self, *, touched: bool) -> Book | Resync | None:
        if not touched:
            return None
        if self._is_crossed():
            return self.suspect("crossed")
        bids, asks = self._shown_bids, self._shown_asks
        self._show()
        if bids == self._shown_bids and asks == self._shown_asks:
            return None
        return self._book()

    def _is_crossed(self) -> bool:
        bids, asks = self._bids.keys, self._asks.keys
        return bool(bids and asks and -bids[0] >= asks[0])

    def _show(self) -> None:
        self._shown_bids = tuple(self._bids.levels[: self.depth])
        self._shown_asks = tuple(self._asks.levels[: self.depth])

    def _book(self) -> Book:
        self._told = self.at
        return self.book()


def _clean(levels: Iterable[Level]) -> dict[Px, Qty] | None:
    """Levels by price without empty ones; None when one is impossible or a price is said twice."""
    found: dict[Px, Qty] = {}
    for px, qty in levels:
        if qty < 0 or not 0 < px < MICRO or px in found:
            return None
        if qty:
            found[px] = qty
    return found


def _why(px: Px, old: int) -> str:
    if not 0 < px < MICRO:
        return "impossible_price"
    return "negative_size" if old else "unknown_level"
