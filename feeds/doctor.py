"""What stands between us and trading at a venue, found by asking it and our own rows."""

from __future__ import annotations

from datetime import timedelta

from asgiref.sync import async_to_sync
from django.conf import settings
from django.utils import timezone

from feeds import selectors as feeds
from feeds.credentials import BadCredentials, adapter_of, load
from feeds.keyring import SOON_DAYS, expiries
from feeds.runtime.checkup import check
from feeds.runtime.http import Http
from feeds.venues.base import Adapter, SaysWhere
from feeds.venues.checkups import CanBeChecked, Finding, ill, well
from markets import selectors as markets
from markets.terms import formats
from markets.terms.ids import VenueId
from markets.terms.instruments import Market
from trading.runtime.clock import SystemClock

PATIENCE_S = 5.0
SOON = timedelta(days=SOON_DAYS)


def examine(venue: str) -> list[Finding]:
    """Findings of one venue, the venue's own first; nothing is changed anywhere."""
    try:
        adapter = adapter_of(venue, load())
    except BadCredentials as problem:
        return [ill("key", f"{str(problem).rstrip('.')}."), *_ends(venue), _arming(venue)]
    row = markets.venue(venue)
    hosts = _hosts(adapter, row.hosts if row else {})
    traded = tuple(m for r in markets.tradeable() for m in r.markets if m.venue == venue)
    found = async_to_sync(_ask)(adapter, hosts, traded, row.rate_tier if row else "")
    if row is None or not row.enabled:
        found.append(ill("switch", f"Switched off; use `manage.py venue {venue} --enable`."))
    return [*found, *_ends(venue), _arming(venue)]


def _hosts(adapter: Adapter, own: dict[str, str]) -> dict[str, str]:
    """Where to ask; of a venue on this machine nothing is asked of the real one's site."""
    known = adapter.hosts | own
    if not isinstance(adapter, SaysWhere):
        return known
    return {name: url for name, url in known.items() if name != "site"} | adapter.place_hosts(own)


def _ends(venue: str) -> list[Finding]:
    """When what is stored for the venue ends, as a person typed it."""
    found = []
    now = timezone.now()
    for _, what, at in (end for end in expiries() if end[0] == venue):
        name = f"{what} ends"
        day = f"{at:%Y-%m-%d %H:%M} UTC"
        do = "renew it at the venue, and store the credential with its new end"
        if at <= now:
            found.append(ill(name, f"It ended on {day}; {do}."))
        elif at - now < SOON:
            found.append(ill(name, f"It ends on {day}; {do}."))
        else:
            found.append(well(name, f"On {day}."))
    return found


async def _ask(
    adapter: Adapter, hosts: dict[str, str], traded: tuple[Market, ...], tier: str
) -> list[Finding]:
    if not isinstance(adapter, CanBeChecked):
        return [ill("host", "This venue has no checkup.")]
    async with Http(VenueId(adapter.venue), hosts, timeout_s=PATIENCE_S) as http:
        return await check(adapter, http, SystemClock(), traded, tier)


def _arming(venue: str) -> Finding:
    """What arming says is never ill: not to trade with money is a decision."""
    if not settings.LIVE_ALLOWED:
        veto = "DRY_RUN=1 is a veto" if settings.DRY_RUN else "LIVE is not set"
        return well("arming", f"Nothing can be armed on this machine: {veto}.")
    until = feeds.armed().get(venue)
    if until is None:
        return well("arming", "Not armed: no deal is opened with money.")
    left = formats.age(max(0, until - SystemClock().now()))
    return well("arming", f"Armed for {left} more.")
