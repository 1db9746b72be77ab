"""The gate of games closes by itself, at the start of the game."""

from msgspec.structs import replace

from markets.terms.units import SECOND, Ns
from tests.builders import START, at, gap, orders, show, snapshot, started
from tests.unit.risk.gates.test_gates import judged, plan, ready, refused
from trading.engine.config import Snapshot
from trading.engine.intents import PlanRefused
from trading.engine.plans import Plan
from trading.engine.state import EngineState

GAME = Ns(START + 60 * SECOND)


def playing(until: Ns) -> Snapshot:
    config = snapshot()
    relations = tuple(replace(r, trades_until=until) for r in config.relations)
    return replace(config, relations=relations)


def seen(until: Ns) -> tuple[EngineState, Plan]:
    state = ready(playing(until))
    return state, plan(state)


def test_a_plan_before_the_game_passes_and_one_from_its_start_on_is_refused() -> None:
    state, wanted = seen(GAME)
    state.at = Ns(GAME - 1)
    assert judged("pre_match", state, wanted) is None

    state.at = GAME
    found = refused("pre_match", state, wanted)
    assert found.reason == "The game began at 08:54 UTC; this relation is traded before it only."


def test_a_relation_without_an_end_is_traded_while_the_game_runs() -> None:
    state, wanted = seen(Ns(0))
    state.at = at(10**9)
    assert judged("pre_match", state, wanted) is None


def test_the_engine_refuses_at_the_start_without_being_told_anything() -> None:
    before, after = started(playing(GAME)), started(playing(GAME))

    assert orders(show(before, *gap(Ns(GAME - 1))))
    out = show(after, *gap(GAME))

    assert not orders(out)
    assert [i.gate for i in out if isinstance(i, PlanRefused)][-1] == "pre_match"
