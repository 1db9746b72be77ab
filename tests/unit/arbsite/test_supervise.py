"""Tests of several programs kept as one; the programs are real and small."""

import asyncio
import os
import select
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from arbsite.supervise import Program, Surroundings, answers, answers_within, supervise

LIVES = (
    "import signal, sys\n"
    "signal.signal(signal.SIGTERM, lambda *_: (print('bye', flush=True), sys.exit(0)))\n"
    "print('up', flush=True); signal.pause()"
)


@dataclass
class Heard:
    """What was said, and a way to wait for a line."""

    lines: list[str] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def say(self, line: str) -> None:
        self.lines.append(line)
        self.changed.set()

    async def until(self, *wanted: str) -> None:
        async with asyncio.timeout(20):
            while not all(any(text in line for line in self.lines) for text in wanted):
                self.changed.clear()
                await self.changed.wait()

    def around(self) -> Surroundings:
        return Surroundings(environ=os.environ, directory=Path.cwd(), say=self.say)


def program(name: str, code: str, *, is_essential: bool = False) -> Program:
    return Program(
        name=name,
        command=[sys.executable, "-c", code],
        is_essential=is_essential,
        backoff_s=(0, 0),
    )


def nothing_broken() -> None:
    return None


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


async def test_a_signal_stops_everything_in_reverse_order() -> None:
    heard = Heard()

    async def started() -> None:
        await heard.until("first   | up", "second  | up")
        interrupt()

    programs = [program("first", LIVES), program("second", LIVES)]
    held = await supervise(programs, heard.around(), started=started, broken=nothing_broken)

    assert held
    byes = [line for line in heard.lines if line.endswith("bye")]
    assert byes == ["second  | bye", "first   | bye"]


async def test_a_program_that_ends_is_reported_with_its_last_lines_and_given_up_in_the_end() -> (
    None
):
    heard = Heard()

    async def started() -> None:
        await heard.until("is not started again")
        interrupt()

    programs = [program("jobs", "print('no broker'); raise SystemExit(4)")]
    held = await supervise(programs, heard.around(), started=started, broken=nothing_broken)

    assert held
    reports = [line for line in heard.lines if "It ended with code 4" in line]
    assert reports == ["jobs    | It ended with code 4; its last lines: no broker"] * 3
    assert "jobs    | It ended 3 times and is not started again." in heard.lines


async def test_an_essential_program_that_is_given_up_stops_the_others() -> None:
    heard = Heard()

    async def started() -> None:
        return None

    programs = [program("jobs", LIVES), program("web", "raise SystemExit(1)", is_essential=True)]
    held = await supervise(programs, heard.around(), started=started, broken=nothing_broken)

    assert not held


async def test_a_broken_store_stops_everything_and_is_said() -> None:
    heard = Heard()

    async def started() -> None:
        return None

    held = await supervise(
        [program("jobs", LIVES)],
        heard.around(),
        started=started,
        broken=lambda: "Valkey has ended.",
    )

    assert not held
    assert "Valkey has ended." in heard.lines


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets us await a stranger's end")
async def test_what_a_program_left_behind_ends_with_it() -> None:
    heard = Heard()
    leaves_one = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()'])\n"
        "print('child', child.pid, flush=True)"
    )

    async def started() -> None:
        await heard.until("is not started again")
        interrupt()

    await supervise(
        [program("feeds", leaves_one)], heard.around(), started=started, broken=nothing_broken
    )

    pids = [int(line.split()[-1]) for line in heard.lines if "| child" in line]
    assert len(pids) == 3
    assert all(ends(pid) for pid in pids)


async def test_a_web_server_answers_only_with_200() -> None:
    async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.readline()
        writer.write(
            b"HTTP/1.1 200 OK\r\n\r\n" if b"/ready" in asked else b"HTTP/1.1 503 No\r\n\r\n"
        )
        writer.close()

    server = await asyncio.start_server(reply, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        assert await answers_within(5, port, "/ready")
        assert not await answers(port, "/other")

    assert not await answers(port, "/ready")


def ends(pid: int) -> bool:
    """Whether a process is gone or goes; one that was only asked to may take a moment."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], 10)[0])
    finally:
        os.close(descriptor)
