"""The ladders one venue shows for one invented market, and how they are shaken.

Invariants: the best bid stands at least one tick below the best ask, every level is on the tick
grid strictly between 0 and 1 dollar, sizes are positive, no more than `DEEPEST` levels a side.
What the fair price is comes from outside (`walk`). Whole numbers only.
"""

from feeds.sim.chance import Chance
from markets.terms.units import MICRO, Px, Qty
from trading.engine.book import Levels
from trading.engine.orders import Side

SHALLOWEST = 5
DEEPEST = 10
LOWEST = 30_000
HIGHEST = 970_000
SIZES = ((5, 40), (40, 200), (100, 600), (200, 1_200), (800, 3_000))

Trade = tuple[Px, Qty, Side]


class Quotes:
    """Both sides of one market's YES."""

    __slots__ = ("_asks", "_bids", "_chance", "_depth", "_lean", "_spread", "tick")

    def __init__(self, tick: Px, chance: Chance) -> None:
        self.tick = tick
        self._chance = chance
        self._depth = chance.between(SHALLOWEST, DEEPEST)
        self._spread = chance.between(1, 3)
        self._lean = chance.between(-1, 1)
        self._bids: dict[int, int] = {}
        self._asks: dict[int, int] = {}

    def ladders(self) -> tuple[Levels, Levels]:
        """Bids and asks, best first."""
        bids = tuple((Px(px), Qty(qty)) for px, qty in sorted(self._bids.items(), reverse=True))
        asks = tuple((Px(px), Qty(qty)) for px, qty in sorted(self._asks.items()))
        return bids, asks

    def stand(self, fair: int) -> bool:
        """Quote around `fair` (millionths, YES); whether anything changed."""
        if self._chance.one_in(4):
            self._spread = self._chance.between(1, 3)
            self._lean = self._chance.between(-1, 1)
        half = self._spread * self.tick // 2
        bid = (fair - half) // self.tick * self.tick + self._lean * self.tick // 2
        bid = bid // self.tick * self.tick
        bid = min(max(bid, LOWEST), HIGHEST - self._spread * self.tick)
        ask = bid + self._spread * self.tick
        if self._bids and (max(self._bids), min(self._asks)) == (bid, ask):
            return False
        self._bids = self._side(self._bids, bid, -self.tick)
        self._asks = self._side(self._asks, ask, self.tick)
        return True

    def shake(self) -> None:
        """One level's size changes, usually at the top."""
        side = self._bids if self._chance.one_in(2) else self._asks
        ordered = sorted(side, reverse=side is self._bids)
        reach = 1 if self._chance.below(10) < 6 else len(ordered)
        px = ordered[self._chance.below(reach)]
        old, near = side[px], self._chance.between(-60, 90)
        side[px] = self._size() if self._chance.one_in(4) else _whole(old + old * near // 100)

    def trade(self) -> Trade:
        """Somebody takes part of the best level; what is left stays."""
        is_buy = self._chance.one_in(2)
        side = self._asks if is_buy else self._bids
        px = min(side) if is_buy else max(side)
        whole = side[px] // MICRO
        qty = self._chance.between(1, max(1, min(whole - 1, 400))) * MICRO
        side[px] = max(MICRO, side[px] - qty)
        return Px(px), Qty(qty), Side.BUY if is_buy else Side.SELL

    def _side(self, old: dict[int, int], best: int, step: int) -> dict[int, int]:
        """Levels outward from `best`: those that were there keep their size."""
        made: dict[int, int] = {}
        px = best
        while len(made) < self._depth and 0 < px < MICRO:
            made[px] = old.get(px) or self._size()
            px += step * (2 if self._chance.one_in(6) else 1)
        return made

    def _size(self) -> int:
        low, high = self._chance.pick(SIZES)
        return self._chance.between(low, high) * MICRO


def _whole(size: int) -> int:
    """Whole contracts, 5 to 3,000."""
    return min(max(size // MICRO, 5), 3_000) * MICRO
