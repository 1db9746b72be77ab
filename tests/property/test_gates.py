"""More at stake never turns a refusal into an approval; readings agree with the verdict."""

import hypothesis.strategies as st
from hypothesis import given, settings
from msgspec.structs import replace

from markets.terms.units import Px, Qty, Usd
from risk.gates.chain import Chain
from tests.builders import FIRST, RELATION, SECOND_MARKET, book, command, limited, show, started
from trading.engine.deals import Deal, DealLeg, DealState
from trading.engine.orders import BookKind
from trading.engine.pictures import Verdict
from trading.engine.plans import Plan
from trading.engine.ports import Approved
from trading.engine.scan import best_plan, route_tops
from trading.engine.state import EngineState

CENTS = st.integers(2, 90)
SIZES = st.integers(1, 400)


def situation(first: int, second: int, size: int, limits: dict[str, int]) -> EngineState:
    engine = started(limited(limits))
    engine.step(command("view_only"))
    show(
        engine,
        book(FIRST, f"{first / 100}x{size}", f"{(first + 2) / 100}x{size}"),
        book(SECOND_MARKET, f"{second / 100}x{size}", f"{(second + 2) / 100}x{size}"),
    )
    engine.state.watching = None
    return engine.state


def planned(state: EngineState) -> Plan | None:
    entry = state.entries[RELATION]
    return best_plan(state, entry, route_tops(state, entry))


def hold(state: EngineState, dollars: int, deal_state: DealState) -> None:
    """Put money at work in the same relation."""
    cost = Usd(dollars * 1_000_000)
    leg = DealLeg(FIRST, 0, Qty(1_000_000), Qty(1), Px(1), Px(1), Qty(1), cost)
    name = f"x-{len(state.deals)}"
    state.deals[name] = Deal(  # type: ignore[index]
        name, RELATION, 0, BookKind.PAPER, deal_state, state.at, state.at, Qty(1), (leg,), Px(0),  # type: ignore[arg-type]
        Usd(0), 1,
    )  # fmt: skip
    state.exposures.clear()


@settings(max_examples=150, deadline=None)
@given(
    CENTS,
    CENTS,
    SIZES,
    st.integers(20, 300),
    st.lists(st.tuples(st.integers(0, 200), st.sampled_from(list(DealState))), max_size=4),
    st.integers(0, 150),
)
def test_more_exposure_never_turns_a_refusal_into_an_approval(
    first: int,
    second: int,
    size: int,
    limit: int,
    more: list[tuple[int, DealState]],
    spent: int,
) -> None:
    state = situation(first, second, size, {"max_event_exposure": limit * 1_000_000})
    plan = planned(state)
    if plan is None:
        return
    before = Chain().check(plan, state)
    for dollars, deal_state in more:
        hold(state, dollars, deal_state)
    state.cash = {key: Usd(cash - spent * 1_000_000) for key, cash in state.cash.items()}
    after = Chain().check(plan, state)
    assert isinstance(before, Approved) or not isinstance(after, Approved)


@settings(max_examples=150, deadline=None)
@given(CENTS, CENTS, SIZES, st.integers(0, 60_000), st.integers(0, 3_000))
def test_readings_and_verdict_agree(
    first: int, second: int, size: int, least: int, late_ms: int
) -> None:
    state = situation(first, second, size, {"min_net_edge": least})
    state.at = type(state.at)(state.at + late_ms * 1_000_000)
    plan = planned(state)
    if plan is None:
        return
    verdict = Chain().check(plan, state)
    readings = Chain().readings(plan, state)
    stopped = [r for r in readings if r.verdict not in (Verdict.PASSED, Verdict.NOT_REACHED)]
    if isinstance(verdict, Approved):
        assert not stopped
    else:
        assert [(r.gate, r.text) for r in stopped] == [(verdict.gate, verdict.reason)]


@settings(max_examples=200, deadline=None)
@given(CENTS, CENTS, SIZES, SIZES, st.integers(5, 200), st.integers(0, 500))
def test_an_approved_plan_is_within_every_limit_and_never_loses_at_its_limits(
    first: int, second: int, size: int, cash: int, limit: int, least: int
) -> None:
    state = situation(
        first, second, size, {"max_event_exposure": limit * 1_000_000, "min_net_edge": least * 100}
    )
    state.cash = {key: Usd(cash * 1_000_000) for key in state.cash}
    plan = planned(state)
    if plan is None or not isinstance(Chain().check(plan, state), Approved):
        return
    assert plan.money <= limit * 1_000_000
    assert all(leg.money <= cash * 1_000_000 for leg in plan.legs)
    assert all(leg.qty == plan.size for leg in plan.legs)
    assert sum(leg.limit for leg in plan.legs) < 1_000_000
    assert plan.profit > 0
    assert replace(plan) == plan
