"""The same markets over several feeds at once, raced: the face of one feed, the speed of the first.

Every line is a whole `Feed` with its own sockets; `feeds.books.race` decides whose word counts. An
option: venues limit sockets per address (see the venue's documents), so one line is the rule.
"""

import asyncio
from collections.abc import Callable, Iterable

import msgspec

from feeds.books.race import Race
from feeds.runtime.conversation import Outside
from feeds.runtime.feed import Feed
from feeds.runtime.tally import Tally
from feeds.venues.base import Adapter
from markets.terms.ids import MarketId
from markets.terms.instruments import Market
from trading.engine.events import Event


class Lines:
    """`count` feeds of one venue behind one way out. `tally` is the first line's."""

    def __init__(
        self,
        adapter: Adapter,
        markets: Iterable[Market],
        outside: Outside,
        *,
        count: int,
        urls: tuple[str, ...] = (),
    ) -> None:
        kept = tuple(markets)
        self.count = count
        self.race = Race()
        self._emit = outside.emit
        self._feeds = [
            Feed(adapter, kept, msgspec.structs.replace(outside, emit=self._line(i)), urls=urls)
            for i in range(count)
        ]

    @property
    def tally(self) -> Tally:
        """What the first line counted."""
        return self._feeds[0].tally

    @property
    def markets(self) -> tuple[Market, ...]:
        """The markets that are followed."""
        return self._feeds[0].markets

    def update(self, markets: Iterable[Market]) -> None:
        """Follow exactly these markets, on every line."""
        kept = tuple(markets)
        for feed in self._feeds:
            feed.update(kept)

    def doubt(self, market: MarketId, reason: str) -> None:
        """Somebody else says that the book is wrong: no line's word counts until it is fresh."""
        for feed in self._feeds:
            feed.doubt(market, reason)

    async def run(self) -> None:
        """Deliver on every line until cancelled; the failure of one ends all."""
        async with asyncio.TaskGroup() as tasks:
            for feed in self._feeds:
                tasks.create_task(feed.run())

    def _line(self, number: int) -> Callable[[Event], None]:
        def emit(event: Event) -> None:
            for said in self.race.heard(number, event):
                self._emit(said)

        return emit
