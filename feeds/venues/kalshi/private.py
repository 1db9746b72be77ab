"""Kalshi's private channels on a socket of their own: our orders, fills and positions.

Nothing here is counted by the venue and nothing is said again after a reconnect, so it is an extra
road for what the answers and the lists say too. The socket is ready when all three channels are
subscribed; every ten seconds it is asked what it follows, and dropped when it does not answer.
Fills and orders that are none of ours ask for a statement, and so does what cannot be read.
Source: kalshi sheet 4.1-4.3 and 4.6, read 2026-11-20.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from feeds.venues.base import Drop, Emit, Fault, Output, Send
from feeds.venues.kalshi import replies, sign
from feeds.venues.kalshi.ours import Known, Ours
from markets.terms.units import SECOND, Ns
from trading.engine.events import OrderAccepted, OrderFilled

SOCKET_PATH = "/trade-api/ws/v2"
CHANNELS = ("fill", "user_orders", "market_positions")
PROBE = Ns(10 * SECOND)
PATIENCE = Ns(10 * SECOND)


class _Frame(msgspec.Struct, frozen=True):
    type: str
    id: int | None = None
    msg: msgspec.Raw = msgspec.Raw(b"null")


class _Subscribed(msgspec.Struct, frozen=True):
    channel: str


class _Position(msgspec.Struct, frozen=True):
    market_ticker: str
    position_fp: str


_FRAMES = msgspec.json.Decoder(_Frame)


class KalshiPrivate:
    """One socket's conversation about the account; may be opened again."""

    def __init__(
        self,
        keys: tuple[str, sign.PrivateKey] | None,
        ours: Ours,
        strange: Callable[[], None],
    ) -> None:
        self._keys = keys
        self._ours = ours
        self._strange = strange
        self._positions: dict[str, str] = {}
        self._by_type: dict[str, Callable[[msgspec.Raw, Ns], list[Output]]] = {
            "fill": self._on_fill,
            "user_order": self._on_order,
            "market_position": self._on_position,
            "subscribed": self._on_subscribed,
            "error": self._on_error,
        }
        self.is_ready = False
        self._begin(Ns(0))

    def _begin(self, at: Ns) -> None:
        self.is_ready = False
        self._subscribed: dict[str, None] = {}
        self._id = 0
        self._opened_at = self._heard_at = at
        self._probed_at = at

    def handshake(self, at: Ns) -> tuple[tuple[str, str], ...]:
        """Headers of the upgrade request."""
        if self._keys is None:
            return ()
        return sign.headers(*self._keys, at, "GET", SOCKET_PATH)

    def opened(self, at: Ns) -> list[Output]:
        """Subscribe to what concerns the account, in every market."""
        self._begin(at)
        return [self._command("subscribe", channels=list(CHANNELS))]

    def received(self, frame: str, at: Ns) -> list[Output]:
        """What a frame says."""
        self._heard_at = at
        try:
            said = _FRAMES.decode(frame)
            handler = self._by_type.get(said.type)
            return handler(said.msg, at) if handler else []
        except (msgspec.MsgspecError, ValueError, RecursionError) as problem:
            # It may have been a fill.
            self._strange()
            return [Fault("unreadable", f"{problem}: {frame[:200]}")]

    def ticked(self, at: Ns) -> list[Output]:
        """Ask whether anybody is there; pings alone do not prove it (sheet 4.1)."""
        if not self.is_ready and at - self._opened_at > PATIENCE:
            return [Drop("the private channels were not subscribed in time")]
        if at - max(self._heard_at, self._opened_at) > PROBE + PATIENCE:
            return [Drop("the private channel does not answer")]
        if at - max(self._heard_at, self._probed_at) > PROBE:
            self._probed_at = at
            return [self._command("list_subscriptions")]
        return []

    def closed(self, at: Ns, reason: str) -> list[Output]:
        """The socket is gone; what happens from now on must be read."""
        self.is_ready = False
        return []

    def _on_subscribed(self, raw: msgspec.Raw, at: Ns) -> list[Output]:
        self._subscribed[_body(raw, _Subscribed).channel] = None
        self.is_ready = all(channel in self._subscribed for channel in CHANNELS)
        return []

    def _on_fill(self, raw: msgspec.Raw, at: Ns) -> list[Output]:
        row = _body(raw, replies.FillRow)
        known = self._ours.of(row.order_id, row.client_order_id)
        if known is None:
            self._strange()
            return []
        fill = self._ours.fill(known, row, at)
        if fill is None:
            return []
        return [Emit(OrderFilled(at, fill)), *self._ending(known, at)]

    def _on_order(self, raw: msgspec.Raw, at: Ns) -> list[Output]:
        row = _body(raw, replies.OrderRow)
        known = self._ours.of(row.order_id, row.client_order_id)
        if known is None:
            self._strange()
            return []
        self._ours.row(known, row)
        if row.rests and not known.ended:
            return [Emit(OrderAccepted(at, known.request.id, row.order_id))]
        return self._ending(known, at)

    def _on_position(self, raw: msgspec.Raw, at: Ns) -> list[Output]:
        row = _body(raw, _Position)
        self._positions[row.market_ticker] = row.position_fp
        return []

    def _on_error(self, raw: msgspec.Raw, at: Ns) -> list[Output]:
        said: dict[str, Any] = _body(raw, dict[str, Any])
        text = f"{said.get('code')} {said.get('msg')}"
        return [Fault("private_error", text), Drop(f"the private channel failed: {text}")]

    def _ending(self, known: Known, at: Ns) -> list[Output]:
        ending = self._ours.ending(known, at)
        return [] if ending is None else [Emit(ending)]

    def _command(self, name: str, **params: object) -> Send:
        self._id += 1
        said: dict[str, object] = {"id": self._id, "cmd": name}
        if params:
            said["params"] = params
        return Send(msgspec.json.encode(said).decode())


def _body(raw: msgspec.Raw, kind: Any) -> Any:
    return msgspec.json.decode(raw, type=kind)
