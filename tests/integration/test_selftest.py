"""The self-test through inbox, journal, engine, gates and executor, to the last metre."""

from __future__ import annotations

import asyncio
from pathlib import Path

from feeds.runtime.selftest import DEADLINE, SelfTest
from markets.terms.ids import RunId
from markets.terms.units import MS
from risk.gates.chain import Chain
from tests.builders import at, snapshot
from tests.fakes import ManualClock, settle
from trading.engine.config import Snapshot
from trading.engine.engine import Engine
from trading.engine.events import ConfigChanged, Event, RunStarted, SelfTested
from trading.engine.orders import BookKind
from trading.engine.selftest import RELATION, VENUE, with_self_test
from trading.replay.records import SCHEMA, EventRecord, Header
from trading.runtime.executor import Executor, Lease
from trading.runtime.inbox import Inbox
from trading.runtime.journal import Journal
from trading.runtime.runner import Runner
from trading.runtime.segments import Position, follow


class Pipeline:
    """A worker without feeds, on a clock that stands still unless moved."""

    def __init__(self, directory: Path, config: Snapshot) -> None:
        self.directory = directory
        self.clock = ManualClock(at())
        self.inbox = Inbox()
        self.engine = Engine(Chain())
        self.test = SelfTest(self.clock, self.put, lambda: 600_000, self.refusal)
        self.deaf = False
        executor = Executor(
            {(VENUE, BookKind.TEST): self.test},
            self.inbox.put,
            self.clock,
            Lease(required=False),
            self.failed,
        )
        self.runner = Runner(self.engine, executor, self.inbox, self.clock)
        header = Header(SCHEMA, "r", at())
        self.journal = Journal(directory, header, self.runner.checkpoint, self.clock)
        self.inbox.put(RunStarted(at(), RunId("r"), "paper"))
        self.inbox.put(ConfigChanged(at(), with_self_test(config)))
        self.task = asyncio.create_task(self.runner.run(self.journal))

    def put(self, event: Event) -> None:
        if not self.deaf:
            self.inbox.put(event)

    def refusal(self) -> str:
        look = self.engine.state.looks.get(RELATION)
        return look.gate if look else ""

    def failed(self, problem: BaseException) -> None:
        self.runner.fail(problem)

    async def tested(self, wait_ms: int = 0) -> SelfTested:
        await settle()
        testing = asyncio.create_task(self.test.test())
        await settle()
        self.clock.advance(wait_ms)
        await settle()
        return await testing

    async def end(self) -> list[SelfTested]:
        """Stops; the self-tests on record."""
        self.runner.stop()
        await self.task
        self.journal.close()
        records = [record for _, record in follow(self.directory, Position(), 999)]
        events = [record.event for record in records if isinstance(record, EventRecord)]
        return [event for event in events if isinstance(event, SelfTested)]


async def test_it_arrives_and_is_on_record_with_its_latency(tmp_path: Path) -> None:
    pipeline = Pipeline(tmp_path, snapshot())

    told = await pipeline.tested()
    await settle()

    assert (told.outcome, told.latency) == ("arrived", 0)
    assert await pipeline.end() == [told]
    assert not pipeline.engine.state.naked


async def test_a_refusal_is_told_and_is_no_alarm(tmp_path: Path) -> None:
    pipeline = Pipeline(tmp_path, snapshot(view_only=1))

    told = await pipeline.tested(DEADLINE // MS)
    await settle()

    assert (told.outcome, told.text) == ("refused", "The gate view_only refused it.")
    assert not pipeline.engine.state.health
    await pipeline.end()


async def test_silence_is_an_alarm(tmp_path: Path) -> None:
    pipeline = Pipeline(tmp_path, snapshot())
    await settle()
    pipeline.deaf = True

    told = await pipeline.tested(DEADLINE // MS)
    pipeline.inbox.put(told)
    await settle()

    assert told.outcome == "silent"
    assert "self-test" in pipeline.engine.state.health
    await pipeline.end()


async def test_it_is_tried_on_its_schedule_and_soon_again_after_silence(tmp_path: Path) -> None:
    pipeline = Pipeline(tmp_path, snapshot())
    running = asyncio.create_task(pipeline.test.run())
    await settle()
    pipeline.clock.advance(599_000)
    await settle()
    assert not pipeline.engine.state.deals
    pipeline.clock.advance(1_000)
    await settle()
    assert len(pipeline.engine.state.deals) == 1
    running.cancel()
    assert [told.outcome for told in await pipeline.end()] == ["arrived"]


async def test_its_orders_can_be_asked_for_and_cancelled(tmp_path: Path) -> None:
    pipeline = Pipeline(tmp_path, snapshot())
    told = await pipeline.tested()
    name = next(iter(pipeline.engine.state.orders))
    await pipeline.test.cancel(name, pipeline.engine.state.orders[name].request.market)
    await settle()
    assert told.outcome == "arrived"
    await pipeline.end()
