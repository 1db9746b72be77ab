"""Which market to ask about next, whether it has ended."""

from msgspec.structs import replace

from feeds.books.endings import OTHERS_EVERY, OVERDUE_EVERY, Endings
from markets.terms.instruments import Market
from markets.terms.units import SECOND, Ns
from tests import listings

START = Ns(1_795_000_000 * SECOND)


def market(native: str = "a", closes_in: int = 10**9) -> Market:
    known = listings.listing("kalshi", native).market
    return replace(known, close_at=Ns(START + closes_in * SECOND))


def asked(found: Endings, seconds: int) -> list[tuple[int, str]]:
    said = ((s, found.due(Ns(START + s * SECOND))) for s in range(seconds + 1))
    return [(second, one.native) for second, one in said if one is not None]


def test_a_market_past_its_close_is_asked_about_every_two_minutes() -> None:
    found = Endings([market(closes_in=60)])
    found.opened(START)

    every = OVERDUE_EVERY // SECOND
    assert [second for second, _ in asked(found, 60 + 3 * every)] == [
        60 + every,
        60 + 2 * every,
        60 + 3 * every,
    ]


def test_the_others_are_asked_about_twice_an_hour_spread_over_it() -> None:
    found = Endings([market("a"), market("b")])
    found.opened(START)

    half = OTHERS_EVERY // SECOND // 2
    assert asked(found, 4 * half) == [
        (half, "a"),
        (2 * half, "b"),
        (3 * half, "a"),
        (4 * half, "b"),
    ]


def test_at_most_one_is_asked_about_in_a_second() -> None:
    found = Endings([market(name, closes_in=0) for name in "abc"])
    found.opened(START)

    first = OVERDUE_EVERY // SECOND
    assert asked(found, first + 2) == [(first, "a"), (first + 1, "b"), (first + 2, "c")]


def test_one_that_is_said_to_have_ended_is_asked_about_next_and_a_settled_one_never() -> None:
    found = Endings([market("a"), market("b")])
    found.opened(START)
    found.hurry(market("b"), START)
    found.hurry(market("nobody's"), START)
    found.settled(market("a"))

    assert asked(found, 1) == [(0, "b")]
    found.settled(market("b"))
    assert asked(found, 10_000) == []
