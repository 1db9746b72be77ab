"""Nobody sees anything before logging in; tokens reach as far as their scope."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from arbsite.api import api
from risk import services as limits
from risk.models import Threshold
from tests.listings import AUTHOR
from trading import services
from trading.models import ApiToken

pytestmark = pytest.mark.django_db

PATHS = sorted(
    (f"/api{path}".replace("{deal_id}", "r1-1").replace("{number}", "1"), method)
    for prefix, router in api._routers
    for path, view in router.path_operations.items()
    for operation in view.operations
    for method in operation.methods
)


def test_there_are_paths_to_ask() -> None:
    assert len(PATHS) >= 14


@pytest.mark.parametrize(("path", "method"), PATHS)
@pytest.mark.parametrize("token", ["", "Bearer arb_wrong", "Basic eDp5"])
def test_every_api_path_is_refused_without_a_token(path: str, method: str, token: str) -> None:
    headers = {"Authorization": token} if token else {}
    answer = Client().generic(method, path, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_revoked_token_and_one_of_an_inactive_user_are_refused() -> None:
    user = get_user_model().objects.create_user("alice")
    headers = {"Authorization": f"Bearer {services.make_token('alice')}"}
    assert Client().get("/api/deals", headers=headers).status_code == 200

    ApiToken.objects.update(revoked_at=timezone.now())
    assert Client().get("/api/deals", headers=headers).status_code == 401

    ApiToken.objects.update(revoked_at=None)
    user.is_active = False
    user.save()
    assert Client().get("/api/deals", headers=headers).status_code == 401


@pytest.mark.parametrize("path", ["/api/docs", "/api/openapi.json", "/admin/"])
def test_a_visitor_is_sent_to_the_login_page(path: str) -> None:
    answer = Client().get(path)
    assert answer.status_code == 302
    assert "login" in answer.headers["Location"]


def test_a_wrong_token_beside_a_session_is_refused(client: Client) -> None:
    client.force_login(get_user_model().objects.create_user("alice"))
    answer = client.get("/api/deals", headers={"Authorization": "Bearer arb_wrong"})
    assert answer.status_code == 401


def test_staff_who_may_only_look_cannot_change_a_limit(client: Client) -> None:
    limits.ensure_limits(AUTHOR, "first rows")
    user = get_user_model().objects.create_user("bob", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_threshold"))
    client.force_login(user)
    row = Threshold.objects.get(key="min_net_edge")
    url = reverse("admin:risk_threshold_change", args=(row.pk,))

    assert client.get(url).status_code == 200
    assert client.post(url, {"amount": "0.8", "reason": "try"}).status_code == 403
    row.refresh_from_db()
    assert row.value == 25_000


def test_staff_without_a_permission_do_not_see_the_table(client: Client) -> None:
    client.force_login(get_user_model().objects.create_user("bob", is_staff=True))
    assert client.get(reverse("admin:risk_threshold_changelist")).status_code == 403


def test_staff_who_may_only_look_cannot_confirm_a_pair(client: Client) -> None:
    from tests.listings import candidate, two_venues

    two_venues()
    pair = candidate()
    user = get_user_model().objects.create_user("bob", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_marketpair"))
    client.force_login(user)
    url = reverse("admin:markets_marketpair_confirm", args=(pair.pk,))
    body = {"packages": ["0"], "reason": "alike", "_form_submitted": "True"}
    assert client.post(url, body).status_code == 403
    pair.refresh_from_db()
    assert pair.status == "candidate"
