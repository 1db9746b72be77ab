"""The positions page: holdings by world beside their caps, each book for itself."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from markets.models import Relation
from risk import changesets
from risk.wanted import Wanted
from tests import listings, records
from trading.engine.limits import Scope
from trading.models import Fill, Position

pytestmark = pytest.mark.django_db


@pytest.fixture
def viewer(client: Client) -> Client:
    client.force_login(get_user_model().objects.create_user("viewer", password="x"))
    return client


def text(client: Client, query: str = "") -> str:
    """The page as a person reads it."""
    body = client.get(f"/positions/{query}").content.decode()
    main = body[body.index("<main") : body.index("</main>")]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main))


def test_nothing_held_says_what_would_stand_here(viewer: Client) -> None:
    assert "No positions" in text(viewer)


def test_a_balanced_pair_is_one_row_with_its_result_in_every_world(viewer: Client) -> None:
    listings.confirmed()
    records.a_deal()
    page = text(viewer)
    # 10 Yes and 10 No at 47.5¢ with 6¢ of fees pay $10, and nothing where they settle apart.
    assert "yes +$0.44 no +$0.44" in page
    assert "settled apart 0.05% −$9.56" in page
    assert page.count("Rain in Oslo") == 1
    assert "Net exposure $0.00" in page
    assert "Kalshi $4.75 of" in page
    assert "Weather $9.56 of" in page


def test_a_leg_too_many_is_a_net_exposure_and_a_provisional_fill_is_said(viewer: Client) -> None:
    listings.confirmed()
    records.a_deal()
    Position.objects.filter(market_id="kalshi:RAIN").update(qty_yes=15_000_000, cost_yes=7_125_000)
    Fill.objects.filter(market_id="polymarket:RAIN").update(finality="matched")
    page = text(viewer)
    assert "Net exposure $5.00" in page
    assert "Fills of $4.75 are provisional" in page


def test_a_suspended_pair_still_speaks_of_what_is_held_and_a_blocked_one_does_not(
    viewer: Client,
) -> None:
    slug = listings.confirmed()
    records.a_deal()
    Relation.objects.filter(slug=slug).update(status="suspended")
    assert "settled apart" in text(viewer)
    Relation.objects.filter(slug=slug).update(status="blocked")
    page = text(viewer)
    assert "settled apart" not in page
    assert page.count("no relation") == 2


def test_live_comes_before_paper_and_each_is_asked_for_by_name(viewer: Client) -> None:
    listings.confirmed()
    records.a_deal()
    now = datetime(2026, 11, 20, tzinfo=UTC)
    Position.objects.create(
        market_id="kalshi:RAIN", book="live", qty_yes=2_000_000, cost_yes=900_000, changed_at=now
    )
    assert "At work $0.90" in text(viewer)
    assert "At work $9.56" in text(viewer, "?book=paper")
    assert "At work $0.90" in text(viewer, "?book=neither")


def test_a_cap_of_one_venue_stands_beside_its_own_money(viewer: Client) -> None:
    listings.confirmed()
    records.a_deal()
    wanted = Wanted("venue_capital", 5_000_000, scope=Scope.VENUE, target="kalshi")
    changesets.apply([wanted], "alice", "a small venue", None)
    body = viewer.get("/positions/").content.decode()
    assert "of $5.00" in text(viewer)
    assert 'class="sbar warn"' in body


def test_the_api_tells_the_same(viewer: Client) -> None:
    slug = listings.confirmed()
    records.a_deal()
    (item,) = viewer.get("/api/holdings?book=paper").json()["items"]
    assert (item["relation"], item["cost"], item["worst"]) == (slug, "9.56", "0.44")
    assert item["open"] == "0.00"
    assert [leg["px"] for leg in item["legs"]] == ["0.475", "0.475"]
    assert [(w["name"], w["result"]) for w in item["worlds"]][2] == ("settled apart", "-9.56")
