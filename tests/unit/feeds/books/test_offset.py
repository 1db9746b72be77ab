"""Clock offsets out of answers that tell the second only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.books.offset import Offset, Sample, Worry, judge, measured, narrowed, next_ask, words
from markets.terms.units import MS, SECOND, Ns

START = Ns(1_795_000_000 * SECOND)


def ask(true_offset: int, sent: int, travel: int) -> Sample:
    """An answer of a venue whose clock is `true_offset` ahead, stamped half way."""
    stamped = sent + travel + true_offset
    return Sample(Ns(sent), Ns(sent + 2 * travel), Ns(stamped // SECOND * SECOND))


@given(
    st.integers(-5 * SECOND, 5 * SECOND),
    st.lists(st.tuples(st.integers(0, 3 * SECOND), st.integers(0, 200 * MS)), min_size=1),
)
def test_the_truth_is_always_inside(true_offset: int, asks: list[tuple[int, int]]) -> None:
    known, at = None, int(START)
    for pause, travel in asks:
        at += pause + 2 * travel
        known = narrowed(known, ask(true_offset, at, travel))
        assert known.low <= true_offset <= known.high


@given(st.integers(-3 * SECOND, 3 * SECOND))
def test_eight_answers_at_the_turn_of_seconds_find_the_offset(true_offset: int) -> None:
    known: Offset | None = None
    at, travel = int(START), 10 * MS
    for _ in range(8):
        at += next_ask(known, Ns(at), Ns(travel))
        known = narrowed(known, ask(true_offset, at, travel))
        at += 2 * travel

    assert known is not None
    assert known.width <= 60 * MS
    assert abs(known.middle - true_offset) <= 40 * MS


def test_one_answer_is_no_certain_offset() -> None:
    assert measured(ask(300 * MS, START, 50 * MS)).certain_ms == 0


def test_a_clock_that_was_set_begins_anew() -> None:
    known = narrowed(None, ask(0, START, MS))

    moved = narrowed(known, ask(5 * SECOND, START + SECOND, MS))

    assert moved.low > 3 * SECOND


@pytest.mark.parametrize(
    ("ms", "worry"),
    [(99, Worry.NONE), (-100, Worry.WARN), (500, Worry.CRITICAL), (-1_000, Worry.HALT)],
)
def test_each_limit_itself_counts_in_either_direction(ms: int, worry: Worry) -> None:
    assert judge(ms, 100, 500, 1_000) is worry


def test_an_offset_is_told_in_words() -> None:
    assert words(0) == "agrees with ours"
    assert words(-700) == "is at least 700 ms behind ours"
