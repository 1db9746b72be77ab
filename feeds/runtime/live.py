"""Live order entry: carries a venue's errands out over its order connections, and keeps its private
channel.

It decides nothing and repeats nothing. Fulfils `Gateway` and `Account` for every venue that has a
`Trader`. While the private channel is down, what happens is read over REST only; each time it is up
again, and every minute, orders without an end are looked up and the account is asked for its
statement.
"""

import asyncio
from collections.abc import Callable, Generator, Iterable
from typing import Protocol, TypeVar

import msgspec
import structlog

from feeds.runtime.pause import pause
from feeds.runtime.ws import Socket, SocketClosed, open_socket
from feeds.venues.base import Drop, Emit, Fault, Output, Reply, Request, Send
from feeds.venues.errands import (
    Ask,
    Await,
    Errand,
    Heard,
    Private,
    Rest,
    Step,
    Tell,
    Trader,
    Upkept,
)
from markets.terms.ids import MarketId, OrderId, VenueId
from markets.terms.units import MS, SECOND, Ns
from trading.engine.events import AccountReported, Event
from trading.engine.orders import OrderRequest
from trading.runtime.clock import Clock
from trading.runtime.gateway import VenueUnreachable

STATEMENT_EVERY = Ns(60 * SECOND)
STATEMENT_AGAIN = Ns(3 * SECOND)
LOOK = Ns(250 * MS)
RIPEN = Ns(250 * MS)
LONGEST_PAUSE = Ns(30 * SECOND)
SELDOM = Ns(1 * SECOND)

T = TypeVar("T")

log = structlog.get_logger("live")


class Entry(Protocol):
    """Whoever sends requests; see `feeds.runtime.order_entry.OrderEntry`."""

    async def send(self, request: Request, *, urgent: bool = False) -> Reply: ...
    async def run(self) -> None: ...


class Line(msgspec.Struct, frozen=True):
    """One venue's ways in: its half of trading, its order connections, its private socket's
    address (none: no private channel).
    """

    venue: VenueId
    trader: Trader
    entry: Entry
    ws: str = ""


class _Dropped(Exception):
    """The private conversation ended itself."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class LiveGateway:
    """One venue, with money. `open_orders` are those without an end, as (order, market); `agrees`
    says whether our books agreed with the last statement: until they do it is asked for often.
    """

    def __init__(
        self,
        line: Line,
        clock: Clock,
        emit: Callable[[Event], None],
        open_orders: Callable[[], Iterable[tuple[OrderId, MarketId]]],
        agrees: Callable[[], bool] = lambda: True,
    ) -> None:
        self.venue = line.venue
        self.trader = line.trader
        self._line = line
        self._clock = clock
        self._emit = emit
        self._open_orders = open_orders
        self._agrees = agrees
        self._waiting: dict[asyncio.Future[None], Callable[[], bool]] = {}
        self._busy: dict[OrderId, None] = {}
        self._look_now = asyncio.Event()
        self.is_up = False

    # what the executor calls

    async def place(self, request: OrderRequest) -> None:
        """Send it; returns when the venue has said what came of it. Errors: `VenueUnreachable`."""
        await self._for(request.id, self.trader.place(request, self._clock.now()))

    async def cancel(self, order: OrderId, market: MarketId) -> None:
        """Cancel what is left of it. Errors: `VenueUnreachable`."""
        await self._for(order, self.trader.cancel(order, market, self._clock.now()))

    async def query(self, order: OrderId, market: MarketId) -> None:
        """Ask what became of it. Errors: `VenueUnreachable`."""
        await self._for(order, self.trader.query(order, market, self._clock.now()))

    # the account

    async def statement(self) -> AccountReported:
        """Cash, holdings and resting orders. Errors: `VenueUnreachable`."""
        return await self._carry(self.trader.statement(self._clock.now()))

    async def run(self) -> None:
        """Keep the connections, the private channel and the account's truth until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._line.entry.run())
            tasks.create_task(self._ripen())
            tasks.create_task(self._look())
            if isinstance(self.trader, Upkept):
                for errand in self.trader.upkeep(self._clock.now()):
                    tasks.create_task(self._carry(errand))
            if self._line.ws:
                tasks.create_task(self._listen())

    # parts

    async def _for(self, order: OrderId, errand: Errand) -> None:
        """Carry out what concerns an order, which nobody looks up meanwhile."""
        self._busy[order] = None
        try:
            await self._carry(errand)
        finally:
            self._busy.pop(order, None)

    async def _carry(self, steps: Generator[Step, Heard, T]) -> T:
        """Errors: `VenueUnreachable`, never as surely not sent once anything that writes has left:
        an order whose fills could not be read is in doubt, not refused.
        """
        heard: Heard | None = None
        problem: VenueUnreachable | None = None
        has_written = False
        while True:
            try:
                step = _next(steps, heard, problem)
            except StopIteration as done:
                found: T = done.value
                return found
            except VenueUnreachable as away:
                if has_written and not away.sent:
                    raise VenueUnreachable(self.venue, away.reason, sent=True) from away
                raise
            except ValueError as wrong:
                text = f"an answer that makes no sense: {wrong}"
                raise VenueUnreachable(self.venue, text, sent=True) from wrong
            problem = None
            try:
                heard = await self._step(step)
            except VenueUnreachable as away:
                problem = away
            has_written |= _writes(step) and (problem is None or problem.sent)

    async def _step(self, step: Step) -> Heard:
        reply: Reply | None = None
        match step:
            case Tell(event):
                self._emit(event)
            case Ask(request, urgent):
                signed = self.trader.signed(request, self._clock.now())
                reply = await self._line.entry.send(signed, urgent=urgent)
            case Await(ready, most):
                await self._wait(ready, most)
            case Rest(length):
                if length:
                    await pause(self._clock, length)
        return Heard(self._clock.now(), reply)

    async def _wait(self, ready: Callable[[], bool], most: Ns) -> None:
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[waiting] = ready
        over = self._clock.call_at(Ns(self._clock.now() + most), lambda: _finish(waiting))
        try:
            if not ready():
                await waiting
        finally:
            over.cancel()
            del self._waiting[waiting]

    async def _ripen(self) -> None:
        while True:
            self.trader.ripen(self._clock.now())
            await pause(self._clock, RIPEN)

    async def _look(self) -> None:
        """Orders without an end and the account, now and then."""
        while True:
            self._look_now.clear()
            await self._look_up()
            await pause(self._clock, SELDOM)
            await self._due()

    async def _due(self) -> None:
        pause_ns = STATEMENT_EVERY if self._agrees() else STATEMENT_AGAIN
        timer = self._clock.call_at(Ns(self._clock.now() + pause_ns), self._look_now.set)
        try:
            await self._look_now.wait()
        finally:
            timer.cancel()

    async def _look_up(self) -> None:
        try:
            for order, market in list(self._open_orders()):
                if order not in self._busy:
                    await self.query(order, market)
            self._emit(await self.statement())
        except VenueUnreachable as problem:
            log.warning("the account cannot be read", venue=self.venue, problem=problem.reason)

    async def _listen(self) -> None:
        failures = 0
        private = self.trader.private()
        while True:
            began = self._clock.now()
            reason = await self._talk(private)
            failures = 0 if self._clock.now() - began > LONGEST_PAUSE else failures + 1
            log.warning("private channel is down", venue=self.venue, reason=reason)
            await pause(self._clock, Ns(min(LONGEST_PAUSE, SECOND << min(failures, 5)) - SECOND))

    async def _talk(self, private: Private) -> str:
        """One socket, from its opening to its end; why it ended."""
        reason = "stopped"
        now = self._clock.now
        try:
            headers = private.handshake(now())
            async with (
                open_socket(self.venue, self._line.ws, headers, self._clock) as socket,
                asyncio.TaskGroup() as tasks,
            ):
                await self._do(private.opened(now()), socket)
                tasks.create_task(self._read(private, socket))
                tasks.create_task(self._tick(private, socket))
        except* (SocketClosed, _Dropped, VenueUnreachable) as over:
            reason = _first_reason(over)
        finally:
            self.is_up = False
            private.closed(now(), reason)
        return reason

    async def _read(self, private: Private, socket: Socket) -> None:
        while True:
            text, at = await socket.frame()
            await self._do(private.received(text, at), socket)
            if private.is_ready and not self.is_up:
                self.is_up = True
                log.warning("private channel is up", venue=self.venue)
                self._look_now.set()  # what happened before it was up was not told
            if self.trader.wants_statement:
                self._look_now.set()
            self._wake()

    async def _tick(self, private: Private, socket: Socket) -> None:
        while True:
            await pause(self._clock, LOOK)
            await self._do(private.ticked(self._clock.now()), socket)

    async def _do(self, outputs: list[Output], socket: Socket) -> None:
        for output in outputs:
            match output:
                case Emit(event):
                    self._emit(event)
                case Send(text):
                    await socket.send(text)
                case Drop(reason):
                    raise _Dropped(reason)
                case Fault(reason, detail):
                    log.warning("venue fault", venue=self.venue, reason=reason, detail=detail)
                case _:
                    pass

    def _wake(self) -> None:
        for waiting, ready in self._waiting.items():
            if ready():
                _finish(waiting)


def _next(
    steps: Generator[Step, Heard, T], heard: Heard | None, problem: VenueUnreachable | None
) -> Step:
    """The next step after what came of the last; None and None begin."""
    if problem is not None:
        return steps.throw(problem)
    return next(steps) if heard is None else steps.send(heard)


def _writes(step: Step) -> bool:
    """Whether a step may change something at the venue."""
    return isinstance(step, Ask) and step.request.method != "GET"


def _finish(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_result(None)


def _first_reason(over: BaseExceptionGroup[SocketClosed | _Dropped | VenueUnreachable]) -> str:
    first = over.exceptions[0]
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return first.reason
