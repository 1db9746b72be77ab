"""Jobs that talk to venues. Each is safe to run twice."""

from __future__ import annotations

from typing import Any

import msgspec
from celery import shared_task

from feeds import services
from markets import selectors


@shared_task(name="feeds.sync_catalogue")
def sync_catalogue(venue: str) -> dict[str, Any]:
    """Counts of what a venue's catalogue brought; nothing for a disabled venue."""
    row = selectors.venue(venue)
    if row is None or not row.enabled:
        return {}
    counts: dict[str, Any] = msgspec.to_builtins(services.sync_catalogue(venue))
    return counts
