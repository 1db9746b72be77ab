"""The paper twin: each live order is submitted to a simulated exchange too, at the same moment.

Its exchange is its own, apart from paper trading's, with an account that is lent whatever an order
needs: a twin is never short. It follows its live order alone: submitted with it, withdrawn with it,
and otherwise left to end by itself. What comes of it is told as `TwinTold`, which the engine does
nothing with. Live orders, money, positions and limits are never touched from here.

While a twin travels, its market is shown to it as it was when the live order left: from then on the
venue's book may lack what our own order took. A twin's life ends with the run: what had not ended
stays as it was last told.
"""

from collections.abc import Callable

import msgspec

from feeds.runtime.gateways import PaperDesk
from feeds.sim.exchange import OURS, Exchange
from markets.terms.ids import MarketId, OrderId, venue_of
from markets.terms.units import Ns, Qty, Usd
from trading.engine.events import (
    BookChanged,
    Event,
    OrderCancelled,
    OrderFilled,
    OrderRejected,
    TradeSeen,
    TwinTold,
)
from trading.engine.orders import OrderRequest, OrderState, Side
from trading.engine.positions import money_of
from trading.runtime.clock import Clock
from trading.runtime.gateway import Gateway

NONE = Qty(0)


class Twins:
    """All twins of a run. `wanted` says which live orders get one."""

    def __init__(
        self,
        exchange: Exchange,
        clock: Clock,
        emit: Callable[[Event], None],
        wanted: Callable[[OrderRequest], bool],
    ) -> None:
        self.exchange = exchange
        self._desk = PaperDesk(exchange, clock, self._told)
        self._clock = clock
        self._emit = emit
        self._wanted = wanted
        self._open: dict[OrderId, tuple[OrderRequest, TwinTold]] = {}
        self._travelling: dict[MarketId, int] = {}
        self._later: dict[MarketId, BookChanged] = {}

    @property
    def open(self) -> int:
        """Twins that have not ended."""
        return len(self._open)

    def beside(self, live: Gateway) -> Gateway:
        """The gateway, with a twin beside each order that passes."""
        return _Doubled(live, self)

    def hear(self, event: Event) -> None:
        """What the venues tell of their books and trades."""
        match event:
            case BookChanged(book=book) if book.market in self._travelling:
                self._later[book.market] = event
            case TradeSeen(market=market) if market in self._travelling:
                pass
            case _:
                self._desk.hear(event)

    def sent(self, request: OrderRequest) -> None:
        """A live order leaves now."""
        if not self._wanted(request):
            return
        now, market = self._clock.now(), request.market
        self._say(request, TwinTold(now, request.id, OrderState.SENT, now))
        self._lend(request)
        self._travelling[market] = self._travelling.get(market, 0) + 1
        self._desk.submit(request)
        self._clock.call_at(self.exchange.arrival(market, now), lambda: self._arrived(market))

    def withdrawn(self, order: OrderId, market: MarketId) -> None:
        """The end of a live order is asked for."""
        if order in self._open:
            self._desk.withdraw(order, market)

    def _lend(self, request: OrderRequest) -> None:
        """Two dollars a contract are more than any price with its fee; shares where it sells."""
        venue = venue_of(request.market)
        if venue not in self.exchange.accounts:
            return  # the exchange refuses the order, and says why
        ledger = self.exchange.ledger(venue)
        ledger.deposit(OURS, Usd(2 * request.qty))
        missing = request.qty - ledger.held(OURS, request.market, request.outcome)
        if request.side is Side.SELL and missing > 0:
            sides = (Qty(missing), NONE) if request.outcome == 0 else (NONE, Qty(missing))
            ledger.endow(OURS, request.market, sides)

    def _arrived(self, market: MarketId) -> None:
        self._desk.work()  # the order meets the book before the market moves on for it
        self._travelling[market] -= 1
        if not self._travelling[market]:
            del self._travelling[market]
            later = self._later.pop(market, None)
            if later is not None:
                self._desk.hear(later)

    def _told(self, event: Event) -> None:
        match event:
            case OrderFilled(fill=fill) if fill.order in self._open:
                request, before = self._open[fill.order]
                filled = Qty(before.filled + fill.qty)
                whole = filled >= request.qty
                after = msgspec.structs.replace(
                    before,
                    at=event.at,
                    state=OrderState.FILLED if whole else OrderState.PART,
                    filled=filled,
                    cost=Usd(before.cost + money_of(fill)),
                    fees=Usd(before.fees + fill.fee),
                    filled_at=event.at,
                )
                self._say(request, after)
            case OrderCancelled(order=order, reason=reason):
                self._ended(order, OrderState.CANCELLED, reason, event.at)
            case OrderRejected(order=order, text=text):
                self._ended(order, OrderState.REJECTED, text, event.at)
            case _:
                pass

    def _ended(self, order: OrderId, state: OrderState, reason: str, at: Ns) -> None:
        if order in self._open:
            request, before = self._open[order]
            self._say(request, msgspec.structs.replace(before, at=at, state=state, reason=reason))

    def _say(self, request: OrderRequest, told: TwinTold) -> None:
        if told.state in (OrderState.SENT, OrderState.PART):
            self._open[request.id] = (request, told)
        else:
            self._open.pop(request.id, None)
        self._emit(told)


class _Doubled:
    """A live gateway whose orders have twins."""

    def __init__(self, live: Gateway, twins: Twins) -> None:
        self._live = live
        self._twins = twins

    async def place(self, request: OrderRequest) -> None:
        self._twins.sent(request)
        await self._live.place(request)

    async def cancel(self, order: OrderId, market: MarketId) -> None:
        self._twins.withdrawn(order, market)
        await self._live.cancel(order, market)

    async def query(self, order: OrderId, market: MarketId) -> None:
        await self._live.query(order, market)
