"""A gate that passed shows the numbers it compared."""

from msgspec.structs import replace

from risk.gates.chain import Chain
from risk.gates.measures import MEASURES
from tests.builders import KA, PM, at, gap, snapshot, venue
from tests.unit.risk.gates.test_gates import plan, ready
from trading.engine.pictures import Verdict


def test_every_measure_keeps_its_limit_where_its_gate_passed() -> None:
    state = ready()
    readings = {r.gate: r for r in Chain().readings(plan(state), state)}
    for gate in MEASURES:
        reading = readings[gate]
        assert reading.verdict is Verdict.PASSED
        assert reading.limit is not None
        assert reading.actual is not None
        assert reading.unit


def test_the_numbers_are_those_of_the_plan() -> None:
    state = ready()
    wanted = plan(state)
    assert MEASURES["min_edge"](wanted, state) == (25_000, wanted.net, "¢")
    assert MEASURES["min_depth"](wanted, state)[1] == wanted.money
    assert MEASURES["max_event_exposure"](wanted, state)[1] == wanted.money
    assert MEASURES["open_deals"](wanted, state) == (8, 0, "count")
    assert MEASURES["tail_risk"](wanted, state)[1] == 0
    assert MEASURES["max_edge"](wanted, state)[1] == wanted.net


def test_freshness_is_of_the_leg_with_the_least_time_left() -> None:
    state = ready(snapshot(venues=(replace(venue(KA), trade_age_ms=9_000), venue(PM))))
    state.books["kalshi:A"] = gap(at("0.5"))[0]  # type: ignore[index]
    state.at = at(1)
    assert MEASURES["sharp_freshness"](plan(state), state) == (2_000, 1_000, "ms")
    assert MEASURES["skew"](plan(state), state) == (1_000, 500, "ms")
