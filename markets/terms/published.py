"""Which published schedule answers a question: a venue, a day, and what is known of the market.

What a person states (a rate, a type, a multiplier) wins over the tables; what nobody stated and no
table knows is the worst case, never nothing. Without a day Kalshi's answer is the rule we charge
with, which is the dearer of the two that may be in force. An option that means nothing at a venue
is refused rather than passed over.
Not here: the schedules of markets as listed, which the venues' catalogues read.
"""

from datetime import date

import msgspec

from markets.terms import fees_kalshi, fees_other, fees_polymarket
from markets.terms.fees import UNKNOWN, describe
from markets.terms.instruments import FeeSchedule
from markets.terms.units import MICRO, Usd, text_from_micros

UNKNOWN_TEXT = "schedule unknown, worst case"
VENUES = ("kalshi", "polymarket", "amm", *(x.venue for x in fees_other.VENUES))

_SAME_CATEGORY = {"economy": "economics", "general": "other"}
_ONLY = {
    "series": ("kalshi",),
    "fee_type": ("kalshi",),
    "multiplier_ppm": ("kalshi",),
    "precision": ("kalshi",),
    "category": ("polymarket",),
}
_LATEST = date.max


class Question(msgspec.Struct, frozen=True):
    """What is asked. `None` and empty text: not stated. Rates and multipliers in ppm."""

    venue: str
    day: date | None = None
    series: str = ""
    category: str = ""
    rate_ppm: int | None = None
    fee_type: str = ""
    multiplier_ppm: int | None = None
    precision: Usd | None = None


class Answer(msgspec.Struct, frozen=True):
    """The schedule, and which rule it is, in words."""

    schedule: FeeSchedule
    regime: str


def published(asked: Question) -> Answer:
    """The schedule that answers.

    Errors: `ValueError` in one sentence for a venue without a table, an option of another venue, or
    a rate that is none.
    """
    if asked.venue not in VENUES:
        raise ValueError(
            f"no fee table for venue {asked.venue!r}; there are {', '.join(sorted(VENUES))}"
        )
    for name, venues in _ONLY.items():
        if getattr(asked, name) not in (None, "") and asked.venue not in venues:
            option = {"fee_type": "type", "multiplier_ppm": "multiplier"}.get(name, name)
            raise ValueError(f"--{option} means nothing at {asked.venue}; leave it out")
    for option, ppm in (("rate", asked.rate_ppm), ("multiplier", asked.multiplier_ppm)):
        if ppm is not None and not 0 <= ppm <= MICRO * (1 if option == "rate" else 100):
            raise ValueError(f"--{option} {text_from_micros(ppm, 0)} is no {option} of a fee")
    if asked.venue == "kalshi":
        return _kalshi(asked)
    return _polymarket(asked) if asked.venue == "polymarket" else _other(asked)


def _kalshi(asked: Question) -> Answer:
    day = asked.day or _LATEST
    regime = fees_kalshi.CHARGED if asked.day is None else fees_kalshi.regime_at(asked.day)
    known = fees_kalshi.series_fee(asked.series, day)
    kind = asked.fee_type or (known.fee_type if known else "quadratic")
    ppm = asked.multiplier_ppm
    if ppm is None:
        ppm = known.multiplier_ppm if known else MICRO
    rate = asked.rate_ppm
    found = fees_kalshi.schedule(
        kind,
        ppm,
        regime=regime,
        precision=fees_kalshi.DIRECT if asked.precision is None else asked.precision,
        taker_ppm=fees_kalshi.coefficient(asked.series, day) if rate is None else rate,
    )
    if found.kind == UNKNOWN:
        return Answer(found, f"{describe(found)} has no published formula")
    if rate is not None:
        found = msgspec.structs.replace(found, maker_rate_ppm=rate)
    since = "" if regime.since == date.min else f" from {regime.since}"
    return Answer(
        found,
        f"Kalshi regime {regime.number}{since}: {regime.text}; "
        f"{kind} x {text_from_micros(ppm, 0)}, taker {text_from_micros(found.rate_ppm, 0)}, "
        f"maker {text_from_micros(found.maker_rate_ppm, 0)}",
    )


def _polymarket(asked: Question) -> Answer:
    if asked.rate_ppm is not None:
        found = fees_polymarket.schedule(asked.rate_ppm)
        return Answer(
            found, f"Polymarket, the market's own rate: {describe(found)}, up to $0.00001"
        )
    if not asked.category:
        return _unknown("state the market's --rate or its --category")
    name = asked.category.lower()
    row = fees_polymarket.category_fee(_SAME_CATEGORY.get(name, name), asked.day or _LATEST)
    if row is None:
        return _unknown(f"no rate on record for category {asked.category!r} on that day")
    found = fees_polymarket.schedule(row.rate_ppm)
    return Answer(
        found,
        f"Polymarket {row.category}, markets made from {row.since}: "
        f"{describe(found)}, up to $0.00001",
    )


def _other(asked: Question) -> Answer:
    row = fees_other.venue_fee(asked.venue, asked.day)
    if row is None and asked.rate_ppm is None:
        return _unknown(
            "state the pool's --rate" if asked.venue == "amm" else "nothing on record by that day"
        )
    if row is None:
        pool = FeeSchedule(fees_other.POOL, asked.rate_ppm or 0, precision=Usd(1))
        return Answer(pool, f"{asked.venue}, rate as stated: {describe(pool)}")
    if asked.rate_ppm is None:
        return Answer(row.schedule, f"{row.venue}, on record from {row.since}: {row.text}")
    changed = _with_rate(row.schedule, asked.rate_ppm)
    return Answer(changed, f"{row.venue}, rate as stated: {describe(changed)}")


def _with_rate(found: FeeSchedule, ppm: int) -> FeeSchedule:
    if found.kind in fees_other.AT_SETTLEMENT:
        return msgspec.structs.replace(found, settle_ppm=ppm)
    return msgspec.structs.replace(found, rate_ppm=ppm)


def _unknown(why: str) -> Answer:
    return Answer(FeeSchedule(UNKNOWN, 0), f"{UNKNOWN_TEXT}: {why}")
