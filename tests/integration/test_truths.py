"""What feeds are worth, told to a real Redis and found again by the next worker."""

from typing import cast

import msgspec

from arbsite import local
from feeds.books.minutes import MINUTE, Minute
from feeds.runtime.rates import client_of
from feeds.runtime.truths import TruthTeller
from trading import showcase
from trading.engine.pictures import VenueTruth
from trading.runtime.clock import SystemClock
from trading.runtime.shown import MINUTES_KEY, VENUES_KEY

NOON = 30_000_000


async def test_the_next_worker_goes_on_with_the_day_it_finds(servers: local.Servers) -> None:
    client = client_of(servers.redis_url)
    await client.delete(MINUTES_KEY, VENUES_KEY)
    said = [showcase.truth("kalshi", NOON * MINUTE)]

    await TruthTeller(client, SystemClock(), lambda: said).tell()
    said[0] = showcase.truth("kalshi", (NOON + 1) * MINUTE)
    await TruthTeller(client, SystemClock(), lambda: said).tell()

    raw = cast(bytes, await client.hget(MINUTES_KEY, "kalshi"))
    now = cast(bytes, await client.get(VENUES_KEY))
    await client.delete(MINUTES_KEY, VENUES_KEY)
    await client.aclose()
    day = msgspec.msgpack.decode(raw, type=list[Minute])
    assert [minute.number for minute in day] == [NOON, NOON + 1]
    assert msgspec.msgpack.decode(now, type=list[VenueTruth]) == said


async def test_a_day_that_cannot_be_read_begins_anew(servers: local.Servers) -> None:
    client = client_of(servers.redis_url)
    await client.hset(MINUTES_KEY, "kalshi", b"\xff")
    said = [showcase.truth("kalshi", NOON * MINUTE)]

    await TruthTeller(client, SystemClock(), lambda: said).tell()

    raw = cast(bytes, await client.hget(MINUTES_KEY, "kalshi"))
    await client.delete(MINUTES_KEY, VENUES_KEY)
    await client.aclose()
    assert len(msgspec.msgpack.decode(raw, type=list[Minute])) == 1


async def test_nothing_waits_for_a_redis_that_is_away() -> None:
    client = client_of("redis://127.0.0.1:1/0")

    await TruthTeller(client, SystemClock(), list).tell()

    await client.aclose()
