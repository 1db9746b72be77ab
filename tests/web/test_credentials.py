"""Stored credentials: sealed in the row, rotated, and never on a page."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from feeds import keyring
from feeds.credentials import BadCredentials, adapter_of, load
from feeds.keyring import POLY_API
from feeds.models import Credential
from feeds.venues.polymarket.adapter import PolymarketAdapter
from markets.models import ConfigRevision

pytestmark = pytest.mark.django_db

OLD, NEW = "11" * 32, "22" * 32
KEY = "7" * 64
WALLET = "0x" + "33" * 20
GIVEN = {"POLY_PRIVATE_KEY": KEY, "POLY_FUNDER": WALLET}


@pytest.fixture(autouse=True)
def master(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.MASTER_KEY, settings.MASTER_KEYS_OLD = OLD, ""
    for names in keyring.FIELDS.values():
        for name in names:
            monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("KALSHI_PRIVATE_KEY_PATH", raising=False)
    monkeypatch.delenv("ARBSITE_AWS_SECRET", raising=False)


@pytest.fixture
def admin() -> Client:
    user = User.objects.create_superuser("alice", password="a-long-password")
    client = Client()
    client.force_login(user)
    return client


def columns(row: Credential) -> str:
    return repr(
        {
            f.name: bytes(v) if isinstance(v := getattr(row, f.name), memoryview) else v
            for f in row._meta.fields
        }
    )


def test_a_stored_credential_is_the_adapters_and_no_column_shows_it() -> None:
    keyring.store("polymarket", GIVEN, "alice", "first")
    adapter = adapter_of("polymarket", load())

    assert isinstance(adapter, PolymarketAdapter)
    assert (
        adapter.trader(lambda order: None, tuple, is_here=True).known.who.wallet.lower() == WALLET
    )
    assert KEY not in columns(Credential.objects.get())
    [revision] = ConfigRevision.objects.all()
    assert KEY not in repr(revision.changes)


def test_storing_again_replaces_the_whole_secret() -> None:
    keyring.store("polymarket", GIVEN, "alice", "first")
    keyring.store("polymarket", {"POLY_PRIVATE_KEY": "8" * 64}, "alice", "second")

    fields = keyring.stored().accounts["polymarket"]
    assert list(fields) == ["POLY_PRIVATE_KEY"]
    assert Credential.objects.count() == 1


@pytest.mark.parametrize(
    ("venue", "fields", "words"),
    [
        ("polymarket", {"POLY_FUNDER": WALLET}, "POLY_PRIVATE_KEY missing"),
        ("polymarket", {**GIVEN, "PASSWORD": "x"}, "PASSWORD unknown"),
        ("nowhere", {}, "not complete"),
    ],
)
def test_what_is_not_complete_is_refused_without_its_values(
    venue: str, fields: dict[str, str], words: str
) -> None:
    with pytest.raises(ValidationError, match=words) as refused:
        keyring.store(venue, fields, "alice", "x")
    assert KEY not in str(refused.value)


def test_a_derived_api_key_is_kept_for_its_owner_alone() -> None:
    keyring.store("polymarket", GIVEN, "alice", "first")
    who = adapter_of("polymarket", load())._who  # type: ignore[attr-defined]  # what a test may see
    assert who.api is None

    keyring.keep_derived("0xsomebody", dict(zip(POLY_API, ("a", "b", "c"), strict=True)))
    assert adapter_of("polymarket", load())._who.api is None  # type: ignore[attr-defined]
    keyring.keep_derived(who.owner, dict(zip(POLY_API, ("a", "b", "c"), strict=True)))
    assert adapter_of("polymarket", load())._who.api.reveal().secret == "b"  # type: ignore[attr-defined]


def test_the_environment_goes_before_the_row(monkeypatch: pytest.MonkeyPatch) -> None:
    keyring.store("polymarket", GIVEN, "alice", "first")
    monkeypatch.setenv("POLY_PRIVATE_KEY", "8" * 64)

    assert adapter_of("polymarket", load())._who.wallet.lower() != WALLET  # type: ignore[attr-defined]


def test_rotation_seals_under_the_new_key_and_the_old_one_may_go(settings: Any) -> None:
    keyring.store("polymarket", GIVEN, "alice", "first")
    before = bytes(Credential.objects.get().body)
    settings.MASTER_KEY, settings.MASTER_KEYS_OLD = NEW, OLD
    out = StringIO()
    call_command("rotate_keys", json=True, stdout=out)

    assert '"credentials": 1' in out.getvalue()
    assert bytes(Credential.objects.get().body) != before
    settings.MASTER_KEYS_OLD = ""
    assert keyring.stored().accounts["polymarket"]["POLY_PRIVATE_KEY"].reveal() == KEY


def test_rotation_without_the_old_key_changes_nothing_and_says_what_to_do(
    settings: Any,
) -> None:
    keyring.store("polymarket", GIVEN, "alice", "first")
    settings.MASTER_KEY = NEW

    with pytest.raises(CommandError, match="ARBSITE_MASTER_KEY_OLD") as refused:
        call_command("rotate_keys")
    assert refused.value.returncode == 1
    with pytest.raises(BadCredentials, match="another master key"):
        load()


def test_rotating_nothing_says_so() -> None:
    with pytest.raises(SystemExit) as ended:
        call_command("rotate_keys", stdout=StringIO())
    assert ended.value.code == 3


def test_what_ends_is_told_the_soonest_first() -> None:
    now = timezone.now()
    later, sooner = now + timedelta(days=90), now + timedelta(days=3)
    keyring.store("polymarket", GIVEN, "alice", "x", expires_at=later, attested_until=sooner)

    assert keyring.expiries() == [
        ("polymarket", "attestation", sooner),
        ("polymarket", "key", later),
    ]


def form(**changed: str) -> dict[str, str]:
    told = {"venue": "polymarket", "reason": "first key", **GIVEN}
    return {**told, "expires_at_0": "", "expires_at_1": "", **changed}


ADD = "/admin/feeds/credential/add/"


def test_a_credential_is_typed_in_the_admin_and_never_comes_back(admin: Client) -> None:
    said = admin.post(ADD, form(), follow=True)
    row = Credential.objects.get()
    pages = [
        said,
        admin.get("/admin/feeds/credential/"),
        admin.get(f"/admin/feeds/credential/{row.pk}/change/"),
        admin.get(f"/admin/feeds/credential/{row.pk}/history/"),
        admin.get("/admin/markets/configrevision/"),
    ]

    assert all(page.status_code == 200 for page in pages)
    assert all(KEY not in page.content.decode() for page in pages)
    assert keyring.stored().accounts["polymarket"]["POLY_PRIVATE_KEY"].reveal() == KEY


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"POLY_SIGNATURE_TYPE": "9"}, "none of 0, 1, 2, 3"),
        ({"POLY_PRIVATE_KEY": "12"}, "64 hexadecimal digits"),
        ({"POLY_PRIVATE_KEY": ""}, "never reused"),
        ({"POLY_API_KEY": "a"}, "give all three"),
        ({"venue": "kalshi", "KALSHI_API_KEY_ID": "id", "KALSHI_PRIVATE_KEY": "pem"}, "PEM"),
    ],
)
def test_a_refused_form_says_why_and_shows_nothing_that_was_typed(
    admin: Client, changed: dict[str, str], words: str
) -> None:
    page = admin.post(ADD, form(**changed))
    text = page.content.decode()

    assert page.status_code == 200
    assert words in text
    assert KEY not in text
    assert not Credential.objects.exists()


def test_an_ended_key_is_shown_as_ended(admin: Client) -> None:
    ended = timezone.now() - timedelta(days=2)
    keyring.store("polymarket", GIVEN, "alice", "x", expires_at=ended)

    assert f"{ended:%Y-%m-%d}" in admin.get("/admin/feeds/credential/").content.decode()


def test_without_boto3_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "boto3", None)
    monkeypatch.setenv("ARBSITE_AWS_SECRET", "trading/keys")

    with pytest.raises(BadCredentials, match="boto3 is not installed"):
        load()


def test_a_secret_of_aws_goes_before_the_row(monkeypatch: pytest.MonkeyPatch) -> None:
    import json
    import sys
    from types import ModuleType

    class Client:
        def get_secret_value(self, **asked: Any) -> dict[str, str]:
            return {"SecretString": json.dumps({"POLY_PRIVATE_KEY": "8" * 64})}

    boto3, botocore, problems = (
        ModuleType(n) for n in ("boto3", "botocore", "botocore.exceptions")
    )
    boto3.client = lambda service: Client()  # type: ignore[attr-defined]
    problems.BotoCoreError = problems.ClientError = KeyError  # type: ignore[attr-defined]
    for module in (boto3, botocore, problems):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setenv("ARBSITE_AWS_SECRET", "trading/keys")
    keyring.store("polymarket", GIVEN, "alice", "first")

    assert load().accounts["polymarket"]["POLY_PRIVATE_KEY"].reveal() == "8" * 64
