"""What a run of the matcher writes: in batches, once, under names that do not meet by chance."""

from __future__ import annotations

import hashlib

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from feeds.sim.scenario import Scenario
from markets import matched, matcher, proposals, services
from markets.models import Market, MatchCandidate, MatchDecision, Relation
from markets.terms.units import SECOND, Ns
from tests import listings
from tests.catalogues import listed_by

pytestmark = pytest.mark.django_db


def catalogue(pairs: int) -> None:
    """Games at both venues, worded as they word them."""
    scenario = Scenario(7, pairs, Ns(1_795_000_000 * SECOND))
    for venue in ("kalshi", "polymarket"):
        services.apply_catalogue(venue, listed_by(venue, scenario))


def queries() -> int:
    with CaptureQueriesContext(
        connection,
    ) as seen:
        matcher.run()
    return len(seen)


def test_a_run_asks_the_database_as_often_for_many_pairs_as_for_few() -> None:
    listings.two_venues()
    catalogue(4)
    few = queries()
    Relation.objects.all().delete()
    MatchCandidate.objects.all().delete()
    catalogue(40)
    many = queries()
    assert Relation.objects.count() > 4
    assert many <= few + 4


def test_each_pair_is_proposed_with_its_claims_and_one_decision() -> None:
    listings.two_venues()
    catalogue(6)
    matcher.run()
    for row in Relation.objects.all():
        assert row.claims.count() == 4
        assert list(row.decisions.values_list("verdict", "author")) == [("proposed", "matcher")]
        markets = {c.market_id for c in row.claims.all()}
        assert row.mark == proposals.mark_of(*markets)
    assert MatchDecision.objects.count() == Relation.objects.count()


def test_a_pair_that_somebody_proposed_takes_the_judgement_and_stays_one_pair() -> None:
    listings.two_venues()
    row = listings.candidate()
    assert matcher.run().proposed == 0
    found = Relation.objects.get()
    assert (found.pk, found.evidence["verdict"]) == (row.pk, "review")
    assert found.judged_as


def test_what_is_refused_no_longer_is_forgotten_and_only_the_nearest_keep_their_evidence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(matched, "WITH_EVIDENCE", 2)
    listings.two_venues()
    catalogue(40)
    found = matcher.run()
    assert MatchCandidate.objects.count() == found.rejected > 2
    near = MatchCandidate.objects.exclude(evidence={})
    assert near.count() == 2
    assert near.order_by("score")[0].score >= MatchCandidate.objects.order_by("-score")[1].score
    assert matcher.run().judged == 0

    gone = MatchCandidate.objects.all()[0].first
    Market.objects.filter(market_id=gone).update(gone_at=timezone.now())
    matcher.run()
    assert not MatchCandidate.objects.filter(first=gone).exists()


def test_two_pairs_whose_short_names_are_alike_stay_two(monkeypatch: pytest.MonkeyPatch) -> None:
    listings.two_venues()
    first = listings.candidate("A")
    short = first.slug.rpartition("-")[2]
    # What the end of a slug cannot tell apart, the mark does.
    monkeypatch.setattr(proposals, "IN_SLUG", 0)
    other = listings.candidate("B")
    assert other.mark != first.mark
    assert proposals.slug_of("kalshi:A", "polymarket:A") == first.slug
    assert len(short) == 12


def test_pairs_of_before_are_named_by_their_markets() -> None:
    from importlib import import_module

    listings.two_venues()
    row = listings.candidate()
    Relation.objects.update(mark=None)
    import_module("markets.migrations.0008_relation_mark").name_pairs(apps, None)
    whole = hashlib.sha256(b"kalshi:RAIN|polymarket:RAIN").hexdigest()
    assert Relation.objects.get(pk=row.pk).mark == whole[:32]
