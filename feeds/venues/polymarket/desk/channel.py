"""The user socket: who listens, and which of the news each hears.

Invariants: nothing is heard before the credentials of the first frame are right, nor replayed after
a connection ends; without a list of markets the whole account is heard. What the venue does to
wrong credentials is not published; here the connection ends as for any invalid subscription.
Source: polymarket sheet 2.3 and 5.5, read 2026-11-20.
"""

from typing import Any

import msgspec

from feeds.venues.base import FakeOutput, Hangup, ToClient
from feeds.venues.polymarket.credentials import ApiKey
from feeds.venues.polymarket.desk.keys import Caller, Keys
from feeds.venues.polymarket.desk.orders import News

POLICY_VIOLATION = 1008
INVALID = "invalid subscription payload"


class _Listener:
    def __init__(self) -> None:
        self.caller: Caller | None = None
        self.markets: dict[str, None] | None = None


class UserChannel:
    """Every connection to `/ws/user`."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._listeners: dict[int, _Listener] = {}

    def connected(self, conn: int) -> None:
        """Somebody is there; nothing is said."""
        self._listeners[conn] = _Listener()

    def disconnected(self, conn: int) -> None:
        """Nothing survives a connection."""
        self._listeners.pop(conn, None)

    def is_here(self, conn: int) -> bool:
        """Whether the connection is one of this channel."""
        return conn in self._listeners

    def received(self, conn: int, text: str) -> list[FakeOutput]:
        """The first frame's credentials, a change of markets, or a PING."""
        listener = self._listeners[conn]
        if text == "PING" and listener.caller is not None:
            return [ToClient(conn, "PONG")]
        asked = _asked(text)
        if asked is None:
            return self._hang_up(conn)
        markets = [m for m in asked.get("markets") or () if isinstance(m, str)]
        if listener.caller is None:
            listener.caller = self._caller(asked)
            listener.markets = dict.fromkeys(markets) if markets else None
            return [] if listener.caller else self._hang_up(conn)
        if asked.get("operation") == "subscribe":
            listener.markets = {**(listener.markets or {}), **dict.fromkeys(markets)}
        elif asked.get("operation") == "unsubscribe" and listener.markets is not None:
            for name in markets:
                listener.markets.pop(name, None)
        return []

    def tell(self, news: list[News]) -> list[FakeOutput]:
        """Each piece to those it concerns."""
        return [
            ToClient(conn, msgspec.json.encode(piece.frame).decode())
            for piece in news
            for conn, listener in self._listeners.items()
            if listener.caller is not None
            and listener.caller.address == piece.address
            and (listener.markets is None or piece.native in listener.markets)
        ]

    def _caller(self, asked: dict[str, Any]) -> Caller | None:
        if asked.get("type") != "user":
            return None
        try:
            return self._keys.known(msgspec.convert(asked.get("auth"), ApiKey))
        except msgspec.ValidationError:
            return None

    def _hang_up(self, conn: int) -> list[FakeOutput]:
        self._listeners.pop(conn, None)
        return [Hangup(conn, POLICY_VIOLATION, INVALID)]


def _asked(text: str) -> dict[str, Any] | None:
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
