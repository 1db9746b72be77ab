"""The sentinel: looks again at what confirmed relations rest on.

Rule texts, times and terms of their markets are asked for by name, in between the catalogue's
walks; what changed suspends the relation in the transaction that stores it (`markets.catalogue`),
and the revision reaches the running worker. Games are watched by their venues' own times.
"""

from __future__ import annotations

from typing import Any

import structlog
from django.core.exceptions import ValidationError

from feeds.discovery import CatalogueUnavailable, sync_events
from markets import guard, selectors

LOG = structlog.get_logger(__name__)


def watch_rules() -> dict[str, Any]:
    """Counts by venue: markets looked at, changed, relations suspended; a venue that is away is a
    sentence under `problem`.
    """
    found: dict[str, Any] = {}
    enabled = {v.slug for v in selectors.venues(enabled_only=True)}
    for venue, events in guard.watched_events().items():
        if venue not in enabled:
            continue
        try:
            diff = sync_events(venue, events)
        except (CatalogueUnavailable, ValidationError) as problem:
            LOG.warning("rules not looked at", venue=venue, problem=str(problem))
            found[venue] = {"problem": str(problem)}
            continue
        found[venue] = {
            "markets": diff.listed,
            "rules_changed": diff.rules_changed,
            "suspended": list(diff.suspended),
        }
    return found


def watch_games() -> dict[str, Any]:
    """Slugs of the relations whose games began or came back; the worker hears of it."""
    return {"changed": list(guard.note_games())}
