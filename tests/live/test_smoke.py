"""A first look at the real venues: reads only, unless LIVE_TESTS_WRITE=1 asks for one tiny order.

`make live-test` runs this; docs/live.md says when. A venue without keys in the environment is
skipped. Source of the order: kalshi sheet, start-up check 8: one hundredth of a contract at the
lowest price, post-only, taken back at once. Polymarket's smallest order is of real money.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator

import pytest

from feeds.credentials import adapter_of
from feeds.runtime.checkup import check
from feeds.runtime.http import Http
from feeds.runtime.live import Line, LiveGateway
from feeds.runtime.order_entry import OrderEntry
from feeds.venues.checkups import CanBeChecked
from feeds.venues.errands import Trades
from feeds.venues.kalshi.catalogue import KalshiCatalogue
from markets.terms.ids import DealId, OrderId, VenueId
from markets.terms.instruments import Market, MarketState
from markets.terms.units import SECOND, Px, Rounding
from trading.engine.events import Event, OrderAccepted, OrderCancelled
from trading.engine.orders import BookKind, OrderRequest, Purpose, Side, TimeInForce
from trading.runtime.clock import SystemClock

KALSHI, POLYMARKET = VenueId("kalshi"), VenueId("polymarket")
CLOCK = SystemClock()


class Live:
    """A gateway at a real venue, and what it said. Errors: `ValueError` without keys for it."""

    def __init__(self, venue: VenueId) -> None:
        self.venue = venue
        self.adapter = adapter_of(venue)
        assert isinstance(self.adapter, Trades)
        self.events: list[Event] = []
        self.trader = self.adapter.trader(lambda order: None, lambda: (), is_here=False)
        self.entry = OrderEntry(venue, self.adapter.hosts, CLOCK)
        ws = self.adapter.private_url(self.adapter.ws)
        line = Line(venue, self.trader, self.entry, ws)
        self.gateway = LiveGateway(line, CLOCK, self.events.append, lambda: ())


def opened(venue: VenueId) -> Live:
    try:
        return Live(venue)
    except ValueError as problem:
        pytest.skip(f"{venue}: {problem}")


@pytest.fixture(params=[KALSHI, POLYMARKET])
async def live(request: pytest.FixtureRequest) -> AsyncIterator[Live]:
    made = opened(request.param)
    yield made
    made.entry.close()


@pytest.fixture
async def kalshi() -> AsyncIterator[Live]:
    made = opened(KALSHI)
    yield made
    made.entry.close()


async def test_the_doctor_finds_all_well(live: Live) -> None:
    assert isinstance(live.adapter, CanBeChecked)
    async with Http(live.venue, live.adapter.hosts) as http:
        found = await check(live.adapter, http, CLOCK, ())

    assert [one for one in found if not one.is_well] == []


async def test_the_statement_is_whole(live: Live) -> None:
    said = await live.gateway.statement()

    assert said.complete
    assert said.cash >= 0


async def test_the_private_channel_comes_up(live: Live) -> None:
    running = asyncio.create_task(live.gateway.run())
    try:
        async with asyncio.timeout(20):
            while not live.gateway.is_up:  # noqa: ASYNC110  the venue answers when it does
                await asyncio.sleep(0.1)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.mark.skipif(
    os.environ.get("LIVE_TESTS_WRITE") != "1", reason="sends an order: LIVE_TESTS_WRITE=1 allows it"
)
async def test_one_hundredth_of_a_contract_rests_and_is_taken_back(kalshi: Live) -> None:
    market = await an_open_market(kalshi)
    kalshi.trader.list_markets([market])
    lowest = market.ticks.to_legal(Px(1), Rounding.UP)
    assert lowest is not None
    now = CLOCK.now()
    request = OrderRequest(
        OrderId(f"smoke{now:x}"),
        DealId("smoke"),
        0,
        market.id,
        0,
        Side.BUY,
        lowest,
        market.min_size,
        TimeInForce.GTC,
        BookKind.LIVE,
        Purpose.OPEN,
        placed_at=now,
        post_only=True,
        expires_at=type(now)(now + 60 * SECOND),
    )

    await kalshi.gateway.place(request)
    await kalshi.gateway.cancel(request.id, market.id)

    kinds = [type(event) for event in kalshi.events]
    assert kinds == [OrderAccepted, OrderCancelled]


async def an_open_market(kalshi: Live) -> Market:
    """The first market that is open, of the first page of the catalogue."""
    catalogue = KalshiCatalogue()
    (asked,) = catalogue.first()[:1]
    async with Http(KALSHI, kalshi.adapter.hosts) as http:
        listings, _ = catalogue.parse(asked, await http.send(asked))
    return next(one.market for one in listings if one.market.state is MarketState.OPEN)
