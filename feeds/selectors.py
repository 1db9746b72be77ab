"""Reads of what `feeds` keeps, as plain values."""

from __future__ import annotations

from django.utils import timezone

from feeds.models import Arming
from markets.moments import ns
from markets.terms.units import Ns


def armed() -> dict[str, Ns]:
    """Until when each armed venue may be traded with money."""
    now = timezone.now()
    found: dict[str, Ns] = {}
    for row in Arming.objects.filter(ended_at=None, until__gt=now):
        found[row.venue] = max(found.get(row.venue, Ns(0)), ns(row.until))
    return found
