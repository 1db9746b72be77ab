"""A scribe that dies is started again, later each time, and the engine is told."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from tests.fakes import ManualClock, settle
from trading.engine.events import Event, HealthReported
from trading.runtime.executor import Lease
from trading.runtime.messages import BadFrame
from trading.runtime.watch import Watch

ROOT = Path(__file__).resolve().parents[2]
DYING = """
import pathlib, sys
lives = pathlib.Path(sys.argv[1])
with lives.open("a") as file:
    file.write("x")
if len(lives.read_text()) <= int(sys.argv[2]):
    sys.exit(9)
from trading.runtime.messages import LeaseHeld, encode_frame
sys.stdout.buffer.write(encode_frame(LeaseHeld(2**62)))
sys.stdout.flush()
sys.stdin.buffer.read()
"""
RAVING = "import sys; sys.stdout.buffer.write(b'\\x00\\x00\\x00\\x01\\xc1')"


class Minder:
    """A watch over a scribe of one's own making."""

    def __init__(self, *argv: str) -> None:
        self.clock = ManualClock()
        self.events: list[Event] = []
        self.pauses: asyncio.Queue[str] = asyncio.Queue()
        self.watch = Watch(argv, self.hear, lambda: b"\x80", self.clock, Lease())
        died = self.watch.desk.died

        def noted(text: str) -> None:
            died(text)
            self.pauses.put_nowait(text)

        self.watch.desk.died = noted  # type: ignore[method-assign]

    def hear(self, event: Event) -> None:
        self.events.append(event)


@pytest.fixture
def at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets the scribes of these tests import the project."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


async def test_a_scribe_that_dies_is_started_again_after_growing_pauses(
    tmp_path: Path, at_home: None
) -> None:
    minder = Minder(sys.executable, "-c", DYING, str(tmp_path / "lives"), "3")
    running = asyncio.create_task(minder.watch.run())
    async with asyncio.timeout(60):
        for seconds in (1, 2, 4):
            text = await minder.pauses.get()
            assert text == f"The scribe ended with exit code 9; next try in {seconds} s."
            minder.clock.advance(1_000 * seconds - 1)
            await settle()
            assert minder.watch.pid is None
            minder.clock.advance(1)

        assert await minder.watch.started() == ""
        minder.clock.advance(250)
        await minder.watch.stop()
        await running

    told = [(e.component, e.ok) for e in minder.events if isinstance(e, HealthReported)]
    assert told == [("scribe", False), ("scribe", True)]


async def test_a_scribe_that_speaks_another_language_is_a_bug_and_not_passed_over() -> None:
    minder = Minder(sys.executable, "-c", RAVING)

    with pytest.raises(BadFrame):
        await minder.watch.run()
