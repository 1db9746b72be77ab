"""Counting within the last hour."""

from feeds.books.hourly import Hourly
from markets.terms.units import SECOND, Ns

START = 1_795_000_020  # the beginning of a minute


def at(second: int) -> Ns:
    return Ns((START + second) * SECOND)


def test_it_forgets_what_is_older_than_an_hour_but_not_the_total() -> None:
    counts = Hourly()
    counts.add(at(0))
    counts.add(at(1_800), 2)

    assert counts.count(at(3_599)) == 3
    assert counts.count(at(3_601)) == 2
    assert counts.total == 3


def test_a_running_total_adds_what_is_new() -> None:
    counts = Hourly()
    for total in (2, 2, 5):
        counts.upto(total, at(0))
    assert counts.count(at(0)) == 5


def test_a_total_that_began_again_adds_nothing() -> None:
    counts = Hourly()
    counts.upto(5, at(0))
    counts.upto(1, at(0))
    assert counts.total == 5
