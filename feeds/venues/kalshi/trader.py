"""Kalshi's half of live trading: what is asked to place, cancel and look up orders, and what the
answers prove.

Invariants: an order is sent once, whatever happens; what may have been done is unknown until the
venue's own words say otherwise. Those words are its answer, its stream, an order found by our
client id, its fills. That an order is *not* there is believed only when a complete list, as of a
time when its signature had long expired, does not hold it: reads lag writes. Fills go to the engine
before the end of their order does.
Source: kalshi sheet 2.2, 3.8-3.12 and 4.6, read 2026-11-20.
"""

from collections.abc import Callable, Generator, Iterable
from typing import Protocol, TypeVar

from feeds.venues.base import Reply, Request
from feeds.venues.errands import (
    Ask,
    Await,
    Errand,
    Heard,
    Orders,
    Rest,
    Statement,
    Step,
    Tell,
    answer_of,
)
from feeds.venues.kalshi import encode, replies, sign, stated
from feeds.venues.kalshi.ours import Known, Ours
from feeds.venues.kalshi.parse import VENUE, ns_from_text
from feeds.venues.kalshi.private import KalshiPrivate
from feeds.venues.kalshi.ring import SignedRing
from markets.terms.ids import MarketId, OrderId
from markets.terms.instruments import Market
from markets.terms.units import DAY, MS, SECOND, Ns, Qty
from trading.engine.events import (
    AccountReported,
    OrderAccepted,
    OrderFilled,
    OrderRejected,
    OrderUnknown,
)
from trading.engine.orders import BookKind, OrderRequest, Purpose, TimeInForce

STREAM_WAIT = Ns(250 * MS)
READ_PAUSES = (0, 250 * MS, 500 * MS, 1_000 * MS)
# The venue refuses a signature half a minute old (sheet 2.2): what has not arrived by then never
# will. The rest is for reads that lag and for clocks that differ.
EXPIRED = Ns(45 * SECOND)
# Older orders leave the lists after two weeks (sheet 3.6): that they are not there proves nothing.
LISTED = Ns(13 * DAY)
MAX_PAGES = 200


class _Paged(Protocol):
    @property
    def cursor(self) -> str | None: ...


P = TypeVar("P", bound=_Paged)
R = TypeVar("R")
Keys = tuple[str, sign.PrivateKey]
Answer = Generator[Step, Heard, tuple[Reply, Ns]]


class KalshiTrader:
    """Orders and account of one key; without a key, of whoever the venue takes us for.

    `orders` finds what the engine knows of an order. Not more than one of these per account.
    """

    def __init__(self, keys: Keys | None, orders: Orders) -> None:
        self._keys = keys
        self._ring = SignedRing(*keys, (("POST", encode.PREFIX + encode.ORDERS),)) if keys else None
        self._markets: dict[MarketId, Market] = {}
        self.ours = Ours(orders)
        self.wants_statement = False
        self._private: KalshiPrivate | None = None

    def list_markets(self, markets: Iterable[Market]) -> None:
        """The markets that may be traded; what was listed before stays known."""
        self._markets |= {market.id: market for market in markets if market.venue == VENUE}

    def signed(self, request: Request, at: Ns) -> Request:
        """The request with the three headers of this moment."""
        if self._ring is None:
            return request
        proof = self._ring.headers(at, request.method, encode.PREFIX + request.path)
        return Request(
            request.method,
            request.host,
            request.path,
            request.query,
            (*request.headers, *proof),
            request.body,
        )

    def ripen(self, at: Ns) -> None:
        """Signatures for orders that are not thought of yet."""
        if self._ring is not None:
            self._ring.ripen(at)

    def private(self) -> KalshiPrivate:
        """The conversation on the private socket."""
        if self._private is None:
            self._private = KalshiPrivate(self._keys, self.ours, self._strange)
        return self._private

    # errands

    def place(self, request: OrderRequest, at: Ns) -> Errand:
        """Send the order and report what is proven of it."""
        market = self._markets.get(request.market)
        if market is None:
            text = f"Market {request.market} is not listed for trading."
            yield Tell(OrderRejected(at, request.id, "market", text))
            return
        refusal = encode.unfit(request, market, at)
        if refusal is not None:
            yield Tell(OrderRejected(at, request.id, *refusal))
            return
        known = self.ours.begin(request)
        asked = encode.place(request, market)
        reply, at = yield from _ask(asked, urgent=request.purpose is not Purpose.OPEN)
        yield from self._placed(known, replies.placed(reply, request), at)

    def cancel(self, order: OrderId, market: MarketId, at: Ns) -> Errand:
        """Take away what rests of it. A 404 proves only that nothing rests."""
        known = self.ours.find(order)
        listed = self._markets.get(market)
        if known is None or listed is None:
            yield Tell(OrderUnknown(at, order, f"{order} or its market is not known here."))
            return
        if not known.venue_order:
            yield from self._look_for(known, listed, at)
            if not known.venue_order or known.ended:
                return
        reply, at = yield from _ask(encode.cancel(known.venue_order, listed), urgent=True)
        match replies.cancelled(reply, known.venue_order):
            case replies.Gone(left):
                total = Qty(max(0, known.request.qty - left))
                self.ours.end(known, "cancelled by us", total)
                yield from self._settle(known, at)
            case replies.NotResting():
                yield from self._after_404(known, at)
            case replies.Refused(code, text):
                yield Tell(OrderUnknown(at, order, f"The cancel was refused: {text or code}"))
            case replies.Unsure(reason):
                yield Tell(OrderUnknown(at, order, f"The cancel is unsure: {reason}"))

    def query(self, order: OrderId, market: MarketId, at: Ns) -> Errand:
        """Find out what became of it."""
        known = self.ours.find(order)
        listed = self._markets.get(market)
        if known is None or listed is None:
            yield Tell(OrderUnknown(at, order, f"{order} or its market is not known here."))
        elif known.venue_order:
            yield from self._look_at(known, at)
        else:
            yield from self._look_for(known, listed, at)

    def statement(self, at: Ns) -> Statement:
        """Cash, positions and resting orders, page by page. Errors: `ValueError` without cash."""
        self.wants_statement = False
        reply, _ = yield from _ask(encode.BALANCE)
        balance = replies.read(reply, replies.Balance)
        positions, has_all = yield from _pages(
            encode.positions, replies.PositionsPage, lambda page: page.market_positions
        )
        resting, has_every = yield from _pages(
            encode.resting, replies.OrdersPage, lambda page: page.orders
        )
        heard = yield Rest(Ns(0))
        return AccountReported(
            heard.at,
            VENUE,
            BookKind.LIVE,
            balance.cash,
            stated.holdings(positions),
            stated.orders(resting, self.ours.of),
            asked_at=at,
            complete=has_all and has_every,
            pockets=tuple(sorted(balance.pockets.items())),
        )

    # parts

    def _placed(
        self,
        known: Known,
        said: replies.Placed | replies.Exists | replies.Refused | replies.Unsure,
        at: Ns,
    ) -> Errand:
        order = known.request.id
        match said:
            case replies.Placed(venue_order, _, filled, rests):
                self.ours.name(known, venue_order)
                self.ours.count(known, filled)
                if not rests or known.request.tif is not TimeInForce.GTC:
                    self.ours.end(known, "nothing more to take")
                yield Tell(OrderAccepted(at, order, venue_order))
                yield from self._settle(known, at)
            case replies.Refused(code, text):
                known.ended = known.said = True
                yield Tell(OrderRejected(at, order, code, text))
            case replies.Exists():
                market = self._markets[known.request.market]
                yield from self._look_for(known, market, at)
            case replies.Unsure(reason):
                yield Tell(OrderUnknown(at, order, f"The venue {reason}."))

    def _look_for(self, known: Known, market: Market, at: Ns) -> Errand:
        """An order whose venue id we never learned, among those of its market."""
        since = known.request.placed_at
        rows, is_whole = yield from _pages(
            lambda cursor: encode.orders_in(market, since, cursor),
            replies.OrdersPage,
            lambda page: page.orders,
        )
        order = known.request.id
        row = next((row for row in rows if row.client_order_id == order), None)
        if row is not None:
            self.ours.name(known, row.order_id)
            yield from self._judge(known, row, at)
            return
        if known.venue_order:
            # The stream spoke meanwhile.
            yield from self._look_at(known, at)
        elif is_whole and EXPIRED < at - since < LISTED:
            yield from self._perhaps_absent(known, at)
        else:
            yield Tell(OrderUnknown(at, order, "The venue does not list it yet."))

    def _perhaps_absent(self, known: Known, at: Ns) -> Errand:
        """The list was whole and late enough by our clock; it must be so by the venue's too."""
        order = known.request.id
        reply, at = yield from _ask(encode.AS_OF)
        as_of = ns_from_text(replies.read(reply, replies.AsOf).as_of_time)
        if as_of is None or as_of - known.request.placed_at < EXPIRED:
            yield Tell(OrderUnknown(at, order, "The venue's lists are not fresh enough."))
            return
        known.ended = known.said = True
        text = "It never arrived: the venue's whole list, made after it had expired, lacks it."
        yield Tell(OrderRejected(at, order, "absent", text))

    def _look_at(self, known: Known, at: Ns) -> Errand:
        """An order whose venue id we know, by that id."""
        reply, at = yield from _ask(encode.order(known.venue_order))
        if reply.status == 404:
            # It was there once, so the read is behind.
            if known.is_settled:
                yield from self._settle(known, at)
            else:
                yield Tell(OrderUnknown(at, known.request.id, "The venue does not list it yet."))
            return
        yield from self._judge(known, replies.read(reply, replies.OneOrder).order, at)

    def _judge(self, known: Known, row: replies.OrderRow, at: Ns) -> Errand:
        """What a row proves: fills for certain, an end for certain, resting only for now."""
        self.ours.row(known, row)
        if known.request.tif is not TimeInForce.GTC and not known.ended:
            order = known.request.id
            yield Tell(OrderUnknown(at, order, "An immediate order is still listed as resting."))
            return
        known.said = False  # whoever asks wants to be told again
        yield Tell(OrderAccepted(at, known.request.id, known.venue_order))
        yield from self._settle(known, at)

    def _after_404(self, known: Known, at: Ns) -> Errand:
        """Nothing rests; how much was filled is told by a read that has caught up."""
        for length in READ_PAUSES:
            if length:
                at = (yield Rest(Ns(length))).at
            if known.ended:
                break
            reply, at = yield from _ask(encode.order(known.venue_order), urgent=True)
            if reply.status == 200:
                self.ours.row(known, replies.read(reply, replies.OneOrder).order)
        if known.ended:
            yield from self._settle(known, at)
        else:
            text = "The cancel found nothing resting, and the venue does not say yet why."
            yield Tell(OrderUnknown(at, known.request.id, text))

    def _settle(self, known: Known, at: Ns) -> Errand:
        """Every fill that is counted, then the end if it has ended."""
        if not known.is_complete and self._private is not None and self._private.is_ready:
            at = (yield Await(lambda: known.is_complete, STREAM_WAIT)).at
        for length in READ_PAUSES:
            if known.is_complete:
                break
            if length:
                yield Rest(Ns(length))
            yield from self._read_fills(known)
        if not known.is_complete:
            text = "The venue counts more fills than it lists."
            yield Tell(OrderUnknown(at, known.request.id, text))
            return
        ending = self.ours.ending(known, at)
        if ending is not None:
            yield Tell(ending)

    def _read_fills(self, known: Known) -> Errand:
        rows, _ = yield from _pages(
            lambda cursor: encode.fills_of(known.venue_order, cursor),
            replies.FillsPage,
            lambda page: page.fills,
        )
        heard = yield Rest(Ns(0))
        for row in rows:
            fill = self.ours.fill(known, row, heard.at)
            if fill is not None:
                yield Tell(OrderFilled(heard.at, fill))

    def _strange(self) -> None:
        self.wants_statement = True


def _ask(request: Request, *, urgent: bool = False) -> Answer:
    heard = yield Ask(request, urgent)
    return answer_of(heard), heard.at


def _pages(
    page: Callable[[str], Request],
    kind: type[P],
    rows_of: Callable[[P], list[R] | None],
) -> Generator[Step, Heard, tuple[list[R], bool]]:
    """The rows of every page, and whether the last one came. A cursor said twice is no progress.

    Errors: `ValueError` for a page that is not understood.
    """
    cursor, seen, rows = "", {""}, []
    for _ in range(MAX_PAGES):
        reply, _at = yield from _ask(page(cursor))
        said = replies.read(reply, kind)
        rows += rows_of(said) or []
        cursor = said.cursor or ""
        if not cursor:
            return rows, True
        if cursor in seen:
            break
        seen.add(cursor)
    return rows, False
