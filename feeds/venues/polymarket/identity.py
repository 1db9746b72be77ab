"""Who trades at Polymarket: the key that signs, the wallet that holds the funds, and the API key.

Invariants: what is secret stands in `Secret`; the owner's address follows from the key; a wallet of
its own contract (proxy, Safe, deposit wallet) must be named, a plain key is its own wallet.
Source: polymarket sheet 2.2 and 2.5, read 2026-11-20.
"""

import msgspec

from feeds.venues.polymarket.credentials import ApiKey, Headers, l1_headers, l2_headers
from feeds.venues.polymarket.eip712 import address_of, bytes_of, checksummed
from feeds.venues.polymarket.signing import POLYGON, WalletKind
from feeds.venues.secret import Secret
from markets.terms.units import SECOND, Ns


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """A signing key and its wallet; `api` is empty until it was derived or given."""

    key: Secret[bytes]
    owner: str
    wallet: str
    kind: WalletKind
    api: Secret[ApiKey] | None = None

    @property
    def signer(self) -> str:
        """What stands in an order's `signer`: the wallet itself for a deposit wallet."""
        return self.wallet if self.kind is WalletKind.DEPOSIT else self.owner


def identity(key: str, funder: str = "", kind: str = "") -> Identity:
    """From texts as people keep them: hexadecimal key, wallet address, `0` to `3`.

    A named wallet without a kind is a deposit wallet, the only kind that new accounts have.
    Errors: `ValueError` in one sentence that never quotes the key.
    """
    try:
        raw = bytes_of(key if key[:2] in ("0x", "0X") else f"0x{key}", 32)
        owner = address_of(raw)
    except ValueError:
        raise ValueError("the private key is not 64 hexadecimal digits of a valid key") from None
    chosen = _kind(kind, funder)
    if chosen is WalletKind.EOA:
        if funder and checksummed(funder) != owner:
            raise ValueError(
                f"signature type 0 signs for its own address {owner}, not for {funder}"
            )
        return Identity(key=Secret(raw), owner=owner, wallet=owner, kind=chosen)
    if not funder:
        raise ValueError(f"signature type {int(chosen)} needs the wallet's address as well")
    return Identity(key=Secret(raw), owner=owner, wallet=checksummed(funder), kind=chosen)


def sealed(who: Identity, method: str, path: str, body: bytes, at: Ns) -> Headers:
    """The headers of one private call. Errors: `ValueError` while there is no API key."""
    if who.api is None:
        raise ValueError("there is no API key yet; derive it first")
    return l2_headers(who.api.reveal(), who.owner, at // SECOND, (method, path, body))


def introduced(who: Identity, at: Ns, nonce: int = 0) -> Headers:
    """The headers that ask for an API key."""
    return l1_headers(who.key.reveal(), at // SECOND, nonce, POLYGON)


def _kind(text: str, funder: str) -> WalletKind:
    if not text:
        return WalletKind.DEPOSIT if funder else WalletKind.EOA
    try:
        return WalletKind(int(text))
    except ValueError:
        raise ValueError(f"signature type {text!r} is none of 0, 1, 2, 3") from None
