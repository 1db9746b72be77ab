"""One's own account: roles, second factor, lockout, sessions, tokens."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.utils import timezone
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice

from arbsite import account
from arbsite.roles import give_role
from markets import roles, second_factor
from markets.roles import Role
from trading import services
from trading.models import ApiToken

pytestmark = pytest.mark.django_db
PASSWORD = "a long pass phrase"


def someone(name: str = "alice", role: Role = Role.OPERATOR) -> User:
    user = get_user_model().objects.create_user(name, password=PASSWORD)
    give_role(user, role)
    return user


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def code_of(device: TOTPDevice, steps: int = 0) -> str:
    return f"{totp(device.bin_key, drift=steps):06d}"


def set_up(client: Client, user: User) -> TOTPDevice:
    client.get("/account/second-factor/")
    device = TOTPDevice.objects.get(user=user)
    client.post("/account/second-factor/", {"code": code_of(device)})
    device.refresh_from_db()
    return device


# --- roles ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", list(Role))
def test_a_role_is_the_group_one_is_in(role: Role) -> None:
    user = someone(role=role)
    assert roles.role_of(user) is role
    assert user.is_staff is (role >= Role.OPERATOR)


def test_without_a_group_staff_operate_and_others_look() -> None:
    users = get_user_model().objects
    assert roles.role_of(users.create_user("old", is_staff=True)) is Role.OPERATOR
    assert roles.role_of(users.create_user("new")) is Role.VIEWER
    assert roles.role_of(users.create_superuser("root")) is Role.ADMIN
    assert roles.role_of(users.create_user("gone", is_active=False)) is None


def test_an_operator_sees_the_tables_and_changes_none() -> None:
    user = someone()
    assert user.has_perm("risk.view_threshold")
    assert not user.has_perm("risk.change_threshold")
    assert not user.has_perm("auth.view_user")
    assert someone("chief", Role.ADMIN).has_perm("risk.change_threshold")
    assert not someone("guest", Role.VIEWER).has_perm("risk.view_threshold")


# --- second factor --------------------------------------------------------------------------------


def test_a_second_factor_counts_from_the_first_right_code() -> None:
    user = someone()
    client = signed_in(user)
    page = client.get("/account/second-factor/")
    device = TOTPDevice.objects.get(user=user)
    assert b'viewBox="0 0' in page.content.split(b'class="qr"')[1]
    assert b"style=" not in page.content
    assert not device.confirmed

    wrong = client.post("/account/second-factor/", {"code": "000"})
    assert wrong.status_code == 422
    assert b"This code is wrong" in wrong.content
    TOTPDevice.objects.update(throttling_failure_timestamp=None, throttling_failure_count=0)
    right = client.post("/account/second-factor/", {"code": code_of(device)})
    assert right.status_code == 302
    device.refresh_from_db()
    assert device.confirmed
    again = client.get("/account/second-factor/")
    assert device.key.encode() not in again.content
    assert b'class="qr"' not in again.content


def test_whoever_has_a_second_factor_is_asked_for_it_at_each_sign_in() -> None:
    user = someone()
    device = set_up(signed_in(user), user)
    client = signed_in(user)

    asked = client.get("/deals/?state=open")
    assert asked.status_code == 302
    assert asked.headers["Location"] == "/account/second-factor/?next=%2Fdeals%2F%3Fstate%3Dopen"
    assert client.get("/api/deals").status_code == 403
    assert second_factor.is_owed(client.session, user)

    code = code_of(device, steps=1)
    gone_on = client.post("/account/second-factor/", {"code": code, "next": "/deals/"})
    assert gone_on.headers["Location"] == "/deals/"
    assert client.get("/deals/").status_code == 200
    assert client.get("/api/deals").status_code == 200
    assert not second_factor.is_owed(client.session, user)


def test_a_code_counts_once() -> None:
    user = someone()
    device = set_up(signed_in(user), user)
    answer = signed_in(user).post("/account/second-factor/", {"code": code_of(device)})
    assert answer.status_code == 422


def test_wrong_codes_make_the_next_try_wait() -> None:
    user = someone()
    device = set_up(signed_in(user), user)
    client = signed_in(user)
    for _ in range(4):
        client.post("/account/second-factor/", {"code": "123456"})
    answer = client.post("/account/second-factor/", {"code": code_of(device, steps=1)})
    assert answer.status_code == 422
    assert b"Too many wrong codes" in answer.content


def test_live_money_asks_for_a_code_in_this_session() -> None:
    user = someone()
    request = RequestFactory().get("/")
    request.user = user
    with pytest.raises(PermissionDenied, match="Live money needs a second factor"):
        roles.require_second_factor(request)

    user.is_verified = lambda: True  # type: ignore[attr-defined]  # as its middleware sets it
    roles.require_second_factor(request)


def test_a_second_factor_is_removed_only_in_a_session_that_gave_its_code() -> None:
    user = someone()
    client = signed_in(user)
    set_up(client, user)
    other = signed_in(user)
    other.post("/account/second-factor/remove/")
    assert TOTPDevice.objects.filter(user=user).exists()

    client.post("/account/second-factor/remove/")
    assert not TOTPDevice.objects.filter(user=user).exists()


# --- signing in -----------------------------------------------------------------------------------


def sign_in(client: Client, password: str, name: str = "alice") -> Any:
    return client.post("/accounts/login/", {"username": name, "password": password})


def test_five_wrong_passwords_lock_a_name_at_one_address_only(settings: Any) -> None:
    settings.AXES_ENABLED = True
    someone()
    client = Client()
    answers = [sign_in(client, "wrong").status_code for _ in range(5)]
    assert answers == [200, 200, 200, 200, 429]

    locked = sign_in(client, PASSWORD)
    assert locked.status_code == 429
    assert b"Wait 15 minutes" in locked.content
    assert b"manage.py axes_reset_username" in locked.content
    assert locked.headers["Retry-After"] == "900"
    elsewhere = Client(REMOTE_ADDR="192.0.2.7")
    assert sign_in(elsewhere, PASSWORD).status_code == 302


def test_every_sign_in_and_every_failure_is_on_record(settings: Any) -> None:
    settings.AXES_ENABLED = True
    user = someone("chief", Role.ADMIN)
    client = Client()
    sign_in(client, "wrong", "chief")
    sign_in(client, PASSWORD, "chief")
    assert b"127.0.0.1" in client.get("/account/").content
    listed = signed_in(user).get("/admin/axes/accessfailurelog/")
    assert b"chief" in listed.content
    assert b"wrong" not in listed.content


def test_the_address_behind_a_proxy_is_the_one_it_saw_itself(settings: Any) -> None:
    request: HttpRequest = RequestFactory().get(
        "/", headers={"X-Forwarded-For": "6.6.6.6, 192.0.2.7"}, REMOTE_ADDR="10.0.0.1"
    )
    settings.IS_LOCAL = True
    assert account.address(request) == "10.0.0.1"
    settings.IS_LOCAL = False
    assert account.address(request) == "192.0.2.7"


def test_a_session_ends_after_its_longest_time_however_busy(settings: Any) -> None:
    client = signed_in(someone())
    assert client.get("/deals/").status_code == 200
    session = client.session
    session["began"] -= settings.SESSION_LONGEST_SECONDS + 1
    session["seen"] -= 61
    session.save()
    assert client.get("/deals/").status_code == 302


@pytest.mark.parametrize(
    ("word", "setting"), [("began", "ADMIN_LONGEST_SECONDS"), ("seen", "ADMIN_IDLE_SECONDS")]
)
def test_an_admins_session_is_shorter(settings: Any, word: str, setting: str) -> None:
    seconds = getattr(settings, setting) + 1
    assert seconds < settings.SESSION_COOKIE_AGE or word == "began"
    for name, role, status in (("boss", Role.ADMIN, 302), ("bob", Role.OPERATOR, 200)):
        client = signed_in(someone(name, role))
        client.get("/deals/")
        session = client.session
        session["seen"] -= 61
        session[word] = session["seen"] - seconds
        session.save()
        assert client.get("/deals/").status_code == status


def test_a_session_that_is_used_lives_on() -> None:
    client = signed_in(someone())
    client.get("/deals/")
    session = client.session
    session["seen"] -= 61
    session.save()
    before = session["seen"]
    client.get("/deals/")
    assert client.session["seen"] > before


# --- tokens ---------------------------------------------------------------------------------------


def test_a_token_is_shown_once_and_kept_as_a_hash() -> None:
    client = signed_in(someone())
    body = {"name": "my script", "scope": "trade", "days": "30"}
    made = client.post("/account/tokens/", body)
    row = ApiToken.objects.get()
    token = made.context["made"]

    assert made.status_code == 201
    assert (row.scope, row.hash) == ("trade", services.hash_of(token))
    assert token.encode() in made.content
    assert token.encode() not in client.get("/account/").content
    assert row.expires_at is not None
    assert timedelta(days=29) < row.expires_at - timezone.now() < timedelta(days=31)

    client.post(f"/account/tokens/{row.pk}/revoke/")
    assert services.bearer(token) is None


def test_a_token_beyond_ones_role_is_refused_with_a_sentence() -> None:
    client = signed_in(someone(role=Role.VIEWER))
    answer = client.post("/account/tokens/", {"name": "x", "scope": "trade", "days": "30"})
    assert answer.status_code == 422
    assert b"needs the role" in answer.content
    assert not ApiToken.objects.exists()


def test_a_token_reaches_no_further_than_its_users_role_of_today() -> None:
    user = someone("bob", Role.ADMIN)
    token = services.make_token("bob", "admin")
    give_role(user, Role.VIEWER)
    bearer = services.bearer(token)
    assert bearer is not None
    assert bearer.scope == "read"


def test_a_token_that_ended_bears_nothing() -> None:
    someone()
    token = services.make_token("alice", "read", days=1)
    assert services.bearer(token) is not None
    ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert services.bearer(token) is None


def test_nobody_revokes_anothers_token() -> None:
    someone()
    services.make_token("alice")
    bob = signed_in(someone("bob"))
    bob.post(f"/account/tokens/{ApiToken.objects.get().pk}/revoke/")
    assert ApiToken.objects.get().revoked_at is None
