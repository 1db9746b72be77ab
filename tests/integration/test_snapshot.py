"""The snapshot: what it carries, how few selects it takes, that it is one moment."""

from __future__ import annotations

from datetime import time

import msgspec
import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from feeds import snapshot
from feeds.services import KALSHI_CLOSED, seed
from markets import services
from markets.models import Relation
from markets.relation_models import Way
from markets.terms import friction
from markets.terms.ids import VenueId
from markets.terms.units import SECOND, Ns, Px, Usd
from risk import services as limits
from tests.listings import AUTHOR, candidate, confirmed
from trading.engine.config import Mode, Snapshot
from trading.engine.strategies import Strategy

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_carries_confirmed_pairs_with_their_markets_venues_and_limits() -> None:
    slug = confirmed()
    limits.set_limits({"min_net_edge": 8_000}, AUTHOR, "lower")
    limits.set_engine("paper", AUTHOR, "arm paper")

    loaded = snapshot.load()

    assert loaded.problems() == []
    assert [r.relation.id for r in loaded.relations] == [slug]
    assert loaded.relations[0].packages == (0, 1)
    assert [m.id for m in loaded.markets] == ["kalshi:RAIN", "polymarket:RAIN"]
    assert [(v.id, v.mode) for v in loaded.venues] == [
        ("kalshi", Mode.PAPER),
        ("polymarket", Mode.PAPER),
    ]
    assert (loaded.limits.min_net_edge, loaded.exec_mode) == (8_000, Mode.PAPER)
    assert (loaded.author, loaded.reason) == (AUTHOR, "arm paper")


def test_a_pairs_way_of_execution_goes_with_it_and_is_the_engines_word() -> None:
    slug = confirmed()
    assert snapshot.load().relations[0].strategy is None
    assert [way.value for way in Way] == [strategy.value for strategy in Strategy]
    before = snapshot.load().revision

    services.set_pair(slug, AUTHOR, "slow venue", strategy="leader_first")

    loaded = snapshot.load()
    assert loaded.relations[0].strategy is Strategy.LEADER_FIRST
    assert (loaded.revision, loaded.reason) == (before + 1, "slow venue")
    with pytest.raises(ValidationError, match="'quickly' is no way of execution; take one of"):
        services.set_pair(slug, AUTHOR, "typo", strategy="quickly")
    services.set_pair(slug, AUTHOR, "as usual", strategy="")
    assert snapshot.load().relations[0].strategy is None


def test_before_any_change_it_is_empty_and_only_looks() -> None:
    assert snapshot.load() == Snapshot(
        revision=0, at=Ns(0), friction_rev=friction.revision((), Px(500)), features=()
    )


def test_active_friction_packs_count_at_their_venues_and_name_the_whole() -> None:
    confirmed()
    before = snapshot.load()
    chain = {"venue_id": "polymarket", "gas": 20_000, "bridge": 300}
    services.set_friction("chain", AUTHOR, "gas went up", **chain)
    services.set_friction("idle", AUTHOR, "not used", fx=9_000, active=False)

    loaded = snapshot.load()

    assert [v.friction for v in loaded.venues] == [
        friction.VenueFriction(),
        friction.VenueFriction(Px(300), Usd(20_000)),
    ]
    assert loaded.revision == before.revision + 2
    assert loaded.friction_rev not in ("", before.friction_rev)
    packs = (friction.FrictionPack("chain", VenueId("polymarket"), 1, Usd(20_000), Px(300)),)
    assert loaded.friction_rev == friction.revision(packs, Px(loaded.limits.friction))


def test_candidates_and_blocked_pairs_stay_out() -> None:
    slug = confirmed()
    candidate("SNOW")
    assert [r.relation.id for r in snapshot.load().relations] == [slug]

    services.block_pair(slug, AUTHOR, "odd")
    assert snapshot.load().relations == ()


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("venue", "kalshi"),
        ("market", "polymarket:RAIN"),
        ("category", "WEATHER"),
        ("text", "oslo"),
    ],
)
def test_a_block_rule_keeps_a_confirmed_pair_out(kind: str, value: str) -> None:
    confirmed()
    services.add_block_rule(kind, value, AUTHOR, "not this")
    assert snapshot.load().relations == ()


def test_a_rule_for_the_pair_itself_keeps_it_out() -> None:
    slug = confirmed()
    services.add_block_rule("pair", slug, AUTHOR, "not this")
    assert snapshot.load().relations == ()


def test_a_disabled_venue_takes_its_pairs_along() -> None:
    confirmed()
    services.set_venue("polymarket", AUTHOR, "away", enabled=False)

    loaded = snapshot.load()

    assert [v.id for v in loaded.venues] == ["kalshi"]
    assert (loaded.relations, loaded.markets) == ((), ())
    assert loaded.problems() == []


def test_the_number_of_selects_does_not_grow_with_the_pairs() -> None:
    confirmed("P0")
    with CaptureQueriesContext(connection) as few:
        snapshot.load()
    for number in range(1, 6):
        confirmed(f"P{number}")
    with CaptureQueriesContext(connection) as many:
        loaded = snapshot.load()

    assert Relation.objects.count() == len(loaded.relations) == 6
    assert len(many) == len(few) <= 16


def test_it_runs_in_one_read_only_repeatable_read_transaction() -> None:
    confirmed()
    with CaptureQueriesContext(connection) as queries:
        snapshot.load()
    assert "REPEATABLE READ, READ ONLY" in queries[1]["sql"]
    assert queries[0]["sql"] == "BEGIN"


def test_the_encoded_form_is_the_same_value() -> None:
    confirmed()
    revision, body = snapshot.encoded_snapshot()
    loaded = snapshot.load()

    assert msgspec.msgpack.decode(body, type=Snapshot) == loaded
    assert revision == loaded.revision > 0


def test_announced_maintenance_stands_in_the_snapshot_for_a_year() -> None:
    seed("test")
    services.set_venue("kalshi", "test", "on", enabled=True)

    (kalshi,) = snapshot.load().venues
    assert len(kalshi.maintenance) in (52, 53)
    first = kalshi.maintenance[0]
    assert first.ends - first.starts == 2 * 3600 * SECOND
    assert first.reason == KALSHI_CLOSED

    services.set_maintenance("kalshi", KALSHI_CLOSED, "test", "they changed", active=False)
    assert snapshot.load().venues[0].maintenance == ()


def test_maintenance_must_be_weekly_or_once_and_in_a_known_place() -> None:
    seed("test")
    with pytest.raises(ValidationError, match="either a weekday"):
        services.set_maintenance("kalshi", "x", "test", "why", weekday=1)
    with pytest.raises(ValidationError, match="no time zone"):
        services.set_maintenance(
            "kalshi", "x", "test", "why", weekday=1, begins=time(1), ends=time(2), timezone="Mars"
        )
