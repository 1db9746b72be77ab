"""The chain asks the gates in their order; the first refusal wins."""

from risk.gates.chain import GATES, Chain
from tests.builders import command, gap, show, snapshot, started
from tests.unit.risk.gates.test_gates import plan, ready
from trading.engine import events as ev
from trading.engine.pictures import Verdict
from trading.engine.ports import Approved, Refused


def test_the_founding_gates_stand_in_their_order() -> None:
    founding = (
        "xv_arb_enabled", "kill_switch", "scanning_paused", "view_only", "halt_if_naked",
        "sharp_freshness", "min_edge", "max_edge", "min_depth", "token_check", "match_rate_limit",
        "cooldown", "exec_mode", "execute",
    )  # fmt: skip
    names = [name for name, _ in GATES]
    assert [name for name in names if name in founding] == list(founding)
    assert names[-1] == "execute"
    assert len(names) == len(dict.fromkeys(names))


def test_a_plan_that_passes_every_gate_is_approved() -> None:
    state = ready()
    assert isinstance(Chain().check(plan(state), state), Approved)


def test_the_first_refusal_wins() -> None:
    state = ready(snapshot(min_net_edge=90_000, max_edge=100_000, xv_arb_enabled=0))
    verdict = Chain().check(plan(state), state)
    assert isinstance(verdict, Refused)
    assert verdict.gate == "xv_arb_enabled"


def test_readings_agree_with_the_verdict_and_stop_after_it() -> None:
    state = ready(snapshot(min_net_edge=90_000))
    readings = Chain().readings(plan(state), state)
    assert [r.gate for r in readings] == [name for name, _ in GATES]
    verdicts = [r.verdict for r in readings]
    where = verdicts.index(Verdict.REFUSED)
    assert readings[where].gate == "min_edge"
    assert set(verdicts[:where]) == {Verdict.PASSED}
    assert set(verdicts[where + 1 :]) == {Verdict.NOT_REACHED}


def test_what_passes_by_itself_waits_and_what_a_person_stopped_is_safety() -> None:
    state = ready()
    state.failed[plan(state).relation] = state.at
    waiting = {r.gate: r.verdict for r in Chain().readings(plan(state), state)}
    assert waiting["cooldown"] is Verdict.WAITING
    engine = started()
    engine.step(command("halt"))
    show(engine, *gap())
    safety = {r.gate: r.verdict for r in Chain().readings(plan(engine.state), engine.state)}
    assert safety["kill_switch"] is Verdict.SAFETY


def test_the_chain_has_nothing_to_remember() -> None:
    chain = Chain()
    state = ready()
    chain.observe(ev.TimerFired(state.at, "relook"), state)
    chain.load(chain.dump())
    assert chain.dump() == b""
