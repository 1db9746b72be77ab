"""Parts of the worker kept running, with time moved by hand."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from feeds.runtime.supervisor import GRACE, Supervisor
from markets.terms.units import SECOND
from tests.integration.echo_venue import PATIENCE_S, WatchedClock

CERTAIN = 1_000_000


class Part:
    """A part that notes its starts and ends and fails when it is told to."""

    def __init__(self, name: str, diary: "asyncio.Queue[str]") -> None:
        self.name = name
        self.diary = diary
        self.orders: asyncio.Queue[Exception | None] = asyncio.Queue()

    async def run(self) -> None:
        self.diary.put_nowait(f"{self.name} starts")
        try:
            order = await self.orders.get()
            if order is not None:
                raise order
        finally:
            self.diary.put_nowait(f"{self.name} ends")


class World:
    """A supervisor with what it needs."""

    def __init__(self) -> None:
        self.clock = WatchedClock()
        self.after_error = 0
        self.supervisor = Supervisor(self.clock, lambda: CERTAIN, lambda: self.after_error)
        self.stop = asyncio.Event()
        self.diary: asyncio.Queue[str] = asyncio.Queue()
        self.task: asyncio.Task[int] | None = None

    def part(
        self, name: str, *, essential: bool, stop: Callable[[], Awaitable[None]] | None = None
    ) -> Part:
        part = Part(name, self.diary)
        failed = f"{name} failed: "
        self.supervisor.add(
            name,
            part.run,
            essential,
            failed=lambda reason: self.diary.put_nowait(failed + reason),
            stop=stop,
        )
        return part

    def start(self) -> None:
        self.task = asyncio.create_task(self.supervisor.run(self.stop))

    async def next(self) -> str:
        return await asyncio.wait_for(self.diary.get(), PATIENCE_S)

    async def code(self) -> int:
        assert self.task is not None
        return await asyncio.wait_for(self.task, PATIENCE_S)


async def test_a_failing_part_is_reported_and_started_again_after_growing_pauses() -> None:
    world = World()
    feed = world.part("feed", essential=False)
    world.start()
    waits = []

    for _ in range(3):
        feed.orders.put_nowait(KeyError("bug"))
        assert await world.next() == "feed starts"
        assert await world.next() == "feed ends"
        assert await world.next() == "feed failed: KeyError: 'bug'"
        waits.append(await asyncio.wait_for(world.clock.asked.get(), PATIENCE_S) // SECOND)
        world.clock.pass_by(waits[-1] * SECOND)

    assert waits == [1, 2, 4]
    world.stop.set()
    assert await world.code() == 0


async def test_an_error_nobody_foresaw_waits_at_least_as_long_as_the_operator_says() -> None:
    world = World()
    world.after_error = 5 * SECOND
    feed = world.part("feed", essential=False)
    world.start()
    waits = []

    for order in (KeyError("bug"), None):
        feed.orders.put_nowait(order)
        for _ in range(3):
            await world.next()
        waits.append(await asyncio.wait_for(world.clock.asked.get(), PATIENCE_S) // SECOND)
        world.clock.pass_by(waits[-1] * SECOND)

    assert waits == [5, 2]
    world.stop.set()
    assert await world.code() == 0


async def test_a_part_that_ran_for_a_minute_starts_again_soon() -> None:
    world = World()
    feed = world.part("feed", essential=False)
    world.start()
    for _ in range(3):
        await world.next()
        feed.orders.put_nowait(OSError("away"))
        await world.next()
        await world.next()
        world.clock.pass_by(await asyncio.wait_for(world.clock.asked.get(), PATIENCE_S))
    await world.next()

    world.clock.pass_by(61 * SECOND)
    feed.orders.put_nowait(OSError("away"))

    assert await asyncio.wait_for(world.clock.asked.get(), PATIENCE_S) == SECOND
    world.stop.set()
    assert await world.code() == 0


async def test_the_failure_of_an_essential_part_stops_everything_with_an_error() -> None:
    world = World()
    world.part("feed", essential=False)
    runner = world.part("runner", essential=True)
    world.start()
    assert {await world.next(), await world.next()} == {"feed starts", "runner starts"}

    runner.orders.put_nowait(ValueError("impossible"))

    assert await world.code() == 1
    assert world.stop.is_set()
    assert [await world.next() for _ in range(3)] == [
        "runner ends",
        "runner failed: ValueError: impossible",
        "feed ends",
    ]


async def test_an_essential_part_that_just_ends_is_an_error_too() -> None:
    world = World()
    runner = world.part("runner", essential=True)
    world.start()

    runner.orders.put_nowait(None)

    assert await world.code() == 1


async def test_the_innermost_failure_of_a_group_is_the_reason() -> None:
    world = World()
    feed = world.part("feed", essential=False)
    world.start()

    feed.orders.put_nowait(ExceptionGroup("g", [ExceptionGroup("h", [KeyError("deep")])]))

    assert await world.next() == "feed starts"
    assert await world.next() == "feed ends"
    assert await world.next() == "feed failed: KeyError: 'deep'"
    world.stop.set()
    assert await world.code() == 0


async def test_parts_stop_one_by_one_last_added_first() -> None:
    world = World()
    for name in ("scribe", "journal", "executor", "feed"):
        world.part(name, essential=name != "feed")
    world.start()
    for _ in range(4):
        await world.next()

    world.stop.set()

    assert await world.code() == 0
    ends = [await world.next() for _ in range(4)]
    assert ends == ["feed ends", "executor ends", "journal ends", "scribe ends"]


async def test_a_part_may_finish_by_itself_when_asked_to() -> None:
    world = World()

    async def finish() -> None:
        world.diary.put_nowait("asked")
        runner.orders.put_nowait(None)

    runner = world.part("runner", essential=True, stop=finish)
    world.start()
    await world.next()

    world.stop.set()

    assert await world.code() == 0
    assert [await world.next(), await world.next()] == ["asked", "runner ends"]


async def test_a_failure_while_stopping_is_an_error() -> None:
    world = World()

    async def fail() -> None:
        runner.orders.put_nowait(OSError("disk full"))

    runner = world.part("runner", essential=True, stop=fail)
    world.start()
    await world.next()

    world.stop.set()

    assert await world.code() == 1


async def test_a_part_that_does_not_end_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    monkeypatch.setattr("feeds.runtime.supervisor.GRACE", GRACE // 1_000)

    async def ignore() -> None:
        world.diary.put_nowait("ignored")

    world.part("deaf", essential=True, stop=ignore)
    world.part("feed", essential=False)
    world.start()
    await world.next()
    await world.next()

    world.stop.set()

    assert await world.code() == 0
    assert [await world.next(), await world.next()] == ["feed ends", "ignored"]


async def test_a_report_that_fails_stops_everything() -> None:
    world = World()
    part = Part("feed", world.diary)

    def broken(reason: str) -> None:
        raise RuntimeError("nobody to tell")

    world.supervisor.add("feed", part.run, False, failed=broken)
    world.start()

    part.orders.put_nowait(OSError("away"))

    assert await world.code() == 1
