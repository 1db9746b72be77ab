"""Writes that begin outside: a venue's catalogue, the first rows, the table of periodic jobs."""

from __future__ import annotations

import asyncio
import json
from datetime import time

from asgiref.sync import async_to_sync
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from feeds.runtime.http import Http
from feeds.runtime.rates import Rates, client_of
from feeds.venues import ADAPTERS, find
from feeds.venues.base import Adapter, Reply, Request
from markets import selectors
from markets import services as markets
from markets.discovery.catalog import Listing
from markets.services import CatalogueDiff
from markets.terms.ids import VenueId
from risk import services as risk
from trading.runtime.clock import SystemClock
from trading.runtime.gateway import VenueUnreachable

TRIES = 4
WAIT_S = 1.0
CATALOGUE_MINUTES = 120
KALSHI_CLOSED = "Thursday maintenance"
TRY_LATER = (429, 500, 502, 503, 504)


class CatalogueUnavailable(Exception):
    """A venue did not give its catalogue; one sentence says which address and what it answered."""


def keyless_adapter(venue: str) -> Adapter:
    """The adapter of a venue, without a key: enough to list what it trades.

    Errors: `ValidationError` naming the venues there are.
    """
    try:
        adapter: Adapter = find(ADAPTERS, venue)()
    except LookupError:
        known = ", ".join(sorted(ADAPTERS))
        raise ValidationError(f"There is no venue {venue!r}; there are {known}.") from None
    return adapter


def sync_catalogue(venue: str) -> CatalogueDiff:
    """Stores what a venue lists now; safe to run twice.

    Errors: `ValidationError` for an unknown venue, `CatalogueUnavailable` when it does not answer.
    """
    adapter = keyless_adapter(venue)
    row = selectors.venue(venue)
    if row is None:
        raise ValidationError(f"Venue {venue} is not set up; run `manage.py seed` first.")
    listings = async_to_sync(_fetch)(adapter, adapter.hosts | row.hosts)
    return markets.apply_catalogue(venue, listings)


async def _fetch(adapter: Adapter, hosts: dict[str, str]) -> list[Listing]:
    """The catalogue within the rate that all processes share."""
    client = client_of(settings.REDIS_URL)
    rates = Rates(VenueId(adapter.venue), adapter.draws, client, SystemClock(), job=True)
    try:
        return await fetch_catalogue(adapter, hosts, rates)
    finally:
        await rates.close()


async def fetch_catalogue(
    adapter: Adapter, hosts: dict[str, str], rates: Rates | None = None
) -> list[Listing]:
    """Everything a venue lists, page by page, one request at a time.

    Errors: `CatalogueUnavailable`.
    """
    catalogue = adapter.catalogue()
    waiting, found = catalogue.first(), []
    async with Http(VenueId(adapter.venue), hosts, rates=rates) as http:
        while waiting:
            request = waiting.pop(0)
            listings, more = catalogue.parse(request, await _reply(http, request))
            found += listings
            waiting += more
    return found


async def _reply(http: Http, request: Request) -> Reply:
    said = ""
    for number in range(TRIES):
        try:
            reply = await http.send(request)
        except VenueUnreachable as problem:
            said = str(problem)
        else:
            if reply.status == 200:
                return reply
            said = f"{http.url(request)} answered {reply.status}"
            if reply.status not in TRY_LATER:
                break
        if number + 1 < TRIES:
            await asyncio.sleep(WAIT_S * 2**number)
    raise CatalogueUnavailable(f"{said}; check the venue's address, or try again later.")


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
    schedule_catalogues(CATALOGUE_MINUTES)
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
                "description": "Reads what the venue lists. Disabled venues are passed over.",
            },
        )
