"""How old each venue's catalogue is, what its walk is doing, and what the last match came to."""

from __future__ import annotations

import msgspec
from django.utils import timezone

from markets import runs, selectors
from markets.models import MatchRun
from markets.moments import ns
from markets.runs import RunRow
from markets.terms.ids import VenueId
from markets.terms.units import SECOND, Ns

TTL = Ns(2 * 3_600 * SECOND)


class VenueState(msgspec.Struct, frozen=True):
    """A venue's catalogue. `read_at` is when it was last read to its end; old after two hours."""

    venue: VenueId
    short: str
    markets: int
    read_at: Ns | None
    is_old: bool
    run: RunRow | None


class MatchState(msgspec.Struct, frozen=True):
    """The last run of the matcher."""

    at: Ns
    took_ms: int
    figures: dict[str, object]


def states() -> tuple[VenueState, ...]:
    """Every enabled venue's."""
    latest, ended, now = runs.latest(), runs.known_since(), ns(timezone.now())
    found = []
    for row in selectors.venues(enabled_only=True):
        at = ended.get(row.slug)
        found.append(
            VenueState(
                venue=row.slug,
                short=row.short,
                markets=row.markets,
                read_at=at,
                is_old=at is None or now - at > TTL,
                run=latest.get(row.slug),
            )
        )
    return tuple(found)


def last_match() -> MatchState | None:
    """The last run of the matcher, or nothing before the first."""
    row = MatchRun.objects.filter(kind="match").first()
    return None if row is None else MatchState(ns(row.at), row.took_ms, dict(row.figures))
