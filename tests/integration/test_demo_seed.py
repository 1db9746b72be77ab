"""The demonstration's rows: pairs through the real adapters, an armed paper profile, idempotent."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django_celery_beat.models import PeriodicTask

from feeds import snapshot
from feeds.invented import OVERRIDES, OVERRIDES_REASON
from markets import selectors, services
from markets.models import Market, Relation, Venue
from risk import selectors as risk
from risk import services as limits
from trading.engine.config import LIMITS, Mode

pytestmark = pytest.mark.django_db(transaction=True)


def seed(*words: str) -> dict[str, Any]:
    out = StringIO()
    call_command("seed_demo", "--json", "--pairs", "6", *words, stdout=out)
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def test_it_gives_the_worker_everything_it_needs() -> None:
    made = seed(
        "--kalshi-url", "http://127.0.0.1:7001", "--polymarket-url", "http://127.0.0.1:7002"
    )

    loaded = snapshot.load()

    assert loaded.problems() == []
    assert loaded.exec_mode is Mode.PAPER
    assert len(loaded.relations) == made["confirmed"] > 0
    assert all(r.packages == (0, 1) for r in loaded.relations)
    assert {v.id: v.mode for v in loaded.venues} == {
        "kalshi": Mode.PAPER,
        "polymarket": Mode.PAPER,
    }
    kalshi, polymarket = loaded.venues
    assert kalshi.hosts["rest"] == "http://127.0.0.1:7001/trade-api/v2"
    assert kalshi.ws == ("ws://127.0.0.1:7001/trade-api/ws/v2",)
    assert polymarket.hosts["gamma"] == "http://127.0.0.1:7002/gamma"
    assert polymarket.hosts["clob"] == "http://127.0.0.1:7002/clob"


def test_limits_are_as_shipped_except_what_the_reason_names() -> None:
    seed()
    changed = {row.spec.key for row in risk.limit_rows() if not row.is_default}
    assert changed == set(OVERRIDES)
    assert len(risk.values()) == len(LIMITS)
    assert any(r.reason == OVERRIDES_REASON for r in selectors.revisions(200))


def test_a_second_run_changes_nothing() -> None:
    seed()
    before = selectors.last_revision_number(), Market.objects.count(), Relation.objects.count()

    again = seed()

    assert (again["proposed"], again["confirmed"], again["retired"]) == (0, 0, 0)
    assert (
        selectors.last_revision_number(),
        Market.objects.count(),
        Relation.objects.count(),
    ) == before


def test_what_a_person_changed_stays_changed() -> None:
    seed()
    slug = Relation.objects.filter(status="confirmed").values_list("slug", flat=True)[0]
    services.block_pair(slug, "alice", "odd")
    services.set_venue("kalshi", "alice", "away", enabled=False)
    limits.set_limits({"min_net_edge": 20_000}, "alice", "calm")
    limits.set_engine("detect", "alice", "only look")

    seed()

    assert Relation.objects.get(slug=slug).status == "blocked"
    assert not Venue.objects.get(slug="kalshi").enabled
    assert risk.limits().min_net_edge == 20_000
    assert risk.engine().exec_mode is Mode.DETECT


def test_pairs_of_an_earlier_world_are_switched_off() -> None:
    first = seed()
    second = seed("--seed", "99")
    assert second["retired"] == first["confirmed"] > 0
    active = set(selectors.active_slugs(confirmed_by="demo"))
    assert {r.relation.id for r in snapshot.load().relations} == active


def test_the_catalogue_job_is_in_the_table_that_people_edit() -> None:
    seed()
    PeriodicTask.objects.filter(name="Catalogue of kalshi").update(enabled=False)
    seed()
    jobs = PeriodicTask.objects.filter(task="feeds.sync_catalogue").order_by("name")
    assert [(j.name, j.enabled, j.interval.every) for j in jobs if j.interval] == [
        ("Catalogue of kalshi", False, 10),
        ("Catalogue of polymarket", True, 10),
    ]
