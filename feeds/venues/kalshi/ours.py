"""What Kalshi has said of our own orders since we began, from every road by which it says things.

Invariants: what is counted as filled never falls; an end once said stays; each fill is handed out
once, whichever copy comes first; the end of an order is handed out once, and only after every fill
the venue counts. A read may be older than what an answer or the stream said before it: it can add,
and never take back.
Source: kalshi sheet 3.8 (reads lag writes), 4.6, read 2026-11-20.
"""

import msgspec

from feeds.venues.errands import Orders
from feeds.venues.kalshi import encode, replies
from feeds.venues.kalshi.parse import VENUE
from markets.terms.ids import OrderId, market_id
from markets.terms.units import MICRO, Ns, Px, Qty, Usd, micros_from_text
from trading.engine.events import OrderCancelled
from trading.engine.orders import BookKind, Fill, OrderRequest

KEPT = 20_000


class Known(msgspec.Struct):
    """One order of ours. `total` is the most anything counted as filled, `seen` what fills add up
    to, `ended` that nothing of it rests any more.
    """

    request: OrderRequest
    venue_order: str = ""
    total: int = 0
    seen: int = 0
    ended: bool = False
    reason: str = ""
    said: bool = False
    fills: dict[str, int] = {}

    @property
    def is_complete(self) -> bool:
        """Whether every fill the venue counts was seen."""
        return self.seen >= self.total

    @property
    def is_settled(self) -> bool:
        """Whether nothing can happen to it any more."""
        return self.ended and self.is_complete


class Ours:
    """Our orders, by our id and by the venue's. `orders` knows those of earlier runs."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self._known: dict[OrderId, Known] = {}
        self._by_venue: dict[str, OrderId] = {}

    def begin(self, request: OrderRequest) -> Known:
        """An order is about to be sent."""
        known = self._known[request.id] = Known(request)
        if len(self._known) > KEPT:
            self._forget()
        return known

    def find(self, order: OrderId) -> Known | None:
        """What is known of it; an order of an earlier run becomes known again."""
        known = self._known.get(order)
        if known is None:
            found = self._orders(order)
            if found is None or found.request.book is not BookKind.LIVE:
                return None
            known = self.begin(found.request)
            if found.venue_order:
                self.name(known, found.venue_order)
        return known

    def of(self, venue_order: str, client_id: str | None) -> Known | None:
        """Ours, if either id says so."""
        order = self._by_venue.get(venue_order)
        if order is None and client_id:
            known = self.find(OrderId(client_id))
            if known is not None:
                self.name(known, venue_order)
            return known
        return self._known.get(order) if order is not None else None

    def name(self, known: Known, venue_order: str) -> None:
        """The venue's id of it."""
        known.venue_order = venue_order
        self._by_venue[venue_order] = known.request.id

    def count(self, known: Known, total: Qty) -> None:
        """The venue counts so much filled."""
        known.total = max(known.total, total)

    def end(self, known: Known, reason: str, total: Qty | None = None) -> None:
        """Nothing of it rests any more."""
        known.ended = True
        known.reason = known.reason or reason
        if total is not None:
            self.count(known, total)

    def row(self, known: Known, row: replies.OrderRow) -> None:
        """An order as a list or the stream says it. Errors: `ValueError`."""
        self.count(known, row.filled)
        if row.status in ("canceled", "executed"):
            self.end(known, row.last_update_reason or row.status)

    def fill(self, known: Known, row: replies.FillRow, at: Ns) -> Fill | None:
        """The fill a row says, the first time it does. Errors: `ValueError`."""
        if row.key in known.fills:
            return None
        fill = fill_of(known.request, row, at)
        known.fills[row.key] = fill.qty
        known.seen += fill.qty
        known.total = max(known.total, known.seen)
        if known.seen >= known.request.qty:
            known.ended = True
        return fill

    def ending(self, known: Known, at: Ns) -> OrderCancelled | None:
        """The word that the rest is gone, once and when it is true."""
        if not known.is_settled or known.said:
            return None
        known.said = True
        if known.seen >= known.request.qty:
            return None
        return OrderCancelled(at, known.request.id, Qty(known.total), known.reason)

    def _forget(self) -> None:
        """The oldest half of those that are over."""
        over = [order for order, known in self._known.items() if known.said][: KEPT // 2]
        for order in over:
            self._by_venue.pop(self._known.pop(order).venue_order, None)


def fill_of(request: OrderRequest, row: replies.FillRow, at: Ns) -> Fill:
    """The fill as a fill of what was asked for. One in the other direction keeps its own, so that
    the engine sees that it is not what was asked for. Errors: `ValueError`.
    """
    yes = Px(micros_from_text(row.yes_price_dollars))
    side = replies.direction(row)
    outcome, ours, px = replies.claim(side, yes)
    if side == encode.book_side(request.outcome, request.side):
        outcome, ours = request.outcome, request.side
        px = yes if outcome == 0 else Px(MICRO - yes)
    return Fill(
        key=row.key,
        order=request.id,
        market=market_id(VENUE, row.ticker or row.market_ticker),
        outcome=outcome,
        side=ours,
        px=px,
        qty=Qty(micros_from_text(row.count_fp)),
        fee=Usd(micros_from_text(row.fee_cost)),
        at=at,
    )
