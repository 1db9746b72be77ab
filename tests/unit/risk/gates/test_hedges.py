"""A first leg goes alone only where its hedge is likely enough, while the fill model is on."""

import pytest
from msgspec.structs import replace

from risk.gates.hedges import hedge_ppm, hedge_probability
from tests.builders import (
    FIRST,
    RELATION,
    SECOND_MARKET,
    book,
    gap,
    orders,
    show,
    snapshot,
    started,
)
from tests.deals import with_strategy
from trading.engine.engine import Engine
from trading.engine.intents import PlanRefused
from trading.engine.plans import Plan
from trading.engine.scan import best_plan, route_tops
from trading.engine.strategies import Strategy


def led(delay_ms: int = 0, **limits: int) -> tuple[Engine, Plan]:
    """A plan whose Polymarket leg would go first, at the moment of its books."""
    config = with_strategy(Strategy.LEADER_FIRST, view_only=1, **limits)
    first, second = config.markets
    config = replace(config, markets=(first, replace(second, delay_ms=delay_ms)))
    engine = started(config)
    show(engine, *gap())
    state = engine.state
    entry = state.entries[RELATION]
    plan = best_plan(state, entry, route_tops(state, entry))
    assert plan is not None
    return engine, replace(plan, leader=1)


def test_without_the_fill_model_and_for_legs_that_go_together_nothing_is_asked() -> None:
    engine, plan = led(delay_ms=60_000)
    assert hedge_probability(plan, engine.state) is None

    engine, plan = led(delay_ms=60_000, fill_model=1)
    together = replace(plan, strategy=Strategy.TAKER_TAKER)
    assert hedge_probability(together, engine.state) is None
    assert hedge_probability(plan, engine.state) is not None


@pytest.mark.parametrize(
    ("delay_ms", "ppm"),
    [(0, 1_000_000), (500, 500_000), (1_000, 250_000), (60_000, 100_000)],
)
def test_the_chance_halves_with_every_half_life_of_the_leaders_delay(
    delay_ms: int, ppm: int
) -> None:
    engine, plan = led(delay_ms, fill_model=1)
    assert hedge_ppm(plan, engine.state) == ppm


def test_what_rests_is_hedged_when_it_fills_and_waits_for_no_answer() -> None:
    engine, plan = led(1_000, fill_model=1)
    resting = replace(plan, strategy=Strategy.MAKER_HEDGE)
    assert (hedge_ppm(plan, engine.state), hedge_ppm(resting, engine.state)) == (250_000, 1_000_000)


def test_it_is_less_where_less_is_shown_within_what_a_hedge_may_lose() -> None:
    engine, plan = led(fill_model=1, hedge_loss=20_000)
    half = plan.legs[0].qty // 2
    asks = f"0.44x{half // 1_000_000} 0.46x500"
    engine.state.books[FIRST] = book(FIRST, "0.40x500", asks)
    assert hedge_ppm(plan, engine.state) == 1_000_000 * half // plan.legs[0].qty
    del engine.state.books[FIRST]
    assert hedge_ppm(plan, engine.state) == 0


def test_the_refusal_says_both_numbers_and_no_order_leaves() -> None:
    config = with_strategy(Strategy.LEADER_FIRST, fill_model=1)
    first, second = config.markets
    config = replace(config, markets=(first, replace(second, delay_ms=1_000)))
    engine = started(config)
    out = show(engine, *gap())

    assert not orders(out)
    (refused,) = [intent for intent in out if isinstance(intent, PlanRefused)]
    assert refused.gate == "hedge_probability"
    assert refused.reason == "The hedge is 25% likely, 99% is needed."
    likely = replace(config, limits=replace(config.limits, hedge_probability=250_000))
    engine = started(likely)
    (sent,) = orders(show(engine, *gap()))
    assert sent.market == SECOND_MARKET
    assert snapshot().limits.hedge_probability == 990_000
