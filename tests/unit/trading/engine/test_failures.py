"""What goes wrong between a plan and its end, each with what follows: the rows of the failure table
that no other file proves.
"""

from itertools import permutations

import pytest
from msgspec.structs import replace

from markets.terms.instruments import even_ladder
from tests.builders import (
    FIRST,
    KA,
    PM,
    SECOND_MARKET,
    at,
    book,
    cancelled,
    cash,
    filled,
    gap,
    orders,
    px,
    qty,
    rejected,
    relation,
    show,
    snapshot,
    started,
    tick,
    unknown,
    usd,
)  # fmt: skip
from tests.deals import deal, made, mismatched, opened, steps
from trading.engine import events as ev
from trading.engine.deals import DealState
from trading.engine.intents import CancelOrder, Intent, QueryOrder
from trading.engine.orders import OrderState, Purpose, Side


def test_a_refused_second_leg_is_bought_within_its_loss_else_the_first_is_sold() -> None:
    engine, intents = mismatched("0.44x500")
    (hedge,) = orders(intents)
    assert (hedge.market, hedge.purpose, hedge.px) == (SECOND_MARKET, Purpose.HEDGE, px("0.56"))
    engine.step(filled(hedge, when=at("0.3")))
    assert (deal(engine).state, deal(engine).matched) == (DealState.BALANCED, qty(100))

    engine, intents = mismatched("0.30x500")
    assert not orders(intents)
    (sale,) = orders(engine.step(tick("hedge/r-1", at(1))))
    assert (sale.market, sale.side, sale.purpose) == (FIRST, Side.SELL, Purpose.UNWIND)
    assert sale.qty == qty(100)
    assert sale.px >= px("0.37")  # 5 cents below its cost at the worst
    engine.step(filled(sale, when=at("1.1")))
    assert deal(engine).state is DealState.CLOSED


def test_a_leg_that_timed_out_and_had_filled_balances_and_nothing_is_sent_twice() -> None:
    engine, first, second = opened()
    engine.step(filled(first))
    asked = engine.step(unknown(second, when=at(5)))
    assert [i.order for i in asked if isinstance(i, QueryOrder)] == [second.id]
    assert not orders(asked)
    assert not orders(engine.step(filled(second, when=at(6))))
    assert deal(engine).state is DealState.BALANCED


@pytest.mark.parametrize("turn", list(permutations(range(4))))
def test_parts_in_any_order_give_the_same_deal(turn: tuple[int, ...]) -> None:
    engine, first, second = opened()
    parts = [
        filled(first, "40", key="a"), filled(first, "60", key="b"),
        filled(second, "70", key="c"), filled(second, "30", key="d"),
    ]  # fmt: skip
    for place in turn:
        assert not orders(engine.step(parts[place]))
    assert (deal(engine).state, deal(engine).matched) == (DealState.BALANCED, qty(100))
    assert deal(engine).locked == usd(8)


def test_a_fill_that_races_its_cancellation_is_counted_and_hedged() -> None:
    engine, first, second = opened()
    engine.step(filled(first))
    (hedge,) = orders(engine.step(cancelled(second, "0", when=at("0.2"))))
    engine.step(filled(second, "30", key="late", when=at("0.22")))
    assert deal(engine).legs[1].held == qty(30)
    (more,) = orders(engine.step(filled(hedge, when=at("0.3"))))
    assert (more.market, more.side, more.qty) == (FIRST, Side.BUY, qty(30))
    assert not engine.state.halts


def test_a_fill_before_its_acceptance_and_an_acceptance_after_its_fill_change_nothing() -> None:
    engine, first, second = opened()
    engine.step(filled(first))
    engine.step(ev.OrderAccepted(at("0.1"), first.id, "k"))
    assert engine.state.orders[first.id].state is OrderState.FILLED
    assert engine.state.orders[first.id].venue_order == "k"
    engine.step(filled(second))
    assert deal(engine).state is DealState.BALANCED


def test_fills_told_again_after_a_reconnect_count_once() -> None:
    engine, first, second = opened()
    said = [filled(first, "40", key="a"), filled(first, "60", key="b"), filled(second, key="c")]
    for event in said:
        engine.step(event)
    state = engine.state
    before = (dict(state.orders), dict(state.positions), dict(state.cash), dict(state.deals))
    for event in said:
        assert engine.step(event) == []
    assert (state.orders, state.positions, state.cash, state.deals) == before


def test_a_silent_private_channel_is_outwaited_by_asking_and_its_late_words_change_nothing() -> (
    None
):
    engine, first, second = opened()
    for request in (first, second):
        engine.step(ev.OrderAccepted(at("0.1"), request.id, f"v-{request.id}"))
    # The socket says nothing more. At their time the orders are pulled and asked for over REST.
    asked = engine.step(tick("deal/r-1", at(5)))
    assert [i.order for i in asked if isinstance(i, CancelOrder)] == [first.id, second.id]
    assert [i.order for i in asked if isinstance(i, QueryOrder)] == [first.id, second.id]
    assert not orders(asked)

    said = [filled(first, key="a", when=at("5.1")), filled(second, key="b", when=at("5.2"))]
    answers: list[ev.Event] = [
        *said,
        cancelled(first, "100", when=at("5.2")),
        cancelled(second, "100"),
    ]
    assert not [order for event in answers for order in orders(engine.step(event))]
    assert (deal(engine).state, deal(engine).matched) == (DealState.BALANCED, qty(100))

    before = engine.state.orders.copy()
    for event in said:
        assert engine.step(replace(event, at=at(40))) == []
    assert engine.state.orders == before


def test_of_a_silent_private_channel_only_what_rest_says_is_hedged() -> None:
    engine, first, second = opened()
    for request in (first, second):
        engine.step(ev.OrderAccepted(at("0.1"), request.id, "v"))
    engine.step(tick("deal/r-1", at(5)))
    engine.step(filled(first, "60", key="a", when=at("5.1")))
    assert not orders(engine.step(cancelled(first, "60", when=at("5.1"))))
    show(engine, *gap(at("5.15")))
    (hedge,) = orders(engine.step(cancelled(second, "0", when=at("5.2"))))
    assert (hedge.market, hedge.qty) == (SECOND_MARKET, qty(60))


def test_a_tick_that_changed_between_plan_and_send_moves_the_next_price_to_the_new_grid() -> None:
    engine, intents = mismatched("0.44x500")
    (first,) = orders(intents)
    known = engine.state.markets[SECOND_MARKET]
    engine.step(ev.MarketChanged(at("0.3"), replace(known, ticks=even_ladder(px("0.05")))))
    engine.step(rejected(first, "invalid tick", when=at("0.31")))
    (again,) = orders(engine.step(tick("retry/r-1", at("0.45"))))
    assert again.px == px("0.60")  # 56 cents are offered; the next legal price is within the loss


def test_a_tick_that_changed_before_a_sale_moves_its_price_to_the_new_grid() -> None:
    engine, _ = mismatched("0.30x500")
    known = engine.state.markets[FIRST]
    show(engine, book(FIRST, "0.41x500", "0.43x500", at("0.25")))
    engine.step(ev.MarketChanged(at("0.3"), replace(known, ticks=even_ladder(px("0.02")))))
    (sale,) = orders(engine.step(tick("hedge/r-1", at(1))))
    assert (sale.market, sale.side, sale.px) == (FIRST, Side.SELL, px("0.40"))


def test_a_market_that_closes_mid_deal_turns_the_hedge_into_a_sale() -> None:
    engine, _ = mismatched("0.30x500")
    engine.step(ev.MarketClosed(at("0.3"), SECOND_MARKET))
    (sale,) = orders(show(engine, book(FIRST, "0.40x500", "0.42x500", at("0.31"))))
    assert (sale.market, sale.side) == (FIRST, Side.SELL)


def test_both_markets_closing_mid_deal_leaves_a_stated_residual() -> None:
    engine, _ = mismatched("0.30x500")
    engine.step(ev.MarketClosed(at("0.3"), SECOND_MARKET))
    engine.step(ev.MarketClosed(at("0.3"), FIRST))
    engine.step(tick("hedge/r-1", at(1)))
    assert deal(engine).state is DealState.RESIDUAL
    assert "100 KA Yes could not be closed" in deal(engine).reason


def test_a_balance_that_is_short_refuses_one_leg_and_the_other_is_got_out_of() -> None:
    engine, first, second = opened()
    engine.step(filled(first))
    engine.step(cash(PM, "0.2"))
    (sale,) = orders(engine.step(rejected(second, "insufficient_balance", when=at("0.2"))))
    assert (sale.market, sale.purpose) == (FIRST, Purpose.UNWIND)


def test_a_venue_that_asks_for_patience_in_the_hedge_is_tried_again_later() -> None:
    engine, intents = mismatched("0.44x500", hedge_timeout_ms=5_000)
    (hedge,) = orders(intents)
    assert not orders(engine.step(rejected(hedge, "too many requests", when=at("0.25"))))
    assert not orders(engine.step(tick("retry/r-1", at("0.34"))))
    tried, last = [hedge], list[Intent]()
    # A tenth of a second after the first refusal, then two and four: three times in all.
    for asked_at, refused_at in (("0.35", "0.36"), ("0.56", "0.57"), ("0.97", "0.98")):
        (again,) = orders(engine.step(tick("retry/r-1", at(asked_at))))
        assert (again.qty, again.purpose) == (hedge.qty, Purpose.HEDGE)
        assert again.id not in [order.id for order in tried]
        tried.append(again)
        last = engine.step(rejected(again, "too many requests", when=at(refused_at)))
    (sale,) = orders(last)
    assert (sale.market, sale.purpose) == (FIRST, Purpose.UNWIND)
    assert "Hedged 4 times in vain." in steps(last)[0]


def test_a_post_only_order_that_would_trade_closes_its_deal_and_cools_down() -> None:
    engine, first = made()
    engine.step(rejected(first, "post_only", when=at("0.1")))
    engine.step(tick("rest/r-1", at("0.4")))
    assert deal(engine).state is DealState.CLOSED
    assert engine.state.failed == {"a": at("0.4")}
    assert not orders(show(engine, *gap(at("0.5"))))


def test_a_venue_that_takes_only_cancels_refuses_and_the_filled_leg_is_sold_elsewhere() -> None:
    engine, first, second = opened()
    engine.step(filled(first))
    intents = engine.step(rejected(second, "cancel only", when=at("0.2")))
    for n in range(4):
        for order in orders(intents):
            engine.step(rejected(order, "cancel only", when=at(f"0.{2 + n}1")))
        intents = engine.step(tick("hedge/r-1", at(5)))
        if orders(intents):
            break
    (sale,) = orders(intents)
    assert (sale.market, sale.side) == (FIRST, Side.SELL)


def test_an_order_killed_whole_is_a_cancellation_of_nothing() -> None:
    engine, first, second = opened()
    engine.step(filled(first))
    (hedge,) = orders(
        [*engine.step(cancelled(second, "0", when=at("0.2"))),
         *show(engine, gap(at("0.3"))[1])]
    )  # fmt: skip
    assert (hedge.purpose, hedge.qty) == (Purpose.HEDGE, qty(100))


def test_an_immediate_order_that_rests_is_cancelled_and_asked_for() -> None:
    engine, _, second = opened()
    engine.step(ev.OrderAccepted(at("0.1"), second.id, "live"))
    intents = engine.step(tick("deal/r-1", at(5)))
    assert second.id in [i.order for i in intents if isinstance(i, CancelOrder)]
    assert second.id in [i.order for i in intents if isinstance(i, QueryOrder)]
    assert not orders(intents)


def test_an_inverted_pair_never_sells_the_wrong_leg() -> None:
    engine = started(snapshot(relation(inverse=True)))
    first, second = book(FIRST, "0.40x100", "0.42x100"), book(SECOND_MARKET, "0.48x100", "0.50x100")
    legs = orders(show(engine, first, second))
    assert {(o.market, o.outcome) for o in legs} == {(FIRST, 0), (SECOND_MARKET, 0)}
    engine.step(filled(legs[0]))
    show(engine, book(SECOND_MARKET, "0.80x100", "0.82x100", at("0.1")))
    engine.step(rejected(legs[1], when=at("0.2")))
    (sale,) = orders(engine.step(tick("hedge/r-1", at(3))))
    assert (sale.market, sale.outcome, sale.side) == (FIRST, 0, Side.SELL)
    assert sale.qty == qty(100)


def test_two_deals_never_spend_the_same_dollar() -> None:
    other = relation("b", "kalshi:B", "polymarket:B")
    engine = started(snapshot(relation(), other, match_interval_ms=0))
    engine.step(cash(PM, "70"))
    engine.step(cash(KA, "70"))
    sent = orders(show(engine, *gap()))
    sent += orders(show(engine, *gap(first="kalshi:B", second="polymarket:B")))
    assert [o.market for o in sent] == [FIRST, SECOND_MARKET, "kalshi:B", "polymarket:B"]
    assert [o.qty for o in sent] == [qty(100), qty(100), qty(40), qty(40)]
    for venue in (KA, PM):
        money = sum(o.px * o.qty for o in sent if str(o.market).startswith(str(venue)))
        assert money <= usd(70) * 1_000_000


def test_a_second_deal_waits_while_one_trades_a_market_of_it() -> None:
    other = relation("b", FIRST, "polymarket:B")
    engine = started(snapshot(relation(), other, match_interval_ms=0))
    assert len(orders(show(engine, *gap()))) == 2
    assert not orders(show(engine, book("polymarket:B", "0.50x100", "0.52x100")))
