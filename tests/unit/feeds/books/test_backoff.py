"""Waits between connections."""

from __future__ import annotations

import pytest

from feeds.books.backoff import FULL, Backoff
from markets.terms.units import MS, SECOND, Ns


def test_the_ceiling_doubles_to_the_cap_and_stays() -> None:
    backoff = Backoff()

    waits = [backoff.failed(FULL) // SECOND for _ in range(40)]

    assert waits[:7] == [1, 2, 4, 8, 16, 30, 30]
    assert set(waits[5:]) == {30}


def test_the_cap_can_be_changed_between_failures() -> None:
    backoff = Backoff()
    for _ in range(10):
        backoff.failed(FULL)
    backoff.cap = Ns(5 * SECOND)

    assert backoff.failed(FULL) == 5 * SECOND


def test_chance_takes_a_share_of_the_ceiling() -> None:
    assert Backoff().failed(0) == 0
    assert Backoff().failed(500_000) == 500 * MS
    assert Backoff().failed(FULL) == 1_000 * MS


@pytest.mark.parametrize("chance", [-1, FULL + 1])
def test_a_chance_outside_its_range_is_refused(chance: int) -> None:
    with pytest.raises(ValueError, match="chance must be"):
        Backoff().failed(chance)


def test_sixty_seconds_of_healthy_frames_forget_the_failures() -> None:
    backoff = Backoff()
    for _ in range(5):
        backoff.failed(FULL)

    backoff.healthy(Ns(100 * SECOND))
    backoff.healthy(Ns(159 * SECOND))
    before = backoff.failures
    backoff.healthy(Ns(160 * SECOND))

    assert (before, backoff.failures) == (5, 0)
    assert backoff.failed(FULL) == SECOND


def test_a_failure_starts_the_healthy_stretch_anew() -> None:
    backoff = Backoff()
    backoff.healthy(Ns(0))
    backoff.failed(FULL)
    backoff.healthy(Ns(59 * SECOND))
    backoff.healthy(Ns(70 * SECOND))

    assert backoff.failures == 1
