"""A live Kalshi gateway and the strict fake it trades at, joined by real sockets on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from feeds.runtime.fakeserver import FakeServer
from feeds.runtime.live import Line, LiveGateway
from feeds.runtime.order_entry import OrderEntry
from feeds.sim.scenario import Listed, Move
from feeds.venues.base import Request
from feeds.venues.kalshi import encode
from feeds.venues.kalshi.fake import KalshiFake
from feeds.venues.kalshi.fakeauth import Key
from feeds.venues.kalshi.fakeboard import VENUE, Terms
from feeds.venues.kalshi.trader import KalshiTrader
from markets.terms.fees_kalshi import schedule
from markets.terms.ids import MarketId, OrderId, market_id
from markets.terms.instruments import Market, even_ladder
from markets.terms.units import MICRO, SECOND, Ns, Px, Usd
from tests.builders import levels
from tests.contract.gateway import AtAVenue
from tests.contract.kalshi_fake import listed
from trading.engine.orders import (
    Order,
    OrderRequest,
    OrderState,
)
from trading.runtime.clock import SystemClock

KEY = Ed25519PrivateKey.generate()
RAIN, BALL = "KXRAIN-30-T1", "KXBALL-30-A"
ACCOUNT = "trader"
PREFIX = "/trade-api/v2"


def market(ticker: str, shard: int = 0) -> Market:
    """The engine's idea of a market of the fake."""
    return Market(
        id=market_id(VENUE, ticker),
        venue=VENUE,
        native=ticker,
        title=ticker,
        outcomes=("Yes", "No"),
        ticks=even_ladder(Px(10_000)),
        fees=schedule("quadratic", MICRO),
        shard=shard,
    )


MARKETS = (market(RAIN), market(BALL, 3))


class Desk(AtAVenue):
    """The gateway under test, the fake behind it, and what the gateway said."""

    def __init__(self, server: FakeServer, fake: KalshiFake, clock: SystemClock) -> None:
        super().__init__(server, clock)
        self.traded = MARKETS[0].id
        self.fake = fake
        self.orders: dict[OrderId, Order] = {}
        self.watched: tuple[tuple[OrderId, MarketId], ...] = ()
        self.trader = KalshiTrader(("key", KEY), self.orders.get)
        self.trader.list_markets(MARKETS)
        base = f"http://127.0.0.1:{server.port}{PREFIX}"
        self.entry = OrderEntry(VENUE, {"rest": base}, clock, timeout_s=2.0)
        ws = f"ws://127.0.0.1:{server.port}/trade-api/ws/v2"
        self.gateway = LiveGateway(
            Line(VENUE, self.trader, self.entry, ws), clock, self.events.append, self.open_orders
        )

    def open_orders(self) -> Iterable[tuple[OrderId, MarketId]]:
        """Those a test names; usually it asks itself."""
        return self.watched

    def show(self, bids: str = "", asks: str = "", ticker: str = RAIN) -> None:
        """Others' ladders, such as `0.40x10 0.39x20`, best first."""
        move = Move(VENUE, ticker, levels(bids), levels(asks), None, self.clock.now())
        self.server.moved(move)

    def remember(self, request: OrderRequest, *, placed_before: int = 0) -> OrderRequest:
        """The engine knows of the order, and asked for it so many seconds before now."""
        at = Ns(request.placed_at - placed_before * SECOND)
        found = msgspec.structs.replace(request, placed_at=at)
        self.know(found, OrderState.UNKNOWN, "")
        return found

    def know(self, request: OrderRequest, state: OrderState, venue_order: str) -> None:
        """What the engine knows of an order."""
        at = request.placed_at
        self.orders[request.id] = Order(request, state, at, at, venue_order=venue_order)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """With the private channel and the warm connections, once they are up."""
        task = asyncio.create_task(self.gateway.run())
        try:
            await self.until(lambda: self.gateway.is_up)
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def elsewhere(self, side: str, count: str, price: str) -> None:
        """An order of the same account that is none of ours."""
        body = {
            "ticker": RAIN,
            "side": side,
            "count": count,
            "price": price,
            "time_in_force": "good_till_canceled",
            "self_trade_prevention_type": "taker_at_cross",
        }
        asked = Request(
            "POST", "rest", encode.ORDERS, headers=encode.JSON, body=msgspec.json.encode(body)
        )
        reply = await self.entry.send(self.trader.signed(asked, self.clock.now()))
        assert reply.status == 201, reply

    def drain(self) -> None:
        """The account's buckets at the fake are empty and stay so."""
        assert self.fake._meter is not None
        for bucket in self.fake._meter._buckets.values():
            bucket.level = bucket.rate = 0


@asynccontextmanager
async def desk(**options: Any) -> AsyncIterator[Desk]:
    """A gateway with an Ed25519 key and 1,000 dollars on shards 0 and 3 of a served fake."""
    clock = SystemClock()
    days = -(-(clock.now()) // SECOND)
    terms = options.pop("terms", Terms(shards={"KXBALL-30": 3}, thursdays=False))
    markets = tuple(listed_at(ticker, days) for ticker in (RAIN, BALL))
    scopes = options.pop("scopes", ("read", "write"))
    keys = (Key("key", KEY.public_key(), ACCOUNT, scopes),)
    funded = options.pop("funded", (0, 3))
    fake = KalshiFake(markets, keys=options.pop("keys", keys), terms=terms, **options)
    for shard in funded:
        fake.fund(ACCOUNT, Usd(1_000 * MICRO), shard=shard)
    server = FakeServer(fake, clock)
    await server.start()
    made = Desk(server, fake, clock)
    try:
        yield made
    finally:
        made.entry.close()
        await server.stop()


def listed_at(ticker: str, second: int) -> Listed:
    """A market that is open around this second."""
    found = listed(ticker)
    return msgspec.structs.replace(
        found,
        open_at=Ns((second - 86_400) * SECOND),
        close_at=Ns((second + 86_400) * SECOND),
    )
