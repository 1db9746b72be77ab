"""What the settings say of each venue: how far it is let, with which key, armed until when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import msgspec

from feeds import keyring, selectors
from markets import selectors as markets
from markets.moments import ns
from markets.terms import formats
from markets.terms.ids import VenueId
from markets.terms.units import MS, Ns
from risk import selectors as risk
from trading.engine.limits import Scope


class Fact(msgspec.Struct, frozen=True):
    """One setting of a venue in words."""

    name: str
    value: str
    hint: str = ""


def _addresses(row: markets.VenueRow) -> tuple[Fact, ...]:
    named: dict[str, list[str]] = {}
    for name, url in row.hosts.items():
        named.setdefault(url, []).append(name)
    # The order host is the REST host wherever nothing else is said.
    found = [Fact(f"Address, {names[0]}", url) for url, names in named.items()]
    return tuple(found) or (Fact("Addresses", "the venue's own"),)


class KeyEnd(msgspec.Struct, frozen=True):
    """What of a credential ends, and when."""

    what: str
    at: Ns


class VenueSettings(msgspec.Struct, frozen=True):
    """A venue as the settings show it; `armed` is empty when it is not, `own` counts its limits."""

    slug: VenueId
    short: str
    name: str
    enabled: bool
    mode: str
    armed: str
    keys: tuple[KeyEnd, ...]
    own: int
    facts: tuple[Fact, ...]


def all_venues(now: Ns) -> tuple[VenueSettings, ...]:
    """Every venue there is, by name."""
    armed = selectors.armed()
    keys: dict[str, list[KeyEnd]] = {}
    for venue, words, at in keyring.expiries():
        keys.setdefault(venue, []).append(KeyEnd(words, ns(at)))
    own = Counter(row.target for row in risk.scoped_rows() if row.scope == Scope.VENUE)
    return tuple(_one(row, armed, keys, own, now) for row in markets.venues())


def _one(
    row: markets.VenueRow,
    armed: Mapping[str, Ns],
    keys: Mapping[str, list[KeyEnd]],
    own: Mapping[str, int],
    now: Ns,
) -> VenueSettings:
    until = armed.get(row.slug)
    age = formats.age(row.trade_age_ms * MS) if row.trade_age_ms else "the general limit"
    facts = (
        Fact("Oldest price traded", age, "an older leg is not traded"),
        Fact("Payout after the end", formats.age(row.payout_lag_ms * MS), "counted as lock-up"),
        Fact("Paper: cash at the start", formats.money(row.paper_cash)),
        Fact("Paper: an order takes", f"{row.paper_latency_ms} ms"),
        Fact("Sockets", str(row.sockets)),
        *_addresses(row),
    )
    return VenueSettings(
        slug=row.slug,
        short=row.short,
        name=row.name,
        enabled=row.enabled,
        mode=row.mode,
        armed=f"{formats.age(until - now)} more" if until else "",
        keys=tuple(keys.get(row.slug, ())),
        own=own.get(row.slug, 0),
        facts=facts,
    )
