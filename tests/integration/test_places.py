"""Whether orders are taken from here: asked of the venue's site, kept, and heard by the gate."""

from __future__ import annotations

import pytest

from feeds.places import ask_places
from feeds.snapshot import load
from feeds.tasks import ask_places as job
from markets import services
from markets.models import ConfigRevision
from risk.models import GeoCheck
from tests.contract.polymarket_desk import Desk
from tests.integration.test_doctor import served
from tests.listings import AUTHOR, two_venues
from trading.engine.config import Snapshot

pytestmark = pytest.mark.django_db(transaction=True)


def geoblock(snapshot: Snapshot) -> str:
    (found,) = [venue.geoblock for venue in snapshot.venues if venue.id == "polymarket"]
    return found


def test_a_venues_word_about_our_place_reaches_the_snapshot_once_and_is_taken_back() -> None:
    two_venues()
    desk = Desk()
    with served(desk.fake):
        assert ask_places() == {"polymarket": "open"}
        assert geoblock(load()) == ""

        desk.fake.office.outside.place.blocked = True
        desk.fake.office.outside.place.country = "US"
        before = ConfigRevision.objects.count()
        assert [job(), job()] == [{"polymarket": "blocked"}] * 2
        assert geoblock(load()) == "The venue takes no orders from US."
        assert ConfigRevision.objects.count() == before + 1

        desk.fake.office.outside.place.blocked = False
        assert ask_places() == {"polymarket": "open"}
        assert geoblock(load()) == ""


def test_a_site_that_is_away_changes_nothing_that_is_kept() -> None:
    two_venues()
    desk = Desk()
    desk.fake.office.outside.place.blocked = True
    with served(desk.fake):
        ask_places()

    assert ask_places() == {"polymarket": "unread"}
    assert GeoCheck.objects.get().blocked
    assert geoblock(load()) == "The venue takes no orders from PT."


def test_of_a_venue_on_this_machine_the_real_site_is_not_asked() -> None:
    two_venues()
    services.set_venue("polymarket", AUTHOR, "a fake", rest_url="http://127.0.0.1:9/clob")

    assert ask_places() == {"polymarket": "unread"}
    assert not GeoCheck.objects.exists()
