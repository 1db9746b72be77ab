from datetime import date, datetime

import pytest

from markets.matching.windows import days, summer, window


@pytest.mark.parametrize(
    ("text", "form", "start", "cut"),
    [
        ("before Apr 1, 2026", "by", None, "2026-04-01T00:00"),
        ("by March 31, 2026, 11:59 PM ET", "by", None, "2026-04-01T00:00"),
        ("by 11:59 PM ET on Mar 31, 2026", "by", None, "2026-04-01T00:00"),
        ("by 31 Mar '26", "by", None, "2026-04-01T00:00"),
        ("before January 2027", "by", None, "2027-01-01T00:00"),
        ("by December 31, 2026, 11:59 PM PT", "by", None, "2027-01-01T03:00"),
        ("in 2026", "in", "2026-01-01T00:00", "2027-01-01T00:00"),
        ("in March 2026", "in", "2026-03-01T00:00", "2026-04-01T00:00"),
        ("starting Jan 1, 2026 and before 2027", "by", "2026-01-01T00:00", "2027-01-01T00:00"),
        ("between market creation and April 30, 2026", "by", None, "2026-05-01T00:00"),
        ("on Dec 31, 2026 at 10:00 AM ET", "on", "2026-12-31T10:00", "2026-12-31T10:00"),
        ("on 2026-12-31", "on", "2026-12-31T00:00", "2026-12-31T00:00"),
    ],
)
def test_a_window_is_read(text: str, form: str, start: str | None, cut: str) -> None:
    found = window(text)

    assert found is not None
    assert found.form == form
    assert found.start == (datetime.fromisoformat(start) if start else None)
    assert found.cut == datetime.fromisoformat(cut)


def test_a_date_without_a_year_is_not_guessed() -> None:
    assert window("by June 30?") is None
    assert window("by June 30?", 2026) is not None


def test_a_date_that_does_not_exist_is_not_read() -> None:
    assert days("by February 30, 2026") == ()


def test_utc_is_moved_by_summer_time() -> None:
    assert days("by July 1, 2026 8:00 PM UTC")[0].minute == 16 * 60
    assert days("by January 5, 2026 8:00 PM UTC")[0].minute == 15 * 60


@pytest.mark.parametrize(
    ("day", "is_summer"),
    [
        (date(2026, 3, 7), False),
        (date(2026, 3, 8), True),
        (date(2026, 10, 31), True),
        (date(2026, 11, 1), False),
    ],
)
def test_summer_time_runs_from_march_to_november(day: date, is_summer: bool) -> None:
    assert summer(day) is is_summer
