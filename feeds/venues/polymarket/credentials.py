"""How a caller proves itself to the CLOB: the wallet's word for API credentials (L1), and the
credentials' seal on every private call (L2).

Invariants: the L2 seal covers time, method, path without its query, and the exact bytes of the
body; time and nonce are arguments. The same functions make what a client sends and what a server
expects. Not here: order signatures (`signing`), who may do what.
Source: polymarket sheet 2.1 and 2.2, read 2026-11-20.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from hmac import compare_digest
from hmac import new as new_seal

import msgspec

from feeds.venues.polymarket.eip712 import (
    address_of,
    address_word,
    digest,
    domain_separator,
    keccak,
    number_word,
    recover,
    sign,
    type_hash,
)

DOMAIN = "ClobAuthDomain"
AUTH_TYPE = "ClobAuth(address address,string timestamp,uint256 nonce,string message)"
MESSAGE = "This message attests that I control the given wallet"
Headers = tuple[tuple[str, str], ...]


class ApiKey(msgspec.Struct, frozen=True, rename="camel"):
    """Credentials as the venue gives them: a uuid, url-safe base64, hexadecimal text."""

    api_key: str
    secret: str
    passphrase: str

    def __repr__(self) -> str:
        return f"ApiKey(api_key={self.api_key!r})"


def l1_digest(address: str, timestamp: str, nonce: int, chain: int) -> bytes:
    """What the wallet's key signs. `timestamp` is unix seconds as text."""
    struct = keccak(
        type_hash(AUTH_TYPE),
        address_word(address),
        keccak(timestamp.encode()),
        number_word(nonce),
        keccak(MESSAGE.encode()),
    )
    return digest(domain_separator(DOMAIN, "1", chain), struct)


def l1_headers(key: bytes, timestamp: int, nonce: int, chain: int) -> Headers:
    """Headers that ask for credentials. `timestamp` is unix seconds."""
    address, moment = address_of(key), str(timestamp)
    return (
        ("POLY_ADDRESS", address),
        ("POLY_SIGNATURE", "0x" + sign(key, l1_digest(address, moment, nonce, chain)).hex()),
        ("POLY_TIMESTAMP", moment),
        ("POLY_NONCE", str(nonce)),
    )


def l1_signer(signature: str, address: str, timestamp: str, nonce: int, chain: int) -> str | None:
    """The address whose key signed this, or None."""
    try:
        raw = bytes.fromhex(signature.removeprefix("0x"))
        return recover(raw, l1_digest(address, timestamp, nonce, chain))
    except ValueError:
        return None


def l2_seal(secret: str, timestamp: str, method: str, path: str, body: bytes = b"") -> str:
    """The seal of one call. `path` is without query; `body` the bytes as sent.

    Errors: `ValueError` when `secret` is not url-safe base64.
    """
    key = urlsafe_b64decode(secret + "=" * (-len(secret) % 4))
    sealed = f"{timestamp}{method}{path}".encode() + body
    return urlsafe_b64encode(new_seal(key, sealed, sha256).digest()).decode()


def l2_headers(key: ApiKey, address: str, timestamp: int, call: tuple[str, str, bytes]) -> Headers:
    """Headers of one private call: `call` is its method, path and body; time in unix seconds."""
    moment = str(timestamp)
    return (
        ("POLY_ADDRESS", address),
        ("POLY_SIGNATURE", l2_seal(key.secret, moment, *call)),
        ("POLY_TIMESTAMP", moment),
        ("POLY_API_KEY", key.api_key),
        ("POLY_PASSPHRASE", key.passphrase),
    )


def is_sealed(seal: str, expected: str) -> bool:
    """Whether two seals are the same, told in constant time."""
    return compare_digest(seal.encode(), expected.encode())
