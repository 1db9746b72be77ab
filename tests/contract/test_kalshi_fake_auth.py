"""Kalshi sheet section 2: signatures, clock, scopes and their refusals, against recordings."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa

from feeds.venues.base import Reply, Request
from feeds.venues.kalshi import sign
from feeds.venues.kalshi.fake import KalshiFake
from feeds.venues.kalshi.fakeauth import Key
from markets.terms.units import MICRO, MS, SECOND, Ns, Usd
from tests.contract.kalshi_fake import AT, MARKETS, ORDERS, PREFIX, assert_like

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EDWARDS = ed25519.Ed25519PrivateKey.generate()
BALANCE = f"{PREFIX}/portfolio/balance"
SOCKET = "/trade-api/ws/v2"


@pytest.fixture
def fake() -> KalshiFake:
    keys = (
        Key("rsa", RSA.public_key(), "ann"),
        Key("edwards", EDWARDS.public_key(), "ben"),
        Key("reader", RSA.public_key(), "ann", ("read",)),
        Key("locked", RSA.public_key(), "ann", locked=3, attested_until=Ns(AT + 9 * SECOND)),
        Key("purse", RSA.public_key(), "ann", ("read::portfolio_balance",)),
    )
    fake = KalshiFake(MARKETS, keys=keys)
    fake.fund("ann", Usd(100 * MICRO))
    return fake


def ask(
    fake: KalshiFake,
    headers: Any,
    path: str = BALANCE,
    method: str = "GET",
    query: tuple[tuple[str, str], ...] = (),
    body: bytes = b"",
) -> tuple[int, Any]:
    more = (("content-type", "application/json"),) if body else ()
    reply = fake.request(Request(method, "rest", path, query, (*headers, *more), body), AT)
    return reply.status, json.loads(reply.body)


def signed(
    key: sign.PrivateKey = RSA, name: str = "rsa", late_ms: int = 0, path: str = BALANCE
) -> tuple[tuple[str, str], ...]:
    return sign.headers(name, key, Ns(AT + late_ms * MS), "GET", path)


def test_2_1_rsa_pss_over_time_method_and_path_is_let_in(fake: KalshiFake) -> None:
    status, body = ask(fake, signed())

    assert_like("auth__balance_ok", status, body)
    assert body["balance"] == 10_000


def test_2_1_ed25519_over_the_raw_text_is_let_in(fake: KalshiFake) -> None:
    assert ask(fake, signed(EDWARDS, "edwards"))[0] == 200


def test_2_1_the_query_is_not_signed(fake: KalshiFake) -> None:
    query = (("subaccount", "0"),)

    assert ask(fake, signed(), query=query)[0] == 200
    assert ask(fake, signed(path=f"{BALANCE}?subaccount=0"), query=query)[0] == 401


def test_2_1_the_prefix_is_signed(fake: KalshiFake) -> None:
    status, body = ask(fake, signed(path="/portfolio/balance"))

    assert status == 401
    assert body["error"]["details"] == "INCORRECT_API_KEY_SIGNATURE"


def test_2_1_the_header_time_is_the_signed_time(fake: KalshiFake) -> None:
    name, _, signature = signed()

    stamp = ("KALSHI-ACCESS-TIMESTAMP", str(AT // MS + 1))

    assert ask(fake, (name, stamp, signature))[0] == 401


def test_2_1_pkcs1_padding_is_refused(fake: KalshiFake) -> None:
    from base64 import b64encode

    text = f"{AT // MS}GET{BALANCE}".encode()
    raw = RSA.sign(text, padding.PKCS1v15(), hashes.SHA256())
    name, stamp, _ = signed()

    status, _ = ask(fake, (name, stamp, ("KALSHI-ACCESS-SIGNATURE", b64encode(raw).decode())))

    assert status == 401


@pytest.mark.parametrize(("late_ms", "name"), [(-5_000, "minus5s"), (5_000, "plus5s")])
def test_2_2_five_seconds_are_in_the_window(fake: KalshiFake, late_ms: int, name: str) -> None:
    assert_like(f"auth__skew_{name}", *ask(fake, signed(late_ms=late_ms)))


@pytest.mark.parametrize(
    ("late_ms", "name"), [(-30_000, "minus30s"), (-300_000, "minus5min"), (300_000, "plus5min")]
)
def test_2_2_a_clock_outside_the_window_expires_the_header(
    fake: KalshiFake, late_ms: int, name: str
) -> None:
    assert_like(f"auth__skew_{name}", *ask(fake, signed(late_ms=late_ms)))


def test_2_3_the_handshake_signs_get_and_its_own_path(fake: KalshiFake) -> None:
    headers = sign.headers("rsa", RSA, AT, "GET", SOCKET)

    assert fake.upgrade(Request("GET", "rest", SOCKET, (), headers), AT) is None


def test_2_3_a_handshake_without_headers_fails_its_token(fake: KalshiFake) -> None:
    refusal = fake.upgrade(Request("GET", "rest", SOCKET), AT)

    assert isinstance(refusal, Reply)
    assert refusal.status == 401
    assert json.loads(refusal.body)["error"]["code"] == "token_authentication_failure"


def test_2_4_the_keys_are_listed_with_scopes_lock_and_attestation(fake: KalshiFake) -> None:
    path = f"{PREFIX}/api_keys"

    _, body = ask(fake, signed(path=path), path)
    keys = {key["api_key_id"]: key for key in body["api_keys"]}

    assert set(keys) == {"rsa", "reader", "locked", "purse"}
    assert keys["locked"]["api_key_region_expiration_ts"] == AT // SECOND + 9
    assert "api_key_region_expiration_ts" not in keys["rsa"]
    assert keys["reader"]["scopes"] == ["read"]


def test_2_4_a_reading_key_may_not_write(fake: KalshiFake) -> None:
    path = PREFIX + ORDERS
    headers = sign.headers("reader", RSA, AT, "POST", path)

    assert ask(fake, headers, path, "POST", body=b"{}")[0] == 403


def test_2_4_a_key_for_balances_reads_nothing_else(fake: KalshiFake) -> None:
    path = f"{PREFIX}/portfolio/fills"

    assert ask(fake, signed(name="purse"))[0] == 200
    assert ask(fake, signed(name="purse", path=path), path)[0] == 403


def test_2_4_a_locked_key_has_no_other_subaccount(fake: KalshiFake) -> None:
    assert ask(fake, signed(name="locked"), query=(("subaccount", "3"),))[0] == 200
    assert ask(fake, signed(name="locked"), query=(("subaccount", "0"),))[0] == 403


def test_2_4_a_locked_key_moves_no_cash(fake: KalshiFake) -> None:
    path = f"{PREFIX}/portfolio/intra_exchange_instance_transfer"
    headers = sign.headers("locked", RSA, AT, "POST", path)

    assert ask(fake, headers, path, "POST", body=b"{}")[0] == 403


def test_2_5_a_wrong_signature(fake: KalshiFake) -> None:
    assert_like("auth__bad_signature", *ask(fake, signed(OTHER)))


def test_2_5_an_unknown_key(fake: KalshiFake) -> None:
    assert_like("auth__unknown_key_id", *ask(fake, signed(name="nobody")))


def test_2_5_a_missing_signature(fake: KalshiFake) -> None:
    assert_like("auth__missing_signature_header", *ask(fake, signed()[:2]))


def test_public_reads_need_no_key_but_portfolios_do(fake: KalshiFake) -> None:
    assert ask(fake, (), f"{PREFIX}/markets")[0] == 200
    assert ask(fake, (), BALANCE)[0] == 401
