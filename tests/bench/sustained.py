"""`python -m tests.bench.sustained [--rate 20000] [--minutes 30]`: does it keep up, and does memory
stay flat?

The whole path as in `path`: a real loopback socket, sessions, books, edges, gates, journal. Each
line is one tenth of the run: frames handled a second, how long the socket's frames waited for
their decision, frames behind, resident memory. Closed journal segments are removed as they come.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import sys
import tempfile
from pathlib import Path
from time import perf_counter_ns
from typing import Any

import msgspec
import uvloop
import websockets

from markets.terms.units import Ns
from tests.bench.measure import percentile
from tests.bench.path import Rig
from tests.bench.pulse import Pulse, pulse_of
from tests.bench.world import Arrived
from trading.replay.records import SCHEMA, Header
from trading.runtime.journal import Journal
from trading.runtime.segments import segments

PARTS = 10
KEPT_SEGMENTS = 2
MS = 1_000_000


class Part(msgspec.Struct):
    """One tenth of a run."""

    handled: float
    p50_us: float
    p99_us: float
    behind_ms: int
    faults: int
    memory_mb: float


def resident_mb() -> float:
    """This process's resident memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


async def run(rate: int, seconds: int) -> list[Part]:
    """The parts of a run, in order."""
    rig = Rig()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        header = Header(SCHEMA, "bench", rig.clock.now())
        with Journal(folder, header, rig.runner.checkpoint, rig.clock) as journal:
            rig.runner.drain(journal)
            running = asyncio.create_task(rig.runner.run(journal))
            file = folder / "pulse.json"
            file.write_bytes(msgspec.json.encode(_pulse(rig)))
            parts = await _read(rig, folder, (str(file), str(rate), str(rate * seconds)))
            rig.runner.stop()
            await running
    return parts


def _pulse(rig: Rig) -> Pulse:
    """The bench speaks for the venue, so it must know what its own session waits for."""
    session: Any = next(iter(rig.world.sessions.values()))
    sid = session._book_sid
    return pulse_of(rig.world, rig.engine.state.books, sid, session._numbers._next[sid])


async def _read(rig: Rig, folder: Path, wanted: tuple[str, str, str]) -> list[Part]:
    sender = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.pulse", *wanted, stdout=asyncio.subprocess.PIPE
    )
    assert sender.stdout is not None
    url = f"ws://127.0.0.1:{(await sender.stdout.readline()).decode().strip()}"
    venues = tuple(rig.world.sessions)
    length = max(1, int(wanted[2]) // PARTS)
    parts: list[Part] = []
    async with websockets.connect(url, compression=None, max_queue=64) as socket:
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 20)
        began, handled = perf_counter_ns(), 0
        async for message in socket:
            text = str(message)
            rig.frame(Arrived(venues[int(text[0])], text[1:], Ns(0)))
            handled += 1
            if handled == length:
                parts.append(_part(rig, handled / (perf_counter_ns() - began) * 1e9, text))
                sys.stdout.write(_line(len(parts), parts[-1]) + "\n")
                sys.stdout.flush()
                for old in segments(folder)[:-KEPT_SEGMENTS]:
                    old.unlink()
                began, handled = perf_counter_ns(), 0
    await sender.wait()
    return parts


def _part(rig: Rig, handled: float, last: str) -> Part:
    mark = '"ts_ms":' if last[0] == "0" else '"timestamp":"'
    behind = rig.clock.now() // MS - int(last.split(mark)[1][:13])
    part = Part(
        handled,
        percentile(rig.took, 50) / 1e3,
        percentile(rig.took, 99) / 1e3,
        behind,
        rig.faults,
        resident_mb(),
    )
    rig.took.clear()
    return part


def _line(number: int, part: Part) -> str:
    return (
        f"{number:2d}  {part.handled:9,.0f} frames/s  p50 {part.p50_us:7,.0f} µs  "
        f"p99 {part.p99_us:8,.0f} µs  behind {part.behind_ms:5,d} ms  "
        f"faults {part.faults}  memory {part.memory_mb:6.1f} MB"
    )


def main() -> int:
    """Always 0: it informs."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.sustained", description=__doc__)
    parser.add_argument("--rate", type=int, default=20_000, help="frames a second")
    parser.add_argument("--minutes", type=float, default=30)
    wanted = parser.parse_args()
    parts = uvloop.run(run(wanted.rate, round(wanted.minutes * 60)))
    grown = parts[-1].memory_mb - parts[1].memory_mb
    sys.stdout.write(f"memory from the second part to the last: {grown:+.1f} MB\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
