"""Jobs that talk to venues. Each is safe to run twice."""

from __future__ import annotations

from typing import Any

import msgspec
import structlog
from celery import shared_task
from django.core.exceptions import ValidationError

from feeds import audit, discovery, places, pricing, proposing, schedules, sentinel
from markets import bundles, matcher, ranker, runs, selectors, selfcheck
from risk import selectors as limits

LOG = structlog.get_logger(__name__)
WALK_S = 1_800


@shared_task(name="feeds.sync_catalogue", soft_time_limit=WALK_S, time_limit=WALK_S + 60)
def sync_catalogue(venue: str, whole: bool = False, at_once: bool = False) -> dict[str, Any]:
    """Counts of what a venue's catalogue brought; nothing for a disabled venue, while another
    process reads it, and, unless `at_once`, while what was read is younger than `discovery_ttl_ms`.
    """
    row = selectors.venue(venue)
    if row is None or not row.enabled:
        return {}
    if not (whole or at_once or runs.is_due(venue, limits.at_venue("discovery_ttl_ms", venue))):
        return {}
    try:
        found = discovery.sync_catalogue(venue, whole=whole)
    except ValidationError as problem:
        LOG.warning("catalogue not read", venue=venue, problem=" ".join(problem.messages))
        return {}
    counts: dict[str, Any] = msgspec.to_builtins(found)
    return counts


@shared_task(name="feeds.audit_accounts", expires=120, soft_time_limit=110, time_limit=120)
def audit_accounts() -> list[dict[str, Any]]:
    """How each venue's live account stands beside the rows; it halts, it never trades."""
    return [msgspec.to_builtins(found) for found in audit.audit_all()]


@shared_task(name="feeds.watch_rules", soft_time_limit=120, time_limit=150)
def watch_rules() -> dict[str, Any]:
    """What the venues say now of the markets that confirmed relations rest on."""
    return sentinel.watch_rules()


@shared_task(name="feeds.watch_games", expires=60)
def watch_games() -> dict[str, Any]:
    """Games that have begun or ended since the last look."""
    return sentinel.watch_games()


@shared_task(name="feeds.ask_places", expires=600)
def ask_places() -> dict[str, Any]:
    """Whether the venues take orders from where this machine is."""
    return places.ask_places()


@shared_task(name="feeds.read_schedules", expires=3_600)
def read_schedules() -> dict[str, Any]:
    """When the venues say that they do not trade."""
    return schedules.read_schedules()


@shared_task(name="feeds.match_markets", soft_time_limit=WALK_S, time_limit=WALK_S + 60)
def match_markets() -> dict[str, Any]:
    """Figures of a run of the matcher over the catalogue; what is as it was is not judged again."""
    figures = matcher.run(least_score=least_score(), advise=ranker.advise)
    selfcheck.check_pairs()
    bundles.find_bundles()
    pricing.price_waiting()
    ranker.rank_waiting()
    found: dict[str, Any] = msgspec.to_builtins(figures)
    return found


@shared_task(name="feeds.check_pairs", expires=280, soft_time_limit=120, time_limit=150)
def check_pairs() -> dict[str, Any]:
    """Confirmed pairs that cannot all be true, suspended."""
    found: dict[str, Any] = msgspec.to_builtins(selfcheck.check_pairs())
    return found


@shared_task(name="feeds.price_waiting", expires=60)
def price_waiting() -> dict[str, int]:
    """What waiting relations would bring now."""
    return pricing.price_waiting()


@shared_task(name="feeds.propose_packages", expires=100, soft_time_limit=110, time_limit=120)
def propose_packages() -> dict[str, Any]:
    """Purchases that the solver proposes for relations too large to enumerate."""
    found: dict[str, Any] = msgspec.to_builtins(proposing.propose_packages())
    return found


def least_score() -> float:
    """The engine's own least score of a match, where it has that limit."""
    return limits.values().get("min_match_score", 0) / 1_000_000
