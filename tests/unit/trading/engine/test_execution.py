"""What a deal does next, at its bounds; every interleaving is for the deal machine."""

import pytest

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
    orders,
    px,
    qty,
    rejected,
    show,
    started,
    tick,
    unknown,
    usd,
)
from tests.deals import DEAL, deal, mismatched, opened, steps
from trading.engine import events as ev
from trading.engine.deals import DealState
from trading.engine.engine import Engine
from trading.engine.intents import (
    CancelOrder,
    CommandDone,
    QueryOrder,
    SetTimer,
)
from trading.engine.orders import Side
from trading.engine.results import today


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


def test_the_deadline_cancels_a_hedge_on_its_way_and_waits_for_it() -> None:
    engine, intents = mismatched("0.44x500")
    (hedge,) = orders(intents)
    due = engine.step(tick("hedge/r-1", at(1)))
    assert [i.order for i in due if isinstance(i, CancelOrder)] == [hedge.id]
    assert not orders(due)
    (sale,) = orders(engine.step(cancelled(hedge, "0", when=at("1.1"))))
    assert sale.side is Side.SELL


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


def test_a_hedge_on_its_way_is_not_unwound_by_hand() -> None:
    engine, _ = mismatched("0.44x500")
    answer = [i for i in engine.step(command("unwind", DEAL)) if isinstance(i, CommandDone)]
    assert "waits for an order" in answer[0].text


def test_an_unknown_deal_cannot_be_unwound() -> None:
    answer = [i for i in started().step(command("unwind", "r-9")) if isinstance(i, CommandDone)]
    assert answer[0].text == "There is no deal r-9."


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


def test_a_delayed_order_is_judged_only_after_the_time_its_venue_named() -> None:
    engine, first, second = opened()
    engine.step(filled(first))
    engine.step(ev.OrderDelayed(at("0.1"), second.id, "p", at(4)))
    early = engine.step(tick("deal/r-1", at(5)))
    assert not [i for i in early if isinstance(i, QueryOrder | CancelOrder)]
    assert any(isinstance(i, SetTimer) and i.key == "deal/r-1" for i in early)
    late = engine.step(tick("deal/r-1", at(10)))
    assert [i.order for i in late if isinstance(i, QueryOrder)] == [second.id]


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


def test_a_settlement_ends_a_deal_that_was_still_hedging_once_its_order_has_ended() -> None:
    engine, intents = mismatched("0.44x500")
    (hedge,) = orders(intents)
    assert deal(engine).state is DealState.HEDGING
    engine.step(ev.MarketSettled(at(5), FIRST, (px("1"), px("0"))))
    engine.step(ev.MarketSettled(at(6), SECOND_MARKET, (px("1"), px("0"))))
    assert deal(engine).state is DealState.HEDGING
    after = engine.step(rejected(hedge, when=at(7)))
    assert not orders(after)
    assert (deal(engine).state, deal(engine).locked) == (DealState.CLOSED, usd(58))
    assert not engine.state.naked
    assert today(engine.state.results) == usd(58)


def test_a_settlement_ends_a_deal_that_waits_for_a_better_price() -> None:
    engine, intents = mismatched("0.30x500")
    assert not orders(intents)
    assert deal(engine).state is DealState.HEDGING
    engine.step(ev.MarketSettled(at("0.3"), FIRST, (px("0"), px("1"))))
    out = engine.step(ev.MarketSettled(at("0.4"), SECOND_MARKET, (px("0"), px("1"))))
    assert (deal(engine).state, deal(engine).locked) == (DealState.CLOSED, usd(-42))
    assert not orders(out)


def test_a_fill_told_after_the_settlement_is_paid_too() -> None:
    engine, first, second = opened()
    engine.step(cancelled(first))
    engine.step(cancelled(second))
    engine.step(ev.MarketSettled(at(5), FIRST, (px("1"), px("0"))))
    engine.step(ev.MarketSettled(at(6), SECOND_MARKET, (px("1"), px("0"))))
    assert (deal(engine).state, deal(engine).locked) == (DealState.CLOSED, usd(0))
    engine.step(filled(first, "1", when=at(7)))
    assert (deal(engine).state, deal(engine).locked) == (DealState.CLOSED, usd("0.58"))
