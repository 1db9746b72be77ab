"""Asks venues whether they take orders from where this machine is, and keeps what they said.

A new answer is a revision, so that the worker's gate about places knows within seconds. A venue
that does not answer changes nothing that is kept; the gateway asks for itself before it trades.
"""

from __future__ import annotations

from typing import Any

import structlog

from feeds.asking import answer
from feeds.discovery import keyless_adapter
from feeds.venues.base import SaysWhere
from markets import selectors
from risk import services as risk

LOG = structlog.get_logger(__name__)


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
    reply = answer(adapter.venue, hosts, adapter.place_request())
    said = None if reply is None else adapter.told_place(reply)
    if said is None:
        LOG.warning("place not told", venue=adapter.venue)
        return "unread"
    risk.note_geoblock(adapter.venue, bool(said), said)
    return "blocked" if said else "open"
