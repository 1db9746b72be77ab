"""The whole path: frames off a real loopback socket to decisions, at a set pace, journal and gates
on.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import tempfile
from pathlib import Path
from time import perf_counter_ns

import msgspec
import uvloop
import websockets

from feeds.venues.base import Emit, Fault
from markets.terms.units import Ns
from risk.gates.chain import Chain
from tests.bench.measure import Result, percentile
from tests.bench.world import Arrived, World
from trading.engine.engine import Engine
from trading.engine.events import BookChanged, ConfigChanged, Event, RunStarted
from trading.engine.intents import Intent
from trading.replay.records import SCHEMA, Header
from trading.runtime.clock import SystemClock
from trading.runtime.inbox import Inbox
from trading.runtime.journal import Journal
from trading.runtime.runner import Runner
from trading.runtime.segments import read_segment, segments, steps_of

PAIRS = 200
SECONDS = 5


class _Nobody:
    """Carries nothing out: the bench measures up to the decision."""

    def carry(self, intent: Intent) -> None:
        pass

    def stop(self, reason: str) -> None:
        pass


class _Timed(Engine):
    """Notes how long each changed book waited from its receipt to the end of its step."""

    def __init__(self, clock: SystemClock) -> None:
        super().__init__(Chain())
        self.took: list[int] = []
        self._clock = clock

    def step(self, event: Event) -> list[Intent]:
        intents = super().step(event)
        if type(event) is BookChanged:
            self.took.append(self._clock.now() - event.at)
        return intents


class Rig:
    """A world, an engine and a runner with a journal in a folder of its own."""

    def __init__(self) -> None:
        self.world = World(PAIRS, moves=20_000)
        self.clock = SystemClock()
        self.inbox = Inbox()
        self.engine = _Timed(self.clock)
        self.runner = Runner(self.engine, _Nobody(), self.inbox, self.clock)
        self.faults = 0
        now = self.clock.now()
        self.inbox.put(RunStarted(now, "bench", "detect"))  # type: ignore[arg-type]  # a run's name
        self.inbox.put(ConfigChanged(now, self.world.snapshot()))
        for event in self.world.open():
            self.inbox.put(self._now(event))

    def _now(self, event: Event) -> Event:
        at = self.clock.now()
        if isinstance(event, BookChanged):
            return BookChanged(at, msgspec.structs.replace(event.book, at=at))
        return msgspec.structs.replace(event, at=at)

    @property
    def took(self) -> list[int]:
        """From receipt to decision, nanoseconds, of every changed book since this was cleared."""
        return self.engine.took

    def frame(self, frame: Arrived) -> None:
        """What one received frame means goes into the inbox."""
        outputs = self.world.sessions[frame.venue].received(frame.text, self.clock.now())
        for output in outputs:
            if isinstance(output, Emit):
                self.inbox.put(output.event)
            elif isinstance(output, Fault):
                self.faults += 1


def measure() -> list[Result]:
    """Throughput flat out in memory, latency at 1,000 and 10,000 frames a second, and replay."""
    results = uvloop.run(_flat_out())
    for rate in (1_000, 10_000):
        results += uvloop.run(_paced(rate))
    return results


async def _flat_out() -> list[Result]:
    rig = Rig()
    frames = rig.world.frames(60_000)
    steps: list[int] = []
    with tempfile.TemporaryDirectory() as folder:
        header = Header(SCHEMA, "bench", rig.clock.now())
        with Journal(Path(folder), header, rig.runner.checkpoint, rig.clock) as journal:
            rig.runner.drain(journal)
            gc.collect()
            gc.freeze()
            gc.set_threshold(50_000, 20, 20)
            began = perf_counter_ns()
            for frame in frames:
                start = perf_counter_ns()
                rig.frame(frame)
                rig.runner.drain(journal)
                steps.append(perf_counter_ns() - start)
            took = perf_counter_ns() - began
        replayed = _replay(Path(folder))
    return [
        Result("frame to decision, median", percentile(steps, 50) / 1e3, "µs", target="≤ 15 µs"),
        Result(
            "frame to decision, p99.9", percentile(steps, 99.9) / 1e3, "µs", target="≤ 1,000 µs"
        ),
        Result("frames a second, one core", len(frames) / took * 1e9, "/s", target="≥ 60,000/s"),
        *replayed,
    ]


def _replay(folder: Path) -> list[Result]:
    engine: Engine | None = None
    events = 0
    began = perf_counter_ns()
    for path in segments(folder):
        steps = list(steps_of(record for _, record in read_segment(path)))
        engine = engine or Engine(Chain())
        began = perf_counter_ns()
        for step in steps:
            engine.step(step.event)
        events += len(steps)
    return [
        Result(
            "replay", events / (perf_counter_ns() - began) * 1e9, "events/s", target="≥ 100,000/s"
        )
    ]


async def _paced(rate: int) -> list[Result]:
    """Frames sent over a socket at `rate`; the time from their receipt to the end of the engine's
    turn.
    """
    rig = Rig()
    frames = rig.world.frames(rate * SECONDS)
    by_venue = dict(enumerate(rig.world.sessions))
    numbers = {venue: number for number, venue in by_venue.items()}

    with tempfile.TemporaryDirectory() as folder:
        header = Header(SCHEMA, "bench", rig.clock.now())
        with Journal(Path(folder), header, rig.runner.checkpoint, rig.clock) as journal:
            # The world opens all at once; what waited then is none of the stream's business.
            rig.runner.drain(journal)
            rig.took.clear()
            running = asyncio.create_task(rig.runner.run(journal))
            lines = Path(folder) / "frames.txt"
            lines.write_text("\n".join(f"{numbers[f.venue]}{f.text}" for f in frames))
            sender = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "tests.bench.sender", str(lines), str(rate)),
                stdout=asyncio.subprocess.PIPE,
            )
            assert sender.stdout is not None
            url = f"ws://127.0.0.1:{(await sender.stdout.readline()).decode().strip()}"
            async with websockets.connect(url, compression=None, max_queue=64) as socket:
                gc.collect()
                gc.freeze()
                began = perf_counter_ns()
                async for message in socket:
                    text = str(message)
                    rig.frame(Arrived(by_venue[int(text[0])], text[1:], Ns(0)))
                took = perf_counter_ns() - began
            await sender.wait()
            rig.runner.stop()
            await running
    name = f"{rate:,} frames/s over a socket"
    return [
        Result(
            f"{name}: handled", len(frames) / took * 1e9, "/s", target=f"≥ {rate * 0.98:,.0f}/s"
        ),
        Result(f"{name}: receipt to decision p50", percentile(rig.took, 50) / 1e3, "µs"),
        Result(f"{name}: receipt to decision p99", percentile(rig.took, 99) / 1e3, "µs"),
    ]
