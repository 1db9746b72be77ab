"""A maker's order: every fill hedged at once, moved or pulled in time, late fills waited for."""

from typing import Any

import pytest
from msgspec.structs import replace

from markets.terms.ids import MarketId, RelationId
from markets.terms.tables import Certificate, Runner, Subject, field
from markets.terms.units import MS
from tests.builders import (
    FIRST,
    KA,
    PM,
    SECOND_MARKET,
    START,
    at,
    book,
    cancelled,
    cash,
    command,
    filled,
    gap,
    orders,
    px,
    qty,
    rejected,
    show,
    snapshot,
    started,
    tick,
    usd,
)  # fmt: skip
from tests.deals import DEAL, deal, made
from trading.engine import events as ev
from trading.engine.deals import DealState
from trading.engine.engine import Engine
from trading.engine.intents import CancelOrder, Intent, PlaceOrder, SetTimer
from trading.engine.orders import OrderRequest, Purpose, Side
from trading.engine.plans import charged
from trading.engine.resting import offered, pulled
from trading.engine.state import promised


def pulls(intents: list[Intent]) -> list[str]:
    return [i.order for i in intents if isinstance(i, CancelOrder)]


def accepted() -> tuple[Engine, OrderRequest]:
    engine, first = made()
    engine.step(ev.OrderAccepted(at("0.01"), first.id, "k"))
    return engine, first


def test_every_part_that_fills_is_hedged_at_once_while_the_rest_stays() -> None:
    engine, first = accepted()
    (hedge,) = orders(engine.step(filled(first, "30", key="a", when=at("0.1"))))
    assert (hedge.market, hedge.qty, hedge.purpose) == (SECOND_MARKET, qty(30), Purpose.HEDGE)
    assert DEAL in engine.state.naked
    intents = engine.step(filled(hedge, when=at("0.15")))
    assert deal(engine).state is DealState.RESTING
    assert not pulls(intents)
    assert not engine.state.naked
    (again,) = orders(engine.step(filled(first, "70", key="b", when=at("0.2"))))
    assert again.qty == qty(70)
    engine.step(filled(again, when=at("0.3")))
    assert (deal(engine).state, deal(engine).matched) == (DealState.BALANCED, qty(100))


def test_a_fill_during_a_hedge_is_hedged_when_that_one_has_ended() -> None:
    engine, first = accepted()
    (hedge,) = orders(engine.step(filled(first, "30", key="a", when=at("0.1"))))
    assert not orders(engine.step(filled(first, "20", key="b", when=at("0.12"))))
    (second,) = orders(engine.step(filled(hedge, when=at("0.15"))))
    assert second.qty == qty(20)


def test_the_order_is_pulled_when_its_time_is_over_and_then_a_window_is_waited() -> None:
    engine, first = accepted()
    show(engine, *reversed(gap(at("9.9"))))
    assert pulls(engine.step(tick("maker/r-1", at(10)))) == [first.id]
    intents = engine.step(cancelled(first, "0", when=at("10.05")))
    assert deal(engine).state is DealState.OPENING
    (timer,) = [i for i in intents if isinstance(i, SetTimer) and i.key == "rest/r-1"]
    assert timer.due == at("10.05") + 250 * MS
    engine.step(tick("rest/r-1", timer.due))
    assert deal(engine).state is DealState.CLOSED


def test_a_fill_in_the_late_window_is_hedged() -> None:
    engine, first = accepted()
    show(engine, *reversed(gap(at("9.9"))))
    engine.step(tick("maker/r-1", at(10)))
    engine.step(cancelled(first, when=at("10.05")))
    (hedge,) = orders(engine.step(filled(first, "5", when=at("10.1"))))
    assert (hedge.market, hedge.qty) == (SECOND_MARKET, qty(5))


def test_an_end_is_asked_for_once() -> None:
    engine, first = accepted()
    show(engine, *reversed(gap(at("9.9"))))
    assert pulls(engine.step(tick("maker/r-1", at(10)))) == [first.id]
    assert not pulls(show(engine, *reversed(gap(at("10.01")))))


def test_the_order_is_pulled_when_the_package_keeps_too_little() -> None:
    engine, first = accepted()
    assert not pulls(show(engine, book(SECOND_MARKET, "0.50x200", "0.52x9", at("0.1"))))
    assert pulls(show(engine, book(SECOND_MARKET, "0.49x200", "0.52x9", at("0.2")))) == [first.id]


def test_the_order_moves_up_when_somebody_bids_more_and_it_still_keeps_enough() -> None:
    engine, first = made(profit_fell=500_000)
    engine.step(ev.OrderAccepted(at("0.01"), first.id, "k"))
    better = book(FIRST, "0.41x50 0.40x100", "0.44x100", at("0.6"))
    assert pulls(show(engine, better)) == [first.id]
    engine.step(cancelled(first, "0", when=at("0.65")))
    show(engine, gap(at("0.85"))[1])
    (again,) = orders(engine.step(tick("rest/r-1", at("0.9"))))
    assert (again.px, again.qty, again.purpose) == (px("0.42"), qty(100), Purpose.OPEN)
    assert again.id != first.id


def test_the_order_does_not_move_at_once() -> None:
    engine, _ = made(profit_fell=500_000)
    better = book(FIRST, "0.41x50 0.40x100", "0.44x100", at("0.3"))
    assert not pulls(show(engine, better))


@pytest.mark.parametrize("event", [
    ev.BookStale(at("0.2"), SECOND_MARKET, "gap"),
    ev.FeedDown(at("0.2"), PM, "gone"),
    command("halt", when=at("0.2")),
    command("halt", KA, when=at("0.2")),
])  # fmt: skip
def test_the_order_is_pulled_when_its_hedge_could_not_be_trusted_or_a_person_halts(
    event: ev.Event,
) -> None:
    engine, first = accepted()
    assert first.id in pulls(engine.step(event))
    ended = engine.step(cancelled(first, "0", when=at("0.3")))
    later = [*ended, *engine.step(tick("rest/r-1", at("0.6"))), *show(engine, *gap(at("0.7")))]
    assert not [i for i in later if isinstance(i, PlaceOrder)]


def test_a_hedge_that_does_not_go_out_pulls_the_order_and_the_part_is_sold() -> None:
    engine, first = accepted()
    show(engine, book(SECOND_MARKET, "0.30x200", "0.52x9", at("0.1")))
    engine.step(filled(first, "30", key="a", when=at("0.11")))
    assert deal(engine).state is DealState.HEDGING
    assert not orders(engine.step(tick("hedge/r-1", at(1))))
    assert deal(engine).state is DealState.UNWINDING
    (sale,) = orders(engine.step(cancelled(first, "30", when=at("1.1"))))
    assert (sale.market, sale.side, sale.qty) == (FIRST, Side.SELL, qty(30))


def test_a_part_below_the_hedging_venues_smallest_order_waits_for_more() -> None:
    engine, first = accepted()
    small = filled(first, "0.5", key="a", when=at("0.1"))
    assert not orders(engine.step(small))
    assert deal(engine).state is DealState.OPENING
    (hedge,) = orders(engine.step(filled(first, "2.5", key="b", when=at("0.2"))))
    assert hedge.qty == qty(3)


def test_a_refused_order_is_not_rested_again() -> None:
    engine, first = made()
    engine.step(rejected(first, "post only", when=at("0.1")))
    assert not orders(engine.step(tick("rest/r-1", at("0.4"))))
    assert deal(engine).state is DealState.CLOSED


def test_after_a_start_the_order_is_asked_for_and_pulled_once_it_is_known() -> None:
    engine, first = accepted()
    engine.step(ev.RunStarted(at(1), engine.state.run, "paper"))
    intents = engine.step(ev.OrderAccepted(at("1.1"), first.id, "k"))
    assert pulls(intents) == [first.id]


def test_resting_orders_are_not_taken_for_late_before_their_end() -> None:
    engine, _ = accepted()
    assert not pulls(engine.step(tick("deal/r-1", at(6))))
    assert "cannot be believed" in pulled(engine.state, deal(engine))


def test_no_order_rests_where_the_package_would_keep_too_little() -> None:
    engine = started(snapshot(maker_hedge=1, min_net_edge=90_000))
    assert not orders(show(engine, *gap()))


def test_a_book_is_seen_with_our_price_as_its_only_offer() -> None:
    shown = book(FIRST, "0.40x100", "0.42x100", START)
    level = (px("0.41"), qty(7))
    assert offered(shown, 0, level).asks(0) == (level,)
    assert offered(shown, 1, (px("0.59"), qty(7))).asks(1) == ((px("0.59"), qty(7)),)
    assert offered(shown, 1, (px("0.59"), qty(7))).asks(0) == shown.asks(0)


# 41 cents resting and 50 taken leave 9 cents, less 0.05 of friction and the fees.
@pytest.mark.parametrize(
    ("fees", "net"),
    [
        ({}, "0.0895"),
        ({"maker_rate_ppm": 17_500}, "0.085266"),  # 0.0175 x 0.41 x 0.59, up to 0.01 cents in all
        ({"maker_rate_ppm": 17_500, "multiplier_ppm": 500_000}, "0.085266"),
        ({"kind": "flat"}, None),
    ],
)
def test_what_rests_is_planned_at_the_makers_fee_and_an_unknown_one_at_the_worst(
    fees: dict[str, Any], net: str | None
) -> None:
    config = snapshot(maker_hedge=1, min_net_edge=80_000)
    first, second = config.markets
    changed = replace(first, fees=replace(first.fees, **fees))
    engine = started(replace(config, markets=(changed, second)))

    sent = orders(show(engine, *gap()))

    resting = [order for order in sent if order.post_only]
    assert [order.px for order in resting] == ([px("0.41")] if net else [])
    if net:
        assert deal(engine).planned_net == px(net)
        show(engine, *gap(at("0.2")))  # re-priced at the same fee it still keeps enough
        assert not pulled(engine.state, deal(engine))


def test_a_leg_taken_where_another_rests_leaves_both_at_the_takers_fee() -> None:
    config = snapshot(maker_hedge=1)
    markets = {m.id: m for m in config.markets}
    relation = config.relations[0].relation

    apart = charged(relation, markets, [FIRST, SECOND_MARKET], FIRST)
    assert apart[FIRST].fees.rate_ppm == 0
    assert apart[SECOND_MARKET] == markets[SECOND_MARKET]
    assert charged(relation, markets, [FIRST, FIRST], FIRST) is markets
    assert charged(relation, markets, [FIRST, SECOND_MARKET], None) is markets


def test_an_order_rests_that_keeps_enough_at_the_makers_fee_alone() -> None:
    engine = started(snapshot(maker_hedge=1, min_net_edge=5_000))
    first, _ = gap()
    sent = orders(show(engine, book(SECOND_MARKET, "0.42x100", "0.60x100"), first))

    assert [(order.px, order.post_only) for order in sent] == [(px("0.41"), True)]
    assert deal(engine).planned_net == px("0.0095")


def test_an_order_that_moves_up_takes_no_more_money_than_is_free() -> None:
    engine, first = made(profit_fell=500_000)
    engine.step(ev.OrderAccepted(at("0.01"), first.id, "k"))
    engine.step(cash(KA, "41.50"))
    show(engine, book(FIRST, "0.41x50 0.40x100", "0.44x100", at("0.6")))
    engine.step(cancelled(first, "0", when=at("0.65")))
    show(engine, gap(at("0.85"))[1])
    (again,) = orders(engine.step(tick("rest/r-1", at("0.9"))))
    assert (again.px, again.qty) == (px("0.42"), qty(98))
    assert promised(engine.state, engine.state.orders[again.id]) <= usd("41.50")


def test_an_order_does_not_rest_again_without_money() -> None:
    engine, first = made(profit_fell=500_000)
    engine.step(ev.OrderAccepted(at("0.01"), first.id, "k"))
    engine.step(cash(KA, "0.10"))
    show(engine, book(FIRST, "0.41x50 0.40x100", "0.44x100", at("0.6")))
    engine.step(cancelled(first, "0", when=at("0.65")))
    show(engine, gap(at("0.85"))[1])
    assert not orders(engine.step(tick("rest/r-1", at("0.9"))))
    assert deal(engine).state is DealState.CLOSED


def test_what_rests_is_the_leg_that_was_meant_where_another_is_shared_by_venues() -> None:
    shared = MarketId("kalshi:B")
    runners = [Runner("one", (FIRST, SECOND_MARKET)), Runner("two", (shared,))]
    both = field(Subject(RelationId("a"), "a"), runners, Certificate("one of two"))
    config = snapshot(both, packages=tuple(range(8)), maker_hedge=1, min_net_edge=40_000)
    engine = started(config)
    show(engine, book(shared, "0.68x20", "0.99x500"), book(SECOND_MARKET, "0.28x500", "0.30x10"))
    (sent,) = orders(show(engine, book(FIRST, "0.39x500", "0.41x500")))

    # NO of the first rests a tick before its bid of 59 cents; YES is had at two venues.
    assert (sent.market, sent.outcome, sent.px, sent.post_only) == (FIRST, 1, px("0.60"), True)
    assert [leg.market for leg in deal(engine).legs] == [SECOND_MARKET, shared, FIRST]
    assert deal(engine).leader == 2
