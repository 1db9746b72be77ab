"""The self-test in the running worker: an opportunity made up, and the orders it leads to caught.

Everything between is real: inbox, journal, engine, gates, plan, executor. It stands in the place of
a gateway and sends nothing; each order is answered as one that found nobody to trade with. What
came of it is an event like any other.
"""

import asyncio
from collections.abc import Callable

from feeds.runtime.pause import pause
from markets.terms.formats import latency
from markets.terms.ids import MarketId, OrderId
from markets.terms.units import MS, SECOND, Ns, Qty
from trading.engine.events import Event, OrderAccepted, OrderCancelled, SelfTested
from trading.engine.orders import OrderRequest
from trading.engine.selftest import opportunity, withdrawn
from trading.runtime.clock import Clock

DEADLINE = Ns(5 * SECOND)
AGAIN = Ns(60 * SECOND)
LEGS = 2


class SelfTest:
    """Fulfils `Gateway` for its own venue. `every` is the pause between two tests in milliseconds,
    0 for none; `refusal` the gate that last refused its relation, if any.
    """

    def __init__(
        self,
        clock: Clock,
        put: Callable[[Event], None],
        every: Callable[[], int],
        refusal: Callable[[], str],
    ) -> None:
        self._clock = clock
        self._put = put
        self._every = every
        self._refusal = refusal
        self._caught: dict[OrderId, Ns] = {}
        self._done = asyncio.Event()

    async def run(self) -> None:
        """Tests until cancelled; again soon after one that nobody answered."""
        while True:
            length = self._every() * MS
            await pause(self._clock, Ns(length or AGAIN))
            if not length:
                continue
            while (await self.test()).outcome == "silent":
                await pause(self._clock, AGAIN)

    async def test(self) -> SelfTested:
        """One opportunity from beginning to end; what came of it was told."""
        self._caught.clear()
        self._done.clear()
        began = self._clock.now()
        for event in opportunity(began):
            self._put(event)
        over = self._clock.call_at(Ns(began + DEADLINE), self._done.set)
        try:
            await self._done.wait()
        finally:
            over.cancel()
        told = self._judged(began)
        for event in withdrawn(told.at):
            self._put(event)
        self._put(told)
        return told

    async def place(self, request: OrderRequest) -> None:
        """Catch an order at the last metre."""
        now = self._clock.now()
        self._caught[request.id] = now
        self._put(OrderAccepted(now, request.id, f"self-test {request.id}"))
        self._put(OrderCancelled(now, request.id, Qty(0), "the self-test sends nothing"))
        if len(self._caught) == LEGS:
            self._done.set()

    async def cancel(self, order: OrderId, market: MarketId) -> None:
        """Nothing of it rests anywhere."""
        await self.query(order, market)

    async def query(self, order: OrderId, market: MarketId) -> None:
        """Nothing of it was filled."""
        self._put(OrderCancelled(self._clock.now(), order, Qty(0), "the self-test sends nothing"))

    def _judged(self, began: Ns) -> SelfTested:
        now = self._clock.now()
        if len(self._caught) >= LEGS:
            took = Ns(max(self._caught.values()) - began)
            text = f"From book to order in {latency(took)}."
            return SelfTested(now, "arrived", took, text)
        gate = self._refusal()
        if gate:
            return SelfTested(now, "refused", Ns(0), f"The gate {gate} refused it.")
        text = "A synthetic opportunity led to no order and no refusal within 5 s."
        return SelfTested(now, "silent", Ns(0), text)
