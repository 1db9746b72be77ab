"""Legs bought together: what they cost with fees, what the worst world leaves, the break-even.

Every leg is one share of a claim; exactly `payout` dollars come back per set in the worst regular
world. Each leg is one fill at its price, charged as its venue charges it; a venue that takes its
part at settlement takes it from the leg that wins. Costs are rounded up, gains down.
"""

import msgspec

from markets.terms.fees import describe, settlement_fee, trade_fee
from markets.terms.instruments import FeeSchedule
from markets.terms.units import MICRO, ONE, Px, Qty, Rounding, Usd, divide, times

_YEAR_DAYS = 365
TICK = 1_000


class Leg(msgspec.Struct, frozen=True):
    """A share of a claim: where, and at what price."""

    name: str
    fees: FeeSchedule
    px: Px


class LegLine(msgspec.Struct, frozen=True):
    """A leg for `qty` shares; `pays` is what comes back when it wins, after a settlement fee."""

    name: str
    px: Px
    qty: Qty
    stake: Usd
    fee: Usd
    cost: Usd
    pays: Usd
    formula: str


class Sum(msgspec.Struct, frozen=True):
    """All legs together. `worst` is the least gain over the worlds; `apy_ppm` None without gain."""

    lines: tuple[LegLine, ...]
    asks: Px
    stake: Usd
    fee: Usd
    cost: Usd
    worst: Usd
    each: Px
    capital_cost: Usd
    apy_ppm: int | None


class Asked(msgspec.Struct, frozen=True):
    """How many sets, what a set pays at least, for how long (millionths of a day), at what rate."""

    qty: Qty
    payout: Px
    days: int
    capital_ppm: int = 0


def add_up(legs: tuple[Leg, ...], asked: Asked) -> Sum:
    """The whole calculation."""
    lines = tuple(_line(leg, asked.qty) for leg in legs)
    cost = sum(line.cost for line in lines)
    worst = worst_of(legs, asked)
    return Sum(
        lines=lines,
        asks=Px(sum(leg.px for leg in legs)),
        stake=Usd(sum(line.stake for line in lines)),
        fee=Usd(sum(line.fee for line in lines)),
        cost=Usd(cost),
        worst=worst,
        each=Px(divide(worst * MICRO, asked.qty, Rounding.DOWN)),
        capital_cost=_capital(Usd(cost), asked),
        apy_ppm=_apy(worst, Usd(cost), asked.days),
    )


def worst_of(legs: tuple[Leg, ...], asked: Asked) -> Usd:
    """What the worst regular world leaves of `qty` sets, rounded down.

    The dearest settlement fee among the legs is assumed to fall on every dollar that comes back.
    """
    lines = [_line(leg, asked.qty) for leg in legs]
    least = min(line.pays for line in lines)
    whole = times(ONE, asked.qty, Rounding.DOWN)
    kept = whole - least
    paid = times(asked.payout, asked.qty, Rounding.DOWN)
    taken = divide(kept * asked.payout, ONE, Rounding.UP)
    return Usd(paid - taken - sum(line.cost for line in lines))


def break_even(legs: tuple[Leg, ...], which: int, asked: Asked) -> Px | None:
    """The dearest price of one leg, in tenths of a cent, that loses nothing; None for none."""
    low, high = 0, ONE // TICK - 1
    while low < high:
        middle = (low + high + 1) // 2
        if worst_of(_moved(legs, which, Px(middle * TICK)), asked) >= 0:
            low = middle
        else:
            high = middle - 1
    return Px(low * TICK) if low else None


def grid(
    legs: tuple[Leg, ...], asked: Asked, rows: tuple[int, ...], columns: tuple[int, ...]
) -> tuple[tuple[Px, tuple[tuple[Px, Usd | None], ...]], ...]:
    """The worst case when the first leg's price moves by `rows` and the second's by `columns`.

    Shape: per row its price and (price, result) per column; None where a price is out of range.
    """
    found = []
    for down in rows:
        first = Px(legs[0].px + down)
        cells = []
        for across in columns:
            second = Px(legs[1].px + across)
            legal = 0 < first < ONE and 0 < second < ONE
            moved = _moved(_moved(legs, 0, first), 1, second)
            cells.append((second, worst_of(moved, asked) if legal else None))
        found.append((first, tuple(cells)))
    return tuple(found)


def _moved(legs: tuple[Leg, ...], which: int, px: Px) -> tuple[Leg, ...]:
    return tuple(
        msgspec.structs.replace(leg, px=px) if i == which else leg for i, leg in enumerate(legs)
    )


def _line(leg: Leg, qty: Qty) -> LegLine:
    stake = times(leg.px, qty, Rounding.UP)
    fee = trade_fee(leg.fees, leg.px, qty)
    won = times(ONE, qty, Rounding.DOWN)
    return LegLine(
        name=leg.name,
        px=leg.px,
        qty=qty,
        stake=stake,
        fee=fee,
        cost=Usd(stake + fee),
        pays=Usd(won - settlement_fee(leg.fees, won, stake)),
        formula=describe(leg.fees),
    )


def _capital(cost: Usd, asked: Asked) -> Usd:
    return Usd(
        divide(cost * asked.capital_ppm * asked.days, MICRO * MICRO * _YEAR_DAYS, Rounding.UP)
    )


def _apy(worst: Usd, cost: Usd, days: int) -> int | None:
    if worst <= 0 or cost <= 0:
        return None
    return divide(worst * MICRO * MICRO * _YEAR_DAYS, cost * days, Rounding.DOWN)
