"""The watch over a feed, over real loopback sockets, with time moved by hand."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable

import msgspec
import pytest

from feeds.runtime.clocks import Clocks
from feeds.runtime.conversation import Outside
from feeds.runtime.fakeserver import FakeServer
from feeds.runtime.feed import Feed
from feeds.runtime.http import Http
from feeds.runtime.venue_watch import DISAGREES, VenueWatch
from feeds.venues.base import Reply, Request
from markets.terms.ids import market_id
from markets.terms.units import MS, SECOND, Ns, Px, Qty
from tests.integration.echo_venue import (
    ECHO,
    PATIENCE_S,
    EchoAdapter,
    EchoFake,
    Heard,
    WatchedClock,
    market,
)
from trading.engine.book import binary_book
from trading.engine.config import Limits
from trading.engine.events import (
    BookChanged,
    BookStale,
    Event,
    FeedUp,
    HealthReported,
    VenueJudged,
)

A, B = market_id(ECHO, "A"), market_id(ECHO, "B")


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Calm:
    """Requests of which a test can tell whether one is under way."""

    def __init__(self, http: Http) -> None:
        self._http = http
        self.waiting = 0
        self.asked: list[str] = []

    async def send(self, request: Request) -> Reply:
        self.waiting += 1
        self.asked.append(request.path)
        try:
            return await self._http.send(request)
        finally:
            self.waiting -= 1


class Stage:
    """A fake venue, a feed and the watch over it."""

    def __init__(self, server: FakeServer, fake: EchoFake, clock: WatchedClock) -> None:
        self.fake = fake
        self.server = server
        self.clock = clock
        self.heard = Heard()
        self.url = f"ws://127.0.0.1:{server.port}/ws"
        self.http = Http(ECHO, {"rest": f"http://127.0.0.1:{server.port}"})
        self.calm = Calm(self.http)
        self.limits = Limits()
        self.outside = Outside(
            clock, self.heard, self.calm, lambda: 100_000, limits=lambda: self.limits
        )
        self.clocks = Clocks(clock, self.heard, Limits)
        adapter = EchoAdapter(self.url)
        self.watch = VenueWatch(adapter, self.outside, self.clocks)

    @contextlib.asynccontextmanager
    async def running(self, *natives: str, urls: tuple[str, ...] = ()) -> AsyncIterator[Feed]:
        outside = msgspec.structs.replace(self.outside, emit=self.watch.heard)
        markets = [market(native) for native in natives]
        feed = Feed(EchoAdapter(self.url), markets, outside, urls=urls)
        self.watch.follow(feed)
        tasks = [asyncio.create_task(feed.run()), asyncio.create_task(self.watch.run())]
        try:
            yield feed
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def until(self, is_so: Callable[[], object], step_ms: int = 50) -> None:
        """Let time pass, a little at a time and never while a request is under way."""
        async with asyncio.timeout(PATIENCE_S):
            while not is_so():
                for _ in range(20):
                    await asyncio.sleep(0)
                if not self.calm.waiting:
                    self.clock.pass_by(step_ms * MS)

    def said(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.heard.events if isinstance(event, kind)]

    def disagreements(self) -> list[str]:
        found = [e for e in self.heard.events if isinstance(e, BookStale)]
        return [stale.market for stale in found if stale.reason == DISAGREES]

    def judged(self) -> VenueJudged:
        found = self.said(VenueJudged)[-1]
        assert isinstance(found, VenueJudged)
        return found


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    clock, fake = WatchedClock(), EchoFake()
    server = FakeServer(fake, clock)
    await server.start()
    made = Stage(server, fake, clock)
    yield made
    await made.http.close()
    await server.stop()


async def test_streamed_books_that_rest_confirms_agree(stage: Stage) -> None:
    async with stage.running("A", "B"):
        await stage.until(lambda: stage.watch.followed.agreement.compared >= 2, 1_000)

    assert stage.watch.followed.agreement.ppm() == 1_000_000
    assert not stage.disagreements()


async def test_a_book_that_rest_contradicts_is_stale_until_it_came_anew(stage: Stage) -> None:
    stage.fake.rest["B"] = 30
    async with stage.running("A", "B"):
        await stage.until(stage.disagreements, 1_000)
        assert stage.disagreements() == [B]
        books = len(stage.said(BookChanged))
        await stage.until(lambda: len(stage.said(BookChanged)) > books)

    again = stage.said(BookChanged)[-1]
    assert isinstance(again, BookChanged)
    assert again.book.market == B
    truth = stage.watch.truth()
    assert truth is not None
    assert truth.disagreed == 1
    assert any("not what REST says" in text for _, text in truth.notes)


async def test_a_clock_that_is_wrong_halts_everything_until_it_is_right(stage: Stage) -> None:
    stage.fake.ahead = 30 * SECOND
    async with stage.running("A"):
        await stage.until(lambda: stage.said(HealthReported))
        wrong = stage.said(HealthReported)[-1]
        assert isinstance(wrong, HealthReported)
        assert (wrong.component, wrong.ok) == ("clock", False)
        await stage.until(lambda: stage.judged().refused)
        assert "its clock is at least" in stage.judged().refused

        stage.fake.ahead = 0
        await stage.until(lambda: len(stage.said(HealthReported)) == 2, 500)
        right = stage.said(HealthReported)[-1]
        assert isinstance(right, HealthReported)
        assert right.ok
        await stage.until(lambda: not stage.judged().refused)


async def test_books_are_polled_while_no_socket_opens_and_no_longer_when_one_does(
    stage: Stage,
) -> None:
    dead = f"ws://127.0.0.1:{closed_port()}/ws"
    stage.fake.prices = {"A": 41, "B": 42, "C": 43}
    async with stage.running("A", "B", "C", urls=(dead, stage.url)) as feed:
        await stage.until(lambda: len(stage.said(BookChanged)) >= 3)
        polled = {
            e.book.market: e.book for e in stage.said(BookChanged) if isinstance(e, BookChanged)
        }
        assert polled[B].ladders[0].bids[0][0] == 420_000
        assert not stage.said(FeedUp)
        assert stage.judged().polled == "its socket is away"

        await stage.until(lambda: stage.said(FeedUp))
        await stage.until(lambda: not stage.judged().polled, 500)
        assert feed.tally.url == stage.url

    events = stage.heard.events
    back = next(i for i, e in enumerate(events) if isinstance(e, FeedUp))
    after = [e for e in events[back + 1 :] if isinstance(e, BookStale | BookChanged)]
    assert {e.market for e in after[:3] if isinstance(e, BookStale)} == set(polled)
    assert {e.book.market for e in after[3:6] if isinstance(e, BookChanged)} == set(polled)


@pytest.mark.parametrize(
    ("set_to", "late_ms", "words"),
    [
        ({}, 2_100, "over 2.0s old for 10s"),
        ({"feed_latency_ms": 400, "feed_latency_for_ms": 3_000}, 450, "over 0.4s old for 3.0s"),
    ],
)
async def test_late_messages_for_as_long_as_is_set_refuse_the_venue(
    stage: Stage, set_to: dict[str, int], late_ms: int, words: str
) -> None:
    stage.limits = msgspec.structs.replace(Limits(), **set_to)
    async with stage.running("A"):
        await stage.until(lambda: stage.said(BookChanged))
        cents = 40
        while stage.clock.now() and not (stage.said(VenueJudged) and stage.judged().refused):
            now = stage.clock.now()
            bid = ((Px((cents := 81 - cents) * 10_000), Qty(1)),)
            book = binary_book(A, bid, (), now, Ns(now - late_ms * MS))
            stage.watch.heard(BookChanged(now, book))
            wait = Ns(now + SECOND)
            await stage.until(lambda due=wait: stage.clock.now() >= due, 500)  # type: ignore[misc]

    assert stage.judged().refused == f"its messages have been {words}"


async def test_a_market_that_falls_silent_while_others_move_is_looked_at(stage: Stage) -> None:
    async with stage.running("A", "B"):
        await stage.until(lambda: len(stage.said(BookChanged)) >= 2)
        stage.fake.rest["A"] = 30
        for second in range(75):
            now = stage.clock.now()
            for name in (A, B) if second < 30 else (B,):
                bid = ((Px((40 + second % 2) * 10_000), Qty(1)),)
                stage.watch.heard(BookChanged(now, binary_book(name, bid, (), now, now)))
            due = Ns(now + SECOND)
            await stage.until(lambda due=due: stage.clock.now() >= due, 500)  # type: ignore[misc]

    notes = [text for _, text in stage.watch.followed.notes]
    assert f"{A} is silent while others move: looking at REST." in notes
    assert A in stage.disagreements()
