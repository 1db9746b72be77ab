"""What a deal does next, at its bounds; every interleaving is for the deal machine."""

import pytest
from msgspec.structs import replace

from markets.terms.ids import DealId
from markets.terms.units import Px
from risk.gates.chain import Chain
from tests.builders import (
    FIRST,
    RELATION,
    SECOND_MARKET,
    at,
    book,
    cancelled,
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
    unknown,
    usd,
)
from trading.engine import events as ev
from trading.engine.deals import Deal, DealState
from trading.engine.engine import Engine
from trading.engine.intents import (
    CancelOrder,
    CommandDone,
    DealChanged,
    Intent,
    QueryOrder,
    SetTimer,
)
from trading.engine.opening import open_deal
from trading.engine.orders import OrderRequest, Purpose, Side, TimeInForce
from trading.engine.results import today
from trading.engine.scan import best_plan, route_tops
from trading.engine.sending import InvariantBroken

DEAL = DealId("r-1")


def opened(**limits: int) -> tuple[Engine, OrderRequest, OrderRequest]:
    engine = started(snapshot(**limits))  # type: ignore[arg-type]
    first, second = orders(show(engine, *gap()))
    return engine, first, second


def deal(engine: Engine) -> Deal:
    return engine.state.deals[DEAL]


def steps(intents: list[Intent]) -> list[str]:
    return [i.step for i in intents if isinstance(i, DealChanged)]


def mismatched(second_bids: str, **limits: int) -> tuple[Engine, list[Intent]]:
    """Kalshi filled 100 at 42 cents, Polymarket refused; its book is then as given."""
    engine, first, second = opened(**limits)
    engine.step(filled(first))
    show(engine, book(SECOND_MARKET, second_bids, "0.90x500", at("0.1")))
    return engine, engine.step(rejected(second, when=at("0.2")))


def test_an_approved_plan_sends_both_legs_at_once_with_equal_shares() -> None:
    _, first, second = opened()
    assert (first.qty, second.qty) == (qty(100), qty(100))
    assert (first.px, second.px) == (px("0.42"), px("0.50"))
    assert {first.tif, second.tif} == {TimeInForce.IOC}
    assert (first.id, second.id) == ("r-1-0", "r-1-1")


def test_equal_fills_balance_and_lock_payout_less_cost_and_fees() -> None:
    engine, first, second = opened()
    engine.step(filled(first, fee="1.7"))
    engine.step(filled(second, fee="0.3"))
    assert deal(engine).state is DealState.BALANCED
    assert deal(engine).locked == usd("6")
    assert today(engine.state.results) == usd("6")
    assert not engine.state.active


def test_nothing_filled_closes_and_cools_down() -> None:
    engine, first, second = opened()
    engine.step(rejected(first))
    intents = engine.step(rejected(second))
    assert steps(intents) == ["Closed: nothing was filled. Refused: no money."]
    assert engine.state.failed[RELATION] == engine.state.at


def test_a_hedge_pays_no_more_than_its_loss_allows() -> None:
    engine, intents = mismatched("0.44x500")
    (hedge,) = orders(intents)
    assert (hedge.purpose, hedge.px, hedge.qty) == (Purpose.HEDGE, px("0.56"), qty(100))
    engine, intents = mismatched("0.38x500")
    assert not orders(intents)
    assert deal(engine).state is DealState.HEDGING


def test_a_hedge_may_lose_what_is_allowed_and_not_a_cent_more() -> None:
    _, intents = mismatched("0.40x500", hedge_loss=20_000)
    assert orders(intents)[0].px == px("0.60")
    _, intents = mismatched("0.40x500", hedge_loss=19_999)
    assert not orders(intents)


def test_a_hedge_waits_for_a_book_that_allows_it() -> None:
    engine, intents = mismatched("0.30x500")
    assert not orders(intents)
    (hedge,) = orders(show(engine, book(SECOND_MARKET, "0.49x500", "0.90x9", at("0.3"))))
    assert hedge.px == px("0.51")


def test_a_hedge_is_not_repeated_against_the_same_book() -> None:
    engine, intents = mismatched("0.44x500")
    (hedge,) = orders(intents)
    assert not orders(engine.step(cancelled(hedge, "0", when=at("0.3"))))
    assert orders(show(engine, book(SECOND_MARKET, "0.44x500", "0.90x9", at("0.4"))))


def test_a_hedge_without_a_live_book_goes_out_at_its_worst_price() -> None:
    engine, first, second = opened()
    engine.step(filled(first))
    engine.step(ev.BookStale(at("0.1"), SECOND_MARKET, "gap"))
    (hedge,) = orders(engine.step(rejected(second, when=at("0.2"))))
    assert hedge.px == px("0.60")


def test_hedging_ends_after_four_tries() -> None:
    engine, intents = mismatched("0.44x500")
    ended: list[Intent] = []
    for n in range(4):
        (hedge,) = orders(intents)
        assert hedge.purpose is Purpose.HEDGE
        ended = engine.step(cancelled(hedge, "0", when=at(f"0.{30 + n}")))
        intents = show(engine, book(SECOND_MARKET, "0.44x500", "0.90x9", at(f"0.{31 + n}")))
    (sale,) = orders(ended)
    assert (sale.purpose, sale.side) == (Purpose.UNWIND, Side.SELL)


def test_a_market_that_closed_is_not_hedged() -> None:
    engine, first, second = opened()
    engine.step(filled(first))
    engine.step(ev.MarketClosed(at("0.1"), SECOND_MARKET))
    (sale,) = orders(engine.step(rejected(second, when=at("0.2"))))
    assert sale.side is Side.SELL


def test_what_is_missing_below_a_venues_smallest_order_is_sold_instead() -> None:
    engine, first, second = opened()
    known = engine.state.markets[SECOND_MARKET]
    engine.state.markets[SECOND_MARKET] = replace(known, min_size=qty(50))
    engine.step(filled(first))
    engine.step(filled(second, "80"))
    (sale,) = orders(engine.step(cancelled(second, "80", when=at("0.2"))))
    assert (sale.side, sale.qty) == (Side.SELL, qty(20))


def test_the_deadline_turns_a_hedge_into_an_unwind_at_the_bids() -> None:
    engine, _ = mismatched("0.30x500")
    (sale,) = orders(engine.step(tick("hedge/r-1", at(1))))
    assert (sale.market, sale.side, sale.px) == (FIRST, Side.SELL, px("0.40"))


def test_the_deadline_cancels_a_hedge_on_its_way_and_waits_for_it() -> None:
    engine, intents = mismatched("0.44x500")
    (hedge,) = orders(intents)
    due = engine.step(tick("hedge/r-1", at(1)))
    assert [i.order for i in due if isinstance(i, CancelOrder)] == [hedge.id]
    assert not orders(due)
    (sale,) = orders(engine.step(cancelled(hedge, "0", when=at("1.1"))))
    assert sale.side is Side.SELL


def test_an_unwind_sells_no_further_below_cost_than_allowed() -> None:
    engine, _ = mismatched("0.30x500", unwind_loss=20_000)
    (sale,) = orders(engine.step(tick("hedge/r-1", at(1))))
    assert sale.px == px("0.40")
    engine, _ = mismatched("0.30x500", unwind_loss=19_999)
    assert not orders(engine.step(tick("hedge/r-1", at(1))))
    assert deal(engine).state is DealState.RESIDUAL
    assert engine.state.naked == {DEAL: RELATION}


def test_an_unwound_deal_is_closed_with_what_it_cost() -> None:
    engine, _ = mismatched("0.30x500")
    (sale,) = orders(engine.step(tick("hedge/r-1", at(1))))
    intents = engine.step(filled(sale, when=at(2)))
    assert steps(intents)[-1] == "Closed: nothing is held. It cost $2.00."
    assert today(engine.state.results) == -usd(2)
    assert not engine.state.naked


def test_partly_matched_legs_keep_what_is_matched() -> None:
    engine, first, second = opened()
    engine.step(filled(first))
    engine.step(filled(second, "80"))
    show(engine, book(SECOND_MARKET, "0.30x500", "0.90x9", at("0.1")))
    engine.step(cancelled(second, "80", when=at("0.2")))
    (sale,) = orders(engine.step(tick("hedge/r-1", at(1))))
    assert sale.qty == qty(20)
    engine.step(filled(sale, when=at(2)))
    assert (deal(engine).state, deal(engine).matched) == (DealState.BALANCED, qty(80))


def test_a_mismatch_of_dust_is_left_alone() -> None:
    engine, first, second = opened(dust=1_000_000)
    engine.step(filled(first))
    engine.step(filled(second, "99"))
    engine.step(cancelled(second, "99"))
    assert deal(engine).state is DealState.BALANCED
    assert deal(engine).locked < usd("8")


def test_no_answer_in_time_is_asked_for_and_nothing_else_is_sent() -> None:
    engine, first, second = opened()
    engine.step(filled(first))
    intents = engine.step(tick("deal/r-1", at(5)))
    assert [i.order for i in intents if isinstance(i, QueryOrder)] == [second.id]
    assert not orders(intents)


def test_an_open_order_that_never_ends_is_cancelled_and_asked_for() -> None:
    engine, first, second = opened()
    engine.step(filled(first))
    engine.step(ev.OrderAccepted(at(1), second.id, "p"))
    intents = engine.step(tick("deal/r-1", at(5)))
    assert any(isinstance(i, CancelOrder) for i in intents)
    assert any(isinstance(i, SetTimer) and i.key == "deal/r-1" for i in intents)


def test_no_second_order_for_a_leg_in_doubt() -> None:
    engine, first, second = opened()
    engine.step(filled(first))
    assert not orders(engine.step(unknown(second)))
    assert not orders(engine.step(tick("hedge/r-1", at(1))))
    assert orders(engine.step(rejected(second, when=at(2))))


def test_a_late_fill_opens_an_ended_deal_again() -> None:
    engine, first, second = opened()
    engine.step(filled(first, "60"))
    engine.step(cancelled(first, "60"))
    engine.step(filled(second, "60"))
    engine.step(cancelled(second))
    assert deal(engine).state is DealState.BALANCED
    intents = engine.step(filled(second, "10", key="late", when=at(1)))
    assert steps(intents)[0] == "A late fill came after the deal had ended."
    assert deal(engine).state is DealState.HEDGING


@pytest.mark.parametrize("state", ["opening", "balanced"])
def test_a_deal_with_nothing_to_sell_is_not_unwound(state: str) -> None:
    engine, first, second = opened()
    if state == "balanced":
        engine.step(filled(first))
        engine.step(filled(second))
    answer = [i for i in engine.step(command("unwind", DEAL)) if isinstance(i, CommandDone)]
    assert not answer[0].ok
    assert state in answer[0].text


def test_a_person_can_unwind_a_residual_later() -> None:
    engine, _ = mismatched("0.30x500", unwind_loss=0)
    engine.step(tick("hedge/r-1", at(1)))
    assert deal(engine).state is DealState.RESIDUAL
    show(engine, book(FIRST, "0.42x500", "0.44x500", at(3)))
    (sale,) = orders(engine.step(command("unwind", DEAL, when=at(3))))
    assert sale.px == px("0.42")


def test_a_hedge_on_its_way_is_not_unwound_by_hand() -> None:
    engine, _ = mismatched("0.44x500")
    answer = [i for i in engine.step(command("unwind", DEAL)) if isinstance(i, CommandDone)]
    assert "waits for an order" in answer[0].text


def test_an_unknown_deal_cannot_be_unwound() -> None:
    answer = [i for i in started().step(command("unwind", "r-9")) if isinstance(i, CommandDone)]
    assert answer[0].text == "There is no deal r-9."


def test_a_deal_keeps_the_terms_it_began_with() -> None:
    engine, first, second = opened(hedge_loss=20_000)
    engine.step(ev.ConfigChanged(at("0.1"), snapshot(revision=2, hedge_loss=0)))
    engine.step(filled(first))
    show(engine, book(SECOND_MARKET, "0.40x500", "0.90x9", at("0.1")))
    assert orders(engine.step(rejected(second, when=at("0.2"))))


def test_a_settled_deal_closes_with_what_it_kept() -> None:
    engine, first, second = opened()
    engine.step(filled(first))
    engine.step(filled(second))
    engine.step(ev.MarketSettled(at(5), FIRST, (px("1"), px("0"))))
    assert deal(engine).state is DealState.BALANCED
    engine.step(ev.MarketSettled(at(6), SECOND_MARKET, (px("1"), px("0"))))
    assert (deal(engine).state, deal(engine).locked) == (DealState.CLOSED, usd(8))


def test_a_new_run_asks_for_every_order_without_an_end() -> None:
    engine, first, second = opened()
    engine.step(filled(first))
    again = Engine.load(engine.dump(), Chain())
    intents = again.step(ev.RunStarted(at(9), engine.state.run, "paper"))
    assert [i.order for i in intents if isinstance(i, QueryOrder)] == [second.id]
    assert any(isinstance(i, SetTimer) and i.key == "deal/r-1" for i in intents)


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


def test_an_unwind_is_tried_twice_the_second_time_at_its_worst_price() -> None:
    engine, _ = mismatched("0.30x500")
    (sale,) = orders(engine.step(tick("hedge/r-1", at(1))))
    (again,) = orders(engine.step(cancelled(sale, "0", when=at("1.1"))))
    assert (sale.px, again.px) == (px("0.40"), px("0.37"))
    assert not orders(engine.step(cancelled(again, "0", when=at("1.2"))))
    assert deal(engine).state is DealState.RESIDUAL


def test_a_venues_declared_delay_lengthens_the_deadlines() -> None:
    engine = started()
    known = engine.state.markets[SECOND_MARKET]
    engine.state.markets[SECOND_MARKET] = replace(known, delay_ms=3_000)
    first, second = orders(show(engine, *gap()))
    engine.step(filled(first))
    show(engine, book(SECOND_MARKET, "0.30x500", "0.90x9", at("0.1")))
    intents = engine.step(rejected(second, when=at("0.2")))
    due = {i.key: i.due for i in intents if isinstance(i, SetTimer)}
    assert due["hedge/r-1"] == at("3.45") + 2 * 240 * 1_000_000


def test_a_delayed_order_is_judged_only_after_the_time_its_venue_named() -> None:
    engine, first, second = opened()
    engine.step(filled(first))
    engine.step(ev.OrderDelayed(at("0.1"), second.id, "p", at(4)))
    early = engine.step(tick("deal/r-1", at(5)))
    assert not [i for i in early if isinstance(i, QueryOrder | CancelOrder)]
    assert any(isinstance(i, SetTimer) and i.key == "deal/r-1" for i in early)
    late = engine.step(tick("deal/r-1", at(10)))
    assert [i.order for i in late if isinstance(i, QueryOrder)] == [second.id]


def test_the_hedge_deadline_leaves_time_for_two_answers_of_the_slowest_venue() -> None:
    engine, first, second = opened()
    engine.step(filled(first, when=at("0.07")))
    show(engine, book(SECOND_MARKET, "0.30x500", "0.90x9", at("0.1")))
    intents = engine.step(rejected(second, when=at("0.1")))
    due = {i.key: i.due for i in intents if isinstance(i, SetTimer)}
    assert due["hedge/r-1"] == at("0.1") + (250 + 2 * 120) * 1_000_000


def test_a_halt_cancels_openings_and_leaves_hedges_alone() -> None:
    engine, intents = mismatched("0.44x500")
    assert len(orders(intents)) == 1
    assert not [i for i in engine.step(command("halt")) if isinstance(i, CancelOrder)]


def test_a_late_fill_within_the_dust_balances_a_closed_deal_again() -> None:
    engine, first, second = opened(dust=2_000_000)
    engine.step(cancelled(first))
    engine.step(cancelled(second))
    assert deal(engine).state is DealState.CLOSED
    engine.step(filled(first, "1", when=at(1)))
    assert deal(engine).state is DealState.CLOSED
    engine.step(filled(second, "1", when=at(2)))
    assert (deal(engine).state, deal(engine).matched) == (DealState.BALANCED, qty(1))
    assert not engine.state.naked


def test_a_settlement_of_a_residual_closes_it_and_frees_its_relation() -> None:
    engine, _ = mismatched("0.30x500", unwind_loss=0)
    engine.step(tick("hedge/r-1", at(1)))
    engine.step(ev.MarketSettled(at(5), FIRST, (px("1"), px("0"))))
    engine.step(ev.MarketSettled(at(6), SECOND_MARKET, (px("1"), px("0"))))
    assert (deal(engine).state, deal(engine).locked) == (DealState.CLOSED, usd(58))
    assert not engine.state.naked
