"""Typed data as Ethereum signs it: keccak words, domain separators, signatures and who made them.

Invariants: nothing is drawn or read from a clock, so the same key and digest give the same bytes;
a signature that is malformed or malleable recovers nobody. Addresses are checksummed texts.
Not here: which structs Polymarket signs (`signing`, `credentials`).
Source: EIP-712, EIP-55, EIP-2; polymarket sheet sections 2.1 and 3.1, read 2026-11-20.
"""

from functools import lru_cache

import coincurve
from Crypto.Hash import keccak as _keccak

WORD = 32
SIGNATURE = 65
ADDRESS_HEX = 42
ORDER_OF_CURVE = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
FIRST_V = 27
_PREFIX = b"\x19\x01"
_HEX = frozenset("0123456789abcdefABCDEF")


def keccak(*parts: bytes) -> bytes:
    """Keccak-256 of the parts one after another."""
    return _keccak.new(digest_bits=256, data=b"".join(parts)).digest()


@lru_cache(maxsize=64)
def type_hash(text: str) -> bytes:
    """The hash of a struct's type as written, such as `Order(uint256 salt,...)`."""
    return keccak(text.encode())


def number_word(value: int) -> bytes:
    """An unsigned number as one word. Errors: `ValueError` when it does not fit 256 bits."""
    if not 0 <= value < 1 << 256:
        raise ValueError(f"{value} is not a number of 256 bits; give 0 to 2^256 - 1.")
    return value.to_bytes(WORD)


@lru_cache(maxsize=256)
def address_word(address: str) -> bytes:
    """An address as one word. Errors: `ValueError` when it is none."""
    return bytes_of(address, 20).rjust(WORD, b"\0")


@lru_cache(maxsize=64)
def bytes_word(text: str) -> bytes:
    """32 bytes written as `0x` and digits. Errors: `ValueError` when they are none."""
    return bytes_of(text, WORD)


def bytes_of(text: str, length: int) -> bytes:
    """The bytes of `0x` and hexadecimal digits. Errors: `ValueError` when not just `length`."""
    digits = text[2:] if text[:2] == "0x" else ""
    if len(digits) != 2 * length or not all(d in _HEX for d in digits):
        raise ValueError(f"{text[:80]!r} is not 0x and {2 * length} hexadecimal digits.")
    return bytes.fromhex(digits)


def domain_separator(name: str, version: str, chain: int, contract: str | None = None) -> bytes:
    """The domain's struct hash; `contract` is left out of the type when None."""
    fields = "string name,string version,uint256 chainId"
    words = [keccak(name.encode()), keccak(version.encode()), number_word(chain)]
    if contract is not None:
        fields += ",address verifyingContract"
        words.append(address_word(contract))
    return keccak(type_hash(f"EIP712Domain({fields})"), *words)


def digest(separator: bytes, struct_hash: bytes) -> bytes:
    """What a key signs for a struct under a domain."""
    return keccak(_PREFIX, separator, struct_hash)


def sign(key: bytes, message: bytes) -> bytes:
    """65 bytes r, s, v (27 or 28) over a 32-byte digest; deterministic (RFC 6979).

    Errors: `ValueError` when `key` is no private key.
    """
    made = _private(key).sign_recoverable(message, hasher=None)
    return bytes(made[:64]) + bytes([made[64] + FIRST_V])


def recover(signature: bytes, message: bytes) -> str | None:
    """The address whose key made this signature, or None when it is no proper signature.

    Only the lower half of s is proper: the other half is the same signature written again.
    """
    if len(signature) != SIGNATURE or signature[64] not in (FIRST_V, FIRST_V + 1):
        return None
    if int.from_bytes(signature[32:64]) > ORDER_OF_CURVE // 2:
        return None
    plain = signature[:64] + bytes([signature[64] - FIRST_V])
    try:
        public = coincurve.PublicKey.from_signature_and_message(plain, message, hasher=None)
    except ValueError:
        return None
    return _address(public)


def address_of(key: bytes) -> str:
    """The address of a private key."""
    return _address(_private(key).public_key)


@lru_cache(maxsize=4_096)
def checksummed(address: str) -> str:
    """The address in mixed case, which tells most typing errors.

    Errors: `ValueError` when it is no address.
    """
    digits = bytes_of(address, 20).hex()
    marks = keccak(digits.encode()).hex()
    told = (d.upper() if int(m, 16) >= 8 else d for d, m in zip(digits, marks, strict=False))
    return "0x" + "".join(told)


@lru_cache(maxsize=8)
def _private(key: bytes) -> coincurve.PrivateKey:
    """Kept, because making one costs as much as a signature."""
    return coincurve.PrivateKey(key)


def _address(public: coincurve.PublicKey) -> str:
    return checksummed("0x" + keccak(public.format(compressed=False)[1:])[-20:].hex())
