"""Fees as the venues charge them, exactly, and the worst case where a schedule is not known.

Both venues charge the taker `rate * multiplier * contracts * price * (1 - price)`; they round
differently.
Kalshi rounds the trade fee up to $0.0001 and then floors the balance change to the account's
precision
(kalshi sheet 6.3, regime 2, seen on 33 of 33 production fills of August 2026; the page text of
October 2026 can
only give the same or $0.0001 less). Polymarket charges in steps of $0.00001, direction not stated,
so up
(polymarket sheet 7.1, October 2026). Maker fees are Kalshi's quarter or half on some series, else
none.
Not here: settlement fees, rebates (never booked at trade time), friction.
"""

from collections.abc import Callable

from markets.terms.instruments import FeeSchedule
from markets.terms.units import (
    MICRO,
    ONE,
    Px,
    Qty,
    Rounding,
    Usd,
    divide,
    text_from_micros,
    times,
)

KALSHI = "kalshi_quadratic"
POLYMARKET = "polymarket_taker"
NONE = "none"
UNKNOWN = "unknown"

# Twice the dearest published coefficient, in whole cents: no venue is known to charge more.
WORST = FeeSchedule(UNKNOWN, rate_ppm=140_000, maker_rate_ppm=140_000, precision=Usd(10_000))

_KALSHI_TRADE_STEP = 100
_SCALE = MICRO**4
_EACH = MICRO**3


def trade_fee(
    schedule: FeeSchedule, px: Px, qty: Qty, *, maker: bool = False, selling: bool = False
) -> Usd:
    """The fee of one fill of `qty` contracts at `px`, as the venue charges it, never below.

    Units: millionths of a dollar. An unknown kind is charged as `WORST`.
    """
    rule = _RULES.get(schedule.kind, _worst)
    return rule(schedule, px, qty, maker, selling)


def fee_each(schedule: FeeSchedule, px: Px) -> Px:
    """The taker fee of one contract within a large fill: the formula without the venue's
    rounding, rounded up.
    """
    if schedule.kind == NONE:
        return Px(0)
    known = schedule if schedule.kind in _RULES else WORST
    return Px(-(-known.rate_ppm * known.multiplier_ppm * px * (ONE - px) // _EACH))


def describe(schedule: FeeSchedule) -> str:
    """The schedule in a few words, for the explanation of an edge."""
    if schedule.kind == NONE:
        return "no fee"
    if schedule.kind not in _RULES:
        return "schedule unknown, worst case"
    rate = schedule.rate_ppm * schedule.multiplier_ppm // MICRO
    percent = text_from_micros(rate * 100, 0)
    return f"taker {percent}%·p·(1-p)"


def _model(rate_ppm: int, schedule: FeeSchedule, px: Px, qty: Qty) -> int:
    """Numerator of the fee in millionths of a dollar over `_SCALE`."""
    return rate_ppm * schedule.multiplier_ppm * qty * px * (ONE - px)


def _rate(schedule: FeeSchedule, maker: bool) -> int:
    return schedule.maker_rate_ppm if maker else schedule.rate_ppm


def _kalshi(schedule: FeeSchedule, px: Px, qty: Qty, maker: bool, selling: bool) -> Usd:
    model = _model(_rate(schedule, maker), schedule, px, qty)
    if model == 0:
        return Usd(0)
    trade = divide(model, _SCALE * _KALSHI_TRADE_STEP, Rounding.UP) * _KALSHI_TRADE_STEP
    money = times(px, qty, Rounding.DOWN) if selling else -times(px, qty, Rounding.UP)
    change = divide(money - trade, schedule.precision, Rounding.DOWN) * schedule.precision
    return Usd(money - change)


def _polymarket(schedule: FeeSchedule, px: Px, qty: Qty, maker: bool, selling: bool) -> Usd:
    model = _model(_rate(schedule, maker), schedule, px, qty)
    return Usd(divide(model, _SCALE * schedule.precision, Rounding.UP) * schedule.precision)


def _none(schedule: FeeSchedule, px: Px, qty: Qty, maker: bool, selling: bool) -> Usd:
    return Usd(0)


def _worst(schedule: FeeSchedule, px: Px, qty: Qty, maker: bool, selling: bool) -> Usd:
    return _polymarket(WORST, px, qty, maker, selling)


_RULES: dict[str, Callable[[FeeSchedule, Px, Qty, bool, bool], Usd]] = {
    KALSHI: _kalshi,
    POLYMARKET: _polymarket,
    NONE: _none,
}
