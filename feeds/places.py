"""Asks venues whether they take orders from where this machine is, and keeps what they said.

A new answer is a revision, so that the worker's gate about places knows within seconds. A venue
that does not answer changes nothing that is kept; the gateway asks for itself before it trades.
"""

from __future__ import annotations

from typing import Any

import structlog
from asgiref.sync import async_to_sync

from feeds.discovery import keyless_adapter
from feeds.runtime.http import Http
from feeds.venues.base import SaysWhere
from markets import selectors
from markets.terms.ids import VenueId
from risk import services as risk
from trading.runtime.gateway import VenueUnreachable

LOG = structlog.get_logger(__name__)
TIMEOUT_S = 10.0


def ask_places() -> dict[str, Any]:
    """What each enabled venue that says so answered: `open`, `blocked`, or `unread`."""
    found = {}
    for row in selectors.venues(enabled_only=True):
        adapter = keyless_adapter(row.slug)
        if isinstance(adapter, SaysWhere):
            found[str(row.slug)] = _noted(adapter, row.hosts)
    return found


def _noted(adapter: SaysWhere, own: dict[str, str]) -> str:
    hosts = adapter.place_hosts(own)
    if not hosts:
        return "unread"
    said = async_to_sync(_told)(adapter, hosts)
    if said is None:
        LOG.warning("place not told", venue=adapter.venue)
        return "unread"
    risk.note_geoblock(adapter.venue, bool(said), said)
    return "blocked" if said else "open"


async def _told(adapter: SaysWhere, hosts: dict[str, str]) -> str | None:
    async with Http(VenueId(adapter.venue), hosts, timeout_s=TIMEOUT_S) as http:
        try:
            return adapter.told_place(await http.send(adapter.place_request()))
        except VenueUnreachable:
            return None
