"""How a market ended, asked for."""

import json

import pytest

from feeds.venues.polymarket.resolutions import HALF, pays_of, request_of
from markets.terms.instruments import Market
from markets.terms.units import MICRO
from tests.unit.feeds.venues.polymarket.scene import NATIVE, NO, YES, Scene


def market() -> Market:
    return Scene().market


def record(yes: bool, no: bool, **more: object) -> bytes:
    tokens = [{"token_id": NO, "winner": no}, {"token_id": YES, "winner": yes}]
    return json.dumps({"tokens": tokens, "closed": True, **more}).encode()


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
