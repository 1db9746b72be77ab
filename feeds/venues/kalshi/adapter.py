"""Kalshi put together: addresses, what it can do, and how to list and follow its markets.

Production and demo want a signed handshake even for public channels (sheet 2.3), so `handshake` is
empty only for a venue that asks for none, such as our own fake. Catalogue and books over REST are
served without a key. Addresses include `/trade-api/v2`, as Kalshi's documents write them.
Source: kalshi sheet 1, 2 and 4.5, read 2026-11-20.
"""

import msgspec

from feeds.books.agreement import Told
from feeds.books.rates import Draw
from feeds.venues.base import Capabilities, Closed, Reply, Request
from feeds.venues.checkups import Checkup
from feeds.venues.errands import Every, Orders
from feeds.venues.kalshi import encode, hours, limits, sign, spot
from feeds.venues.kalshi.catalogue import KalshiCatalogue
from feeds.venues.kalshi.checkup import checkup
from feeds.venues.kalshi.parse import VENUE
from feeds.venues.kalshi.session import KalshiSession
from feeds.venues.kalshi.trader import KalshiTrader
from markets.terms import tiers
from markets.terms.ids import MarketId, market_id
from markets.terms.instruments import Market
from markets.terms.units import Ns

# Ends are whole seconds and must lie in the future (sheet 3.8): two, so that one is always left.
LEAST_LIFE_MS = 2_000
SOCKET_PATH = "/trade-api/ws/v2"


class Credentials(msgspec.Struct, frozen=True):
    """A key id and the PEM text of its private key, RSA or Ed25519."""

    key_id: str
    private_pem: bytes

    def __repr__(self) -> str:
        return f"Credentials(key_id={self.key_id!r})"


class KalshiAdapter:
    """The venue `kalshi`. Without credentials its sockets open only where none are asked for."""

    def __init__(self, credentials: Credentials | None = None) -> None:
        self.venue = VENUE
        self.name = "Kalshi"
        self.short = "KA"
        self.hosts = {"rest": "https://external-api.kalshi.com/trade-api/v2"}
        self.ws = "wss://external-api-ws.kalshi.com/trade-api/ws/v2"
        self.capabilities = Capabilities(
            streams=True,
            sequence_numbers=True,
            max_markets_per_socket=200,
            heartbeat_ms=10_000,
            nets=True,
            tifs=tuple(encode.TIFS),
            least_life_ms=LEAST_LIFE_MS,
        )
        self.books_at_once = spot.AT_ONCE
        self.order_hosts = ("rest",)
        self._key_id = credentials.key_id if credentials else ""
        self._key = sign.private_key(credentials.private_pem) if credentials else None

    def catalogue(self) -> KalshiCatalogue:
        """A fresh walk over the open markets."""
        return KalshiCatalogue()

    def session(self, markets: tuple[Market, ...]) -> KalshiSession:
        """A socket's conversation about these markets."""
        return KalshiSession(markets, self.capabilities.book_levels)

    def handshake(self, at: Ns) -> tuple[tuple[str, str], ...]:
        """Headers of the socket's upgrade request, signed for this moment."""
        if self._key is None:
            return ()
        return sign.headers(self._key_id, self._key, at, "GET", SOCKET_PATH)

    def trader(self, orders: Orders, every: Every, *, is_here: bool) -> KalshiTrader:
        """The account of the key; without one, at a fake on this machine, of whoever asks.

        Errors: `ValueError` without a key elsewhere.
        """
        keys = self._keys()
        if keys is None and not is_here:
            name = "KALSHI_API_KEY_ID and KALSHI_PRIVATE_KEY_PATH"
            raise ValueError(f"no key is set; set {name}, or store a credential")
        return KalshiTrader(keys, orders)

    def _keys(self) -> tuple[str, sign.PrivateKey] | None:
        return (self._key_id, self._key) if self._key is not None else None

    def checkup(self, markets: tuple[Market, ...], tier: str, at: Ns) -> Checkup:
        """What the doctor asks."""
        return checkup(self._keys(), markets, tier, at)

    def signed(self, request: Request, at: Ns) -> Request:
        """The request as the key's; as nobody's without one."""
        if self._key is None:
            return request
        path = encode.PREFIX + request.path
        proof = sign.headers(self._key_id, self._key, at, request.method, path)
        return msgspec.structs.replace(request, headers=(*request.headers, *proof))

    def private_url(self, ws: str) -> str:
        """Private channels are served where the public ones are."""
        return ws

    def hours_request(self) -> Request:
        """The exchange's schedule."""
        return hours.REQUEST

    def told_hours(self, reply: Reply, at: Ns) -> tuple[Closed, ...] | None:
        """When it does not trade."""
        return hours.told(reply, at)

    def market_of(self, native: str) -> MarketId:
        """Our id of a ticker."""
        return market_id(self.venue, native)

    def draws(self, request: Request, tier: str = "") -> tuple[Draw, ...]:
        """The rate bucket a request draws from."""
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
        return spot.told(body)
