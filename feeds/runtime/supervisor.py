"""Keeps the parts of the worker running: starts them, starts failed ones again, stops them in
order.

A part that may fail (a feed) is reported by its `failed`, which must stop trading on it, and is
started again after a growing pause. The end of an essential part (the engine's loop, the journal)
stops everything with exit code 1. Parts are stopped in the reverse of the order in which they were
added, each waited for before the next: so what was added first, and is leaned upon by the rest,
goes last. This is the only place that catches `Exception`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine

import msgspec
import structlog

from feeds.books.backoff import Backoff
from feeds.runtime.pause import pause
from markets.terms.units import SECOND, Ns
from trading.runtime.clock import Clock

GRACE = Ns(10 * SECOND)

log = structlog.get_logger("supervisor")


class _Part(msgspec.Struct):
    name: str
    factory: Callable[[], Coroutine[None, None, None]]
    essential: bool
    failed: Callable[[str], None]
    stop: Callable[[], Awaitable[None]] | None
    task: asyncio.Task[None] | None = None


class Supervisor:
    """Runs parts until told to stop or until an essential one ends.

    `after_error` says how many nanoseconds a part that failed waits at least, before it starts
    again.
    """

    def __init__(
        self, clock: Clock, chance: Callable[[], int], after_error: Callable[[], int] = lambda: 0
    ) -> None:
        self._after_error = after_error
        self._clock = clock
        self._chance = chance
        self._parts: list[_Part] = []
        self._stop = asyncio.Event()
        self._code = 0

    def add(
        self,
        name: str,
        factory: Callable[[], Coroutine[None, None, None]],
        essential: bool,
        *,
        failed: Callable[[str], None] = lambda reason: None,
        stop: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """A part: `factory` makes its coroutine, once per start.

        `failed` hears the reason of each failure. At the end `stop` asks the part to finish by
        itself; without it the part is cancelled and may clean up while that passes through.
        """
        self._parts.append(_Part(name, factory, essential, failed, stop))

    async def run(self, stop: asyncio.Event) -> int:
        """Start every part in order and watch until `stop` is set; returns the exit code."""
        self._stop = stop
        for part in self._parts:
            part.task = asyncio.create_task(self._keep(part), name=part.name)
            part.task.add_done_callback(self._kept)
        try:
            await stop.wait()
        finally:
            for part in reversed(self._parts):
                await self._end(part)
        return self._code

    async def _keep(self, part: _Part) -> None:
        backoff = Backoff()
        while True:
            backoff.healthy(self._clock.now())
            failed, reason = await self._once(part)
            if part.essential:
                self._end_all(part, reason, failed=failed)
                return
            backoff.healthy(self._clock.now())
            wait = backoff.failed(self._chance())
            await pause(self._clock, Ns(max(wait, self._after_error())) if failed else wait)

    def _end_all(self, part: _Part, reason: str, *, failed: bool) -> None:
        """An essential part is gone: an error, unless it ended because everything is stopping."""
        if failed or not self._stop.is_set():
            log.error("essential part ended, stopping all", part=part.name, reason=reason)
            self._code = 1
            self._stop.set()

    def _kept(self, task: asyncio.Task[None]) -> None:
        """Whatever else ends a part's watch (its own `failed` raising) stops everything too."""
        if not task.cancelled() and task.exception() is not None:
            log.error("watch over a part failed, stopping all", exc_info=task.exception())
            self._code = 1
            self._stop.set()

    async def _once(self, part: _Part) -> tuple[bool, str]:
        """Run a part to its end; returns whether it failed, and why it ended."""
        try:
            await part.factory()
            failed, reason = False, "ended by itself"
        except Exception as problem:
            failed, reason = True, _reason(problem)
            log.exception("part failed", part=part.name, reason=reason)
        part.failed(reason)
        return failed, reason

    async def _end(self, part: _Part) -> None:
        task = part.task
        if task is None:
            return
        if part.stop is None or task.done():
            task.cancel()
        else:
            await part.stop()
        await asyncio.wait({task}, timeout=GRACE / SECOND)
        if not task.done():
            log.error("part did not end in time", part=part.name, seconds=GRACE // SECOND)
            task.cancel()


def _reason(problem: Exception) -> str:
    """The innermost first exception of a group, in words."""
    inner: BaseException = problem
    while isinstance(inner, BaseExceptionGroup):
        inner = inner.exceptions[0]
    return f"{type(inner).__name__}: {inner}".rstrip(": ")
