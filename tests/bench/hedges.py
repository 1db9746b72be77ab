"""How long a deal stays naked: from the word that a leg got nothing to the fill of its hedge.

By the wall clock, against the simulated exchange at 20 ms there and back.
"""

from __future__ import annotations

import asyncio
from time import perf_counter_ns

import uvloop
from msgspec.structs import replace

from feeds.runtime.gateways import PaperDesk
from feeds.sim.exchange import Exchange
from markets.terms.units import MICRO, Ns, Usd
from risk.gates.chain import Chain
from tests.bench.measure import Result, percentile
from tests.builders import FIRST, KA, PM, SECOND_MARKET, book, snapshot
from trading.engine import events as ev
from trading.engine.book import Book
from trading.engine.deals import DealState
from trading.engine.engine import Engine
from trading.engine.intents import CancelOrder, DealChanged, Intent, PlaceOrder
from trading.runtime.clock import SystemClock

DEALS = 40
LATENCY_MS = 20
CASH = Usd(10**6 * MICRO)


class _Rig:
    """An engine and a paper desk; the desk's Polymarket shows worse prices than the engine saw."""

    def __init__(self) -> None:
        self.clock = SystemClock()
        latency = {KA: LATENCY_MS, PM: LATENCY_MS}
        self.exchange = Exchange(latency, {KA: CASH, PM: CASH})
        self.desk = PaperDesk(self.exchange, self.clock, self.tell)
        self.engine = Engine(Chain())
        self.tasks: dict[asyncio.Task[None], None] = {}
        self.naked_since = 0
        self.took: list[int] = []
        self.ended = asyncio.Event()

    def tell(self, event: ev.Event) -> None:
        for intent in self.engine.step(event):
            self.carry(intent)

    def carry(self, intent: Intent) -> None:
        match intent:
            case PlaceOrder(request=request):
                task = asyncio.get_running_loop().create_task(self.desk.place(request))
                self.tasks[task] = None
                task.add_done_callback(lambda done: self.tasks.pop(done, None))
            case CancelOrder(order=order, market=market):
                self.exchange.cancel(order, market, self.clock.now())
            case DealChanged(deal=deal):
                self.moved(deal.state)
            case _:
                pass

    def moved(self, state: DealState) -> None:
        if state is DealState.HEDGING and not self.naked_since:
            self.naked_since = perf_counter_ns()
        elif state in (DealState.BALANCED, DealState.CLOSED, DealState.RESIDUAL):
            if self.naked_since and state is DealState.BALANCED:
                self.took.append(perf_counter_ns() - self.naked_since)
            self.ended.set()

    async def one(self) -> None:
        """One deal whose second leg finds its price gone."""
        self.ended.clear()
        self.naked_since = 0
        now = self.clock.now()
        first = book(FIRST, "0.40x100", "0.42x100", now)
        gone = book(SECOND_MARKET, "0.49x300", "0.60x100", now)
        for shown in (first, gone):
            self.desk.hear(ev.BookChanged(now, shown))
        self.see(book(SECOND_MARKET, "0.50x100", "0.52x100", now))
        self.see(first)
        self.see(replace(gone, at=self.clock.now()))
        await asyncio.wait_for(self.ended.wait(), 5)
        for market in (FIRST, SECOND_MARKET):
            closed = book(market, "0.40x100", "0.60x100", self.clock.now())
            self.desk.hear(ev.BookChanged(closed.at, closed))
            self.see(closed)

    def see(self, shown: Book) -> None:
        self.tell(ev.BookChanged(shown.at, shown))


def measure() -> list[Result]:
    """The half and the nineteen of twenty that were fastest."""
    return uvloop.run(_measure())


async def _measure() -> list[Result]:
    rig = _Rig()
    roomy = {"max_event_exposure": 10**12, "max_total_exposure": 10**12, "cooldown_ms": 0}
    roomy |= {"match_interval_ms": 0, "open_deals": 1000, "max_open_relations": 1000}
    roomy |= {"max_contracts_market": 10**12, "max_contracts_total": 10**12}
    roomy |= {"per_contract_exposure": 10**12, "max_category_exposure": 10**12}
    config = snapshot(**roomy)  # type: ignore[arg-type]  # limits by name
    now = rig.clock.now()
    rig.exchange.list_markets(config.markets)
    rig.tell(ev.RunStarted(Ns(now), "bench", "paper"))  # type: ignore[arg-type]  # a run's name
    rig.tell(ev.ConfigChanged(now, config))
    for venue in (KA, PM):
        rig.tell(ev.FeedUp(now, venue))
    for _ in range(DEALS):
        await rig.one()
    name = f"hedge completed, {LATENCY_MS} ms venues"
    return [
        Result(f"{name}, p50", percentile(rig.took, 50) / 1e6, "ms"),
        Result(f"{name}, p95 of {len(rig.took)}", percentile(rig.took, 95) / 1e6, "ms"),
    ]
