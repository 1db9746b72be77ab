"""When a naked deal is acted on: adverse moves, vanished depth, deadlines, people, long waits."""

import pytest

from tests.builders import (
    FIRST,
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
    snapshot,
    tick,
)  # fmt: skip
from tests.deals import DEAL, deal, mismatched, opened, steps
from trading.engine import events as ev
from trading.engine.deals import DealState
from trading.engine.intents import CancelOrder, CommandDone, SetTimer
from trading.engine.naked import Choice, Tables
from trading.engine.orders import Purpose, Side, TimeInForce
from trading.engine.policy import choices, preferred, shorts, tables, urgency

LONG = {"hedge_timeout_ms": 60_000}


def test_a_price_that_moved_against_the_leg_for_long_enough_is_acted_on_at_once() -> None:
    engine, _ = mismatched("0.30x500", **LONG)
    intents = show(engine, book(FIRST, "0.38x500", "0.44x500", at(1)))
    (timer,) = [i for i in intents if isinstance(i, SetTimer) and i.key == "adverse/r-1"]
    assert timer.due == at(6)
    assert not orders(intents)
    acted = engine.step(tick("adverse/r-1", at(6)))
    (sale,) = orders(acted)
    assert (sale.side, sale.px) == (Side.SELL, px("0.38"))
    assert "2.00¢ against the naked leg for 5.0s" in steps(acted)[0]


def test_a_price_that_comes_back_in_time_is_not() -> None:
    engine, _ = mismatched("0.30x500", **LONG)
    show(engine, book(FIRST, "0.38x500", "0.44x500", at(1)))
    show(engine, book(FIRST, "0.39x500", "0.44x500", at(3)))
    assert not orders(engine.step(tick("adverse/r-1", at(6))))
    assert deal(engine).state is DealState.HEDGING


def test_a_move_below_the_limit_is_not_adverse() -> None:
    engine, _ = mismatched("0.30x500", **LONG)
    intents = show(engine, book(FIRST, "0.39x500", "0.44x500", at(1)))
    assert not [i for i in intents if isinstance(i, SetTimer)]


def test_depth_that_vanished_is_acted_on_at_once() -> None:
    engine, _ = mismatched("0.30x500", **LONG)
    assert not orders(show(engine, book(FIRST, "0.40x50", "0.44x500", at(1))))
    (sale,) = orders(show(engine, book(FIRST, "0.40x49 0.36x500", "0.44x500", at(2))))
    assert (sale.side, sale.qty, sale.px) == (Side.SELL, qty(100), px("0.40"))


def test_completing_comes_before_getting_out_even_when_it_is_urgent() -> None:
    engine, _ = mismatched("0.30x500", **LONG)
    engine.state.books[FIRST] = book(FIRST, "0.40x10", "0.44x500", at(1))
    (hedge,) = orders(show(engine, book(SECOND_MARKET, "0.44x500", "0.90x5", at(1))))
    assert hedge.purpose is Purpose.HEDGE


def test_a_person_may_wait_beyond_the_deadline_until_the_alert() -> None:
    engine, _ = mismatched("0.30x500")
    answer = engine.step(command("wait", DEAL, when=at("0.3")))
    assert [i.ok for i in answer if isinstance(i, CommandDone)] == [True]
    assert not orders(engine.step(tick("hedge/r-1", at("0.5"))))
    assert not orders(show(engine, book(SECOND_MARKET, "0.44x500", "0.90x5", at(1))))
    (sale,) = orders(engine.step(tick("hedge/r-1", at("30.3"))))
    assert sale.side is Side.SELL


def test_what_becomes_urgent_ends_a_persons_wait() -> None:
    engine, _ = mismatched("0.30x500")
    engine.step(command("wait", DEAL, when=at("0.3")))
    (sale,) = orders(show(engine, book(FIRST, "0.40x10", "0.44x500", at(1))))
    assert sale.side is Side.SELL


def test_a_person_who_crosses_may_lose_as_much_as_getting_out_may() -> None:
    engine, _ = mismatched("0.38x500")
    (hedge,) = orders(engine.step(command("cross", DEAL, when=at("0.3"))))
    assert (hedge.purpose, hedge.px) == (Purpose.HEDGE, px("0.62"))
    engine, _ = mismatched("0.34x500")
    assert not orders(engine.step(command("cross", DEAL, when=at("0.3"))))


def test_a_person_may_rest_a_hedge_and_what_it_gets_is_counted() -> None:
    engine, _ = mismatched("0.38x500")
    (rest,) = orders(engine.step(command("hedge", DEAL, when=at("0.3"))))
    assert (rest.tif, rest.px, rest.qty) == (TimeInForce.GTC, px("0.60"), qty(100))
    assert rest.expires_at == at("30.3")
    engine.step(filled(rest, when=at(2)))
    assert deal(engine).state is DealState.BALANCED


def test_a_resting_hedge_is_pulled_when_it_becomes_urgent_and_then_sold() -> None:
    engine, _ = mismatched("0.38x500")
    (rest,) = orders(engine.step(command("hedge", DEAL, when=at("0.3"))))
    intents = show(engine, book(FIRST, "0.40x10", "0.44x500", at(1)))
    assert [i.order for i in intents if isinstance(i, CancelOrder)] == [rest.id]
    (sale,) = orders(engine.step(cancelled(rest, "0", when=at("1.1"))))
    assert sale.side is Side.SELL


def test_a_refused_resting_hedge_gives_the_deal_back_to_the_policy() -> None:
    engine, _ = mismatched("0.38x500")
    (rest,) = orders(engine.step(command("hedge", DEAL, when=at("0.3"))))
    engine.step(rejected(rest, "post only", when=at("0.4")))
    (hedge,) = orders(show(engine, book(SECOND_MARKET, "0.44x500", "0.90x5", at(1))))
    assert hedge.tif is TimeInForce.IOC


@pytest.mark.parametrize("kind", ["wait", "cross", "hedge"])
def test_a_choice_needs_a_naked_deal_that_waits_for_nothing(kind: str) -> None:
    engine, first, second = opened()
    (answer,) = [i for i in engine.step(command(kind, DEAL)) if isinstance(i, CommandDone)]
    assert "is opening" in answer.text
    (answer,) = [i for i in engine.step(command(kind, "r-9")) if isinstance(i, CommandDone)]
    assert answer.text == "There is no deal r-9."
    assert first.id != second.id


def test_a_residual_can_be_crossed_when_prices_are_back() -> None:
    engine, _ = mismatched("0.30x500", unwind_loss=0)
    engine.step(tick("hedge/r-1", at(1)))
    assert deal(engine).state is DealState.RESIDUAL
    show(engine, book(SECOND_MARKET, "0.44x500", "0.90x5", at(3)))
    (hedge,) = orders(engine.step(command("cross", DEAL, when=at(3))))
    assert hedge.px == px("0.56")


def test_what_is_naked_for_long_is_said_once() -> None:
    engine, intents = mismatched("0.30x500", **LONG)
    (timer,) = [i for i in intents if isinstance(i, SetTimer) and i.key == "unhedged/r-1"]
    assert timer.due == at("30.2")
    told = steps(engine.step(tick("unhedged/r-1", timer.due)))
    assert told[0].startswith("Unhedged for 30s. A person should look.")
    assert engine.step(tick("unhedged/r-1", timer.due)) == []


def test_what_is_no_longer_naked_is_not_watched() -> None:
    engine, intents = mismatched("0.44x500")
    engine.step(filled(orders(intents)[0], when=at("0.3")))
    assert not engine.state.watches
    assert engine.step(tick("unhedged/r-1", at("30.2"))) == []


def test_the_watch_survives_a_restart() -> None:
    engine, _ = mismatched("0.30x500", **LONG)
    again = type(engine).load(engine.dump(), engine.risk)
    assert again.state.watches == engine.state.watches
    intents = again.step(ev.RunStarted(at(2), engine.state.run, "paper"))
    due = {i.key: i.due for i in intents if isinstance(i, SetTimer)}
    assert due["unhedged/r-1"] == at("30.2")


def test_the_choices_are_those_of_the_books() -> None:
    engine, _ = mismatched("0.38x500", **LONG)
    _, _, cross, unwind = choices(engine.state, deal(engine))
    assert (cross.px, cross.qty, cross.allowed) == (px("0.62"), qty(100), False)
    assert (unwind.px, unwind.allowed) == (px("0.40"), True)
    assert preferred(engine.state, deal(engine)) is Choice.WAIT
    assert urgency(engine.state, deal(engine)) == ""
    assert [(s.leg, s.missing) for s in shorts(engine.state, deal(engine))] == [(1, qty(100))]


def test_fill_tables_are_the_shipped_priors_until_others_are_told() -> None:
    engine, _, _ = opened()
    assert tables(engine.state) == Tables()
    learnt = Tables(300, 50_000, (400_000,))
    engine.step(ev.TablesChanged(at(1), learnt))
    assert tables(engine.state) == learnt


def test_a_changed_prior_reaches_the_watch_of_a_deal_under_way() -> None:
    engine, _ = mismatched("0.30x500", **LONG)
    before = choices(engine.state, deal(engine))
    config = snapshot(revision=2, half_life_ms=50, queue_prior_1=100_000, hedge_timeout_ms=60_000)
    engine.step(ev.ConfigChanged(at("0.25"), config))

    assert tables(engine.state) == Tables(50, 100_000, (100_000, 500_000, 650_000, 750_000))
    after = choices(engine.state, deal(engine))
    assert [o.choice for o in before] == [o.choice for o in after]
    assert after[3].chance_ppm < before[3].chance_ppm
    assert deal(engine).state is DealState.HEDGING
