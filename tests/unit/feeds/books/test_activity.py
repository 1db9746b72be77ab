"""Markets that normally move, and those that fell silent."""

from feeds.books.activity import Activity
from markets.terms.ids import MarketId
from markets.terms.units import SECOND, Ns

START = 1_795_000_000
A, B = MarketId("v:a"), MarketId("v:b")


def at(second: int) -> Ns:
    return Ns((START + second) * SECOND)


def moving(seconds: int, *markets: MarketId) -> Activity:
    activity = Activity()
    for second in range(seconds):
        for market in markets:
            activity.moved(market, at(second))
    return activity


def test_a_lively_market_that_stops_while_others_go_on_is_named() -> None:
    activity = moving(60, A, B)
    for second in range(60, 120):
        activity.moved(B, at(second))
        if second == 85:
            assert activity.silent(at(second)) == []
    assert activity.silent(at(119)) == [A]


def test_it_is_named_once_and_again_after_as_long() -> None:
    activity = moving(60, A, B)
    for second in range(60, 200):
        activity.moved(B, at(second))

    assert activity.silent(at(199)) == [A]
    assert activity.silent(at(200)) == []


def test_nothing_is_named_when_the_whole_venue_is_quiet() -> None:
    assert moving(60, A, B).silent(at(200)) == []


def test_a_market_that_seldom_moves_may_be_silent() -> None:
    activity = moving(300, B)
    for second in range(0, 300, 60):
        activity.moved(A, at(second))
    assert activity.silent(at(299)) == []


def test_a_market_no_longer_followed_is_forgotten() -> None:
    activity = moving(60, A, B)
    activity.forget(A)
    for second in range(60, 120):
        activity.moved(B, at(second))
    assert activity.silent(at(119)) == []
    assert activity.is_lively()
