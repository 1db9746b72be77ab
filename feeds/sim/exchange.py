"""A simulated exchange for orders against the books the real feeds show.

An order travels half the venue's latency, meets the book as it is then, and its answers travel the
other half. What would trade in a market with a placement delay waits that long first and cannot be
cancelled meanwhile. Matching (`matching`) takes displayed depth best price first and keeps resting
orders in their queue; public trades and a display that crosses fill them. Fills are charged the
market's own fee. Cash and holdings are kept per venue (`ledger`), so that what a person sees on
paper is what the venue would have allowed: resting orders speak for their money and shares.

Invariants: everything is told as events, in order of time, never before it could have arrived; an
order id trades once; nothing is filled that is not booked. Pure: told every book, trade and the
time. Not here: what was resting in an earlier run (it counts as cancelled).
"""

from collections.abc import Mapping

import msgspec

from feeds.sim.ledger import Ledger, Party, Payout
from feeds.sim.matching import Incoming, Matching, Outcome, Trade
from markets.terms.fees import trade_fee
from markets.terms.ids import MarketId, OrderId, VenueId, venue_of
from markets.terms.instruments import Market, MarketState
from markets.terms.units import MICRO, MS, Ns, Px, Qty, Rounding, Usd, times
from trading.engine.book import Book, BookState
from trading.engine.events import (
    AccountReported,
    Event,
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
    OrderRejected,
)
from trading.engine.orders import BookKind, Fill, OrderRequest, Side, TimeInForce

# The one account we have at each venue on paper.
OURS = "paper"
_NONE = Qty(0)
_FREE = Usd(0)
_ENDINGS = {"fok": "fill or kill", "self_trade": "self trade"}

Refusal = tuple[str, str]


class Account(msgspec.Struct):
    """Paper money and holdings at one venue."""

    cash: Usd
    holdings: dict[tuple[MarketId, int], Qty]


class _Arrival(msgspec.Struct, frozen=True):
    """Something on its way: an order (`is_held` once it has waited the placement delay), the wish
    to cancel one, or the question what became of it.
    """

    due: Ns
    number: int
    market: MarketId
    order: OrderId
    kind: str
    request: OrderRequest | None = None
    post_only: bool = False
    expires_at: Ns | None = None
    is_held: bool = False


class _Answer(msgspec.Struct, frozen=True):
    due: Ns
    number: int
    event: Event


class _Known(msgspec.Struct):
    """An order that has arrived. `request` is None when it is of an earlier run."""

    request: OrderRequest | None
    filled: Qty = _NONE
    fills: int = 0
    is_held: bool = False


class Exchange:
    """The simulated side of every venue.

    `latency_ms` is the round trip per venue; at venues of `nets`, YES and NO of one market give
    their dollar back at once and what is sold beyond what is held opens the other side.
    """

    def __init__(
        self,
        latency_ms: Mapping[VenueId, int],
        cash: Mapping[VenueId, Usd],
        nets: frozenset[VenueId] = frozenset(),
    ) -> None:
        self._nets = nets
        self._latency: dict[VenueId, Ns] = {}
        self._ledgers: dict[VenueId, Ledger] = {}
        self._markets: dict[MarketId, Market] = {}
        self._books: dict[MarketId, Book] = {}
        self._matchings: dict[MarketId, Matching] = {}
        self._arrivals: list[_Arrival] = []
        self._answers: list[_Answer] = []
        self._orders: dict[OrderId, _Known] = {}
        self._number = 0
        for venue, money in cash.items():
            self.open_account(venue, Account(money, {}), latency_ms.get(venue, 0))

    @property
    def accounts(self) -> dict[VenueId, Account]:
        """What we have at each venue now."""
        return {
            venue: Account(ledger.cash(OURS), ledger.holdings(OURS))
            for venue, ledger in self._ledgers.items()
        }

    def ledger(self, venue: VenueId) -> Ledger:
        """A venue's own books. Errors: `KeyError` for a venue without an account."""
        return self._ledgers[venue]

    def list_markets(self, markets: tuple[Market, ...]) -> None:
        """The markets that may be traded, replacing those known; orders resting in one that is not
        open any more are cancelled.
        """
        self._markets = {m.id: m for m in markets}
        for market in markets:
            self._open(market.id)
        for name, matching in list(self._matchings.items()):
            listed = self._markets.get(name)
            if listed is not None:
                matching.ticks = listed.ticks
            if listed is None or listed.state is not MarketState.OPEN:
                self._ended(matching.drop(), "market closed", Ns(0))

    def open_account(self, venue: VenueId, account: Account, latency_ms: int) -> None:
        """A venue's account and round trip; an account that exists keeps its money."""
        self._latency[venue] = Ns(latency_ms * MS)
        if venue in self._ledgers:
            return
        ledger = self._ledgers[venue] = Ledger()
        for market in self._markets:
            self._open(market)
        ledger.deposit(OURS, account.cash)
        for market in {market for market, _ in account.holdings}:
            held = [account.holdings.get((market, outcome), _NONE) for outcome in (0, 1)]
            ledger.open(market, nets=venue in self._nets)
            ledger.endow(OURS, market, (held[0], held[1]))

    def remember(self, filled: Mapping[OrderId, Qty]) -> None:
        """Orders of earlier runs and what they filled, so that a question about them is
        answered truly.
        """
        self._orders.update({order: _Known(None, qty) for order, qty in filled.items()})

    def on_book(self, book: Book) -> None:
        """The venue shows a new book: depth taken at a level comes back when its shown size
        changes, and resting orders it crosses are filled.
        """
        self._books[book.market] = book
        matching = self._matchings.get(book.market)
        if matching is None or book.state is not BookState.LIVE:
            return
        self._booked(matching.show(book.bids(0), book.asks(0), book.at))
        if matching.is_idle:
            del self._matchings[book.market]

    def on_trade(self, market: MarketId, level: tuple[Px, Qty], side: Side, at: Ns) -> None:
        """Somebody traded YES at the venue, `side` being the taker's: our queue shrinks."""
        matching = self._matchings.get(market)
        if matching is not None:
            self._booked(matching.traded(*level, side, at))

    def settle(self, market: MarketId, pays: tuple[Px, Px], at: Ns) -> list[Payout]:
        """The market paid: resting orders end, holdings become money."""
        matching = self._matchings.pop(market, None)
        if matching is not None:
            self._ended(matching.drop(), "market settled", at)
        ledger = self._ledgers.get(venue_of(market))
        paid = [] if ledger is None else ledger.settle(market, pays, at)
        return [payout for payout in paid if payout.account == OURS]

    def submit(
        self,
        request: OrderRequest,
        at: Ns,
        *,
        post_only: bool = False,
        expires_at: Ns | None = None,
    ) -> None:
        """The order leaves us now; nothing is said of it before `next_due`."""
        self._arrivals.append(
            _Arrival(
                self.arrival(request.market, at),
                self._next(),
                request.market,
                request.id,
                "order",
                request,
                post_only,
                expires_at,
            )
        )

    def query(self, order: OrderId, market: MarketId, at: Ns) -> None:
        """Ask what became of an order.

        One that never arrived is answered as cancelled with nothing filled.
        """
        self._travel("query", order, market, at)

    def cancel(self, order: OrderId, market: MarketId, at: Ns) -> None:
        """Take what rests out of the book; for an order that has ended it answers like a question.

        One that waits out a placement delay stays, and is said to be open.
        """
        self._travel("cancel", order, market, at)

    def next_due(self) -> Ns | None:
        """When `advance` has something to do, or None."""
        due = [a.due for a in self._arrivals] + [a.due for a in self._answers]
        for matching in self._matchings.values():
            ends = (r.incoming.expires_at for r in matching.resting())
            due += [end for end in ends if end is not None]
        return min(due, default=None)

    def advance(self, at: Ns) -> list[Event]:
        """Everything due by `at`, in order of time, then of submission."""
        while ready := [a for a in self._arrivals if a.due <= at]:
            arrival = min(ready, key=lambda a: (a.due, a.number))
            self._arrivals.remove(arrival)
            self._expire(arrival.due)
            for event in self._meet(arrival):
                self._say(arrival.market, arrival.due, event)
        self._expire(at)
        told = sorted((a for a in self._answers if a.due <= at), key=lambda a: (a.due, a.number))
        self._answers = [a for a in self._answers if a.due > at]
        return [msgspec.structs.replace(a.event, at=at) for a in told]

    def statement(self, venue: VenueId, at: Ns) -> AccountReported:
        """The venue's word on our paper money and holdings."""
        ledger = self._ledgers[venue]
        held = tuple((m, o, q) for (m, o), q in ledger.holdings(OURS).items())
        return AccountReported(at, venue, BookKind.PAPER, ledger.cash(OURS), held)

    # travelling

    def arrival(self, market: MarketId, at: Ns) -> Ns:
        """When what leaves at `at` is at the other end."""
        return Ns(at + self._latency.get(venue_of(market), 0) // 2)

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _travel(self, kind: str, order: OrderId, market: MarketId, at: Ns) -> None:
        due = self.arrival(market, at)
        self._arrivals.append(_Arrival(due, self._next(), market, order, kind))

    def _say(self, market: MarketId, at: Ns, event: Event) -> None:
        self._answers.append(_Answer(self.arrival(market, at), self._next(), event))

    # what arrives

    def _meet(self, arrival: _Arrival) -> list[Event]:
        known = self._orders.get(arrival.order)
        request = arrival.request
        if request is None:
            return self._asked(arrival, known)
        if known is not None and not arrival.is_held:
            return [OrderRejected(arrival.due, request.id, "duplicate", "order id already used")]
        if known is None:
            known = self._orders[request.id] = _Known(request)
        known.is_held = False
        refusal = self._refusal(request) or self._unaffordable(arrival, request)
        if refusal is not None:
            return self._refused(arrival, refusal)
        if not arrival.is_held and self._is_delayed(arrival, request):
            return self._hold_back(arrival, known)
        return self._match(arrival, request)

    def _asked(self, arrival: _Arrival, known: _Known | None) -> list[Event]:
        matching = self._matchings.get(arrival.market)
        rests = matching is not None and matching.find(arrival.order) is not None
        if known is not None and (known.is_held or (rests and arrival.kind == "query")):
            return [OrderAccepted(arrival.due, arrival.order, f"paper-{arrival.order}")]
        reason = "not resting"
        if rests and matching is not None:
            matching.cancel(arrival.order)
            self._reserve(arrival.market, arrival.order)
            reason = "as asked"
        filled = _NONE if known is None else known.filled
        return [OrderCancelled(arrival.due, arrival.order, filled, reason)]

    def _refused(self, arrival: _Arrival, refusal: Refusal) -> list[Event]:
        if arrival.is_held:  # it was accepted before it waited
            return [OrderCancelled(arrival.due, arrival.order, _NONE, refusal[1])]
        return [OrderRejected(arrival.due, arrival.order, *refusal)]

    def _is_delayed(self, arrival: _Arrival, request: OrderRequest) -> bool:
        if not self._markets[request.market].delay_ms:
            return False
        return bool(self._matching(request.market).preview(_incoming(request, arrival)))

    def _hold_back(self, arrival: _Arrival, known: _Known) -> list[Event]:
        """It would trade: it waits, and then meets the book as it is then."""
        known.is_held = True
        delay = self._markets[arrival.market].delay_ms * MS
        later = msgspec.structs.replace(arrival, due=Ns(arrival.due + delay), is_held=True)
        self._arrivals.append(later)
        return [OrderAccepted(arrival.due, arrival.order, f"paper-{arrival.order}")]

    def _refusal(self, request: OrderRequest) -> Refusal | None:
        market = self._markets.get(request.market)
        book = self._books.get(request.market)
        if market is None:
            return "market_not_found", f"{request.market} is not listed"
        if market.state is not MarketState.OPEN or book is None or book.state is not BookState.LIVE:
            return "market_closed", f"{request.market} cannot be traded now"
        if not market.ticks.is_legal(request.px):
            return "invalid_price", f"{request.px} is not on the tick grid"
        if request.qty < market.min_size or request.qty % market.lot:
            return (
                "invalid_size",
                f"{request.qty} is below the minimum or not a multiple of the lot",
            )
        if venue_of(request.market) not in self._ledgers:
            return "no_account", f"no paper account at {venue_of(request.market)}"
        return None

    def _unaffordable(self, arrival: _Arrival, request: OrderRequest) -> Refusal | None:
        market = self._markets[request.market]
        asked = _incoming(request, arrival)
        level = self._matching(request.market).preview(asked)
        parts = [(_own(request, px), qty) for px, qty in level]
        notional = times(request.px, request.qty, Rounding.DOWN)
        if parts and request.side is Side.BUY and notional < market.min_notional:
            return "invalid_size", f"a marketable order needs {market.min_notional}, not {notional}"
        rest = Qty(request.qty - sum(qty for _, qty in parts))
        if request.tif is TimeInForce.FOK and rest:
            return None
        selling = request.side is Side.SELL
        fees = [trade_fee(market.fees, px, qty, selling=selling) for px, qty in parts]
        if request.tif is TimeInForce.GTC and rest:
            fees.append(trade_fee(market.fees, request.px, rest, maker=True, selling=selling))
            parts.append((request.px, rest))
        return self._shortage(request, parts, Usd(sum(fees)))

    def _shortage(
        self, request: OrderRequest, parts: list[tuple[Px, Qty]], fees: Usd
    ) -> Refusal | None:
        venue = venue_of(request.market)
        ledger = self._ledgers[venue]
        wanted = Qty(sum(qty for _, qty in parts))
        free = ledger.free(OURS)
        if request.side is Side.BUY:
            need = sum(times(px, qty, Rounding.UP) for px, qty in parts) + fees
        else:
            held = self._unspoken(request)
            if wanted <= held:
                return None
            if venue not in self._nets:
                return "insufficient_balance", f"holds {held} of outcome {request.outcome}"
            # What is sold beyond what is held is bought of the other side; pairs pay at once.
            each = (times(Px(MICRO - px), qty, Rounding.UP) for px, qty in parts)
            need = sum(each) + fees - held
        return ("insufficient_balance", f"needs {need}, has {free}") if need > free else None

    def _unspoken(self, request: OrderRequest) -> Qty:
        """What is held of the outcome and not offered by a resting order."""
        held = self._ledgers[venue_of(request.market)].held(OURS, request.market, request.outcome)
        offered = 0
        for resting in self._matching(request.market).resting():
            known = self._orders[OrderId(resting.order)].request
            if known and known.side is Side.SELL and known.outcome == request.outcome:
                offered += resting.qty
        return Qty(held - offered)

    # matching

    def _open(self, market: MarketId) -> None:
        ledger = self._ledgers.get(venue_of(market))
        if ledger is not None:
            ledger.open(market, nets=venue_of(market) in self._nets)

    def _matching(self, market: MarketId) -> Matching:
        """The market's book; it is begun when the first order needs it and let go when idle."""
        found = self._matchings.get(market)
        if found is None:
            listed, book = self._markets[market], self._books[market]
            found = self._matchings[market] = Matching(market, listed.ticks, listed.lot)
            found.show(book.bids(0), book.asks(0), book.at)
        return found

    def _match(self, arrival: _Arrival, request: OrderRequest) -> list[Event]:
        matching = self._matching(request.market)
        outcome = matching.submit(_incoming(request, arrival), arrival.due)
        if outcome.rejected == "post_only":
            return self._refused(arrival, ("post_only", "it would have traded at once"))
        if outcome.rejected == "expired":
            return self._refused(arrival, ("invalid_expiry", "its end is in the past"))
        said: list[Event] = []
        if not arrival.is_held:
            said.append(OrderAccepted(arrival.due, request.id, f"paper-{request.id}"))
        fills = [self._filled(trade, request, maker=False) for trade in outcome.trades]
        said += [OrderFilled(arrival.due, fill) for fill in fills]
        said += self._tail(arrival, request, outcome)
        self._reserve(request.market, request.id)
        if fills:
            said.append(self.statement(venue_of(request.market), arrival.due))
        if matching.is_idle:
            del self._matchings[request.market]
        return said

    def _tail(self, arrival: _Arrival, request: OrderRequest, outcome: Outcome) -> list[Event]:
        if outcome.rested or not outcome.cancelled:
            return []
        reason = _ENDINGS.get(outcome.rejected, "immediate or cancel")
        filled = self._orders[request.id].filled
        return [OrderCancelled(arrival.due, request.id, filled, reason)]

    def _booked(self, trades: list[Trade]) -> None:
        """Resting orders of ours were filled."""
        for trade in trades:
            known = self._orders[OrderId(trade.maker or "")]
            if known.request is None:
                continue
            market = known.request.market
            fill = self._filled(trade, known.request, maker=True)
            self._reserve(market, known.request.id)
            self._say(market, trade.at, OrderFilled(trade.at, fill))
            self._say(market, trade.at, self.statement(venue_of(market), trade.at))

    def _filled(self, trade: Trade, request: OrderRequest, *, maker: bool) -> Fill:
        known = self._orders[request.id]
        px = _own(request, trade.px)
        fees, selling = self._markets[request.market].fees, request.side is Side.SELL
        fee = trade_fee(fees, px, trade.qty, maker=maker, selling=selling)
        key = f"paper-{request.id}-{known.fills}"
        known.fills += 1
        known.filled = Qty(known.filled + trade.qty)
        ledger = self._ledgers[venue_of(request.market)]
        outcome, side = request.outcome, request.side
        if selling and ledger.held(OURS, request.market, outcome) < trade.qty:
            outcome, side = 1 - outcome, Side.BUY
        house = ledger.house(request.market, _other(_yes_side(request)), trade.qty)
        ours = Party(OURS, request.id, outcome, side, fee, maker)
        ledger.trade(key, request.market, (trade.px, trade.qty), (ours, house), trade.at)
        named = (request.id, request.market, request.outcome, request.side)
        return Fill(key, *named, px, trade.qty, fee, trade.at)

    def _reserve(self, market: MarketId, order: OrderId) -> None:
        """A resting purchase speaks for its money and fee, anything else for none."""
        resting = self._matchings[market].find(order) if market in self._matchings else None
        request = self._orders[order].request
        need = _FREE
        if resting is not None and request is not None and request.side is Side.BUY:
            fee = trade_fee(self._markets[market].fees, request.px, resting.qty, maker=True)
            need = Usd(times(request.px, resting.qty, Rounding.UP) + fee)
        self._ledgers[venue_of(market)].reserve(order, OURS, need)

    def _expire(self, at: Ns) -> None:
        for matching in list(self._matchings.values()):
            self._ended(matching.expire(at), "expired", at)

    def _ended(self, orders: list[tuple[str, Qty]], reason: str, at: Ns) -> None:
        for name, _ in orders:
            known = self._orders[OrderId(name)]
            if known.request is not None:
                market = known.request.market
                self._reserve(market, known.request.id)
                event = OrderCancelled(at, known.request.id, known.filled, reason)
                self._say(market, at, event)


def _yes_side(request: OrderRequest) -> Side:
    """The side of YES: buying NO is selling YES."""
    return request.side if request.outcome == 0 else _other(request.side)


def _own(request: OrderRequest, px: Px) -> Px:
    """A YES price as the price of the order's outcome."""
    return px if request.outcome == 0 else Px(MICRO - px)


def _incoming(request: OrderRequest, arrival: _Arrival) -> Incoming:
    return Incoming(
        order=request.id,
        account=OURS,
        side=_yes_side(request),
        px=_own(request, request.px),
        qty=request.qty,
        tif=request.tif,
        expires_at=arrival.expires_at if request.tif is TimeInForce.GTC else None,
        post_only=arrival.post_only,
        stp="cancel_incoming",
    )


def _other(side: Side) -> Side:
    return Side.SELL if side is Side.BUY else Side.BUY
