"""Replay starts from the first checkpoint, follows every run, and stops at the first difference."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from tests.fakes import START, CountingEngine
from trading.engine.events import CommandReceived, HealthReported
from trading.engine.intents import CommandDone, Intent
from trading.replay.records import (
    SCHEMA,
    Checkpoint,
    EventRecord,
    Header,
    IntentsRecord,
    Record,
)
from trading.replay.replay import Outcome, replay


def asked(seq: int) -> EventRecord:
    return EventRecord(seq, CommandReceived(START, seq, "halt", "", "ann", "look"))


def done(seq: int, count: int) -> tuple[Intent, ...]:
    return (CommandDone(START, seq, ok=True, text=f"count {count}"),)


def answered(seq: int, count: int) -> IntentsRecord:
    return IntentsRecord(seq, done(seq, count))


def begun(seq: int, count: int) -> list[Record]:
    state = msgspec.msgpack.encode(count)
    return [Header(SCHEMA, "r", START), Checkpoint(seq, START, state)]


def outcome(records: Iterable[Record]) -> Outcome:
    return replay(records, CountingEngine.load)


def test_the_state_of_the_first_checkpoint_is_where_it_begins() -> None:
    found = outcome([*begun(6, 40), asked(7), answered(7, 41)])

    assert found == Outcome(events=1, decisions=1)


def test_a_later_segment_goes_on_with_the_engine_and_not_with_its_checkpoint() -> None:
    found = outcome(
        [*begun(0, 0), asked(1), answered(1, 1), *begun(1, 99), asked(2), answered(2, 2)]
    )

    assert found == Outcome(events=2, decisions=2)


def test_another_answer_is_a_difference_with_both_sides() -> None:
    found = outcome([*begun(0, 0), asked(1), answered(1, 5), asked(2), answered(2, 2)])

    assert found.events == 1
    assert found.difference is not None
    assert found.difference.seq == 1
    assert found.difference.recorded == done(1, 5)
    assert found.difference.replayed == done(1, 1)


def test_an_answer_where_none_is_on_record_is_a_difference() -> None:
    found = outcome([*begun(0, 0), asked(1), asked(2), answered(2, 2)])

    assert found.difference is not None
    assert (found.difference.seq, found.difference.recorded) == (1, ())


def test_no_answer_where_one_is_on_record_is_a_difference() -> None:
    quiet = EventRecord(1, HealthReported(START, "disk", ok=True, text=""))

    found = outcome([*begun(0, 0), quiet, answered(1, 1)])

    assert found.difference is not None
    assert found.difference.replayed == ()


def test_a_last_event_without_an_answer_is_no_difference() -> None:
    assert outcome([*begun(0, 0), asked(1)]) == Outcome(events=1, decisions=0)


def test_an_event_that_is_missing_stops_it() -> None:
    found = outcome([*begun(0, 0), asked(1), answered(1, 1), asked(3)])

    assert (found.gap, found.events) == (3, 1)


def test_without_a_checkpoint_it_begins_with_a_new_engine() -> None:
    assert outcome([asked(9), answered(9, 1)]) == Outcome(events=1, decisions=1)


def test_nothing_is_no_event() -> None:
    assert outcome([]) == Outcome(events=0, decisions=0)
