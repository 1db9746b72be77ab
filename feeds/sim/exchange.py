"""A simulated exchange for taker orders against the books the real feeds show.

An order travels half the venue's latency, meets the book as it is then, and its answers travel the
other half.
It takes displayed depth best price first; what it took stays taken until the venue shows another
size at that
price. Fills are charged the market's own fee. Cash and holdings are kept per venue, so that what a
person sees on
paper is what the venue would have allowed. Pure: told every book and the time, it answers with
events.
Not here yet: resting orders (refused as `unsupported`), queues, placement delays of sports markets.
"""

from collections.abc import Mapping

import msgspec

from markets.terms.fees import trade_fee
from markets.terms.ids import MarketId, OrderId, VenueId, venue_of
from markets.terms.instruments import Market, MarketState
from markets.terms.units import MICRO, MS, Ns, Px, Qty, Rounding, Usd, times
from trading.engine.book import Book, BookState, Levels
from trading.engine.events import (
    AccountReported,
    Event,
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
    OrderRejected,
)
from trading.engine.orders import BookKind, Fill, OrderRequest, Side, TimeInForce

_FREE = Qty(0)
# Where a level stands in the one stored ladder pair: outcome 1 buys from outcome 0's bids.
_LevelKey = tuple[MarketId, str, Px]


class Account(msgspec.Struct):
    """Paper money and holdings at one venue."""

    cash: Usd
    holdings: dict[tuple[MarketId, int], Qty]


class _Arrival(msgspec.Struct, frozen=True):
    """Something on its way: an order, or the question what became of one."""

    due: Ns
    number: int
    request: OrderRequest | None
    asked: OrderId | None = None


class _Answer(msgspec.Struct, frozen=True):
    due: Ns
    number: int
    event: Event


class _Taken(msgspec.Struct):
    """How much of a level we took while it showed `shown`."""

    shown: Qty
    qty: Qty


class Exchange:
    """The simulated side of every venue. `latency_ms` is the round trip per venue."""

    def __init__(self, latency_ms: Mapping[VenueId, int], cash: Mapping[VenueId, Usd]) -> None:
        self.accounts = {venue: Account(money, {}) for venue, money in cash.items()}
        self._latency = {venue: Ns(ms * MS) for venue, ms in latency_ms.items()}
        self._markets: dict[MarketId, Market] = {}
        self._books: dict[MarketId, Book] = {}
        self._taken: dict[_LevelKey, _Taken] = {}
        self._arrivals: list[_Arrival] = []
        self._answers: list[_Answer] = []
        self._filled: dict[OrderId, Qty] = {}
        self._number = 0

    def list_markets(self, markets: tuple[Market, ...]) -> None:
        """The markets that may be traded, replacing those known."""
        self._markets = {m.id: m for m in markets}

    def open_account(self, venue: VenueId, account: Account, latency_ms: int) -> None:
        """A venue's account and round trip; an account that exists keeps its money."""
        self.accounts.setdefault(venue, account)
        self._latency[venue] = Ns(latency_ms * MS)

    def remember(self, filled: Mapping[OrderId, Qty]) -> None:
        """Orders of earlier runs and what they filled, so that a question about them is
        answered truly.
        """
        self._filled.update(filled)

    def on_book(self, book: Book) -> None:
        """The venue shows a new book: depth taken at a level comes back when its shown size
        changes.
        """
        self._books[book.market] = book
        if not self._taken:
            return
        shown = {("ask", px): qty for px, qty in book.asks(0)}
        shown |= {("bid", px): qty for px, qty in book.bids(0)}
        for key in [k for k in self._taken if k[0] == book.market]:
            if shown.get((key[1], key[2])) != self._taken[key].shown:
                del self._taken[key]

    def submit(self, request: OrderRequest, at: Ns) -> None:
        """The order leaves us now; nothing is said of it before `next_due`."""
        self._arrivals.append(_Arrival(self._half(request.market, at), self._next(), request))

    def query(self, order: OrderId, market: MarketId, at: Ns) -> None:
        """Ask what became of an order.

        One that never arrived is answered as cancelled with nothing filled.
        """
        self._arrivals.append(_Arrival(self._half(market, at), self._next(), None, order))

    def cancel(self, order: OrderId, market: MarketId, at: Ns) -> None:
        """Taker orders end by themselves, so a cancellation answers like a question."""
        self.query(order, market, at)

    def next_due(self) -> Ns | None:
        """When `advance` has something to do, or None."""
        due = [a.due for a in self._arrivals] + [a.due for a in self._answers]
        return min(due, default=None)

    def advance(self, at: Ns) -> list[Event]:
        """Everything due by `at`, in order of time, then of submission."""
        for arrival in sorted(
            (a for a in self._arrivals if a.due <= at), key=lambda a: (a.due, a.number)
        ):
            self._arrivals.remove(arrival)
            for event in self._meet(arrival):
                self._answers.append(
                    _Answer(self._half(_market(event, arrival), arrival.due), self._next(), event)
                )
        ready = sorted((a for a in self._answers if a.due <= at), key=lambda a: (a.due, a.number))
        self._answers = [a for a in self._answers if a.due > at]
        return [msgspec.structs.replace(a.event, at=at) for a in ready]

    def statement(self, venue: VenueId, at: Ns) -> AccountReported:
        """The venue's word on our paper money and holdings."""
        account = self.accounts[venue]
        held = tuple((m, o, q) for (m, o), q in account.holdings.items() if q)
        return AccountReported(at, venue, BookKind.PAPER, account.cash, held)

    def _half(self, market: MarketId, at: Ns) -> Ns:
        return Ns(at + self._latency.get(venue_of(market), 0) // 2)

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _meet(self, arrival: _Arrival) -> list[Event]:
        if arrival.request is None:
            order = arrival.asked or OrderId("")
            return [
                OrderCancelled(arrival.due, order, self._filled.get(order, _FREE), "not resting")
            ]
        request = arrival.request
        if request.id in self._filled:
            return [OrderRejected(arrival.due, request.id, "duplicate", "order id already used")]
        self._filled[request.id] = _FREE
        refusal = self._refusal(request)
        if refusal is not None:
            return [OrderRejected(arrival.due, request.id, *refusal)]
        fills = self._match(request, arrival.due)
        if isinstance(fills, tuple):
            return [OrderRejected(arrival.due, request.id, *fills)]
        return self._said(request, fills, arrival.due)

    def _refusal(self, request: OrderRequest) -> tuple[str, str] | None:
        market = self._markets.get(request.market)
        book = self._books.get(request.market)
        if market is None:
            return "market_not_found", f"{request.market} is not listed"
        if market.state is not MarketState.OPEN or book is None or book.state is not BookState.LIVE:
            return "market_closed", f"{request.market} cannot be traded now"
        if request.tif is TimeInForce.GTC:
            return "unsupported", "resting orders are not simulated"
        if not market.ticks.is_legal(request.px):
            return "invalid_price", f"{request.px} is not on the tick grid"
        if request.qty < market.min_size or request.qty % market.lot:
            return (
                "invalid_size",
                f"{request.qty} is below the minimum or not a multiple of the lot",
            )
        return None

    def _match(self, request: OrderRequest, at: Ns) -> list[Fill] | tuple[str, str]:
        market, book = self._markets[request.market], self._books[request.market]
        buying = request.side is Side.BUY
        levels = book.asks(request.outcome) if buying else book.bids(request.outcome)
        fills: list[Fill] = []
        left = request.qty
        for px, qty in self._free(request, levels):
            if left <= 0 or (px > request.px if buying else px < request.px):
                break
            take = min(left, qty)
            left = Qty(left - take)
            fee = trade_fee(market.fees, px, take, selling=not buying)
            key = f"paper-{request.id}-{len(fills)}"
            asked = (request.id, request.market, request.outcome, request.side)
            fills.append(Fill(key, *asked, px, take, fee, at))
        if request.tif is TimeInForce.FOK and left:
            return []
        short = self._shortage(request, fills)
        if short is None:
            self._book_fills(request, fills, levels)
        return fills if short is None else short

    def _free(self, request: OrderRequest, levels: Levels) -> list[tuple[Px, Qty]]:
        free = []
        for px, qty in levels:
            taken = self._taken.get(_level(request, px))
            rest = qty - taken.qty if taken else qty
            if rest > 0:
                free.append((px, Qty(rest)))
        return free

    def _shortage(self, request: OrderRequest, fills: list[Fill]) -> tuple[str, str] | None:
        account = self.accounts.get(venue_of(request.market))
        if account is None:
            return "no_account", f"no paper account at {venue_of(request.market)}"
        if request.side is Side.BUY:
            need = sum(times(f.px, f.qty, Rounding.UP) + f.fee for f in fills)
            if need > account.cash:
                return "insufficient_balance", f"needs {need}, has {account.cash}"
            return None
        held = account.holdings.get((request.market, request.outcome), _FREE)
        if sum(f.qty for f in fills) > held:
            return "insufficient_balance", f"holds {held} of outcome {request.outcome}"
        return None

    def _book_fills(self, request: OrderRequest, fills: list[Fill], levels: Levels) -> None:
        account = self.accounts[venue_of(request.market)]
        shown = dict(levels)
        key = (request.market, request.outcome)
        for fill in fills:
            taken = self._taken.setdefault(_level(request, fill.px), _Taken(shown[fill.px], _FREE))
            taken.qty = Qty(taken.qty + fill.qty)
            held = account.holdings.get(key, _FREE)
            if fill.side is Side.BUY:
                spent = times(fill.px, fill.qty, Rounding.UP) + fill.fee
                account.cash = Usd(account.cash - spent)
                account.holdings[key] = Qty(held + fill.qty)
            else:
                gained = times(fill.px, fill.qty, Rounding.DOWN) - fill.fee
                account.cash = Usd(account.cash + gained)
                account.holdings[key] = Qty(held - fill.qty)

    def _said(self, request: OrderRequest, fills: list[Fill], at: Ns) -> list[Event]:
        filled = Qty(sum(f.qty for f in fills))
        self._filled[request.id] = filled
        said: list[Event] = [OrderAccepted(at, request.id, f"paper-{request.id}")]
        said += [OrderFilled(at, fill) for fill in fills]
        if filled < request.qty:
            said.append(OrderCancelled(at, request.id, filled, "immediate or cancel"))
        if fills:
            said.append(self.statement(venue_of(request.market), at))
        return said


def _level(request: OrderRequest, px: Px) -> _LevelKey:
    """The stored level an order of this outcome and side meets at `px`."""
    asks = (request.side is Side.BUY) == (request.outcome == 0)
    stored = px if request.outcome == 0 else Px(MICRO - px)
    return request.market, "ask" if asks else "bid", stored


def _market(event: Event, arrival: _Arrival) -> MarketId:
    if arrival.request is not None:
        return arrival.request.market
    return MarketId("")
