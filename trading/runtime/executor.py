"""Carries out what the engine asks of venues. It decides nothing and never guesses.

Invariants: an order whose request may have left and was not answered is `OrderUnknown`, never
failed; cancels and queries pass in every state; no order passes once `stop` was called, and none
that opens a deal once the lease was not renewed for 2.5 s, none at all after 4 s. Its own refusals
are `OrderRejected` with code `stopped`, `lease`, `gateway` or `unreachable`: then nothing left this
process.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping

import msgspec

from markets.terms.ids import MarketId, OrderId, VenueId, venue_of
from markets.terms.units import MS, SECOND, Ns
from trading.engine.events import Event, OrderRejected, OrderUnknown
from trading.engine.intents import CancelOrder, Intent, PlaceOrder, QueryOrder
from trading.engine.orders import BookKind, OrderRequest, Purpose
from trading.runtime.clock import Clock
from trading.runtime.crash import crash_point
from trading.runtime.gateway import Gateway, VenueUnreachable

NO_NEW_DEALS = Ns(2_500 * MS)
NOTHING_SENT = Ns(4 * SECOND)
_ASK_MS = 5_000

Gateways = Mapping[tuple[VenueId, BookKind], Gateway]


class Lease:
    """When the right to trade was last renewed. `required` is False where there is nobody to share
    with.
    """

    def __init__(self, *, required: bool = True) -> None:
        self.required = required
        self._renewed_at: Ns | None = None

    def renewed(self, at: Ns) -> None:
        """Takes a renewal made at `at` into account; an older one than known changes nothing."""
        self._renewed_at = at if self._renewed_at is None else max(self._renewed_at, at)

    def lost(self) -> None:
        """Somebody else holds it."""
        self._renewed_at = None

    def age(self, now: Ns) -> Ns | None:
        """Time since the last renewal; None when it is not held."""
        return None if self._renewed_at is None else Ns(now - self._renewed_at)

    def allows(self, purpose: Purpose, now: Ns) -> bool:
        """Whether an order for `purpose` may leave."""
        if not self.required:
            return True
        age = self.age(now)
        if age is None:
            return False
        return age < (NO_NEW_DEALS if purpose is Purpose.OPEN else NOTHING_SENT)


class Refusal(msgspec.Struct, frozen=True):
    """Why an order does not leave."""

    code: str
    text: str


class Executor:
    """Hands intents to the gateway of their venue and book; `failed` is told of an error that is a
    bug.
    """

    def __init__(
        self,
        gateways: Gateways,
        emit: Callable[[Event], None],
        clock: Clock,
        lease: Lease,
        failed: Callable[[BaseException], None],
    ) -> None:
        self._gateways = gateways
        self._emit = emit
        self._clock = clock
        self._lease = lease
        self._failed = failed
        self._running: dict[asyncio.Task[None], None] = {}
        self._stopped = ""

    @property
    def in_flight(self) -> int:
        """Requests not answered yet."""
        return len(self._running)

    def stop(self, reason: str) -> None:
        """From now on cancels and queries pass, orders do not."""
        self._stopped = reason

    def resume(self) -> None:
        """Orders pass again."""
        self._stopped = ""

    def carry(self, intent: Intent) -> None:
        """Starts carrying out an intent that concerns a venue; others are none of its business."""
        match intent:
            case PlaceOrder(request=request):
                self._place(request)
            case CancelOrder(order=order, market=market, book=book):
                gateway = self._gateway(market, book)
                if gateway is None:
                    self._unknown(order, "no gateway carries its venue and book")
                    return
                self._start(order, gateway.cancel(order, market), _ASK_MS)
            case QueryOrder(order=order, market=market, book=book):
                gateway = self._gateway(market, book)
                if gateway is None:
                    self._unknown(order, "no gateway carries its venue and book")
                    return
                self._start(order, gateway.query(order, market), _ASK_MS)
            case _:
                pass

    async def finish(self) -> None:
        """Waits for what is in flight; every request ends by its deadline."""
        while self._running:
            await asyncio.wait(tuple(self._running))

    def _gateway(self, market: MarketId, book: BookKind) -> Gateway | None:
        return self._gateways.get((venue_of(market), book))

    def _place(self, request: OrderRequest) -> None:
        refusal = self._refusal(request)
        if refusal is not None:
            self._reject(request.id, refusal)
            return
        gateway = self._gateways[venue_of(request.market), request.book]
        self._start(request.id, gateway.place(request), request.deadline_ms, placing=True)
        crash_point("after_place")

    def _refusal(self, request: OrderRequest) -> Refusal | None:
        if self._stopped:
            return Refusal("stopped", f"Orders are stopped: {self._stopped}")
        if not self._lease.allows(request.purpose, self._clock.now()):
            return Refusal("lease", "The trading lease was not renewed in time.")
        if self._gateway(request.market, request.book) is None:
            venue = venue_of(request.market)
            return Refusal("gateway", f"No gateway carries {request.book.value} orders of {venue}.")
        return None

    def _reject(self, order: OrderId, refusal: Refusal) -> None:
        self._emit(OrderRejected(self._clock.now(), order, refusal.code, refusal.text))

    def _unknown(self, order: OrderId, reason: str) -> None:
        self._emit(OrderUnknown(self._clock.now(), order, reason))

    def _start(
        self,
        order: OrderId,
        work: Coroutine[object, object, None],
        deadline_ms: int,
        *,
        placing: bool = False,
    ) -> None:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)
        self._running[task] = None

        def expire() -> None:
            # Told before the task ends: a cancelled request may well have reached the venue.
            task.remove_done_callback(done)
            task.add_done_callback(self._drop)
            task.cancel()
            self._unknown(order, f"no answer within {deadline_ms} ms")

        deadline = self._clock.call_at(Ns(self._clock.now() + deadline_ms * MS), expire)

        def done(_: asyncio.Task[None]) -> None:
            deadline.cancel()
            self._drop(task)
            self._judge(order, task, placing=placing)

        task.add_done_callback(done)

    def _drop(self, task: asyncio.Task[None]) -> None:
        self._running.pop(task, None)
        if not task.cancelled():
            task.exception()

    def _judge(self, order: OrderId, task: asyncio.Task[None], *, placing: bool) -> None:
        if task.cancelled():
            self._unknown(order, "the request was cancelled")
            return
        match task.exception():
            case None:
                pass
            case VenueUnreachable(sent=False) as problem if placing:
                self._reject(order, Refusal("unreachable", str(problem)))
            case VenueUnreachable() as problem:
                self._unknown(order, str(problem))
            case BaseException() as problem:
                self._failed(problem)
