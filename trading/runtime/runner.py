"""One inbox, one engine, one loop: event, journal, step, journal, flush, executor.

Every event is journaled before the engine sees it, and no order leaves before its record is
written. The runner owns the engine's timers. Nothing is caught to go on: whatever escapes ends the
run with the journal flushed and orders stopped, and the next start recovers.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

from markets.terms.ids import venue_of
from markets.terms.units import MS, Ns
from trading.engine.events import BookChanged, Event, TimerFired
from trading.engine.intents import CancelOrder, Intent, PlaceOrder, QueryOrder, SetTimer
from trading.replay.records import Checkpoint
from trading.runtime.clock import Clock, Handle
from trading.runtime.crash import AFTER, BEFORE, Transitions, crash_point
from trading.runtime.decisions import Decisions
from trading.runtime.inbox import Inbox
from trading.runtime.journal import Journal
from trading.runtime.segments import Recovered
from trading.runtime.spoken import Spoken

TURN_EVENTS = 64
TURN_NS = 2 * MS


class Engine(Protocol):
    """What the runner needs of an engine."""

    def step(self, event: Event) -> list[Intent]: ...
    def dump(self) -> bytes: ...


class Carrier(Protocol):
    """Who carries intents out: the executor."""

    def carry(self, intent: Intent) -> None: ...
    def stop(self, reason: str) -> None: ...


class Timers:
    """The engine's timers: the same key replaces an earlier one.

    A timer counts as waiting until the engine was told of it, so that no checkpoint forgets it in
    between.
    """

    def __init__(self, clock: Clock, emit: Callable[[Event], None]) -> None:
        self._clock = clock
        self._emit = emit
        self._waiting: dict[str, tuple[Ns, Handle]] = {}
        self._fired: dict[str, Ns] = {}

    def set(self, key: str, due: Ns) -> None:
        """Fires `key` at `due`."""
        if key in self._waiting:
            self._waiting.pop(key)[1].cancel()
        self._waiting[key] = (due, self._clock.call_at(due, lambda: self._fire(key)))

    def waiting(self) -> tuple[tuple[str, Ns], ...]:
        """Key and due time of each timer, for a checkpoint."""
        waiting = {key: due for key, (due, _) in self._waiting.items()}
        return tuple((self._fired | waiting).items())

    def told(self, key: str) -> None:
        """The engine knows that `key` fired."""
        self._fired.pop(key, None)

    def cancel(self) -> None:
        """Forgets every timer."""
        for _, handle in self._waiting.values():
            handle.cancel()
        self._waiting.clear()

    def _fire(self, key: str) -> None:
        due, _ = self._waiting.pop(key)
        self._fired[key] = due
        # A loop's timer may come a clock tick early; the engine must never see it before its time.
        self._emit(TimerFired(max(due, self._clock.now()), key))


class Resumed:
    """Where a journal left off: number and time of the last event, and the timers waiting then.

    `differs` is the first event whose recorded answer this program would not give (it was changed
    since), or None.
    """

    def __init__(self, seq: int, at: Ns, timers: dict[str, Ns], differs: int | None = None) -> None:
        self.seq = seq
        self.at = at
        self.timers = timers
        self.differs = differs


def resume(engine: Engine, recovered: Recovered) -> Resumed:
    """Steps an engine loaded from the checkpoint through the tail. Nothing is carried out.

    An answer that a crash kept from being written is written now: the record is whole again.
    """
    timers = dict(recovered.checkpoint.timers) if recovered.checkpoint else {}
    missing: tuple[int, tuple[Intent, ...]] | None = None
    differs: int | None = None
    for step in recovered.steps():
        if missing is not None:
            differs = differs or missing[0]
        answer = tuple(engine.step(step.event))
        _follow_timers(timers, step.event, answer)
        missing = (step.seq, answer) if answer and step.intents is None else None
        if step.intents is not None and step.intents != answer:
            differs = differs or step.seq
    if missing is not None:
        recovered.complete(*missing)
    return Resumed(recovered.last_seq, recovered.last_at, timers, differs)


def _follow_timers(timers: dict[str, Ns], event: Event, intents: tuple[Intent, ...]) -> None:
    if isinstance(event, TimerFired) and timers.get(event.key, event.at) <= event.at:
        timers.pop(event.key, None)
    for intent in intents:
        if isinstance(intent, SetTimer):
            timers[intent.key] = intent.due


class Runner:
    """Drives one engine. `turned` is called after each turn of the loop, once its events are on
    record. `transitions` is there only when this process is to die at one. `decisions` counts how
    long each change of a book took.
    """

    def __init__(
        self,
        engine: Engine,
        executor: Carrier,
        inbox: Inbox,
        clock: Clock,
        *,
        resumed: Resumed | None = None,
        turned: Callable[[], None] | None = None,
        transitions: Transitions | None = None,
    ) -> None:
        self._engine = engine
        self._executor = executor
        self._inbox = inbox
        self._clock = clock
        self._turned = turned or _nothing
        self._timers = Timers(clock, inbox.put)
        self._journal: Journal | None = None
        self._transitions = transitions
        self.decisions = Decisions()
        self._spoken = Spoken()
        self._unflushed: list[str] = []
        self._failure: BaseException | None = None
        self._stopping = False
        self.seq = resumed.seq if resumed else 0
        self._at = resumed.at if resumed else Ns(0)
        for key, due in (resumed.timers if resumed else {}).items():
            self._timers.set(key, due)

    def checkpoint(self) -> Checkpoint:
        """The state after the last event, for the journal's next segment."""
        return Checkpoint(self.seq, self._at, self._engine.dump(), self._timers.waiting())

    def fail(self, problem: BaseException) -> None:
        """Ends the run with this error."""
        self._failure = self._failure or problem
        self._inbox.wake()

    def stop(self) -> None:
        """Ends the run once the inbox is empty."""
        self._stopping = True
        self._inbox.wake()

    async def run(self, journal: Journal) -> None:
        """Works until stopped.

        Errors: whatever the engine, the journal or a gateway raised; orders are stopped and the
        journal is flushed.
        """
        self._journal = journal
        try:
            while not (self._stopping and not len(self._inbox)):
                await self._inbox.wait()
                self._turn(journal)
                await asyncio.sleep(0)
        finally:
            self._executor.stop("the trading process is ending")
            self._timers.cancel()
            journal.flush()

    def drain(self, journal: Journal) -> None:
        """Works off what waits now, without yielding."""
        while len(self._inbox):
            self._turn(journal)

    def _turn(self, journal: Journal) -> None:
        if self._failure is not None:
            raise self._failure
        until = self._clock.now() + TURN_NS
        for _ in range(TURN_EVENTS):
            event = self._inbox.take()
            if event is None:
                break
            self._step(journal, event)
            if self._clock.now() >= until:
                break
        self._flush(journal)
        self._turned()

    def _step(self, journal: Journal, event: Event) -> None:
        # The checkpoint of a segment beginning here must not count this event yet.
        seq = self.seq + 1
        journal.append_event(seq, event)
        self.seq, self._at = seq, event.at
        if type(event) is TimerFired:
            self._timers.told(event.key)
        intents = self._engine.step(event)
        if type(event) is BookChanged:
            venue = venue_of(event.book.market)
            self.decisions.note(venue, self._inbox.came, self._clock.now())
        if intents:
            journal.append_intents(seq, intents)
        if self._transitions is not None:
            self._note(self._transitions.of(intents))
        if not intents:
            return
        if any(type(intent) is PlaceOrder for intent in intents):
            crash_point("before_flush")
            self._flush(journal)
            crash_point("after_flush")
        for intent in intents:
            self._carry(seq, intent)

    def _note(self, made: list[str]) -> None:
        self._unflushed += made
        for name in made:
            crash_point(name + BEFORE)

    def _flush(self, journal: Journal) -> None:
        journal.flush()
        made, self._unflushed = self._unflushed, []
        for name in made:
            crash_point(name + AFTER)

    def _carry(self, seq: int, intent: Intent) -> None:
        match intent:
            case SetTimer(key=key, due=due):
                self._timers.set(key, due)
            case PlaceOrder(request=request):
                self._spoken.begin(seq, request)
                self._executor.carry(intent)
                self._spoken.end()
            case CancelOrder() | QueryOrder():
                self._executor.carry(intent)
            case _:
                pass


def _nothing() -> None:
    pass
