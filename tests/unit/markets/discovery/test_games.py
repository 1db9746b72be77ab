"""Times and states of games."""

from __future__ import annotations

import msgspec
import pytest

from markets.discovery.catalog import Details
from markets.discovery.games import (
    SAME_START,
    Phase,
    are_apart,
    furthest,
    is_moved,
    is_postponed,
    phase,
)
from markets.terms.units import SECOND, Ns

START = Ns(1_000_000 * SECOND)
HOUR = Ns(3_600 * SECOND)
GAME = Details(starts_at=START)


def test_a_game_has_begun_from_its_start_on() -> None:
    assert phase(GAME, Ns(START - 1)) is Phase.BEFORE
    assert phase(GAME, START) is Phase.BEGUN


def test_a_market_without_a_start_is_never_known_to_have_begun_or_not() -> None:
    assert phase(Details(), START) is Phase.UNKNOWN


def test_what_the_venue_says_of_the_game_outweighs_the_clock() -> None:
    assert phase(msgspec.structs.replace(GAME, live=True), Ns(START - HOUR)) is Phase.BEGUN
    assert phase(msgspec.structs.replace(GAME, ended=True), Ns(START - HOUR)) is Phase.OVER
    assert phase(msgspec.structs.replace(GAME, period="post"), START) is Phase.POSTPONED


def test_the_venue_that_saw_more_of_the_game_is_believed() -> None:
    early = Ns(START - HOUR)
    assert furthest([phase(GAME, early), phase(Details(live=True), early)]) is Phase.BEGUN
    assert furthest([phase(Details(), early), phase(GAME, early)]) is Phase.BEFORE
    assert furthest([]) is Phase.UNKNOWN


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        (None, START, False),
        (START, START, False),
        (START, Ns(START + SAME_START), False),
        (START, Ns(START + SAME_START + 1), True),
        (START, Ns(START - SAME_START - 1), True),
        (START, None, True),
    ],
)
def test_a_start_is_moved_by_more_than_half_an_hour_or_when_it_is_gone(
    before: Ns | None, now: Ns | None, said: bool
) -> None:
    assert is_moved(before, now) is said


def test_a_game_is_postponed_by_word_once_or_by_a_later_start() -> None:
    put_off = Details(starts_at=START, period="PPD")

    assert is_postponed(GAME, put_off)
    assert not is_postponed(put_off, put_off)
    assert is_postponed(GAME, Details(starts_at=Ns(START + 24 * HOUR)))
    assert not is_postponed(GAME, Details(starts_at=Ns(START - 24 * HOUR)))
    assert not is_postponed(GAME, Details())


def test_the_games_of_a_doubleheader_are_apart_and_an_unknown_start_says_nothing() -> None:
    assert are_apart(START, Ns(START + 4 * HOUR))
    assert not are_apart(START, Ns(START + SAME_START))
    assert not are_apart(None, START)
