"""Polymarket's half of live trading, put together: orders, account, what must be kept alive.

Invariants: an order is sent once, whatever happens; its id is known before it leaves and is what it
is asked by. Trades that were matched and not yet final are read again with every statement, so that
one that fails while the socket is away is taken back too. Not here: what an answer means
(`replies`), what is asked (`flows`, `account`).
Source: polymarket sheet 3.5 to 3.9 and 5.5, read 2026-11-20; decision 0024.
"""

from collections.abc import Generator, Iterable

import msgspec

from feeds.venues.base import Request
from feeds.venues.errands import Errand, Every, Heard, Orders, Rest, Statement, Step, Tell
from feeds.venues.polymarket import account, encode, flows
from feeds.venues.polymarket.catalogue import VENUE
from feeds.venues.polymarket.credentials import ApiKey
from feeds.venues.polymarket.flows import ask
from feeds.venues.polymarket.identity import Identity, sealed
from feeds.venues.polymarket.known import Known
from feeds.venues.polymarket.orderwire import END, FIRST, TradePage
from feeds.venues.polymarket.userfeed import PolymarketPrivate, traded
from feeds.venues.secret import Secret
from markets.terms.ids import MarketId, OrderId
from markets.terms.instruments import Market
from markets.terms.units import SECOND, Ns
from trading.engine.events import OrderRejected, OrderUnknown
from trading.engine.orders import OrderRequest
from trading.runtime.gateway import VenueUnreachable

JSON = ("Content-Type", "application/json")
BEAT_EVERY = Ns(5 * SECOND)
BEAT_AGAIN = Ns(SECOND)
SILENCE = Ns(10 * SECOND)
ASK_PLACE_EVERY = Ns(300 * SECOND)
ASK_PLACE_AGAIN = Ns(5 * SECOND)
LOOK_BACK_S = 600
MOST_PAGES = 100

_trades = msgspec.json.Decoder(TradePage)


class PolymarketTrader:
    """Orders and account of one identity. Not more than one of these per API key.

    `asks_place` is False only where the venue is on this machine: then no place bars trading.
    """

    def __init__(
        self,
        who: Identity,
        orders: Orders,
        every: Every = tuple,
        *,
        asks_place: bool = True,
    ) -> None:
        self.known = Known(who, orders, every)
        self.wants_statement = False
        self._asks_place = asks_place
        self._private = PolymarketPrivate(self.known, self._strange)

    def list_markets(self, markets: Iterable[Market]) -> None:
        """The markets that may be traded; what was listed before stays known."""
        self.known.markets |= {market.id: market for market in markets if market.venue == VENUE}

    def signed(self, request: Request, at: Ns) -> Request:
        """The request with its seal; what is public or signed otherwise passes as it is."""
        if request.host != "clob" or request.headers:
            return request
        headers = sealed(self.known.who, request.method, request.path, request.body, at)
        typed = (JSON,) if request.body else ()
        return Request(
            request.method,
            request.host,
            request.path,
            request.query,
            (*headers, *typed),
            request.body,
        )

    def ripen(self, at: Ns) -> None:
        """Seals cover the body: nothing can be prepared."""

    def private(self) -> PolymarketPrivate:
        """The conversation on the user socket."""
        return self._private

    def upkeep(self, at: Ns) -> tuple[Errand, ...]:
        """What must go on for as long as we trade: heartbeat, and the word on whether we may."""
        return (self._beating(at), self._asking_place(at))

    # errands

    def place(self, request: OrderRequest, at: Ns) -> Errand:
        """Send the order and tell what came of it."""
        if self.known.who.api is None:
            text = "There is no API key yet; the venue must be reached first."
            yield Tell(OrderRejected(at, request.id, "no_api_key", text))
            return
        yield from flows.place(self.known, request, at)

    def cancel(self, order: OrderId, market: MarketId, at: Ns) -> Errand:
        """Take away what rests of it."""
        request = self.known.request(order)
        if request is None or self.known.who.api is None:
            yield Tell(OrderUnknown(at, order, f"{order} cannot be asked for yet."))
            return
        yield from flows.cancel(self.known, request, at)

    def query(self, order: OrderId, market: MarketId, at: Ns) -> Errand:
        """Ask what became of it, by the id it must have."""
        request = self.known.request(order)
        if request is None or self.known.who.api is None:
            yield Tell(OrderUnknown(at, order, f"{order} cannot be asked for yet."))
            return
        yield from flows.look(self.known, request, at)

    def statement(self, at: Ns) -> Statement:
        """Free money, shares and open orders, after what our trades have become.

        Errors: `VenueUnreachable` when not even the money is told.
        """
        self.wants_statement = False
        yield from self._have_key(at)
        yield from self._recent(at)
        return (yield from account.statement(self.known, at))

    def _have_key(self, at: Ns) -> Errand:
        who = self.known.who
        if who.api is not None:
            return
        said = yield from account.derived(who, at)
        if isinstance(said, str):
            raise VenueUnreachable(VENUE, said, sent=True)
        self.use(said)

    def use(self, api: Secret[ApiKey]) -> None:
        """The API key from now on."""
        self.known.who = msgspec.structs.replace(self.known.who, api=api)

    def _recent(self, at: Ns) -> Errand:
        """Trades since the oldest order that has not ended and of the last minutes, then those
        that are older and still not final.
        """
        oldest = min([o.request.placed_at for o in self.known.open_orders()], default=at)
        after = min(oldest // SECOND - 1, at // SECOND - LOOK_BACK_S)
        cursor = FIRST
        seen: dict[str, None] = {}
        for _ in range(MOST_PAGES):
            page = yield from self._trades(encode.trades_asked(after, cursor), at)
            seen |= dict.fromkeys(trade.id for trade in page.data)
            if page.next_cursor in (END, "", cursor):
                break
            cursor = page.next_cursor
        for name in [trade for trade in self.known.unsettled() if trade not in seen]:
            yield from self._trades(encode.trade_asked(name), at)

    def _trades(self, asked: Request, at: Ns) -> Generator[Step, Heard, TradePage]:
        """One page of trades, told. Errors: `VenueUnreachable`."""
        got = yield from ask(asked, at)
        if got.reply is None or got.reply.status != 200:
            raise VenueUnreachable(VENUE, "our trades could not be read", sent=True)
        page = _trades.decode(got.reply.body)
        for trade in page.data:
            for event in traded(self.known, trade, got.at):
                yield Tell(event)
        return page

    def _beating(self, at: Ns) -> Errand:
        name, heard_at = "", at
        while True:
            following = None
            if self.known.who.api is not None:
                following, at = yield from account.beat(name, at)
            if following is None:
                at = (yield Rest(BEAT_AGAIN)).at
                continue
            if at - heard_at >= SILENCE:
                # The venue may have cancelled everything meanwhile.
                self.wants_statement = True
            name, heard_at = following, at
            at = (yield Rest(BEAT_EVERY)).at

    def _asking_place(self, at: Ns) -> Errand:
        while True:
            if self.known.who.api is not None:
                yield from account.may_trade(self.known, at, asks_place=self._asks_place)
            at = (yield Rest(ASK_PLACE_AGAIN if self.known.bars else ASK_PLACE_EVERY)).at

    def _strange(self) -> None:
        self.wants_statement = True
