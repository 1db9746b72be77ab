"""Our orders by the venue's ids, and what bars orders."""

import pytest

from feeds.venues.polymarket.encode import exchange_of, id_of
from feeds.venues.polymarket.known import UNCHECKED, Known
from tests.unit.feeds.venues.polymarket.orders import ME, market, order, remembered
from trading.engine.orders import Order, OrderRequest, OrderState, Purpose, Side

REQUEST = order()
NAME = id_of(REQUEST, market(), ME)


def test_an_order_that_the_engine_remembers_is_found_by_its_computed_id() -> None:
    known = remembered(REQUEST)

    assert known.find(NAME) == REQUEST
    assert known.id(REQUEST.id) == NAME
    assert known.request(REQUEST.id) == REQUEST
    assert known.find("0x2") is None


def test_an_order_just_sent_is_found_before_the_engine_is_asked() -> None:
    known = remembered()
    known.add(REQUEST, NAME)

    assert known.request(REQUEST.id) == known.find(NAME) == REQUEST


def test_the_venues_own_word_on_an_id_goes_before_the_computed_one() -> None:
    told = Order(REQUEST, OrderState.OPEN, REQUEST.placed_at, REQUEST.placed_at, venue_order="0x9")
    known = Known(ME, {REQUEST.id: told}.get, lambda: [told])

    assert known.id(REQUEST.id) == "0x9"


@pytest.mark.parametrize(
    "request_", [order(outcome=5), order(name="r1-2", market="polymarket:0xbb")]
)
def test_what_could_not_be_sent_has_no_id(request_: OrderRequest) -> None:
    known = remembered(request_)

    assert known.id(request_.id) == ""
    assert known.find(NAME) is None


def test_an_order_nobody_knows_has_neither_id_nor_request() -> None:
    known = remembered()

    assert (known.request(REQUEST.id), known.id(REQUEST.id)) == (None, "")


def test_a_token_names_its_market_and_outcome() -> None:
    assert remembered().token("2" * 77) == (market(), 1)
    assert remembered().token("3" * 77) is None


def test_an_order_of_a_market_that_is_not_followed_has_none() -> None:
    with pytest.raises(LookupError, match="0xbb"):
        remembered().market(order(market="polymarket:0xbb"))


def test_a_final_trade_stays_final() -> None:
    known = remembered()

    assert known.note("t", "MATCHED")
    assert not known.note("t", "MATCHED")
    assert known.is_settling()
    assert known.note("t", "FAILED")
    assert not known.note("t", "MATCHED")
    assert not known.is_settling()


def test_orders_are_open_until_they_have_ended() -> None:
    assert remembered(REQUEST).open_orders() == remembered(REQUEST).orders()
    assert remembered(REQUEST, state=OrderState.FILLED).open_orders() == []


def test_what_bars_new_deals_bars_no_hedge() -> None:
    known = remembered()
    known.bars = dict([UNCHECKED])

    assert known.bar(REQUEST) == UNCHECKED
    assert known.bar(order(purpose=Purpose.HEDGE)) is None
    assert known.bar(order(purpose=Purpose.UNWIND)) is None


def test_a_purchase_needs_the_allowance_of_its_own_exchange() -> None:
    known = remembered()
    assert known.bar(REQUEST) is None
    contract = exchange_of(market(), 0).contract

    known.allowances = {contract.lower(): 4_400_000}
    assert known.bar(REQUEST) is None
    known.allowances = {contract.lower(): 4_399_999}
    bar = known.bar(REQUEST)
    assert bar is not None
    assert bar[0] == "allowance"
    assert contract in bar[1]
    assert known.bar(order(side=Side.SELL)) is None
    assert known.bar(order(market="polymarket:0xbb")) is None
    assert known.bar(order(outcome=7)) is None
