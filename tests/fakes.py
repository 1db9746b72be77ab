"""Small real classes that stand in for the machine and the venues: a clock by hand, a gateway, a
tiny engine.
"""

from __future__ import annotations

import asyncio

import msgspec

from markets.terms.ids import DealId, MarketId, OrderId
from markets.terms.units import MS, Ns, Px, Qty
from trading.engine.events import (
    BookChanged,
    CommandReceived,
    Event,
    OrderAccepted,
    TimerFired,
)
from trading.engine.intents import CommandDone, Intent, PlaceOrder, SetTimer
from trading.engine.orders import BookKind, OrderRequest, Purpose, Side, TimeInForce
from trading.runtime.clock import EventClock
from trading.runtime.gateway import Emit

START = Ns(1_700_000_000_000_000_000)


class ManualClock(EventClock):
    """Time that a test moves."""

    def __init__(self, start: Ns = START) -> None:
        super().__init__(start)

    def advance(self, ms: int) -> None:
        """Moves on by so many milliseconds, calling back what becomes due."""
        self.advance_to(Ns(self.now() + ms * MS))


async def settle() -> None:
    """Lets every task run until all of them wait."""
    for _ in range(40):
        await asyncio.sleep(0)


def request(
    name: str,
    market: str = "kalshi:A",
    purpose: Purpose = Purpose.OPEN,
    book: BookKind = BookKind.PAPER,
) -> OrderRequest:
    """An order for one contract at 40 cents."""
    return OrderRequest(
        id=OrderId(name),
        deal=DealId("d1"),
        leg=0,
        market=MarketId(market),
        outcome=0,
        side=Side.BUY,
        px=Px(400_000),
        qty=Qty(1_000_000),
        tif=TimeInForce.IOC,
        book=book,
        purpose=purpose,
    )


class FakeGateway:
    """Keeps what it was asked; answers at once, never (`silent`), or with an error (`raises`)."""

    def __init__(self, emit: Emit, clock: EventClock) -> None:
        self.emit = emit
        self.clock = clock
        self.placed: list[OrderRequest] = []
        self.cancelled: list[OrderId] = []
        self.queried: list[OrderId] = []
        self.silent = False
        self.raises: BaseException | None = None

    async def place(self, request: OrderRequest) -> None:
        self.placed.append(request)
        await self._answer()
        self.emit(OrderAccepted(self.clock.now(), request.id, f"v-{request.id}"))

    async def cancel(self, order: OrderId, market: MarketId) -> None:
        self.cancelled.append(order)
        await self._answer()

    async def query(self, order: OrderId, market: MarketId) -> None:
        self.queried.append(order)
        await self._answer()

    async def _answer(self) -> None:
        if self.raises is not None:
            raise self.raises
        if self.silent:
            await asyncio.Event().wait()


class InvariantOfTest(Exception):
    """What the tiny engine raises when it is asked to."""


class CountingEngine:
    """The smallest engine with a memory.

    It counts events, orders on each book, sets a timer on `pause`, ends on `break`, and answers
    other commands.
    """

    def __init__(self, count: int = 0) -> None:
        self.count = count
        self.seen: list[Event] = []

    @classmethod
    def load(cls, state: bytes | None) -> CountingEngine:
        """An engine as `dump` left it."""
        return cls(0 if state is None else msgspec.msgpack.decode(state, type=int))

    def dump(self) -> bytes:
        """All it knows."""
        return msgspec.msgpack.encode(self.count)

    def step(self, event: Event) -> list[Intent]:
        """Counts, and answers with the count in it."""
        self.count += 1
        self.seen.append(event)
        match event:
            case BookChanged(at=at, book=book):
                return [PlaceOrder(at, request(f"o-{self.count}", book.market))]
            case CommandReceived(at=at, kind="pause"):
                return [SetTimer(at, "later", Ns(at + 500 * MS))]
            case CommandReceived(kind="break"):
                raise InvariantOfTest("a position without an order")
            case CommandReceived(at=at, id=id):
                return [CommandDone(at, id, ok=True, text=f"count {self.count}")]
            case TimerFired(at=at):
                return [CommandDone(at, 0, ok=True, text=f"timer at count {self.count}")]
            case _:
                return []
