"""When snapshots are asked for."""

from __future__ import annotations

from feeds.venues.kalshi.asks import ASK_AGAIN, ASK_EVERY, MAX_TRIES, SnapshotAsks
from markets.terms.units import SECOND, Ns

START = Ns(1_795_000_000 * SECOND)


def at(ns: int) -> Ns:
    return Ns(START + ns)


def test_what_is_wanted_is_asked_for_together_and_once() -> None:
    asks = SnapshotAsks(START)
    asks.want(["A", "B"])
    asks.want(["A"])

    assert asks.due(at(ASK_EVERY - 1)) == []
    assert asks.due(at(ASK_EVERY)) == ["A", "B"]
    assert asks.due(at(2 * ASK_EVERY)) == []


def test_what_came_is_not_asked_for_again() -> None:
    asks = SnapshotAsks(START)
    asks.expect(["A", "B"], START)
    asks.forget("A")

    assert asks.overdue(at(ASK_AGAIN - 1)) == []
    assert asks.overdue(at(ASK_AGAIN)) == []
    assert asks.due(at(ASK_AGAIN)) == ["B"]


def test_a_question_is_given_up_after_the_fifth_try() -> None:
    asks = SnapshotAsks(START)
    asks.want(["A"])
    tries = 0
    given_up: list[str] = []

    for turn in range(1, 3 * MAX_TRIES):
        given_up += asks.overdue(at(turn * ASK_AGAIN))
        tries += len(asks.due(at(turn * ASK_AGAIN)))

    assert tries == MAX_TRIES
    assert given_up == ["A"]


def test_a_new_doubt_starts_the_tries_anew() -> None:
    asks = SnapshotAsks(START)
    asks.want(["A"])
    for turn in range(1, MAX_TRIES):
        asks.overdue(at(turn * ASK_AGAIN))
        asks.due(at(turn * ASK_AGAIN))

    asks.want(["A"])
    now = at(MAX_TRIES * ASK_AGAIN)

    assert asks.due(now) == ["A"]
    assert asks.overdue(Ns(now + ASK_AGAIN)) == []


def test_it_rests_when_nothing_is_wanted_and_nothing_was_asked_lately() -> None:
    asks = SnapshotAsks(START)

    assert not asks.rests(at(SECOND - 1), SECOND)
    assert asks.rests(at(SECOND), SECOND)
    asks.want(["A"])
    assert not asks.rests(at(SECOND), SECOND)
    asks.due(at(SECOND))
    assert not asks.rests(at(SECOND), SECOND)
