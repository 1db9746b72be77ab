"""The exchange's own schedule: gaps between its hours are pauses, and nothing is guessed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, time
from typing import Any

import pytest

from feeds.venues.base import Closed, Reply
from feeds.venues.kalshi.hours import DAYS, PLACE, told
from markets.terms.calendars import Weekly
from markets.terms.units import SECOND, Ns

NOW = Ns(int(datetime(2026, 11, 30, 12, tzinfo=UTC).timestamp()) * SECOND)
WHOLE = [("00:00", "00:00")]


def hours(start: str = "2024-12-01", end: str = "2200-12-01", **days: Any) -> dict[str, Any]:
    spans = dict.fromkeys(DAYS, WHOLE) | days
    return {"start_time": f"{start}T00:00:00Z", "end_time": f"{end}T00:00:00Z"} | {
        day: [{"open_time": a, "close_time": b} for a, b in one] for day, one in spans.items()
    }


def reply(
    *sets: dict[str, Any], pauses: tuple[tuple[str, str], ...] = (), status: int = 200
) -> Reply:
    windows = [{"start_datetime": a, "end_datetime": b} for a, b in pauses]
    body = {"schedule": {"standard_hours": list(sets), "maintenance_windows": windows}}
    return Reply(status, (), json.dumps(body).encode())


def test_the_hours_between_two_spans_of_a_day_are_a_pause() -> None:
    found = told(reply(hours(thursday=[("00:00", "03:00"), ("05:00", "00:00")])), NOW)
    assert found == (Closed(weekly=Weekly(3, time(3), time(5), PLACE)),)


@pytest.mark.parametrize(
    ("spans", "gaps"),
    [
        ([], [(time(0), time(0))]),
        (WHOLE, []),
        ([("08:00", "20:00")], [(time(0), time(8)), (time(20), time(0))]),
        ([("08:00", "00:00")], [(time(0), time(8))]),
        ([("05:00", "09:00"), ("00:00", "05:00")], [(time(9), time(0))]),
        ([("00:00", "06:00"), ("04:00", "05:00")], [(time(6), time(0))]),
    ],
)
def test_a_day_is_closed_where_no_span_opens_it(spans: Any, gaps: Any) -> None:
    found = told(reply(hours(monday=spans)), NOW)
    assert found is not None
    assert [(c.weekly.begins, c.weekly.ends) for c in found if c.weekly] == gaps


def test_a_pause_is_told_until_it_is_over() -> None:
    coming = ("2026-12-03T08:00:00Z", "2026-12-03T10:00:00Z")
    past, upside_down = ("2026-11-01T08:00:00Z", "2026-11-01T10:00:00Z"), (coming[1], coming[0])
    found = told(reply(hours(), pauses=(coming, past, upside_down)), NOW)
    assert found is not None
    (one,) = found
    assert one.once is not None
    assert (one.once[1] - one.once[0]) // SECOND == 7_200


def test_of_several_sets_the_one_in_force_counts() -> None:
    old = hours("2024-12-01", "2025-12-01", friday=[])
    assert told(reply(old, hours("2025-12-01", "2200-12-01")), NOW) == ()
    assert told(reply(old), NOW) is None


@pytest.mark.parametrize(
    "answer",
    [
        reply(hours(), status=503),
        Reply(200, (), b"{}"),
        Reply(200, (), b"[" * 100_000),
        reply(hours(monday=[("25:00", "00:00")])),
        reply(hours(monday=[("morning", "00:00")])),
    ],
)
def test_what_cannot_be_read_says_nothing(answer: Reply) -> None:
    assert told(answer, NOW) is None
