"""Arming: the third yes to money. Who may say it, for how long, and how it is taken back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_otp import DEVICE_ID_SESSION_KEY
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice

from arbsite.roles import give_role
from feeds import arming, selectors, snapshot
from feeds.models import Arming
from markets.models import ConfigRevision
from markets.roles import Role
from tests.listings import AUTHOR, two_venues

pytestmark = pytest.mark.django_db
ADD = "/admin/feeds/arming/add/"


@pytest.fixture
def allowed(settings: Any) -> None:
    settings.LIVE_ALLOWED = True


@pytest.fixture
def operator(client: Client) -> Client:
    user = get_user_model().objects.create_superuser("operator", password="x")
    client.force_login(user)
    device = TOTPDevice.objects.create(user=user, name="authenticator", confirmed=True)
    session = client.session
    session[DEVICE_ID_SESSION_KEY] = device.persistent_id
    session.save()
    return client


def test_nobody_arms_without_a_second_factor_in_this_session(allowed: None, client: Client) -> None:
    user = get_user_model().objects.create_superuser("operator", password="x")
    client.force_login(user)
    body = {"venue": "kalshi", "hours": "1", "reason": "try", "again": "kalshi"}
    for answer in (client.get(ADD), client.post(ADD, body)):
        assert answer.status_code == 403
        assert "Live money needs a second factor" in answer.content.decode()
    assert not Arming.objects.exists()


def hours(count: float) -> Any:
    return timezone.now() + timedelta(hours=count)


def test_where_the_machine_does_not_allow_it_nothing_is_armed() -> None:
    with pytest.raises(ValidationError, match="LIVE=1"):
        arming.arm(AUTHOR, "try", hours(1), ("kalshi",))

    assert not Arming.objects.exists()


@pytest.mark.parametrize("length", [0, -1, 25])
def test_it_is_for_a_while_and_at_most_a_day(allowed: None, length: float) -> None:
    with pytest.raises(ValidationError, match="24 hours"):
        arming.arm(AUTHOR, "try", hours(length), ("kalshi",))


@pytest.mark.parametrize("venues", [(), ("nowhere",), ("kalshi", "nowhere")])
def test_only_venues_there_are_can_be_armed(allowed: None, venues: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError, match="Name the venues"):
        arming.arm(AUTHOR, "try", hours(1), venues)


def test_it_wants_an_author_and_a_reason(allowed: None) -> None:
    with pytest.raises(ValidationError, match="reason"):
        arming.arm(AUTHOR, " ", hours(1), ("kalshi",))
    with pytest.raises(ValidationError, match="author"):
        arming.arm("", "try", hours(1), ("kalshi",))


def test_an_armed_venue_is_armed_in_the_snapshot_until_it_ends(allowed: None) -> None:
    two_venues()
    until = hours(2)
    arming.arm(AUTHOR, "opening week", until, ("kalshi",))

    armed = {str(venue.id): venue.armed_until for venue in snapshot.load().venues}

    assert armed["kalshi"] // 1_000 == int(until.timestamp() * 1_000_000)
    assert armed["polymarket"] == 0
    assert ConfigRevision.objects.latest("pk").reason == "opening week"


def test_the_veto_empties_the_snapshot(allowed: None, settings: Any) -> None:
    two_venues()
    arming.arm(AUTHOR, "opening week", hours(2), ("kalshi",))
    settings.LIVE_ALLOWED = False

    assert {venue.armed_until for venue in snapshot.load().venues} == {0}


def test_a_new_arming_takes_the_place_of_the_one_before(allowed: None) -> None:
    arming.arm(AUTHOR, "long", hours(20), ("kalshi",))
    arming.arm(AUTHOR, "short", hours(1), ("kalshi",))

    assert list(Arming.objects.filter(ended_at=None).values_list("reason", flat=True)) == ["short"]


def test_disarming_ends_what_is_named_or_everything(allowed: None) -> None:
    arming.arm(AUTHOR, "both", hours(2), ("kalshi", "polymarket"))

    arming.disarm(AUTHOR, "enough", ("kalshi",))
    assert list(selectors.armed()) == ["polymarket"]
    arming.disarm(AUTHOR, "enough")
    assert selectors.armed() == {}
    assert arming.disarm(AUTHOR, "enough") is None


def test_what_is_over_is_not_armed(allowed: None) -> None:
    (row,) = arming.arm(AUTHOR, "soon over", hours(1), ("kalshi",))
    Arming.objects.filter(pk=row.pk).update(at=hours(-2), until=hours(-1))

    assert selectors.armed() == {}


def test_the_admin_asks_for_the_venue_again(allowed: None, operator: Client) -> None:
    url = reverse("admin:feeds_arming_add")
    said = {"venue": "kalshi", "hours": "8", "reason": "opening week", "again": "kalsh"}
    assert "Type kalshi to confirm" in operator.post(url, said).content.decode()
    assert not Arming.objects.exists()

    assert operator.post(url, {**said, "again": "kalshi"}).status_code == 302

    row = Arming.objects.get()
    assert row.author == "operator"
    assert timedelta(0) <= timedelta(hours=8) - (row.until - row.at) < timedelta(minutes=1)
    assert operator.get(reverse("admin:feeds_arming_change", args=(row.pk,))).status_code == 200


def test_the_admin_says_why_nothing_can_be_armed(operator: Client) -> None:
    said = {"venue": "kalshi", "hours": "8", "reason": "x", "again": "kalshi"}

    answer = operator.post(reverse("admin:feeds_arming_add"), said)

    assert "set LIVE=1" in answer.content.decode()
    assert not Arming.objects.exists()


def test_the_admin_ends_an_arming(allowed: None, operator: Client) -> None:
    (row,) = arming.arm(AUTHOR, "opening week", hours(2), ("kalshi",))
    url = reverse("admin:feeds_arming_changelist")

    operator.post(url, {"action": "end", "_selected_action": [row.pk]})

    row.refresh_from_db()
    assert (row.ended_by, selectors.armed()) == ("operator", {})
    assert "ended" in operator.get(url).content.decode()


def test_the_command_arms_and_disarms(allowed: None, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("arm", "kalshi", "--for", "90m", "--reason", "evening")
    assert "Armed until" in capsys.readouterr().out
    call_command("arm", "--off", "--reason", "enough")

    with pytest.raises(SystemExit) as left:
        call_command("arm", "--off", "--reason", "enough")
    assert left.value.code == 3
    with pytest.raises(SystemExit) as left:
        call_command("arm", "nowhere", "--reason", "try")
    assert left.value.code == 1


def test_the_command_asks_for_the_code_of_the_account_it_names(
    allowed: None, capsys: pytest.CaptureFixture[str]
) -> None:
    user = get_user_model().objects.create_superuser("chief", password="x")
    device = TOTPDevice.objects.create(user=user, name="authenticator", confirmed=True)

    def refused(*more: str) -> str:
        with pytest.raises(SystemExit) as left:
            call_command("arm", "kalshi", "--reason", "evening", "--as", *more)
        assert left.value.code == 1
        assert not Arming.objects.exists()
        return capsys.readouterr().err

    assert "no account 'nobody'" in refused("nobody")
    assert "give its code with --code" in refused("chief")
    assert "code is wrong" in refused("chief", "--code", "000000")
    TOTPDevice.objects.update(throttling_failure_count=0)  # a wrong code makes one wait
    code = f"{totp(device.bin_key):06d}"
    call_command("arm", "kalshi", "--reason", "evening", "--as", "chief", "--code", code)

    assert Arming.objects.get().author == "chief"


def test_the_command_arms_in_the_name_of_an_admin_only(
    allowed: None, capsys: pytest.CaptureFixture[str]
) -> None:
    robot = get_user_model().objects.create_user("robot", is_staff=True)
    with pytest.raises(SystemExit):
        call_command("arm", "kalshi", "--reason", "evening", "--as", "robot")
    assert "robot is no admin" in capsys.readouterr().err

    give_role(robot, Role.ADMIN)
    call_command("arm", "kalshi", "--reason", "evening", "--as", "robot")
    assert Arming.objects.get().author == "robot"
