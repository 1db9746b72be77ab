"""A feed over real loopback sockets, with time moved by hand."""

import asyncio
import contextlib
import gzip
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from structlog.testing import capture_logs

from feeds.recordings.lines import Header, Line
from feeds.runtime.conversation import TICK, Outside
from feeds.runtime.fakeserver import FakeServer, fault_asked
from feeds.runtime.feed import Feed
from feeds.runtime.http import Http
from feeds.runtime.recorder import Recorder
from feeds.runtime.recordings import read_recording
from markets.terms.ids import VenueId
from markets.terms.instruments import even_ladder
from markets.terms.units import MS, SECOND, Px
from tests.integration.echo_venue import (
    ECHO,
    PATIENCE_S,
    EchoAdapter,
    EchoFake,
    Heard,
    WatchedClock,
    market,
    move,
    soon,
    wait_of,
)
from trading.engine.events import BookChanged, BookStale, FeedDown, FeedUp
from trading.engine.limits import Limits

CERTAIN = 1_000_000


class Bench:
    """A fake venue on a real port, and what a feed needs to talk to it."""

    def __init__(self, port: int, fake: EchoFake, server: FakeServer, clock: WatchedClock) -> None:
        self.fake = fake
        self.server = server
        self.clock = clock
        self.heard = Heard()
        self.http = Http(ECHO, {"rest": f"http://127.0.0.1:{port}"})
        self.url = f"ws://127.0.0.1:{port}/ws"
        self.outside = Outside(clock, self.heard, self.http, lambda: CERTAIN)

    def feed(self, *natives: str, per_socket: int = 10, urls: tuple[str, ...] = ()) -> Feed:
        adapter = EchoAdapter(self.url, per_socket=per_socket)
        return Feed(adapter, [market(n) for n in natives], self.outside, urls=urls)

    def say(self, text: str) -> None:
        self.server._deliver(self.fake.say(text))


@contextlib.asynccontextmanager
async def running(feed: Feed) -> AsyncIterator[asyncio.Task[None]]:
    """The feed at work."""
    task = asyncio.create_task(feed.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    clock, fake = WatchedClock(), EchoFake()
    server = FakeServer(fake, clock)
    made = Bench(await server.start(), fake, server, clock)
    yield made
    await made.http.close()
    await server.stop()


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def test_it_says_the_feed_is_up_before_the_first_book(bench: Bench) -> None:
    async with running(bench.feed("A")):
        await bench.heard.next(BookChanged)

    assert isinstance(bench.heard.events[0], FeedUp)
    assert isinstance(bench.heard.events[1], BookChanged)


async def test_a_move_at_the_venue_becomes_a_book(bench: Bench) -> None:
    feed = bench.feed("A")
    async with running(feed):
        await bench.heard.next(BookChanged)

        bench.server.moved(move("A", 44))

        changed = await bench.heard.next(BookChanged)
    assert changed.book.ladders[0].bids[0][0] == 440_000
    assert feed.tally.frames == 2


async def test_it_says_down_once_and_connects_again_after_a_cut(bench: Bench) -> None:
    feed = bench.feed("A")
    async with running(feed):
        await bench.heard.next(FeedUp)

        bench.server.fault(fault_asked({"kind": "disconnect"}))

        down = await bench.heard.next(FeedDown)
        assert down.venue == ECHO
        assert feed.tally.up is False
        assert await wait_of(bench.clock, other_than=TICK) == SECOND
        bench.clock.pass_by(SECOND)
        await bench.heard.next(FeedUp)
        assert feed.tally.reconnects == 1


async def test_a_lost_socket_makes_its_books_stale(bench: Bench) -> None:
    async with running(bench.feed("A", "B")):
        await bench.heard.next(BookChanged)

        bench.server.fault(fault_asked({"kind": "disconnect"}))

        stale = await bench.heard.next(BookStale)
        assert stale.market == market("A").id


async def test_pauses_double_to_thirty_seconds_while_nobody_answers(bench: Bench) -> None:
    feed = bench.feed("A", urls=(f"ws://127.0.0.1:{closed_port()}/ws",))
    waits = []
    async with running(feed):
        for _ in range(7):
            waits.append(await wait_of(bench.clock, other_than=TICK) // SECOND)
            bench.clock.pass_by(waits[-1] * SECOND)

    assert waits == [1, 2, 4, 8, 16, 30, 30]


async def test_pauses_are_no_longer_than_what_is_set_now(bench: Bench) -> None:
    limits = [Limits(reconnect_cap_ms=4_000)]
    bench.outside = msgspec.structs.replace(bench.outside, limits=lambda: limits[0])
    feed = bench.feed("A", urls=(f"ws://127.0.0.1:{closed_port()}/ws",))
    waits = []
    async with running(feed):
        for number in range(6):
            if number == 4:
                limits[0] = Limits(reconnect_cap_ms=2_000)
            waits.append(await wait_of(bench.clock, other_than=TICK) // SECOND)
            bench.clock.pass_by(waits[-1] * SECOND)

    assert waits[:4] == [1, 2, 4, 4]
    assert waits[-1] == 2


async def test_being_away_is_said_once_for_the_same_reason(bench: Bench) -> None:
    feed = bench.feed("A", urls=(f"ws://127.0.0.1:{closed_port()}/ws",))
    async with running(feed):
        for _ in range(3):
            bench.clock.pass_by(await wait_of(bench.clock, other_than=TICK))
        await wait_of(bench.clock, other_than=TICK)

    downs = [e for e in bench.heard.events if isinstance(e, FeedDown)]
    assert [down.reason for down in downs] == [feed.tally.down_reason]


async def test_the_pause_is_short_again_after_a_minute_of_data(bench: Bench) -> None:
    async with running(bench.feed("A")):
        for pause_s in (1, 2):
            await bench.heard.next(BookChanged)
            bench.server.fault(fault_asked({"kind": "disconnect"}))
            assert await wait_of(bench.clock, other_than=TICK) == pause_s * SECOND
            bench.clock.pass_by(pause_s * SECOND)
        await bench.heard.next(BookChanged)
        for cents in range(40, 44):
            bench.clock.pass_by(20 * SECOND)
            bench.server.moved(move("A", cents))
            await bench.heard.next(BookChanged)

        bench.server.fault(fault_asked({"kind": "disconnect"}))

        assert await wait_of(bench.clock, other_than=TICK) == SECOND


async def test_a_socket_silent_for_thirty_seconds_is_dropped(bench: Bench) -> None:
    async with running(bench.feed("A")):
        await bench.heard.next(BookChanged)
        assert await wait_of(bench.clock, other_than=0) == TICK

        bench.clock.pass_by(30 * SECOND)

        assert (await bench.heard.next(FeedDown)).reason == "silent for 30 s"


async def test_the_next_host_is_used_after_five_failures(bench: Bench) -> None:
    dead = f"ws://127.0.0.1:{closed_port()}/ws"
    bench.outside = Outside(bench.clock, bench.heard, bench.http, lambda: CERTAIN // 10)
    feed = bench.feed("A", urls=(dead, bench.url))
    async with running(feed):
        for _ in range(5):
            assert feed.tally.url in ("", dead)
            bench.clock.pass_by(await wait_of(bench.clock, other_than=TICK))

        await bench.heard.next(FeedUp)
        assert feed.tally.url == bench.url


async def test_markets_are_spread_over_sockets(bench: Bench) -> None:
    async with running(bench.feed("A", "B", "C", per_socket=2)):
        follows = sorted([await soon(bench.fake.heard, "follow") for _ in range(2)])

    assert follows == ["follow A B", "follow C"]


async def test_a_market_added_while_running_leaves_the_others_alone(bench: Bench) -> None:
    feed = bench.feed("A")
    async with running(feed):
        await bench.heard.next(BookChanged)

        feed.update([market("A"), market("B")])

        added = await bench.heard.next(BookChanged)
        assert added.book.market == market("B").id
        assert bench.server.sockets == 2
        assert feed.tally.reconnects == 0
    assert [type(e) for e in bench.heard.events[:3]] == [FeedUp, BookChanged, BookChanged]


async def test_a_market_on_new_terms_is_subscribed_anew(bench: Bench) -> None:
    feed = bench.feed("A", "B")
    async with running(feed):
        await bench.heard.next(BookChanged)
        await soon(bench.fake.heard, "follow A B")
        finer = msgspec.structs.replace(market("A"), ticks=even_ladder(Px(1_000)))

        feed.update([finer, market("B")])

        assert await soon(bench.fake.heard, "follow") == "follow A"
        assert (await bench.heard.next(BookStale)).market == finer.id
        assert (await bench.heard.next(BookChanged)).book.market == finer.id


async def test_a_session_is_told_the_time_four_times_a_second(bench: Bench) -> None:
    async with running(bench.feed("A")):
        await bench.heard.next(BookChanged)
        assert await wait_of(bench.clock, other_than=0) == TICK

        bench.clock.pass_by(TICK)

        assert (await soon(bench.fake.heard, "tick")) == f"tick {TICK}"


async def test_a_venues_word_to_leave_is_the_reason_said(bench: Bench) -> None:
    async with running(bench.feed("A")):
        await bench.heard.next(BookChanged)

        bench.say("leave")

        assert (await bench.heard.next(FeedDown)).reason == "asked to leave"


async def test_a_market_taken_away_is_heard_no_more(bench: Bench) -> None:
    feed = bench.feed("A", "B")
    async with running(feed):
        await bench.heard.next(BookChanged)
        await bench.heard.next(BookChanged)
        feed.update([market("B")])
        assert (await bench.heard.next(BookStale)).market == market("A").id

        bench.server.moved(move("A", 33))
        bench.server.moved(move("B", 34))

        assert (await bench.heard.next(BookChanged)).book.market == market("B").id


async def test_many_small_sockets_are_arranged_anew(bench: Bench) -> None:
    feed = bench.feed("A")
    async with running(feed):
        names = ["A"]
        for native in "BCD":
            await bench.heard.next(BookChanged)
            names.append(native)
            feed.update([market(n) for n in names])

        while (said := await soon(bench.fake.heard, "follow")) != "follow A B C D":
            assert len(said.split()) == 2
        await bench.heard.next(FeedUp)
        assert not [e for e in bench.heard.events if isinstance(e, FeedDown)]


async def test_losing_one_of_two_sockets_is_not_the_venue_down(bench: Bench) -> None:
    feed = bench.feed("A", "B", per_socket=1)
    async with running(feed):
        await bench.heard.next(BookChanged)
        await bench.heard.next(BookChanged)

        bench.server._deliver([o for o in bench.fake.say("leave") if o.conn == 1])

        await bench.heard.next(BookStale)
        await wait_of(bench.clock, other_than=TICK)
        assert feed.tally.up is True
        assert not [e for e in bench.heard.events if isinstance(e, FeedDown)]


async def test_faults_and_unknown_markets_are_counted(bench: Bench) -> None:
    feed = bench.feed("A")
    async with running(feed):
        await bench.heard.next(BookChanged)

        bench.say("junk")
        bench.say("book STRANGER 40")
        bench.say("book A 41")

        assert (await bench.heard.next(BookChanged)).book.market == market("A").id
        assert feed.tally.faults == {"malformed": 1}
        assert feed.tally.unknown_markets == 1


async def test_the_first_and_the_tenth_fault_of_a_kind_are_logged(bench: Bench) -> None:
    with capture_logs() as logs:
        async with running(bench.feed("A")):
            await bench.heard.next(BookChanged)

            for _ in range(12):
                bench.say("junk")
            bench.say("book A 41")

            await bench.heard.next(BookChanged)

    assert [(entry["reason"], entry["times"]) for entry in logs] == [
        ("malformed", 1),
        ("malformed", 10),
    ]
    assert logs[0]["detail"] == "junk"


async def test_a_session_may_fetch_over_http(bench: Bench) -> None:
    async with running(bench.feed("A")):
        await bench.heard.next(BookChanged)

        bench.say("ask")

        assert await soon(bench.fake.heard, "got") == "got detail 200 GET rest /detail {}"


async def test_a_fetch_that_fails_is_answered_with_nothing(bench: Bench) -> None:
    away = Http(VenueId("echo"), {"rest": f"http://127.0.0.1:{closed_port()}"})
    bench.outside = Outside(bench.clock, bench.heard, away, lambda: CERTAIN)
    feed = bench.feed("A")
    async with running(feed):
        await bench.heard.next(BookChanged)

        bench.say("ask")

        assert await soon(bench.fake.heard, "got") == "got detail nothing"
        assert feed.tally.faults == {"unreachable": 1}
    await away.close()


async def test_a_bug_in_a_session_passes_through_after_the_feed_is_said_down(bench: Bench) -> None:
    async with running(bench.feed("A")) as task:
        await bench.heard.next(BookChanged)

        bench.say("crash")

        with pytest.raises(ExceptionGroup) as raised:
            await asyncio.wait_for(task, PATIENCE_S)
    assert raised.group_contains(KeyError)
    assert isinstance(bench.heard.events[-1], FeedDown)


async def test_both_directions_are_recorded_with_their_times(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "tape.jsonl.gz"
    with Recorder(path, Header("echo")) as recorder:
        bench.outside = Outside(bench.clock, bench.heard, bench.http, lambda: CERTAIN, recorder)
        async with running(bench.feed("A")):
            bench.clock.pass_by(7 * MS)
            await bench.heard.next(BookChanged)

    lines = [line for line in read_recording(path) if isinstance(line, Line)]
    assert [(line.direction, line.frame) for line in lines] == [
        ("out", "follow A"),
        ("in", "book A 50"),
    ]
    assert lines[1].at == bench.clock.now()
    assert gzip.decompress(path.read_bytes()).endswith(b"\n")
