"""Secrets at rest: each under a data key of its own, which is wrapped by the master key.

AES-256-GCM twice; what a seal belongs to is authenticated with it, so that one row's secret cannot
be put into another. Rotating wraps and encrypts anew under the current master key; the old ones
only open. Nothing here knows where master keys or rows are kept.
"""

from __future__ import annotations

import binascii
import os
from base64 import urlsafe_b64decode
from hashlib import sha256

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from feeds.venues.secret import Secret

KEY_BYTES = 32
NONCE_BYTES = 12


class BadSeal(Exception):
    """A secret cannot be opened, or a master key is none; one sentence says what to do."""


class Sealed(msgspec.Struct, frozen=True):
    """A secret at rest: which master key wrapped its data key, that key, and the secret."""

    master: str
    wrapped: bytes
    body: bytes


class MasterKeys:
    """The key that seals, and older ones that may still open."""

    def __init__(self, current: str, old: tuple[str, ...] = ()) -> None:
        self._current = _key(current)
        self._known = {_name(key.reveal()): key for key in (self._current, *map(_key, old))}

    @property
    def current(self) -> str:
        """The name of the key that seals; says nothing about the key."""
        return _name(self._current.reveal())

    def seal(self, text: bytes, belongs_to: str) -> Sealed:
        """A secret under a new data key."""
        data_key = AESGCM.generate_key(bit_length=8 * KEY_BYTES)
        name = belongs_to.encode()
        wrapped = _encrypt(self._current.reveal(), data_key, name)
        return Sealed(self.current, wrapped, _encrypt(data_key, text, name))

    def open(self, sealed: Sealed, belongs_to: str) -> Secret[bytes]:
        """The secret. Errors: `BadSeal`."""
        master = self._known.get(sealed.master)
        if master is None:
            raise BadSeal(
                f"The credential of {belongs_to} was sealed with another master key "
                f"({sealed.master}); add that key to ARBSITE_MASTER_KEY_OLD."
            )
        name = belongs_to.encode()
        try:
            return Secret(
                _decrypt(_decrypt(master.reveal(), sealed.wrapped, name), sealed.body, name)
            )
        except (InvalidTag, ValueError):
            raise BadSeal(
                f"The credential of {belongs_to} was changed in the database; store it again."
            ) from None


def _encrypt(key: bytes, text: bytes, belongs_to: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, text, belongs_to)


def _decrypt(key: bytes, sealed: bytes, belongs_to: bytes) -> bytes:
    return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], belongs_to)


def _key(text: str) -> Secret[bytes]:
    """32 bytes in hexadecimal or url-safe base64. Errors: `BadSeal` that does not quote it."""
    try:
        is_hex = len(text) == 2 * KEY_BYTES
        raw = bytes.fromhex(text) if is_hex else urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (ValueError, binascii.Error):
        raw = b""
    if len(raw) != KEY_BYTES:
        raise BadSeal("A master key is not 32 bytes in hexadecimal or base64; make a new one.")
    return Secret(raw)


def _name(key: bytes) -> str:
    return sha256(b"arbsite master key " + key).hexdigest()[:8]
