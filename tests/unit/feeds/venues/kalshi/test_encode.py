"""What an order looks like to Kalshi."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from feeds.venues.base import Request
from feeds.venues.kalshi import encode
from markets.terms.ids import DealId, OrderId
from markets.terms.instruments import Market
from markets.terms.units import MICRO, SECOND, Ns, Px, Qty
from tests.builders import market, px, qty
from trading.engine.orders import BookKind, OrderRequest, Purpose, Side, TimeInForce

NOW = Ns(1_795_000_000 * SECOND)
RAIN: Market = replace(market("kalshi:KXRAIN-1", lot="0.01"), shard=3, min_size=qty("0.01"))


def request(**more: Any) -> OrderRequest:
    said: dict[str, Any] = {
        "id": OrderId("run-1-0"),
        "deal": DealId("run-1"),
        "leg": 0,
        "market": RAIN.id,
        "outcome": 0,
        "side": Side.BUY,
        "px": px("0.42"),
        "qty": qty("12.5"),
        "tif": TimeInForce.IOC,
        "book": BookKind.LIVE,
        "purpose": Purpose.OPEN,
        "placed_at": NOW,
    }
    return OrderRequest(**{**said, **more})


def body(asked: Request) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(asked.body)
    return found


def test_an_order_is_written_as_the_recorded_one_is() -> None:
    asked = encode.place(request(), RAIN)

    assert (asked.method, asked.path, asked.query) == ("POST", "/portfolio/events/orders", ())
    assert dict(asked.headers) == {"Content-Type": "application/json"}
    assert body(asked) == {
        "ticker": "KXRAIN-1",
        "client_order_id": "run-1-0",
        "side": "bid",
        "count": "12.50",
        "price": "0.4200",
        "time_in_force": "immediate_or_cancel",
        "self_trade_prevention_type": "taker_at_cross",
        "exchange_index": 3,
    }


@pytest.mark.parametrize(
    ("outcome", "side", "book_side", "price"),
    [
        (0, Side.BUY, "bid", "0.4200"),
        (0, Side.SELL, "ask", "0.4200"),
        (1, Side.BUY, "ask", "0.5800"),
        (1, Side.SELL, "bid", "0.5800"),
    ],
)
def test_there_is_one_book_of_yes(outcome: int, side: Side, book_side: str, price: str) -> None:
    said = body(encode.place(request(outcome=outcome, side=side), RAIN))

    assert (said["side"], said["price"]) == (book_side, price)


def test_a_resting_order_ends_by_itself_and_dies_with_a_pause() -> None:
    resting = request(tif=TimeInForce.GTC, post_only=True, expires_at=Ns(NOW + 90_700_000_000))

    said = body(encode.place(resting, RAIN, group="brake"))

    assert said["time_in_force"] == "good_till_canceled"
    assert said["expiration_time"] == NOW // SECOND + 90
    assert said["post_only"]
    assert said["cancel_order_on_pause"]
    assert said["order_group_id"] == "brake"


@pytest.mark.parametrize("purpose", [Purpose.HEDGE, Purpose.UNWIND])
def test_what_must_go_through_takes_our_own_resting_order_away(purpose: Purpose) -> None:
    said = body(encode.place(request(purpose=purpose), RAIN))

    assert said["self_trade_prevention_type"] == "maker"


def test_a_sale_is_never_reduce_only_because_the_venue_nets() -> None:
    assert "reduce_only" not in body(encode.place(request(side=Side.SELL), RAIN))


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"qty": Qty(0)}, "invalid_order_size"),
        ({"qty": qty("0.005")}, "invalid_order_size"),
        ({"px": px("0.425")}, "invalid_price"),
        ({"px": Px(0)}, "invalid_price"),
        ({"post_only": True}, "invalid_order"),
        ({"expires_at": Ns(NOW + SECOND)}, "invalid_order"),
        ({"expires_at": Ns(NOW + 1), "tif": TimeInForce.GTC}, "invalid_order"),
    ],
)
def test_what_the_venue_would_refuse_anyway_is_not_sent(more: dict[str, Any], code: str) -> None:
    found = encode.unfit(request(**more), RAIN, NOW)

    assert found is not None
    assert found[0] == code


def test_a_sound_order_is_sent() -> None:
    later = Ns(NOW + 5 * SECOND)
    assert encode.unfit(request(), RAIN, NOW) is None
    assert encode.unfit(request(tif=TimeInForce.GTC, expires_at=later), RAIN, NOW) is None


@given(st.integers(1, MICRO // 100 - 1), st.integers(1, 10**9))
def test_prices_and_counts_are_exact_text(cents_of_cents: int, hundredths: int) -> None:
    price, count = Px(cents_of_cents * 100), Qty(hundredths * 10_000)

    said = body(encode.place(request(px=price, qty=count), RAIN))

    assert round(float(said["price"]) * MICRO) == price
    whole, part = said["count"].split(".")
    assert int(whole) * MICRO + int(part) * 10_000 == count


def test_a_cancel_names_its_market_and_shard() -> None:
    asked = encode.cancel("a/b", RAIN)

    assert asked.path == "/portfolio/events/orders/a%2Fb"
    assert asked.query == (("market_ticker", "KXRAIN-1"), ("exchange_index", "3"))


def test_lists_are_asked_in_full_pages_and_from_before_the_order() -> None:
    asked = encode.orders_in(RAIN, NOW, "next")

    assert dict(asked.query) == {
        "ticker": "KXRAIN-1",
        "min_ts": str(NOW // SECOND - 60),
        "limit": "1000",
        "cursor": "next",
    }
    assert "cursor" not in dict(encode.resting().query)


def test_writes_without_content_still_carry_a_body() -> None:
    assert [encode.trigger("g").body, encode.reset("g").body] == [b"{}", b"{}"]
    assert body(encode.group(qty(50), 2)) == {"contracts_limit_fp": "50.00", "exchange_index": 2}
