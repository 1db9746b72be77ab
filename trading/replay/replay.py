"""Runs recorded events through a fresh engine and compares what it answers, byte for byte.

The engine starts from the first checkpoint and then follows every event, also across runs and
segments. Answers are compared encoded: the same bytes or a difference. An event at the very end
whose answer was never recorded (the process was killed in between) is not a difference. No files
and no printing here.
"""

from collections.abc import Callable, Iterable
from typing import Protocol

import msgspec

from trading.engine.events import Event
from trading.engine.intents import Intent
from trading.replay.records import (
    Checkpoint,
    EventRecord,
    IntentsRecord,
    Record,
    encode_intents,
)


class Engine(Protocol):
    """What is replayed."""

    def step(self, event: Event) -> list[Intent]: ...


class Difference(msgspec.Struct, frozen=True):
    """The first event whose answer is another one now."""

    seq: int
    event: Event
    recorded: tuple[Intent, ...]
    replayed: tuple[Intent, ...]


class Outcome(msgspec.Struct, frozen=True):
    """What a replay found. `decisions` counts intents; `gap` names the event that did not follow
    its predecessor.
    """

    events: int
    decisions: int
    difference: Difference | None = None
    gap: int | None = None


class _Replay:
    def __init__(self, load: Callable[[bytes | None], Engine]) -> None:
        self._load = load
        self._engine: Engine | None = None
        self._waiting: tuple[EventRecord, tuple[Intent, ...]] | None = None
        self._seq: int | None = None
        self.events = 0
        self.decisions = 0
        self.difference: Difference | None = None
        self.gap: int | None = None

    @property
    def over(self) -> bool:
        return self.difference is not None or self.gap is not None

    def take(self, record: Record) -> None:
        match record:
            case Checkpoint(seq=seq, state=state):
                if self._engine is None:
                    self._engine = self._load(state)
                    self._seq = seq
            case EventRecord():
                self._compare(())
                if not self.over:
                    self._step(record)
            case IntentsRecord(intents=intents):
                self._compare(intents)
            case _:
                pass

    def _step(self, record: EventRecord) -> None:
        if self._engine is None:
            self._engine = self._load(None)
        if self._seq is not None and record.seq != self._seq + 1:
            self.gap = record.seq
            return
        self._seq = record.seq
        self.events += 1
        self._waiting = (record, tuple(self._engine.step(record.event)))

    def _compare(self, recorded: tuple[Intent, ...]) -> None:
        if self._waiting is None:
            return
        (record, replayed), self._waiting = self._waiting, None
        self.decisions += len(recorded)
        if encode_intents(recorded) != encode_intents(replayed):
            self.difference = Difference(record.seq, record.event, recorded, replayed)


def replay(records: Iterable[Record], load: Callable[[bytes | None], Engine]) -> Outcome:
    """Runs the records through an engine made by `load` from the checkpoint's state; stops at the
    first difference.

    `load` is given None when no checkpoint comes before the first event.
    """
    run = _Replay(load)
    for record in records:
        run.take(record)
        if run.over:
            break
    return Outcome(run.events, run.decisions, run.difference, run.gap)
