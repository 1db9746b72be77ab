"""Orders and fills as rows: an order's totals are the sums of its fills, its state goes only where
the engine's table allows.

Written within the caller's transaction; writing the same news again changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from markets.moments import moment
from markets.terms.units import Ns, Px, Qty, Rounding, times
from trading import models, twins
from trading.engine.events import (
    OrderAccepted,
    OrderCancelled,
    OrderDelayed,
    OrderFilled,
    OrderRejected,
    OrderUnknown,
)
from trading.engine.intents import (
    QueryOrder,
)
from trading.engine.orders import (
    NEXT,
    TERMINAL,
    Fill,
    Finality,
    OrderRequest,
    OrderState,
    Side,
)
from trading.gathered import SURENESS, OrderNews, Rows, order_of
from trading.upserts import upsert

_REASON = 500

# --- orders and fills -----------------------------------------------------------------------------

_ORDER = ("state", "changed_at", "filled", "cost", "fees", "venue_order", "reason", "seq")


def write_orders(rows: Rows) -> list[str]:
    """Orders and fills of these rows; ids of their deals."""
    ids = rows.orders()
    if not (ids or rows.twins or rows.started):
        return []
    orders = models.Order.objects.in_bulk(ids, field_name="order_id")
    for order in orders.values():
        order.pk = None  # written again by its natural key
    priced = _revisions(request.deal for _, _, request in rows.placed.values())
    for seq, at, request in rows.placed.values():
        row = _order_row(seq, at, request)
        row.fee_rev, row.friction_rev = _priced(priced.get(request.deal), request.leg)
        orders.setdefault(request.id, row)
    fills = [_fill_row(seq, f, orders.get(f.order)) for seq, f in _newer(rows.fills)]
    upsert(fills, ("key",), _FILL)
    _sum_fills(orders)
    for seq, news in rows.news:
        spoken_of = orders.get(order_of(news))
        if spoken_of is not None:
            _apply(spoken_of, news, seq)
    upsert(list(orders.values()), ("order_id",), _ORDER)
    heard: dict[str, Ns] = {n.fill.order: n.at for _, n in rows.news if isinstance(n, OrderFilled)}
    twins.write(rows.twins.values(), orders, heard, rows.started)
    return list(dict.fromkeys(order.deal_id for order in orders.values()))


def _newer(fills: dict[str, tuple[int, Fill]]) -> list[tuple[int, Fill]]:
    """Fills as they are now known: a provisional word said again does not undo a final one."""
    rows = models.Fill.objects.filter(key__in=list(fills))
    known = {
        key: SURENESS.index(Finality(word)) for key, word in rows.values_list("key", "finality")
    }
    return [
        (seq, fill)
        for key, (seq, fill) in fills.items()
        if SURENESS.index(fill.finality) >= known.get(key, 0)
    ]


def _order_row(seq: int, at: Ns, request: OrderRequest) -> models.Order:
    return models.Order(
        order_id=request.id,
        deal_id=request.deal,
        leg=request.leg,
        market_id=request.market,
        outcome=request.outcome,
        side=request.side.value,
        px=request.px,
        qty=request.qty,
        tif=request.tif.value,
        book=request.book.value,
        purpose=request.purpose.value,
        state=OrderState.SENT.value,
        sent_at=moment(at),
        changed_at=moment(at),
        seq=seq,
    )


def _revisions(deals: Iterable[str]) -> dict[str, tuple[str, str]]:
    """The fee schedules, one a leg, and the friction each deal was planned with."""
    wanted = list(dict.fromkeys(deals))
    if not wanted:
        return {}
    rows = models.Deal.objects.filter(deal_id__in=wanted)
    return {
        deal: (fee_rev, friction_rev)
        for deal, fee_rev, friction_rev in rows.values_list("deal_id", "fee_rev", "friction_rev")
    }


def _priced(revisions: tuple[str, str] | None, leg: int) -> tuple[str, str]:
    """The names of a leg's fee schedule and of the friction; empty when the deal is not known."""
    if revisions is None:
        return "", ""
    fees = revisions[0].split(",")
    return (fees[leg] if leg < len(fees) else ""), revisions[1]


_FILL = ("deal", "px", "qty", "fee", "finality")


def _fill_row(seq: int, fill: Fill, order: models.Order | None) -> models.Fill:
    return models.Fill(
        key=fill.key,
        order_id=fill.order,
        deal_id=None if order is None else order.deal_id,
        market_id=fill.market,
        outcome=fill.outcome,
        side=fill.side.value,
        book="paper" if order is None else order.book,
        px=fill.px,
        qty=fill.qty,
        fee=fill.fee,
        at=moment(fill.at),
        finality=fill.finality.value,
        fee_rev="" if order is None else order.fee_rev,
        friction_rev="" if order is None else order.friction_rev,
        seq=seq,
    )


def _sum_fills(orders: dict[str, models.Order]) -> None:
    """An order's totals are the sums of its fills, whatever was written before."""
    for order in orders.values():
        order.filled = order.cost = order.fees = 0
    fills = models.Fill.objects.filter(order_id__in=list(orders))
    for fill in fills.exclude(finality=Finality.FAILED.value):
        order = orders[fill.order_id]
        rounding = Rounding.UP if fill.side == Side.BUY.value else Rounding.DOWN
        order.filled += fill.qty
        order.cost += times(Px(fill.px), Qty(fill.qty), rounding)
        order.fees += fill.fee


def _apply(order: models.Order, news: OrderNews, seq: int) -> None:
    state, reason = _said(order, news)
    if isinstance(news, OrderAccepted | OrderDelayed):
        order.venue_order = _plain(news.venue_order)[:200]
    before = OrderState(order.state)
    if before in TERMINAL and not isinstance(news, OrderFilled):
        return
    if state not in NEXT[before]:
        return
    order.state = state.value
    order.changed_at = moment(news.at)
    order.reason = _plain(reason or order.reason)[:_REASON]
    order.seq = seq


def _plain(text: str) -> str:
    """A venue's text without the one character that PostgreSQL cannot keep."""
    return text.replace("\0", "")


def _said(order: models.Order, news: OrderNews) -> tuple[OrderState, str]:
    """The state these news would put the order into, and their reason."""
    match news:
        case OrderAccepted() | OrderDelayed():
            return (OrderState.PART if order.filled else OrderState.OPEN), ""
        case OrderRejected(code=code, text=text):
            return (OrderState.CANCELLED if order.filled else OrderState.REJECTED), text or code
        case OrderFilled():
            whole = order.filled >= order.qty
            ended = order.state == OrderState.CANCELLED.value
            ended = ended or order.state == OrderState.FILLED.value  # a fill of it was taken back
            part = OrderState.CANCELLED if ended else OrderState.PART
            return (OrderState.FILLED if whole else part), ""
        case OrderCancelled(reason=reason):
            return OrderState.CANCELLED, reason
        case OrderUnknown(reason=reason):
            return OrderState.UNKNOWN, reason
        case QueryOrder():
            return OrderState.UNKNOWN, ""
