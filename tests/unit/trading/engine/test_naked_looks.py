"""A naked deal as the pages show it: what is held, what it can come to, what may be chosen."""

from markets.terms.relations import TailRisk
from markets.terms.units import MS, Px
from tests.builders import (
    FIRST,
    SECOND_MARKET,
    at,
    book,
    command,
    filled,
    gap,
    orders,
    qty,
    rejected,
    relation,
    show,
    snapshot,
    started,
    usd,
)
from tests.deals import DEAL, deal, mismatched, opened
from trading.engine import events as ev
from trading.engine.naked_looks import naked_pictures, results

LONG = {"hedge_timeout_ms": 60_000}


def test_nothing_is_shown_of_a_deal_that_is_not_naked() -> None:
    engine, *_ = opened()
    assert naked_pictures(engine.state) == ()


def test_a_naked_leg_is_shown_with_both_ends_and_the_four_choices() -> None:
    engine, _ = mismatched("0.30x500", **LONG)
    (shown,) = naked_pictures(engine.state)

    assert (shown.deal, shown.title, shown.state) == (DEAL, "Relation a", "hedging")
    assert (shown.legs, shown.hedge) == ("100 sh of KA Yes", "100 PM No")
    assert (shown.loses, shown.gains) == (-usd(42), usd(58))
    assert shown.since == at("0.2")
    assert at("60.2") < shown.due == engine.state.watches[DEAL].due
    assert [option.choice for option in shown.options] == ["wait", "hedge", "cross", "unwind"]
    assert (shown.policy, shown.chosen, shown.urgent) == ("wait", "", "")
    assert (shown.waits, shown.open) == (False, True)
    waits = shown.options[0]
    assert (waits.left_ms, waits.allowed) == ((shown.due - at("0.2")) // MS, True)


def test_what_a_person_chose_and_what_cannot_wait_is_shown() -> None:
    engine, _ = mismatched("0.30x500", **LONG)
    engine.step(command("wait", DEAL, when=at("0.3")))
    assert naked_pictures(engine.state)[0].chosen == "wait"
    engine.state.books[FIRST] = book(FIRST, "0.40x10", "0.44x500", at(1))
    assert "depth" in naked_pictures(engine.state)[0].urgent


def test_while_an_order_is_on_its_way_nobody_may_choose() -> None:
    engine, first, second = opened()
    engine.step(filled(first))
    assert orders(engine.step(rejected(second, when=at("0.1"))))
    (shown,) = naked_pictures(engine.state)
    assert (shown.waits, shown.open) == (True, False)


def test_a_residual_has_no_policy_and_keeps_its_moment() -> None:
    engine, first, second = opened()
    for market in (FIRST, SECOND_MARKET):
        engine.step(ev.MarketClosed(at("0.1"), market))
    engine.step(filled(first, when=at("0.2")))
    engine.step(rejected(second, when=at("0.3")))
    (shown,) = naked_pictures(engine.state)
    assert (shown.state, shown.policy, shown.open) == ("residual", "", True)
    del engine.state.watches[DEAL]
    (shown,) = naked_pictures(engine.state)
    assert (shown.since, shown.due) == (deal(engine).changed_at, deal(engine).changed_at)


def test_results_are_of_regular_worlds_alone_and_rounded_down() -> None:
    pair = relation(tails=(TailRisk("void", 1_000, Px(0), Px(0)),))
    engine = started(snapshot(pair, max_tail_cost=10**6))
    first, _ = orders(show(engine, *gap()))
    engine.step(filled(first, "30", fee="0.000001"))
    assert deal(engine).legs[0].held == qty(30)
    assert results(engine.state, deal(engine)) == [
        usd(30) - usd("12.60") - 1,
        -usd("12.60") - 1,
    ]
