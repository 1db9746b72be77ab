"""One venue's live trading in the worker: begun when its configuration comes, begun anew when its
addresses change.

While it runs its gateway stands among the executor's; without it orders with money are refused
there, and cancels and questions stay unanswered.
"""

import asyncio
from collections.abc import Callable, Iterable, MutableMapping

import msgspec
import structlog

from feeds.runtime.connection import address_of
from feeds.runtime.live import Line, LiveGateway
from feeds.runtime.order_entry import OrderEntry
from feeds.runtime.rates import Rates
from feeds.venues.base import Adapter
from feeds.venues.errands import Trades
from markets.terms.ids import MarketId, OrderId, VenueId, venue_of
from markets.terms.instruments import Market
from markets.terms.units import SECOND, Ns
from trading.engine.config import VenueConfig
from trading.engine.events import Event
from trading.engine.orders import TERMINAL, BookKind, Order
from trading.runtime.clock import Clock
from trading.runtime.gateway import Gateway

# An order that would wait longer for a rate bucket is refused: it never left.
PATIENCE = Ns(SECOND // 2)

log = structlog.get_logger("live")


class Around(msgspec.Struct, frozen=True):
    """What live trading needs of the worker. `orders` is the engine's own memory of orders,
    `agrees` says whether a venue's last statement agreed with it, `rates` are an adapter's at a
    tier. `beside` may put something in front of a venue's gateway that follows what passes.
    """

    clock: Clock
    emit: Callable[[Event], None]
    gateways: MutableMapping[tuple[VenueId, BookKind], Gateway]
    orders: Callable[[], dict[OrderId, Order]]
    rates: Callable[[Adapter, str], Rates]
    agrees: Callable[[VenueId], bool]
    beside: Callable[[Gateway], Gateway] = lambda gateway: gateway


def hosts_of(adapter: Trades, own: dict[str, str]) -> tuple[dict[str, str], bool]:
    """Where orders go, and whether that is this machine. Where the first host is here, so are the
    others: one that is not named then is none, and nothing of a venue in a test asks the real one.
    """
    names, usual = adapter.order_hosts, adapter.hosts
    is_here = not address_of((usual | own)[names[0]]).is_tls
    known = own if is_here else usual | own
    return {name: known[name] for name in names if name in known}, is_here


class LiveVenue:
    """A venue that may be traded with money, by the adapter `make` builds with its keys."""

    def __init__(self, venue: VenueId, make: Callable[[], Adapter], around: Around) -> None:
        self.venue = venue
        self._make = make
        self._around = around
        self._config: VenueConfig | None = None
        self._markets: tuple[Market, ...] = ()
        self._moved = asyncio.Event()
        self.gateway: LiveGateway | None = None

    def apply(self, config: VenueConfig | None, markets: Iterable[Market]) -> None:
        """A new configuration; without the venue nothing changes, for orders may still rest."""
        if config is None:
            return
        before, self._config = self._config, config
        self._markets = tuple(market for market in markets if market.venue == self.venue)
        if before is None or _way(before) != _way(config):
            self._moved.set()
        elif self.gateway is not None:
            self.gateway.trader.list_markets(self._markets)

    async def run(self) -> None:
        """Trade until cancelled, once there is a configuration."""
        await self._moved.wait()
        while True:
            self._moved.clear()
            await self._trade()

    async def _trade(self) -> None:
        around, adapter, config = self._around, self._make(), self._config
        if config is None or not isinstance(adapter, Trades):
            await self._moved.wait()
            return
        hosts, is_here = hosts_of(adapter, config.hosts)
        try:
            trader = adapter.trader(self._order, self._every, is_here=is_here)
        except ValueError as problem:
            log.warning("cannot trade with money", venue=self.venue, problem=str(problem))
            await self._moved.wait()
            return
        trader.list_markets(self._markets)
        rates = around.rates(adapter, config.rate_tier)
        entry = OrderEntry(self.venue, hosts, around.clock, rates=rates)
        ws = adapter.private_url(config.ws[0] if config.ws else adapter.ws)
        gateway = LiveGateway(
            Line(self.venue, trader, entry, ws),
            around.clock,
            around.emit,
            self._open_orders,
            lambda: around.agrees(self.venue),
        )
        self.gateway = gateway
        around.gateways[self.venue, BookKind.LIVE] = around.beside(gateway)
        log.warning("trading with money", venue=self.venue)
        running = asyncio.create_task(gateway.run())
        moved = asyncio.create_task(self._moved.wait())
        tasks: tuple[asyncio.Task[object], ...] = (running, moved)
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            around.gateways.pop((self.venue, BookKind.LIVE), None)
            self.gateway = None
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            entry.close()

    def _order(self, order: OrderId) -> Order | None:
        return self._around.orders().get(order)

    def _every(self) -> list[Order]:
        return [
            order
            for order in self._around.orders().values()
            if order.request.book is BookKind.LIVE and venue_of(order.request.market) == self.venue
        ]

    def _open_orders(self) -> list[tuple[OrderId, MarketId]]:
        return [
            (order.request.id, order.request.market)
            for order in self._every()
            if order.state not in TERMINAL
        ]


def _way(config: VenueConfig) -> tuple[object, ...]:
    """What connections are made by."""
    return config.hosts, config.ws, config.rate_tier
