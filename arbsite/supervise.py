"""Several programs as one: started in order, their output shown line by line, stopped in reverse.

Decides when a program that ended is started again and when everything stops. A program that ends by
itself is reported with its last lines and started again after 1, 2 and 4 s; a program that ran for
a minute has its attempts back. Nothing survives us: a program gets a session of its own, what it
leaves behind is ended with it, and on Linux it is told to stop even when we are killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from arbsite.programs import dies_with_us

BACKOFF_SECONDS = (1, 2, 4)
HEALTHY_SECONDS = 60
STOP_SECONDS = 15
LEFTOVER_SECONDS = 3
LINE_LIMIT = 1 << 20
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, kw_only=True)
class Program:
    """One program: its name, its words, whether everything stops when it is given up."""

    name: str
    command: Sequence[str]
    is_essential: bool = False
    stop_signal: signal.Signals = signal.SIGTERM


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What all programs share: environment, directory, and where their lines go."""

    environ: Mapping[str, str]
    directory: Path
    say: Callable[[str], None]


class Run:
    """One program being kept alive."""

    def __init__(self, program: Program, around: Surroundings, stop: asyncio.Event) -> None:
        self.program = program
        self.around = around
        self.stop_all = stop
        self.process: asyncio.subprocess.Process | None = None
        self.last: deque[str] = deque(maxlen=5)
        self.is_stopping = False

    async def keep(self) -> bool:
        """Run the program, again when it ends by itself; true when it had to be given up."""
        failures = 0
        while not self.is_stopping:
            began = time.monotonic()
            code = await self._once()
            if self.is_stopping:
                break
            failures = 1 if time.monotonic() - began > HEALTHY_SECONDS else failures + 1
            self._report(code)
            if failures > len(BACKOFF_SECONDS):
                self._say(f"It ended {failures} times and is not started again.")
                return True
            await self._pause(BACKOFF_SECONDS[failures - 1])
        return False

    async def stop(self) -> None:
        """Ask the program to end, and make it when it does not."""
        self.is_stopping = True
        process = self.process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(self.program.stop_signal)
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
        except TimeoutError:
            self._say(f"It did not end within {STOP_SECONDS} s and is killed.")
            _signal_group(process.pid, signal.SIGKILL)
            await process.wait()

    async def _once(self) -> int:
        self.last.clear()
        process = self.process = await asyncio.create_subprocess_exec(
            *self.program.command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=LINE_LIMIT,
            env=dict(self.around.environ),
            cwd=self.around.directory,
            # Ctrl-C in the terminal is for us; we decide the order.
            start_new_session=True,
            preexec_fn=dies_with_us(self.program.stop_signal),
        )
        reading = asyncio.create_task(self._read(process))
        code = await process.wait()
        # Whatever the program left behind holds its output open.
        _signal_group(process.pid, signal.SIGTERM)
        await asyncio.wait([reading], timeout=LEFTOVER_SECONDS)
        _signal_group(process.pid, signal.SIGKILL)
        await reading
        return code

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        if process.stdout is None:
            return
        async for raw in process.stdout:
            line = raw.decode("utf-8", "replace").rstrip()
            self.last.append(line)
            self._say(line)

    def _report(self, code: int) -> None:
        how = f"by signal {-code}" if code < 0 else f"with code {code}"
        lines = " / ".join(line for line in self.last if line) or "none"
        self._say(f"It ended {how}; its last lines: {lines}")

    def _say(self, line: str) -> None:
        self.around.say(f"{self.program.name:<8}| {line}")

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.stop_all.wait(), seconds)


async def supervise(
    programs: Sequence[Program],
    around: Surroundings,
    *,
    started: Callable[[], Awaitable[None]],
    broken: Callable[[], str | None],
) -> bool:
    """Run programs until a signal, or until one that is essential is given up.

    `started` is awaited once they run; `broken` is asked every second for a sentence that ends it
    all. True when a person ended it, false when something did not hold.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in SIGNALS:
        loop.add_signal_handler(number, stop.set)
    runs = [Run(program, around, stop) for program in programs]
    failed = False

    async def keep(run: Run) -> None:
        nonlocal failed
        if await run.keep() and run.program.is_essential:
            failed = True
            stop.set()

    async def watch() -> None:
        nonlocal failed
        while (sentence := broken()) is None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), 1)
        around.say(sentence)
        failed = True
        stop.set()

    keeping = [asyncio.create_task(keep(run)) for run in runs]
    beside = [asyncio.create_task(watch()), asyncio.ensure_future(_await(started))]
    await stop.wait()
    for task in beside:
        task.cancel()
    around.say("Stopping, in reverse order.")
    for run in reversed(runs):
        await run.stop()
    await asyncio.gather(*keeping)
    return not failed


async def _await(started: Callable[[], Awaitable[None]]) -> None:
    await started()


async def answers_within(seconds: float, port: int, path: str) -> bool:
    """Whether a web server on loopback comes to answer 200 at a path within so many seconds."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while True:
                if await answers(port, path):
                    return True
                await asyncio.sleep(0.1)
    return False


async def answers(port: int, path: str) -> bool:
    """Whether a web server on loopback answers 200 at a path now."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    try:
        writer.write(
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
        )
        status = await reader.readline()
    except OSError:
        return False
    finally:
        writer.close()
    return b" 200 " in status


def _signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
