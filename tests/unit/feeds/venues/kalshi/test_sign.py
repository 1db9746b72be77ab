"""Signatures, checked with the public half of throw-away keys."""

from __future__ import annotations

from base64 import b64decode

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from feeds.venues.kalshi import sign
from markets.terms.units import MS, Ns

AT = Ns(1_786_085_188_416 * MS + 999)
PATH = "/trade-api/ws/v2"
Key = rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


def pem(key: Key | ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def public_pem(key: Key) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


@pytest.fixture(params=["rsa", "ed25519"])
def key(request: pytest.FixtureRequest) -> Key:
    if request.param == "rsa":
        return rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    return ed25519.Ed25519PrivateKey.generate()


def test_the_headers_carry_the_very_digits_that_were_signed(key: Key) -> None:
    headers = dict(sign.headers("id-1", sign.private_key(pem(key)), AT, "GET", PATH))

    public = sign.public_key(public_pem(key))
    signature = headers["KALSHI-ACCESS-SIGNATURE"]
    assert headers["KALSHI-ACCESS-KEY"] == "id-1"
    assert headers["KALSHI-ACCESS-TIMESTAMP"] == "1786085188416"
    assert sign.is_signed(public, signature, "1786085188416", "GET", PATH)
    assert not sign.is_signed(public, signature, "1786085188417", "GET", PATH)
    assert not sign.is_signed(public, signature, "1786085188416", "GET", PATH + "?a=1")
    assert not sign.is_signed(public, "no base 64!", "1786085188416", "GET", PATH)


def test_rsa_signs_with_pss_and_a_salt_as_long_as_the_digest() -> None:
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    headers = dict(sign.headers("id", key, AT, "GET", "/trade-api/v2/portfolio/orders"))

    key.public_key().verify(
        b64decode(headers["KALSHI-ACCESS-SIGNATURE"]),
        b"1786085188416GET/trade-api/v2/portfolio/orders",
        padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32),
        hashes.SHA256(),
    )


def test_ed25519_signs_the_raw_text() -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    headers = dict(sign.headers("id", key, AT, "POST", "/x"))

    key.public_key().verify(b64decode(headers["KALSHI-ACCESS-SIGNATURE"]), b"1786085188416POST/x")


def test_a_text_that_is_no_key_is_refused_without_quoting_it() -> None:
    with pytest.raises(ValueError, match="not a readable") as refusal:
        sign.private_key(b"-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----")

    assert "secret" not in str(refusal.value)


def test_a_key_of_another_kind_is_refused() -> None:
    other = ec.generate_private_key(ec.SECP256R1())

    with pytest.raises(ValueError, match="neither RSA nor Ed25519"):
        sign.private_key(pem(other))
    with pytest.raises(ValueError, match="neither RSA nor Ed25519"):
        sign.public_key(
            other.public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        )
