"""Digests and signatures, against known ones and against every published vector if present."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from feeds.venues.polymarket import eip712
from feeds.venues.polymarket.signing import (
    EXCHANGE,
    NEG_RISK_EXCHANGE,
    Exchange,
    OrderToSign,
    WalletKind,
    exchange_for,
    order_id,
    sign_order,
    signer_of,
)
from trading.engine.orders import Side

# A development key everybody knows.
KEY = bytes.fromhex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")
ADDRESS = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
SHARED = Path(__file__).parents[5].parent / "shared" / "data" / "polymarket"
ORDER = OrderToSign(
    salt=123_456_789,
    maker=ADDRESS,
    signer=ADDRESS,
    token="71321045679252212594626385532706912750332728571942532289631379312455583992563",
    maker_amount=100_000_000,
    taker_amount=50_000_000,
    side=Side.BUY,
    kind=WalletKind.EOA,
    timestamp=1_713_398_400_000,
)
V1 = exchange_for("v1", neg_risk=False)


def published() -> list[dict[str, Any]]:
    path = SHARED / "vectors_order_signing.json"
    return list(json.loads(path.read_text())["vectors"]) if path.exists() else []


def test_keccak_and_checksummed_addresses_are_the_known_ones() -> None:
    assert eip712.keccak().hex() == (
        "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    )
    assert eip712.address_of(KEY) == ADDRESS
    assert eip712.checksummed(ADDRESS.lower()) == ADDRESS


def test_the_order_id_is_the_digest_and_the_exchange_is_in_it() -> None:
    assert order_id(ORDER, V1) == (
        "0x32961c48ddac87ed3582f8e02097cd0eff4fcf80460306bd44b3710438dfa64c"
    )
    ids = {
        order_id(ORDER, exchange_for(version, neg_risk=risk))
        for version, risk in (("v1", False), ("v1", True), ("v2", False))
    }
    assert len(ids) == 3


def test_a_market_of_another_version_has_no_exchange() -> None:
    assert exchange_for("v1", neg_risk=True).contract == NEG_RISK_EXCHANGE
    assert exchange_for("v2", neg_risk=True) == exchange_for("v2", neg_risk=False)
    with pytest.raises(ValueError, match="'v3' is unknown"):
        exchange_for("v3", neg_risk=False)


@pytest.mark.parametrize("kind", WalletKind)
def test_every_kind_of_signature_names_its_key_and_no_other_order(kind: WalletKind) -> None:
    order = msgspec.structs.replace(ORDER, kind=kind)
    signature = sign_order(KEY, order, V1)

    assert signer_of(signature, order, V1) == ADDRESS
    other = msgspec.structs.replace(order, maker_amount=order.maker_amount + 1)
    assert signer_of(signature, other, V1) != ADDRESS
    assert signer_of(signature, order, Exchange(NEG_RISK_EXCHANGE, "2")) != ADDRESS
    assert signer_of(signature, order, Exchange(EXCHANGE, "3")) != ADDRESS
    assert signer_of(signature[:-2], order, V1) is None


def test_a_deposit_wallets_signature_has_317_bytes() -> None:
    order = msgspec.structs.replace(ORDER, kind=WalletKind.DEPOSIT)
    signature = sign_order(KEY, order, V1)

    assert len(signature) == 636
    assert signature.endswith("00ba")


def test_the_same_signature_written_with_the_upper_half_of_s_is_refused() -> None:
    message = eip712.keccak(b"x")
    good = eip712.sign(KEY, message)
    upper = eip712.ORDER_OF_CURVE - int.from_bytes(good[32:64])
    twin = good[:32] + upper.to_bytes(32) + bytes([55 - good[64]])

    assert eip712.recover(good, message) == ADDRESS
    assert eip712.recover(twin, message) is None
    assert eip712.recover(bytes(64) + b"\x1b", message) is None
    assert eip712.recover(good[:64] + b"\x00", message) is None


@pytest.mark.parametrize("text", ["0x12", "f39f", "0x" + "g" * 40, "0x" + "é" * 40, ""])
def test_what_is_no_address_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match="hexadecimal digits"):
        eip712.address_word(text)


@pytest.mark.skipif(not published(), reason="../shared/data/polymarket is not here")
@pytest.mark.parametrize("vector", published(), ids=lambda v: str(v["name"]))
def test_every_published_signature_is_made_and_read(vector: dict[str, Any]) -> None:
    told = vector["order"]
    exchange = Exchange(told["verifyingContract"], told["domainVersion"], told["chainId"])
    order = OrderToSign(
        salt=int(told["salt"]),
        maker=told["maker"],
        signer=told["signer"],
        token=told["tokenId"],
        maker_amount=int(told["makerAmount"]),
        taker_amount=int(told["takerAmount"]),
        side=Side.SELL if told["side"] else Side.BUY,
        kind=WalletKind(told["signatureType"]),
        timestamp=int(told["timestamp"]),
        metadata=told["metadata"],
        builder=told["builder"],
    )

    assert order_id(order, exchange) == vector["orderHash"]
    assert sign_order(KEY, order, exchange) == vector["signature"]
    assert signer_of(vector["signature"], order, exchange) == ADDRESS


@pytest.mark.skipif(not SHARED.exists(), reason="../shared/data/polymarket is not here")
def test_the_contracts_are_the_published_ones() -> None:
    known = json.loads((SHARED / "contracts.json").read_text())["polygon_137"]

    assert exchange_for("v1", neg_risk=False).contract == known["ctf_exchange_v2"]
    assert exchange_for("v1", neg_risk=True).contract == known["neg_risk_ctf_exchange_v2"]
    assert exchange_for("v2", neg_risk=False).contract == known["exchange_v3"]
