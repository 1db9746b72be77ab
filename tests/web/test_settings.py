"""Settings, stops and audit: preview, apply, revert; stale, wrong and forbidden forms."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import timedelta
from html import escape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils import timezone
from msgspec.structs import replace

from feeds import arming
from feeds import services as feeds
from markets import selectors
from markets.models import Venue
from markets.terms.units import Ns
from risk import changesets, own_views, services
from risk import selectors as risk
from risk.wanted import Wanted
from tests.web.live_site import clear, store
from trading.engine.limits import SPECS, Scope
from trading.engine.pictures import AlertPicture, BreakerPicture
from trading.live import now_ns
from trading.models import BreakerTrip, Command
from trading.showcase import engine as engine_picture

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(client: Client) -> Client:
    feeds.seed()
    client.force_login(User.objects.create_superuser("alice", password="x"))
    return client


def text(response: Any) -> str:
    found: str = response.content.decode()
    return found


def sent(page: Client, action: str, reason: str = "", **typed: str) -> Any:
    base = selectors.last_revision_number()
    fields = {f"limit-{key}": value for key, value in typed.items()}
    wanted = {"base": str(base), "action": action, "reason": reason, **fields}
    return page.post("/settings/", wanted)


def test_every_limit_stands_on_the_page_with_its_unit_and_bounds(page: Client) -> None:
    shown = text(page.get("/settings/?profile=S1"))
    assert shown.count('name="limit-') == len(risk.limit_rows())
    assert 'name="limit-min_net_edge" value="2.5"' in shown
    assert "0 to 100 ¢" in shown
    assert "<b>1 ¢</b>" in shown
    assert "as shipped" in shown
    assert shown.count("which is not connected.") == sum("ps3838" in key for key in SPECS)


def test_the_stops_page_and_the_api_tell_when_a_breaker_stopped_and_who_released_it(
    page: Client,
) -> None:
    assert "No breaker has stopped anything yet." in text(page.get("/settings/stops/"))
    common = {"book": "paper", "state": "tripped", "limit": 5, "actual": 6, "unit": "count"}
    at = "2026-11-20T12:00Z"
    BreakerTrip.objects.create(
        breaker="losses", seq=1, at=at, reason="6 deals in a row lost.", **common
    )
    BreakerTrip.objects.create(
        breaker="errors", seq=2, at=at, reason="Many.", released_at=at, released_by="bob",
        released_why="Reset by bob: fixed", **common,
    )  # fmt: skip

    shown = text(page.get("/settings/stops/"))
    told = page.get("/api/breakers/trips").json()["items"]

    assert "6 deals in a row lost." in shown
    assert "waits for a person" in shown
    assert "by bob" in shown
    assert [(x["breaker"], x["released_by"], x["limit"]) for x in told] == [
        ("errors", "bob", "5"),
        ("losses", "", "5"),
    ]
    states = page.get("/api/breakers").json()["items"]
    assert {x["state"] for x in states} == {"armed"}


def test_a_preview_shows_what_it_touches_and_saves_nothing(page: Client) -> None:
    shown = text(sent(page, "preview", min_net_edge="3"))
    assert "min net edge 3 ¢, was 2.5 ¢" in shown
    assert "Touches 0 relations." in shown
    assert risk.limits().min_net_edge == 25_000


def test_what_was_previewed_is_applied_with_its_reason_and_taken_back(page: Client) -> None:
    response = sent(page, "apply", "calm", min_net_edge="3", max_trade="70")
    assert response["Location"] == "/settings/"
    assert (risk.limits().min_net_edge, risk.limits().max_trade) == (30_000, 70_000_000)
    number = selectors.last_revision_number()
    shown = text(page.get("/audit/"))
    assert "min_net_edge 2.5 ¢ → 3 ¢" in shown
    assert "“calm”" in shown
    looked = text(page.get(f"/audit/{number}/revert/"))
    assert "min net edge 2.5 ¢, was 3 ¢" in looked
    page.post(f"/audit/{number}/revert/", {"way": "this", "reason": "back"})
    assert (risk.limits().min_net_edge, risk.limits().max_trade) == (25_000, 100_000_000)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"min_net_edge": "lots"}, "is not a plain number"),
        ({"min_net_edge": "101"}, "0 ¢ to 100 ¢, not 101 ¢."),
        ({"min_net_edge": "20"}, "min_net_edge is above max_edge: nothing could ever trade."),
        ({"trade_age_ms": "1.5"}, "more decimals than ms can keep"),
    ],
)
def test_a_wrong_value_is_refused_beside_its_field_and_kept_as_typed(
    page: Client, typed: dict[str, str], sentence: str
) -> None:
    before = selectors.last_revision_number()
    response = sent(page, "apply", "try", max_trade="70", **typed)
    assert response.status_code == 422
    shown = text(response)
    assert sentence in shown
    assert 'name="limit-max_trade" value="70"' in shown
    assert selectors.last_revision_number() == before


def test_a_form_that_became_stale_says_who_changed_what(page: Client) -> None:
    base = selectors.last_revision_number()
    changesets.apply([Wanted("max_trade", 80_000_000)], "bob", "quick")
    response = page.post(
        "/settings/",
        {"base": str(base), "action": "apply", "reason": "mine", "limit-max_trade": "70"},
    )
    assert response.status_code == 422
    assert "bob changed max_trade at" in text(response)
    assert risk.limits().max_trade == 80_000_000


def test_a_reason_is_needed(page: Client) -> None:
    assert "Give a reason" in text(sent(page, "apply", "", max_trade="70"))


def test_a_category_has_only_its_own_limits_and_an_empty_field_takes_the_wider(
    page: Client,
) -> None:
    place = {"scope": "category", "target": "Politics", "base": "999999", "reason": "calm"}
    page.post("/settings/", {**place, "action": "apply", "limit-min_net_edge": "4"})
    (row,) = risk.scoped_rows()
    assert (row.scope, row.target, row.value) == ("category", "Politics", 40_000)
    shown = text(page.get("/settings/?scope=category&target=Politics"))
    assert "limit-max_total_exposure" not in shown
    assert 'name="limit-min_net_edge" value="4"' in shown
    page.post("/settings/", {**place, "action": "apply", "limit-min_net_edge": ""})
    assert risk.scoped_rows() == ()


def test_an_override_ends_by_itself(page: Client) -> None:
    fields = {"key": "min_net_edge", "value": "3", "minutes": "5", "reason": "noisy"}
    page.post("/settings/override/", fields)
    (row,) = risk.scoped_rows()
    assert row.until is not None
    assert "min net edge is overridden: 3 ¢ until" in text(page.get("/settings/"))
    shown = text(page.post("/settings/override/", {**fields, "minutes": "soon"}, follow=True))
    assert "Say for how many minutes: 1 to 10,080." in shown


def test_a_profile_is_taken_over_from_the_page(page: Client) -> None:
    page.post("/settings/profile/", {"profile": "conservative", "reason": "holidays"})
    assert risk.limits().min_net_edge == 40_000


def test_a_proposed_change_is_approved_by_somebody_else(page: Client, settings: Any) -> None:
    settings.LIVE_ALLOWED = True
    services.set_engine("live", "alice", "go", two_people=True)
    sent(page, "apply", "calm", min_net_edge="3")
    assert risk.limits().min_net_edge == 25_000
    (waiting,) = risk.proposed()
    address = f"/settings/changes/{waiting.id}/"
    shown = text(page.post(address, {"action": "approve"}, follow=True))
    assert "somebody else must approve it" in shown
    page.force_login(User.objects.create_superuser("bob", password="x"))
    page.post(address, {"action": "approve"})
    assert risk.limits().min_net_edge == 30_000


def test_a_broken_chain_cannot_be_overlooked(page: Client) -> None:
    sent(page, "apply", "calm", min_net_edge="3")
    assert "chain broken" not in text(page.get("/audit/"))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE markets_configrevision SET author = 'nobody' WHERE reason = 'calm'")
    shown = text(page.get("/audit/"))
    assert "The chain is broken." in shown
    assert re.search(r"Revision \d+ does not fit what stands before it\.", shown)


def test_a_tripped_breaker_is_shown_and_armed_again_with_a_reason(page: Client) -> None:
    trip = BreakerPicture(
        "paper", "daily_loss", "tripped", Ns(now_ns()), None, "Lost $60.00 today."
    )
    store((), replace(engine_picture(now_ns()), breakers=(trip,)))
    shown = text(page.get("/settings/stops/"))
    assert "Lost $60.00 today." in shown
    assert "TRIPPED" in shown
    fields = {"kind": "reset", "target": "paper/daily_loss", "reason": "reviewed"}
    page.post("/settings/stops/", fields)
    asked = Command.objects.get(kind="reset")
    assert (asked.target, asked.author, asked.reason) == ("paper/daily_loss", "alice", "reviewed")
    clear()


def test_a_strategy_is_staged_from_the_page(page: Client) -> None:
    fields = {"kind": "feature", "key": "taker_taker", "rollout": "share", "share": "25"}
    fields |= {"action": "apply", "reason": "slowly"}
    page.post("/settings/strategies/", fields)
    row = next(row for row in risk.feature_rows() if row.strategy == "taker_taker")
    assert (row.rollout, row.share_ppm, row.share) == ("share", 250_000, "25")


@pytest.mark.parametrize("address", ["/settings/", "/settings/strategies/", "/audit/"])
def test_a_viewer_sees_no_button_that_changes_anything(client: Client, address: str) -> None:
    feeds.seed()
    client.force_login(User.objects.create_user("vera", password="x"))
    shown = text(client.get(address))
    assert "Preview the change" not in shown
    assert "Revert…" not in shown
    assert 'class="btn primary"' not in shown
    assert client.post("/settings/", {"limit-max_trade": "7"}).status_code == 403


# --- the other tabs -------------------------------------------------------------------------------


def test_each_venue_says_how_far_it_is_let_and_leads_to_its_limits(
    page: Client, settings: Any
) -> None:
    settings.LIVE_ALLOWED = True
    Venue.objects.filter(slug="kalshi").update(enabled=True, mode="paper")
    arming.arm("alice", "evening", timezone.now() + timedelta(hours=2, minutes=1), ("kalshi",))
    key = next(key for key, spec in SPECS.items() if Scope.VENUE in spec.scopes)
    item = Wanted(key, SPECS[key].low, "venue", "kalshi")
    changesets.apply([item], "alice", "careful")

    shown = text(page.get("/settings/venues/"))

    assert "armed, 2h 00m more" in shown
    assert "Limits of Kalshi (1 of its own)" in shown
    assert 'href="/settings/?scope=venue&amp;target=kalshi"' in shown
    assert "$10,000" in shown


def test_every_alert_that_stands_has_its_sort_on_the_page(page: Client) -> None:
    now = Ns(now_ns())
    told = AlertPicture("naked", True, "Naked leg: Bills & Chiefs", now, "/deals/")
    picture = replace(engine_picture(now), alerts=(told,))
    store((), picture)
    shown = text(page.get("/settings/alerts/"))
    clear()
    kinds = {known.kind for known in own_views.ALERTS}
    assert told.kind in kinds
    assert shown.count(escape(told.text)) == 2, "in the bar and in its row"


def test_the_audit_is_taken_along_as_a_file_of_its_filter(page: Client) -> None:
    changesets.apply([Wanted("min_net_edge", 30_000)], "alice", "=careful")
    changesets.apply([Wanted("max_trade", 90_000_000)], "bob", "small")

    answer = page.get("/audit.csv?who=alice")

    lines = list(csv.DictReader(io.StringIO(text(answer))))
    assert "audit-" in answer.headers["Content-Disposition"]
    assert {line["author"] for line in lines} == {"alice"}
    assert lines[0]["reason"] == "'=careful", "a spreadsheet must not run it"
    assert json.loads(lines[0]["changes"])[0]["after"] == 30_000
    assert 'href="/audit.csv?who=bob' in text(page.get("/audit/?who=bob"))
