"""The standing check of confirmed pairs, and the matcher that asks it first."""

from __future__ import annotations

import pytest

from markets import matcher, pairing, selfcheck, services
from markets.models import ConfigRevision, MatchPolicy, Relation
from tests import listings
from tests.web.test_matcher_rows import catalogue

pytestmark = pytest.mark.django_db


def confirmed(first: str, second: str, *, by: str = "matcher", inverse: bool = False) -> str:
    """A confirmed pair of two listed markets."""
    facts = services.PairFacts(f"kalshi:{first}", f"polymarket:{second}", inverse=inverse)
    slug = services.propose_pair(facts, "alice").slug
    pairing.confirm_by_rule(slug, [0, 1], by, "for a test")
    return slug


@pytest.fixture
def listed() -> None:
    listings.two_venues()
    for venue in ("kalshi", "polymarket"):
        markets = [listings.listing(venue, name) for name in ("A", "B")]
        services.apply_catalogue(venue, markets)


def status(slug: str) -> str:
    return str(Relation.objects.get(slug=slug).status)


@pytest.mark.usefixtures("listed")
def test_two_markets_of_one_venue_confirmed_as_one_are_suspended_in_one_revision() -> None:
    good, bad = confirmed("A", "A"), confirmed("B", "A")
    before = ConfigRevision.objects.count()

    found = selfcheck.check_pairs()

    assert (found.pairs, found.suspended, found.told) == (2, (bad,), ())
    assert (status(good), status(bad)) == ("confirmed", "suspended")
    row = Relation.objects.get(slug=bad)
    assert "make kalshi:B and kalshi:A of kalshi one market" in row.status_reason
    assert ConfigRevision.objects.count() == before + 1
    assert selfcheck.check_pairs().suspended == ()


@pytest.mark.usefixtures("listed")
def test_the_two_sides_of_one_event_may_be_opposites() -> None:
    confirmed("A", "A")
    confirmed("B", "A", inverse=True)

    assert selfcheck.check_pairs().suspended == ()


@pytest.mark.usefixtures("listed")
def test_a_person_s_pairs_are_believed_first_and_only_told_about() -> None:
    older = confirmed("A", "A")
    person = confirmed("B", "A", by="alice")
    assert selfcheck.check_pairs().suspended == (older,)

    pairing.confirm_by_rule(older, [0, 1], "bob", "both are listed twice")
    found = selfcheck.check_pairs()
    assert (found.suspended, len(found.told)) == ((), 1)
    assert (status(older), status(person)) == ("confirmed", "confirmed")


@pytest.mark.usefixtures("listed")
def test_signs_that_contradict_suspend_even_a_person_s_pair() -> None:
    confirmed("A", "A", by="alice")
    confirmed("B", "A", by="alice", inverse=True)
    confirmed("A", "B", by="alice", inverse=True)
    turned = confirmed("B", "B", by="alice", inverse=True)

    assert selfcheck.check_pairs().suspended == (turned,)


def test_the_matcher_confirms_nothing_that_clashes_with_what_is_confirmed() -> None:
    listings.two_venues()
    catalogue(6)
    MatchPolicy.objects.create(auto_confirm=True, min_score=0.92)
    matcher.run()
    row = Relation.objects.filter(confirmed_by="matcher")[0]
    first, second = sorted({c.market_id for c in row.claims.all()})
    # Another market of the venue is one with the second already, so a person says.
    services.apply_catalogue("kalshi", [listings.listing("kalshi", "TWIN")])
    Relation.objects.all().delete()
    confirmed("TWIN", second.partition(":")[2], by="alice")

    assert matcher.run().auto > 0
    again = Relation.objects.get(mark=row.mark)
    assert (again.status, again.evidence["verdict"]) == ("candidate", "auto")
    assert first.startswith("kalshi:")
