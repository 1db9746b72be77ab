"""Writes that begin outside: the first rows and the table of periodic jobs."""

from __future__ import annotations

import json
from datetime import time

from django.db import transaction
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from feeds.discovery import CatalogueUnavailable, keyless_adapter, sync_catalogue
from feeds.venues import ADAPTERS
from markets import reviewing, selectors
from markets import services as markets
from risk import services as risk
from trading.engine.strategies import Strategy

__all__ = (
    "CatalogueUnavailable",
    "keyless_adapter",
    "schedule_catalogues",
    "seed",
    "sync_catalogue",
)

CATALOGUE_MINUTES = 5
HEAVY = ("feeds.match_markets", "feeds.propose_packages")
WATCHES = (
    (
        "Rules of confirmed pairs",
        "feeds.watch_rules",
        300,
        "Asks the venues for the rules and times of every confirmed pair's markets.",
    ),
    (
        "Matching",
        "feeds.match_markets",
        600,
        "Judges candidates of the catalogue that are new or changed.",
    ),
    (
        "Check of confirmed pairs",
        "feeds.check_pairs",
        300,
        "Suspends confirmed pairs that cannot all be true: two markets of one venue are never one.",
    ),
    (
        "Prices of waiting pairs",
        "feeds.price_waiting",
        120,
        "What the pairs that wait for review would bring now: the order of the queue.",
    ),
    (
        "Purchases of large bundles",
        "feeds.propose_packages",
        60,
        "Asks the solver what to buy of bundles beyond 64 packages whose proposals are approved.",
    ),
    (
        "Games of confirmed pairs",
        "feeds.watch_games",
        30,
        "Takes pairs that trade before the game only out of trade when it begins.",
    ),
    (
        "Places venues take orders from",
        "feeds.ask_places",
        600,
        "Asks the venues that say so whether they take orders from where this machine is.",
    ),
    (
        "Hours of the venues",
        "feeds.read_schedules",
        3_600,
        "Reads when the venues that publish it do not trade; nothing is begun then.",
    ),
    (
        "Audit of live accounts",
        "feeds.audit_accounts",
        120,
        "Compares the venues' statements with the rows; a difference halts the venue.",
    ),
    (
        "Check of results",
        "risk.check_results",
        120,
        "Compares the engine's results with the rows; a difference halts everything.",
    ),
)
KALSHI_CLOSED = "Thursday maintenance"


@transaction.atomic
def seed(author: str = "seed") -> int:
    """Rows a fresh site needs: every venue, disabled; every limit at its shipped value; the jobs.

    Returns the number of venues made; what is there already stays as it is.
    """
    made = 0
    for slug in ADAPTERS:
        if selectors.venue(slug) is None:
            adapter = keyless_adapter(slug)
            markets.set_venue(
                slug,
                author,
                "First rows: every venue starts disabled, looking only.",
                name=adapter.name,
                short=adapter.short,
                enabled=False,
                mode="detect",
            )
            made += 1
    if selectors.venue("kalshi") is not None and not selectors.has_maintenance("kalshi"):
        markets.set_maintenance(
            "kalshi",
            KALSHI_CLOSED,
            author,
            "First rows: the hours in the venue's own schedule.",
            weekday=3,
            begins=time(3),
            ends=time(5),
            timezone="America/New_York",
            active=True,
        )
    risk.ensure_limits(author, "First rows: the shipped profile.")
    risk.ensure_features(
        {strategy.value: "paper" for strategy in Strategy},
        author,
        "First rows: play money for every strategy.",
    )
    schedule_catalogues(CATALOGUE_MINUTES)
    schedule_watches()
    reviewing.seed_sources()
    return made


def schedule_catalogues(minutes: int) -> None:
    """A periodic job per venue, editable in the admin; one that is there already stays."""
    every, _ = IntervalSchedule.objects.get_or_create(
        every=minutes, period=IntervalSchedule.MINUTES
    )
    for slug in ADAPTERS:
        PeriodicTask.objects.get_or_create(
            name=f"Catalogue of {slug}",
            defaults={
                "task": "feeds.sync_catalogue",
                "queue": "heavy",
                "interval": every,
                "args": json.dumps([slug]),
                "expire_seconds": minutes * 60,
                "description": "Reads what the venue lists, when the last walk is older than "
                "discovery_ttl_ms. Disabled venues are passed over.",
            },
        )


def schedule_watches() -> None:
    """The periodic looks at confirmed relations, editable in the admin; one that is there stays."""
    for name, task, seconds, what in WATCHES:
        every, _ = IntervalSchedule.objects.get_or_create(
            every=seconds, period=IntervalSchedule.SECONDS
        )
        PeriodicTask.objects.get_or_create(
            name=name,
            defaults={
                "task": task,
                "queue": "heavy" if task in HEAVY else "default",
                "interval": every,
                "expire_seconds": seconds,
                "description": what,
            },
        )
