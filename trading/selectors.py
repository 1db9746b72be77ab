"""Reads of deals, orders, fills, positions, decisions, commands and the worker, as structs in base
units.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import msgspec
from django.db.models import Count, F, Min, Q, QuerySet, Sum
from django.utils import timezone

from markets.cursors import Page, page
from markets.moments import moment, ns, ns_or_none
from markets.terms.ids import DealId, MarketId, OrderId, RelationId, VenueId, venue_of
from markets.terms.units import MICRO, Ns, Px, Qty, Rounding, Usd, divide
from trading import twins
from trading.engine.orders import TERMINAL, BookKind, Finality, TimeInForce
from trading.models import (
    ApiToken,
    Command,
    Deal,
    DealStep,
    Decision,
    EdgeSample,
    Fill,
    Leg,
    Order,
    Position,
    SelfTest,
    WorkerHeartbeat,
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


class EdgeRow(msgspec.Struct, frozen=True):
    """The best package of a relation when something about it changed."""

    relation: RelationId
    at: Ns
    package: int
    net: Px
    cost: Px
    qty: Qty
    profit: Usd
    apy_ppm: int
    gate: str
    limit: int
    actual: int
    leader: str


class DecisionRow(msgspec.Struct, frozen=True):
    """A plan judged."""

    seq: int
    relation: RelationId
    at: Ns
    package: int
    verdict: str
    gate: str
    reason: str
    limit: int
    actual: int
    unit: str
    net: Px
    qty: Qty
    profit: Usd
    deal: str


class CommandRow(msgspec.Struct, frozen=True):
    """What a person asked, and the answer."""

    id: int
    kind: str
    target: str
    author: str
    reason: str
    state: str
    answer: str
    created_at: Ns
    done_at: Ns | None


class WorkerRow(msgspec.Struct, frozen=True):
    """A worker as it last reported; `picture` is an encoded `EnginePicture`."""

    name: str
    at: Ns
    run: str
    mode: str
    revision_running: int
    rejected: tuple[str, ...]
    picture: bytes | None
    pid: int | None


class TokenRow(msgspec.Struct, frozen=True):
    """A token of the API, without the token."""

    id: int
    name: str
    scope: str
    created_at: Ns
    used_at: Ns | None
    expires_at: Ns | None
    revoked_at: Ns | None
    is_over: bool


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


# --- edges and decisions --------------------------------------------------------------------------


def edges(cursor: str | None = None, limit: int = 50, *, relation: str = "") -> Page[EdgeRow]:
    """Edge samples, newest first.

    Errors: `ValueError` for a cursor that is none of ours.
    """
    rows = EdgeSample.objects.all()
    if relation:
        rows = rows.filter(relation=relation)
    return page(rows, cursor, limit, _edge_row)


def latest_edges() -> tuple[EdgeRow, ...]:
    """The newest sample of every relation, by relation."""
    rows = EdgeSample.objects.order_by("relation", "-at", "-id").distinct("relation")
    return tuple(_edge_row(r) for r in rows)


def _edge_row(row: EdgeSample) -> EdgeRow:
    return EdgeRow(
        relation=RelationId(row.relation),
        at=ns(row.at),
        package=row.package,
        net=Px(row.net),
        cost=Px(row.cost),
        qty=Qty(row.qty),
        profit=Usd(row.profit),
        apy_ppm=row.apy_ppm,
        gate=row.gate,
        limit=row.limit,
        actual=row.actual,
        leader=row.leader,
    )


def decisions(
    cursor: str | None = None, limit: int = 50, *, relation: str = "", gate: str = ""
) -> Page[DecisionRow]:
    """Judged plans, newest first.

    Errors: `ValueError` for a cursor that is none of ours.
    """
    rows = Decision.objects.all()
    if relation:
        rows = rows.filter(relation=relation)
    if gate:
        rows = rows.filter(gate=gate)
    return page(rows, cursor, limit, _decision_row)


def _decision_row(row: Decision) -> DecisionRow:
    return DecisionRow(
        seq=row.seq,
        relation=RelationId(row.relation),
        at=ns(row.at),
        package=row.package,
        verdict=row.verdict,
        gate=row.gate,
        reason=row.reason,
        limit=row.limit,
        actual=row.actual,
        unit=row.unit,
        net=Px(row.net),
        qty=Qty(row.qty),
        profit=Usd(row.profit),
        deal=row.deal_id,
    )


class DecisionWish(msgspec.Struct, frozen=True):
    """Which decisions: since when, by gate, `taken`, `refused` or `near`, and with which words."""

    since: Ns = Ns(0)
    gate: str = ""
    outcome: str = ""
    q: str = ""
    relations: tuple[str, ...] = ()


def _wanted(wish: DecisionWish) -> QuerySet[Decision]:
    rows = Decision.objects.filter(at__gte=moment(wish.since))
    if wish.gate:
        rows = rows.filter(gate=wish.gate)
    if wish.q:
        rows = rows.filter(
            Q(relation__icontains=wish.q)
            | Q(reason__icontains=wish.q)
            | Q(relation__in=wish.relations)
        )
    match wish.outcome:
        case "taken":
            return rows.filter(verdict="approved")
        case "refused":
            return rows.filter(verdict="refused")
        case "near":
            missing = F("limit") - F("actual")
            rows = rows.filter(gate="min_edge", actual__lt=F("limit"))
            return rows.alias(missing=missing * 5).filter(missing__lt=F("limit"))
    return rows


def wanted_decisions(
    wish: DecisionWish, cursor: str | None = None, limit: int = 50
) -> Page[DecisionRow]:
    """Judged plans of a filter, newest first.

    Errors: `NoCursor` for a cursor that is none of ours.
    """
    return page(_wanted(wish), cursor, limit, _decision_row)


def decision_values(wish: DecisionWish, names: Iterable[str], most: int) -> list[Any]:
    """Columns of the newest judged plans of a filter, oldest first."""
    return list(_wanted(wish).order_by("-pk").values_list(*names)[:most])[::-1]


def decisions_between(relation: str, begin: Ns, end: Ns, most: int) -> tuple[DecisionRow, ...]:
    """What was decided about a relation in a time, oldest first."""
    rows = Decision.objects.filter(
        relation=relation, at__gte=moment(begin), at__lte=moment(end)
    ).order_by("at", "id")
    return tuple(_decision_row(row) for row in rows[:most])


def approvals(since: Ns) -> tuple[DecisionRow, ...]:
    """Plans taken since then, oldest first."""
    rows = Decision.objects.filter(verdict="approved", at__gte=moment(since)).order_by("at", "id")
    return tuple(_decision_row(row) for row in rows)


def refusals_by_gate(since: Ns) -> dict[str, int]:
    """How often each gate refused since then."""
    rows = Decision.objects.filter(verdict="refused", at__gte=moment(since)).values_list("gate")
    return dict(rows.annotate(Count("id")).order_by("gate"))


def edge_samples(since: Ns, most: int) -> tuple[list[EdgeRow], bool]:
    """The newest samples since then, oldest first, and whether there were more than `most`."""
    rows = EdgeSample.objects.filter(at__gte=moment(since)).order_by("-at", "-id")[: most + 1]
    found = [_edge_row(row) for row in rows]
    return found[:most][::-1], len(found) > most


# --- commands and the worker ----------------------------------------------------------------------


def commands(cursor: str | None = None, limit: int = 50) -> Page[CommandRow]:
    """Commands, newest first.

    Errors: `ValueError` for a cursor that is none of ours.
    """
    return page(Command.objects.all(), cursor, limit, _command_row)


def command(number: int) -> CommandRow | None:
    """One command, or nothing."""
    row = Command.objects.filter(pk=number).first()
    return None if row is None else _command_row(row)


def _command_row(row: Command) -> CommandRow:
    return CommandRow(
        id=row.pk,
        kind=row.kind,
        target=row.target,
        author=row.author,
        reason=row.reason,
        state=row.state,
        answer=row.answer,
        created_at=ns(row.created_at),
        done_at=ns_or_none(row.done_at),
    )


def tokens(username: str) -> tuple[TokenRow, ...]:
    """A user's API tokens, newest first."""
    return tuple(
        TokenRow(
            id=row.pk,
            name=row.name,
            scope=row.scope,
            created_at=ns(row.created_at),
            used_at=ns_or_none(row.used_at),
            expires_at=ns_or_none(row.expires_at),
            revoked_at=ns_or_none(row.revoked_at),
            is_over=row.expires_at is not None and row.expires_at <= timezone.now(),
        )
        for row in ApiToken.objects.filter(user__username=username)
    )


def worker() -> WorkerRow | None:
    """The worker that reported last, or nothing when none ever did."""
    row = WorkerHeartbeat.objects.order_by("-at").first()
    if row is None:
        return None
    return WorkerRow(
        name=row.name,
        at=ns(row.at),
        run=row.run,
        mode=row.mode,
        revision_running=row.revision_running,
        rejected=tuple(row.rejected),
        picture=bytes(row.picture) if row.picture is not None else None,
        pid=row.pid,
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


class SelfTestRow(msgspec.Struct, frozen=True):
    """How the newest self-test ended; `text` says it in a sentence."""

    at: Ns
    outcome: str
    text: str


def last_self_test() -> SelfTestRow | None:
    """The newest self-test; nothing before the first."""
    row = SelfTest.objects.first()
    return SelfTestRow(ns(row.at), row.outcome, row.text) if row else None


class JudgedRow(msgspec.Struct, frozen=True):
    """A plan that was judged: its first refusing gate (empty: made) and what it was about."""

    relation: RelationId
    gate: str
    actual: int
    net: int
    profit: int


def judged_since(moment: datetime) -> Iterator[JudgedRow]:
    """Plans judged since then, in no order."""
    rows = Decision.objects.filter(at__gte=moment).order_by()
    fields = rows.values_list("relation", "gate", "actual", "net", "profit")
    return (JudgedRow(RelationId(row[0]), *row[1:]) for row in fields.iterator(2000))


def open_deals_of(relations: Iterable[str]) -> int:
    """Deals of these relations that are being carried out."""
    return Deal.objects.filter(relation__in=list(relations), state__in=ACTIVE).count()
