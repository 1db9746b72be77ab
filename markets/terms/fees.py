"""Fees as the venues charge them, exactly, and the worst case where a schedule is not known.

A schedule's `kind` names its formula; the formulas, their dates and sources stand in
`fees_kalshi`, `fees_polymarket` and `fees_other`. A fee is a function of its arguments alone: no
fee depends on what was charged before. Trade fees come with the fill, settlement fees with the
payout of a world. An unknown kind, whatever its parameters say, is priced as `WORST`, which is
dearer than every published schedule.
Not here: rebates (stated beside their venue, never booked at trade time), friction (`friction`).
"""

import hashlib
from collections.abc import Callable
from functools import lru_cache

import msgspec

from markets.terms import fees_kalshi, fees_other, fees_polymarket
from markets.terms.instruments import FeeSchedule
from markets.terms.units import MICRO, ONE, ONE_CONTRACT, Px, Qty, Usd, text_from_micros

KALSHI = fees_kalshi.KIND
POLYMARKET = fees_polymarket.KIND
NONE = "none"
UNKNOWN = "unknown"

# Twice the dearest published coefficient, in whole cents, and the dearest published profit share
# and withdrawal charge.
WORST = FeeSchedule(
    UNKNOWN,
    rate_ppm=140_000,
    maker_rate_ppm=140_000,
    precision=Usd(10_000),
    settle_ppm=100_000,
    withdraw_ppm=50_000,
)
# On top of that a share of the money paid, above the dearest pool seen: a quadratic fee vanishes
# near one dollar, a pool's does not.
_WORST_POOL = FeeSchedule(fees_other.POOL, 50_000, precision=Usd(10_000))

_EACH = MICRO**3
_QUADRATIC = (KALSHI, POLYMARKET)


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
    rounding and without what is charged once per fill, rounded up.
    """
    if schedule.kind in _QUADRATIC:
        return Px(-(-schedule.rate_ppm * schedule.multiplier_ppm * px * (ONE - px) // _EACH))
    return _other_each(schedule, px)


@lru_cache(maxsize=4_096)
def as_maker(schedule: FeeSchedule) -> FeeSchedule:
    """The schedule under which a taker pays what a resting order pays under this one, or more.

    A multiplier below one is taken as one: whether it also scales a maker's fee is not known
    (kalshi sheet 6.1, November 2026). An unknown schedule, and one that asks everybody the same,
    stays as it is. Each part a resting order fills in is rounded by itself; one is counted.
    """
    if schedule.kind not in _RULES or schedule.kind == fees_other.POOL:
        return schedule
    multiplier = max(schedule.multiplier_ppm, MICRO)
    return msgspec.structs.replace(
        schedule, rate_ppm=schedule.maker_rate_ppm, multiplier_ppm=multiplier
    )


def formula_fee(
    schedule: FeeSchedule, px: Px, qty: Qty, *, maker: bool = False, selling: bool = False
) -> Usd:
    """The formula alone, before any step, least charge or cost per fill: to compare, not to pay.

    Rounded to the nearest millionth of a dollar (half up) where the formula is quadratic, else up.
    """
    known = schedule if schedule.kind in _RULES else WORST
    if known.kind in _SHAPES and "p·(1-p)" in _SHAPES[known.kind]:
        rate = known.maker_rate_ppm if maker else known.rate_ppm
        model = rate * known.multiplier_ppm * qty * px * (ONE - px)
        return Usd((2 * model + MICRO**4) // (2 * MICRO**4))
    return _smooth(known, px, qty, maker, selling)


def settlement_fee(schedule: FeeSchedule, pays: Usd, cost: Usd, *, withdrawn: bool = True) -> Usd:
    """What the venue keeps when a position that cost `cost` (without trade fees) pays `pays`.

    Units: millionths of a dollar, rounded up; 0 where the venue takes nothing at settlement, and
    for a position that pays nothing. `withdrawn` also charges taking the payout out of the venue.
    An unknown kind is charged as `WORST`.
    """
    known = schedule if schedule.kind in _RULES else WORST
    if not (known.settle_ppm or known.withdraw_ppm):
        return Usd(0)
    if not withdrawn:
        known = msgspec.structs.replace(known, withdraw_ppm=0)
    return fees_other.settlement(known, pays, cost)


def nets_in_market(schedule: FeeSchedule) -> bool:
    """Whether the settlement fee is taken on a whole market's net result, not per position."""
    return schedule.kind == fees_other.NET_WINNINGS


def is_known(schedule: FeeSchedule) -> bool:
    """Whether the schedule has a formula of its own; else it is priced as the worst case."""
    return schedule.kind in _RULES


def describe(schedule: FeeSchedule) -> str:
    """The schedule in a few words, for the explanation of an edge."""
    if schedule.kind not in _RULES:
        said = f": {schedule.said}" if schedule.said else ""
        return f"schedule unknown, worst case{said}"
    words = []
    if schedule.rate_ppm:
        rate = schedule.rate_ppm * schedule.multiplier_ppm // MICRO
        words.append(f"taker {_percent(rate)}{_SHAPES.get(schedule.kind, '')}")
    if schedule.fixed:
        words.append(f"${text_from_micros(schedule.fixed, 2)} a fill")
    if schedule.settle_ppm:
        of = "net winnings" if nets_in_market(schedule) else "profit"
        words.append(f"{_percent(schedule.settle_ppm)} of {of}")
    if schedule.withdraw_ppm:
        words.append(f"{_percent(schedule.withdraw_ppm)} of withdrawals")
    return ", ".join(words) or ("taker 0%·p·(1-p)" if schedule.kind in _QUADRATIC else "no fee")


def revision_of(schedule: FeeSchedule) -> str:
    """The name of a schedule's content: the same for the same content, wherever it is computed.

    Shape: eight hexadecimal digits. The schedule's own `rev` does not count, nor does a parameter
    at its default, so that a new kind of parameter renames no schedule without it.
    """
    content = [
        (field.name, getattr(schedule, field.name))
        for field in msgspec.structs.fields(schedule)
        if field.name != "rev" and getattr(schedule, field.name) != field.default
    ]
    return hashlib.sha256(msgspec.json.encode(content)).hexdigest()[:8]


@lru_cache(maxsize=4_096)
def stamped(schedule: FeeSchedule) -> FeeSchedule:
    """The same schedule with its content's name as `rev`."""
    return msgspec.structs.replace(schedule, rev=revision_of(schedule))


def _percent(ppm: int) -> str:
    return f"{text_from_micros(ppm * 100, 0)}%"


def _other_each(schedule: FeeSchedule, px: Px) -> Px:
    known = schedule if schedule.kind in _RULES else WORST
    return Px(_smooth(known, px, ONE_CONTRACT, False, False))


def _smooth(schedule: FeeSchedule, px: Px, qty: Qty, maker: bool, selling: bool) -> Usd:
    """The fee up to the millionth, whatever steps, least charges and costs per fill there are."""
    smooth = msgspec.structs.replace(schedule, precision=Usd(1), step=Usd(1), fixed=Usd(0))
    if schedule.kind == fees_other.CENT_QUADRATIC:
        return fees_polymarket.fee(smooth, px, qty, maker, selling)
    if schedule.kind in _RULES:
        return _RULES[schedule.kind](smooth, px, qty, maker, selling)
    pool = msgspec.structs.replace(_WORST_POOL, precision=Usd(1))
    quadratic = fees_polymarket.fee(smooth, px, qty, maker, selling)
    return Usd(quadratic + fees_other.pool(pool, px, qty, maker, selling))


def _none(schedule: FeeSchedule, px: Px, qty: Qty, maker: bool, selling: bool) -> Usd:
    return Usd(0)


def _worst(schedule: FeeSchedule, px: Px, qty: Qty, maker: bool, selling: bool) -> Usd:
    quadratic = fees_polymarket.fee(WORST, px, qty, maker, selling)
    return Usd(quadratic + fees_other.pool(_WORST_POOL, px, qty, maker, selling))


_RULES: dict[str, Callable[[FeeSchedule, Px, Qty, bool, bool], Usd]] = {
    KALSHI: fees_kalshi.fee,
    POLYMARKET: fees_polymarket.fee,
    fees_other.LEAST_SIDE: fees_other.least_side,
    fees_other.LEAST_SIDE_SHARES: fees_other.least_side_shares,
    fees_other.POOL: fees_other.pool,
    fees_other.CENT_QUADRATIC: fees_other.cent_quadratic,
    fees_other.PROFIT_SHARE: _none,
    fees_other.NET_WINNINGS: _none,
    fees_other.MARGIN: _none,
    NONE: _none,
}
_SHAPES = {
    KALSHI: "·p·(1-p)",
    POLYMARKET: "·p·(1-p)",
    fees_other.CENT_QUADRATIC: "·p·(1-p)",
    fees_other.LEAST_SIDE: "·min(p, 1-p)",
    fees_other.LEAST_SIDE_SHARES: "·min(p, 1-p) in contracts",
    fees_other.POOL: " of the money paid",
}
