"""The fake server over real loopback sockets and requests."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager

import pytest
from aiohttp import ClientSession, WSMsgType
from websockets.asyncio.server import ServerConnection, serve

from feeds.runtime.fakeserver import STEP, TICK, FakeServer, drive
from feeds.runtime.http import Http
from feeds.runtime.ws import Socket, SocketClosed, open_socket
from feeds.sim.faults import KINDS, Fault, Script, TimedFault
from feeds.sim.ledger import Ledger
from feeds.sim.scenario import Move
from feeds.venues.base import Request
from markets.terms.ids import VenueId
from markets.terms.units import MS, SECOND, Ns, Usd
from tests.integration.echo_venue import (
    ECHO,
    KEY,
    PATIENCE_S,
    START,
    EchoFake,
    WatchedClock,
    move,
    soon,
)
from trading.runtime.gateway import VenueUnreachable


class Served:
    """A fake being served, and a client's way to it."""

    def __init__(self, server: FakeServer, fake: EchoFake, clock: WatchedClock) -> None:
        self.server = server
        self.fake = fake
        self.clock = clock
        base = f"http://127.0.0.1:{server.port}"
        self.http = Http(ECHO, {"rest": base, "gamma": f"{base}/gamma", "faults": base})
        self.url = f"ws://127.0.0.1:{server.port}/ws/market"

    def socket(self, *headers: tuple[str, str]) -> AbstractAsyncContextManager[Socket]:
        return open_socket(ECHO, self.url, headers or (KEY,), self.clock)


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    clock, fake = WatchedClock(), EchoFake()
    server = FakeServer(fake, clock, prefixes={"gamma": "gamma"})
    await server.start()
    made = Served(server, fake, clock)
    yield made
    await made.http.close()
    await server.stop()


async def frame(opened: Socket) -> str:
    async with asyncio.timeout(PATIENCE_S):
        return (await opened.frame())[0]


async def drain(opened: Socket) -> None:
    while True:
        await frame(opened)


async def test_it_hands_requests_to_the_fake_with_path_query_and_body(served: Served) -> None:
    reply = await served.http.send(
        Request("POST", "rest", "/trade/v2/orders", (("a", "1 2"), ("b", "")), body=b"{}")
    )

    assert reply.status == 200
    assert reply.body == b"POST rest /trade/v2/orders {'a': '1 2', 'b': ''}{}"
    assert dict(reply.headers)["x-venue"] == "echo"


async def test_a_prefix_names_the_host_and_is_taken_off(served: Served) -> None:
    reply = await served.http.send(Request("GET", "gamma", "/events"))

    assert reply.body == b"GET gamma /events {}"


async def test_the_fakes_own_status_comes_through(served: Served) -> None:
    assert (await served.http.send(Request("GET", "rest", "/missing"))).status == 404


async def test_a_socket_talks_to_the_fake(served: Served) -> None:
    async with served.socket() as opened:
        await opened.send("follow A")
        assert await frame(opened) == "book A 50"

        served.server.moved(move("A", 61))

        assert await frame(opened) == "book A 61"


async def test_a_handshake_the_fake_refuses_is_unreachable(served: Served) -> None:
    with pytest.raises(VenueUnreachable, match="401"):
        async with served.socket(("x-key", "wrong")):
            pass


async def test_a_frame_of_two_megabytes_arrives_whole(served: Served) -> None:
    text = "x" * 2 * 1024 * 1024
    async with served.socket() as opened:
        await opened.send("follow A")
        await frame(opened)

        served.server._deliver(served.fake.say(text))

        assert await frame(opened) == text


async def test_the_fake_may_hang_up(served: Served) -> None:
    async with served.socket() as opened:
        await opened.send("bye")

        with pytest.raises(SocketClosed, match="closed 4000 as asked"):
            await frame(opened)


async def test_a_client_that_leaves_is_forgotten(served: Served) -> None:
    async with served.socket() as opened:
        await opened.send("follow A")
        await frame(opened)
        assert served.server.sockets == 1

    await soon(served.fake.heard, "gone")
    assert served.server.sockets == 0
    assert served.fake.followers == {}


async def test_a_disconnect_fault_cuts_every_socket(served: Served) -> None:
    async with served.socket() as opened:
        await opened.send("follow A")
        await frame(opened)

        reply = await ask_fault(served, {"kind": "disconnect"})

        assert reply == 200
        with pytest.raises(SocketClosed, match="connection lost"):
            await frame(opened)


async def test_silence_loses_frames_until_it_is_over(served: Served) -> None:
    async with served.socket() as opened:
        await opened.send("follow A")
        await frame(opened)
        await ask_fault(served, {"kind": "silence", "seconds": 2})
        served.server.moved(move("A", 60))

        served.clock.pass_by(2 * SECOND)
        served.server.moved(move("A", 70))

        assert await frame(opened) == "book A 70"


async def test_refusing_answers_503_until_it_is_over(served: Served) -> None:
    await ask_fault(served, {"kind": "refuse", "seconds": 1.5})

    assert (await served.http.send(Request("GET", "rest", "/x"))).status == 503
    with pytest.raises(VenueUnreachable, match="503"):
        async with served.socket():
            pass
    served.clock.pass_by(2 * SECOND)
    assert (await served.http.send(Request("GET", "rest", "/x"))).status == 200


async def test_a_fault_nobody_knows_is_refused_with_a_sentence(served: Served) -> None:
    reply = await served.http.send(
        Request("POST", "faults", "/_faults", body=json.dumps({"kind": "fire"}).encode())
    )

    assert reply.status == 400
    assert b"fire" in reply.body


async def test_a_reader_that_falls_too_far_behind_is_cut(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feeds.runtime.fakeserver.WAITING_FRAMES", 3)
    async with served.socket() as opened:
        await opened.send("follow A")
        await frame(opened)

        for cents in range(10, 20):  # no turn of the loop between these
            served.server.moved(move("A", cents))

        with pytest.raises(SocketClosed):
            await drain(opened)


async def test_the_fake_is_told_the_time_four_times_a_second(served: Served) -> None:
    async with asyncio.timeout(PATIENCE_S):
        for _ in range(4):
            assert await served.clock.asked.get() == TICK
            served.clock.pass_by(TICK)
        await served.clock.asked.get()

    assert served.fake.ticks == 4


async def test_a_venue_that_beats_pings_every_ten_seconds_even_while_frames_are_lost() -> None:
    class Beat(EchoFake):
        heartbeat = b"heartbeat"

    clock, fake = WatchedClock(), Beat()
    server = FakeServer(fake, clock)
    await server.start()
    server.fault(Fault("silence", Ns(60 * SECOND)))
    url = f"http://127.0.0.1:{server.port}/ws"
    try:
        async with (
            ClientSession() as session,
            session.ws_connect(url, headers=[KEY], autoping=False) as client,
            asyncio.timeout(PATIENCE_S),
        ):
            await client.send_str("hello")
            await soon(fake.heard, "hello")
            for _ in range(10 * SECOND // TICK):
                assert await clock.asked.get() == TICK
                clock.pass_by(TICK)
            message = await client.receive()
    finally:
        await server.stop()

    assert (message.type, message.data) == (WSMsgType.PING, b"heartbeat")


async def test_a_venues_ping_is_answered_by_the_socket_itself() -> None:
    async def ping(connection: ServerConnection) -> None:
        answered = await connection.ping(b"heartbeat")
        await answered
        await connection.send("answered")

    async with (
        serve(ping, "127.0.0.1", 0) as server,
        open_socket(
            ECHO, f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}", (), WatchedClock()
        ) as opened,
    ):
        assert await frame(opened) == "answered"


async def test_a_taken_port_is_an_error_of_the_system(served: Served) -> None:
    with pytest.raises(OSError, match="address already in use"):
        await FakeServer(EchoFake(), served.clock, served.server.port).start()


async def test_driving_hands_each_move_to_its_venue(served: Served) -> None:
    class TwoMoves:
        def advance(self, at: Ns) -> list[Move]:
            cents = (at - START) // STEP
            elsewhere = Move(VenueId("elsewhere"), "Z", (), ())
            return [elsewhere, move("A", 30 + cents)]

    task = asyncio.create_task(drive(TwoMoves(), {ECHO: served.server}, served.clock))
    async with asyncio.timeout(PATIENCE_S):
        for _ in range(3):
            while await served.clock.asked.get() != STEP:
                pass
            served.clock.pass_by(STEP)
    assert await soon(served.fake.moves, "A 33") == "A 33"

    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_nothing_listens_after_the_stop() -> None:
    server = FakeServer(EchoFake(), WatchedClock())
    port = await server.start()

    await server.stop()

    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


async def test_what_a_client_says_reaches_the_fake(served: Served) -> None:
    async with served.socket() as opened:
        await opened.send("hello there")

        assert await soon(served.fake.heard, "hello") == "hello there"


async def test_a_disconnect_that_lasts_also_turns_new_sockets_away(served: Served) -> None:
    await ask_fault(served, {"kind": "disconnect", "seconds": 3})
    with pytest.raises(VenueUnreachable, match="502"):
        async with served.socket():
            pass
    assert (await served.http.send(Request("GET", "rest", "/x"))).status == 200
    served.clock.pass_by(3 * SECOND)
    async with served.socket() as opened:
        await opened.send("follow A")
        assert await frame(opened) == "book A 50"


@pytest.mark.parametrize(
    ("kind", "heard"),
    [
        ("gap", ["book A 62", "book A 63", "book A 64"]),
        ("duplicate", ["book A 61", "book A 61", "book A 62", "book A 63", "book A 64"]),
        ("reorder", ["book A 62", "book A 61", "book A 63", "book A 64"]),
        ("malformed", ['{"type": boo\\', "book A 62", "book A 63", "book A 64"]),
        ("truncated", ["book", "book A 62", "book A 63", "book A 64"]),
    ],
)
async def test_a_frame_is_lost_doubled_late_or_spoilt(
    served: Served, kind: str, heard: list[str]
) -> None:
    async with served.socket() as opened:
        await opened.send("follow A")
        await frame(opened)
        assert await ask_fault(served, {"kind": kind, "count": 1}) == 200

        for cents in (61, 62, 63, 64):
            served.server.moved(move("A", cents))

        assert [await frame(opened) for _ in heard] == heard


async def test_a_slow_venue_sends_frames_late(served: Served) -> None:
    async with served.socket() as opened:
        await opened.send("follow A")
        await frame(opened)
        await ask_fault(served, {"kind": "slow", "ms": 700, "seconds": 5})
        served.server.moved(move("A", 61))

        async with asyncio.timeout(PATIENCE_S):
            while await served.clock.asked.get() != 700 * MS:
                pass
        served.clock.pass_by(700 * MS)

        assert await frame(opened) == "book A 61"


async def test_a_slow_venue_answers_late(served: Served) -> None:
    await ask_fault(served, {"kind": "slow", "ms": 700, "seconds": 5})
    asking = asyncio.create_task(served.http.send(Request("GET", "rest", "/x")))
    async with asyncio.timeout(PATIENCE_S):
        while await served.clock.asked.get() != 700 * MS:
            pass
    assert not asking.done()
    served.clock.pass_by(700 * MS)
    assert (await asking).status == 200


async def test_a_storm_answers_429_with_the_time_to_wait(served: Served) -> None:
    await ask_fault(served, {"kind": "storm", "seconds": 2, "retry_after": 1})
    reply = await served.http.send(Request("GET", "rest", "/x"))
    assert (reply.status, dict(reply.headers)["retry-after"]) == (429, "1")
    served.clock.pass_by(2 * SECOND)
    assert (await served.http.send(Request("GET", "rest", "/x"))).status == 200


async def test_a_broken_venue_answers_the_status_asked_for(served: Served) -> None:
    await ask_fault(served, {"kind": "broken", "seconds": 2, "status": 502})
    assert (await served.http.send(Request("GET", "rest", "/x"))).status == 502


async def test_a_write_is_done_and_never_answered(served: Served) -> None:
    await ask_fault(served, {"kind": "unanswered", "count": 1})
    assert (await served.http.send(Request("GET", "rest", "/x"))).status == 200
    with pytest.raises(VenueUnreachable) as raised:
        await served.http.send(Request("POST", "rest", "/orders"))
    assert raised.value.sent
    assert served.fake.asked[-1] == "POST /orders"
    assert (await served.http.send(Request("POST", "rest", "/orders"))).status == 200


async def test_a_write_is_answered_with_an_error_in_a_success_and_not_done(served: Served) -> None:
    await ask_fault(served, {"kind": "error_body", "count": 1})
    reply = await served.http.send(Request("POST", "rest", "/orders"))
    assert reply.status == 200
    assert json.loads(reply.body)["error"]["code"] == "internal_error"
    assert "POST /orders" not in served.fake.asked


async def test_the_venues_clock_is_off_until_it_is_set_right(served: Served) -> None:
    await ask_fault(served, {"kind": "clock", "ms": -4_000})
    await served.http.send(Request("GET", "rest", "/x"))
    assert served.fake.told_at == served.clock.now() - 4_000 * MS
    await ask_fault(served, {"kind": "clock", "ms": 0})
    await served.http.send(Request("GET", "rest", "/x"))
    assert served.fake.told_at == served.clock.now()


@pytest.mark.parametrize(("kind", "sign"), [("stale", -1), ("future", 1)])
async def test_books_claim_another_time_than_theirs(served: Served, kind: str, sign: int) -> None:
    await ask_fault(served, {"kind": kind, "ms": 9_000, "seconds": 2})
    served.server.moved(move("A", 61))
    assert served.fake.venue_at == served.clock.now() + sign * 9_000 * MS
    served.clock.pass_by(2 * SECOND)
    served.server.moved(move("A", 62))
    assert served.fake.venue_at == 0


async def test_a_fault_of_the_venue_is_handed_to_the_fake(served: Served) -> None:
    async with served.socket() as opened:
        await opened.send("follow A")
        await frame(opened)
        await ask_fault(served, {"kind": "mode", "mode": "paused", "seconds": 2})
        assert await frame(opened) == (
            "fault mode [('lasting', 2000000000), ('mode', 'paused'), ('seconds', 2)]"
        )
    assert await ask_fault(served, {"kind": "close", "market": "wrong"}) == 400


async def test_the_faults_that_can_be_asked_for_are_listed(served: Served) -> None:
    reply = await served.http.send(Request("GET", "faults", "/_faults"))
    listed = json.loads(reply.body)
    assert listed["ghost"]["arguments"] == ["seconds", "count"]
    assert set(listed) == set(KINDS)


async def test_the_books_of_a_fake_that_keeps_some_can_be_read(served: Served) -> None:
    assert (await served.http.send(Request("GET", "faults", "/_ledger"))).status == 404
    ledger = Ledger()
    ledger.deposit("ann", Usd(5_000_000), 3)
    served.fake.ledger = ledger
    reply = await served.http.send(Request("GET", "faults", "/_ledger"))
    assert json.loads(reply.body) == {
        "accounts": {"ann": {"cash": {"3": 5_000_000}, "holdings": {}}},
        "fees": 0,
        "trades": 0,
        "problems": [],
    }


async def test_a_script_begins_its_faults_at_their_times(served: Served) -> None:
    class Still:
        def advance(self, at: Ns) -> list[Move]:
            return []

    faults = (
        TimedFault(STEP, "echo", Fault("refuse", Ns(10 * SECOND))),
        TimedFault(STEP, "elsewhere", Fault("clock", Ns(0), {"ms": 9})),
    )
    script = Script(faults, START)
    task = asyncio.create_task(drive(Still(), {ECHO: served.server}, served.clock, script))
    async with asyncio.timeout(PATIENCE_S):
        for _ in range(3):
            while await served.clock.asked.get() != STEP:
                pass
            served.clock.pass_by(STEP)
    assert (await served.http.send(Request("GET", "rest", "/x"))).status == 503
    served.clock.pass_by(10 * SECOND)
    await served.http.send(Request("GET", "rest", "/x"))
    assert served.fake.told_at == served.clock.now()

    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def ask_fault(served: Served, fault: dict[str, object]) -> int:
    body = json.dumps(fault).encode()
    return (await served.http.send(Request("POST", "faults", "/_faults", body=body))).status
