"""Every page of every role, rendered with rows on it: its policy, and nothing inline in it."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import get_resolver, reverse
from django.utils import timezone

from arbsite import local
from arbsite.csp import HEADER, is_admin
from arbsite.roles import give_role
from markets.relation_models import TeachCase
from markets.roles import Role
from tests.listings import candidate, confirmed
from tests.records import a_deal
from tests.web import live_site
from tests.web.test_matrix import PAGES, places
from trading import services
from trading.models import WorkerStats

pytestmark = pytest.mark.django_db


class Inline(HTMLParser):
    """What of a page would need a looser policy."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect it."""
        told = dict(attrs)
        if tag == "style" or (
            tag == "script" and "src" not in told and told.get("type") != "application/json"
        ):
            self.found.append(f"<{tag}>")
        self.found += [
            f"{tag} {name}={value}"
            for name, value in attrs
            if name == "style"
            or name.startswith("on")
            or (value or "").strip().lower().startswith("javascript:")
        ]
        source = told.get("src") if tag == "script" else told.get("href") if tag == "link" else None
        if source and "//" in source:
            self.found.append(f"from elsewhere: {source}")


def faults(client: Client, path: str) -> list[str]:
    """What is wrong with a page; of what is no page, nothing."""
    answer: Any = client.get(path)
    policy = answer.headers.get(HEADER, "")
    found = [] if "'unsafe-inline'" not in policy and "script-src 'self'" in policy else [policy]
    if "unsafe-eval" in policy and not is_admin(path):
        found.append(policy)
    if answer.headers.get("Content-Type", "").startswith("text/html") and not answer.streaming:
        reader = Inline()
        reader.feed(answer.content.decode())
        found += reader.found
    if answer.status_code >= 500:
        found.append(str(answer.status_code))
    return [f"{path}: {what}" for what in found]


@pytest.fixture
def rows(servers: local.Servers) -> None:
    live_site.clear()
    confirmed()
    candidate()
    a_deal()
    services.ask("halt", "", "alice", "odd")


def signed_in(role: Role) -> Client:
    client, user = Client(), get_user_model().objects.create_user(role.word, password="x")
    give_role(user, role)
    client.force_login(user)
    return client


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize("role", [None, *Role])
def test_no_page_holds_anything_inline(role: Role | None) -> None:
    client = Client() if role is None else signed_in(role)
    deal = {"deal": "r1-1", "naked": "r1-1", "pair": "rain", "exposed-pair": "rain"}
    wrong: list[str] = []
    for name, path in places(get_resolver().url_patterns):
        if name not in PAGES or name in ("stream", "logout"):
            continue
        told = path.replace("kalshi", deal[name]) if name in deal else path
        wrong += faults(client, told)
    assert not wrong, "\n".join(wrong)


@pytest.fixture
def changed(rows: None) -> None:
    """A row with JSON in tables that are only shown."""
    WorkerStats.objects.create(
        name="main", at=timezone.now(), gates={"min_edge": 1}, seq_from=0, seq_to=1
    )
    TeachCase.objects.create(record={"id": "<b>"}, author="alice", name="a", at=timezone.now())


@pytest.mark.usefixtures("changed")
@pytest.mark.parametrize("step", ["changelist", "form"])
def test_no_page_of_the_admin_holds_anything_inline(step: str, settings: Any) -> None:
    client = signed_in(Role.ADMIN)
    wrong = faults(client, "/admin/")
    # The sidebar is the same on every page; drawn once is enough.
    settings.UNFOLD = {**settings.UNFOLD, "SIDEBAR": {}, "COMMAND": {}}
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        row = model._default_manager.first()
        if step == "changelist":
            wrong += faults(client, reverse(f"{name}_changelist"))
        elif row is not None:
            wrong += faults(client, reverse(f"{name}_change", args=(row.pk,)))
        else:
            wrong += faults(client, reverse(f"{name}_add"))
    assert not wrong, "\n".join(wrong)
