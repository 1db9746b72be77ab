"""The independent audit of live accounts: statements read by a job of its own, compared with rows.

It trades nothing and repairs nothing. A difference that two statements in a row say halts the venue
by a command like a person's, which the pages show with its sentence; whoever resumes it has looked.
"""

from __future__ import annotations

import asyncio
from functools import partial

import msgspec
from django.conf import settings

from feeds.credentials import adapter_of, load
from feeds.runtime.live import Line, LiveGateway
from feeds.runtime.live_venue import hosts_of
from feeds.runtime.order_entry import OrderEntry
from feeds.runtime.pause import pause
from feeds.runtime.rates import Rates, client_of
from feeds.venues import ADAPTERS
from feeds.venues.base import Adapter
from feeds.venues.errands import Trades
from markets import selectors as markets
from markets.terms.ids import VenueId
from markets.terms.units import SECOND, Ns
from trading import selectors, services
from trading.audit import differing
from trading.engine.events import AccountReported
from trading.runtime.clock import SystemClock
from trading.runtime.gateway import VenueUnreachable

AUTHOR = "audit"
BETWEEN = Ns(20 * SECOND)


class Audited(msgspec.Struct, frozen=True):
    """How a venue's account stands: `agrees`, `differs`, `moves`, `unread`, or `none` where
    nothing was ever sent with money.
    """

    venue: str
    outcome: str
    text: str = ""


def audit(venue: str) -> Audited:
    """Two statements against the rows; a difference both say halts the venue."""
    adapter = adapter_of(venue, load())
    if not settings.LIVE_ALLOWED or not selectors.has_live_orders(venue):
        return Audited(venue, "none")
    row = markets.venue(venue)
    own, tier = (row.hosts, row.rate_tier) if row else ({}, "")
    found: list[str] = []
    for wait in (Ns(0), BETWEEN):
        try:
            said = asyncio.run(_stated(adapter, own, tier, wait))
        except (VenueUnreachable, ValueError) as problem:
            return Audited(venue, "unread", str(problem))
        before, found = found, differing(said, nets=adapter.capabilities.nets)
        if not found:
            return Audited(venue, "agrees")
        if wait and found == before:
            return _halted(venue, found[0])
    return Audited(venue, "moves", "Two statements said different things.")


def audit_all() -> list[Audited]:
    """Every venue in turn."""
    return [audit(venue) for venue in ADAPTERS]


def _halted(venue: str, text: str) -> Audited:
    services.ask("halt", venue, AUTHOR, f"The audit found: {text}"[:500])
    return Audited(venue, "differs", text)


async def _stated(adapter: Adapter, own: dict[str, str], tier: str, wait: Ns) -> AccountReported:
    """One statement, over connections of its own. Errors: `VenueUnreachable`, `ValueError`."""
    if not isinstance(adapter, Trades):
        raise ValueError(f"{adapter.name} has no account")
    clock, venue = SystemClock(), VenueId(adapter.venue)
    draws = partial(adapter.draws, tier=tier)
    await pause(clock, wait)
    hosts, is_here = hosts_of(adapter, own)
    trader = adapter.trader(lambda _: None, list, is_here=is_here)
    buckets = client_of(settings.REDIS_URL)
    rates = Rates(venue, draws, buckets, clock, job=True)
    entry = OrderEntry(venue, hosts, clock, rates=rates)
    gateway = LiveGateway(Line(venue, trader, entry), clock, lambda event: None, list)
    try:
        return await gateway.statement()
    finally:
        entry.close()
        await buckets.aclose()
