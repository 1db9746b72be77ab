"""The plan to die is read from the environment of a test, and from nowhere else."""

from __future__ import annotations

import pytest

from trading.runtime.crash import plan_from


def test_the_plan_names_the_pass_to_die_at() -> None:
    plan = plan_from({"TESTING": "1", "ARBSITE_CRASH_AT": "after_flush:2"})

    assert plan is not None
    passed = [plan.passed(p) for p in ("after_flush", "before_flush", "after_flush", "after_flush")]
    assert passed == [False, False, True, False]


@pytest.mark.parametrize("environ", [{}, {"ARBSITE_CRASH_AT": "after_flush:1"}, {"TESTING": "1"}])
def test_without_a_test_there_is_no_plan(environ: dict[str, str]) -> None:
    assert plan_from(environ) is None


@pytest.mark.parametrize("text", ["after_flush", "nowhere:1", "after_flush:0", "after_flush:x"])
def test_a_plan_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write one of"):
        plan_from({"TESTING": "1", "ARBSITE_CRASH_AT": text})
