"""The paper twins of live orders as rows: how each stands, and how far it is from its live order.

What one order came to is its *result*: the money it kept beside its own limit price, after fees
(bought below it, sold above it; nothing filled is nothing). So orders of different fills compare.
A twin that had not ended when the worker started again is `lost`: nobody follows it any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from markets.moments import moment, ns
from markets.terms.ids import DealId, MarketId, OrderId
from markets.terms.units import MICRO, Ns, Px, Qty, Rounding, Usd, divide, times
from trading.engine.events import TwinTold
from trading.engine.orders import OrderState, Side
from trading.models import Order, Twin
from trading.upserts import upsert

LOST = "lost"
_OPEN = (OrderState.SENT.value, OrderState.PART.value)


class Outcome(msgspec.Struct, frozen=True):
    """What came of an order. `cost` is paid (buys) or received (sells); `took` is from its sending
    to the word of its last fill, None before one.
    """

    filled: Qty
    cost: Usd
    fees: Usd
    took: Ns | None


class Apart(msgspec.Struct, frozen=True):
    """The twin less the live order: price a contract and time are None unless both filled."""

    px: Px | None
    qty: Qty
    took: Ns | None
    result: Usd


class TwinRow(msgspec.Struct, frozen=True):
    """A live order and its twin. `px` and `twin_px` are averages; `*_apart` the twin less live."""

    order: OrderId
    deal: DealId
    market: MarketId
    outcome: int
    side: str
    purpose: str
    qty: Qty
    state: str
    twin_state: str
    filled: Qty
    twin_filled: Qty
    px: Px | None
    twin_px: Px | None
    fees: Usd
    twin_fees: Usd
    took_ms: int | None
    twin_took_ms: int | None
    px_apart: Px | None
    qty_apart: Qty
    took_apart_ms: int | None
    result_apart: Usd
    reason: str


def average(side: Side, outcome: Outcome) -> Px | None:
    """Its price a contract before fees, rounded against us; None before a fill."""
    if not outcome.filled:
        return None
    rounding = Rounding.UP if side is Side.BUY else Rounding.DOWN
    return Px(divide(outcome.cost * MICRO, outcome.filled, rounding))


def result(side: Side, limit: Px, outcome: Outcome) -> Usd:
    """Money kept beside the limit price, after fees, rounded down."""
    if side is Side.BUY:
        worth = times(limit, outcome.filled, Rounding.DOWN)
        return Usd(worth - outcome.cost - outcome.fees)
    return Usd(outcome.cost - outcome.fees - times(limit, outcome.filled, Rounding.UP))


def apart(side: Side, limit: Px, live: Outcome, twin: Outcome) -> Apart:
    """How far a twin is from its live order."""
    ours, theirs = average(side, live), average(side, twin)
    none = live.took is None or twin.took is None
    return Apart(
        px=None if ours is None or theirs is None else Px(theirs - ours),
        qty=Qty(twin.filled - live.filled),
        took=None if none else Ns((twin.took or 0) - (live.took or 0)),
        result=Usd(result(side, limit, twin) - result(side, limit, live)),
    )


def of_deal(deal_id: str) -> tuple[TwinRow, ...]:
    """The twins of a deal's orders, in the order of their sending."""
    rows = list(Twin.objects.filter(order__deal_id=deal_id).select_related("order"))
    rows.sort(key=lambda row: (row.sent_at, row.order_id))
    return tuple(_row(row, row.order) for row in rows)


# --- writing, for the store -----------------------------------------------------------------------

_FIELDS = ("state", "filled", "cost", "fees", "filled_at", "reason", "seq")
_APART = ("live_filled", "live_filled_at", "px_apart", "qty_apart", "took_apart", "result_apart")


def write(
    told: Iterable[tuple[int, TwinTold]],
    orders: Mapping[str, Order],
    filled_at: Mapping[str, Ns],
    started: int,
) -> None:
    """Bring what was told of twins into rows, and the difference of every twin whose half moved.

    `orders` are the live orders spoken of, as they are written now; `filled_at` when the word of a
    live order's last fill came; `started` the number of the last start, 0 for none.
    """
    fresh = [_told_row(seq, event) for seq, event in told]
    upsert(fresh, ("order",), _FIELDS)
    names = dict.fromkeys([*orders, *(row.order_id for row in fresh)])
    rows = list(Twin.objects.filter(order_id__in=list(names))) if names else []
    missing = [row.order_id for row in rows if row.order_id not in orders]
    known = {**orders, **Order.objects.in_bulk(missing, field_name="order_id")}
    for row in rows:
        order = known.get(row.order_id)
        if order is not None:
            _follow(row, order, filled_at.get(row.order_id))
            _compare(row, order)
    Twin.objects.bulk_update(rows, _APART)
    if started:
        Twin.objects.filter(state__in=_OPEN, seq__lt=started).update(state=LOST)


def _told_row(seq: int, told: TwinTold) -> Twin:
    return Twin(
        order_id=told.order,
        state=told.state.value,
        sent_at=moment(told.sent_at),
        filled=told.filled,
        cost=told.cost,
        fees=told.fees,
        filled_at=moment(told.filled_at) if told.filled_at else None,
        reason=told.reason[:500],
        seq=seq,
    )


def _follow(row: Twin, order: Order, filled_at: Ns | None) -> None:
    """The word of a fill that was told before (it became final) is not the word of a new one."""
    if filled_at is not None and order.filled != row.live_filled:
        row.live_filled = order.filled
        row.live_filled_at = moment(filled_at)


def _compare(row: Twin, order: Order) -> None:
    found = apart(Side(order.side), Px(order.px), _live(row, order), _twin(row))
    row.px_apart, row.qty_apart = found.px, found.qty
    row.took_apart, row.result_apart = found.took, found.result


def _live(row: Twin, order: Order) -> Outcome:
    took = None if row.live_filled_at is None else ns(row.live_filled_at) - ns(row.sent_at)
    return Outcome(
        Qty(order.filled), Usd(order.cost), Usd(order.fees), None if took is None else Ns(took)
    )


def _twin(row: Twin) -> Outcome:
    took = None if row.filled_at is None else ns(row.filled_at) - ns(row.sent_at)
    return Outcome(
        Qty(row.filled), Usd(row.cost), Usd(row.fees), None if took is None else Ns(took)
    )


def _row(row: Twin, order: Order) -> TwinRow:
    side, live, twin = Side(order.side), _live(row, order), _twin(row)
    ours, theirs = _ms(live.took), _ms(twin.took)
    return TwinRow(
        order=OrderId(order.order_id),
        deal=DealId(order.deal_id),
        market=MarketId(order.market_id),
        outcome=order.outcome,
        side=order.side,
        purpose=order.purpose,
        qty=Qty(order.qty),
        state=order.state,
        twin_state=row.state,
        filled=live.filled,
        twin_filled=twin.filled,
        px=average(side, live),
        twin_px=average(side, twin),
        fees=live.fees,
        twin_fees=twin.fees,
        took_ms=ours,
        twin_took_ms=theirs,
        px_apart=None if row.px_apart is None else Px(row.px_apart),
        qty_apart=Qty(row.qty_apart),
        # Of the milliseconds shown, so that the three add up.
        took_apart_ms=None if ours is None or theirs is None else theirs - ours,
        result_apart=Usd(row.result_apart),
        reason=row.reason,
    )


def _ms(span: int | None) -> int | None:
    return None if span is None else round(span / 1_000_000)
