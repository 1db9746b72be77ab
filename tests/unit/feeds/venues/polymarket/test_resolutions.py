"""How a market ended, asked for."""

import json

import pytest
from msgspec.structs import replace

from feeds.venues.polymarket.resolutions import (
    HALF,
    OTHERS_EVERY,
    OVERDUE_EVERY,
    Resolutions,
    pays_of,
    request_of,
)
from markets.terms.instruments import Market
from markets.terms.units import MICRO, SECOND, Ns
from tests.unit.feeds.venues.polymarket.scene import NATIVE, NO, START, YES, Scene


def market(native: str = NATIVE, closes_in: int = 10**9) -> Market:
    known = Scene().market
    return replace(known, native=native, close_at=Ns(START + closes_in * SECOND))


def record(yes: bool, no: bool, **more: object) -> bytes:
    tokens = [{"token_id": NO, "winner": no}, {"token_id": YES, "winner": yes}]
    return json.dumps({"tokens": tokens, "closed": True, **more}).encode()


def asked(found: Resolutions, seconds: int) -> list[tuple[int, str]]:
    said = ((s, found.due(Ns(START + s * SECOND))) for s in range(seconds + 1))
    return [(second, one.native) for second, one in said if one is not None]


def test_the_record_of_the_market_is_asked_for() -> None:
    assert request_of(market()).path == f"/markets/{NATIVE}"


@pytest.mark.parametrize(
    ("yes", "no", "pays"), [(True, False, (MICRO, 0)), (False, True, (0, MICRO))]
)
def test_the_winner_is_paid_whatever_the_order_of_the_tokens(
    yes: bool, no: bool, pays: tuple[int, int]
) -> None:
    assert pays_of(market(), record(yes, no)) == pays


def test_half_and_half_pays_half_a_dollar_each() -> None:
    assert pays_of(market(), record(False, False, is_50_50_outcome=True)) == (HALF, HALF)


@pytest.mark.parametrize(
    "body",
    [
        record(False, False),
        record(False, False, closed=False, is_50_50_outcome=True),
    ],
)
def test_closed_alone_decides_nothing(body: bytes) -> None:
    assert pays_of(market(), body) is None


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", record(True, True), b'{"tokens":[{"token_id":"5"}]}', b"[" * 3_000],
)
def test_what_is_no_record_of_the_market_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        pays_of(market(), body)


def test_a_market_past_its_close_is_asked_about_every_two_minutes() -> None:
    found = Resolutions([market(closes_in=60)])
    found.opened(START)

    every = OVERDUE_EVERY // SECOND
    assert [second for second, _ in asked(found, 60 + 3 * every)] == [
        60 + every,
        60 + 2 * every,
        60 + 3 * every,
    ]


def test_the_others_are_asked_about_twice_an_hour_spread_over_it() -> None:
    found = Resolutions([market("a"), market("b")])
    found.opened(START)

    half = OTHERS_EVERY // SECOND // 2
    assert asked(found, 4 * half) == [
        (half, "a"),
        (2 * half, "b"),
        (3 * half, "a"),
        (4 * half, "b"),
    ]


def test_at_most_one_is_asked_about_in_a_second() -> None:
    found = Resolutions([market(name, closes_in=0) for name in "abc"])
    found.opened(START)

    first = OVERDUE_EVERY // SECOND
    assert asked(found, first + 2) == [(first, "a"), (first + 1, "b"), (first + 2, "c")]


def test_one_that_is_said_to_have_ended_is_asked_about_next_and_a_settled_one_never() -> None:
    found = Resolutions([market("a"), market("b")])
    found.opened(START)
    found.hurry(market("b"), START)
    found.hurry(market("nobody's"), START)
    found.settled(market("a"))

    assert asked(found, 1) == [(0, "b")]
    found.settled(market("b"))
    assert asked(found, 10_000) == []
