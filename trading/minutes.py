"""One row a minute of what the worker saw, judged, opened and ended: counted from the rows the
journal became, by event numbers, so that minutes join without gap or overlap.

How it stands (deals open, money, sockets) is what the worker last said of itself. A minute in which
the journal was replaced counts from its beginning.
"""

from __future__ import annotations

from typing import Any

import msgspec
from django.db import transaction
from django.db.models import Count

from markets.cursors import Page, page
from markets.moments import moment, ns
from markets.terms.units import Ns, Usd
from trading.engine.pictures import EnginePicture
from trading.models import Deal, DealStep, Decision, EdgeSample, Fill, WorkerStats

ENDED = ("balanced", "closed", "residual")
PPM = 1_000_000


class Minute(msgspec.Struct, frozen=True):
    """One minute of a worker; `approval_ppm` is nothing when no plan was judged."""

    worker: str
    at: Ns
    run: str
    mode: str
    seq_from: int
    seq_to: int
    relations: int
    edges: int
    plans: int
    approved: int
    approval_ppm: int | None
    gates: dict[str, int]
    opened: int
    ended: int
    losses: int
    fills: int
    open_deals: int
    naked: int
    pnl_today: Usd
    at_work: Usd
    worst: Usd
    free: Usd
    sockets_up: int
    sockets: int


@transaction.atomic
def write_minute(name: str, at: Ns, picture: EnginePicture, seq: int) -> Minute:
    """The row of the minute that ends now, with event `seq` the last that is in rows."""
    before = WorkerStats.objects.filter(name=name).first()
    begun = 0 if before is None or before.seq_to > seq else before.seq_to
    row, _ = WorkerStats.objects.update_or_create(
        name=name,
        at=moment(at),
        defaults={
            **_counted(begun, seq),
            "run": picture.run,
            "mode": picture.mode,
            "seq_from": begun,
            "seq_to": seq,
            "relations": picture.relations,
            "open_deals": picture.open_deals,
            "naked": picture.naked,
            "pnl_today": picture.today,
            "at_work": picture.at_work,
            "worst": picture.worst,
            "free": picture.free,
            "sockets_up": sum(1 for venue in picture.venues if venue.up),
            "sockets": len(picture.venues),
        },
    )
    return _minute(row)


def _counted(begun: int, seq: int) -> dict[str, Any]:
    new = {"seq__gt": begun, "seq__lte": seq}
    judged = Decision.objects.filter(**new)
    refused = judged.filter(verdict="refused").values_list("gate")
    gates = dict(refused.annotate(Count("id")).order_by("gate"))
    approved = judged.filter(verdict="approved").count()
    ended = DealStep.objects.filter(**new, state__in=ENDED).values("deal_id").distinct()
    # A closed deal's `locked` is what it came to; a balanced one's what it cannot lose any more.
    losses = Deal.objects.filter(deal_id__in=ended.values("deal_id"), locked__lt=0).count()
    return {
        "edges": EdgeSample.objects.filter(**new, net__gt=0).values("relation").distinct().count(),
        "plans": approved + sum(gates.values()),
        "approved": approved,
        "gates": gates,
        "opened": approved,
        "ended": ended.count(),
        "losses": losses,
        "fills": Fill.objects.filter(**new).count(),
    }


def minutes(cursor: str | None = None, limit: int = 50) -> Page[Minute]:
    """Minutes, newest first.

    Errors: `NoCursor` for a cursor that is none of ours.
    """
    return page(WorkerStats.objects.all(), cursor, limit, _minute)


def newest_minute() -> Minute | None:
    """The last minute of any worker."""
    row = WorkerStats.objects.first()
    return None if row is None else _minute(row)


def minutes_since(after: Ns) -> list[Minute]:
    """Minutes that ended after a moment, oldest first."""
    rows = WorkerStats.objects.filter(at__gt=moment(after)).order_by("at", "id")
    return [_minute(row) for row in rows]


def _minute(row: WorkerStats) -> Minute:
    return Minute(
        worker=row.name,
        at=ns(row.at),
        run=row.run,
        mode=row.mode,
        seq_from=row.seq_from,
        seq_to=row.seq_to,
        relations=row.relations,
        edges=row.edges,
        plans=row.plans,
        approved=row.approved,
        approval_ppm=row.approved * PPM // row.plans if row.plans else None,
        gates=row.gates,
        opened=row.opened,
        ended=row.ended,
        losses=row.losses,
        fills=row.fills,
        open_deals=row.open_deals,
        naked=row.naked,
        pnl_today=Usd(row.pnl_today),
        at_work=Usd(row.at_work),
        worst=Usd(row.worst),
        free=Usd(row.free),
        sockets_up=row.sockets_up,
        sockets=row.sockets,
    )
