"""The repeatable generator."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.sim.chance import Chance

SEEDS = st.integers(0, 2**64 - 1)


@given(SEEDS)
def test_the_same_seed_gives_the_same_numbers(seed: int) -> None:
    first, second = Chance(seed), Chance(seed)
    assert [first.bits() for _ in range(5)] == [second.bits() for _ in range(5)]


def test_it_is_the_published_generator() -> None:
    chance = Chance(1234567)
    assert [chance.bits() for _ in range(3)] == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
    ]


@given(SEEDS, st.integers(1, 10_000))
def test_below_stays_below(seed: int, n: int) -> None:
    chance = Chance(seed)
    assert all(0 <= chance.below(n) < n for _ in range(20))


@given(SEEDS, st.integers(-50, 50), st.integers(0, 50))
def test_between_includes_both_ends_only(seed: int, low: int, width: int) -> None:
    chance = Chance(seed)
    assert all(low <= chance.between(low, low + width) <= low + width for _ in range(20))


def test_both_ends_of_between_are_reached() -> None:
    chance = Chance(3)
    assert {chance.between(1, 3) for _ in range(100)} == {1, 2, 3}


def test_nothing_can_be_chosen_below_zero() -> None:
    with pytest.raises(ValueError, match="nothing below 0"):
        Chance(1).below(0)


@given(SEEDS)
def test_a_bell_is_within_its_width_and_leans_nowhere(seed: int) -> None:
    chance = Chance(seed)
    drawn = [chance.bell(1_000) for _ in range(400)]
    assert max(abs(each) for each in drawn) <= 1_000
    assert abs(sum(drawn)) < 400 * 150


@given(SEEDS, st.integers(0, 1_000))
def test_a_fork_does_not_depend_on_what_was_drawn(seed: int, name: int) -> None:
    used, fresh = Chance(seed), Chance(seed)
    used.bits()
    assert used.fork(name).bits() == fresh.fork(name).bits()
    assert fresh.fork(name).bits() != fresh.fork(name + 1).bits()


def test_one_in_a_number_happens_about_that_often() -> None:
    chance = Chance(9)
    assert 60 < sum(chance.one_in(10) for _ in range(1_000)) < 140


def test_a_choice_is_one_of_the_choices() -> None:
    assert {Chance(seed).pick("ab") for seed in range(20)} == {"a", "b"}
