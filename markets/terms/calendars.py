"""Announced maintenance as intervals of UTC: weekly hours of a place, or once from then to then.

Weekly hours are wall-clock hours of their time zone, so that they move with daylight saving. Hours
that end at or before they begin end on the next day. An interval has its beginning and not its end.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from markets.terms.units import SECOND, Ns

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_A_SECOND = timedelta(seconds=1)
_A_DAY = timedelta(days=1)


class Weekly(msgspec.Struct, frozen=True):
    """Hours of one weekday, 0 is Monday, in a named time zone."""

    weekday: int
    begins: time
    ends: time
    timezone: str


def zone(name: str) -> ZoneInfo:
    """A time zone by its name. Errors: `ValueError` for a name that is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            f"There is no time zone {name!r}; write one like America/New_York or UTC."
        ) from None


def weekly_windows(weekly: Weekly, at: Ns, days: int) -> list[tuple[Ns, Ns]]:
    """The intervals that are not over at `at` and begin within so many days, in order.

    Errors: `ValueError` for an unknown time zone.
    """
    place = zone(weekly.timezone)
    today = (_EPOCH + timedelta(seconds=at // SECOND)).astimezone(place).date()
    found = []
    for ahead in range(-1, days + 1):
        day = today + timedelta(days=ahead)
        if day.weekday() != weekly.weekday:
            continue
        last = day if weekly.ends > weekly.begins else day + _A_DAY
        starts, ends = _ns(day, weekly.begins, place), _ns(last, weekly.ends, place)
        if ends > at:
            found.append((starts, ends))
    return found


def _ns(day: date, hour: time, place: ZoneInfo) -> Ns:
    moment = datetime.combine(day, hour, tzinfo=place)
    return Ns((moment - _EPOCH) // _A_SECOND * SECOND)
