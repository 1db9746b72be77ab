"""Weekly maintenance hours as intervals."""

from datetime import UTC, datetime, time

import pytest

from markets.terms.calendars import Weekly, weekly_windows
from markets.terms.units import SECOND, Ns

KALSHI = Weekly(3, time(3), time(5), "America/New_York")


def utc(text: str) -> Ns:
    return Ns(int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * SECOND)


def test_hours_follow_the_clock_of_their_place_through_daylight_saving() -> None:
    found = weekly_windows(KALSHI, utc("2026-10-29T00:00"), days=8)

    assert found == [
        (utc("2026-10-29T07:00"), utc("2026-10-29T09:00")),
        (utc("2026-11-05T08:00"), utc("2026-11-05T10:00")),
    ]


def test_an_interval_that_runs_counts_and_one_that_is_over_does_not() -> None:
    assert len(weekly_windows(KALSHI, utc("2026-11-19T09:59"), days=3)) == 1
    assert weekly_windows(KALSHI, utc("2026-11-19T10:00"), days=3) == []


def test_hours_over_midnight_end_on_the_next_day() -> None:
    night = Weekly(6, time(23), time(1), "UTC")
    window = (utc("2026-11-22T23:00"), utc("2026-11-23T01:00"))
    assert weekly_windows(night, utc("2026-11-23T00:30"), days=1) == [window]


def test_an_unknown_place_is_named() -> None:
    with pytest.raises(ValueError, match="no time zone 'Mars/North'"):
        weekly_windows(Weekly(0, time(1), time(2), "Mars/North"), Ns(0), days=1)
