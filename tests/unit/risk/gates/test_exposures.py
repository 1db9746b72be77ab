"""The caps on what is held at once, each just met and just passed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from markets.terms.units import Usd
from risk.gates import exposures
from tests.builders import RELATION, command, gap, limited, qty, show, started
from trading.engine.caps import at_stake
from trading.engine.config import SPECS
from trading.engine.engine import Engine
from trading.engine.plans import Plan
from trading.engine.ports import Refused
from trading.engine.scan import best_plan, route_tops
from trading.engine.state import EngineState

Gate = Callable[[Plan, EngineState], Refused | None]


def seen(**limits: int) -> tuple[Engine, Plan]:
    """A plan of 100 contracts a leg as it was before these limits were set."""
    engine = started()
    engine.step(command("view_only"))
    show(engine, *gap())
    entry = engine.state.entries[RELATION]
    plan = best_plan(engine.state, entry, route_tops(engine.state, entry))
    assert plan is not None
    changed = limited(limits).limits
    engine.state.limits = changed
    engine.state.venue_limits = dict.fromkeys(engine.state.venues, changed)
    engine.state.entries[RELATION] = replace(entry, limits=changed)
    return engine, plan


@pytest.mark.parametrize(
    ("gate", "key"),
    [
        (exposures.max_event_exposure, "max_event_exposure"),
        (exposures.max_total_exposure, "max_total_exposure"),
        (exposures.category, "max_category_exposure"),
    ],
)
def test_money_of_a_whole_plan_meets_its_cap_and_not_a_millionth_more(gate: Gate, key: str) -> None:
    _, plan = seen()
    engine, _ = seen(**{key: plan.money})
    assert gate(plan, engine.state) is None
    engine, _ = seen(**{key: plan.money - 1})
    refused = gate(plan, engine.state)
    assert refused is not None
    assert (refused.limit, refused.actual) == (plan.money - 1, plan.money)
    assert refused.unit == SPECS[key].unit


@pytest.mark.parametrize(
    ("gate", "key"),
    [
        (exposures.venue_capital, "venue_capital"),
        (exposures.per_contract_exposure, "per_contract_exposure"),
    ],
)
def test_money_of_a_leg_meets_its_cap_and_not_a_millionth_more(gate: Gate, key: str) -> None:
    _, plan = seen()
    most = max(leg.money for leg in plan.legs)
    engine, _ = seen(**{key: most})
    assert gate(plan, engine.state) is None
    engine, _ = seen(**{key: most - 1})
    refused = gate(plan, engine.state)
    assert refused is not None
    assert refused.actual == most


def test_an_outcome_is_named_with_its_venue() -> None:
    engine, plan = seen(per_contract_exposure=1)
    refused = exposures.per_contract_exposure(plan, engine.state)
    assert refused is not None
    assert refused.reason.startswith("Yes at Kalshi would hold $")


def test_contracts_are_capped_by_market_and_in_all() -> None:
    _, plan = seen()
    each = plan.legs[0].qty
    engine, _ = seen(max_contracts_market=each, max_contracts_total=2 * each)
    assert exposures.max_contracts(plan, engine.state) is None
    engine, _ = seen(max_contracts_market=each - 1)
    refused = exposures.max_contracts(plan, engine.state)
    assert refused is not None
    assert refused.reason == "A market at Kalshi would hold 100 contracts, the most is 99.99."
    engine, _ = seen(max_contracts_total=2 * each - qty(1))
    refused = exposures.max_contracts(plan, engine.state)
    assert refused is not None
    assert refused.reason == "All markets would hold 200 contracts, the most is 199."


def test_relations_of_one_event_are_few() -> None:
    engine, plan = seen(max_open_relations=1)
    assert exposures.correlation(plan, engine.state) is None
    stake = at_stake(engine.state, plan)
    for name in ("b", "c"):
        stake.relations[name] = Usd(1)  # type: ignore[index]
        engine.state.entries[name] = engine.state.entries[RELATION]  # type: ignore[index]
    for name in (RELATION, "b", "c"):
        entry = engine.state.entries[name]  # type: ignore[index]
        engine.state.entries[name] = replace(  # type: ignore[index]
            entry, config=replace(entry.config, event="kalshi:E")
        )
    refused = exposures.correlation(plan, engine.state)
    assert refused is not None
    assert (refused.limit, refused.actual) == (1, 3)
    assert refused.reason == "2 relations of this event have money at work, the most is 1."


def test_open_deals_are_few() -> None:
    engine, plan = seen(open_deals=0)
    refused = exposures.open_deals(plan, engine.state)
    assert refused is not None
    assert refused.reason == "0 deals are open, the most is 0."
