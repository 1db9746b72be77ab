"""Runs over a venue's catalogue: begun, a page stored, finished; how old what we know is.

One run of a venue at a time. A run that says nothing for `SILENT` was killed: the next one takes
its place and its cursor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from markets.catalogue import CatalogueDiff, apply_catalogue, mark_gone
from markets.discovery.catalog import Listing
from markets.models import SyncRun
from markets.moments import ns, ns_or_none
from markets.terms.ids import VenueId
from markets.terms.units import Ns

SILENT = timedelta(seconds=90)
RESUMABLE = timedelta(hours=2)
OVERLAP = timedelta(minutes=10)
EARLY = timedelta(seconds=30)
COUNTED = ("listed", "added", "changed", "rules_changed", "postponed")


class RunRow(msgspec.Struct, frozen=True):
    """A run over a catalogue as it stands."""

    id: int
    venue: VenueId
    state: str
    since: Ns | None
    cursor: Any
    started_at: Ns
    beat_at: Ns
    ended_at: Ns | None
    resumed: int
    pages: int
    listed: int
    added: int
    changed: int
    gone: int
    postponed: int
    rules_changed: int
    suspended: int
    skipped: dict[str, int]
    problem: str

    @property
    def is_running(self) -> bool:
        """Whether it is under way."""
        return self.state == SyncRun.State.RUNNING


@transaction.atomic
def begin(venue: str, *, whole: bool, whole_every: timedelta) -> RunRow:
    """The run to walk now: one that was killed, from where it stopped, else a new one.

    A new one asks for what changed when a whole walk ended within `whole_every`. Errors:
    `ValidationError` while another process walks this venue.
    """
    now = timezone.now()
    rows = SyncRun.objects.select_for_update().filter(venue_id=venue)
    last = rows.exclude(state=SyncRun.State.DONE).order_by("-started_at").first()
    if last is not None and last.state == SyncRun.State.RUNNING and now - last.beat_at < SILENT:
        raise ValidationError(
            f"The catalogue of {venue} is being read already, since {last.started_at:%H:%M:%S} "
            f"UTC ({last.pages} pages); wait for it."
        )
    newest = rows.order_by("-started_at").first()
    if last is not None and last == newest and _may_go_on(last, now, whole=whole):
        last.state, last.beat_at, last.problem = SyncRun.State.RUNNING, now, ""
        last.resumed += 1
        last.save()
        return run_row(last)
    rows.filter(state=SyncRun.State.RUNNING).update(
        state=SyncRun.State.FAILED, ended_at=now, problem="It was ended before it was done."
    )
    since = None if whole else _since(venue, now - whole_every)
    row = SyncRun.objects.create(venue_id=venue, since=since, started_at=now, beat_at=now)
    return run_row(row)


def is_due(venue: str, ttl_ms: int) -> bool:
    """Whether the last walk of a venue that came to its end began at least `ttl_ms` ago.

    Half a minute early is on time: a job as rare as the time itself must not wait for its next.
    """
    oldest = timezone.now() - timedelta(milliseconds=ttl_ms) + EARLY
    done = SyncRun.objects.filter(venue_id=venue, state=SyncRun.State.DONE)
    return not done.filter(started_at__gt=oldest).exists()


def _may_go_on(row: SyncRun, now: datetime, *, whole: bool) -> bool:
    if row.cursor is None or now - row.started_at > RESUMABLE:
        return False
    return not (whole and row.since)


def _since(venue: str, oldest: datetime) -> datetime | None:
    """From when on changes are asked for; None when a whole walk is due."""
    done = SyncRun.objects.filter(venue_id=venue, state=SyncRun.State.DONE)
    if not done.filter(since=None, started_at__gte=oldest).exists():
        return None
    last = done.order_by("-started_at").first()
    return None if last is None else last.started_at - OVERLAP


def made_whole(run: RunRow) -> RunRow:
    """The same run as a walk over everything: its venue cannot say what changed."""
    SyncRun.objects.filter(pk=run.id).update(since=None)
    return msgspec.structs.replace(run, since=None)


@transaction.atomic
def store_page(
    run: RunRow, listings: Sequence[Listing], mark: object, skipped: Mapping[str, int]
) -> RunRow:
    """Stores a page with the run's progress; `mark` is where the run goes on from here."""
    row = SyncRun.objects.select_for_update().get(pk=run.id)
    diff = apply_catalogue(row.venue_id, listings)
    for name in COUNTED:
        setattr(row, name, getattr(row, name) + getattr(diff, name))
    row.suspended += len(diff.suspended)
    row.pages += 1
    row.beat_at = timezone.now()
    row.skipped = dict(skipped)
    if mark is not None:
        row.cursor = mark
    row.save()
    return run_row(row)


def store_named(venue: str, listings: Sequence[Listing]) -> CatalogueDiff:
    """Stores markets that were asked for by name; no run is kept of it."""
    return apply_catalogue(venue, listings)


@transaction.atomic
def finish(run: RunRow) -> CatalogueDiff:
    """Ends a run; a whole walk says what is gone.

    Errors: `ValidationError` when more is gone than can be believed.
    """
    row = SyncRun.objects.select_for_update().get(pk=run.id)
    if row.since is None:
        row.gone = mark_gone(row.venue_id, row.started_at)
    row.state, row.ended_at, row.cursor = SyncRun.State.DONE, timezone.now(), None
    row.save()
    return CatalogueDiff(
        listed=row.listed,
        added=row.added,
        changed=row.changed,
        unchanged=row.listed - row.added - row.changed,
        rules_changed=row.rules_changed,
        gone=row.gone,
        postponed=row.postponed,
    )


def fail(run: RunRow, problem: str) -> None:
    """Ends a run that could not go on; its cursor stays for the next."""
    SyncRun.objects.filter(pk=run.id).update(
        state=SyncRun.State.FAILED, ended_at=timezone.now(), problem=problem[:500]
    )


def run_row(row: SyncRun) -> RunRow:
    """A run's row as a struct."""
    return RunRow(
        id=row.pk,
        venue=VenueId(row.venue_id),
        state=row.state,
        since=ns_or_none(row.since),
        cursor=row.cursor,
        started_at=ns(row.started_at),
        beat_at=ns(row.beat_at),
        ended_at=ns_or_none(row.ended_at),
        resumed=row.resumed,
        pages=row.pages,
        listed=row.listed,
        added=row.added,
        changed=row.changed,
        gone=row.gone,
        postponed=row.postponed,
        rules_changed=row.rules_changed,
        suspended=row.suspended,
        skipped=dict(row.skipped),
        problem=row.problem,
    )


def latest() -> dict[VenueId, RunRow]:
    """The newest run of each venue."""
    rows = SyncRun.objects.order_by("venue_id", "-started_at").distinct("venue_id")
    return {VenueId(row.venue_id): run_row(row) for row in rows}


def known_since() -> dict[VenueId, Ns]:
    """When each venue's catalogue was last read to its end: its age counts from there."""
    done = SyncRun.objects.filter(state=SyncRun.State.DONE)
    rows = done.order_by("venue_id", "-started_at").distinct("venue_id")
    return {VenueId(row.venue_id): ns(row.ended_at or row.started_at) for row in rows}
