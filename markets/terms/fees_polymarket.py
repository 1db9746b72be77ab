"""Polymarket's fees: the taker's formula, the published rate per category and day, and what makers
may be given back.

The taker pays `contracts * rate * price * (1 - price)` in steps of $0.00001; which way a step is
rounded is not published, so up. The rate is the market's own, read from the catalogue; the category
table only answers for markets nobody read. A day before the table begins has no schedule.
Not here: fees in shares (obsolete), the fields `/fee-rate` and `takerBaseFee` (not the fee).
Source: polymarket sheet 7.1 to 7.4, read 2026-11-20; `docs/fees.md` tells it with dates.
"""

from datetime import date

import msgspec

from markets.terms.instruments import FeeSchedule
from markets.terms.units import MICRO, Px, Qty, Rounding, Usd, divide

KIND = "polymarket_taker"
STEP = Usd(10)
CENT = Usd(10_000)
LEAST_REBATE = Usd(MICRO)
BEGIN = date(2026, 3, 30)

_SCALE = MICRO**4


class CategoryFee(msgspec.Struct, frozen=True, gc=False):
    """What markets of a category, made from a day on, charge the taker and share with makers."""

    category: str
    since: date
    rate_ppm: int
    rebate_ppm: int


CATEGORIES: tuple[CategoryFee, ...] = (
    CategoryFee("crypto", BEGIN, 70_000, 200_000),
    CategoryFee("sports", BEGIN, 30_000, 250_000),
    CategoryFee("sports", date(2026, 7, 10), 50_000, 150_000),
    *(
        CategoryFee(name, BEGIN, 40_000, 250_000)
        for name in ("finance", "politics", "mentions", "tech")
    ),
    *(
        CategoryFee(name, BEGIN, 50_000, 250_000)
        for name in ("economics", "culture", "weather", "other")
    ),
    CategoryFee("geopolitics", BEGIN, 0, 0),
)


def category_fee(category: str, day: date) -> CategoryFee | None:
    """The published rate for a market of this category made on this day; None when there is none.

    Shape: `category` in lower case.
    """
    known = [x for x in CATEGORIES if x.category == category and x.since <= day]
    return known[-1] if known else None


def schedule(rate_ppm: int) -> FeeSchedule:
    """The schedule of a market's own rate."""
    return FeeSchedule(KIND, rate_ppm, precision=STEP)


def fee(schedule: FeeSchedule, px: Px, qty: Qty, maker: bool, selling: bool) -> Usd:
    """The charge of one fill, rounded up to the step. Source: polymarket sheet 7.1."""
    rate = schedule.maker_rate_ppm if maker else schedule.rate_ppm
    step = schedule.precision
    model = rate * schedule.multiplier_ppm * qty * px * (MICRO - px)
    return Usd(-(-model // (_SCALE * step)) * step)


def affordable(schedule: FeeSchedule, px: Px, money: Usd) -> Usd:
    """The part of `money` a buy at `px` may spend so that its fee is covered too, down to the cent.

    The venue refuses an order for the whole balance, because the fee comes on top.
    Source: polymarket sheet 7.3 (money / (1 + rate * (1 - price))).
    """
    share = MICRO**3 + schedule.rate_ppm * schedule.multiplier_ppm * (MICRO - px)
    return Usd(divide(money * MICRO**3, share * CENT, Rounding.DOWN) * CENT)


def maker_rebate(rebate_ppm: int, mine: int, everybody: int, collected: Usd) -> Usd:
    """A day's maker rebate in one market, rounded down; below $1 nothing is paid. Never booked at
    trade time.

    `mine` and `everybody` are sums of contracts * rate * price * (1 - price) of filled maker orders
    in any common unit, `collected` the takers' fees. Source: polymarket sheet 7.4.
    """
    if everybody <= 0:
        return Usd(0)
    paid = divide(rebate_ppm * collected * mine, MICRO * everybody, Rounding.DOWN)
    return Usd(paid if paid >= LEAST_REBATE else 0)
