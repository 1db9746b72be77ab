"""Time for the trading process: the only module that asks the machine what time it is.

`now` never decreases: the wall clock is read once and a monotonic clock is added to it. Whoever
waits asks the clock (`call_at`), so a test or a backtest moves time itself.
"""

import asyncio
import heapq
import time
from collections.abc import Callable
from itertools import count
from typing import Protocol

from markets.terms.units import SECOND, Ns

EPOCH = Ns(0)


class Handle(Protocol):
    """A callback that waits for its time."""

    def cancel(self) -> None: ...


class Clock(Protocol):
    """What time it is (UTC nanoseconds), and a callback when it will be `due`."""

    def now(self) -> Ns: ...
    def call_at(self, due: Ns, callback: Callable[[], None]) -> Handle: ...


class SystemClock:
    """Wall clock at start plus a monotonic clock; never before `floor`."""

    def __init__(self, floor: Ns = EPOCH) -> None:
        self._start = max(time.time_ns(), floor)
        self._monotonic = time.monotonic_ns()

    def now(self) -> Ns:
        return Ns(self._start + time.monotonic_ns() - self._monotonic)

    def call_at(self, due: Ns, callback: Callable[[], None]) -> Handle:
        """Calls back on the running loop; at once when `due` is past."""
        delay = max(0, due - self.now()) / SECOND
        return asyncio.get_running_loop().call_later(delay, callback)


class _Waiting:
    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self.callback = None


class EventClock:
    """A clock that is told the time: by events in a backtest, by hand in a test."""

    def __init__(self, start: Ns = EPOCH) -> None:
        self._now = start
        self._order = count()
        self._waiting: list[tuple[int, int, _Waiting]] = []

    def now(self) -> Ns:
        return self._now

    def call_at(self, due: Ns, callback: Callable[[], None]) -> Handle:
        """Calls back from within `advance_to`, in order of time and then of asking."""
        waiting = _Waiting(callback)
        heapq.heappush(self._waiting, (due, next(self._order), waiting))
        return waiting

    def advance_to(self, at: Ns) -> None:
        """Moves to `at`, calling back what is due on the way, each at its own time."""
        while self._waiting and self._waiting[0][0] <= at:
            due, _, waiting = heapq.heappop(self._waiting)
            self._now = max(self._now, Ns(due))
            if waiting.callback is not None:
                waiting.callback()
        self._now = max(self._now, at)


def sleep(seconds: float) -> None:
    """Blocks a thread that has nothing else to do; never called on the loop."""
    time.sleep(seconds)
