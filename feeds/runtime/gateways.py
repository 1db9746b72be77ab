"""Order entry: so far the paper desk, the simulated exchange driven by the clock.

The desk sees every book the feeds deliver, lets orders travel for the venue's latency, and hands
the exchange's answers to the engine's inbox. A call returns when the exchange has answered, like a
real venue's would.
"""

import asyncio
from collections.abc import Callable

from feeds.sim.exchange import Exchange
from markets.terms.ids import MarketId, OrderId
from markets.terms.units import MICRO, Px
from trading.engine.events import (
    BookChanged,
    Event,
    MarketSettled,
    OrderAccepted,
    OrderCancelled,
    OrderRejected,
    TradeSeen,
)
from trading.engine.orders import OrderRequest, Side
from trading.runtime.clock import Clock, Handle


class PaperDesk:
    """One simulated exchange for all venues; fulfils `Gateway`."""

    def __init__(self, exchange: Exchange, clock: Clock, emit: Callable[[Event], None]) -> None:
        self.exchange = exchange
        self._clock = clock
        self._emit = emit
        self._timer: Handle | None = None
        self._waiting: dict[OrderId, asyncio.Future[None]] = {}

    def hear(self, event: Event) -> None:
        """What the venues tell: books, trades and settlements, which may fill resting orders."""
        match event:
            case BookChanged(book=book):
                self.exchange.on_book(book)
            case TradeSeen(market=market, outcome=outcome, px=px, qty=qty, side=side):
                is_yes = outcome == 0
                yes_px = px if is_yes else Px(MICRO - px)
                buys = (side is Side.BUY) == is_yes
                level = (yes_px, qty)
                self.exchange.on_trade(market, level, Side.BUY if buys else Side.SELL, event.at)
            case MarketSettled(market=market, pays=(yes, no)):
                self.exchange.settle(market, (yes, no), event.at)
            case _:
                return
        if self.exchange.next_due() is not None:
            self._arm()

    def submit(self, request: OrderRequest) -> None:
        """Sends the order; what comes of it is told."""
        self.exchange.submit(
            request,
            self._clock.now(),
            post_only=request.post_only,
            expires_at=request.expires_at or None,
        )
        self._arm()

    def withdraw(self, order: OrderId, market: MarketId) -> None:
        """Asks for the end of an order; what was filled is told."""
        self.exchange.cancel(order, market, self._clock.now())
        self._arm()

    def work(self) -> None:
        """Tells all that is due by now."""
        for event in self.exchange.advance(self._clock.now()):
            self._emit(event)
            if isinstance(event, OrderAccepted | OrderRejected | OrderCancelled):
                waiting = self._waiting.pop(event.order, None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(None)
        self._arm()

    async def place(self, request: OrderRequest) -> None:
        """Sends the order and returns when it was accepted or refused."""
        self.submit(request)
        await self._answer(request.id)

    async def cancel(self, order: OrderId, market: MarketId) -> None:
        """Cancels what is left and returns when the exchange has said what was filled."""
        self.withdraw(order, market)
        await self._answer(order)

    async def query(self, order: OrderId, market: MarketId) -> None:
        """Asks what became of the order."""
        self.exchange.query(order, market, self._clock.now())
        await self._answer(order)

    def _answer(self, order: OrderId) -> asyncio.Future[None]:
        waiting = self._waiting.get(order)
        if waiting is None or waiting.done():
            waiting = self._waiting[order] = asyncio.get_running_loop().create_future()
        self._arm()
        return waiting

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = self.exchange.next_due()
        if due is not None:
            self._timer = self._clock.call_at(due, self.work)
