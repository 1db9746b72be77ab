"""Bundles found in the catalogue: sets certain to pay, joined across venues, and three results."""

from __future__ import annotations

import msgspec
import pytest

from markets import bundles, pairing, services
from markets.discovery.catalog import Details, Listing
from markets.models import Claim, Relation
from tests import listings

pytestmark = pytest.mark.django_db
NAMES = ("Ann Doe", "Bob Roe", "Cy Poe")
RACE = "the 2026 Ruritanian presidential election"


def runner(venue: str, name: str, *, neg_risk: bool = False) -> Listing:
    rules = (
        "This market will resolve according to the candidate that wins this election."
        if venue == "polymarket"
        else f"If {name} wins {RACE}, then the market resolves to Yes."
    )
    made = listings.listing(venue, f"X-{name}", title=f"Will {name} win {RACE}?", rules=rules)
    return msgspec.structs.replace(
        made,
        market=msgspec.structs.replace(made.market, neg_risk=neg_risk),
        event=f"race at {venue}",
        event_title="Ruritania",
        details=Details(label=name, slug=f"will-{name}-win", exclusive=True),
    )


def race(*, neg_risk: bool = True, pairs: tuple[str, ...] = NAMES[:2]) -> None:
    listings.two_venues()
    rows = [runner("polymarket", name, neg_risk=neg_risk) for name in NAMES]
    services.apply_catalogue("polymarket", rows)
    services.apply_catalogue("kalshi", [runner("kalshi", name) for name in NAMES[:2]])
    for name in pairs:
        facts = services.PairFacts(f"kalshi:X-{name}", f"polymarket:X-{name}")
        slug = services.propose_pair(facts, "alice").slug
        pairing.confirm_by_rule(slug, [0, 1], "alice", "read")


def across() -> list[Relation]:
    return list(Relation.objects.filter(title__endswith="across venues"))


def test_a_certain_field_is_proposed_with_the_markets_elsewhere_that_pairs_join() -> None:
    race()
    found = bundles.find_bundles()

    (row,) = across()
    assert (row.status, row.kind) == ("candidate", "field")
    assert row.certificate.startswith("Exactly one pays")
    markets = set(Claim.objects.filter(relation=row).values_list("market_id", flat=True))
    assert len(markets) == 5
    first = [c.pays for c in row.claims.filter(market_id="kalshi:X-Ann Doe", outcome=0)]
    assert first == [c.pays for c in row.claims.filter(market_id="polymarket:X-Ann Doe", outcome=0)]
    assert found.proposed == 2
    assert bundles.find_bundles().proposed == 0


def test_a_field_that_may_pay_nobody_stays_within_its_venue() -> None:
    race(neg_risk=False)
    found = bundles.find_bundles()

    assert across() == []
    assert any("no certificate" in why for why in found.refused)


def test_markets_nobody_joined_stay_apart() -> None:
    race(pairs=())
    bundles.find_bundles()

    assert across() == []
    assert Relation.objects.filter(kind="field").count() == 1


def test_home_draw_and_away_of_one_event_are_proposed_as_results() -> None:
    listings.two_venues()
    sides = {
        "cry": "Will Crystal Palace win on 2026-03-14?",
        "draw": "Will Crystal Palace vs. Leeds United end in a draw?",
        "lee": "Will Leeds United win on 2026-03-14?",
    }
    rows = [
        msgspec.structs.replace(
            listings.listing("polymarket", name, title=title, rules="If so, it resolves to Yes."),
            event_title="Crystal Palace vs. Leeds United",
            details=Details(slug=f"epl-cry-lee-2026-03-14-{name}"),
        )
        for name, title in sides.items()
    ]
    services.apply_catalogue("polymarket", rows)
    bundles.find_bundles()

    row = Relation.objects.get()
    assert (row.kind, row.status) == ("1X2", "candidate")
    assert "a match ends with one side ahead or level" in row.certificate
