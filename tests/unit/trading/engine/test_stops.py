"""Halts, pauses and view-only: who may lift what."""

from risk.gates.chain import Chain
from tests.builders import KA, at, command, gap, orders, show, started
from trading.engine import events as ev
from trading.engine.engine import Engine
from trading.engine.intents import CancelOrder, CommandDone, Halt, Intent
from trading.engine.stops import standing


def done(intents: list[Intent]) -> CommandDone:
    return next(i for i in intents if isinstance(i, CommandDone))


def test_a_halt_stops_new_deals_and_cancels_what_is_on_its_way() -> None:
    engine = started()
    placed = orders(show(engine, *gap()))
    intents = engine.step(command("halt"))
    assert [i.order for i in intents if isinstance(i, CancelOrder)] == [o.id for o in placed]
    assert done(intents).ok
    assert "2 orders" in done(intents).text


def test_nothing_opens_under_a_halt_and_again_after_resume() -> None:
    engine = started()
    engine.step(command("halt"))
    assert not orders(show(engine, *gap()))
    assert done(engine.step(command("resume"))).ok
    assert orders(show(engine, *gap(at(1))))


def test_a_venue_halt_covers_its_venue_alone() -> None:
    engine = started()
    engine.step(command("halt", "kalshi"))
    assert standing(engine.state, (KA,)) is not None
    assert standing(engine.state, ()) is None
    assert not done(engine.step(command("resume"))).ok
    assert done(engine.step(command("resume", "kalshi"))).ok


def test_a_halt_of_an_unknown_venue_is_refused_with_a_sentence() -> None:
    answer = done(started().step(command("halt", "betfair")))
    assert (answer.ok, answer.text) == (False, "There is no venue betfair. Nothing was halted.")


def test_a_halt_survives_a_new_process() -> None:
    engine = started()
    engine.step(command("halt"))
    again = Engine.load(engine.dump(), Chain())
    again.step(ev.RunStarted(at(1), engine.state.run, "paper"))
    assert standing(again.state, ()) is not None


def test_pause_and_view_only_end_with_resume() -> None:
    for kind in ("pause", "view_only"):
        engine = started()
        assert done(engine.step(command(kind))).ok
        assert not orders(show(engine, *gap()))
        assert done(engine.step(command("resume"))).ok
        assert orders(show(engine, *gap(at(1))))


def test_a_resume_of_nothing_is_refused() -> None:
    assert not done(started().step(command("resume"))).ok


def test_an_unknown_command_is_refused() -> None:
    assert not done(started().step(command("dance"))).ok


def test_a_halt_is_told_once() -> None:
    engine = started()
    first = engine.step(command("halt"))
    second = engine.step(command("halt", number=2))
    assert sum(isinstance(i, Halt) for i in first + second) == 1


def test_machinery_halts_lift_themselves_and_a_persons_does_not() -> None:
    engine = started()
    engine.step(command("halt"))
    down = engine.step(ev.HealthReported(at(1), "scribe", False, "silent"))
    up = engine.step(ev.HealthReported(at(2), "scribe", True, ""))
    assert [i.on for i in [*down, *up] if isinstance(i, Halt)] == [True, False]
    assert standing(engine.state, ()) is not None


def test_machinery_is_well_only_when_all_of_it_is() -> None:
    engine = started()
    engine.step(ev.HealthReported(at(1), "scribe", False, "silent"))
    engine.step(ev.HealthReported(at(1), "disk", False, "full"))
    assert not engine.step(ev.HealthReported(at(2), "scribe", True, ""))
    assert engine.step(ev.HealthReported(at(3), "disk", True, ""))


def test_a_venue_halt_cancels_at_that_venue_alone() -> None:
    engine = started()
    first, _ = orders(show(engine, *gap()))
    intents = engine.step(command("halt", "kalshi"))
    assert [i.order for i in intents if isinstance(i, CancelOrder)] == [first.id]
    assert "1 order was" in done(intents).text
