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
from collections.abc import Callable, Coroutine, Mapping, Sequence
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
    backoff_s: tuple[float, ...] = BACKOFF_SECONDS


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
            if failures > len(self.program.backoff_s):
                self._say(f"It ended {failures} times and is not started again.")
                return True
            await self._pause(self.program.backoff_s[failures - 1])
        return False

    async def stop(self) -> None:
        """Ask the program to end, and make it when it does not."""
        self.is_stopping = True
        if self.process is not None:
            await self._end(self.process)

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        if process.returncode is not None:
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
        # A pipe of our own: asyncio's would make us wait for whoever else holds its other end.
        read_end, write_end = os.pipe()
        reading = asyncio.create_task(self._read(read_end))
        try:
            process = self.process = await asyncio.create_subprocess_exec(
                *self.program.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=write_end,
                stderr=asyncio.subprocess.STDOUT,
                env=dict(self.around.environ),
                cwd=self.around.directory,
                # Ctrl-C in the terminal is for us; we decide the order.
                start_new_session=True,
                preexec_fn=dies_with_us(self.program.stop_signal),
            )
        finally:
            os.close(write_end)
        if self.is_stopping:
            # The wish to stop came while the program was being started.
            await self._end(process)
        code = await process.wait()
        # Whatever the program left behind holds its output open.
        _signal_group(process.pid, signal.SIGTERM)
        await asyncio.wait([reading], timeout=LEFTOVER_SECONDS)
        _signal_group(process.pid, signal.SIGKILL)
        await reading
        return code

    async def _read(self, read_end: int) -> None:
        lines = asyncio.StreamReader(limit=LINE_LIMIT)
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(lines), os.fdopen(read_end, "rb", 0)
        )
        async for raw in lines:
            line = raw.decode("utf-8", "replace").rstrip()
            self.last.append(line)
            self._say(line)
        transport.close()

    def _report(self, code: int) -> None:
        how = f"by signal {-code}" if code < 0 else f"with code {code}"
        lines = " / ".join(line for line in self.last if line) or "none"
        self._say(f"It ended {how}; its last lines: {lines}")

    def _say(self, line: str) -> None:
        self.around.say(f"{self.program.name:<8}| {line}")

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.stop_all.wait(), seconds)


class _Whole:
    """All programs together: whether they shall stop, and whether because something failed."""

    def __init__(self, around: Surroundings) -> None:
        self.around = around
        self.stop = asyncio.Event()
        self.failed = False

    async def keep(self, run: Run) -> None:
        if await run.keep() and run.program.is_essential:
            self._fail()

    async def watch(self, broken: Callable[[], str | None]) -> None:
        while not self.stop.is_set():
            if (sentence := broken()) is not None:
                self.around.say(sentence)
                self._fail()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.stop.wait(), 1)

    def _fail(self) -> None:
        self.failed = True
        self.stop.set()


async def supervise(
    programs: Sequence[Program],
    around: Surroundings,
    *,
    started: Callable[[], Coroutine[None, None, None]],
    broken: Callable[[], str | None],
) -> bool:
    """Run programs until a signal, or until one that is essential is given up.

    `started` is awaited once they run; `broken` is asked every second for a sentence that ends it
    all. True when a person ended it, false when something did not hold.
    """
    whole = _Whole(around)
    loop = asyncio.get_running_loop()
    for number in SIGNALS:
        loop.add_signal_handler(number, whole.stop.set)
    runs = [Run(program, around, whole.stop) for program in programs]
    keeping = [asyncio.create_task(whole.keep(run)) for run in runs]
    beside = [asyncio.create_task(whole.watch(broken)), asyncio.create_task(started())]
    await whole.stop.wait()
    for task in beside:
        task.cancel()
    around.say("Stopping, in reverse order.")
    for run in reversed(runs):
        await run.stop()
    await asyncio.gather(*keeping)
    for number in SIGNALS:
        loop.remove_signal_handler(number)
    return not whole.failed


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
