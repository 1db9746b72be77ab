"""The parts of the Polymarket adapter put together, and what it can do.

The market socket has no sequence numbers and asks for no credentials; 200 markets (400 tokens) is
the most we put on one. Orders are not here. Source: polymarket sheet sections 1, 5.1 and 5.2, read
2026-11-20.
"""

from feeds.venues.base import Capabilities
from feeds.venues.polymarket.catalogue import USER_AGENT, VENUE, GammaCatalogue
from feeds.venues.polymarket.session import MarketSession
from markets.terms.ids import MarketId, market_id
from markets.terms.instruments import Market
from markets.terms.units import Ns


class PolymarketAdapter:
    """Polymarket (international) as every venue is offered."""

    def __init__(self) -> None:
        self.venue = VENUE
        self.name = "Polymarket"
        self.short = "PM"
        self.capabilities = Capabilities(
            streams=True,
            sequence_numbers=False,
            max_markets_per_socket=200,
            heartbeat_ms=10_000,
        )
        self.hosts = {
            "gamma": "https://gamma-api.polymarket.com",
            "clob": "https://clob.polymarket.com",
            "data": "https://data-api.polymarket.com",
        }
        self.ws = "wss://ws-subscriptions-clob.polymarket.com/ws/market"

    def catalogue(self) -> GammaCatalogue:
        """A fresh walk through the open events."""
        return GammaCatalogue()

    def session(self, markets: tuple[Market, ...]) -> MarketSession:
        """The conversation of one market socket."""
        return MarketSession(markets, self.capabilities.book_levels)

    def handshake(self, at: Ns) -> tuple[tuple[str, str], ...]:
        """The market socket is public; only a user agent of our own is needed."""
        return USER_AGENT

    def market_of(self, native: str) -> MarketId:
        """The market's id across venues."""
        return market_id(self.venue, native)
