"""Reads the venues' own schedules and keeps their pauses beside those a person typed.

Rows made here are named `Told: …`; one the venue no longer tells is switched off, never removed.
What a person typed is left alone. A venue that does not answer changes nothing that is kept.
"""

from __future__ import annotations

from typing import Any

import structlog
from django.db import transaction

from feeds.asking import answer
from feeds.discovery import keyless_adapter
from feeds.venues.base import Closed, SaysHours
from markets import selectors, services
from markets.moments import moment
from markets.terms.ids import VenueId
from trading.runtime.clock import SystemClock

LOG = structlog.get_logger(__name__)
TOLD = "Told: "
AUTHOR = "the venue's schedule"
REASON = "Read from the venue's own schedule."
DAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")


def read_schedules() -> dict[str, Any]:
    """For each enabled venue that has a schedule: how many pauses it tells, or `unread`."""
    found: dict[str, Any] = {}
    for row in selectors.venues(enabled_only=True):
        adapter = keyless_adapter(row.slug)
        if isinstance(adapter, SaysHours):
            told = _told(adapter, row.hosts)
            if told is None:
                LOG.warning("schedule not told", venue=row.slug)
            found[str(row.slug)] = "unread" if told is None else keep(row.slug, told)
    return found


@transaction.atomic
def keep(venue: VenueId, told: tuple[Closed, ...]) -> int:
    """The number of pauses kept as the venue's word; each change is a revision."""
    wanted = {TOLD + name: fields for name, fields in map(_row, told)}
    for what, fields in wanted.items():
        services.set_maintenance(venue, what, AUTHOR, REASON, active=True, **fields)
    for what in selectors.maintenance_names(venue, TOLD):
        if what not in wanted:
            services.set_maintenance(
                venue, what, AUTHOR, "The venue no longer tells it.", active=False
            )
    return len(wanted)


def _row(pause: Closed) -> tuple[str, dict[str, Any]]:
    if pause.weekly is not None:
        hours = pause.weekly
        name = f"{DAYS[hours.weekday]} {hours.begins:%H:%M} to {hours.ends:%H:%M}"
        return name, {
            "weekday": hours.weekday,
            "begins": hours.begins,
            "ends": hours.ends,
            "timezone": hours.timezone,
        }
    assert pause.once is not None  # noqa: S101  it is one of the two
    starts, ends = (moment(at) for at in pause.once)
    return f"pause of {starts:%Y-%m-%d %H:%M} UTC", {"starts_at": starts, "ends_at": ends}


def _told(adapter: SaysHours, own: dict[str, str]) -> tuple[Closed, ...] | None:
    reply = answer(adapter.venue, adapter.hosts | own, adapter.hours_request())
    return None if reply is None else adapter.told_hours(reply, SystemClock().now())
