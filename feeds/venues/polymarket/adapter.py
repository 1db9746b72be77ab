"""The parts of the Polymarket adapter put together, and what it can do.

The market socket has no sequence numbers and asks for no credentials; 200 markets (400 tokens) is
the most we put on one. Trading needs an identity; books do not. Source: polymarket sheet sections
1, 5.1 and 5.2, read 2026-11-20.
"""

from feeds.books.agreement import Told
from feeds.books.rates import Draw
from feeds.venues.base import Capabilities, Reply, Request
from feeds.venues.checkups import Checkup
from feeds.venues.errands import Every, Orders
from feeds.venues.polymarket import encode, limits, place, spot
from feeds.venues.polymarket.catalogue import VENUE, GammaCatalogue
from feeds.venues.polymarket.checkup import checkup
from feeds.venues.polymarket.identity import Identity
from feeds.venues.polymarket.session import MarketSession
from feeds.venues.polymarket.trader import PolymarketTrader
from feeds.venues.polymarket.wire import AGENT
from markets.terms import tiers
from markets.terms.ids import MarketId, market_id
from markets.terms.instruments import Market
from markets.terms.units import Ns
from trading.engine.orders import TimeInForce

# The venue takes an end two minutes ahead (sheet 3.5); five seconds more, for clocks and the way.
LEAST_LIFE_MS = 1_000 * (encode.LEAST_LIFE_S - encode.ENDS_EARLY_S + 5)


class PolymarketAdapter:
    """Polymarket (international) as every venue is offered."""

    def __init__(self, who: Identity | None = None) -> None:
        self._who = who
        self.venue = VENUE
        self.name = "Polymarket"
        self.short = "PM"
        self.capabilities = Capabilities(
            streams=True,
            sequence_numbers=False,
            max_markets_per_socket=200,
            heartbeat_ms=10_000,
            tifs=(TimeInForce.IOC, TimeInForce.FOK, TimeInForce.GTC),
            least_life_ms=LEAST_LIFE_MS,
        )
        self.hosts = {
            "gamma": "https://gamma-api.polymarket.com",
            "clob": "https://clob.polymarket.com",
            "data": "https://data-api.polymarket.com",
            "site": "https://polymarket.com",
        }
        self.order_hosts = ("clob", "data", "site")
        self.books_at_once = spot.AT_ONCE
        self.ws = "wss://ws-subscriptions-clob.polymarket.com/ws/market"

    def catalogue(self) -> GammaCatalogue:
        """A fresh walk through the open events."""
        return GammaCatalogue()

    def session(self, markets: tuple[Market, ...]) -> MarketSession:
        """The conversation of one market socket."""
        return MarketSession(markets, self.capabilities.book_levels)

    def handshake(self, at: Ns) -> tuple[tuple[str, str], ...]:
        """The market socket is public; only a user agent of our own is needed."""
        return AGENT

    def trader(self, orders: Orders, every: Every, *, is_here: bool) -> PolymarketTrader:
        """The account of the identity. Errors: `ValueError` without one."""
        if self._who is None:
            raise ValueError("no private key is set; set POLY_PRIVATE_KEY, or store a credential")
        return PolymarketTrader(self._who, orders, every, asks_place=not is_here)

    def checkup(self, markets: tuple[Market, ...], tier: str, at: Ns) -> Checkup:
        """What the doctor asks."""
        return checkup(self._who, markets, tier, at)

    def signed(self, request: Request, at: Ns) -> Request:
        """As it is: a checkup proves by itself who asks, with a key that may be derived in it."""
        return request

    def place_hosts(self, own: dict[str, str]) -> dict[str, str]:
        """The site's address; none for a venue on this machine that has no site of its own."""
        is_here = (self.hosts | own)["clob"].startswith("http://")
        known = own if is_here else self.hosts | own
        return {"site": known["site"]} if "site" in known else {}

    def place_request(self) -> Request:
        """Whether orders are taken from here."""
        return place.REQUEST

    def told_place(self, reply: Reply) -> str | None:
        """What stands against trading from here."""
        return place.told(reply)

    def private_url(self, ws: str) -> str:
        """The user socket stands beside the market socket."""
        return ws.removesuffix("/").removesuffix("/market") + "/user"

    def market_of(self, native: str) -> MarketId:
        """The market's id across venues."""
        return market_id(self.venue, native)

    def draws(self, request: Request, tier: str = "") -> tuple[Draw, ...]:
        """The rate windows a request draws from."""
        return limits.draws(request, tiers.known(VENUE, tier))

    def clock_request(self) -> Request:
        """A small question whose answer tells the time."""
        return spot.CLOCK

    def told_time(self, reply: Reply) -> Ns | None:
        """The beginning of the second an answer names."""
        return spot.told_time(reply)

    def books_request(self, markets: tuple[Market, ...]) -> Request:
        """One question for these books."""
        return spot.books_request(markets)

    def told(self, markets: tuple[Market, ...], body: bytes) -> list[Told]:
        """The books of its answer. Errors: `ValueError`."""
        return spot.told(body, {m.tokens[0]: m.id for m in markets if m.tokens})
