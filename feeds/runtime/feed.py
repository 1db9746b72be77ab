"""One venue's feed: its markets spread over sockets, its events handed on, and whether it delivers
at all.

`FeedUp` goes out before the first book after a time of none, `FeedDown` when the last delivering
socket is lost; the loss of one of several makes only its own books stale. Markets come and go while
it runs: what stays keeps its socket, what is new gets one of its own, and when that leaves too many
half-empty sockets they are all arranged anew. Events of a market that has moved or gone are
dropped. No parsing here, and no judgement of books.
"""

import asyncio
from collections.abc import Iterable

from feeds.runtime.conversation import Outside
from feeds.runtime.hosts import Hosts
from feeds.runtime.shard import Place, Shard
from feeds.runtime.tally import Tally
from feeds.venues.base import Adapter
from markets.terms.ids import MarketId
from markets.terms.instruments import Market
from trading.engine.events import BookChanged, BookSeen, BookStale, Event, FeedDown, FeedUp

SPARE_SOCKETS = 2


class Feed:
    """A venue's feed. `run` until cancelled; `update` may be called before and while it runs."""

    def __init__(
        self,
        adapter: Adapter,
        markets: Iterable[Market],
        outside: Outside,
        *,
        urls: tuple[str, ...] = (),
    ) -> None:
        self.adapter = adapter
        self.tally = Tally(adapter.venue)
        self._outside = outside
        self._place = Place(adapter, outside, Hosts(urls or (adapter.ws,)), self.tally)
        self._wanted = {market.id: market for market in markets}
        self._changed = asyncio.Event()
        self._owners: dict[MarketId, Shard] = {}
        self._running: dict[Shard, asyncio.Task[None]] = {}
        self._delivering: dict[Shard, None] = {}
        self._told_down = ""

    def update(self, markets: Iterable[Market]) -> None:
        """Follow exactly these markets; one whose terms differ is subscribed anew."""
        self._wanted = {market.id: market for market in markets}
        self._changed.set()

    @property
    def markets(self) -> tuple[Market, ...]:
        """The markets followed now."""
        return tuple(self._wanted.values())

    def doubt(self, market: MarketId, reason: str) -> None:
        """The streamed book of a market was found untrue: it is stale until it came anew."""
        shard = self._owners.get(market)
        if shard is not None:
            shard.doubt(market, reason)

    async def run(self) -> None:
        """Deliver until cancelled. A session's bug passes through as an exception group."""
        try:
            async with asyncio.TaskGroup() as tasks:
                while True:
                    self._changed.clear()
                    self._arrange(tasks)
                    await self._changed.wait()
        finally:
            self._owners.clear()
            self._running.clear()
            self._delivering.clear()

    def _arrange(self, tasks: asyncio.TaskGroup) -> None:
        kept = self._kept()
        room = self.adapter.capabilities.max_markets_per_socket
        new = [market for market in self._wanted.values() if market.id not in kept]
        fewest = -(-len(self._wanted) // room)
        sockets = len({id(shard) for shard in kept.values()}) + -(-len(new) // room)
        if sockets > fewest + SPARE_SOCKETS:
            kept, new = {}, list(self._wanted.values())
        moved = [market for market in self._owners if market not in kept]
        self._owners = kept
        self._stop_empty()
        for start in range(0, len(new), room):
            self._begin(tuple(new[start : start + room]), tasks)
        self._make_stale(moved)
        self.tally.markets = len(self._owners)

    def _kept(self) -> dict[MarketId, Shard]:
        """Markets whose shard goes on streaming them: still wanted, on the same terms."""
        return {
            market: shard
            for market, shard in self._owners.items()
            if self._wanted.get(market) == shard.markets[market]
        }

    def _stop_empty(self) -> None:
        busy = {id(shard) for shard in self._owners.values()}
        for shard in [shard for shard in self._running if id(shard) not in busy]:
            self._running.pop(shard).cancel()

    def _begin(self, markets: tuple[Market, ...], tasks: asyncio.TaskGroup) -> None:
        shard = Shard(self._place, markets, self._heard, self._lost)
        self._owners.update((market.id, shard) for market in markets)
        self._running[shard] = tasks.create_task(shard.run())

    def _make_stale(self, moved: Iterable[MarketId]) -> None:
        at = self._outside.clock.now()
        for market in moved:
            self._outside.emit(BookStale(at, market, "subscribed anew"))

    def _heard(self, shard: Shard, event: Event) -> None:
        if isinstance(event, BookChanged):
            if self._owners.get(event.book.market) is not shard:
                return
            self._delivers(shard, event)
            self.tally.age(event.at, event.book.venue_at)
        elif self._is_moved(shard, event):
            return
        elif isinstance(event, BookSeen):
            self.tally.age(event.at, event.venue_at)
        self._outside.emit(event)

    def _is_moved(self, shard: Shard, event: Event) -> bool:
        market = getattr(event, "market", None)
        known = market.id if isinstance(market, Market) else market
        return known is not None and self._owners.get(known) is not shard

    def _delivers(self, shard: Shard, event: BookChanged) -> None:
        if shard in self._delivering:
            return
        if not self._delivering:
            self._outside.emit(FeedUp(event.at, self.adapter.venue))
            self.tally.up, self.tally.down_reason, self._told_down = True, "", ""
        self._delivering[shard] = None

    def _lost(self, shard: Shard, reason: str) -> None:
        """A socket was lost or could not be opened. Said once per reason while nothing delivers.

        Nothing is said of a shard that an update has just stopped: its successor speaks.
        """
        self._delivering.pop(shard, None)
        if shard not in self._running:
            self.tally.up = bool(self._delivering)
            return
        if self._delivering or reason == self._told_down:
            return
        self.tally.up, self.tally.down_reason, self._told_down = False, reason, reason
        at = self._outside.clock.now()
        self._outside.emit(FeedDown(at, self.adapter.venue, reason))
