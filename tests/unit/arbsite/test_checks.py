"""Tests of the site's system checks."""

import pytest
from django.test import override_settings

from arbsite import checks


def test_utc_passes_and_another_zone_does_not() -> None:
    assert checks.times_are_utc() == []
    with override_settings(TIME_ZONE="Europe/Madrid"):
        assert [problem.id for problem in checks.times_are_utc()] == ["arbsite.E001"]


def test_every_venue_of_the_registry_is_importable() -> None:
    assert checks.venues_are_importable() == []


def test_a_venue_that_is_there_is_no_problem() -> None:
    assert checks.venue_problems({"somewhere": "json.JSONDecoder"}) == []


@pytest.mark.parametrize("path", ["json.Absent", "json.absent.Adapter", "absent.Adapter"])
def test_a_venue_that_is_not_there_is_named(path: str) -> None:
    (problem,) = checks.venue_problems({"somewhere": path})

    assert problem.id == "arbsite.E002"
    assert problem.msg.startswith(f"Venue somewhere names {path}, which cannot be imported")


@pytest.mark.parametrize(
    ("live", "dry", "ids"), [(True, True, ["arbsite.W003"]), (True, False, []), (False, True, [])]
)
def test_live_and_dry_run_together_are_warned_about(live: bool, dry: bool, ids: list[str]) -> None:
    with override_settings(LIVE=live, DRY_RUN=dry):
        assert [problem.id for problem in checks.live_needs_three_yeses()] == ids
