"""Some markets of one venue on one socket, connected again whenever it ends, with growing pauses.

A shard knows its markets and nothing of the other shards; what a lost socket means for the venue is
its feed's to say.
"""

from collections.abc import Callable

import msgspec

from feeds.books.backoff import Backoff
from feeds.runtime.conversation import Conversation, Outside
from feeds.runtime.hosts import Hosts
from feeds.runtime.pause import pause
from feeds.runtime.tally import Tally
from feeds.runtime.ws import open_socket
from feeds.venues.base import Adapter
from markets.terms.ids import MarketId
from markets.terms.instruments import Market
from markets.terms.units import MS, Ns
from trading.engine.events import (
    BookChanged,
    BookSeen,
    BookStale,
    Event,
    MarketChanged,
    MarketClosed,
    MarketSettled,
    TradeSeen,
)
from trading.runtime.gateway import VenueUnreachable


class Place(msgspec.Struct, frozen=True):
    """What all shards of a feed share."""

    adapter: Adapter
    outside: Outside
    hosts: Hosts
    tally: Tally


class Shard:
    """One socket's worth of markets.

    `heard` gets its events, `lost` the reason of each loss or failed try.
    """

    def __init__(
        self,
        place: Place,
        markets: tuple[Market, ...],
        heard: Callable[["Shard", Event], None],
        lost: Callable[["Shard", str], None],
    ) -> None:
        self.markets = {market.id: market for market in markets}
        self._place = place
        self._heard = heard
        self._lost = lost
        self._backoff = Backoff()
        self._talk: Conversation | None = None

    def doubt(self, market: MarketId, reason: str) -> None:
        """Have the session ask for a book anew; without a socket there is none to doubt."""
        if self._talk is not None:
            self._talk.doubt(market, reason)

    async def run(self) -> None:
        """Keep the markets streaming until cancelled."""
        clock = self._place.outside.clock
        tally = self._place.tally
        while True:
            tally.sockets += 1
            try:
                reason = await self._connect()
            except BaseException:
                self._lost(self, "stopped")
                raise
            finally:
                tally.sockets -= 1
            self._lost(self, reason)
            self._place.hosts.failed(clock.now())
            outside = self._place.outside
            self._backoff.cap = Ns(outside.limits().reconnect_cap_ms * MS)
            await pause(clock, self._backoff.failed(outside.chance()))
            tally.reconnects += 1

    async def _connect(self) -> str:
        place = self._place
        clock = place.outside.clock
        place.tally.url = url = place.hosts.url
        headers = place.adapter.handshake(clock.now())
        try:
            async with open_socket(place.adapter.venue, url, headers, clock) as socket:
                session = place.adapter.session(tuple(self.markets.values()))
                self._talk = Conversation(session, place.outside, place.tally, self._take)
                return await self._talk.run(socket)
        except VenueUnreachable as away:
            return away.reason
        finally:
            self._talk = None

    def _take(self, event: Event) -> None:
        market = _market_of(event)
        if market is not None and market not in self.markets:
            self._place.tally.unknown_markets += 1
            return
        if not isinstance(event, BookStale):
            self._backoff.healthy(event.at)
        self._heard(self, event)


def _market_of(event: Event) -> MarketId | None:
    match event:
        case BookChanged():
            return event.book.market
        case BookSeen() | BookStale() | TradeSeen() | MarketClosed() | MarketSettled():
            return event.market
        case MarketChanged():
            return event.market.id
        case _:
            return None
