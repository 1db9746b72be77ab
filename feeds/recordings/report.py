"""What a backtest came to. Money in millionths of a dollar, ratios as floats, None where there is
too little to say anything.

Sharpe is of the results per UTC day, days without a deal included, times the root of 365: these
markets never close. Its interval is the middle 95 % of resampled days. Drawdown is the deepest fall
of the summed results below their highest point. Slippage is what a balanced package cost more than
its plan expected. Pure: chance comes in as a number.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from statistics import mean, median, stdev

import msgspec

from feeds.sim.chance import Chance
from markets.terms.ids import DealId
from markets.terms.units import DAY, MICRO, Ns, Qty, Rounding, Usd, divide, times
from trading.engine.deals import Deal

YEAR_DAYS = 365
RESAMPLED = 1_000
TAIL = 0.025


class Booked(msgspec.Struct, frozen=True):
    """A deal's result changed by so much at that time."""

    deal: DealId
    at: Ns
    change: Usd


class Report(msgspec.Struct, frozen=True):
    """The figures. `days` are UTC days from the first to the last event, both counted."""

    trades: int
    days: int
    pnl_net: Usd
    fees: Usd
    sharpe: float | None
    sharpe_ci: tuple[float, float] | None
    hit_rate: float | None
    avg_entry_edge: Usd | None
    slippage_median: Usd | None
    max_drawdown: Usd


def report(
    deals: Sequence[Deal], changes: Sequence[Booked], span: tuple[Ns, Ns], seed: int = 1
) -> Report:
    """Figures over the deals that bought anything; `span` is the first and the last event."""
    traded = [deal for deal in deals if any(leg.fees or leg.cost or leg.held for leg in deal.legs)]
    daily = per_day(changes, span)
    slips = [slip for deal in traded if (slip := slippage(deal)) is not None]
    return Report(
        trades=len(traded),
        days=len(daily),
        pnl_net=Usd(sum(deal.locked for deal in traded)),
        fees=Usd(sum(leg.fees for deal in traded for leg in deal.legs)),
        sharpe=sharpe(daily),
        sharpe_ci=interval(daily, seed),
        hit_rate=sum(d.locked > 0 for d in traded) / len(traded) if traded else None,
        avg_entry_edge=Usd(round(mean(d.planned_net for d in traded))) if traded else None,
        slippage_median=Usd(round(median(slips))) if slips else None,
        max_drawdown=drawdown(changes),
    )


def per_day(changes: Sequence[Booked], span: tuple[Ns, Ns]) -> list[int]:
    """Results of each UTC day of the span; what came after it belongs to its last day."""
    first, last = span[0] // DAY, span[1] // DAY
    daily = [0] * (last - first + 1)
    for change in changes:
        daily[min(max(change.at // DAY, first), last) - first] += change.change
    return daily


def sharpe(daily: Sequence[int]) -> float | None:
    """Mean over deviation of days, for a year; None below two days or without any deviation."""
    if len(daily) < 2 or (spread := stdev(daily)) == 0:
        return None
    return mean(daily) / spread * sqrt(YEAR_DAYS)


def interval(daily: Sequence[int], seed: int) -> tuple[float, float] | None:
    """Where the Sharpe of resampled days mostly lies; None where too few of them have one."""
    if sharpe(daily) is None:
        return None
    chance = Chance(seed)
    drawn = (sharpe([daily[chance.below(len(daily))] for _ in daily]) for _ in range(RESAMPLED))
    found = sorted(one for one in drawn if one is not None)
    if len(found) < RESAMPLED // 2:
        return None
    return found[int(len(found) * TAIL)], found[int(len(found) * (1 - TAIL))]


def slippage(deal: Deal) -> int | None:
    """What a package cost above its plan, rounded up; None for a deal that holds none."""
    if deal.matched <= 0:
        return None
    paid = sum(leg.cost - times(leg.expected, leg.held, Rounding.DOWN) for leg in deal.legs)
    return divide(paid * MICRO, Qty(deal.matched), Rounding.UP)


def drawdown(changes: Sequence[Booked]) -> Usd:
    """The deepest fall from the highest sum so far; 0 without one."""
    total = highest = deepest = 0
    for change in sorted(changes, key=lambda one: one.at):
        total += change.change
        highest = max(highest, total)
        deepest = max(deepest, highest - total)
    return Usd(deepest)
