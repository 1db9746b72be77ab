"""A statement agrees, proves nothing yet, or halts its venue with both numbers."""

import pytest
from msgspec.structs import replace

from markets.terms.ids import DealId, MarketId, OrderId, VenueId
from markets.terms.units import Ns, Qty, Usd
from tests.builders import FIRST, KA, PM, at, filled, market, px, qty, snapshot, started, usd, venue
from trading.engine import events as ev
from trading.engine import reconcile
from trading.engine.engine import Engine
from trading.engine.intents import CancelOrder, Halt, Intent, QueryOrder
from trading.engine.orders import (
    BookKind,
    Order,
    OrderRequest,
    OrderState,
    Purpose,
    Side,
    TimeInForce,
)
from trading.engine.positions import Position, key_of
from trading.engine.reconcile import Outcome, judge, missing

OURS = OrderId("r-7-0")


def live_engine(*, nets: bool = True) -> Engine:
    """An engine with a live account at Kalshi that once agreed on 100 dollars and no contracts."""
    config = snapshot(venues=(replace(venue(KA), nets=nets), venue(PM)))
    engine = started(config)
    engine.step(statement(when=5))
    assert not missing(engine.state, KA)
    return engine


def statement(
    cash: str = "100",
    holdings: tuple[tuple[MarketId, int, Qty], ...] = (),
    orders: tuple[ev.StatedOrder, ...] = (),
    *,
    when: int = 60,
    complete: bool = True,
) -> ev.AccountReported:
    """What Kalshi says, a second after it was asked."""
    asked = at(when)
    return ev.AccountReported(
        Ns(asked + 10**9), KA, BookKind.LIVE, usd(cash), holdings, orders, asked, complete
    )


def request(side: Side = Side.BUY) -> OrderRequest:
    """A resting order for 10 YES at 40 cents."""
    return OrderRequest(
        id=OURS,
        deal=DealId("r-7"),
        leg=0,
        market=FIRST,
        outcome=0,
        side=side,
        px=px("0.40"),
        qty=qty(10),
        tif=TimeInForce.GTC,
        book=BookKind.LIVE,
        purpose=Purpose.OPEN,
    )


def with_order(engine: Engine, state: OrderState, left: int = 10) -> None:
    done = qty(10 - left)
    order = Order(request(), state, at(6), at(6), filled=done)
    engine.state.orders[OURS] = order


def resting(left: int = 10, order: OrderId = OURS) -> ev.StatedOrder:
    return ev.StatedOrder(order, "v1", FIRST, 0, Side.BUY, px("0.40"), qty(left))


def hold(engine: Engine, yes: int, no: int = 0) -> None:
    engine.state.positions[key_of(FIRST, BookKind.LIVE)] = Position(
        FIRST, BookKind.LIVE, (qty(yes), qty(no)), (Usd(0), Usd(0))
    )


def halts(intents: list[Intent]) -> list[str]:
    return [i.reason for i in intents if isinstance(i, Halt) and i.on and i.cause == "money"]


def test_the_first_statement_with_nothing_held_agrees_and_is_our_cash() -> None:
    engine = started()
    assert missing(engine.state, KA) == "no statement came yet"
    assert engine.step(statement("42")) == []
    assert engine.state.cash["live/kalshi"] == usd(42)
    assert not missing(engine.state, KA)
    assert missing(engine.state, PM)


def test_an_incomplete_statement_is_not_flat() -> None:
    engine = live_engine()
    assert reconcile.agrees(engine.state, KA)
    hold(engine, 10)
    assert engine.step(statement(complete=False)) == []
    assert engine.state.cash["live/kalshi"] == usd(100)
    assert engine.state.agreements[KA].text == "the statement is incomplete"
    assert not reconcile.agrees(engine.state, KA)
    assert not missing(engine.state, KA)


def test_an_empty_statement_where_we_hold_something_halts_with_both_numbers() -> None:
    engine = live_engine()
    hold(engine, 10)
    assert halts(engine.step(statement())) == ["kalshi says 0 of kalshi:A Yes, our fills say 10."]
    assert missing(engine.state, KA)


def test_a_statement_asked_for_before_the_start_lifts_nothing() -> None:
    engine = live_engine()
    engine.step(ev.RunStarted(at(61), engine.state.run, "live"))
    engine.step(statement(when=60))
    assert missing(engine.state, KA) == "it was asked for before the start"
    engine.step(statement(when=62))
    assert not missing(engine.state, KA)


@pytest.mark.parametrize("state", [OrderState.SENT, OrderState.UNKNOWN])
def test_an_order_on_its_way_or_in_doubt_postpones(state: OrderState) -> None:
    engine = live_engine()
    with_order(engine, state)
    judged = judge(engine.state, statement("1"))
    assert (judged.outcome, judged.text) == (
        Outcome.OPEN,
        "order r-7-0 is on its way or not known",
    )


def test_a_fill_after_the_question_postpones_and_so_does_one_just_before_it() -> None:
    engine = live_engine()
    with_order(engine, OrderState.OPEN)
    engine.step(filled(request(), "3", when=at(60)))
    assert engine.state.cash["live/kalshi"] == usd("98.8")
    for when in (59, 60, 61):
        assert judge(engine.state, statement(when=when)).outcome is Outcome.OPEN
    agreeing = statement("98.80", ((FIRST, 0, qty(3)),), (resting(7),), when=62)
    assert judge(engine.state, agreeing).outcome is Outcome.AGREES


def test_an_order_that_should_rest_and_is_not_stated_is_asked_for() -> None:
    engine = live_engine()
    with_order(engine, OrderState.OPEN)
    intents = engine.step(statement("1", ((FIRST, 0, qty(3)),)))
    assert [i.order for i in intents if isinstance(i, QueryOrder)] == [OURS]
    assert not halts(intents)
    assert engine.state.orders[OURS].state is OrderState.UNKNOWN


def test_an_order_of_which_less_is_left_than_we_know_is_asked_for() -> None:
    engine = live_engine()
    with_order(engine, OrderState.PART, left=6)
    assert judge(engine.state, statement("96", (), (resting(5),))).asks == (OURS,)


def test_an_order_that_rests_and_that_we_do_not_know_is_cancelled_and_halts() -> None:
    engine = live_engine()
    intents = engine.step(statement(orders=(resting(4, OrderId("q-1-0")),)))
    assert [(i.order, i.book) for i in intents if isinstance(i, CancelOrder)] == [
        ("q-1-0", BookKind.LIVE)
    ]
    assert halts(intents) == [
        "kalshi says that orders of ours rest which should not: q-1-0 (4 of kalshi:A)."
    ]


def test_an_order_that_we_saw_end_and_that_rests_is_cancelled_and_halts() -> None:
    engine = live_engine()
    with_order(engine, OrderState.CANCELLED)
    intents = engine.step(statement(orders=(resting(),)))
    assert any(isinstance(i, CancelOrder) for i in intents)
    assert halts(intents)


def test_orders_of_others_are_none_of_our_business() -> None:
    engine = live_engine()
    assert judge(engine.state, statement(orders=(resting(4, OrderId("")),))) == reconcile.Judged(
        Outcome.AGREES
    )


def test_while_an_order_rests_a_difference_counts_when_it_is_said_twice() -> None:
    engine = live_engine()
    with_order(engine, OrderState.OPEN)
    wrong = ((FIRST, 0, qty(3)),)
    assert not halts(engine.step(statement("100", wrong, (resting(),), when=60)))
    assert missing(engine.state, KA)
    assert halts(engine.step(statement("100", wrong, (resting(),), when=120)))


def test_a_difference_said_once_and_then_no_more_is_forgotten() -> None:
    engine = live_engine()
    with_order(engine, OrderState.OPEN)
    wrong = ((FIRST, 0, qty(3)),)
    engine.step(statement("100", wrong, (resting(),), when=60))
    engine.step(statement("100", (), (resting(),), when=120))
    assert not missing(engine.state, KA)
    assert not halts(engine.step(statement("100", wrong, (resting(),), when=180)))


def test_yes_and_no_of_a_market_that_nets_are_compared_against_each_other() -> None:
    engine = live_engine()
    hold(engine, 10, 4)
    engine.state.cash["live/kalshi"] = usd(94)
    netted = statement("98", ((FIRST, 0, qty(6)),))
    assert judge(engine.state, netted).outcome is Outcome.AGREES
    assert judge(engine.state, statement("94", ((FIRST, 0, qty(6)),))).outcome is Outcome.DRIFTS


def test_where_nothing_nets_both_sides_are_compared() -> None:
    engine = live_engine(nets=False)
    hold(engine, 10, 4)
    both = ((FIRST, 0, qty(10)), (FIRST, 1, qty(4)))
    assert judge(engine.state, statement("100", both)).outcome is Outcome.AGREES
    assert judge(engine.state, statement("100", both[:1])).outcome is Outcome.DRIFTS


def test_what_pairs_gave_back_before_the_last_comparison_is_not_counted_again() -> None:
    engine = live_engine()
    hold(engine, 10, 4)
    engine.state.cash["live/kalshi"] = usd(94)
    engine.step(statement("98", ((FIRST, 0, qty(6)),)))
    again = statement("98", ((FIRST, 0, qty(6)),), when=120)
    assert judge(engine.state, again).outcome is Outcome.AGREES


@pytest.mark.parametrize(
    ("stated", "outcome"),
    [("99.99", Outcome.AGREES), ("100.01", Outcome.AGREES), ("99.98", Outcome.DRIFTS)],
)
def test_cash_is_compared_to_the_cent(stated: str, outcome: Outcome) -> None:
    assert judge(live_engine().state, statement(stated)).outcome is outcome


def test_cash_may_be_bound_by_an_order_that_rests() -> None:
    engine = live_engine()
    with_order(engine, OrderState.OPEN)
    assert judge(engine.state, statement("96", (), (resting(),))).outcome is Outcome.AGREES
    assert judge(engine.state, statement("95", (), (resting(),))).outcome is Outcome.DRIFTS


def test_a_difference_of_cash_is_said_with_both_numbers_and_told_once() -> None:
    engine = live_engine()
    assert halts(engine.step(statement("90"))) == [
        "kalshi says $90.00 is free, our fills say $100.00."
    ]
    assert engine.step(statement("90", when=120)) == []
    assert "kalshi|money" in engine.state.halts


def test_contracts_of_a_closed_market_that_are_gone_wait_for_the_word_of_what_they_paid() -> None:
    engine = live_engine()
    hold(engine, 10)
    engine.step(ev.MarketClosed(at(7), FIRST))
    judged = judge(engine.state, statement("110"))
    assert (judged.outcome, judged.text) == (
        Outcome.OPEN,
        "kalshi:A is closed and what it paid was not told yet",
    )
    engine.step(ev.MarketSettled(at(8), FIRST, (px("1"), px("0"))))
    assert judge(engine.state, statement("110", when=70)).outcome is Outcome.AGREES


def test_resuming_accepts_the_difference_and_only_that() -> None:
    engine = live_engine()
    theirs = ((FIRST, 0, qty(3)),)
    engine.step(statement("90", theirs))
    reconcile.accept(engine.state, "polymarket")
    assert judge(engine.state, statement("90", theirs, when=70)).outcome is Outcome.DRIFTS
    reconcile.accept(engine.state, "")
    assert judge(engine.state, statement("90", theirs, when=70)).outcome is Outcome.AGREES
    assert judge(engine.state, statement("90", when=70)).outcome is Outcome.DRIFTS


def test_a_market_we_do_not_follow_is_named_all_the_same() -> None:
    engine = live_engine()
    other = ((MarketId("kalshi:ZZZ"), 1, qty(2)),)
    judged = judge(engine.state, statement("100", other))
    assert judged.text == "kalshi says 2 of kalshi:ZZZ outcome 1, our fills say 0."


def test_an_account_of_a_venue_that_is_not_configured_is_compared_without_netting() -> None:
    engine = live_engine()
    other = VenueId("elsewhere")
    engine.step(replace(statement("7"), venue=other))
    assert not missing(engine.state, other)


def test_what_is_held_or_accepted_elsewhere_counts_only_there() -> None:
    engine = live_engine()
    there = MarketId("polymarket:A")
    engine.state.positions[key_of(there, BookKind.LIVE)] = Position(
        there, BookKind.LIVE, (qty(5), qty(5)), (Usd(0), Usd(0))
    )
    engine.state.excepted[f"{there}/0"] = qty(2)
    assert judge(engine.state, statement()).outcome is Outcome.AGREES
    here = replace(statement("7", ((there, 0, qty(7)), (there, 1, qty(5)))), venue=PM)
    assert judge(engine.state, here).outcome is Outcome.AGREES


def test_a_settlement_moves_the_account() -> None:
    engine = live_engine()
    engine.state.positions[key_of(FIRST, BookKind.LIVE)] = Position(
        FIRST, BookKind.LIVE, (qty(1), qty(0)), (Usd(0), Usd(0))
    )
    engine.step(ev.MarketSettled(at(60), FIRST, (px("1"), px("0"))))
    assert judge(engine.state, statement(when=61)).text == "something moved while it was asked for"
    assert market(FIRST).outcomes == ("Yes", "No")
