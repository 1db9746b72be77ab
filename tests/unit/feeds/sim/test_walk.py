"""The hidden probability and the venues behind it."""

from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.sim.chance import Chance
from feeds.sim.walk import HIGHEST, LOWEST, STEP, Walk
from markets.terms.units import SECOND, Ns

REST = Ns(60 * SECOND)


def gaps(walk: Walk, seconds: int) -> list[int]:
    found = []
    for step in range(seconds * 2):
        walk.advance(Ns(step * STEP))
        found.append(abs(walk.fair(0) - walk.fair(1)))
    return found


@settings(deadline=None)
@given(st.integers(0, 2**32), st.integers(LOWEST, HIGHEST))
def test_the_probability_stays_in_range_at_both_venues(seed: int, base: int) -> None:
    walk = Walk(base, (70_000, 50_000), REST, Chance(seed), Ns(0))
    for step in range(300):
        walk.advance(Ns(step * STEP))
        assert all(LOWEST <= walk.fair(venue) <= HIGHEST for venue in (0, 1))


def test_venues_agree_nearly_most_of_the_time_and_stray_for_some_seconds() -> None:
    found = gaps(Walk(500_000, (70_000, 50_000), REST, Chance(4), Ns(0)), 1_200)
    wide = [gap for gap in found if gap > 40_000]
    assert 0.02 < len(wide) / len(found) < 0.25


def test_a_gap_is_wider_than_both_fees_and_a_cent() -> None:
    found = gaps(Walk(500_000, (70_000, 50_000), REST, Chance(4), Ns(0)), 600)
    assert max(found) >= 17_500 + 12_500 + 10_000


def test_how_often_it_is_asked_does_not_change_the_walk() -> None:
    often = Walk(300_000, (70_000, 40_000), REST, Chance(8), Ns(0))
    once = Walk(300_000, (70_000, 40_000), REST, Chance(8), Ns(0))
    for step in range(2_001):
        often.advance(Ns(step * STEP // 10))
    once.advance(Ns(200 * STEP))
    assert (often.truth, often.fair(0), often.fair(1)) == (once.truth, once.fair(0), once.fair(1))


def test_time_that_nobody_watched_does_not_pile_up() -> None:
    walk = Walk(500_000, (70_000, 50_000), REST, Chance(4), Ns(0))
    fresh = Walk(500_000, (70_000, 50_000), REST, Chance(4), Ns(0))
    day = Ns(172_800 * STEP)
    walk.advance(day)
    for step in range(200):
        walk.advance(Ns(day + step * STEP))
        fresh.advance(Ns(step * STEP))
        assert (walk.fair(0), walk.fair(1)) == (fresh.fair(0), fresh.fair(1))
