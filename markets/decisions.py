"""The record of decisions about relations: rows are only added."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils import timezone

from markets.models import MatchDecision, Relation


def decide(row: Relation, verdict: str, reasons: Sequence[str], author: str) -> None:
    """Keeps what was decided, by whom and why."""
    MatchDecision.objects.create(
        relation=row, verdict=verdict, reasons=list(reasons), author=author[:150], at=timezone.now()
    )
