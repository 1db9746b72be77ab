"""Days, weeks and months of a place, as intervals of UTC.

A day begins at local midnight and is 23 or 25 hours long when the clocks change; a week begins on
Monday, a month on its first. Where midnight does not exist on a day, the day begins with the first
moment that does. An interval has its beginning and not its end.
"""

from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from markets.terms.calendars import zone
from markets.terms.units import SECOND, Ns

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_A_SECOND = timedelta(seconds=1)
_A_DAY = timedelta(days=1)
_MORE_THAN_A_MONTH = timedelta(days=32)


class Period(StrEnum):
    """What a stop counts over."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


def bounds(period: Period, at: Ns, timezone: str) -> tuple[Ns, Ns]:
    """Beginning and end of the period that `at` lies in.

    Errors: `ValueError` for an unknown time zone.
    """
    place = zone(timezone)
    day = (_EPOCH + timedelta(seconds=at // SECOND)).astimezone(place).date()
    if period is Period.DAY:
        first, after = day, day + _A_DAY
    elif period is Period.WEEK:
        first = day - timedelta(days=day.weekday())
        after = first + timedelta(days=7)
    else:
        first = day.replace(day=1)
        after = (first + _MORE_THAN_A_MONTH).replace(day=1)
    return _begin(first, place), _begin(after, place)


def _begin(day: date, place: ZoneInfo) -> Ns:
    moment = datetime.combine(day, time(), tzinfo=place)
    return Ns((moment - _EPOCH) // _A_SECOND * SECOND)
