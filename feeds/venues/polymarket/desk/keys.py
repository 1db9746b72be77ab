"""Who is calling: API credentials made from a wallet's word, and the seal on every private call.

Invariants: the same address and nonce always derive the same credentials; credentials are made once
and known only after that; a seal is checked over the exact bytes received, and its time against the
venue's clock (how far it may be off is not published: `skew` is assumed).
Source: polymarket sheet 2.1 to 2.3 and 11 ("auth"), read 2026-11-20.
"""

from base64 import urlsafe_b64encode
from hashlib import sha256

import msgspec

from feeds.venues.base import Reply, Request
from feeds.venues.polymarket.credentials import ApiKey, is_sealed, l1_signer, l2_seal
from feeds.venues.polymarket.desk.answers import (
    BAD_KEY,
    BAD_L1,
    NO_CREATE,
    NO_DERIVE,
    Refused,
    answer,
    uuid_of,
)
from feeds.venues.polymarket.eip712 import checksummed
from feeds.venues.polymarket.signing import POLYGON
from markets.terms.units import SECOND, Ns


class Caller(msgspec.Struct, frozen=True):
    """Whose credentials sealed a call."""

    key: str
    address: str


class Keys:
    """All credentials of the venue."""

    def __init__(self, seed: int, skew: Ns) -> None:
        self._seed = seed
        self._skew = skew
        self._made: dict[tuple[str, int], ApiKey] = {}
        self._by_id: dict[str, tuple[ApiKey, str]] = {}

    def create(self, request: Request, at: Ns) -> Reply:
        """`POST /auth/api-key`."""
        address, nonce = self._wallet(request, at)
        if (address, nonce) in self._made:
            raise Refused(400, NO_CREATE)
        made = self._derive(address, nonce)
        self._made[address, nonce] = made
        self._by_id[made.api_key] = (made, address)
        return answer(made)

    def derive(self, request: Request, at: Ns) -> Reply:
        """`GET /auth/derive-api-key`."""
        made = self._made.get(self._wallet(request, at))
        if made is None:
            raise Refused(400, NO_DERIVE)
        return answer(made)

    def list_of(self, caller: Caller) -> Reply:
        """`GET /auth/api-keys`: this address's keys."""
        names = [name for name, (_, owner) in self._by_id.items() if owner == caller.address]
        return answer({"apiKeys": names})

    def delete(self, caller: Caller) -> Reply:
        """`DELETE /auth/api-key`: the key that asks."""
        self._by_id.pop(caller.key)
        for place in [p for p, made in self._made.items() if made.api_key == caller.key]:
            del self._made[place]
        return answer("OK")

    def caller(self, request: Request, at: Ns) -> Caller:
        """Who sealed this call. Errors: `Refused` 401."""
        told = dict(request.headers)
        found = self._by_id.get(told.get("poly_api_key", ""))
        moment = told.get("poly_timestamp", "")
        if found is None or not self._is_now(moment, at):
            raise Refused(401, BAD_KEY)
        key, owner = found
        expected = l2_seal(key.secret, moment, request.method, request.path, request.body)
        is_right = (
            told.get("poly_passphrase") == key.passphrase
            and told.get("poly_address", "").lower() == owner.lower()
            and is_sealed(told.get("poly_signature", ""), expected)
        )
        if not is_right:
            raise Refused(401, BAD_KEY)
        return Caller(key.api_key, owner)

    def known(self, key: ApiKey) -> Caller | None:
        """Who these credentials belong to, as the user socket asks; None when they are wrong."""
        found = self._by_id.get(key.api_key)
        return Caller(key.api_key, found[1]) if found and found[0] == key else None

    def _wallet(self, request: Request, at: Ns) -> tuple[str, int]:
        told = dict(request.headers)
        address, moment = told.get("poly_address", ""), told.get("poly_timestamp", "")
        nonce = told.get("poly_nonce", "0")
        if not (self._is_now(moment, at) and nonce.isascii() and nonce.isdecimal()):
            raise Refused(401, BAD_L1)
        who = l1_signer(told.get("poly_signature", ""), address, moment, int(nonce), POLYGON)
        if who is None or who.lower() != address.lower():
            raise Refused(401, BAD_L1)
        return checksummed(who), int(nonce)

    def _is_now(self, moment: str, at: Ns) -> bool:
        if not (moment.isascii() and moment.isdecimal()):
            return False
        return abs(int(moment) * SECOND - at) <= self._skew

    def _derive(self, address: str, nonce: int) -> ApiKey:
        name = f"{self._seed} {address} {nonce}"
        secret = urlsafe_b64encode(sha256(f"secret {name}".encode()).digest()).decode()
        return ApiKey(uuid_of(f"key {name}"), secret, sha256(f"pass {name}".encode()).hexdigest())
