"""Who trades: keys and wallets as people write them."""

import pytest

from feeds.venues.polymarket.credentials import ApiKey, l2_seal
from feeds.venues.polymarket.identity import identity, introduced, sealed
from feeds.venues.polymarket.signing import WalletKind
from feeds.venues.secret import Secret
from markets.terms.units import SECOND, Ns

KEY = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
ADDRESS = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
WALLET = "0x" + "ab" * 20
AT = Ns(1_700_000_000 * SECOND)


def test_a_plain_key_is_its_own_wallet() -> None:
    me = identity(KEY)

    assert (me.owner, me.wallet, me.signer, me.kind) == (ADDRESS, ADDRESS, ADDRESS, WalletKind.EOA)
    assert identity(f"0x{KEY}", ADDRESS, "0") == me


def test_a_named_wallet_is_a_deposit_wallet_unless_said_otherwise() -> None:
    assert identity(KEY, WALLET).kind is WalletKind.DEPOSIT
    assert identity(KEY, WALLET).signer == identity(KEY, WALLET).wallet
    assert identity(KEY, WALLET, "2").signer == ADDRESS


@pytest.mark.parametrize(
    ("key", "funder", "kind", "words"),
    [
        ("12", "", "", "64 hexadecimal digits"),
        ("00" * 32, "", "", "64 hexadecimal digits"),
        (KEY, "", "3", "needs the wallet's address"),
        (KEY, WALLET, "0", "signs for its own address"),
        (KEY, WALLET, "4", "none of 0, 1, 2, 3"),
        (KEY, "0x12", "3", "hexadecimal digits"),
    ],
)
def test_what_does_not_fit_together_is_said_without_the_key(
    key: str, funder: str, kind: str, words: str
) -> None:
    with pytest.raises(ValueError, match=words) as refused:
        identity(key, funder, kind)
    assert key not in str(refused.value) or len(key) < 10


def test_calls_are_sealed_with_the_api_key() -> None:
    api = ApiKey("id", "c2VjcmV0", "pass")
    me = identity(KEY)
    with pytest.raises(ValueError, match="no API key"):
        sealed(me, "GET", "/x", b"", AT)

    from msgspec.structs import replace

    told = dict(sealed(replace(me, api=Secret(api)), "POST", "/order", b"{}", AT))
    assert told["POLY_SIGNATURE"] == l2_seal("c2VjcmV0", "1700000000", "POST", "/order", b"{}")
    assert told["POLY_ADDRESS"] == ADDRESS
    assert dict(introduced(me, AT))["POLY_TIMESTAMP"] == "1700000000"


def test_nothing_of_it_shows_the_key() -> None:
    assert KEY not in repr(identity(KEY))
