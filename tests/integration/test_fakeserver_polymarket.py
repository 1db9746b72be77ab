"""An account at the fake Polymarket over real HTTP and a real socket."""

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from feeds.runtime.fakeserver import FakeServer
from feeds.runtime.world import LAYOUTS
from feeds.venues.polymarket import credentials
from feeds.venues.polymarket.shapes import Traits
from markets.terms.units import MS, SECOND, Ns
from tests.contract.polymarket_desk import Client, Desk
from trading.engine.orders import Side
from trading.runtime.clock import SystemClock

HOLD = Ns(150 * MS)


class Wire:
    """A client whose calls travel."""

    def __init__(self, client: Client, server: FakeServer, http: aiohttp.ClientSession) -> None:
        self.client, self.server, self.http = client, server, http
        self.clock = SystemClock()

    async def place(self, body: dict[str, Any]) -> dict[str, Any]:
        raw = json.dumps(body, separators=(",", ":")).encode()
        sealed = credentials.l2_headers(
            self.client.creds,
            self.client.address,
            self.clock.now() // SECOND,
            ("POST", "/order", raw),
        )
        url = f"http://127.0.0.1:{self.server.port}/clob/order"
        async with self.http.post(url, data=raw, headers=dict(sealed)) as reply:
            told: dict[str, Any] = await reply.json()
            return told

    async def listen(self) -> aiohttp.ClientWebSocketResponse:
        socket = await self.http.ws_connect(f"ws://127.0.0.1:{self.server.port}/ws/user")
        auth = {
            "apiKey": self.client.creds.api_key,
            "secret": self.client.creds.secret,
            "passphrase": self.client.creds.passphrase,
        }
        await socket.send_str(json.dumps({"type": "user", "auth": auth}))
        await socket.send_str("PING")
        assert await socket.receive_str(timeout=5) == "PONG"
        return socket


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    clock = SystemClock()
    desk = Desk(traits=Traits(taker_hold=HOLD))
    desk.at = clock.now()
    client = Client(desk)
    server = FakeServer(desk.fake, clock, prefixes=LAYOUTS["polymarket"].prefixes)
    await server.start()
    async with aiohttp.ClientSession() as http:
        yield Wire(client, server, http)
    await server.stop()


async def test_an_order_over_http_is_heard_on_the_user_socket(wire: Wire) -> None:
    socket = await wire.listen()
    told = await wire.place(wire.client.limit(Side.BUY, "0.40", "10"))
    frame = json.loads(await socket.receive_str(timeout=5))

    assert told["status"] == "live"
    assert (frame["type"], frame["id"]) == ("PLACEMENT", told["orderID"])


async def test_a_taker_is_held_before_its_order_is_looked_at(wire: Wire) -> None:
    socket = await wire.listen()
    before = wire.clock.now()
    told = await wire.place(wire.client.limit(Side.BUY, "0.44", "10"))
    frame = json.loads(await socket.receive_str(timeout=5))

    assert told["status"] == "matched"
    assert int(frame["timestamp"]) * MS >= before + HOLD - MS
