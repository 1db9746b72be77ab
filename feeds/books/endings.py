"""Which market to ask about next, whether it has ended: a venue's word may be lost while a socket
is away, and some endings are never announced.

Markets past their close are asked about every two minutes, others every half an hour, one market a
second at most. Asking, and what an answer means, are the venue's.
Source: polymarket sheet 5.3 and 6.4, kalshi sheet 4.1 and 4.6, read 2026-11-30.
"""

from collections.abc import Iterable

from markets.terms.instruments import Market
from markets.terms.units import SECOND, Ns

OVERDUE_EVERY = Ns(120 * SECOND)
OTHERS_EVERY = Ns(1_800 * SECOND)
APART = Ns(SECOND)


class Endings:
    """Which market to ask about next."""

    def __init__(self, markets: Iterable[Market]) -> None:
        self._markets = {market.native: market for market in markets}
        self._next: dict[str, Ns] = {}
        self._asked_at = Ns(0)

    def opened(self, at: Ns) -> None:
        """First questions, spread over their time, or soon after a market's close."""
        count = len(self._markets)
        for place, (native, market) in enumerate(self._markets.items(), start=1):
            self._next[native] = self._time(market, at, OTHERS_EVERY * place // count)

    def due(self, at: Ns) -> Market | None:
        """The market whose question is longest due, its next time set; None when none is."""
        if not self._next or at - self._asked_at < APART:
            return None
        native = min(self._next, key=lambda name: self._next[name])
        if self._next[native] > at:
            return None
        market = self._markets[native]
        self._asked_at = at
        self._next[native] = self._time(market, at, OTHERS_EVERY)
        return market

    def _time(self, market: Market, at: Ns, unless_closed: int) -> Ns:
        closes = market.close_at
        if closes is None or closes > at + unless_closed:
            return Ns(at + unless_closed)
        return Ns(max(at, closes) + OVERDUE_EVERY)

    def hurry(self, market: Market, at: Ns) -> None:
        """Ask about this one next."""
        if market.native in self._markets:
            self._next[market.native] = at

    def settled(self, market: Market) -> None:
        """Its end is known: it is asked about no more."""
        self._markets.pop(market.native, None)
        self._next.pop(market.native, None)
