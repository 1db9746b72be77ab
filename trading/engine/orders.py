"""Orders and fills: what we ask a venue for, and what we know came of it.

An order's truth is its fills and its state; `UNKNOWN` may still become anything. The transition
table is data:
`NEXT[state]` lists where an order may go. Filled never exceeds the size; what has ended stays
ended, whatever fills still come or are taken back.
"""

from enum import StrEnum

import msgspec

from markets.terms.ids import DealId, MarketId, OrderId
from markets.terms.units import Ns, Px, Qty, Usd


class Side(StrEnum):
    """Of the named outcome. Selling is only ever of what we hold."""

    BUY = "buy"
    SELL = "sell"


class TimeInForce(StrEnum):
    """IOC takes what is there and drops the rest, FOK all or nothing, GTC rests."""

    IOC = "ioc"
    FOK = "fok"
    GTC = "gtc"


class BookKind(StrEnum):
    """Where an intent is carried out: at the venue with money, at the simulated exchange, or
    nowhere, for the self-test.
    """

    LIVE = "live"
    PAPER = "paper"
    TEST = "test"


class Purpose(StrEnum):
    """Why an order was sent."""

    OPEN = "open"
    HEDGE = "hedge"
    UNWIND = "unwind"


class OrderRequest(msgspec.Struct, frozen=True, gc=False):
    """An order as we want it. `px` is the worst price we accept, `qty` contracts of `outcome`.

    `placed_at` is the engine's time when it asked: times and salts that a signature covers derive
    from it and from `id`, so that the venue's own id of the order can be computed again from the
    journal. A resting order ends at the venue by itself at `expires_at`; 0 is never.
    """

    id: OrderId
    deal: DealId
    leg: int
    market: MarketId
    outcome: int
    side: Side
    px: Px
    qty: Qty
    tif: TimeInForce
    book: BookKind
    purpose: Purpose
    deadline_ms: int = 5_000
    placed_at: Ns = Ns(0)
    post_only: bool = False
    expires_at: Ns = Ns(0)


class OrderState(StrEnum):
    """See `NEXT`."""

    SENT = "sent"
    OPEN = "open"
    PART = "part"
    FILLED = "filled"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


_S = OrderState
NEXT: dict[OrderState, tuple[OrderState, ...]] = {
    _S.SENT: (_S.OPEN, _S.PART, _S.FILLED, _S.REJECTED, _S.CANCELLED, _S.UNKNOWN),
    _S.OPEN: (_S.PART, _S.FILLED, _S.CANCELLED, _S.UNKNOWN),
    _S.PART: (_S.PART, _S.FILLED, _S.CANCELLED, _S.UNKNOWN),
    _S.UNKNOWN: (_S.OPEN, _S.PART, _S.FILLED, _S.REJECTED, _S.CANCELLED, _S.UNKNOWN),
    _S.FILLED: (_S.CANCELLED,),  # a fill may be taken back: it ended with less
    _S.REJECTED: (),
    _S.CANCELLED: (_S.PART, _S.FILLED),  # a fill may overtake the word of the cancellation
}
TERMINAL = (OrderState.FILLED, OrderState.REJECTED, OrderState.CANCELLED)


class Finality(StrEnum):
    """How sure a fill is: Polymarket may take a matched fill back until it is confirmed."""

    MATCHED = "matched"
    FINAL = "final"
    FAILED = "failed"


class Fill(msgspec.Struct, frozen=True, gc=False):
    """A trade of ours.

    `key` is unique for ever (venue trade id and order id); `fee` is in money, for the whole fill.
    """

    key: str
    order: OrderId
    market: MarketId
    outcome: int
    side: Side
    px: Px
    qty: Qty
    fee: Usd
    at: Ns
    finality: Finality = Finality.FINAL


class Order(msgspec.Struct, frozen=True, gc=False):
    """An order and what is known of it.

    `cost` is money paid (buys) or received (sells) before fees. `taken_back` counts contracts whose
    fills failed after they were told. A venue that delays the order decides at about `until`.
    `cancel_at` is when we asked for its end.
    """

    request: OrderRequest
    state: OrderState
    sent_at: Ns
    changed_at: Ns
    filled: Qty = Qty(0)
    cost: Usd = Usd(0)
    fees: Usd = Usd(0)
    venue_order: str = ""
    reason: str = ""
    taken_back: Qty = Qty(0)
    until: Ns = Ns(0)
    cancel_at: Ns = Ns(0)
