"""From inbox to executor over a real journal: record first, act after, recover the same."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from markets.terms.ids import MarketId, OrderId, RunId, VenueId
from markets.terms.units import Ns, Px, Qty
from tests.fakes import (
    START,
    CountingEngine,
    FakeGateway,
    InvariantOfTest,
    ManualClock,
    settle,
)
from trading.engine.book import binary_book
from trading.engine.events import (
    BookChanged,
    CommandReceived,
    Event,
    HealthReported,
    OrderAccepted,
    OrderRejected,
    RunStarted,
    TimerFired,
)
from trading.engine.intents import Intent, PlaceOrder
from trading.engine.orders import BookKind, OrderRequest
from trading.replay.records import SCHEMA, EventRecord, Header, IntentsRecord
from trading.runtime.executor import Executor, Lease
from trading.runtime.inbox import Inbox
from trading.runtime.journal import Journal, Rotation
from trading.runtime.runner import Resumed, Runner, resume
from trading.runtime.segments import (
    Position,
    follow,
    frame,
    read_segment,
    recover,
    segments,
)

ROOT = Path(__file__).resolve().parents[2]


def book(n: int = 1) -> Event:
    levels = ((Px(400_000), Qty(n)),)
    return BookChanged(START, binary_book(MarketId("kalshi:A"), levels, (), START))


def command(kind: str, id: int = 1) -> Event:
    return CommandReceived(START, id, kind, "", "ann", "look")


class Worker:
    """A whole worker but for feeds and scribe, on a clock that stands still unless moved."""

    def __init__(self, directory: Path, rotation: Rotation | None = None) -> None:
        recovered = recover(directory)
        checkpoint = recovered.checkpoint
        self.engine = CountingEngine.load(checkpoint.state if checkpoint else None)
        self.resumed: Resumed = resume(self.engine, recovered)
        self.clock = ManualClock(max(START, self.resumed.at))
        self.inbox = Inbox(self.resumed.at)
        self.gateway = FakeGateway(self.inbox.put, self.clock)
        gateways = {(VenueId("kalshi"), BookKind.PAPER): self.gateway}
        self.executor = Executor(
            gateways, self.inbox.put, self.clock, Lease(required=False), self.failed
        )
        self.turns = 0
        self.runner = Runner(
            self.engine,
            self.executor,
            self.inbox,
            self.clock,
            resumed=self.resumed,
            turned=self.turned,
        )
        self.journal = Journal(
            directory,
            Header(SCHEMA, "r", START),
            self.runner.checkpoint,
            self.clock,
            rotation or Rotation(),
        )
        self.task: asyncio.Task[None] | None = None

    def failed(self, problem: BaseException) -> None:
        self.runner.fail(problem)

    def turned(self) -> None:
        self.turns += 1

    async def work(self, *events: Event) -> None:
        """Lets the events and all that follows from them run their course."""
        for event in events:
            self.inbox.put(event)
        if self.task is None:
            self.task = asyncio.create_task(self.runner.run(self.journal))
        await settle()

    async def end(self) -> None:
        """Stops in order."""
        self.runner.stop()
        if self.task is not None:
            await self.task
        self.journal.close()


def events_of(directory: Path) -> list[Event]:
    return [r.event for _, r in follow(directory, Position(), 999) if isinstance(r, EventRecord)]


class Witness:
    """Carries nothing out; notes what was on record when it was asked to."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.on_record: list[list[str]] = []

    def carry(self, intent: Intent) -> None:
        found = follow(self.directory, Position(), 99)
        self.on_record.append([type(r).__name__ for _, r in found])

    def stop(self, reason: str) -> None:
        pass


def test_an_order_is_on_record_before_it_leaves(tmp_path: Path) -> None:
    clock, inbox, witness = ManualClock(), Inbox(), Witness(tmp_path)
    runner = Runner(CountingEngine(), witness, inbox, clock)
    header = Header(SCHEMA, "r", START)
    with Journal(tmp_path, header, runner.checkpoint, clock) as journal:
        inbox.put(book())
        runner.drain(journal)

    assert witness.on_record == [["Header", "Checkpoint", "EventRecord", "IntentsRecord"]]


async def test_an_answer_that_a_crash_kept_off_the_record_is_written_by_the_next_start(
    tmp_path: Path,
) -> None:
    worker = Worker(tmp_path)
    await worker.work(command("halt"))
    await worker.end()
    (path,) = segments(tmp_path)
    whole = path.read_bytes()
    _, answer = list(read_segment(path))[-1]
    path.write_bytes(whole[: -len(frame(answer))])

    Worker(tmp_path)

    assert path.read_bytes() == whole


async def test_what_the_venue_answers_is_an_event_like_any_other(tmp_path: Path) -> None:
    worker = Worker(tmp_path)

    await worker.work(book())
    await worker.end()

    assert [type(e) for e in events_of(tmp_path)] == [BookChanged, OrderAccepted]
    assert worker.runner.seq == 2
    assert worker.turns >= 2


async def test_each_change_of_a_book_is_counted_from_when_it_came_to_its_decision(
    tmp_path: Path,
) -> None:
    worker = Worker(tmp_path)
    worker.clock.advance(3)

    await worker.work(book(1), book(2))

    said = worker.runner.decisions.told(VenueId("kalshi"), worker.clock.now())
    assert said is not None
    assert said.count == 2
    assert 3_000 <= said.p50_us <= 3_200
    await worker.end()


async def test_events_go_on_after_a_restart_where_they_ended(tmp_path: Path) -> None:
    first = Worker(tmp_path)
    await first.work(RunStarted(START, RunId("r"), "paper"), book(), book(2))
    await first.end()

    second = Worker(tmp_path)
    await second.work(command("halt"))
    await second.end()

    assert second.resumed.seq == 5
    assert second.resumed.differs is None
    assert (second.engine.count, second.runner.seq) == (6, 6)
    assert second.gateway.placed == []


@pytest.mark.parametrize("rotation", [Rotation(), Rotation(size=1)])
async def test_a_timer_survives_a_restart_and_fires_once(
    tmp_path: Path, rotation: Rotation
) -> None:
    first = Worker(tmp_path, rotation)
    await first.work(command("pause"), command("halt"))
    await first.end()

    second = Worker(tmp_path, rotation)
    assert second.resumed.timers == {"later": START + 500_000_000}
    await second.work()
    second.clock.advance(499)
    await settle()
    assert second.runner.seq == 2
    second.clock.advance(1)
    await settle()
    await second.end()

    assert events_of(tmp_path)[-1] == TimerFired(Ns(START + 500_000_000), "later")
    assert Worker(tmp_path).resumed.timers == {}


async def test_a_timer_that_fired_and_was_not_told_yet_is_in_the_checkpoint(tmp_path: Path) -> None:
    worker = Worker(tmp_path)
    await worker.work(command("pause"))
    worker.clock.advance(500)

    assert worker.runner.checkpoint().timers == (("later", START + 500_000_000),)

    await settle()
    assert worker.runner.checkpoint().timers == ()
    await worker.end()


async def test_a_broken_invariant_ends_the_run_with_the_journal_written_and_orders_stopped(
    tmp_path: Path,
) -> None:
    worker = Worker(tmp_path)

    await worker.work(command("halt"), command("break", 2))

    assert worker.task is not None
    with pytest.raises(InvariantOfTest):
        await worker.task
    assert len(events_of(tmp_path)) == 2
    worker.executor.carry(worker.engine.step(book())[0])
    assert isinstance(worker.inbox.take(), OrderRejected)
    worker.journal.close()


async def test_a_bug_in_a_gateway_ends_the_run(tmp_path: Path) -> None:
    worker = Worker(tmp_path)
    worker.gateway.raises = KeyError("no such field")

    await worker.work(book())

    assert worker.task is not None
    with pytest.raises(KeyError, match="no such field"):
        await worker.task
    worker.journal.close()


async def test_a_program_that_decides_otherwise_than_the_record_is_told(tmp_path: Path) -> None:
    worker = Worker(tmp_path)
    await worker.work(command("halt"), command("halt", 2))
    await worker.end()
    other = CountingEngine(10)

    assert resume(other, recover(tmp_path)).differs == 1


def test_a_clock_that_goes_back_between_runs_never_shows_in_the_record() -> None:
    inbox = Inbox(Ns(START + 100))

    inbox.put(HealthReported(START, "disk", ok=True, text=""))

    event = inbox.take()
    assert event is not None
    assert event.at == START + 100


# --- killed at a named point ----------------------------------------------------------------------

KILLED = """
import asyncio, pathlib, sys
from tests.integration.test_runner import Worker, book

async def main():
    worker = Worker(pathlib.Path(sys.argv[1]))
    placed = pathlib.Path(sys.argv[2])
    place = worker.gateway.place
    async def noted(request):
        with placed.open("a") as file:
            file.write(request.id + "\\n")
        await place(request)
    worker.gateway.place = noted
    for n in range(int(sys.argv[3])):
        await worker.work(book(n))
    await worker.end()

asyncio.run(main())
"""


def run_and_kill(directory: Path, placed: Path, crash: str, books: int = 3) -> int:
    """The exit code of a worker that saw some books."""
    env = {**os.environ, "TESTING": "1", "ARBSITE_CRASH_AT": crash, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(directory), str(placed), str(books)],
        env=env,
        check=False,
    )
    return done.returncode


@pytest.mark.parametrize(
    "crash",
    [
        "before_flush:2",
        "after_flush:2",
        "after_place:2",
        "journal_write:1",
        "journal_write:2",
        "journal_rotate:1",
        "journal_checkpoint:1",
    ],
)
def test_killed_around_an_order_no_order_leaves_twice_or_without_record(
    tmp_path: Path, crash: str
) -> None:
    directory, placed = tmp_path / "journal", tmp_path / "placed"

    assert run_and_kill(directory, placed, crash) == -signal.SIGKILL
    engine = CountingEngine()
    resume(engine, recover(directory))
    assert run_and_kill(directory, placed, "") == 0

    sent = placed.read_text().split()
    assert len(sent) == len(dict.fromkeys(sent))
    recorded = [order.id for path in segments(directory) for order in _orders_in(path)]
    assert len(recorded) == len(dict.fromkeys(recorded))
    assert [OrderId(name) for name in sent if name not in recorded] == []


def _orders_in(path: Path) -> list[OrderRequest]:
    return [
        intent.request
        for _, record in read_segment(path)
        if isinstance(record, IntentsRecord)
        for intent in record.intents
        if isinstance(intent, PlaceOrder)
    ]
