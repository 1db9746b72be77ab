"""Pictures for people: the newest of each relation, at once and then at a pace the operator sets.

A relation that changed is shown with the turn of the loop that changed it, unless it was shown less
than a pace ago (250 ms unless told otherwise); each is shown again at least every 5 s, the engine's
own picture at least once a second. One batch is under way at a time and pictures are made when they
leave, so nothing queues: a reader that is away costs a retry a second and is told the latest when
it is back. The engine never waits for any of this.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

import msgspec

from markets.terms.ids import RelationId
from markets.terms.units import MS, SECOND, Ns
from trading.engine.events import Event, HealthReported
from trading.engine.pictures import EnginePicture, RelationPicture
from trading.runtime.clock import Clock, Handle

SPACING = 250 * MS
REPEAT = 5 * SECOND
ENGINE_REPEAT = 1 * SECOND
RETRY = 1 * SECOND
DEADLINE = 2 * SECOND
CHUNK = 64


class SendFailed(Exception):
    """The batch did not reach its readers; `send` raises it, or an `OSError`."""


class Batch(msgspec.Struct, frozen=True):
    """What readers are told at once: new pictures, relations that are no more, and the engine's own
    picture.
    """

    pictures: tuple[RelationPicture, ...]
    gone: tuple[RelationId, ...]
    engine: EnginePicture | None


class Source(Protocol):
    """Who can be pictured: the engine. A picture is None for a relation that is no more."""

    def drain_dirty(self) -> Iterable[RelationId]: ...
    def picture(self, relation: RelationId) -> RelationPicture | None: ...
    def overview(self) -> EnginePicture: ...


class Publisher:
    """Hands batches to `send`; call `turned` after each turn of the loop.

    `emit` hears of `HealthReported("redis", ...)` when readers are away and when they are back;
    `failed` of a bug. `spacing` says how many nanoseconds lie between two pictures of a relation.
    """

    def __init__(
        self,
        source: Source,
        send: Callable[[Batch], Awaitable[None]],
        emit: Callable[[Event], None],
        clock: Clock,
        failed: Callable[[BaseException], None],
        spacing: Callable[[], int] = lambda: SPACING,
    ) -> None:
        self._spacing = spacing
        self._source = source
        self._send = send
        self._emit = emit
        self._clock = clock
        self._failed = failed
        self._dirty: dict[RelationId, None] = {}
        self._sent: dict[RelationId, Ns] = {}  # oldest first
        self._engine_at: Ns | None = None
        self._quiet_until: Ns | None = None
        self._task: asyncio.Task[None] | None = None
        self._timer: Handle | None = None
        self._stopped = False
        self.away = False

    def turned(self) -> None:
        """Takes note of what changed, and sends what is due."""
        self._dirty.update(dict.fromkeys(self._source.drain_dirty()))
        self._push(engine_after=min(self._spacing(), ENGINE_REPEAT))

    def stop(self) -> None:
        """Sends nothing more."""
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            self._task.cancel()

    def _push(self, engine_after: int = ENGINE_REPEAT) -> None:
        now = self._clock.now()
        waits = self._quiet_until is not None and now < self._quiet_until
        if self._stopped or waits or self._task is not None:
            return
        due = self._due(now)
        with_engine = self._engine_at is None or now - self._engine_at >= engine_after
        if not due and not with_engine:
            self._arm(now)
            return
        self._start(self._batch(due, with_engine=with_engine), due, now)

    def _due(self, now: Ns) -> list[RelationId]:
        spacing = self._spacing()
        due = [r for r in self._dirty if now - self._sent.get(r, -spacing) >= spacing][:CHUNK]
        for relation, at in self._sent.items():
            if now - at < REPEAT or len(due) == CHUNK:
                break
            if relation not in self._dirty:
                due.append(relation)
        return due

    def _batch(self, due: list[RelationId], *, with_engine: bool) -> Batch:
        pictures = [(relation, self._source.picture(relation)) for relation in due]
        return Batch(
            pictures=tuple(p for _, p in pictures if p is not None),
            gone=tuple(r for r, p in pictures if p is None),
            engine=self._source.overview() if with_engine else None,
        )

    def _start(self, batch: Batch, due: list[RelationId], now: Ns) -> None:
        for relation in due:
            self._dirty.pop(relation, None)
            self._sent.pop(relation, None)
            self._sent[relation] = now
        if batch.engine is not None:
            self._engine_at = now
        task = asyncio.ensure_future(self._deliver(batch))
        self._task = task

        def expire() -> None:
            task.cancel()

        deadline = self._clock.call_at(Ns(now + DEADLINE), expire)

        def done(_: asyncio.Task[None]) -> None:
            deadline.cancel()
            self._task = None
            self._judge(task, batch, due)

        task.add_done_callback(done)

    async def _deliver(self, batch: Batch) -> None:
        await self._send(batch)

    def _judge(self, task: asyncio.Task[None], batch: Batch, due: list[RelationId]) -> None:
        problem = TimeoutError("no answer in 2 s") if task.cancelled() else task.exception()
        if self._stopped:
            return
        match problem:
            case None:
                for relation in batch.gone:
                    self._sent.pop(relation, None)
                self._report(away=False, text="Pictures reach their readers again.")
                self._push()
            case SendFailed() | OSError():
                self._dirty.update(dict.fromkeys(due))
                self._engine_at = None
                self._quiet_until = Ns(self._clock.now() + RETRY)
                self._report(away=True, text=f"Pictures do not reach their readers: {problem}")
                self._arm(self._clock.now())
            case _:
                self._failed(problem)

    def _report(self, *, away: bool, text: str) -> None:
        if not away:
            self._quiet_until = None
        if away != self.away:
            self.away = away
            self._emit(HealthReported(self._clock.now(), "redis", not away, text))

    def _arm(self, now: Ns) -> None:
        """Comes back when the next thing is due."""
        if self._timer is not None:
            self._timer.cancel()
        times = [(self._engine_at or now) + ENGINE_REPEAT]
        times += [self._sent.get(r, now) + self._spacing() for r in self._dirty]
        oldest = next(iter(self._sent.values()), None)
        if oldest is not None:
            times.append(oldest + REPEAT)
        due = self._quiet_until if self._quiet_until is not None else min(times)
        self._timer = self._clock.call_at(Ns(max(due, now)), self._push)
