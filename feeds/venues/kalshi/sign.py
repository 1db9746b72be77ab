"""Signs what Kalshi wants signed: `<milliseconds><METHOD><path>`, without query, host and body.

The algorithm follows from the parsed private key: RSA-PSS with SHA-256 and a 32 byte salt, or
Ed25519 over the raw text. The time is an argument; keys are never printed or kept elsewhere.
Source: kalshi sheet 2.1 (measured in production 2026-08-06; Ed25519 documented 2026-09-24).
"""

from base64 import b64decode, b64encode
from binascii import Error as NotBase64

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa

from markets.terms.units import MS, Ns

PrivateKey = rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
PublicKey = rsa.RSAPublicKey | ed25519.Ed25519PublicKey

_DIGEST = hashes.SHA256()
_PADDING = padding.PSS(mgf=padding.MGF1(_DIGEST), salt_length=32)


def private_key(pem: bytes) -> PrivateKey:
    """The key of a PEM text. Errors: `ValueError` in one sentence, never quoting the key."""
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as problem:
        raise ValueError(
            "the Kalshi private key is not a readable, unencrypted PEM text; "
            "paste the whole file as downloaded"
        ) from problem
    if isinstance(key, rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey):
        return key
    raise ValueError("the Kalshi private key is neither RSA nor Ed25519; make one on Kalshi's site")


def public_key(pem: bytes) -> PublicKey:
    """The verifying key of a PEM text. Errors: `ValueError`."""
    key = serialization.load_pem_public_key(pem)
    if isinstance(key, rsa.RSAPublicKey | ed25519.Ed25519PublicKey):
        return key
    raise ValueError("the public key is neither RSA nor Ed25519")


def is_ed25519(key: PrivateKey) -> bool:
    """Whether it is the kind that signs fast."""
    return isinstance(key, ed25519.Ed25519PrivateKey)


def headers(
    key_id: str, key: PrivateKey, at: Ns, method: str, path: str
) -> tuple[tuple[str, str], ...]:
    """The three headers of a request or handshake; `path` begins at the root, without query."""
    stamp = str(at // MS)
    text = f"{stamp}{method}{path}".encode()
    if isinstance(key, rsa.RSAPrivateKey):
        signature = key.sign(text, _PADDING, _DIGEST)
    else:
        signature = key.sign(text)
    return (
        ("KALSHI-ACCESS-KEY", key_id),
        ("KALSHI-ACCESS-TIMESTAMP", stamp),
        ("KALSHI-ACCESS-SIGNATURE", b64encode(signature).decode()),
    )


def is_signed(key: PublicKey, signature: str, stamp: str, method: str, path: str) -> bool:
    """Whether the signature is this key's over the text."""
    text = f"{stamp}{method}{path}".encode()
    try:
        raw = b64decode(signature, validate=True)
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(raw, text, _PADDING, _DIGEST)
        else:
            key.verify(raw, text)
    except (InvalidSignature, NotBase64, ValueError):
        return False
    return True
