"""A venue's own schedule: asked for, kept beside what a person typed, heard by the gate."""

from __future__ import annotations

from datetime import time

import pytest
from django.utils import timezone

from feeds.schedules import TOLD, read_schedules
from feeds.snapshot import load
from feeds.tasks import read_schedules as job
from feeds.venues.kalshi.fake import KalshiFake
from feeds.venues.kalshi.fakeboard import Terms
from markets import services
from markets.models import ConfigRevision, Maintenance
from markets.moments import ns
from markets.terms.units import SECOND
from tests.contract.kalshi_gateway import RAIN, listed_at
from tests.integration.test_doctor import served
from tests.listings import AUTHOR, two_venues

pytestmark = pytest.mark.django_db(transaction=True)
THURSDAYS = f"{TOLD}Thursdays 03:00 to 05:00"


def fake(*, thursdays: bool) -> KalshiFake:
    listed = listed_at(RAIN, ns(timezone.now()) // SECOND)
    return KalshiFake((listed,), terms=Terms(thursdays=thursdays))


def typed() -> None:
    services.set_maintenance(
        "kalshi", "by hand", AUTHOR, "typed", weekday=0, begins=time(1), ends=time(2), active=True
    )


def test_what_the_venue_tells_reaches_the_snapshot_and_ends_when_it_is_told_no_more() -> None:
    two_venues()
    typed()
    with served(fake(thursdays=True)):
        assert read_schedules() == {"kalshi": 1}
        before = ConfigRevision.objects.count()
        assert job() == {"kalshi": 1}
        assert ConfigRevision.objects.count() == before
    (kalshi,) = [venue for venue in load().venues if venue.id == "kalshi"]
    assert {window.reason for window in kalshi.maintenance} == {THURSDAYS, "by hand"}

    with served(fake(thursdays=False)):
        assert read_schedules() == {"kalshi": 0}
    assert not Maintenance.objects.get(what=THURSDAYS).active
    assert Maintenance.objects.get(what="by hand").active


def test_a_venue_that_is_away_changes_nothing() -> None:
    two_venues()
    with served(fake(thursdays=True)):
        read_schedules()
    assert read_schedules() == {"kalshi": "unread"}
    assert Maintenance.objects.get(what=THURSDAYS).active
