"""Reads of deals, orders, fills, positions, decisions, commands and the worker, as structs in base
units.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from django.db.models import Count, F, Min, Sum

from markets.cursors import Page, page
from markets.moments import moment, ns
from markets.terms.ids import DealId, MarketId, OrderId, RelationId, VenueId, venue_of
from markets.terms.units import MICRO, Ns, Px, Qty, Rounding, Usd, divide
from trading import twins
from trading.engine.orders import TERMINAL, BookKind, Finality, TimeInForce
from trading.models import (
    Deal,
    DealStep,
    Fill,
    Leg,
    Order,
    Position,
)
from trading.twins import TwinRow

ACTIVE = ("opening", "resting", "hedging", "unwinding")


class LegRow(msgspec.Struct, frozen=True):
    """One leg of a deal."""

    position: int
    market: MarketId
    outcome: int
    outcome_name: str
    weight: Qty
    planned: Qty
    limit: Px
    expected: Px
    held: Qty
    cost: Usd
    fees: Usd


class DealRow(msgspec.Struct, frozen=True):
    """A deal as it last stood, with its legs in order."""

    pk: int
    id: DealId
    relation: RelationId
    title: str
    package: int
    package_label: str
    state: str
    book: str
    opened_at: Ns
    changed_at: Ns
    size: Qty
    matched: Qty
    planned_net: Px
    planned_profit: Usd
    locked: Usd
    reason: str
    revision: int
    fee_rev: str
    legs: tuple[LegRow, ...]


class OrderRow(msgspec.Struct, frozen=True):
    """An order and what is known of it."""

    id: OrderId
    deal: DealId
    leg: int
    market: MarketId
    outcome: int
    side: str
    px: Px
    qty: Qty
    tif: str
    book: str
    purpose: str
    state: str
    sent_at: Ns
    changed_at: Ns
    filled: Qty
    cost: Usd
    fees: Usd
    venue_order: str
    reason: str


class FillRow(msgspec.Struct, frozen=True):
    """A trade of ours."""

    key: str
    order: OrderId
    deal: DealId | None
    market: MarketId
    outcome: int
    side: str
    book: str
    px: Px
    qty: Qty
    fee: Usd
    at: Ns
    finality: str


class StepRow(msgspec.Struct, frozen=True):
    """One step of a deal's life."""

    seq: int
    at: Ns
    state: str
    text: str


class DealPage(msgspec.Struct, frozen=True):
    """One deal with everything that happened to it, oldest first."""

    deal: DealRow
    steps: tuple[StepRow, ...]
    orders: tuple[OrderRow, ...]
    fills: tuple[FillRow, ...]
    twins: tuple[TwinRow, ...] = ()


class PositionRow(msgspec.Struct, frozen=True):
    """What we hold of a market in one book."""

    market: MarketId
    book: str
    qty_yes: Qty
    qty_no: Qty
    cost_yes: Usd
    cost_no: Usd
    fees: Usd
    realised: Usd
    changed_at: Ns


# --- deals ----------------------------------------------------------------------------------------


def deals(
    cursor: str | None = None,
    limit: int = 50,
    *,
    states: Iterable[str] = (),
    relation: str = "",
    book: str = "",
) -> Page[DealRow]:
    """Deals, newest first, by state, relation and book.

    Errors: `ValueError` for a cursor that is none of ours.
    """
    rows = Deal.objects.prefetch_related("legs")
    wanted = list(states)
    if wanted:
        rows = rows.filter(state__in=wanted)
    if relation:
        rows = rows.filter(relation=relation)
    if book:
        rows = rows.filter(book=book)
    return page(rows, cursor, limit, _deal_row)


def deal(deal_id: str) -> DealPage | None:
    """One deal with its steps, orders and fills, oldest first; nothing when there is none."""
    row = Deal.objects.prefetch_related("legs").filter(deal_id=deal_id).first()
    if row is None:
        return None
    return DealPage(
        deal=_deal_row(row),
        steps=tuple(
            StepRow(s.seq, ns(s.at), s.state, s.text)
            for s in DealStep.objects.filter(deal_id=deal_id).order_by("seq")
        ),
        orders=tuple(
            _order_row(o) for o in Order.objects.filter(deal_id=deal_id).order_by("sent_at", "id")
        ),
        fills=tuple(
            _fill_row(f) for f in Fill.objects.filter(deal_id=deal_id).order_by("at", "id")
        ),
        twins=twins.of_deal(deal_id),
    )


def deals_by_id(ids: Iterable[str]) -> tuple[DealRow, ...]:
    """The deals of these ids that exist, newest first."""
    rows = Deal.objects.prefetch_related("legs").filter(deal_id__in=list(ids))
    return tuple(_deal_row(d) for d in rows)


def deal_counts() -> dict[str, int]:
    """Number of deals per state, of the states that occur."""
    return dict(Deal.objects.values_list("state").annotate(Count("id")).order_by())


def _deal_row(row: Deal) -> DealRow:
    return DealRow(
        pk=row.pk,
        id=DealId(row.deal_id),
        relation=RelationId(row.relation),
        title=row.title,
        package=row.package,
        package_label=row.package_label,
        state=row.state,
        book=row.book,
        opened_at=ns(row.opened_at),
        changed_at=ns(row.changed_at),
        size=Qty(row.size),
        matched=Qty(row.matched),
        planned_net=Px(row.planned_net),
        planned_profit=Usd(row.planned_profit),
        locked=Usd(row.locked),
        reason=row.reason,
        revision=row.revision,
        fee_rev=row.fee_rev,
        legs=tuple(_leg_row(leg) for leg in row.legs.all()),
    )


def _leg_row(row: Leg) -> LegRow:
    return LegRow(
        position=row.position,
        market=MarketId(row.market_id),
        outcome=row.outcome,
        outcome_name=row.outcome_name,
        weight=Qty(row.weight),
        planned=Qty(row.planned),
        limit=Px(row.limit_px),
        expected=Px(row.expected_px),
        held=Qty(row.held),
        cost=Usd(row.cost),
        fees=Usd(row.fees),
    )


# --- orders, fills, positions ---------------------------------------------------------------------


def orders(
    cursor: str | None = None, limit: int = 50, *, deal: str = "", state: str = ""
) -> Page[OrderRow]:
    """Orders, newest first.

    Errors: `ValueError` for a cursor that is none of ours.
    """
    rows = Order.objects.all()
    if deal:
        rows = rows.filter(deal_id=deal)
    if state:
        rows = rows.filter(state=state)
    return page(rows, cursor, limit, _order_row)


def open_orders() -> dict[VenueId, int]:
    """Number of orders per venue that have not ended."""
    found: dict[VenueId, int] = {}
    ended = [str(state) for state in TERMINAL]
    for market in Order.objects.exclude(state__in=ended).values_list("market_id", flat=True):
        venue = venue_of(MarketId(market))
        found[venue] = found.get(venue, 0) + 1
    return found


def _order_row(row: Order) -> OrderRow:
    return OrderRow(
        id=OrderId(row.order_id),
        deal=DealId(row.deal_id),
        leg=row.leg,
        market=MarketId(row.market_id),
        outcome=row.outcome,
        side=row.side,
        px=Px(row.px),
        qty=Qty(row.qty),
        tif=row.tif,
        book=row.book,
        purpose=row.purpose,
        state=row.state,
        sent_at=ns(row.sent_at),
        changed_at=ns(row.changed_at),
        filled=Qty(row.filled),
        cost=Usd(row.cost),
        fees=Usd(row.fees),
        venue_order=row.venue_order,
        reason=row.reason,
    )


def fills(cursor: str | None = None, limit: int = 50, *, deal: str = "") -> Page[FillRow]:
    """Fills, newest first.

    Errors: `ValueError` for a cursor that is none of ours.
    """
    rows = Fill.objects.all()
    if deal:
        rows = rows.filter(deal_id=deal)
    return page(rows, cursor, limit, _fill_row)


def _fill_row(row: Fill) -> FillRow:
    return FillRow(
        key=row.key,
        order=OrderId(row.order_id),
        deal=DealId(row.deal_id) if row.deal_id else None,
        market=MarketId(row.market_id),
        outcome=row.outcome,
        side=row.side,
        book=row.book,
        px=Px(row.px),
        qty=Qty(row.qty),
        fee=Usd(row.fee),
        at=ns(row.at),
        finality=row.finality,
    )


class FillTime(msgspec.Struct, frozen=True):
    """How long the first fill of one order took after it was sent, nanoseconds."""

    venue: VenueId
    book: str
    took: Ns


def fill_times(since: Ns, limit: int = 5_000) -> tuple[FillTime, ...]:
    """The newest orders that were filled, sent after `since`, newest first."""
    rows = Order.objects.filter(sent_at__gt=moment(since)).annotate(first=Min("fills__at"))
    found = rows.filter(first__isnull=False).values_list("market_id", "book", "sent_at", "first")
    return tuple(
        FillTime(venue_of(MarketId(market)), book, Ns(max(0, ns(first) - ns(sent))))
        for market, book, sent, first in found.order_by("-sent_at")[:limit]
    )


class ChargedFee(msgspec.Struct, frozen=True):
    """What one fill was charged, and by which revision of the market's fees it was expected.

    An order that rested was filled as a maker.
    """

    fill: FillRow
    rested: bool
    fee_rev: str


def charged_fees(limit: int = 1_000) -> tuple[ChargedFee, ...]:
    """The newest fills with their fees, newest first; fills taken back are left out."""
    rows = Fill.objects.exclude(finality="failed").select_related("order")[:limit]
    return tuple(
        ChargedFee(_fill_row(row), row.order.tif == TimeInForce.GTC.value, row.fee_rev)
        for row in rows
    )


def positions(
    cursor: str | None = None, limit: int = 50, *, held_only: bool = False
) -> Page[PositionRow]:
    """Positions, the latest market first.

    Errors: `ValueError` for a cursor that is none of ours.
    """
    rows = Position.objects.all()
    if held_only:
        rows = rows.exclude(qty_yes=0, qty_no=0)
    return page(rows, cursor, limit, _position_row)


def held() -> dict[BookKind, tuple[PositionRow, ...]]:
    """Everything that is held, by book; a book with nothing in it is left out."""
    found: dict[BookKind, list[PositionRow]] = {}
    for row in Position.objects.exclude(qty_yes=0, qty_no=0).order_by("market_id"):
        found.setdefault(BookKind(row.book), []).append(_position_row(row))
    return {book: tuple(rows) for book, rows in found.items()}


def provisional(book: BookKind) -> Usd:
    """Money of a book's fills that their venue may still take back, of both sides; rounded up."""
    rows = Fill.objects.filter(book=book.value, finality=Finality.MATCHED.value)
    total = rows.aggregate(total=Sum(F("qty") * F("px")))["total"]
    return Usd(divide(int(total or 0), MICRO, Rounding.UP))


def positions_of(markets: Iterable[str]) -> tuple[PositionRow, ...]:
    """What is held of these markets, by market."""
    rows = Position.objects.filter(market_id__in=list(markets)).exclude(qty_yes=0, qty_no=0)
    return tuple(_position_row(row) for row in rows.order_by("market_id", "book"))


def _position_row(row: Position) -> PositionRow:
    return PositionRow(
        market=MarketId(row.market_id),
        book=row.book,
        qty_yes=Qty(row.qty_yes),
        qty_no=Qty(row.qty_no),
        cost_yes=Usd(row.cost_yes),
        cost_no=Usd(row.cost_no),
        fees=Usd(row.fees),
        realised=Usd(row.realised),
        changed_at=ns(row.changed_at),
    )


def has_live_orders(venue: str, *, unended: bool = False) -> bool:
    """Whether anything was ever sent to a venue with money, or is there without an end."""
    rows = Order.objects.filter(book="live", market_id__startswith=f"{venue}:")
    return (rows.exclude(state__in=TERMINAL) if unended else rows).exists()


def live_holdings(venue: str) -> dict[tuple[str, int], int]:
    """Contracts held with money at a venue by (market, outcome), in millionths; zeros included."""
    held: dict[tuple[str, int], int] = {}
    for row in Position.objects.filter(book="live", market_id__startswith=f"{venue}:"):
        held |= {(row.market_id, 0): row.qty_yes, (row.market_id, 1): row.qty_no}
    return held


def open_deals_of(relations: Iterable[str]) -> int:
    """Deals of these relations that are being carried out."""
    return Deal.objects.filter(relation__in=list(relations), state__in=ACTIVE).count()
