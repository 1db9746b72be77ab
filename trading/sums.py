"""Counts and sums over all rows, and how self-tests ended."""

from __future__ import annotations

import msgspec
from django.db.models import Count, Max, Q, Sum

from markets.moments import ns
from markets.terms.units import Ns, Usd
from trading import selectors
from trading.models import (
    Deal,
    Decision,
    Fill,
    JournalCursor,
    Lease,
    Order,
    Position,
    SelfTest,
)


class SelfTestEnd(msgspec.Struct, frozen=True):
    """How one self-test ended; `latency_ns` from its second book to its last order."""

    at: Ns
    outcome: str
    latency_ns: int
    text: str


class SelfTests(msgspec.Struct, frozen=True):
    """The newest, how many ended in which way, and latencies of the last hundred that arrived.

    The latencies are 0 without one that arrived.
    """

    counts: dict[str, int]
    last: SelfTestEnd | None
    p50_ns: int
    p95_ns: int


class Stats(msgspec.Struct, frozen=True):
    """Deals by state, orders, fills, positions held, money locked in and paid in fees, refusals by
    gate, how far the journal is in rows, and how many workers hold a lease.
    """

    deals: dict[str, int]
    orders: int
    fills: int
    positions: int
    locked: Usd
    planned_profit: Usd
    fees: Usd
    refusals: dict[str, int]
    journal_seq: int
    leases: int
    self_tests: SelfTests


def stats() -> Stats:
    """Everything counted now."""
    money = Deal.objects.aggregate(locked=Sum("locked"), planned=Sum("planned_profit"))
    fees = Fill.objects.exclude(finality="failed").aggregate(fees=Sum("fee"))["fees"]
    refusals = Decision.objects.filter(verdict="refused").values_list("gate")
    return Stats(
        deals=selectors.deal_counts(),
        orders=Order.objects.count(),
        fills=Fill.objects.count(),
        positions=Position.objects.exclude(Q(qty_yes=0) & Q(qty_no=0)).count(),
        locked=Usd(money["locked"] or 0),
        planned_profit=Usd(money["planned"] or 0),
        fees=Usd(fees or 0),
        refusals=dict(refusals.annotate(Count("id")).order_by("gate")),
        journal_seq=JournalCursor.objects.aggregate(last=Max("seq"))["last"] or 0,
        leases=Lease.objects.count(),
        self_tests=self_tests(),
    )


def self_tests() -> SelfTests:
    """How the self-tests ended."""
    counts = SelfTest.objects.values_list("outcome").annotate(Count("id")).order_by("outcome")
    last = SelfTest.objects.first()
    arrived = SelfTest.objects.filter(outcome="arrived").values_list("latency_ns", flat=True)
    sizes = sorted(arrived[:100])
    return SelfTests(
        counts=dict(counts),
        last=SelfTestEnd(ns(last.at), last.outcome, last.latency_ns, last.text) if last else None,
        p50_ns=sizes[len(sizes) // 2] if sizes else 0,
        p95_ns=sizes[len(sizes) * 95 // 100] if sizes else 0,
    )
