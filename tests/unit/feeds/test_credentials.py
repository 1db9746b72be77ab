from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from feeds.credentials import BadCredentials, adapter_of
from markets.terms.units import Ns


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KALSHI_API_KEY_ID", raising=False)
    monkeypatch.delenv("KALSHI_PRIVATE_KEY_PATH", raising=False)


def test_without_a_key_nothing_is_signed() -> None:
    assert adapter_of("kalshi").handshake(Ns(1)) == ()
    assert "SIGNATURE" not in str(adapter_of("polymarket").handshake(Ns(1)))


def test_a_named_key_signs_the_handshake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = Ed25519PrivateKey.generate()
    path = tmp_path / "key.pem"
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    monkeypatch.setenv("KALSHI_API_KEY_ID", "id-1")
    monkeypatch.setenv("KALSHI_PRIVATE_KEY_PATH", str(path))

    headers = dict(adapter_of("kalshi").handshake(Ns(1_700_000_000_000_000_000)))

    assert headers["KALSHI-ACCESS-KEY"] == "id-1"
    assert headers["KALSHI-ACCESS-TIMESTAMP"] == "1700000000000"


def test_half_a_key_is_refused_by_naming_the_other_half(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KALSHI_API_KEY_ID", "id-1")

    with pytest.raises(BadCredentials, match="KALSHI_PRIVATE_KEY_PATH is not set"):
        adapter_of("kalshi")


def test_a_file_that_is_no_key_is_refused_without_quoting_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "key.pem"
    path.write_text("secret words")
    monkeypatch.setenv("KALSHI_API_KEY_ID", "id-1")
    monkeypatch.setenv("KALSHI_PRIVATE_KEY_PATH", str(path))

    with pytest.raises(BadCredentials, match="KALSHI_PRIVATE_KEY_PATH") as caught:
        adapter_of("kalshi")
    assert "secret words" not in str(caught.value)

    monkeypatch.setenv("KALSHI_PRIVATE_KEY_PATH", str(tmp_path / "none.pem"))
    with pytest.raises(BadCredentials, match="cannot be read"):
        adapter_of("kalshi")
