"""The user socket: our orders and trades as they happen.

It replays nothing and acknowledges nothing; it counts as ready once it answered the first PING, for
wrong credentials end it. Invariants: a trade is told once when it is matched and once when it is
final; what only a question explains (an immediate order that came to rest after its delay, what is
none of ours or cannot be read) asks for a statement, with which open orders are looked up. The
first frame carries the API key: its text is not shown.
Source: polymarket sheet 2.3, 5.1 and 5.5, read 2026-11-20.
"""

from collections.abc import Callable

import msgspec

from feeds.venues.base import Drop, Emit, Fault, Output, Send
from feeds.venues.polymarket import encode
from feeds.venues.polymarket.catalogue import VENUE
from feeds.venues.polymarket.fills import fills_of
from feeds.venues.polymarket.flows import DELAYED, MATCHED, RESTING
from feeds.venues.polymarket.known import FINAL, Known
from feeds.venues.polymarket.orderwire import (
    ORDER,
    TRADE,
    Kind,
    OrderRecord,
    TradeRecord,
    amount,
    plain,
)
from markets.terms.units import MS, SECOND, Ns, Qty
from trading.engine.events import Event, OrderAccepted, OrderCancelled, OrderDelayed, OrderFilled
from trading.engine.orders import OrderRequest
from trading.runtime.gateway import VenueUnreachable

PING_EVERY = Ns(10 * SECOND)
SILENT = Ns(30 * SECOND)
DETAIL = 200

_kind = msgspec.json.Decoder(Kind)
_order = msgspec.json.Decoder(OrderRecord)
_trade = msgspec.json.Decoder(TradeRecord)
_raws = msgspec.json.Decoder(list[msgspec.Raw])


class Greeting(Send, frozen=True):
    """The first frame, which carries the API key."""

    def __repr__(self) -> str:
        return "Greeting(hidden)"


class PolymarketPrivate:
    """One socket's conversation about the account; may be opened again."""

    def __init__(self, known: Known, strange: Callable[[], None]) -> None:
        self._known = known
        self._strange = strange
        self.is_ready = False
        self._heard_at = self._pinged_at = Ns(0)

    def handshake(self, at: Ns) -> tuple[tuple[str, str], ...]:
        """None: the key is in the first frame. Errors: `VenueUnreachable` while there is none."""
        if self._known.who.api is None:
            raise VenueUnreachable(VENUE, "there is no API key yet", sent=False)
        return ()

    def opened(self, at: Ns) -> list[Output]:
        """The whole account, in every market."""
        self.is_ready = False
        self._heard_at = self._pinged_at = at
        api = self._known.who.api
        if api is None:
            return [Drop("there is no API key yet")]
        key = api.reveal()
        auth = {"apiKey": key.api_key, "secret": key.secret, "passphrase": key.passphrase}
        first = msgspec.json.encode({"type": "user", "auth": auth}).decode()
        return [Greeting(first), Send("PING")]

    def received(self, frame: str, at: Ns) -> list[Output]:
        """What a frame says."""
        self._heard_at = at
        if frame == "PONG":
            self.is_ready = True
            return []
        try:
            raws = _raws.decode(frame) if frame.startswith("[") else [msgspec.Raw(frame.encode())]
            return [Emit(event) for raw in raws for event in self._one(raw, at)]
        except (msgspec.MsgspecError, ValueError, RecursionError) as problem:
            # It may have been a fill.
            self._strange()
            return [Fault("unreadable", f"{problem}: {frame[:DETAIL]}")]

    def ticked(self, at: Ns) -> list[Output]:
        """Ping, and give up on who does not answer."""
        if at - self._heard_at >= SILENT:
            return [Drop(f"silent for {SILENT // SECOND} s")]
        if at - self._pinged_at < PING_EVERY:
            return []
        self._pinged_at = at
        return [Send("PING")]

    def closed(self, at: Ns, reason: str) -> list[Output]:
        """What happens from now on must be asked for."""
        self.is_ready = False
        return []

    def _one(self, raw: msgspec.Raw, at: Ns) -> list[Event]:
        kind = _kind.decode(raw).event_type
        if kind == TRADE:
            return self._traded(_trade.decode(raw), at)
        return self._ordered(_order.decode(raw), at) if kind == ORDER else []

    def _traded(self, trade: TradeRecord, at: Ns) -> list[Event]:
        events = traded(self._known, trade, at)
        if not events and trade.id not in self._known.trades:
            self._strange()
        return events

    def _ordered(self, record: OrderRecord, at: Ns) -> list[Event]:
        known, request = self._known, self._known.find(record.id)
        if request is None:
            self._strange()
            return []
        if record.type == "CANCELLATION":
            known.waiting.pop(record.id, None)
            filled = Qty(amount(record.size_matched)) if record.size_matched else None
            reason = record.status.partition("_")[2] or f"The venue says {record.status}."
            return [OrderCancelled(at, request.id, filled, reason)]
        if record.status == DELAYED:
            delay = known.market(request).delay_ms
            known.waiting[record.id] = None
            return [OrderDelayed(at, request.id, record.id, Ns(at + delay * MS if delay else 0))]
        return self._after_delay(request, record, at)

    def _after_delay(self, request: OrderRequest, record: OrderRecord, at: Ns) -> list[Event]:
        """Of orders that never waited, the answer to their sending tells the rest."""
        if record.id not in self._known.waiting or record.status not in (*RESTING, MATCHED):
            return []
        del self._known.waiting[record.id]
        if record.status == MATCHED:
            return []
        if encode.leaves_rest(request):
            self._strange()
            return []
        return [OrderAccepted(at, request.id, record.id)]


def traded(known: Known, trade: TradeRecord, at: Ns) -> list[Event]:
    """Our fills of a trade, where it is new or has become final.

    Errors: `ValueError` when its numbers cannot be read.
    """
    fills = fills_of(trade, known, at)
    status = plain(trade.status)
    is_first = trade.id not in known.trades
    if not fills or not known.note(trade.id, status) or not (is_first or status in FINAL):
        return []
    return [OrderFilled(at, fill) for fill in fills]
