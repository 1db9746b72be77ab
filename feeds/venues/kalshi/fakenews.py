"""What happened inside the Kalshi fake, for its sockets and its delayed reads to tell.

Order matters: a `Hit` is one maker met (one delta and one print with the same time), a `Shift` says
that the book of a market is otherwise than was told.
"""

from typing import Any

import msgspec

from markets.terms.units import Ns, Px, Qty
from trading.engine.orders import Side


class Order(msgspec.Struct):
    """An order as the venue keeps it. `count` is what was asked for in all."""

    id: str
    client_id: str
    account: str
    subaccount: int
    holder: str
    ticker: str
    shard: int
    side: Side
    px: Px
    count: Qty
    stp: str
    tif: str
    created: Ns
    updated: Ns
    left: Qty
    expires_at: Ns | None = None
    reduce_only: bool = False
    post_only: bool = False
    dies_on_pause: bool = False
    group: str = ""
    status: str = "resting"
    filled: int = 0
    taker_cost: int = 0
    maker_cost: int = 0
    taker_fees: int = 0
    maker_fees: int = 0
    yes_cost: int = 0
    is_buy: bool = True


class Hit(msgspec.Struct, frozen=True):
    """One maker was met. `side` is the taker's, of YES;"""

    ticker: str
    key: str
    side: Side
    px: Px
    qty: Qty
    at: Ns


class Print(msgspec.Struct, frozen=True):
    """A public trade between others; what it did to the book is told by a `Shift`."""

    ticker: str
    key: str
    side: Side
    px: Px
    qty: Qty
    at: Ns


class Shift(msgspec.Struct, frozen=True):
    """The book of a market changed; `order` caused it, if an order did."""

    ticker: str
    at: Ns
    order: Order | None = None


class Filled(msgspec.Struct, frozen=True):
    """An account's fill; `held` is its position after it, signed."""

    order: Order
    key: str
    px: Px
    qty: Qty
    fee: int
    is_taker: bool
    held: int
    action: str
    at: Ns


class Updated(msgspec.Struct, frozen=True):
    """An order is as it is now; `reason` is the venue's word, empty for a new one."""

    order: Order
    reason: str
    at: Ns


class Grouped(msgspec.Struct, frozen=True):
    """Something happened to an order group."""

    account: str
    body: dict[str, Any]
    at: Ns


class Life(msgspec.Struct, frozen=True):
    """A lifecycle frame, of the named type."""

    kind: str
    body: dict[str, Any]
    at: Ns


class Settled(msgspec.Struct, frozen=True):
    """A market paid an account's part; `record` is the settlement's row."""

    account: str
    subaccount: int
    ticker: str
    record: dict[str, Any]
    at: Ns


class Cleared(msgspec.Struct, frozen=True):
    """A market's book is gone: an empty snapshot."""

    ticker: str
    at: Ns


News = Hit | Print | Shift | Filled | Updated | Grouped | Life | Settled | Cleared
