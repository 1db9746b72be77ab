"""When Kalshi does not trade, as its own schedule says: the gaps between its hours, and its pauses.

Hours are wall-clock hours in New York; `00:00` as an end is the end of the day, so that `00:00` to
`00:00` is all of it. Of several sets of hours the one in force counts.
Source: kalshi sheet 3.2 (`GET /exchange/schedule`), read 2026-11-30.
"""

from datetime import UTC, datetime, time

import msgspec

from feeds.venues.base import Closed, Reply, Request
from markets.terms.calendars import Weekly
from markets.terms.units import SECOND, Ns

REQUEST = Request("GET", "rest", "/exchange/schedule")
PLACE = "America/New_York"
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MIDNIGHT = time(0)


class _Open(msgspec.Struct, frozen=True):
    open_time: str
    close_time: str


class _Hours(msgspec.Struct, frozen=True):
    start_time: datetime
    end_time: datetime
    monday: list[_Open] = []
    tuesday: list[_Open] = []
    wednesday: list[_Open] = []
    thursday: list[_Open] = []
    friday: list[_Open] = []
    saturday: list[_Open] = []
    sunday: list[_Open] = []


class _Window(msgspec.Struct, frozen=True):
    start_datetime: datetime
    end_datetime: datetime


class _Schedule(msgspec.Struct, frozen=True):
    standard_hours: list[_Hours]
    maintenance_windows: list[_Window] = []


class _Body(msgspec.Struct, frozen=True):
    schedule: _Schedule


_decoder = msgspec.json.Decoder(_Body)


def told(reply: Reply, at: Ns) -> tuple[Closed, ...] | None:
    """Every gap of the hours in force at `at` and every pause that is not over; None for an answer
    that says nothing of it, or names no hours in force: that is no word of being always open.
    """
    if reply.status != 200:
        return None
    try:
        schedule = _decoder.decode(reply.body).schedule
        hours = next((h for h in schedule.standard_hours if _is_in_force(h, at)), None)
        if hours is None:
            return None
        gaps = [gap for number, day in enumerate(DAYS) for gap in _gaps(number, _open(hours, day))]
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    pauses = [
        Closed(once=(_ns(window.start_datetime), _ns(window.end_datetime)))
        for window in schedule.maintenance_windows
    ]
    lasting = [one for one in pauses if one.once is not None and at < one.once[1] > one.once[0]]
    return tuple(Closed(weekly=gap) for gap in gaps) + tuple(lasting)


def _is_in_force(hours: _Hours, at: Ns) -> bool:
    return _ns(hours.start_time) <= at < _ns(hours.end_time)


def _open(hours: _Hours, day: str) -> list[tuple[time, time]]:
    """Errors: `ValueError` for an hour that is none."""
    spans: list[_Open] = getattr(hours, day)
    return sorted(
        (time.fromisoformat(s.open_time), time.fromisoformat(s.close_time)) for s in spans
    )


def _gaps(weekday: int, spans: list[tuple[time, time]]) -> list[Weekly]:
    """What lies between; `None` has been reached once a span ends with the day."""
    gaps: list[Weekly] = []
    reached: time | None = MIDNIGHT
    for opens, closes in spans:
        if reached is None:
            break
        if opens > reached:
            gaps.append(Weekly(weekday, reached, opens, PLACE))
        reached = None if closes == MIDNIGHT else max(reached, closes)
    if reached is not None:
        gaps.append(Weekly(weekday, reached, MIDNIGHT, PLACE))
    return gaps


def _ns(moment: datetime) -> Ns:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return Ns(int(aware.timestamp()) * SECOND)
