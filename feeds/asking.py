"""One question to a venue from a job: its answer, or nothing when it cannot be reached."""

from __future__ import annotations

from collections.abc import Mapping

from asgiref.sync import async_to_sync

from feeds.runtime.http import Http
from feeds.venues.base import Reply, Request
from markets.terms.ids import VenueId
from trading.runtime.gateway import VenueUnreachable

TIMEOUT_S = 10.0


def answer(venue: VenueId, hosts: Mapping[str, str], request: Request) -> Reply | None:
    """What the venue says, whatever its status; `hosts` are addresses by name."""
    return async_to_sync(_answer)(venue, hosts, request)


async def _answer(venue: VenueId, hosts: Mapping[str, str], request: Request) -> Reply | None:
    async with Http(venue, hosts, timeout_s=TIMEOUT_S) as http:
        try:
            return await http.send(request)
        except VenueUnreachable:
            return None
