"""Where a venue is reached: the addresses a person configured, else the adapter's own."""

from __future__ import annotations

import msgspec

from feeds.venues import ADAPTERS, find
from feeds.venues.base import Adapter
from markets import selectors
from markets.selectors import VenueRow

# The column `rest_url` stands for whatever the venue calls the host of its trading requests.
SPOKEN = {"rest": ("rest", "clob"), "gamma": ("gamma",), "data": ("data",)}


class Addresses(msgspec.Struct, frozen=True):
    """A venue's hosts by name, and its socket."""

    hosts: dict[str, str]
    ws: str


def addresses(row: VenueRow, adapter: Adapter) -> Addresses:
    """The adapter's addresses with the configured ones in their place."""
    hosts = dict(adapter.hosts)
    for column, url in row.hosts.items():
        for name in SPOKEN[column]:
            if name in hosts:
                hosts[name] = url
    return Addresses(hosts, row.ws or adapter.ws)


def all_addresses() -> dict[str, Addresses]:
    """Addresses of every enabled venue that has an adapter, by slug."""
    return {
        row.slug: addresses(row, find(ADAPTERS, row.slug)())
        for row in selectors.venues(enabled_only=True)
        if row.slug in ADAPTERS
    }
