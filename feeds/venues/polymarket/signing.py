"""Polymarket's orders as they are signed: struct hash, order id, signatures of all wallet kinds.

The order id is the digest of the order, so it is known before sending. Kinds 0 to 2 sign the digest
plainly; kind 3 (deposit wallet) signs the order nested in `TypedDataSign` and appends what a
contract needs to check it (ERC-7739). Salt and time are arguments. Invariants: one of three
exchanges stands in the domain, chosen by the market's version and neg-risk mark.
Not here: amounts (`amounts`), the request around an order, credentials.
Source: polymarket sheet 2.5, 3.1 to 3.3, read 2026-11-20.
"""

from enum import IntEnum
from functools import lru_cache

import msgspec

from feeds.venues.polymarket.eip712 import (
    SIGNATURE,
    WORD,
    address_word,
    bytes_word,
    digest,
    domain_separator,
    keccak,
    number_word,
    recover,
    sign,
    type_hash,
)
from trading.engine.orders import Side

POLYGON = 137
NAME = "Polymarket CTF Exchange"
ZERO = "0x" + "00" * WORD
EXCHANGE = "0xE111180000d2663C0091e4f400237545B87B996B"
NEG_RISK_EXCHANGE = "0xe2222d279d744050d28e00520010520000310F59"
EXCHANGE_V3 = "0xe3333700cA9d93003F00f0F71f8515005F6c00Aa"
FIELDS = (
    "uint256 salt,address maker,address signer,uint256 tokenId,uint256 makerAmount,"
    "uint256 takerAmount,uint8 side,uint8 signatureType,uint256 timestamp,bytes32 metadata,"
    "bytes32 builder"
)
ORDER_TYPE = f"Order({FIELDS})"
NESTED_TYPE = (
    "TypedDataSign(Order contents,string name,string version,uint256 chainId,"
    f"address verifyingContract,bytes32 salt){ORDER_TYPE}"
)
WALLET_NAME, WALLET_VERSION = "DepositWallet", "1"
_NAMED = keccak(WALLET_NAME.encode()) + keccak(WALLET_VERSION.encode())
TAIL = ORDER_TYPE.encode() + len(ORDER_TYPE).to_bytes(2)
NESTED = SIGNATURE + 2 * WORD + len(TAIL)


class WalletKind(IntEnum):
    """`signatureType`: who holds the funds."""

    EOA = 0
    PROXY = 1
    SAFE = 2
    DEPOSIT = 3


class Exchange(msgspec.Struct, frozen=True):
    """The contract an order is signed for."""

    contract: str
    version: str
    chain: int = POLYGON


class OrderToSign(msgspec.Struct, frozen=True, kw_only=True):
    """The eleven signed fields. Amounts are millionths, `timestamp` unix milliseconds."""

    salt: int
    maker: str
    signer: str
    token: str
    maker_amount: int
    taker_amount: int
    side: Side
    kind: WalletKind
    timestamp: int
    metadata: str = ZERO
    builder: str = ZERO


def exchange_for(version: str, *, neg_risk: bool) -> Exchange:
    """The exchange of a market by Gamma's `version`. Errors: `ValueError` for an unknown one."""
    if version == "v1":
        return Exchange(NEG_RISK_EXCHANGE if neg_risk else EXCHANGE, "2")
    if version == "v2":
        return Exchange(EXCHANGE_V3, "3")
    raise ValueError(f"market version {version!r} is unknown; orders are signed for v1 and v2.")


@lru_cache(maxsize=16)
def separator(exchange: Exchange) -> bytes:
    """The exchange's domain separator."""
    return domain_separator(NAME, exchange.version, exchange.chain, exchange.contract)


def struct_hash(order: OrderToSign) -> bytes:
    """The order's own hash, without a domain. Errors: `ValueError` naming a field that does not
    fit its type.
    """
    return keccak(
        type_hash(ORDER_TYPE),
        number_word(order.salt),
        address_word(order.maker),
        address_word(order.signer),
        number_word(int(order.token)),
        number_word(order.maker_amount),
        number_word(order.taker_amount),
        number_word(0 if order.side is Side.BUY else 1),
        number_word(order.kind),
        number_word(order.timestamp),
        bytes_word(order.metadata),
        bytes_word(order.builder),
    )


def order_id(order: OrderToSign, exchange: Exchange) -> str:
    """The id the venue will give this order: `0x` and 64 digits."""
    return "0x" + digest(separator(exchange), struct_hash(order)).hex()


def sign_order(key: bytes, order: OrderToSign, exchange: Exchange) -> str:
    """The signature as sent: 65 bytes, or 317 for a deposit wallet, in hexadecimal."""
    return signed(key, order, exchange)[1]


def signed(key: bytes, order: OrderToSign, exchange: Exchange) -> tuple[str, str]:
    """The order's id and its signature, of one hashing."""
    domain, contents = separator(exchange), struct_hash(order)
    own = digest(domain, contents)
    if order.kind is not WalletKind.DEPOSIT:
        return "0x" + own.hex(), "0x" + sign(key, own).hex()
    inner = sign(key, _nested_digest(order, contents, exchange))
    return "0x" + own.hex(), "0x" + (inner + domain + contents + TAIL).hex()


def signer_of(signature: str, order: OrderToSign, exchange: Exchange) -> str | None:
    """The address whose key signed this order for this exchange, or None.

    For a deposit wallet this is the wallet's owner. A signature made for another order, exchange,
    domain version or wallet kind recovers somebody else or nobody.
    """
    try:
        raw = bytes.fromhex(signature[2:] if signature.startswith("0x") else "")
    except ValueError:
        return None
    contents = struct_hash(order)
    if order.kind is not WalletKind.DEPOSIT:
        return recover(raw, digest(separator(exchange), contents))
    if len(raw) != NESTED or raw[SIGNATURE:] != separator(exchange) + contents + TAIL:
        return None
    return recover(raw[:SIGNATURE], _nested_digest(order, contents, exchange))


def _nested_digest(order: OrderToSign, contents: bytes, exchange: Exchange) -> bytes:
    nested = keccak(
        type_hash(NESTED_TYPE),
        contents,
        _NAMED,
        number_word(exchange.chain),
        address_word(order.maker),
        bytes_word(ZERO),
    )
    return digest(separator(exchange), nested)
