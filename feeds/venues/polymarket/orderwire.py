"""Records of our orders and trades as REST lists them and the user socket tells them.

Only the keys we read; amounts stay texts, and any of them may be empty. Nothing is judged here.
Source: polymarket sheet 3.8 and 5.5, read 2026-11-20.
"""

import msgspec

from feeds.venues.polymarket.wire import Text
from markets.terms.units import micros_from_text

PREFIX = "TRADE_STATUS_"
ORDER, TRADE = "order", "trade"
FIRST, END = "MA==", "LTE="


class MakerPart(msgspec.Struct, gc=False):
    """One maker's share of a trade; it may stand on the other token, at the complement's price."""

    order_id: str
    matched_amount: str = ""
    price: str = ""
    asset_id: str = ""
    side: str = ""


class TradeRecord(msgspec.Struct, gc=False):
    """One trade: `side`, `size`, `price` and `asset_id` are the taker's."""

    id: str
    taker_order_id: str = ""
    asset_id: str = ""
    side: str = ""
    size: str = ""
    price: str = ""
    status: str = ""
    match_time: Text = ""
    maker_orders: list[MakerPart] | None = None


class OrderRecord(msgspec.Struct, gc=False):
    """One order. `type` and socket-only statuses stand in frames alone."""

    id: str
    status: str = ""
    market: str = ""
    asset_id: str = ""
    side: str = ""
    price: str = ""
    original_size: str = ""
    size_matched: str = ""
    associate_trades: list[str] | None = None
    type: str = ""


class OrderPage(msgspec.Struct):
    """A page of open orders."""

    data: list[OrderRecord]
    next_cursor: str = END


class TradePage(msgspec.Struct):
    """A page of trades."""

    data: list[TradeRecord]
    next_cursor: str = END


class Kind(msgspec.Struct):
    """What a frame of the user socket is."""

    event_type: str = ""


class Balance(msgspec.Struct):
    """The venue's cached view of a wallet, in base units, and what each contract may take."""

    balance: str
    allowances: dict[str, str] = {}
    allowance: str = ""


def amount(text: str) -> int:
    """Millionths of a text that may be empty. Errors: `ValueError`."""
    return micros_from_text(text) if text else 0


def plain(status: str) -> str:
    """A trade's status without REST's prefix."""
    return status.removeprefix(PREFIX)
