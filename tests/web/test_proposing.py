"""Bundles beyond 64 packages: approved by a person, proposed by the job, relayed to the engine."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import msgspec
import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from feeds import proposing
from markets import pairing, proposals, services
from markets.models import Relation
from markets.terms.ids import MarketId, RelationId
from markets.terms.instruments import Market
from markets.terms.packages import packages
from markets.terms.tables import Certificate, Runner, Subject, field
from risk import services as limits
from tests import builders, listings
from trading import store
from trading.engine.book import Book
from trading.engine.proposals import PROPOSED
from trading.models import Proposal
from trading.services import propose_package

pytestmark = pytest.mark.django_db
NAMES = "ABCDEFGH"


@pytest.fixture
def bundle() -> str:
    """A field of eight runners, as a candidate with more packages than are enumerated."""
    limits.ensure_limits("alice", "for a test")
    listings.two_venues()
    services.apply_catalogue("kalshi", [listings.listing("kalshi", name) for name in NAMES])
    runners = [Runner(name, (MarketId(f"kalshi:{name}"),)) for name in NAMES]
    table = field(Subject(RelationId("bundle"), "Eight"), runners, Certificate("one wins"))
    assert len(packages(table)) == PROPOSED
    worlds = [msgspec.to_builtins(w) for w in table.worlds]
    row = Relation.objects.create(slug="bundle", title="Eight", kind="field", worlds=worlds)
    proposals.store_claims(row, table)
    return str(row.slug)


def books(markets: Sequence[Market], bids: str = "0.35x100") -> dict[MarketId, Book]:
    """Every NO costs 65 cents and seven of eight pay: more than an unknown schedule's fees."""
    return {m.id: builders.book(m.id, bids=bids, asks="0.40x100") for m in markets}


def test_what_the_solver_proposes_can_be_approved_only_beyond_what_is_enumerated(
    bundle: str,
) -> None:
    pairing.confirm_by_rule(bundle, [PROPOSED], "alice", "many runners")
    assert Relation.objects.get(slug=bundle).approved_packages == [PROPOSED]

    pair = listings.candidate("A")
    with pytest.raises(ValidationError, match="package 64 is not proven"):
        pairing.confirm_by_rule(pair.slug, [PROPOSED], "alice", "a pair has two")


def test_the_page_of_a_large_bundle_offers_what_the_solver_proposes(
    bundle: str, client: Client
) -> None:
    client.force_login(get_user_model().objects.create_superuser("operator", password="x"))
    assert "what the solver proposes" in client.get(f"/pairs/{bundle}/").content.decode()
    slug = listings.candidate("A").slug
    assert "what the solver proposes" not in client.get(f"/pairs/{slug}/").content.decode()


def test_the_job_proposes_a_purchase_that_pays_and_the_scribe_relays_it_once(bundle: str) -> None:
    assert proposing.propose_packages(ask=books).asked == 0
    pairing.confirm_by_rule(bundle, [PROPOSED], "alice", "many runners")

    found = proposing.propose_packages(ask=books)

    assert (found.asked, found.proposed, found.without_books) == (1, 1, 0)
    row = Proposal.objects.get()
    assert row.profit > 0
    assert {claim % 2 for claim, _ in row.amounts} == {1}
    (told,) = store.waiting_proposals()
    assert (told.id, told.relation, len(told.amounts)) == (row.pk, bundle, len(row.amounts))
    store.mark_proposed(told.id, timezone.now())
    assert store.waiting_proposals() == []
    assert proposing.propose_packages(ask=books).proposed == 0


def test_nothing_is_proposed_without_books_or_without_a_profit(bundle: str) -> None:
    pairing.confirm_by_rule(bundle, [PROPOSED], "alice", "many runners")

    assert proposing.propose_packages(ask=lambda _: {}).without_books == 1
    dear = {
        f"kalshi:{n}": builders.book(f"kalshi:{n}", bids="0.05x9", asks="0.30x9") for n in NAMES
    }
    found = proposing.propose_packages(ask=lambda _: {MarketId(k): v for k, v in dear.items()})
    assert (found.proposed, Proposal.objects.count()) == (0, 0)


def test_only_the_newest_proposal_of_a_relation_is_relayed_and_old_ones_are_forgotten() -> None:
    now = timezone.now()
    assert propose_package("r", [(0, 1)], 5, now - timedelta(days=8))
    assert propose_package("r", [(0, 2)], 5, now)
    assert not propose_package("r", [(0, 2)], 6, now + timedelta(minutes=9))
    assert propose_package("r", [(0, 2)], 6, now + timedelta(minutes=11))
    assert [p.amounts for p in store.waiting_proposals()] == [((0, 2),)]
    assert Proposal.objects.count() == 2
