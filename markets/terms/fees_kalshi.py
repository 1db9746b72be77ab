"""Kalshi's fees: the formula, who pays which coefficient, and three rounding regimes with dates.

Taker and maker pay `multiplier * coefficient * contracts * price * (1 - price)`. What changed over
time is how that is rounded and which series had another coefficient or multiplier. Where a rule is
read but not seen on our kind of account, the one seen is charged (`CHARGED`): it is never the
lower. Where a day's rule changed within the day, the dearer holds for the whole day.
Not here: whose series a market belongs to (the venue's catalogue says), rebates at trade time (the
functions at the end state them, nothing books them).
Source: kalshi sheet 6.1 to 6.3, read 2026-11-20; `docs/fees.md` tells it with dates.
"""

from datetime import date

import msgspec

from markets.terms.instruments import FeeSchedule
from markets.terms.units import MICRO, Ns, Px, Qty, Usd, text_from_micros

KIND = "kalshi_quadratic"
CENT = Usd(10_000)
DIRECT = Usd(100)
TAKER_PPM = 70_000
INDEX_PPM = 35_000
INDEX_SERIES = ("KXINX", "KXNASDAQ100")
INDEX_UNTIL = date(2026, 7, 3)
MAKER_PPM = {
    "quadratic": 0,
    "quadratic_with_maker_fees": 17_500,
    "quadratic_with_combo_maker_fees": 35_000,
}
RECLAIM_ABOVE = Usd(10 * MICRO)

_SCALE = MICRO**4
_SAID = 60


class Regime(msgspec.Struct, frozen=True, gc=False):
    """One way of rounding: the trade fee up to `step`, and then, where `floors_balance`, the change
    of the balance down to the account's precision.
    """

    number: int
    since: date
    step: Usd
    floors_balance: bool
    text: str


REGIMES = (
    Regime(1, date.min, CENT, False, "up to the cent per order (fee schedule of 2026-02-05)"),
    Regime(
        2,
        date(2026, 5, 28),
        Usd(100),
        True,
        "trade fee up to $0.0001, then balance down to the account's precision "
        "(33 of 33 production fills of August 2026)",
    ),
    Regime(
        3,
        date(2026, 9, 18),
        Usd(1),
        True,
        "trade fee up to $0.000001, then balance down to the account's precision "
        "(fee page of 2026-09-18 to 2026-10-09, not seen on a fill)",
    ),
)
CHARGED = REGIMES[1]


class SeriesFee(msgspec.Struct, frozen=True, gc=False):
    """What a series charged from a day on."""

    series: str
    since: date
    fee_type: str
    multiplier_ppm: int


_MAKERS = "quadratic_with_maker_fees"
_SEEN = date(2026, 9, 26)
_WAIVED = (
    ("KXTRUMPOUT", date(2025, 10, 22)),
    ("KXBTCY", date(2026, 2, 27)),
    ("KXHYPEPERP", date(2026, 6, 9)),
    ("KXETHY", _SEEN),
    ("KXGREENLAND", _SEEN),
    ("KXDOED", _SEEN),
    ("KXEXPAND", _SEEN),
    ("KXGAMBLINGREPEAL", _SEEN),
    ("KXCITRINI", _SEEN),
    ("KXLAYOFFSYINFO", _SEEN),
    ("KXNEXTIRANLEADER", _SEEN),
    ("KXIRANDEMOCRACY", _SEEN),
    ("KXPAHLAVIHEAD", _SEEN),
    ("KXELECTIRAN", _SEEN),
    ("KXGDPYEAR", _SEEN),
)
_WITH_MAKERS = (
    "KXNFLGAME",
    "KXATPMATCH",
    "KXWCGAME",
    "KXWNBAGAME",
    "KXFED",
    "KXFEDDECISION",
    "KXINXY",
    "KXNASDAQ100Y",
)
# A multiplier below one counts from the first day it was seen; a maker fee always.
SERIES: tuple[SeriesFee, ...] = (
    *(SeriesFee(name, since, "quadratic", 0) for name, since in _WAIVED),
    *(SeriesFee(name, date.min, _MAKERS, MICRO) for name in _WITH_MAKERS),
    SeriesFee("KXMLBGAME", date.min, _MAKERS, MICRO),
    SeriesFee("KXMLBGAME", date(2026, 8, 10), _MAKERS, MICRO // 2),
    SeriesFee("KXMLBSPREAD", date(2026, 8, 14), "quadratic", MICRO // 2),
    SeriesFee("KXMLBKS", date(2026, 8, 14), "quadratic", MICRO // 2),
)


def regime_at(day: date) -> Regime:
    """The rounding in force on a day."""
    return next(regime for regime in reversed(REGIMES) if regime.since <= day)


def series_fee(series: str, day: date) -> SeriesFee | None:
    """What is on record for a series on a day; None: plain, times one.

    Source: series reads of 2026-08-20 and 2026-09-26, announced changes of 2026-06-11.
    """
    known = [x for x in SERIES if x.series == series and x.since <= day]
    return known[-1] if known else None


def coefficient(series: str, day: date) -> int:
    """The taker coefficient in ppm: half on the S&P 500 and Nasdaq-100 series until 2026-07-03
    17:00 UTC, of which day the full one is taken.
    """
    is_index = series.startswith(INDEX_SERIES)
    return INDEX_PPM if is_index and day < INDEX_UNTIL else TAKER_PPM


def schedule(
    fee_type: str,
    multiplier_ppm: int,
    *,
    regime: Regime = CHARGED,
    precision: Usd = DIRECT,
    taker_ppm: int = TAKER_PPM,
) -> FeeSchedule:
    """The schedule of a fee type and a multiplier; `flat` and every type we do not know is kind
    `unknown`, which is priced as the worst case.
    """
    maker = MAKER_PPM.get(fee_type)
    if maker is None or multiplier_ppm < 0:
        said = f"type {fee_type!r} x {text_from_micros(multiplier_ppm, 0)}"
        return FeeSchedule("unknown", taker_ppm, precision=precision, said=said[:_SAID])
    return FeeSchedule(
        KIND,
        taker_ppm,
        maker,
        multiplier_ppm,
        precision=precision if regime.floors_balance else Usd(1),
        step=regime.step,
    )


def overridden(
    series: tuple[str, int], fee_type: str | None, multiplier_ppm: int | None
) -> tuple[str, int]:
    """Type and multiplier of an event: its own where it has them, else its series'."""
    return (
        series[0] if fee_type is None else fee_type,
        series[1] if multiplier_ppm is None else multiplier_ppm,
    )


def waived(fees: FeeSchedule, until: Ns | None, at: Ns) -> FeeSchedule:
    """The schedule of a market with a fee waiver: nothing before `until`, the schedule from then.

    Nothing applies this by itself: a waiver that ends between two readings of the catalogue would
    be a fee of ours left out. Source: kalshi sheet 3.5 (`fee_waiver_expiration_time`).
    """
    if until is None or at >= until:
        return fees
    return msgspec.structs.replace(fees, multiplier_ppm=0)


def fee(schedule: FeeSchedule, px: Px, qty: Qty, maker: bool, selling: bool) -> Usd:
    """The charge of one fill: formula up to `step`, then the balance's change down to `precision`.

    Source: kalshi sheet 6.3.
    """
    rate = schedule.maker_rate_ppm if maker else schedule.rate_ppm
    model = rate * schedule.multiplier_ppm * qty * px * (MICRO - px)
    if model == 0:
        return Usd(0)
    # Written out because sizing asks often: the trade fee up, what we get down, what we pay up (a
    # negative number down), the balance's change down.
    step, precision = schedule.step, schedule.precision
    trade = -(-model // (_SCALE * step)) * step
    money = (px * qty if selling else -px * qty) // MICRO
    change = (money - trade) // precision * precision
    return Usd(money - change)


def rounding_rebate(
    saved: Usd, rounding: Usd, charged: Usd, regime: Regime, precision: Usd
) -> tuple[Usd, Usd]:
    """What an order gets back on a fill, and what stays saved for its next one.

    `saved` is the order's rounding so far, `rounding` this fill's (charged above the formula, down
    to a whole millionth), `charged` this fill's fee. Regime 1 gives nothing back, 2 whole cents
    above one cent, 3 whole steps of the precision; never more than was charged. Never booked at
    trade time. Source: kalshi sheet 6.3; the exact cap is our reading of it.
    """
    total = saved + rounding
    if regime.number == 1:
        return Usd(0), Usd(total)
    unit = CENT if regime.number == 2 else precision
    if total < unit or (regime.number == 2 and total == unit):
        return Usd(0), Usd(total)
    back = min(total, charged) // unit * unit
    return Usd(back), Usd(total - back)


def monthly_reclaim(lost: Usd) -> Usd:
    """What a maker may ask back of a month's rounding: the part above $10. Never booked.

    Source: kalshi sheet 6.4, fee schedule of February 2026.
    """
    return Usd(max(0, lost - RECLAIM_ABOVE))
