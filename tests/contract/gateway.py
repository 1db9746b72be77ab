"""What tests of a live gateway do at any venue: order, make the fake misbehave, wait, look back."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

from feeds.runtime.fakeserver import FakeServer, fault_asked
from feeds.runtime.live import LiveGateway
from markets.terms.ids import DealId, MarketId, OrderId
from markets.terms.units import Px, Qty, micros_from_text
from trading.engine.events import Event
from trading.engine.orders import BookKind, OrderRequest, Purpose, Side, TimeInForce
from trading.runtime.clock import SystemClock


class AtAVenue:
    """A gateway at a fake; `traded` is the market of an order that names none."""

    gateway: LiveGateway
    traded: MarketId

    def __init__(self, server: FakeServer, clock: SystemClock) -> None:
        self.server = server
        self.clock = clock
        self.events: list[Event] = []
        self.numbers = itertools.count(1)

    def request(self, px: str, count: str = "10", **more: Any) -> OrderRequest:
        """An order to take YES at once, unless said otherwise."""
        said: dict[str, Any] = {
            "id": OrderId(f"t{self.clock.now():x}-{next(self.numbers)}"),
            "deal": DealId("t-1"),
            "leg": 0,
            "market": self.traded,
            "outcome": 0,
            "side": Side.BUY,
            "px": Px(micros_from_text(px)),
            "qty": Qty(micros_from_text(count)),
            "tif": TimeInForce.IOC,
            "book": BookKind.LIVE,
            "purpose": Purpose.OPEN,
            "placed_at": self.clock.now(),
        }
        return OrderRequest(**{**said, **more})

    async def place(self, px: str, count: str = "10", **more: Any) -> OrderRequest:
        """An order, placed."""
        request = self.request(px, count, **more)
        await self.gateway.place(request)
        return request

    def fault(self, kind: str, **args: Any) -> None:
        """Make the fake misbehave."""
        self.server.fault(fault_asked({"kind": kind, **args}))

    def said(self, *kinds: type) -> list[Any]:
        """What the gateway said of these kinds."""
        return [event for event in self.events if isinstance(event, kinds)]

    def names(self) -> list[str]:
        """The kinds of what was said, in order."""
        return [type(event).__name__ for event in self.events]

    async def until(self, true: Callable[[], bool]) -> None:
        """Returns once something holds; fails after five seconds."""
        async with asyncio.timeout(5):
            while not true():  # noqa: ASYNC110  what is waited for has no event of its own
                await asyncio.sleep(0.005)
