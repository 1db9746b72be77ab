"""Forms of the admin that let more be risked say so, and ask once more; others just save."""

from __future__ import annotations

from typing import Any

import pytest
from django.forms import ModelForm

from feeds import services as feeds
from markets.forms import (
    MatchPolicyForm,
    PairForm,
    SourceAllowForm,
    VenueForm,
    WideningForm,
)
from markets.models import BlockRule, MatchPolicy, SourceAllow, Venue
from markets.relation_models import Relation
from risk.forms import (
    BlockForm,
    EngineForm,
    FeatureForm,
    JurisdictionForm,
    ThresholdForm,
    may_widen,
)
from risk.models import EngineSetting, Feature, Jurisdiction, Threshold
from tests.listings import confirmed

pytestmark = pytest.mark.django_db


def asked(form: type[WideningForm], row: Any, **typed: Any) -> bool:
    """Whether the save is refused until it is ticked, and goes through then."""
    whole = form(instance=row)
    said = {name: whole.get_initial_for_field(field, name) for name, field in whole.fields.items()}
    said = {k: v for k, v in said.items() if v is not None} | {"reason": "why"} | typed
    first: ModelForm[Any] = form(said, instance=type(row).objects.get(pk=row.pk))
    if first.is_valid():
        return False
    assert set(first.errors) == {"confirmed"}, first.errors
    row = type(row).objects.get(pk=row.pk)
    assert form({**said, "confirmed": "on"}, instance=row).is_valid()
    return True


@pytest.fixture(autouse=True)
def seeded() -> None:
    feeds.seed()


@pytest.mark.parametrize(
    ("key", "typed", "asks"),
    [
        ("max_trade", "500", True),
        ("max_trade", "50", False),
        ("min_net_edge", "1", True),
        ("min_net_edge", "3", False),
        ("friction", "0.1", True),  # it has no direction of its own: the worst is taken
    ],
)
def test_a_limit_that_may_widen_asks(key: str, typed: str, asks: bool) -> None:
    row = Threshold.objects.get(key=key, scope="")
    assert asked(ThresholdForm, row, amount=typed) is asks


def test_what_is_not_known_to_narrow_widens() -> None:
    assert may_widen("max_trade", 1, 2)
    assert not may_widen("max_trade", 2, 1)
    assert may_widen("min_net_edge", 2, 1)
    assert not may_widen("min_net_edge", 1, 2)
    assert may_widen("anything", 1, 2)
    assert may_widen("anything", 2, 1)


def test_the_engines_mode_asks_on_the_way_up_only() -> None:
    row, _ = EngineSetting.objects.get_or_create(pk=1)
    EngineSetting.objects.update(exec_mode="detect", two_people=True)
    row.refresh_from_db()
    assert asked(EngineForm, row, exec_mode="paper")
    assert asked(EngineForm, row, two_people="")
    EngineSetting.objects.update(exec_mode="paper")
    row.refresh_from_db()
    assert not asked(EngineForm, row, exec_mode="detect")


def test_a_strategys_stage_asks_on_the_way_up_only() -> None:
    row = Feature.objects.create(strategy="maker_taker", rollout="paper")
    assert asked(FeatureForm, row, rollout="on")
    assert not asked(FeatureForm, row, rollout="off")


def test_letting_in_what_was_forbidden_asks() -> None:
    venue, country = Venue.objects.get(slug="kalshi"), "DE"
    row = Jurisdiction.objects.create(venue=venue.slug, country=country, allowed=False, why="law")
    assert asked(JurisdictionForm, row, allowed="on")
    rule = BlockRule.objects.create(kind="category", value="Politics", reason="not ours")
    assert asked(BlockForm, rule, active="")
    assert not asked(BlockForm, rule, value="Elections")
    allowed = SourceAllow.objects.create(name="a", first="b", second="c", active=False)
    assert asked(SourceAllowForm, allowed, active="on")


def test_what_is_done_without_a_person_asks() -> None:
    policy = MatchPolicy.objects.create()
    assert asked(MatchPolicyForm, policy, auto_confirm="on")
    assert not asked(MatchPolicyForm, policy, min_score="0.99")


def test_a_venue_and_a_pair_ask_on_the_way_to_money() -> None:
    venue = Venue.objects.get(slug="kalshi")
    assert asked(VenueForm, venue, mode="live")
    pair = Relation.objects.get(slug=confirmed())
    Relation.objects.update(mode="paper", min_net_edge=20_000)
    pair.refresh_from_db()
    assert asked(PairForm, pair, mode="both")
    assert asked(PairForm, pair, min_net_edge="")
    assert not asked(PairForm, pair, min_net_edge="3")
