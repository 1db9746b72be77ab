"""Days, weeks and months at their boundaries, also where the clocks change."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from markets.terms.units import SECOND, Ns
from trading.engine.periods import Period, bounds

HOUR = 3600 * SECOND


def ns(text: str) -> Ns:
    return Ns(int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * SECOND)


@pytest.mark.parametrize(
    ("period", "at", "zone", "begins", "ends"),
    [
        (Period.DAY, "2026-11-30T12:00", "UTC", "2026-11-30", "2026-12-01"),
        (Period.DAY, "2026-11-30T00:00", "UTC", "2026-11-30", "2026-12-01"),
        (Period.DAY, "2026-11-29T23:59:59", "UTC", "2026-11-29", "2026-11-30"),
        (
            Period.DAY,
            "2026-11-30T04:59",
            "America/New_York",
            "2026-11-29T05:00",
            "2026-11-30T05:00",
        ),
        (
            Period.DAY,
            "2026-11-30T05:00",
            "America/New_York",
            "2026-11-30T05:00",
            "2026-12-01T05:00",
        ),
        (Period.WEEK, "2026-11-29T23:59", "UTC", "2026-11-23", "2026-11-30"),
        (Period.WEEK, "2026-11-30T00:00", "UTC", "2026-11-30", "2026-12-07"),
        (Period.MONTH, "2026-11-30T23:59", "UTC", "2026-11-01", "2026-12-01"),
        (Period.MONTH, "2026-12-31T23:30", "Europe/Berlin", "2026-12-31T23:00", "2027-01-31T23:00"),
        (Period.MONTH, "2028-02-29T12:00", "UTC", "2028-02-01", "2028-03-01"),
    ],
)
def test_a_period_begins_at_local_midnight(
    period: Period, at: str, zone: str, begins: str, ends: str
) -> None:
    assert bounds(period, ns(at), zone) == (ns(begins), ns(ends))


@pytest.mark.parametrize(
    ("day", "zone", "hours"),
    [
        ("2026-03-29T12:00", "Europe/Berlin", 23),
        ("2026-10-25T12:00", "Europe/Berlin", 25),
        ("2026-03-08T12:00", "America/New_York", 23),
        ("2026-11-01T12:00", "America/New_York", 25),
        ("2026-11-30T12:00", "America/New_York", 24),
    ],
)
def test_a_day_is_shorter_or_longer_when_the_clocks_change(day: str, zone: str, hours: int) -> None:
    begins, ends = bounds(Period.DAY, ns(day), zone)
    assert ends - begins == hours * HOUR


def test_the_hour_that_happens_twice_lies_in_one_day() -> None:
    first, second = ns("2026-10-25T00:30"), ns("2026-10-25T01:30")
    zone = "Europe/Berlin"
    assert bounds(Period.DAY, first, zone) == bounds(Period.DAY, second, zone)


def test_an_unknown_zone_is_named() -> None:
    with pytest.raises(ValueError, match="no time zone 'Nowhere'"):
        bounds(Period.DAY, ns("2026-11-30"), "Nowhere")


@given(
    st.integers(1_500_000_000, 2_000_000_000),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Apia"]),
    st.sampled_from(list(Period)),
)
def test_periods_join_without_gap_or_overlap(seconds: int, zone: str, period: Period) -> None:
    at = Ns(seconds * SECOND)
    begins, ends = bounds(period, at, zone)
    assert begins <= at < ends
    assert bounds(period, ends, zone)[0] == ends
    assert bounds(period, Ns(ends - 1), zone) == (begins, ends)
