"""Who a request to the Kalshi fake comes from, and what that key may do.

A key is registered with its public half. What is signed is `<ms><METHOD><path>` with the prefix and
without the query; the time must lie within five seconds. Without any registered key everybody is
the open account, so that a demonstration needs none. Public reads need no signature, but a wrong
one is refused there too.
Source: kalshi sheet 2.1-2.5 (recorded 2026-06-11), the codes of 2.5; the 403 body is our reading.
"""

import msgspec

from feeds.venues.base import Reply, Request
from feeds.venues.kalshi import sign
from feeds.venues.kalshi.fakesay import PREFIX, failure
from markets.terms.units import MS, SECOND, Ns

CLOCK_WINDOW = 5 * SECOND
OPEN_ACCOUNT = "open"
FULL = ("read", "write")
_PRIVATE = ("/portfolio", "/account", "/api_keys", "/communications")


class Key(msgspec.Struct, frozen=True):
    """A registered key. `locked` binds it to one subaccount; `attested_until` is when it stops
    trading sports, elections and entertainment, None when never attested.
    """

    id: str
    public: sign.PublicKey
    account: str = OPEN_ACCOUNT
    scopes: tuple[str, ...] = FULL
    locked: int | None = None
    name: str = "key"
    attested_until: Ns | None = None


class Caller(msgspec.Struct, frozen=True):
    """Whom a request speaks for."""

    account: str
    scopes: tuple[str, ...] = FULL
    locked: int | None = None

    def may(self, scope: str) -> bool:
        """Whether the scope, or its whole family, was given."""
        return scope in self.scopes or scope.partition("::")[0] in self.scopes


NOBODY = Caller("", ())


class Doorman:
    """Judges signatures against the registered keys."""

    def __init__(self, keys: tuple[Key, ...]) -> None:
        self._keys = {key.id: key for key in keys}

    def admit(self, request: Request, at: Ns) -> Caller | Reply:
        """Who it is, `NOBODY` for an unsigned public read, or the refusal."""
        if not self._keys:
            return Caller(OPEN_ACCOUNT)
        path = request.path.removeprefix(PREFIX)
        said = _headers(request)
        if "KALSHI-ACCESS-KEY" not in said and not path.startswith(_PRIVATE):
            return NOBODY
        if not said.get("KALSHI-ACCESS-SIGNATURE"):
            return failure(401, "signature_is_missing_from_headers")
        return self._judge(said, request.method, PREFIX + path, at)

    def upgrade(self, request: Request, at: Ns) -> Caller | Reply:
        """The same for a socket, which needs headers also for public channels."""
        if not self._keys:
            return Caller(OPEN_ACCOUNT)
        said = _headers(request)
        stamp = said.get("KALSHI-ACCESS-TIMESTAMP", "")
        if not (_is_number(stamp) and said.get("KALSHI-ACCESS-SIGNATURE")):
            return failure(401, "token_authentication_failure")
        return self._judge(said, "GET", request.path, at)

    def keys_of(self, caller: Caller) -> list[dict[str, object]]:
        """The account's keys as `GET /api_keys` lists them."""
        found: list[dict[str, object]] = []
        for key in self._keys.values():
            if key.account == caller.account:
                row: dict[str, object] = {
                    "api_key_id": key.id,
                    "name": key.name,
                    "scopes": list(key.scopes),
                }
                if key.attested_until is not None:
                    row["api_key_region_expiration_ts"] = key.attested_until // SECOND
                if key.locked is not None:
                    row["subaccount"] = key.locked
                found.append(row)
        return found

    def _judge(self, said: dict[str, str], method: str, path: str, at: Ns) -> Caller | Reply:
        stamp = said.get("KALSHI-ACCESS-TIMESTAMP", "")
        if not _is_number(stamp) or abs(int(stamp) * MS - at) > CLOCK_WINDOW:
            return failure(401, "header_timestamp_expired")
        key = self._keys.get(said.get("KALSHI-ACCESS-KEY", ""))
        if key is None:
            return _unknown("NOT_FOUND")
        if not sign.is_signed(key.public, said["KALSHI-ACCESS-SIGNATURE"], stamp, method, path):
            return _unknown("INCORRECT_API_KEY_SIGNATURE")
        return Caller(key.account, key.scopes, key.locked)


def forbidden(details: str) -> Reply:
    """A key that may not do this."""
    return failure(403, "forbidden", details=details)


def _unknown(details: str) -> Reply:
    return failure(401, "authentication_error", "authentication_error", details)


def _headers(request: Request) -> dict[str, str]:
    return {name.upper(): value for name, value in request.headers}


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()
