"""Decisions kept as cases: each can be measured again, exported, and imported elsewhere.

A case is a line of `manage.py match`: both markets' texts as they were, and the label a person
gave. Rejecting teaches `different`, confirming `same` or `inverse`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from markets.catalogue import details_of
from markets.models import Market, Relation, TeachCase

LABELS = ("same", "inverse", "different")


def record_of(row: Relation) -> dict[str, Any]:
    """Both markets of a pair as a line of `manage.py match`, without a label.

    Errors: `ValidationError` when the relation is not a pair of two venues' markets.
    """
    markets = {c.market.venue_id: c.market for c in row.claims.all()}
    if set(markets) != {"kalshi", "polymarket"}:
        raise ValidationError(f"{row.title} is no pair of Kalshi and Polymarket: it is no case.")
    return {
        "id": row.slug,
        "topic": row.category.lower() or "other",
        "group": row.slug,
        "strictness": "clean",
        "kalshi": _kalshi(markets["kalshi"]),
        "polymarket": _polymarket(markets["polymarket"]),
    }


def _kalshi(row: Market) -> dict[str, Any]:
    details = details_of(row)
    split = details.main_rules or len(row.rules)
    return {
        "ticker": row.native,
        "event_ticker": row.event.native if row.event else "",
        "event_title": row.event.title if row.event else "",
        "title": row.title,
        "yes_sub_title": details.label,
        "rules_primary": row.rules[:split],
        "rules_secondary": row.rules[split:].strip(),
        "close_time": row.close_at.isoformat() if row.close_at else "",
    }


def _polymarket(row: Market) -> dict[str, Any]:
    details = details_of(row)
    return {
        "condition_id": row.native,
        "question": row.title,
        "slug": details.slug,
        "description": row.rules,
        "end_date": row.close_at.isoformat() if row.close_at else "",
        "outcomes": list(row.outcomes),
        "resolution_source": row.resolution_source,
        "event_title": row.event.title if row.event else "",
        "event_slug": row.event.native if row.event else "",
        "group_item_title": details.label,
        "game_start_time": row.starts_at.isoformat() if row.starts_at else "",
        "line": details.line,
        "sport_type": details.kind,
        "neg_risk": bool(row.terms.get("neg_risk")),
        "neg_risk_augmented": details.augmented,
    }


@transaction.atomic
def teach(slug: str, label: str, author: str, *, clause: str = "", note: str = "") -> TeachCase:
    """Keeps a pair as a case with the label a person gave; a second time replaces the first.

    Errors: `ValidationError` for a label that is none or a relation that is no pair.
    """
    if label not in LABELS:
        raise ValidationError(f"{label!r} is no label; take one of {', '.join(LABELS)}.")
    rows = Relation.objects.prefetch_related("claims__market__event")
    row = rows.filter(slug=slug).first()
    if row is None:
        raise ValidationError(f"There is no pair {slug!r}; `manage.py pairs list` shows them.")
    record = record_of(row)
    case, _ = TeachCase.objects.update_or_create(
        name=slug,
        defaults={
            "label": label,
            "topic": record["topic"][:120],
            "clause": clause[:80],
            "note": note[:500],
            "record": {
                **record,
                "label": label,
                "note": note[:500],
                "source": f"decided: {author}",
            },
            "author": author[:150],
            "at": timezone.now(),
            "active": True,
        },
    )
    return case


def records(*, active_only: bool = True) -> Iterator[dict[str, Any]]:
    """The cases as lines of `manage.py match`, oldest first."""
    rows = TeachCase.objects.order_by("at", "id")
    for row in rows.filter(active=True) if active_only else rows:
        yield dict(row.record)


@transaction.atomic
def import_records(lines: Iterable[dict[str, Any]], author: str) -> int:
    """Keeps labelled lines as cases, by their ids; returns how many.

    Errors: `ValidationError` for a line without id, label or one of its two markets.
    """
    count = 0
    for number, line in enumerate(lines, 1):
        name, label = str(line.get("id") or ""), str(line.get("label") or "")
        if not name or label not in LABELS or not line.get("kalshi") or not line.get("polymarket"):
            raise ValidationError(
                f"Line {number} is no labelled case: it needs id, label ({', '.join(LABELS)}), "
                "kalshi and polymarket."
            )
        TeachCase.objects.update_or_create(
            name=name[:200],
            defaults={
                "label": label,
                "topic": str(line.get("topic") or "other")[:120],
                "note": str(line.get("note") or "")[:500],
                "record": line,
                "author": author[:150],
                "at": timezone.now(),
                "active": True,
            },
        )
        count += 1
    return count
