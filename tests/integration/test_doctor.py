"""`manage.py doctor` against the fake that is served, and what it says in words."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import CommandError, call_command
from django.utils import timezone

from arbsite.management.commands.seed_demo import address
from feeds import keyring
from feeds.runtime.fakeserver import FakeServer, fault_asked
from feeds.runtime.world import LAYOUTS
from feeds.venues.base import Fake, Request
from feeds.venues.kalshi.fake import KalshiFake
from feeds.venues.kalshi.fakeauth import Key
from feeds.venues.kalshi.fakeboard import Terms
from feeds.venues.polymarket.desk.wallets import Wallet
from feeds.venues.polymarket.identity import introduced
from feeds.venues.polymarket.signing import WalletKind
from markets import services
from markets.terms.units import DAY, MICRO, Ns, Usd
from tests.contract.kalshi_gateway import RAIN, listed_at
from tests.contract.polymarket_desk import Desk
from tests.contract.polymarket_gateway import who
from tests.listings import AUTHOR, two_venues
from trading.runtime.clock import SystemClock

pytestmark = pytest.mark.django_db(transaction=True)
KEY = Ed25519PrivateKey.generate()


class Doctor:
    """A served fake and the command that asks it."""

    def __init__(self, server: FakeServer, loop: asyncio.AbstractEventLoop) -> None:
        self.server = server
        self.loop = loop

    def fault(self, kind: str, **args: Any) -> None:
        async def begin() -> None:
            self.server.fault(fault_asked({"kind": kind, **args}))

        asyncio.run_coroutine_threadsafe(begin(), self.loop).result(5)

    def ask(self, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
        """The exit code and the findings of Kalshi by what was looked at."""
        try:
            call_command("doctor", "kalshi", "--json", *words)
            code = 0
        except SystemExit as left:
            code = int(left.code or 0)
        said = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert said["is_well"] == (code == 0)
        return code, {one["what"]: one for one in said["venues"]["kalshi"]}


@contextmanager
def served(fake: Fake) -> Iterator[Doctor]:
    """The fake on a loop of its own thread, because the command blocks; the venue's row says
    where it is.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    layout = LAYOUTS[fake.venue]
    server = FakeServer(fake, SystemClock(), prefixes=layout.prefixes)

    def run(what: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(what, loop).result(5)

    try:
        port = run(server.start())
        columns = address(fake.venue, f"http://127.0.0.1:{port}").columns
        services.set_venue(fake.venue, AUTHOR, "the fake", **columns)
        yield Doctor(server, loop)
    finally:
        run(server.stop())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture
def key_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "key.pem"
    path.write_bytes(
        KEY.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    monkeypatch.setenv("KALSHI_API_KEY_ID", "mine")
    monkeypatch.setenv("KALSHI_PRIVATE_KEY_PATH", str(path))
    return path


@pytest.fixture
def doctor(key_file: Path) -> Iterator[Doctor]:
    two_venues()
    with served(fake_of()) as made:
        yield made


def fake_of(**key: Any) -> KalshiFake:
    now = SystemClock().now()
    said = {"attested_until": Ns(now + 90 * DAY), **key}
    keys = (Key("mine", KEY.public_key(), "trader", **said),)
    fake = KalshiFake(
        (listed_at(RAIN, now // 1_000_000_000),), keys=keys, terms=Terms(thursdays=False)
    )
    fake.fund("trader", Usd(100 * MICRO))
    return fake


def test_all_is_well(doctor: Doctor, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = doctor.ask(capsys)

    assert code == 0, found
    assert list(found) == [
        "host",
        "exchange",
        "clock",
        "key kind",
        "key",
        "permissions",
        "attestation",
        "limits",
        "balance",
        "arming",
    ]
    assert "Ed25519" in found["key kind"]["text"]
    assert "$100" in found["balance"]["text"]
    assert "LIVE is not set" in found["arming"]["text"]


@pytest.mark.parametrize(
    ("key", "what", "words"),
    [
        ({"scopes": ("read",)}, "permissions", "write::trade"),
        ({"attested_until": None}, "attestation", "attest your location"),
        ({"attested_until": Ns(SystemClock().now() + 3 * DAY)}, "attestation", "ends in 2 days"),
        ({"attested_until": Ns(SystemClock().now() - DAY)}, "attestation", "It has ended"),
    ],
)
def test_what_a_key_lacks_is_said(
    key: dict[str, Any],
    what: str,
    words: str,
    key_file: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    two_venues()
    with served(fake_of(**key)) as doctor:
        code, found = doctor.ask(capsys)

    assert (code, found[what]["is_well"]) == (1, False)
    assert words in found[what]["text"]


@pytest.mark.parametrize(
    ("fault", "what", "words"),
    [
        ({"kind": "mode", "mode": "paused"}, "exchange", "only cancels"),
        ({"kind": "mode", "mode": "disabled"}, "exchange", "not even cancels"),
        ({"kind": "clock", "ms": -9_000, "seconds": 60}, "key", "clock is off"),
        ({"kind": "broken", "seconds": 60}, "exchange", "500"),
    ],
)
def test_what_is_wrong_at_the_venue_is_said(
    fault: dict[str, Any],
    what: str,
    words: str,
    doctor: Doctor,
    capsys: pytest.CaptureFixture[str],
) -> None:
    doctor.fault(**fault)

    code, found = doctor.ask(capsys)

    assert (code, found[what]["is_well"]) == (1, False)
    assert words in found[what]["text"]


def test_another_key_is_not_accepted(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KALSHI_API_KEY_ID", "somebody")

    code, found = doctor.ask(capsys)

    assert (code, found["key"]["is_well"]) == (1, False)
    assert "balance" not in found


def test_a_key_that_is_not_there_is_said(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KALSHI_PRIVATE_KEY_PATH", "/nowhere/key.pem")
    assert "cannot be read" in doctor.ask(capsys)[1]["key"]["text"]

    monkeypatch.delenv("KALSHI_API_KEY_ID")
    monkeypatch.delenv("KALSHI_PRIVATE_KEY_PATH")
    assert "make one" in doctor.ask(capsys)[1]["key"]["text"]


def test_a_venue_that_cannot_be_reached_is_said(
    key_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    two_venues()
    with served(fake_of()) as doctor:
        pass

    code, found = doctor.ask(capsys)

    assert (code, found["host"]["is_well"]) == (1, False)


def test_what_a_person_typed_as_an_end_is_shown_and_soon_is_to_be_fixed(
    doctor: Doctor, capsys: pytest.CaptureFixture[str]
) -> None:
    now = timezone.now()
    fields = {"KALSHI_API_KEY_ID": "mine", "KALSHI_PRIVATE_KEY": "kept elsewhere"}
    ends = {"expires_at": now + timedelta(days=300), "attested_until": now + timedelta(days=3)}
    keyring.store("kalshi", fields, AUTHOR, "as the venue says", **ends)

    code, found = doctor.ask(capsys)

    assert (code, found["key ends"]["is_well"], found["attestation ends"]["is_well"]) == (
        1,
        True,
        False,
    )
    assert "renew it at the venue" in found["attestation ends"]["text"]


def test_a_tier_above_the_accounts_is_to_be_fixed_and_a_lower_one_is_said(
    doctor: Doctor, capsys: pytest.CaptureFixture[str]
) -> None:
    services.set_venue("kalshi", AUTHOR, "hoped for", rate_tier="prime")
    assert "here it is taken for prime" in doctor.ask(capsys)[1]["limits"]["text"]

    services.set_venue("kalshi", AUTHOR, "as it is", rate_tier="basic")
    assert doctor.ask(capsys)[0] == 0


def test_words_for_people_stand_in_lines(
    doctor: Doctor, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("doctor", "kalshi")

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "ok  kalshi host: It answers."
    assert all(line.startswith("ok  kalshi ") for line in lines)


def test_polymarket_is_asked_at_its_own_hosts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    two_venues()
    desk, me = Desk(), who()
    desk.fake.office.open(
        Wallet(address=me.wallet, owner=me.owner, kind=WalletKind.DEPOSIT, cash=Usd(7 * MICRO))
    )
    headers = tuple((k.lower(), v) for k, v in introduced(me, SystemClock().now()))
    made = desk.fake.request(
        Request("POST", "clob", "/auth/api-key", headers=headers), SystemClock().now()
    )
    assert made.status == 200
    monkeypatch.setenv("POLY_PRIVATE_KEY", me.key.reveal().hex())
    monkeypatch.setenv("POLY_FUNDER", me.wallet)

    with served(desk.fake):
        call_command("doctor", "polymarket")

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 12
    assert all(line.startswith("ok  polymarket ") for line in lines), lines
    assert "ok  polymarket balance: $7.00 free." in lines


def test_no_venue_is_nothing_to_do_and_an_unknown_one_is_bad_usage(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as left:
        call_command("doctor")
    assert left.value.code == 3

    with pytest.raises(CommandError) as refused:
        call_command("doctor", "nowhere")
    assert refused.value.returncode == 2
