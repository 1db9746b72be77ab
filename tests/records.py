"""Rows as the scribe writes them: one balanced deal with everything that belongs to it."""

from __future__ import annotations

from datetime import UTC, datetime

from django.utils import timezone

from trading.models import (
    Deal,
    DealStep,
    Decision,
    EdgeSample,
    Fill,
    Leg,
    Order,
    Position,
    WorkerHeartbeat,
)

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def a_deal(number: int = 1) -> str:
    """The id of a balanced paper deal of ten packages."""
    deal = f"r1-{number}"
    Deal.objects.create(
        deal_id=deal,
        relation="rain",
        title="Rain in Oslo",
        package=0,
        package_label="KA Yes + PM No",
        state="balanced",
        book="paper",
        opened_at=AT,
        changed_at=AT,
        size=10_000_000,
        matched=10_000_000,
        planned_net=13_000,
        planned_profit=130_000,
        locked=130_000,
    )
    for position, market in enumerate(("kalshi:RAIN", "polymarket:RAIN")):
        order = f"{deal}-{position}"
        Leg.objects.create(
            deal_id=deal,
            position=position,
            market_id=market,
            outcome=position,
            outcome_name="No" if position else "Yes",
            weight=1_000_000,
            planned=10_000_000,
            limit_px=480_000,
            expected_px=475_000,
            held=10_000_000,
            cost=4_750_000,
            fees=30_000,
        )
        Order.objects.create(
            order_id=order,
            deal_id=deal,
            leg=position,
            market_id=market,
            outcome=position,
            side="buy",
            px=480_000,
            qty=10_000_000,
            tif="ioc",
            book="paper",
            purpose="open",
            state="filled",
            sent_at=AT,
            changed_at=AT,
            filled=10_000_000,
            cost=4_750_000,
            fees=30_000,
        )
        Fill.objects.create(
            key=f"{order}-f",
            order_id=order,
            deal_id=deal,
            market_id=market,
            outcome=position,
            side="buy",
            px=475_000,
            qty=10_000_000,
            fee=30_000,
            at=AT,
            finality="final",
        )
        Position.objects.update_or_create(
            market_id=market,
            book="paper",
            defaults={
                f"qty_{('yes', 'no')[position]}": 10_000_000,
                f"cost_{('yes', 'no')[position]}": 4_750_000,
                "fees": 30_000,
                "changed_at": AT,
            },
        )
    _around(deal, number)
    return deal


def _around(deal: str, number: int) -> None:
    DealStep.objects.create(deal_id=deal, seq=number, at=AT, state="balanced", text="All filled.")
    Decision.objects.create(
        seq=number,
        relation="rain",
        at=AT,
        package=0,
        verdict="refused",
        gate="min_edge",
        reason="too thin",
        limit=25_000,
        actual=13_000,
        unit="¢",
    )
    EdgeSample.objects.create(
        seq=number,
        relation="rain",
        at=AT,
        package=0,
        net=13_000,
        cost=955_000,
        qty=10_000_000,
        profit=130_000,
        gate="min_edge",
    )
    WorkerHeartbeat.objects.update_or_create(
        name="engine",
        defaults={"at": timezone.now(), "revision_running": 1, "rejected": ["too odd"]},
    )
