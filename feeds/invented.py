"""The demonstration's first rows: fake venues, their markets, pairs, and an armed paper profile.

The markets come through the real adapters, read from the fakes in this process; the pairs from what
the scenario says is the same. Run again it only adds what is new: what a person changed since stays
changed.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from feeds.services import KALSHI_CLOSED, keyless_adapter, schedule_catalogues, seed
from feeds.sim.scenario import KALSHI, Listed
from feeds.venues import FAKES, find
from markets import matcher, selectors
from markets import services as markets
from markets.discovery.catalog import Listing
from markets.services import PairFacts
from markets.terms.ids import market_id
from markets.terms.relations import TailRisk
from markets.terms.units import MICRO, Ns, Px
from risk import selectors as limits
from risk import services as risk

AUTHOR = "demo"
CATALOGUE_MINUTES = 10
APART_PPM = 500
VOID_PPM = 300
PAPER_CASH = 100_000 * MICRO
# So that deals happen within a minute, and still happen after an hour.
OVERRIDES = {
    "min_net_edge": 8_000,
    "match_interval_ms": 15_000,
    "max_event_exposure": 5_000 * MICRO,
    "max_total_exposure": 100_000 * MICRO,
    "venue_capital": 100_000 * MICRO,
    "max_category_exposure": 100_000 * MICRO,
    "per_contract_exposure": 5_000 * MICRO,
    "max_contracts_market": 10_000 * MICRO,
    "max_contracts_total": 500_000 * MICRO,
    "max_open_relations": 100,
    "discovery_ttl_ms": CATALOGUE_MINUTES * 60_000,
}
OVERRIDES_REASON = (
    "Demonstration: a least net edge of 0.8 ¢, a deal of a pair at most every 15 s, and play money "
    "for hours ($5,000 a pair, $100,000 in all, contracts alike), catalogues read every ten "
    "minutes; every other limit as shipped."
)
NOTE = "armed paper profile of the demonstration"


class Address(msgspec.Struct, frozen=True):
    """Where a fake venue is: columns of its row, and its socket."""

    columns: dict[str, str]
    ws_url: str


class Seeded(msgspec.Struct, frozen=True):
    """What was there to do."""

    markets: int
    proposed: int
    confirmed: int
    retired: int


class World(Protocol):
    """A scenario's markets: an invented one's, or a recording's."""

    @property
    def listed(self) -> tuple[Listed, ...]: ...


def seed_demo(scenario: World, addresses: dict[str, Address], at: Ns) -> Seeded:
    """Rows of the demonstration; safe to run again."""
    schedule_catalogues(CATALOGUE_MINUTES)
    is_first = not limits.is_armed()
    seed(AUTHOR)
    if is_first:
        reason = "Demonstration: the fake venue does not close."
        markets.set_maintenance("kalshi", KALSHI_CLOSED, AUTHOR, reason, active=False)
        risk.set_limits(OVERRIDES, AUTHOR, OVERRIDES_REASON)
    found = 0
    for venue, address in addresses.items():
        _point(venue, address, is_first=is_first)
        found += markets.apply_catalogue(venue, _listings(venue, scenario, at)).listed
    slugs, proposed, confirmed = _pairs(scenario)
    retired = _retire(slugs)
    matcher.run()
    if is_first:
        risk.set_engine("paper", AUTHOR, "Demonstration: paper trading is armed.", NOTE)
    return Seeded(found, proposed, confirmed, retired)


def _point(venue: str, address: Address, *, is_first: bool) -> None:
    wanted: dict[str, object] = {**address.columns, "ws_url": address.ws_url}
    if is_first:
        wanted |= {"enabled": True, "mode": "paper", "paper_cash": PAPER_CASH}
    markets.set_venue(venue, AUTHOR, "Demonstration: the fake venue's addresses.", **wanted)


def _listings(venue: str, scenario: World, at: Ns) -> list[Listing]:
    """What the fake lists, as its real adapter reads it."""
    fake, catalogue = find(FAKES, venue)(scenario.listed), keyless_adapter(venue).catalogue()
    waiting, found = catalogue.first(), []
    while waiting:
        request = waiting.pop(0)
        listings, more = catalogue.parse(request, fake.request(request, at))
        found += listings
        waiting += more
    return found


def _pairs(scenario: World) -> tuple[set[str], int, int]:
    slugs: set[str] = set()
    proposed = confirmed = 0
    for listed in scenario.listed:
        if listed.venue != KALSHI or not listed.twin:
            continue
        row, is_new = markets.ensure_pair(
            _facts(listed), AUTHOR, ["The scenario says that both settle on the same facts."]
        )
        slugs.add(row)
        proposed += is_new
        if is_new and listed.confirmed:
            markets.confirm_by_rule(
                row, [0, 1], AUTHOR, "Demonstration: confirmed by the scenario."
            )
            confirmed += 1
    return slugs, proposed, confirmed


def _facts(listed: Listed) -> PairFacts:
    return PairFacts(
        first=market_id(KALSHI, listed.native),
        second=f"polymarket:{listed.twin}",
        inverse=listed.inverse,
        tails=tails(inverse=listed.inverse),
        title=listed.title,
        rules_passed=listed.confirmed,
    )


def tails(*, inverse: bool) -> tuple[TailRisk, ...]:
    """The odd ends of a pair, at their worst.

    Settled apart: both legs of a package lose, in either direction. Void: Polymarket pays half and
    Kalshi a last fair price, at its worst 0 or 1.
    """
    nothing, all_, half = Px(0), Px(MICRO), Px(MICRO // 2)
    return (
        TailRisk("settled apart, first no", APART_PPM, nothing, nothing if inverse else all_),
        TailRisk("settled apart, first yes", APART_PPM, all_, all_ if inverse else nothing),
        TailRisk("void, fair price 0", VOID_PPM, nothing, half),
        TailRisk("void, fair price 1", VOID_PPM, all_, half),
    )


def _retire(present: set[str]) -> int:
    """Pairs of an earlier world, whose markets the fakes no longer list, are switched off."""
    gone = [slug for slug in selectors.active_slugs(confirmed_by=AUTHOR) if slug not in present]
    for slug in gone:
        markets.set_pair(slug, AUTHOR, "Demonstration: an earlier world's pair.", active=False)
    return len(gone)
