"""Keeps what relations would bring now, for the order of the review queue."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from markets.models import Relation
from markets.terms.ids import RelationId
from markets.terms.units import Usd


@transaction.atomic
def keep(found: Mapping[RelationId, Usd | None]) -> None:
    """Stores each figure; nothing for a relation forgets what it had."""
    rows = list(Relation.objects.filter(slug__in=list(found)).only("pk", "slug"))
    for row in rows:
        row.expected = found[RelationId(row.slug)]
    Relation.objects.bulk_update(rows, ["expected"])
