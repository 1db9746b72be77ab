"""The standing check of confirmed pairs: two markets of one venue are never one.

Confirmed pairs are held beside one another, those of people first and then by age; one that cannot
be true with those before it is suspended at once, with the reason, and the worker hears of it. A
pair that a person confirmed is suspended only where no listing can make it true; otherwise it is
told about. The matcher asks here before it confirms anything by itself.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import structlog
from django.db import transaction
from django.db.models import Prefetch, QuerySet

from markets.catalogue import suspend
from markets.matched import AUTHOR
from markets.matching.identity import Classes, Joined, Place, clashes
from markets.models import Claim, Market, Relation
from markets.revisions import bump, change

LOG = structlog.get_logger(__name__)
CHECK = "self-check"


class Checked(msgspec.Struct, frozen=True):
    """What a check came to: pairs looked at, suspended by slug, and clashes that people made."""

    pairs: int
    suspended: tuple[str, ...]
    told: tuple[str, ...]


@transaction.atomic
def check_pairs() -> Checked:
    """Suspends confirmed pairs that cannot all be true; one revision for all of them."""
    rows = {row.slug: row for row in _confirmed().select_for_update(of=("self",))}
    pairs = _believed(rows.values())
    suspended, told = [], []
    for clash in clashes(pairs):
        row = rows[clash.slug]
        LOG.error("pairs that cannot all be true", pair=clash.slug, why=clash.why)
        if not clash.impossible and row.confirmed_by != AUTHOR:
            told.append(f"{clash.slug}: {clash.why}")
            continue
        suspend(row, f"It cannot be true together with other confirmed pairs: {clash.why}")
        suspended.append(clash.slug)
    if suspended:
        changes = [change("pair", slug, "status", "confirmed", "suspended") for slug in suspended]
        bump(CHECK, f"{len(suspended)} confirmed pairs cannot be true with others.", changes)
    return Checked(len(pairs), tuple(suspended), tuple(told))


def believed() -> Classes:
    """The confirmed pairs as joined markets, those that clash left out."""
    classes = Classes()
    for pair in _believed(_confirmed()):
        if classes.clash(pair) is None:
            classes.join(pair)
    return classes


def joined(row: Relation) -> Joined | None:
    """A pair as two markets; nothing for a relation of another shape. Needs claims and events."""
    found: dict[str, Market] = {claim.market_id: claim.market for claim in row.claims.all()}
    if row.kind != "pair" or len(found) != 2:
        return None
    first, second = (
        Place(m.market_id, m.venue_id, m.event.native if m.event else "") for m in found.values()
    )
    return Joined(row.slug, first, second, row.inverse)


def _confirmed() -> QuerySet[Relation]:
    claims = Claim.objects.select_related("market__event").order_by("position")
    rows = Relation.objects.filter(status=Relation.Status.CONFIRMED, kind="pair")
    return rows.prefetch_related(Prefetch("claims", claims))


def _believed(rows: Iterable[Relation]) -> list[Joined]:
    """People's pairs first, then the older confirmation."""
    ordered = sorted(rows, key=lambda r: (r.confirmed_by == AUTHOR, str(r.confirmed_at), r.pk))
    return [pair for row in ordered if (pair := joined(row)) is not None]
