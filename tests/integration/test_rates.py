"""Rate buckets in a real Redis, shared by real processes."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis.asyncio

from arbsite import local
from feeds.books.rates import Bucket, Draw
from feeds.runtime.pause import pause
from feeds.runtime.rates import PREFIX, Rates, client_of
from feeds.venues.base import Reply, Request
from markets.terms.ids import VenueId
from markets.terms.units import MS, SECOND, Ns
from trading.runtime.clock import SystemClock
from trading.runtime.gateway import VenueUnreachable

ROOT = Path(__file__).parents[2]
NEVER = "redis://127.0.0.1:1/0"
ASK = Request("GET", "rest", "/x")
# A token comes back every 1,000 s: as good as never within a test.
SLOW = Bucket("slow", capacity=30, refill=1, reserve=10)
TAKER = """
import asyncio, sys
from tests.integration.test_rates import grab
print(asyncio.run(grab(sys.argv[1], sys.argv[2])))
"""


OPEN: list[redis.asyncio.Redis] = []


@pytest.fixture(autouse=True)
async def _closed() -> AsyncIterator[None]:
    yield
    for client in OPEN:
        await client.aclose()
    OPEN.clear()


def rates(url: str, bucket: Bucket, venue: str, **more: object) -> Rates:
    options = {"job": False, "patience": Ns(0), **more}
    client = client_of(url)
    OPEN.append(client)
    return Rates(VenueId(venue), lambda _: (Draw(bucket),), client, SystemClock(), **options)  # type: ignore[arg-type]


async def taken(by: Rates, tries: int, *, urgent: bool = False) -> int:
    """How many of these tries were let through at once."""
    found = 0
    for _ in range(tries):
        try:
            await by.admit(ASK, urgent=urgent)
        except VenueUnreachable:
            continue
        found += 1
    return found


async def grab(url: str, venue: str) -> int:
    mine = rates(url, SLOW, venue)
    found = await taken(mine, 30)
    await mine.close()
    return found


@pytest.fixture
async def url(servers: local.Servers) -> str:
    """A Redis without any bucket in it."""
    client = redis.asyncio.from_url(servers.redis_url)
    async for key in client.scan_iter(f"{PREFIX}*"):
        await client.delete(key)
    await client.aclose()
    return servers.redis_url


async def test_two_processes_share_one_bucket(url: str) -> None:
    ran = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", TAKER, url, "two", cwd=ROOT, stdout=asyncio.subprocess.PIPE
        )
        for _ in range(2)
    ]
    async with asyncio.timeout(60):
        counts = [int((await process.communicate())[0]) for process in ran]

    assert sum(counts) == SLOW.capacity - SLOW.reserve


async def test_the_reserve_is_left_for_cancels_and_hedges(url: str) -> None:
    mine = rates(url, SLOW, "reserve")

    assert await taken(mine, 40) == 20
    assert await taken(mine, 40, urgent=True) == 10


async def test_tokens_come_back_by_the_servers_clock(url: str) -> None:
    quick = Bucket("quick", capacity=1, refill=20_000)
    mine = rates(url, quick, "refill", patience=Ns(SECOND))
    clock = SystemClock()
    begun = clock.now()

    assert await taken(mine, 11) == 11

    assert 450 * MS <= clock.now() - begun <= 5 * SECOND
    assert mine.waited >= 400 * MS


async def test_what_the_venue_asks_holds_for_all_processes(url: str) -> None:
    mine, yours = (rates(url, SLOW, "held") for _ in range(2))

    await mine.answered(ASK, Reply(429, (("retry-after", "30"),), b""))

    assert await taken(yours, 1, urgent=True) == 0
    with pytest.raises(VenueUnreachable, match="its rate bucket is empty for 29 s") as refused:
        await yours.admit(ASK)
    assert refused.value.sent is False


async def test_several_buckets_are_drawn_together_or_not_at_all(url: str) -> None:
    wide, narrow = Bucket("wide", 5, 1), Bucket("narrow", 2, 1)
    client = client_of(url)
    OPEN.append(client)
    both = Rates(
        VenueId("both"),
        lambda _: (Draw(wide), Draw(narrow)),
        client,
        SystemClock(),
        job=False,
        patience=Ns(0),
    )

    assert await taken(both, 5) == 2
    assert await taken(rates(url, wide, "both"), 5) == 3


async def test_a_worker_without_redis_keeps_half_to_itself() -> None:
    plain = Bucket("plain", capacity=30, refill=1)

    assert await taken(rates(NEVER, plain, "away"), 40) == 15


async def test_a_job_without_redis_waits_and_goes_on_when_it_is_back(url: str) -> None:
    clock = SystemClock()
    behind = urlsplit(url)
    gate = asyncio.Event()

    async def through(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Redis behind a door: shut until the gate opens."""
        if not gate.is_set():
            writer.close()
            return
        inner, outer = await asyncio.open_connection("127.0.0.1", behind.port)

        async def carry(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            while data := await source.read(4096):
                sink.write(data)
            sink.close()

        await asyncio.gather(carry(reader, outer), carry(inner, writer))
        outer.close()

    door = await asyncio.start_server(through, "127.0.0.1", 0)
    address = url.replace(str(behind.port), str(door.sockets[0].getsockname()[1]))
    mine = rates(address, SLOW, "job", job=True)
    waiting = asyncio.create_task(mine.admit(ASK))
    await pause(clock, Ns(1_500 * MS))
    assert not waiting.done()

    gate.set()

    async with asyncio.timeout(10):
        await waiting
    await mine.close()
    door.close()
    await door.wait_closed()
