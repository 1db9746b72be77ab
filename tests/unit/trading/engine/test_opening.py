"""How an approved plan begins: who is ordered first, and with which terms."""

import pytest
from msgspec.structs import replace

from markets.terms.fees import trade_fee
from markets.terms.units import MS, Ns, Px
from tests.builders import (
    FIRST,
    KA,
    PM,
    RELATION,
    SECOND_MARKET,
    START,
    at,
    book,
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
    usd,
    venue,
)
from tests.deals import deal, led, made, opened, with_strategy
from trading.engine import events as ev
from trading.engine.acks import noted
from trading.engine.opening import open_deal
from trading.engine.orders import BookKind, Purpose, TimeInForce
from trading.engine.scan import best_plan, route_tops
from trading.engine.sending import InvariantBroken
from trading.engine.state import exposure
from trading.engine.strategies import Strategy


def test_an_approved_plan_sends_both_legs_at_once_with_equal_shares() -> None:
    _, first, second = opened()
    assert (first.qty, second.qty) == (qty(100), qty(100))
    assert (first.px, second.px) == (px("0.42"), px("0.50"))
    assert {first.tif, second.tif} == {TimeInForce.IOC}
    assert (first.id, second.id) == ("r-1-0", "r-1-1")


def test_a_plan_without_a_book_cannot_be_opened() -> None:
    engine = started()
    engine.step(command("halt"))
    show(engine, *gap())
    entry = engine.state.entries[RELATION]
    plan = best_plan(engine.state, entry, route_tops(engine.state, entry))
    assert plan is not None
    with pytest.raises(InvariantBroken):
        open_deal(engine.state, replace(plan, book=None), [])
    assert plan.net > Px(0)


def test_a_deal_keeps_the_terms_it_began_with() -> None:
    engine, first, second = opened(hedge_loss=20_000)
    engine.step(ev.ConfigChanged(at("0.1"), snapshot(revision=2, hedge_loss=0)))
    engine.step(filled(first))
    show(engine, book(SECOND_MARKET, "0.40x500", "0.90x9", at("0.1")))
    assert orders(engine.step(rejected(second, when=at("0.2"))))


def test_the_leg_with_the_longer_declared_delay_goes_first_and_alone() -> None:
    engine, first = led()
    assert (first.market, first.qty, first.purpose) == (SECOND_MARKET, qty(100), Purpose.OPEN)
    assert (deal(engine).strategy, deal(engine).leader) == (Strategy.LEADER_FIRST, 1)


def test_equal_delays_leave_at_once() -> None:
    engine = started()
    for name in (FIRST, SECOND_MARKET):
        engine.state.markets[name] = replace(engine.state.markets[name], delay_ms=3_000)
    assert len(orders(show(engine, *gap()))) == 2


def test_the_leader_is_the_slower_venue_where_no_delay_is_declared() -> None:
    engine = started(with_strategy(Strategy.LEADER_FIRST))
    engine.state.acks["paper/kalshi"] = noted((), Ns(200 * MS))
    (first,) = orders(show(engine, *gap()))
    assert first.market == FIRST


def test_the_leader_is_the_thinner_book_among_equals() -> None:
    engine = started(with_strategy(Strategy.LEADER_FIRST))
    first, second = gap()
    thick = book(FIRST, "0.40x100", "0.42x500", START)
    (order,) = orders(show(engine, thick, second))
    assert order.market == SECOND_MARKET
    assert first.market == FIRST


def test_a_maker_rests_a_tick_before_the_best_bid_and_ends_by_itself_later() -> None:
    engine, first = made()
    assert (first.market, first.px, first.tif) == (FIRST, px("0.41"), TimeInForce.GTC)
    assert first.post_only
    assert first.expires_at == at(70)
    assert deal(engine).strategy is Strategy.MAKER_HEDGE


def test_a_makers_order_ends_no_sooner_than_its_venue_takes_an_end() -> None:
    slow = replace(venue(KA), least_life_ms=125_000)
    config = snapshot(maker_hedge=1, min_net_edge=50_000, venues=(slow, venue(PM)))
    (first,) = orders(show(started(config), *gap()))
    assert first.expires_at == at(125)


def test_money_for_the_legs_that_follow_is_reserved_before_the_leader_leaves() -> None:
    engine, _ = led()
    promises = exposure(engine.state, BookKind.PAPER).promises
    fee = trade_fee(engine.state.markets[FIRST].fees, px("0.44"), qty(100))
    assert promises[KA] == usd("44") + fee
    assert promises[PM] == usd("50")


def test_a_relations_own_way_comes_before_the_settings_also_in_a_running_engine() -> None:
    engine = started(with_strategy(Strategy.TAKER_TAKER, maker_hedge=1, min_net_edge=50_000))
    both = orders(show(engine, *gap()))
    assert [order.post_only for order in both] == [False, False]

    rests = with_strategy(Strategy.MAKER_HEDGE, min_net_edge=50_000, match_interval_ms=0)
    engine = started(with_strategy(Strategy.TAKER_TAKER, min_net_edge=90_000))
    assert not orders(show(engine, *gap()))
    (first,) = orders(engine.step(ev.ConfigChanged(at("0.1"), rests)))
    assert first.post_only
    assert deal(engine).strategy is Strategy.MAKER_HEDGE
