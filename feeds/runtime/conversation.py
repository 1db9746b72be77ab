"""One socket and the session that speaks on it, until either ends it.

Carries a session's outputs out and tells it what came back, one call at a time; knows nothing of
reconnecting. A socket on which nothing at all arrives for `SILENT` is dropped. A session that
raises is a bug of ours: the exception passes through to whoever supervises.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

import msgspec
import structlog

from feeds.runtime.pause import pause
from feeds.runtime.recorder import Recorder
from feeds.runtime.tally import Tally
from feeds.runtime.ws import Socket, SocketClosed
from feeds.venues.base import Drop, Emit, Fault, Fetch, Output, Reply, Request, Send, Session
from markets.terms.ids import MarketId
from markets.terms.units import MS, SECOND, Ns
from trading.engine.events import Event
from trading.engine.limits import Limits
from trading.runtime.clock import Clock
from trading.runtime.gateway import VenueUnreachable

TICK = Ns(250 * MS)
SILENT = Ns(30 * SECOND)
LOGGED_CHARS = 500

log = structlog.get_logger("feed")


class Fetcher(Protocol):
    """Whoever can make a request; see `feeds.runtime.http.Http`."""

    async def send(self, request: Request) -> Reply: ...


class Outside(msgspec.Struct, frozen=True):
    """What a feed needs of the world.

    `chance` gives 0..1,000,000 millionths; `emit` never waits. `limits` are those that hold at the
    venue now.
    """

    clock: Clock
    emit: Callable[[Event], None]
    http: Fetcher
    chance: Callable[[], int]
    recorder: Recorder | None = None
    limits: Callable[[], Limits] = Limits


class _Dropped(Exception):
    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Conversation:
    """One socket's exchange; `heard` receives every event the session emits."""

    def __init__(
        self,
        session: Session,
        outside: Outside,
        tally: Tally,
        heard: Callable[[Event], None],
    ) -> None:
        self._session = session
        self._outside = outside
        self._clock = outside.clock
        self._tally = tally
        self._heard = heard
        self._outgoing: asyncio.Queue[str] = asyncio.Queue()
        self._last_frame_at = outside.clock.now()
        self._tasks: asyncio.TaskGroup | None = None

    async def run(self, socket: Socket) -> str:
        """Speak until the socket or the session ends it; returns why, for people."""
        reason = "stopped"
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                self._carry_out(self._session.opened(self._clock.now()))
                tasks.create_task(self._read(socket))
                tasks.create_task(self._write(socket))
                tasks.create_task(self._tick())
        except* (SocketClosed, _Dropped) as over:
            reason = _first_reason(over)
        finally:
            self._tasks = None
            self._say_goodbye(reason)
        return reason

    def doubt(self, market: MarketId, reason: str) -> None:
        """Somebody found the session's book of a market untrue."""
        if self._tasks is not None:
            self._tasks.create_task(self._doubt(market, reason))

    async def _doubt(self, market: MarketId, reason: str) -> None:
        self._carry_out(self._session.doubted(market, reason, self._clock.now()))

    async def _read(self, socket: Socket) -> None:
        recorder = self._outside.recorder
        while True:
            text, at = await socket.frame()
            self._last_frame_at = at
            self._tally.frame(text, at)
            if recorder is not None:
                recorder.frame(at, "in", text)
            self._carry_out(self._session.received(text, at))

    async def _write(self, socket: Socket) -> None:
        recorder = self._outside.recorder
        while True:
            text = await self._outgoing.get()
            if recorder is not None:
                recorder.frame(self._clock.now(), "out", text)
            await socket.send(text)

    async def _tick(self) -> None:
        while True:
            await pause(self._clock, TICK)
            now = self._clock.now()
            if now - self._last_frame_at >= SILENT:
                raise _Dropped(f"silent for {SILENT // SECOND} s")
            self._carry_out(self._session.ticked(now))

    async def _fetch(self, fetch: Fetch) -> None:
        reply: Reply | None
        try:
            reply = await self._outside.http.send(fetch.request)
        except VenueUnreachable:
            self._tally.faults["unreachable"] += 1
            reply = None
        self._carry_out(self._session.fetched(fetch.tag, reply, self._clock.now()))

    def _carry_out(self, outputs: list[Output]) -> None:
        for output in outputs:
            match output:
                case Emit():
                    self._heard(output.event)
                case Send():
                    self._outgoing.put_nowait(output.text)
                case Fault():
                    self._count(output)
                case Fetch():
                    if self._tasks is not None:
                        self._tasks.create_task(self._fetch(output))
                case Drop():
                    raise _Dropped(output.reason)

    def _say_goodbye(self, reason: str) -> None:
        """The last outputs of a session; there is no socket left to send on or to drop."""
        for output in self._session.closed(self._clock.now(), reason):
            if isinstance(output, Emit):
                self._heard(output.event)
            elif isinstance(output, Fault):
                self._count(output)

    def _count(self, fault: Fault) -> None:
        """Every fault counts; the first of a kind, the tenth, the hundredth... are logged."""
        self._tally.faults[fault.reason] += 1
        times = self._tally.faults[fault.reason]
        if times == 10 ** (len(str(times)) - 1):
            log.warning(
                "venue fault",
                venue=self._tally.venue,
                reason=fault.reason,
                times=times,
                detail=fault.detail[:LOGGED_CHARS],
            )


def _first_reason(over: BaseExceptionGroup[SocketClosed | _Dropped]) -> str:
    first = over.exceptions[0]
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return first.reason
