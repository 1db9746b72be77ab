"""A feed's day, minute by minute."""

from msgspec.structs import replace

from feeds.books.minutes import HOURS, KEPT, LINE, MINUTE, Minute, ages, hours, noted
from markets.terms.units import Ns
from trading import showcase
from trading.engine.pictures import VenueTruth

NOON = 30_000_000


def at(minute: int, *, score: int = 100, p95: int | None = 80, up: bool = True) -> VenueTruth:
    truth = showcase.truth("kalshi", minute * MINUTE)
    return replace(truth, score=score, age_p95_ms=p95, up=up)


def told(*truths: VenueTruth) -> list[Minute]:
    found: list[Minute] = []
    for truth in truths:
        noted(found, truth)
    return found


def test_the_worst_of_a_minute_is_kept() -> None:
    found = told(at(NOON), at(NOON, score=60, p95=900), at(NOON, p95=None), at(NOON, up=False))

    assert found == [Minute(NOON, 60, 900, True)]


def test_a_minute_that_begins_is_told() -> None:
    found: list[Minute] = []

    assert [noted(found, at(m)) for m in (NOON, NOON, NOON + 1)] == [True, False, True]


def test_a_word_of_an_earlier_minute_changes_nothing() -> None:
    found = told(at(NOON))

    assert not noted(found, at(NOON - 1, score=0))
    assert found == [Minute(NOON, 100, 80, False)]


def test_a_day_is_kept_and_no_more() -> None:
    found = told(*(at(NOON + n) for n in range(KEPT + 5)))

    assert len(found) == KEPT
    assert found[0].number == NOON + 5


def test_half_an_hour_of_ages_has_holes_where_nothing_was_told() -> None:
    found = told(at(NOON - LINE, p95=1), at(NOON - 2, p95=70), at(NOON, p95=90))

    assert ages(found, Ns(NOON * MINUTE)) == (None,) * (LINE - 3) + (70, None, 90)


def test_an_hour_is_marked_by_its_worst_minute() -> None:
    found = told(at(NOON - 61, score=97), at(NOON - 60, score=70), at(NOON - 1), at(NOON, score=10))

    marks = hours(found, Ns(NOON * MINUTE), 50, 80)

    assert marks == ("",) * (HOURS - 2) + ("warn", "stop")


def test_an_hour_in_which_trading_was_refused_is_stopped_whatever_its_score() -> None:
    found = told(at(NOON, up=False))

    assert hours(found, Ns(NOON * MINUTE), 50, 80)[-1] == "stop"


def test_what_is_older_than_a_day_is_not_shown() -> None:
    found = told(at(NOON - 24 * 60, score=0))

    assert hours(found, Ns(NOON * MINUTE), 50, 80) == ("",) * HOURS
