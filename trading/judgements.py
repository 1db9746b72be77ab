"""Reads of what was judged: edges as samples, plans refused and approved, in base units."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import msgspec
from django.db.models import Count, F, Q, QuerySet

from markets.cursors import Page, page
from markets.moments import moment, ns
from markets.terms.ids import RelationId
from markets.terms.units import Ns, Px, Qty, Usd
from trading.models import (
    Decision,
    EdgeSample,
)


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
