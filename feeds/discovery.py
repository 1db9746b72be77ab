"""Walks a venue's catalogue into the tables, page by page, within the rates all processes share.

Each page is stored with the walk's progress in one transaction, so a killed walk goes on from its
last page, and memory holds one page. What a whole walk no longer meets is gone. Between two whole
walks a venue that can say so is asked only for what changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial

import msgspec
from django.conf import settings
from django.core.exceptions import ValidationError

from feeds.runtime.http import Http
from feeds.runtime.rates import Rates, client_of
from feeds.venues import ADAPTERS, find
from feeds.venues.base import Adapter, Catalogue, Reply, Request
from markets import runs, selectors
from markets.catalogue import CatalogueDiff
from markets.discovery.catalog import Listing
from markets.runs import RunRow
from markets.selectors import VenueRow
from markets.terms.ids import VenueId
from trading.runtime.clock import SystemClock
from trading.runtime.gateway import VenueUnreachable

TRIES = 4
WAIT_S = 1.0
TRY_LATER = (429, 500, 502, 503, 504)
WHOLE_EVERY = timedelta(hours=24)

Told = Callable[[RunRow], None]


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


def sync_catalogue(venue: str, *, whole: bool = False, told: Told | None = None) -> CatalogueDiff:
    """Stores what a venue lists now; safe to run twice, and goes on where a killed run stopped.

    `whole` walks everything even where the venue can say what changed; `told` hears of each page.
    Errors: `ValidationError` for an unknown venue, or while another run walks it;
    `CatalogueUnavailable` when it does not answer or its pages make no sense.
    """
    adapter = keyless_adapter(venue)
    row = selectors.venue(venue)
    if row is None:
        raise ValidationError(f"Venue {venue} is not set up; run `manage.py seed` first.")
    catalogue = adapter.catalogue()
    run = runs.begin(venue, whole=whole, whole_every=WHOLE_EVERY)
    waiting = _beginning(catalogue, run)
    if waiting is None:
        run, waiting = runs.made_whole(run), catalogue.first()
    try:
        for listings, mark in _pages(adapter, row, catalogue, waiting):
            run = runs.store_page(run, listings, mark, catalogue.skipped)
            if told is not None:
                told(run)
        return runs.finish(run)
    except (ValueError, VenueUnreachable) as problem:
        runs.fail(run, str(problem))
        raise CatalogueUnavailable(f"{problem}") from problem
    except (CatalogueUnavailable, ValidationError) as problem:
        runs.fail(run, str(problem))
        raise


def sync_events(venue: str, events: tuple[str, ...]) -> CatalogueDiff:
    """Stores these events of a venue as listed now, whatever their state.

    Errors: as `sync_catalogue`.
    """
    adapter = keyless_adapter(venue)
    row = selectors.venue(venue)
    if row is None:
        raise ValidationError(f"Venue {venue} is not set up; run `manage.py seed` first.")
    catalogue = adapter.catalogue()
    found: list[Listing] = []
    try:
        for listings, _ in _pages(adapter, row, catalogue, catalogue.named(events)):
            found += listings
    except ValueError as problem:
        raise CatalogueUnavailable(f"{problem}") from problem
    return runs.store_named(venue, found)


def _beginning(catalogue: Catalogue, run: RunRow) -> list[Request] | None:
    """Where this run asks first; None where the venue cannot say what changed."""
    if run.cursor:
        return catalogue.again(msgspec.convert(run.cursor, Request))
    if run.since is None:
        return catalogue.first()
    return catalogue.since(run.since)


def _pages(
    adapter: Adapter, row: VenueRow, catalogue: Catalogue, waiting: list[Request]
) -> Iterator[tuple[list[Listing], object]]:
    """Each reply's listings, with the request the walk could go on from; one request at a time."""
    rates = Rates(
        VenueId(adapter.venue),
        partial(adapter.draws, tier=row.rate_tier),
        client_of(settings.REDIS_URL),
        SystemClock(),
        job=True,
    )
    http = Http(VenueId(adapter.venue), adapter.hosts | row.hosts, rates=rates)
    with asyncio.Runner() as loop:
        try:
            while waiting:
                request = waiting.pop(0)
                listings, more = catalogue.parse(request, loop.run(_reply(http, request)))
                waiting += more
                mark = catalogue.mark(waiting)
                yield listings, None if mark is None else msgspec.to_builtins(mark)
        finally:
            loop.run(http.close())
            loop.run(rates.close())


async def _reply(http: Http, request: Request) -> Reply:
    said = ""
    for number in range(TRIES):
        try:
            reply = await http.send(request)
        except VenueUnreachable as problem:
            said = str(problem)
        else:
            if reply.status in (200, 404):
                return reply
            said = f"{http.url(request)} answered {reply.status}"
            if reply.status not in TRY_LATER:
                break
        if number + 1 < TRIES:
            await asyncio.sleep(WAIT_S * 2**number)
    raise CatalogueUnavailable(f"{said}; check the venue's address, or try again later.")
