"""Tells the pages what each feed is worth: now, and minute by minute for a day.

Both lie in Redis, so that a worker that starts again goes on with the day it finds there. While
Redis is away nothing is told and nothing waits for it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from typing import cast

import msgspec
import redis.asyncio
import redis.exceptions

from feeds.books.minutes import Minute, noted
from feeds.runtime.pause import pause
from markets.terms.ids import VenueId
from markets.terms.units import SECOND, Ns
from trading.engine.pictures import VenueTruth
from trading.runtime.clock import Clock
from trading.runtime.shown import MINUTES_KEY, VENUES_KEY

_DAYS = msgspec.msgpack.Decoder(list[Minute])


class TruthTeller:
    """Says once a second what `truths` finds, and keeps the day of each venue."""

    def __init__(
        self,
        client: redis.asyncio.Redis,
        clock: Clock,
        truths: Callable[[], Iterable[VenueTruth]],
    ) -> None:
        self._redis = client
        self._clock = clock
        self._truths = truths
        self._days: dict[VenueId, list[Minute]] | None = None

    async def run(self) -> None:
        """Tells until cancelled."""
        while True:
            await self.tell()
            await pause(self._clock, Ns(SECOND))

    async def tell(self) -> None:
        """One word; lost when Redis does not take it within a second."""
        truths = list(self._truths())
        with contextlib.suppress(redis.exceptions.RedisError, OSError):
            async with asyncio.timeout(1):
                if self._days is None:
                    self._days = await self._found()
                await self._redis.set(VENUES_KEY, msgspec.msgpack.encode(truths))
                for truth in truths:
                    day = self._days.setdefault(truth.venue, [])
                    if noted(day, truth):
                        body = msgspec.msgpack.encode(day)
                        await self._redis.hset(MINUTES_KEY, truth.venue, body)

    async def _found(self) -> dict[VenueId, list[Minute]]:
        found: dict[VenueId, list[Minute]] = {}
        days = cast(dict[bytes, bytes], await self._redis.hgetall(MINUTES_KEY))
        for name, raw in days.items():
            with contextlib.suppress(msgspec.MsgspecError):
                found[VenueId(name.decode())] = _DAYS.decode(raw)
        return found
