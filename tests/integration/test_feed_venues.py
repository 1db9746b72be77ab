"""The real adapters against their own fakes over loopback: catalogue, books, recovery."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from feeds.runtime.conversation import Outside
from feeds.runtime.fakeserver import FakeServer, fault_asked
from feeds.runtime.feed import Feed
from feeds.runtime.http import Http
from feeds.runtime.lines import Lines
from feeds.sim.scenario import Listed, Move
from feeds.venues import ADAPTERS, FAKES, find
from feeds.venues.base import Adapter, Request
from markets.terms.ids import VenueId
from markets.terms.instruments import Market
from markets.terms.units import DAY, SECOND, Ns, Px, Qty
from tests.integration.echo_venue import PATIENCE_S, START, Heard, WatchedClock
from trading.engine.events import BookChanged, FeedDown, FeedUp

VENUES = ["kalshi", "polymarket"]
HOSTS = {
    "kalshi": {"rest": ""},
    "polymarket": {"gamma": "/gamma", "clob": "/clob", "data": "/data"},
}
PREFIXES = {"gamma": "gamma", "clob": "clob", "data": "data"}
NATIVES = {"kalshi": "KXTEST-26NOV30-A", "polymarket": "0x" + "ab" * 32}


def listed(venue: str) -> Listed:
    return Listed(
        venue=VenueId(venue),
        native=NATIVES[venue],
        event="KXTEST-26NOV30",
        event_title="A test",
        title="Will it work?",
        outcomes=("Yes", "No"),
        rules="Yes if it works.",
        category="economics",
        tick=Px(10_000),
        fee_rate_ppm=50_000,
        open_at=Ns(START - DAY),
        close_at=Ns(START + DAY),
        twin="",
        tokens=("1" * 77, "2" * 77),
    )


def moved(venue: str, cents: int) -> Move:
    bids = ((Px(cents * 10_000), Qty(100_000_000)), (Px((cents - 1) * 10_000), Qty(50_000_000)))
    asks = ((Px((cents + 2) * 10_000), Qty(70_000_000)),)
    return Move(VenueId(venue), NATIVES[venue], bids, asks)


class Stage:
    """One venue's fake being served and its real adapter."""

    def __init__(self, venue: str) -> None:
        self.venue = venue
        self.clock = WatchedClock()
        self.heard = Heard()
        self.adapter: Adapter = find(ADAPTERS, venue)()
        self.server = FakeServer(find(FAKES, venue)((listed(venue),)), self.clock)
        if venue == "polymarket":
            self.server = FakeServer(self.server.fake, self.clock, prefixes=PREFIXES)

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Stage"]:
        port = await self.server.start()
        base = f"http://127.0.0.1:{port}"
        hosts = {name: base + path for name, path in HOSTS[self.venue].items()}
        async with Http(self.adapter.venue, hosts) as self.http:
            try:
                yield self
            finally:
                await self.server.stop()

    @asynccontextmanager
    async def feed(self, market: Market) -> AsyncIterator[Feed]:
        outside = Outside(self.clock, self.heard, self.http, lambda: 0)
        url = f"ws://127.0.0.1:{self.server.port}/ws/market"
        feed = Feed(self.adapter, [market], outside, urls=(url,))
        task = asyncio.create_task(feed.run())
        try:
            yield feed
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    @asynccontextmanager
    async def lines(self, market: Market, count: int) -> AsyncIterator[Lines]:
        outside = Outside(self.clock, self.heard, self.http, lambda: 0)
        url = f"ws://127.0.0.1:{self.server.port}/ws/market"
        lines = Lines(self.adapter, [market], outside, count=count, urls=(url,))
        task = asyncio.create_task(lines.run())
        try:
            yield lines
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def market(self) -> Market:
        """The one market the catalogue lists."""
        catalogue = self.adapter.catalogue()
        waiting: list[Request] = catalogue.first()
        found = []
        while waiting:
            request = waiting.pop()
            listings, more = catalogue.parse(request, await self.http.send(request))
            found += listings
            waiting += more
        assert [listing.market.native for listing in found] == [NATIVES[self.venue]]
        return found[0].market

    async def bid(self, cents: int) -> None:
        """Wait until the feed has heard of this best bid."""
        while True:
            changed = await self.heard.next(BookChanged)
            bids = changed.book.ladders[0].bids
            if bids and bids[0][0] == cents * 10_000:
                return


@pytest.fixture(params=VENUES)
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    async with Stage(request.param).open() as opened:
        yield opened


async def test_the_catalogues_market_streams_its_book(stage: Stage) -> None:
    stage.server.moved(moved(stage.venue, 40))

    async with stage.feed(await stage.market()) as feed:
        await stage.bid(40)
        stage.server.moved(moved(stage.venue, 43))
        await stage.bid(43)

        assert feed.tally.up
        assert not feed.tally.faults
        assert feed.tally.unknown_markets == 0


async def test_two_raced_lines_tell_each_book_once_and_agree(stage: Stage) -> None:
    stage.server.moved(moved(stage.venue, 40))

    async with stage.lines(await stage.market(), 2) as lines:
        await stage.bid(40)
        async with asyncio.timeout(PATIENCE_S):
            while not lines.race.agreed:  # noqa: ASYNC110  the count has no event of its own
                await asyncio.sleep(0)
        for cents in range(41, 46):
            stage.server.moved(moved(stage.venue, cents))
            await stage.bid(cents)

        assert lines.race.differed == 0
        assert not lines.tally.faults
        assert [m.native for m in lines.markets] == [NATIVES[stage.venue]]


async def test_the_book_is_right_again_after_a_cut(stage: Stage) -> None:
    stage.server.moved(moved(stage.venue, 40))
    async with stage.feed(await stage.market()):
        await stage.bid(40)

        stage.server.fault(fault_asked({"kind": "disconnect"}))
        await stage.heard.next(FeedDown)
        stage.server.moved(moved(stage.venue, 44))

        stage.clock.pass_by(1)
        await stage.heard.next(FeedUp)
        await stage.bid(44)


async def test_the_book_is_right_again_after_lost_frames(stage: Stage) -> None:
    stage.server.moved(moved(stage.venue, 40))
    async with stage.feed(await stage.market()):
        await stage.bid(40)
        stage.server.fault(fault_asked({"kind": "silence", "seconds": 1.0}))
        stage.server.moved(moved(stage.venue, 50))
        stage.clock.pass_by(SECOND)

        stage.server.moved(moved(stage.venue, 51))

        async with asyncio.timeout(PATIENCE_S):
            waiting = asyncio.create_task(stage.bid(51))
            while not waiting.done():
                await stage.clock.asked.get()
                stage.clock.pass_by(SECOND // 4)
            await waiting
