"""Which orders two venues both take: the most equal shares, and the limit prices that allow them.

A venue takes a size in its lots, at least its smallest order, at a price on its grid, and at some
venues only for whole money steps: then the size that can be sent depends on the limit, and a limit
a step higher may allow shares that the lower one does not. Invariants: both legs have the same
size; no limit leaves the room it was given; nothing is rounded, what cannot be had is lost.
Source: polymarket sheet 3.4 and 3.11, kalshi sheet 3.4.
"""

from math import gcd, lcm

import msgspec

from markets.terms.instruments import Market
from markets.terms.units import MICRO, Px, Qty, Rounding, times

MOST_LIMITS = 32


class Room(msgspec.Struct, frozen=True, gc=False):
    """Limits a leg may carry: from the worst level it must reach to the worst it may pay."""

    market: Market
    least: Px
    most: Px


class FeasiblePair(msgspec.Struct, frozen=True, gc=False):
    """Equal shares at two limits; `lost` is what was wanted and cannot be had."""

    size: Qty
    limits: tuple[Px, Px]
    lost: Qty


def feasible_pair(one: Room, other: Room, wanted: Qty) -> FeasiblePair | None:
    """The most equal shares, at most `wanted`, both venues take, at the lowest limits that allow
    them; None where there are none.

    Looks at up to 32 limits of each leg, upwards from the least.
    """
    best: FeasiblePair | None = None
    for px in limits(one):
        for other_px in limits(other):
            step = lcm(step_at(one.market, px), step_at(other.market, other_px))
            size = Qty(wanted // step * step)
            found = FeasiblePair(size, (px, other_px), Qty(wanted - size))
            if _is_taken(one.market, px, size) and _is_taken(other.market, other_px, size):
                best = found if best is None else _better(best, found)
    return best


def limits(room: Room) -> list[Px]:
    """Legal prices within the room, the lowest first."""
    found: list[Px] = []
    px = room.market.ticks.to_legal(room.least, Rounding.UP)
    while px is not None and px <= room.most and len(found) < MOST_LIMITS:
        found.append(px)
        px = room.market.ticks.to_legal(Px(px + 1), Rounding.UP)
    return found


def step_at(market: Market, px: Px) -> int:
    """Every multiple of this size (millionths) is whole lots and whole money steps at a limit."""
    if not market.money_step:
        return market.lot
    whole = market.money_step * MICRO
    return lcm(market.lot, whole // gcd(whole, px))


def _is_taken(market: Market, px: Px, size: Qty) -> bool:
    """Whether the size is no smaller than the venue's smallest order at this price."""
    is_worth = times(px, size, Rounding.DOWN) >= market.min_notional
    return size > 0 and size >= market.min_size and is_worth


def _better(one: FeasiblePair, other: FeasiblePair) -> FeasiblePair:
    """The larger, then the cheaper; the first of equals."""
    return max(one, other, key=lambda f: (f.size, -sum(f.limits)))
