"""The admin: every page opens, every change asks for a reason and becomes a revision."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from feeds import services as feeds
from markets import selectors
from markets.models import BlockRule, ConfigRevision, MarketPair, Relation, Venue
from risk import selectors as risk
from risk import services as limits
from risk.models import Threshold
from tests.listings import AUTHOR, candidate, confirmed, two_venues
from tests.records import a_deal
from trading.models import ApiToken

pytestmark = pytest.mark.django_db

OURS = [
    m for m in admin.site._registry if m._meta.app_label in ("markets", "risk", "trading", "feeds")
]


@pytest.fixture
def operator(client: Client) -> Client:
    user = get_user_model().objects.create_superuser("operator", password="x")
    client.force_login(user)
    return client


def change_url(row: Any) -> str:
    meta = row._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=(row.pk,))


def errors_of(answer: Any) -> str:
    return str(answer.context["adminform"].form.errors)


@pytest.mark.parametrize("model", OURS, ids=lambda m: m._meta.label)
def test_every_list_and_every_form_opens(operator: Client, model: Any) -> None:
    confirmed()
    limits.set_engine("paper", AUTHOR, "arm paper")
    a_deal()

    assert operator.get(reverse("admin:index")).status_code == 200
    meta = model._meta
    listed = operator.get(reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist"))
    assert listed.status_code == 200
    for row in model.objects.all()[:1]:
        assert operator.get(change_url(row)).status_code == 200


def test_a_limit_is_typed_in_cents_and_saved_with_its_reason(operator: Client) -> None:
    feeds.seed()
    row = Threshold.objects.get(key="min_net_edge")

    shown = operator.get(change_url(row)).content.decode()
    assert 'value="2.5"' in shown
    assert "From 0 ¢ to 100 ¢; shipped: 2.5 ¢" in shown

    said = {"amount": "0.8", "reason": "Quiet day"}
    assert "min_net_edge 2.5 ¢ → 0.8 ¢" in operator.post(change_url(row), said).content.decode()
    assert risk.limits().min_net_edge == 25_000
    answer = operator.post(change_url(row), {**said, "confirmed": "on"})

    assert answer.status_code == 302
    assert risk.limits().min_net_edge == 8_000
    last = ConfigRevision.objects.first()
    assert last is not None
    assert (last.author, last.reason) == ("operator", "Quiet day")
    assert last.changes[0]["after"] == 8_000


@pytest.mark.parametrize(
    ("key", "amount", "sentence"),
    [
        ("min_net_edge", "20", "min_net_edge is above max_edge"),
        ("min_net_edge", "101", "min_net_edge may be 0 ¢ to 100 ¢, not 101 ¢"),
        ("min_net_edge", "0.00001", "has more decimals"),
        ("min_net_edge", "1e3", "is not a plain number"),
        ("xv_arb_enabled", "maybe", "neither on nor off"),
        ("max_trade", "4", "min_trade is above max_trade"),
    ],
)
def test_a_limit_that_could_not_run_is_refused_in_a_sentence(
    operator: Client, key: str, amount: str, sentence: str
) -> None:
    feeds.seed()
    row = Threshold.objects.get(key=key)
    before = (row.value, selectors.last_revision_number())

    answer = operator.post(change_url(row), {"amount": amount, "reason": "try"})

    assert answer.status_code == 200
    assert sentence in errors_of(answer)
    row.refresh_from_db()
    assert (row.value, selectors.last_revision_number()) == before


def test_a_limit_without_a_reason_is_refused(operator: Client) -> None:
    feeds.seed()
    row = Threshold.objects.get(key="min_net_edge")
    answer = operator.post(change_url(row), {"amount": "0.8", "reason": " "})
    assert "required" in errors_of(answer)
    assert risk.limits().min_net_edge == 25_000


def test_the_form_says_what_is_saved_and_that_nothing_runs(operator: Client) -> None:
    feeds.seed()
    shown = operator.get(change_url(Threshold.objects.get(key="min_net_edge"))).content.decode()
    assert f"saved <strong>{selectors.last_revision_number()}</strong>" in shown
    assert "no worker has reported yet" in shown


def test_a_venue_is_changed_with_a_revision_and_its_address_is_checked(operator: Client) -> None:
    two_venues()
    venue = Venue.objects.get(slug="kalshi")
    wanted = {
        "name": "Kalshi",
        "short": "KA",
        "mode": "detect",
        "trade_age_ms": 0,
        "paper_latency_ms": 150,
        "paper_cash": "2500.50",
        "payout_lag_ms": 86_400_000,
        "sockets": 1,
        "rest_url": "ftp://x",
        "reason": "move",
    }

    shown = operator.get(change_url(venue)).content.decode()
    assert '<option value="premier">premier</option>' in shown
    assert '<option value="gold">' not in shown
    refused = operator.post(change_url(venue), {**wanted, "rest_url": "", "rate_tier": "gold"})
    assert "kalshi has no rate tier" in str(refused.context["adminform"].form.errors)

    refused = operator.post(change_url(venue), wanted)
    assert "write an address that begins with" in str(refused.context["adminform"].form.errors)

    assert operator.post(change_url(venue), {**wanted, "rest_url": "http://x"}).status_code == 302
    venue.refresh_from_db()
    assert (venue.enabled, venue.paper_cash) == (False, 2_500_500_000)
    last = ConfigRevision.objects.first()
    assert last is not None
    assert {c["field"] for c in last.changes} == {"enabled", "mode", "paper_cash", "rest_url"}


def test_the_pair_form_shows_both_rule_texts_escaped_and_the_payoff_table(
    operator: Client,
) -> None:
    two_venues()
    pair = candidate(rules="Yes if <script>alert(1)</script> it rains")

    shown = operator.get(change_url(MarketPair.objects.get(pk=pair.pk))).content.decode()

    assert shown.count("&lt;script&gt;alert(1)&lt;/script&gt; it rains") == 2
    assert "<script>alert(1)" not in shown
    assert "settled apart (tail, 500 ppm)" in shown


def test_a_pair_is_confirmed_by_the_dialog_with_packages_and_reason(operator: Client) -> None:
    two_venues()
    pair = candidate()
    url = reverse("admin:markets_marketpair_confirm", args=(pair.pk,))

    opened = operator.get(url)
    assert "KA Yes + PM No" in opened.content.decode()
    assert "which outcomes pay together" in opened.content.decode()

    unread = {"packages": ["0", "1"], "_form_submitted": "True", "reason": "the same gauge"}
    assert "required" in operator.post(url, unread).content.decode()
    assert Relation.objects.get(pk=pair.pk).status == "candidate"

    wanted = {"packages": ["0", "1"], "read": ["polarity"], "_form_submitted": "True"}
    without = operator.post(url, {**wanted, "reason": ""})
    assert "required" in without.content.decode()
    assert Relation.objects.get(pk=pair.pk).status == "candidate"

    answer = operator.post(
        url, {**wanted, "reason": "the same gauge"}, headers={"HX-Request": "true"}
    )

    assert answer.headers["HX-Redirect"].endswith(f"/markets/marketpair/{pair.pk}/change/")
    row = Relation.objects.get(pk=pair.pk)
    assert (row.status, row.approved_packages, row.confirmed_by) == (
        "confirmed",
        [0, 1],
        "operator",
    )


def test_a_confirmation_that_is_refused_says_why_on_the_page(operator: Client) -> None:
    two_venues()
    pair = candidate(rules="")
    url = reverse("admin:markets_marketpair_confirm", args=(pair.pk,))

    answer = operator.post(
        url,
        {"packages": ["0"], "reason": "looks alike", "_form_submitted": "True"},
        follow=True,
    )

    assert "the rule text of kalshi:RAIN is missing" in answer.content.decode()
    assert Relation.objects.get(pk=pair.pk).status == "candidate"


def test_a_pair_is_blocked_by_the_dialog(operator: Client) -> None:
    slug = confirmed()
    pair = Relation.objects.get(slug=slug)
    url = reverse("admin:markets_marketpair_block", args=(pair.pk,))
    operator.post(url, {"reason": "odd", "_form_submitted": "True"})
    pair.refresh_from_db()
    assert (pair.status, pair.status_reason) == ("blocked", "odd")


def test_a_pairs_own_edge_is_typed_in_cents_and_its_way_of_execution_chosen(
    operator: Client,
) -> None:
    pair = MarketPair.objects.get(slug=confirmed())
    fields = {
        "mode": "both",
        "strategy": "maker_hedge",
        "active": "on",
        "reason": "thin",
        "confirmed": "on",
    }
    formset = {
        f"{prefix}-{name}": "0"
        for prefix in ("claims", "decisions")
        for name in ("TOTAL_FORMS", "INITIAL_FORMS")
    }

    answer = operator.post(change_url(pair), {**fields, **formset, "min_net_edge": "1.25"})

    assert answer.status_code == 302
    pair.refresh_from_db()
    assert (pair.min_net_edge, pair.strategy) == (12_500, "maker_hedge")
    revision = ConfigRevision.objects.get(pk=selectors.last_revision_number())
    assert revision.reason == "thin"
    shown = operator.get(change_url(pair)).content.decode()
    assert "an order rests where it still keeps the least edge" in shown


def test_a_block_rule_keeps_its_reason(operator: Client) -> None:
    url = reverse("admin:markets_blockrule_add")
    operator.post(
        url, {"kind": "category", "value": "Politics", "active": "on", "reason": "not ours"}
    )
    rule = BlockRule.objects.get()
    assert (rule.reason, selectors.last_revision_number()) == (
        "not ours",
        ConfigRevision.objects.get().pk,
    )


def test_live_is_refused_in_the_form_where_the_machine_does_not_allow_it(
    operator: Client,
) -> None:
    limits.set_engine("paper", AUTHOR, "arm paper")
    url = reverse("admin:risk_enginesetting_change", args=(1,))
    answer = operator.post(url, {"exec_mode": "live", "reason": "try"})
    assert "Live trading is not allowed on this machine" in errors_of(answer)
    assert risk.engine().exec_mode == "paper"


def test_a_new_token_is_shown_once_and_kept_as_a_hash(operator: Client) -> None:
    user = get_user_model().objects.get(username="operator")
    answer = operator.post(
        reverse("admin:trading_apitoken_add"),
        {"user": user.pk, "name": "script", "scope": "read"},
        follow=True,
    )
    shown = answer.content.decode()
    assert "arb_" in shown
    row = ApiToken.objects.get()
    assert row.hash not in shown
    assert len(row.hash) == 64


def test_records_cannot_be_added_changed_or_deleted(operator: Client) -> None:
    a_deal()
    assert operator.get(reverse("admin:trading_deal_add")).status_code == 403
    from trading.models import Deal

    deal = Deal.objects.get()
    assert operator.post(change_url(deal), {"state": "closed"}).status_code == 403
    delete = reverse("admin:trading_deal_delete", args=(deal.pk,))
    assert operator.post(delete, {"post": "yes"}).status_code == 403


def test_a_periodic_job_is_listed_with_the_tasks_there_are_and_can_be_slowed_down(
    operator: Client,
) -> None:
    feeds.seed()
    job = PeriodicTask.objects.get(name="Catalogue of kalshi")
    url = change_url(job)
    shown = operator.get(url).content.decode()
    assert '<option value="feeds.sync_catalogue">' in shown

    slower = IntervalSchedule.objects.create(every=7, period=IntervalSchedule.HOURS)
    form = operator.get(url).context["adminform"].form
    wanted = {n: v for n, v in form.initial.items() if v not in (None, False)}
    wanted |= {"enabled": "on", "interval": slower.pk}
    answer = operator.post(url, wanted)

    assert answer.status_code == 302
    job.refresh_from_db()
    assert job.interval == slower


@pytest.mark.parametrize("name", ["auth_user", "auth_group", "django_celery_beat_periodictask"])
def test_the_tables_of_libraries_open_too(operator: Client, name: str) -> None:
    feeds.seed()
    assert operator.get(reverse(f"admin:{name}_changelist")).status_code == 200
    assert operator.get(reverse(f"admin:{name}_add")).status_code == 200
