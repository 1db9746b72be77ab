"""The other shapes a fee takes, and the figures the other venues publish.

On the trade: a share of the cheaper side, the same taken in contracts, a share of the money paid
into a pool, a quadratic fee in whole cents. At settlement: a share of each position's profit, a
commission on a market's net winnings, and a share of what is withdrawn. A bookmaker's margin is in
the price and no fee. Settlement fees are counted on the gain of one position; a venue that nets a
whole market (`NET_WINNINGS`) is handed the market's payout and cost instead.
Not here: account-level charges such as an exchange's expert fee, which no single deal causes.
Source: other-venues, predictit and amm sheets, read 2026-11-20; `docs/fees.md` tells it with dates.
"""

from datetime import date

import msgspec

from markets.terms.instruments import FeeSchedule
from markets.terms.units import MICRO, Px, Qty, Rounding, Usd, divide

LEAST_SIDE = "least_side"
LEAST_SIDE_SHARES = "least_side_shares"
POOL = "pool_share"
CENT_QUADRATIC = "cent_quadratic"
PROFIT_SHARE = "profit_share"
NET_WINNINGS = "net_winnings"
MARGIN = "margin"

AT_SETTLEMENT = (PROFIT_SHARE, NET_WINNINGS)

_CENT = 10_000


class VenueFee(msgspec.Struct, frozen=True, gc=False):
    """A venue's published schedule: since when we know it, and where it stands."""

    venue: str
    since: date
    schedule: FeeSchedule
    text: str


def _exact(kind: str, rate_ppm: int, maker_ppm: int = 0) -> FeeSchedule:
    return FeeSchedule(kind, rate_ppm, maker_ppm, precision=Usd(1))


def commission(rate_ppm: int) -> FeeSchedule:
    """An exchange's commission on a market's net winnings. Source: other-venues sheet 1 and 2."""
    return FeeSchedule(NET_WINNINGS, 0, precision=Usd(1), settle_ppm=rate_ppm)


PREDICTIT = FeeSchedule(PROFIT_SHARE, 0, precision=Usd(1), settle_ppm=100_000, withdraw_ppm=50_000)
_READ = date(2026, 11, 20)
VENUES: tuple[VenueFee, ...] = (
    VenueFee("predictit", date(2014, 1, 1), PREDICTIT, "10% of profit, 5% of withdrawals"),
    VenueFee("betfair", _READ, commission(50_000), "5% of net winnings, the base rate's upper end"),
    VenueFee("smarkets", _READ, commission(20_000), "2% of net winnings"),
    VenueFee("matchbook", _READ, commission(20_000), "2% of net winnings"),
    VenueFee("betdaq", _READ, commission(50_000), "5% of net winnings, before any discount"),
    VenueFee("sx", _READ, commission(20_000), "2% of profit, the older page; 0 by default now"),
    VenueFee("gemini", _READ, _exact(LEAST_SIDE, 50_000, 10_000), "5% of the cheaper side"),
    VenueFee("predictfun", _READ, _exact(LEAST_SIDE, 20_000), "2% of the cheaper side"),
    VenueFee("limitless", _READ, _exact(POOL, 4_000), "0.40% of the money paid into a pool"),
    VenueFee("myriad", _READ, _exact(POOL, 40_000), "4% of the money, the dearest market seen"),
    VenueFee("omen", _READ, _exact(POOL, 20_000), "2% of the money paid into a pool"),
    VenueFee("rothera", _READ, _exact(CENT_QUADRATIC, 60_000), "6%·p·(1-p) to the cent, least 1¢"),
    VenueFee("ps3838", _READ, _exact(MARGIN, 0), "no fee, the margin is in the price"),
    VenueFee("bookmaker", _READ, _exact(MARGIN, 0), "no fee, the margin is in the price"),
    VenueFee("manifold", _READ, _exact(POOL, 0), "no fee today (play money)"),
    VenueFee("forecastex", _READ, _exact(MARGIN, 0), "no commission"),
)


def venue_fee(venue: str, day: date | None = None) -> VenueFee | None:
    """The published schedule of one of these venues; None where none was on record by that day."""
    known = [x for x in VENUES if x.venue == venue and (day is None or x.since <= day)]
    return known[-1] if known else None


def least_side(schedule: FeeSchedule, px: Px, qty: Qty, maker: bool, selling: bool) -> Usd:
    """`rate * min(price, 1 - price)` per contract, paid on top, up to the step.

    Source: odds-math sheet 7, other-venues sheet (Gemini, predict.fun).
    """
    rate = schedule.maker_rate_ppm if maker else schedule.rate_ppm
    model = rate * schedule.multiplier_ppm * qty * min(px, MICRO - px)
    return _up(schedule, model, MICRO**3)


def least_side_shares(schedule: FeeSchedule, px: Px, qty: Qty, maker: bool, selling: bool) -> Usd:
    """The same fee taken in contracts on a buy, as money on top for `qty` contracts that remain.

    Of each contract bought `rate * min(price, 1 - price) / price` is kept by the venue, so that a
    contract that remains costs `price / (1 - that)`. A sale pays in money. Rounded up.
    Source: odds-math sheet 7, other-venues sheet (Limitless).
    """
    if selling:
        return least_side(schedule, px, qty, maker, selling)
    rate = (schedule.maker_rate_ppm if maker else schedule.rate_ppm) * schedule.multiplier_ppm
    kept = rate * min(px, MICRO - px)
    rest = px * MICRO**2 - kept
    if rest <= 0:
        raise ValueError(f"a fee of {rate} ppm of ppm leaves no contract at {px} millionths")
    return _up(schedule, kept * qty * px, rest * MICRO)


def pool(schedule: FeeSchedule, px: Px, qty: Qty, maker: bool, selling: bool) -> Usd:
    """A share of the money: of what is paid in on a buy, grossed up on a sale, and gas (`fixed`).

    `px` is the average price along the curve, before fee: to have `price * qty` reach the pool,
    `price * qty / (1 - rate)` is paid in. Rounded up. Source: amm sheet 2 and 3.
    """
    rate = schedule.rate_ppm * schedule.multiplier_ppm
    rest = MICRO**2 - rate
    if rest <= 0:
        raise ValueError(f"a pool fee of {rate} ppm of ppm leaves nothing")
    return Usd(_up(schedule, rate * px * qty, rest * MICRO) + (schedule.fixed if qty else 0))


def cent_quadratic(schedule: FeeSchedule, px: Px, qty: Qty, maker: bool, selling: bool) -> Usd:
    """`rate * price * (1 - price)` per contract to the nearest cent (half up), one cent at least.

    The venue's own rounding, the one named here that can go below the formula.
    Source: other-venues sheet (Rothera).
    """
    rate = schedule.maker_rate_ppm if maker else schedule.rate_ppm
    model = rate * schedule.multiplier_ppm * qty * px * (MICRO - px)
    cent = MICRO**4 * _CENT
    return Usd(max(_CENT, divide(2 * model + cent, 2 * cent, Rounding.DOWN) * _CENT) if qty else 0)


def settlement(schedule: FeeSchedule, pays: Usd, cost: Usd) -> Usd:
    """What is kept of a payout: a share of the gain, then a share of what is taken out. Up.

    Source: predictit sheet 5, odds-math sheet 7.
    """
    gain = max(0, pays - cost)
    kept = divide(schedule.settle_ppm * gain, MICRO, Rounding.UP)
    left = max(0, pays - kept)
    return Usd(kept + divide(schedule.withdraw_ppm * left, MICRO, Rounding.UP))


def _up(schedule: FeeSchedule, numerator: int, denominator: int) -> Usd:
    step = schedule.precision
    return Usd(divide(numerator, denominator * step, Rounding.UP) * step)
