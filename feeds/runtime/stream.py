"""One venue's feed in a worker, with its watch and its rates: begun anew when its way changes."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
import redis.asyncio

from feeds.runtime.clocks import Clocks
from feeds.runtime.conversation import Outside
from feeds.runtime.feed import Feed
from feeds.runtime.http import Http
from feeds.runtime.lines import Lines
from feeds.runtime.rates import Rates
from feeds.runtime.venue_watch import VenueWatch
from feeds.venues.base import Adapter
from markets.terms.ids import VenueId
from markets.terms.instruments import Market
from trading.engine.config import Limits, VenueConfig
from trading.engine.events import Event, FeedDown
from trading.runtime.clock import Clock


class Surroundings(msgspec.Struct, frozen=True):
    """What streams need of the worker: `take` is where a feed's events go, `put` the engine's inbox
    itself; `adapter` makes a venue's adapter with its keys, `limits` are those of a venue now.
    """

    clock: Clock
    take: Callable[[Event], None]
    put: Callable[[Event], None]
    clocks: Clocks
    redis: redis.asyncio.Redis
    adapter: Callable[[VenueId], Adapter]
    limits: Callable[[VenueId], Limits]


class Stream:
    """One venue's feed, begun anew when its addresses change."""

    def __init__(self, venue: str, worker: Surroundings) -> None:
        self.venue = VenueId(venue)
        self._worker = worker
        self._config: VenueConfig | None = None
        self._markets: tuple[Market, ...] = ()
        self._moved = asyncio.Event()
        self.feed: Feed | Lines | None = None
        self.watch: VenueWatch | None = None

    def apply(self, config: VenueConfig | None, markets: tuple[Market, ...]) -> None:
        """Follow the venue's markets of a new configuration; none when it is switched off."""
        mine = tuple(m for m in markets if m.venue == self.venue) if config else ()
        moved = self._config is None or _addresses(config) != _addresses(self._config)
        self._config, self._markets = config or self._config, mine
        if moved and config is not None:
            self._moved.set()
        elif self.feed is not None:
            self.feed.update(mine)

    async def run(self) -> None:
        """Delivers until cancelled, once there is a configuration."""
        await self._moved.wait()
        while True:
            self._moved.clear()
            await self._deliver()

    async def _deliver(self) -> None:
        config = self._config
        adapter = self._worker.adapter(self.venue)
        hosts = adapter.hosts | (config.hosts if config else {})
        worker = self._worker
        draws = partial(adapter.draws, tier=config.rate_tier if config else "")
        rates = Rates(self.venue, draws, worker.redis, worker.clock, job=False)
        async with Http(self.venue, hosts, rates=rates) as http:
            outside = Outside(
                worker.clock,
                worker.take,
                http,
                lambda: secrets.randbelow(1_000_001),
                limits=self._limits,
            )
            watch = VenueWatch(adapter, outside, worker.clocks, lambda: rates.waited)
            heard = msgspec.structs.replace(outside, emit=watch.heard)
            self.feed = _feed(adapter, self._markets, heard, config)
            self.watch = watch
            watch.follow(self.feed)
            delivering = asyncio.create_task(self.feed.run())
            watching = asyncio.create_task(watch.run())
            moved = asyncio.create_task(self._moved.wait())
            tasks: set[asyncio.Task[Any]] = {delivering, watching, moved}
            try:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.wait(tasks)

    def _limits(self) -> Limits:
        """What holds at the venue now."""
        return self._worker.limits(self.venue)

    def failed(self, reason: str) -> None:
        """A bug ended the feed: nothing of this venue may be believed until it delivers again."""
        self._worker.put(FeedDown(self._worker.clock.now(), self.venue, reason))


def _feed(
    adapter: Adapter, markets: tuple[Market, ...], outside: Outside, config: VenueConfig | None
) -> Feed | Lines:
    """One feed, or several raced where the venue's row asks for it."""
    urls = config.ws if config else ()
    if config is None or config.sockets == 1:
        return Feed(adapter, markets, outside, urls=urls)
    return Lines(adapter, markets, outside, count=config.sockets, urls=urls)


def _addresses(config: VenueConfig | None) -> tuple[object, ...]:
    return (config.hosts, config.ws, config.sockets, config.rate_tier) if config else ()
