"""What an order costs on its way out, each beside the bare part: sign, write, there and back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import perf_counter_ns

import aiohttp
import msgspec
import uvloop
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from feeds.runtime.connection import address_of, head_of
from feeds.runtime.order_entry import OrderEntry
from feeds.venues.base import Request
from feeds.venues.kalshi import encode, sign
from feeds.venues.kalshi.ring import SignedRing
from feeds.venues.kalshi.trader import KalshiTrader
from markets.terms.fees_kalshi import schedule
from markets.terms.ids import DealId, OrderId, VenueId, market_id
from markets.terms.instruments import Market, even_ladder
from markets.terms.units import MICRO, MS, Ns, Px, Qty
from tests.bench.measure import Result, each_us, percentile
from trading.engine.orders import BookKind, OrderRequest, Purpose, Side, TimeInForce
from trading.runtime.clock import SystemClock

VENUE = VenueId("kalshi")
TRIPS = 2_000
PATH = encode.PREFIX + encode.ORDERS
ANSWER = (
    b'{"order_id":"97ec18b7-0000-4000-8000-000000000000","client_order_id":"r-1-0",'
    b'"fill_count":"1.00","remaining_count":"0.00","average_fill_price":"0.5200",'
    b'"average_fee_paid":"0.0175","ts_ms":1781159370164}'
)
HEAD = b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
REPLY = HEAD % len(ANSWER) + ANSWER
MARKET = Market(
    market_id(VENUE, "KXRAIN-1"),
    VENUE,
    "KXRAIN-1",
    "",
    ("Yes", "No"),
    even_ladder(Px(10_000)),
    schedule("quadratic", MICRO),
)
ORDER = OrderRequest(
    OrderId("r-1-0"),
    DealId("r-1"),
    0,
    MARKET.id,
    0,
    Side.BUY,
    Px(420_000),
    Qty(10 * MICRO),
    TimeInForce.IOC,
    BookKind.LIVE,
    Purpose.OPEN,
    placed_at=Ns(1),
)


def measure() -> list[Result]:
    """Sign, write, and the way to a server on loopback and back."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
        trips = loop.run(_trips())
    return [*_signing(), *_writing(), *trips]


def _signing() -> list[Result]:
    now = SystemClock().now()
    ed = ed25519.Ed25519PrivateKey.generate()
    rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    text = f"{now // MICRO}POST{PATH}".encode()
    bare = each_us(lambda: [ed.sign(text) for _ in range(200)], 200)
    slow = each_us(lambda: [sign.headers("k", rsa_key, now, "POST", PATH) for _ in range(50)], 50)
    fast = each_us(lambda: [sign.headers("k", ed, now, "POST", PATH) for _ in range(200)], 200)
    ring = SignedRing("k", ed, (("POST", PATH),))

    def taken() -> None:
        for number in range(4):
            ring.ripen(Ns(now + number * MS))
        for _ in range(4):
            ring.headers(now, "POST", PATH)

    both = each_us(taken, 4)
    return [
        Result("sign, bare Ed25519", bare, "µs"),
        Result("sign a request, RSA 2048", slow, "µs", "bare Ed25519", slow / bare),
        Result("sign a request, Ed25519", fast, "µs", "bare Ed25519", fast / bare),
        Result("sign ahead and take, Ed25519", both, "µs", "bare Ed25519", both / bare),
    ]


def _writing() -> list[Result]:
    key = ed25519.Ed25519PrivateKey.generate()
    clock = SystemClock()
    trader = KalshiTrader(("k", key), lambda order: None)
    trader.list_markets([MARKET])
    address = address_of("https://external-api.kalshi.com/trade-api/v2")
    plain = {"ticker": "KXRAIN-1", "side": "bid", "count": "10.00", "price": "0.4200"}
    bare = each_us(lambda: [msgspec.json.encode(plain) for _ in range(1_000)], 1_000)
    body = each_us(lambda: [encode.place(ORDER, MARKET) for _ in range(1_000)], 1_000)

    def out() -> list[bytes]:
        made = []
        for _ in range(200):
            now = clock.now()
            step = next(trader.place(ORDER, now))
            request = getattr(step, "request")  # noqa: B009  the first step is always a question
            signed = trader.signed(request, now)
            made.append(head_of(signed, address) + signed.body)
        return made

    cold = each_us(out, 200)
    times = []
    for _ in range(400):
        trader.ripen(clock.now())
        now = clock.now()
        began = perf_counter_ns()
        request = getattr(next(trader.place(ORDER, now)), "request")  # noqa: B009
        signed = trader.signed(request, now)
        head_of(signed, address)
        times.append(perf_counter_ns() - began)
    warm = percentile(times, 50) / 1_000
    return [
        Result("encode an order, bare (msgspec)", bare, "µs"),
        Result("encode an order, Kalshi", body, "µs", "bare encode", body / bare),
        Result("intent to bytes, signed on the spot", cold, "µs", "bare encode", cold / bare),
        Result("intent to bytes, signature ready", warm, "µs", "bare encode", warm / bare),
    ]


async def _trips() -> list[Result]:
    server = await asyncio.get_running_loop().create_server(_Venue, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    request = encode.place(ORDER, MARKET)
    base = f"http://127.0.0.1:{port}"
    bare = await _bare(port, head_of(request, address_of(base)) + request.body)
    entry = OrderEntry(VENUE, {"rest": base}, SystemClock())
    ours = await _timed(lambda: entry.send(request))
    entry.close()
    theirs = await _aiohttp(base, request)
    server.close()
    return [
        Result("order round trip, bare streams", bare, "µs"),
        Result("order round trip, order entry", ours, "µs", "bare streams", ours / bare),
        Result("order round trip, aiohttp", theirs, "µs", "bare streams", theirs / bare),
    ]


class _Venue(asyncio.Protocol):
    """Answers each order at once."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(REPLY)  # type: ignore[attr-defined]


async def _timed(trip: Callable[[], Awaitable[object]]) -> float:
    """Median microseconds."""
    times = []
    for _ in range(TRIPS):
        began = perf_counter_ns()
        await trip()
        times.append(perf_counter_ns() - began)
    return percentile(times, 50) / 1_000


async def _bare(port: int, sent: bytes) -> float:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def trip() -> None:
        writer.write(sent)
        await reader.readexactly(len(REPLY))

    found = await _timed(trip)
    writer.close()
    return found


async def _aiohttp(base: str, request: Request) -> float:
    async with aiohttp.ClientSession() as session:

        async def trip() -> None:
            url = base + request.path
            async with session.post(url, data=request.body, headers=list(request.headers)) as said:
                await said.read()

        return await _timed(trip)
