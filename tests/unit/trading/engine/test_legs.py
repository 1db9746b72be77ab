"""What a deal holds is what its orders' fills say, rounded against us."""

from msgspec.structs import replace

from tests.builders import FIRST, SECOND_MARKET, at, book, cancelled, filled, px, qty, rejected, usd
from tests.deals import deal, opened
from trading.engine.deals import excess
from trading.engine.legs import (
    average,
    counted,
    each,
    leg_name,
    orders_of,
    packages_held,
    reach,
    reasons,
    unended,
)
from trading.engine.orders import OrderState, Side


def test_matched_packages_are_the_least_of_the_legs_and_the_rest_is_excess() -> None:
    engine, first, second = opened()
    engine.step(filled(first, "60", fee="1"))
    engine.step(filled(second, "40"))
    found = deal(engine)
    assert (found.matched, found.legs[0].held) == (qty(40), qty(60))
    assert [excess(leg, found.matched) for leg in found.legs] == [qty(20), 0]
    # 40 dollars come back; 60 x 42 cents, 40 x 50 and a dollar of fees were paid.
    assert found.locked == usd(40) - usd("25.20") - usd(20) - usd(1)


def test_a_deal_that_nothing_changed_is_the_same_object() -> None:
    engine, first, _ = opened()
    engine.step(filled(first, "60"))
    assert counted(engine.state, deal(engine)) is deal(engine)


def test_whole_packages_are_counted_down_where_a_leg_has_another_weight() -> None:
    engine, first, _ = opened()
    engine.step(filled(first, "5"))
    leg = replace(deal(engine).legs[0], weight=qty(3))
    assert packages_held(leg) == 1_666_666
    assert excess(leg, qty(1)) == qty(2)


def test_an_average_is_of_purchases_alone_and_rounded_up() -> None:
    engine, first, _ = opened()
    state, leg = engine.state, deal(engine).legs[0]
    assert average(state, leg) == leg.expected == px("0.42")
    bought = state.orders[first.id]
    state.orders[first.id] = replace(bought, filled=qty(3), cost=usd("1.00"))
    assert average(state, leg) == 333_334
    sold = replace(first, side=Side.SELL)
    state.orders[first.id] = replace(bought, request=sold, filled=qty(3), cost=usd("1.00"))
    assert average(state, leg) == leg.expected


def test_a_contract_costs_what_was_paid_with_fees_else_the_best_ask_else_the_limit() -> None:
    engine, first, _ = opened()
    state = engine.state
    before = deal(engine).legs[0]
    fee = 17_052  # 0.07 x 0.42 x 0.58
    assert each(state, before) == px("0.42") + fee
    del state.books[FIRST]
    assert each(state, before) == before.limit + fee
    engine.step(filled(first, "3", fee="0.10"))
    assert each(state, deal(engine).legs[0]) == px("0.42") + 33_334


def test_orders_that_may_still_fill_are_those_without_an_end() -> None:
    engine, first, second = opened()
    engine.step(filled(first))
    engine.step(cancelled(second, "0", when=at("0.1")))
    waiting = unended(engine.state, deal(engine))
    assert [order.request.id for order in waiting] == [deal(engine).legs[1].orders[-1]]
    assert [o.state for o in orders_of(engine.state, deal(engine).legs[1])] == [
        OrderState.CANCELLED,
        OrderState.SENT,
    ]


def test_a_refusal_is_said_once_however_many_orders_heard_it() -> None:
    engine, first, second = opened()
    assert reasons(engine.state, deal(engine)) == ""
    engine.step(rejected(first, "No money."))
    engine.step(rejected(second, "No money."))
    assert reasons(engine.state, deal(engine)) == " Refused: No money."


def test_a_leg_is_named_by_its_venues_chip_and_outcome() -> None:
    engine, *_ = opened()
    legs = deal(engine).legs
    assert [leg_name(engine.state, leg) for leg in legs] == ["KA Yes", "PM No"]
    engine.state.venues.clear()
    assert leg_name(engine.state, legs[0]) == "kalshi Yes"


def test_the_price_that_reaches_a_size_is_its_last_level_within_the_bound() -> None:
    asks = book(SECOND_MARKET, asks="0.40x10 0.42x10 0.45x10").asks(0)
    assert reach(asks, qty(10), px("0.50"), buying=True) == px("0.40")
    assert reach(asks, qty(11), px("0.50"), buying=True) == px("0.42")
    assert reach(asks, qty(99), px("0.43"), buying=True) == px("0.42")
    assert reach(asks, qty(1), px("0.39"), buying=True) is None
    bids = book(SECOND_MARKET, bids="0.40x10 0.38x10").bids(0)
    assert reach(bids, qty(15), px("0.38"), buying=False) == px("0.38")
    assert reach(bids, qty(15), px("0.39"), buying=False) == px("0.40")
    assert reach(bids, qty(1), px("0.41"), buying=False) is None
