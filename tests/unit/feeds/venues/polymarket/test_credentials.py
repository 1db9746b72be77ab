"""L1 and L2 seals, against known ones and every published vector if present."""

import json
from pathlib import Path
from typing import Any

import pytest

from feeds.venues.polymarket import credentials, eip712
from tests.unit.feeds.venues.polymarket.test_signing import ADDRESS, KEY, SHARED

SECRET = "A" * 43 + "="


def published(layer: str) -> list[dict[str, Any]]:
    path = Path(SHARED / "vectors_auth.json")
    return list(json.loads(path.read_text())[layer]) if path.exists() else []


def test_the_seal_covers_time_method_path_and_every_byte_of_the_body() -> None:
    known = credentials.l2_seal(SECRET, "1000000", "test-sign", "/orders", b'{"hash": "0x123"}')
    others = {
        credentials.l2_seal(SECRET, "1000001", "test-sign", "/orders", b'{"hash": "0x123"}'),
        credentials.l2_seal(SECRET, "1000000", "GET", "/orders", b'{"hash": "0x123"}'),
        credentials.l2_seal(SECRET, "1000000", "test-sign", "/order", b'{"hash": "0x123"}'),
        credentials.l2_seal(SECRET, "1000000", "test-sign", "/orders", b'{"hash":"0x123"}'),
    }

    assert known == "ZwAdJKvoYRlEKDkNMwd5BuwNNtg93kNaR_oU2HrfVvc="
    assert known not in others
    assert len(others) == 4


def test_a_secret_without_its_padding_gives_the_same_seal() -> None:
    asked = ("1000000", "GET", "/data/orders")

    assert credentials.l2_seal(SECRET[:-1], *asked) == credentials.l2_seal(SECRET, *asked)


def test_headers_that_ask_for_credentials_recover_to_their_address() -> None:
    told = dict(credentials.l1_headers(KEY, 10_000_000, 23, 137))

    who = credentials.l1_signer(
        told["POLY_SIGNATURE"], told["POLY_ADDRESS"], told["POLY_TIMESTAMP"], 23, 137
    )
    assert who == ADDRESS
    assert credentials.l1_signer(told["POLY_SIGNATURE"], ADDRESS, "10000001", 23, 137) != ADDRESS
    assert credentials.l1_signer("0xzz", ADDRESS, "10000000", 23, 137) is None
    assert credentials.l1_signer(told["POLY_SIGNATURE"], "nobody", "10000000", 23, 137) is None


def test_a_key_does_not_tell_its_secret_when_it_is_shown() -> None:
    shown = repr(credentials.ApiKey("id", "hidden", "words"))

    assert "hidden" not in shown
    assert "words" not in shown


@pytest.mark.skipif(not published("l1"), reason="../shared/data/polymarket is not here")
@pytest.mark.parametrize("vector", published("l1"))
def test_every_published_l1_signature_is_made_and_read(vector: dict[str, Any]) -> None:
    asked = (vector["address"], vector["timestamp"], vector["nonce"], vector["chainId"])

    assert "0x" + eip712.sign(KEY, credentials.l1_digest(*asked)).hex() == vector["signature"]
    assert credentials.l1_signer(vector["signature"], *asked) == ADDRESS


@pytest.mark.skipif(not published("l2"), reason="../shared/data/polymarket is not here")
@pytest.mark.parametrize("vector", published("l2"))
def test_every_published_l2_seal_is_made(vector: dict[str, Any]) -> None:
    body = (vector["body"] or "").encode()
    asked = (vector["timestamp"], vector["method"], vector["path"], body)

    assert credentials.l2_seal(vector["secret"], *asked) == vector["signature"]
