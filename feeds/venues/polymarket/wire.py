"""Polymarket's frames and replies exactly as on the wire, reduced to the keys we read.

Prices, sizes and times are texts; unknown keys are skipped by the decoder; `event_type` may stand
anywhere. Nothing is judged here. Source: polymarket sheet sections 4.1, 4.3 and 5.3, read
2026-11-20.
"""

from decimal import Decimal

import msgspec

from feeds.venues.base import USER_AGENT

Text = str | int
# The venue refuses Python's own name for itself (sheet 1).
AGENT = (("User-Agent", USER_AGENT),)


class Level(msgspec.Struct, gc=False):
    """One price level."""

    price: str
    size: str


class BookBody(msgspec.Struct, gc=False):
    """A book as `/book` and `/books` answer it; the socket adds `event_type`."""

    asset_id: str
    bids: list[Level]
    asks: list[Level]
    timestamp: Text = ""
    market: str = ""
    hash: str = ""
    tick_size: str | None = None


class BookFrame(BookBody, gc=False, tag_field="event_type", tag="book"):
    """A full snapshot of one token."""


class Element(msgspec.Struct, gc=False):
    """One level's new total; `size` "0" says it is gone, `side` BUY is the bid side."""

    asset_id: str
    price: str
    size: str
    side: str
    hash: str = ""
    best_bid: str | None = None
    best_ask: str | None = None


class OldChange(msgspec.Struct, gc=False):
    """A change as sent before 2025-09-15; its token stands on the envelope."""

    price: str
    size: str
    side: str


class PriceChange(msgspec.Struct, gc=False, tag_field="event_type", tag="price_change"):
    """Changed levels, usually of both tokens of one market."""

    market: str = ""
    timestamp: Text = ""
    price_changes: list[Element] = []
    asset_id: str = ""
    hash: str = ""
    changes: list[OldChange] = []


class LastTrade(msgspec.Struct, gc=False, tag_field="event_type", tag="last_trade_price"):
    """A public trade; `side` is the taker's."""

    asset_id: str
    price: str
    size: str
    side: str
    timestamp: Text = ""
    market: str = ""


class BestBidAsk(msgspec.Struct, gc=False, tag_field="event_type", tag="best_bid_ask"):
    """The venue's own view of the top of one token's book."""

    asset_id: str
    best_bid: str | None = None
    best_ask: str | None = None
    timestamp: Text = ""
    market: str = ""


class TickSizeChange(msgspec.Struct, gc=False, tag_field="event_type", tag="tick_size_change"):
    """A market's grid of prices changed."""

    asset_id: str
    new_tick_size: str
    old_tick_size: str = ""
    timestamp: Text = ""
    market: str = ""


class NewMarket(msgspec.Struct, gc=False, tag_field="event_type", tag="new_market"):
    """An announcement sent on every connection."""

    market: str | None = None
    assets_ids: list[str] | None = None


class MarketResolved(msgspec.Struct, gc=False, tag_field="event_type", tag="market_resolved"):
    """An outcome announced on every connection."""

    market: str | None = None
    assets_ids: list[str] = []
    winning_asset_id: str = ""


Frame = (
    BookFrame | PriceChange | LastTrade | BestBidAsk | TickSizeChange | NewMarket | MarketResolved
)

KNOWN = frozenset(
    (
        "book",
        "price_change",
        "last_trade_price",
        "best_bid_ask",
        "tick_size_change",
        "new_market",
        "market_resolved",
    )
)


class Subscription(msgspec.Struct, gc=False):
    """The first frame of a market socket."""

    assets_ids: list[str]
    type: str = "market"
    custom_feature_enabled: bool = True


class TokenAsked(msgspec.Struct, gc=False):
    """One entry of the body of `POST /books`."""

    token_id: str


class FeeSchedule(msgspec.Struct):
    """The fee rule of a market."""

    rate: Decimal | None = None
    exponent: Decimal | None = None
    takerOnly: bool | None = None  # noqa: N815  the venue's spelling


class Tag(msgspec.Struct):
    """A label of an event."""

    label: str = ""


class GammaMarket(msgspec.Struct, rename="camel"):
    """One market of the catalogue. List fields arrive as arrays or as text holding JSON."""

    condition_id: str
    question: str
    outcomes: msgspec.Raw = msgspec.Raw(b"null")
    version: str | None = None
    clob_token_ids: msgspec.Raw = msgspec.Raw(b"null")
    position_ids: msgspec.Raw = msgspec.Raw(b"null")
    slug: str | None = None
    description: str | None = None
    resolution_source: str | None = None
    active: bool = False
    closed: bool = False
    archived: bool = False
    accepting_orders: bool = False
    enable_order_book: bool = False
    neg_risk: bool | None = None
    neg_risk_other: bool | None = None
    order_min_size: Decimal | None = None
    order_price_min_tick_size: Decimal | None = None
    start_date: str | None = None
    end_date: str | None = None
    seconds_delay: int | None = None
    fees_enabled: bool | None = None
    fee_type: str | None = None
    fee_schedule: FeeSchedule | None = None
    group_item_title: str | None = None
    sports_market_type: str | None = None
    line: msgspec.Raw = msgspec.Raw(b"null")
    game_start_time: str | None = None
    event_start_time: str | None = None


class GammaEvent(msgspec.Struct, rename="camel"):
    """A group of markets of the catalogue."""

    id: str = ""
    slug: str | None = None
    title: str | None = None
    category: str | None = None
    tags: list[Tag] | None = None
    series_slug: str | None = None
    neg_risk: bool | None = None
    neg_risk_augmented: bool | None = None
    live: bool | None = None
    ended: bool | None = None
    period: str | None = None
    markets: list[msgspec.Raw] | None = None


class EventPage(msgspec.Struct):
    """One page of `/events/keyset`; the last one has no cursor."""

    events: list[msgspec.Raw]
    next_cursor: str | None = None
