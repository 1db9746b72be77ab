"""A live Polymarket gateway and the strict fake it trades at, joined by sockets on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from feeds.runtime.fakeserver import FakeServer
from feeds.runtime.live import Line, LiveGateway
from feeds.runtime.order_entry import OrderEntry
from feeds.runtime.world import LAYOUTS
from feeds.venues.polymarket.desk.office import Habits
from feeds.venues.polymarket.desk.records import Matched, Placed
from feeds.venues.polymarket.desk.settlement import Pace
from feeds.venues.polymarket.desk.wallets import Wallet
from feeds.venues.polymarket.eip712 import address_of
from feeds.venues.polymarket.identity import Identity, identity
from feeds.venues.polymarket.shapes import Traits
from feeds.venues.polymarket.signing import WalletKind
from feeds.venues.polymarket.trader import PolymarketTrader
from markets.terms.fees_polymarket import schedule
from markets.terms.ids import MarketId, OrderId, market_id
from markets.terms.instruments import Market, even_ladder
from markets.terms.units import MICRO, MS, Ns, Qty, Usd, micros_from_text
from tests.contract.gateway import AtAVenue
from tests.contract.polymarket_desk import DEPOSIT, PROXY, SAFE, Desk, money, private_key
from tests.contract.test_polymarket import POLYMARKET
from trading.engine.orders import (
    Fill,
    Order,
    OrderRequest,
    OrderState,
)
from trading.runtime.clock import SystemClock

WALLETS = {WalletKind.PROXY: PROXY, WalletKind.SAFE: SAFE, WalletKind.DEPOSIT: DEPOSIT}
# Long enough that a test sees a trade before it is mined, unless it asks for another pace.
SLOW = Habits(pace=Pace(mined_ms=(60_000, 60_000), failed_per_mille=0, retried_per_mille=0), page=2)
QUICK = Habits(
    pace=Pace(mined_ms=(1, 1), confirmed_ms=(1, 1), failed_per_mille=0, retried_per_mille=0)
)
KEY = private_key(7)


def who(kind: WalletKind = WalletKind.DEPOSIT) -> Identity:
    """The test's account."""
    wallet = WALLETS.get(kind, "")
    return identity(KEY.hex(), wallet, str(int(kind)))


class Trade(AtAVenue):
    """The gateway under test, the fake behind it, and what the gateway said."""

    def __init__(self, desk: Desk, server: FakeServer, clock: SystemClock, me: Identity) -> None:
        super().__init__(server, clock)
        self.desk = desk
        self.orders: dict[OrderId, Order] = {}
        self.market = Market(
            id=market_id(POLYMARKET, desk.native),
            venue=POLYMARKET,
            native=desk.native,
            title="Will it happen?",
            outcomes=("Yes", "No"),
            ticks=even_ladder(desk.listed.tick),
            fees=schedule(desk.listed.fee_rate_ppm),
            tokens=desk.tokens,
            min_size=Qty(5 * MICRO),
            min_notional=Usd(MICRO),
            delay_ms=desk.fake._shown[desk.native].delay // MS,
            neg_risk=desk.traits.neg_risk,
        )
        self.traded = self.market.id
        layout = LAYOUTS["polymarket"]
        self.entry = OrderEntry(POLYMARKET, layout.hosts(server.port), clock, timeout_s=2.0)
        self.ws = layout.ws_url(server.port).removesuffix("market") + "user"
        self.me = me
        self.begin()

    def begin(self) -> None:
        """A gateway that knows nothing but what the engine remembers."""
        self.trader = PolymarketTrader(self.me, self.orders.get, lambda: list(self.orders.values()))
        self.trader.list_markets([self.market])
        line = Line(POLYMARKET, self.trader, self.entry, self.ws)
        self.gateway = LiveGateway(line, self.clock, self.events.append, self.open_orders)

    def open_orders(self) -> list[tuple[OrderId, MarketId]]:
        """Orders of the engine without an end."""
        return [(o.request.id, o.request.market) for o in self.orders.values()]

    def remember(self, request: OrderRequest, *, before_ms: int = 0) -> OrderRequest:
        """The engine knows of the order, as if from an earlier run."""
        at = Ns(request.placed_at - before_ms * MS)
        self.orders[request.id] = Order(request, OrderState.UNKNOWN, at, at)
        return request

    async def query(self, request: OrderRequest) -> None:
        """Ask what became of it."""
        await self.gateway.query(request.id, request.market)

    def fills(self) -> dict[str, Fill]:
        """The newest word on each fill."""
        return {e.fill.key: e.fill for e in self.events if hasattr(e, "fill")}

    @property
    def placed(self) -> dict[str, Placed]:
        """Every order the venue ever took."""
        return self.desk.fake.office.book.orders

    @property
    def trades(self) -> list[Matched]:
        """Every trade at the venue."""
        return self.desk.fake.office.book.trades

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The account's channels are kept, and the user socket is up."""
        task = asyncio.create_task(self.gateway.run())
        try:
            await self.until(lambda: self.gateway.is_up and not self.trader.known.bars)
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def trade(
    kind: WalletKind = WalletKind.DEPOSIT,
    *,
    cash: str = "1000",
    held: str = "",
    approved: bool = True,
    **options: Any,
) -> AsyncIterator[Trade]:
    """A gateway at a fake where its wallet has money (and YES), bids 0.42, asks 0.44 and 0.45."""
    clock = SystemClock()
    me = who(kind)
    desk = Desk(**{"habits": SLOW, "traits": Traits(), **options})
    desk.at = clock.now()
    owned = ((desk.tokens[0], Qty(micros_from_text(held))),) if held else ()
    wallet = Wallet(
        address=me.wallet,
        owner=address_of(KEY),
        kind=kind,
        cash=money(cash),
        held=owned,
        is_approved=approved,
    )
    desk.fake.office.open(wallet)
    server = FakeServer(desk.fake, clock, prefixes=LAYOUTS["polymarket"].prefixes)
    await server.start()
    made = Trade(desk, server, clock, me)
    try:
        await made.gateway.statement()
        made.trader.known.bars = {}
        yield made
    finally:
        made.entry.close()
        await server.stop()
