"""The numbers of gates that passed: limit, actual, unit, for the explanation of an edge.

What a refusal says of itself stands in `gates`; this is only what a person reads beside a tick.
A gate that is not here has no numbers.
"""

from collections.abc import Callable

from markets.terms.units import MICRO, MS, Rounding, Usd, divide
from risk.gates.gates import limits_for
from trading.engine.caps import at_stake, beside, of_category
from trading.engine.config import Unit
from trading.engine.plans import Plan
from trading.engine.state import EngineState

Numbers = tuple[int, int, str]
Measure = Callable[[Plan, EngineState], Numbers]


def _freshness(plan: Plan, state: EngineState) -> Numbers:
    """Of the leg with the least time left."""
    general = state.limits.trade_age_ms * MS
    shown = (general // MS, 0, Unit.MS.value)
    left: int | None = None
    for leg in plan.legs:
        limit = state.trade_age.get(leg.venue, general)
        age = state.market_age(leg.market) or 0
        if left is None or limit - age < left:
            left = limit - age
            shown = (limit // MS, age // MS, Unit.MS.value)
    return shown


def _skew(plan: Plan, state: EngineState) -> Numbers:
    ages = [state.market_age(leg.market) or 0 for leg in plan.legs]
    return state.limits.max_skew_ms, (max(ages) - min(ages)) // MS, Unit.MS.value


def _min_edge(plan: Plan, state: EngineState) -> Numbers:
    return limits_for(plan, state).min_net_edge, plan.net, Unit.CENTS.value


def _max_edge(plan: Plan, state: EngineState) -> Numbers:
    share = divide(plan.net * MICRO, max(1, plan.edge.payout), Rounding.UP)
    return limits_for(plan, state).max_edge, share, Unit.PPM.value


def _depth(plan: Plan, state: EngineState) -> Numbers:
    return limits_for(plan, state).min_trade, plan.money, Unit.USD.value


def _tail(plan: Plan, state: EngineState) -> Numbers:
    return limits_for(plan, state).max_tail_cost, plan.edge.tail, Unit.CENTS.value


def _event(plan: Plan, state: EngineState) -> Numbers:
    held = at_stake(state, plan).relations.get(plan.relation, Usd(0))
    return limits_for(plan, state).max_event_exposure, held + plan.money, Unit.USD.value


def _total(plan: Plan, state: EngineState) -> Numbers:
    held = at_stake(state, plan).total
    return state.limits.max_total_exposure, held + plan.money, Unit.USD.value


def _category(plan: Plan, state: EngineState) -> Numbers:
    limit = limits_for(plan, state).max_category_exposure
    return limit, of_category(state, plan) + plan.money, Unit.USD.value


def _correlation(plan: Plan, state: EngineState) -> Numbers:
    limit = limits_for(plan, state).max_open_relations
    return limit, len(beside(state, plan)) + 1, Unit.COUNT.value


def _deals(plan: Plan, state: EngineState) -> Numbers:
    now = at_stake(state, plan).deals
    return state.limits.open_deals, now, Unit.COUNT.value


MEASURES: dict[str, Measure] = {
    "sharp_freshness": _freshness,
    "skew": _skew,
    "min_edge": _min_edge,
    "max_edge": _max_edge,
    "min_depth": _depth,
    "tail_risk": _tail,
    "max_event_exposure": _event,
    "max_total_exposure": _total,
    "category": _category,
    "correlation": _correlation,
    "open_deals": _deals,
}
