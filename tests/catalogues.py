"""What the fake venues list of a world, as their real adapters read it."""

from __future__ import annotations

from feeds.services import keyless_adapter
from feeds.sim.scenario import Scenario
from feeds.venues import FAKES, find
from markets.discovery.catalog import Listing
from markets.terms.units import SECOND, Ns

AT = Ns(1_795_000_000 * SECOND)


def listed_by(venue: str, scenario: Scenario, at: Ns = AT) -> list[Listing]:
    """Every listing of a venue, through its walk."""
    fake, catalogue = find(FAKES, venue)(scenario.listed), keyless_adapter(venue).catalogue()
    waiting, found = catalogue.first(), []
    while waiting:
        request = waiting.pop(0)
        listings, more = catalogue.parse(request, fake.request(request, at))
        found += listings
        waiting += more
    return found
