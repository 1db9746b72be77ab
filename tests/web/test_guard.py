"""The guard of games: what is traded before a game only, and what is taken out when it begins."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from django.utils import timezone

from feeds import snapshot
from markets import guard, selectors, services
from markets.discovery.catalog import Details, Listing
from markets.models import CategoryRule, Relation
from markets.moments import ns
from markets.terms.units import SECOND, Ns
from tests import listings

pytestmark = pytest.mark.django_db
HOUR = 3_600 * SECOND


def game(venue: str, starts_at: Ns | None, **said: object) -> Listing:
    details = Details(starts_at=starts_at, **said)  # type: ignore[arg-type]
    return msgspec.structs.replace(listings.listing(venue, "RAIN"), details=details)


def in_a_moment(hours: int) -> Ns:
    return Ns(ns(timezone.now()) + hours * HOUR)


@pytest.fixture
def slug() -> str:
    return listings.confirmed()


def test_a_pair_is_traded_in_play_unless_its_category_says_before_the_game_only(slug: str) -> None:
    services.apply_catalogue("kalshi", [game("kalshi", in_a_moment(-1))])
    assert [r.relation.id for r in selectors.tradeable()] == [slug]

    CategoryRule.objects.create(category="WEATHER", pre_match_only=True, reason="for a test")
    assert selectors.tradeable() == ()

    Relation.objects.update(pre_match_only=False)
    assert [r.relation.id for r in selectors.tradeable()] == [slug]


def test_one_venue_that_saw_the_game_begin_is_enough(slug: str) -> None:
    Relation.objects.update(pre_match_only=True)
    services.apply_catalogue("kalshi", [game("kalshi", in_a_moment(2))])
    assert [r.relation.id for r in selectors.tradeable()] == [slug]

    services.apply_catalogue("polymarket", [game("polymarket", in_a_moment(2), live=True)])
    assert selectors.tradeable() == ()


def test_a_start_nobody_tells_is_not_a_beginning(slug: str) -> None:
    Relation.objects.update(pre_match_only=True)
    assert [r.relation.id for r in selectors.tradeable()] == [slug]
    assert guard.note_games() == ()


def test_a_beginning_makes_one_revision_and_is_told_once(slug: str) -> None:
    Relation.objects.update(pre_match_only=True)
    services.apply_catalogue("kalshi", [game("kalshi", in_a_moment(-1))])
    before = selectors.last_revision_number()

    assert guard.note_games() == (slug,)
    assert guard.note_games() == ()
    assert selectors.last_revision_number() == before + 1


def test_another_game_under_the_same_name_suspends_the_pair_that_was_confirmed() -> None:
    listings.two_venues()
    row = listings.candidate()
    services.apply_catalogue("polymarket", [game("polymarket", in_a_moment(2))])
    services.confirm_pair(row.slug, [0, 1], "alice", "the first game of the day", ["all"])

    services.apply_catalogue("polymarket", [game("polymarket", in_a_moment(6))])

    row.refresh_from_db()
    assert (row.status, "another game" in row.status_reason) == ("suspended", True)


def test_a_word_of_postponement_suspends_even_when_no_start_is_known(slug: str) -> None:
    services.apply_catalogue("polymarket", [game("polymarket", None, period="PPD")])
    assert Relation.objects.get(slug=slug).status == "suspended"


def test_the_sentinel_watches_confirmed_and_suspended_pairs_only(slug: str) -> None:
    listings.candidate("SNOW")
    assert guard.watched_events() == {"kalshi": ("oslo",), "polymarket": ("oslo",)}
    services.block_pair(slug, "alice", "no more")
    assert guard.watched_events() == {}


def test_a_rule_text_that_is_missing_all_at_once_suspends_too(slug: str) -> None:
    services.apply_catalogue("kalshi", [listings.listing("kalshi", "RAIN", rules="")])
    row = Relation.objects.get(slug=slug)
    assert (row.status, "are missing" in row.status_reason) == ("suspended", True)
    assert row.confirmed_at is not None
    assert row.confirmed_at > timezone.now() - timedelta(minutes=5)


def test_the_engine_is_told_the_earliest_start_of_a_pair_traded_before_its_game_only(
    slug: str,
) -> None:
    early, late = in_a_moment(2), in_a_moment(3)
    services.apply_catalogue("kalshi", [game("kalshi", late)])
    services.apply_catalogue("polymarket", [game("polymarket", early)])
    assert [r.trades_until for r in selectors.tradeable()] == [0]

    Relation.objects.update(pre_match_only=True, status="confirmed")
    assert [r.trades_until for r in selectors.tradeable()] == [early]
    assert [r.trades_until for r in snapshot.load().relations] == [early]

    services.apply_catalogue("polymarket", [game("polymarket", None)])
    Relation.objects.update(status="confirmed")
    assert [r.trades_until for r in selectors.tradeable()] == [late]
