"""The fake server over real loopback sockets and requests."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager

import pytest

from feeds.runtime.fakeserver import STEP, TICK, FakeServer, drive
from feeds.runtime.http import Http
from feeds.runtime.ws import Socket, SocketClosed, open_socket
from feeds.sim.scenario import Move
from feeds.venues.base import Request
from markets.terms.ids import VenueId
from markets.terms.units import SECOND, Ns
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


async def ask_fault(served: Served, fault: dict[str, object]) -> int:
    body = json.dumps(fault).encode()
    return (await served.http.send(Request("POST", "faults", "/_faults", body=body))).status
