"""Kalshi's frames and replies exactly as on the wire, as far as we read them.

Unknown fields are ignored; every optional field may be absent or null. Prices and counts stay text
here: `parse` makes integers of them. Source: kalshi sheet 3.3-3.6 and 4.2-4.7 (spec of late
September 2026, recordings of July to October 2026).
"""

from decimal import Decimal

import msgspec

Row = tuple[str, str]


class SnapshotBody(msgspec.Struct, frozen=True, gc=False):
    """A side without orders is absent. Bids of both outcomes, ascending, best last."""

    market_ticker: str
    yes_dollars_fp: list[Row] | None = None
    no_dollars_fp: list[Row] | None = None


class Snapshot(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="orderbook_snapshot"):
    """The whole book of one market."""

    sid: int
    msg: SnapshotBody
    seq: int | None = None
    id: int | None = None
    sending_ts_ms: int | None = None


class DeltaBody(msgspec.Struct, frozen=True, gc=False):
    """A level of the `yes` or `no` bids grew or shrank."""

    market_ticker: str
    price_dollars: str
    delta_fp: str
    side: str
    ts_ms: int | None = None


class Delta(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="orderbook_delta"):
    """One change of one level."""

    sid: int
    msg: DeltaBody
    seq: int | None = None
    sending_ts_ms: int | None = None


class TradeBody(msgspec.Struct, frozen=True, gc=False):
    """A public print. `taker_side` is the old name of `taker_outcome_side`."""

    market_ticker: str
    yes_price_dollars: str
    count_fp: str
    taker_outcome_side: str | None = None
    taker_side: str | None = None
    is_block_trade: bool | None = None
    ts_ms: int | None = None


class Trade(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="trade"):
    """A public print; its channel has its own counter, sometimes none."""

    msg: TradeBody
    sid: int | None = None
    seq: int | None = None
    sending_ts_ms: int | None = None


class SubscribedBody(msgspec.Struct, frozen=True, gc=False):
    """Which channel got which subscription id."""

    channel: str
    sid: int


class Subscribed(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="subscribed"):
    """A channel is open. Takes no sequence number; its `sid` stands in the body."""

    msg: SubscribedBody
    id: int | None = None
    sid: int | None = None
    seq: int | None = None
    sending_ts_ms: int | None = None


class Ok(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="ok"):
    """A command was carried out. Takes a sequence number of its subscription where it names one."""

    id: int | None = None
    sid: int | None = None
    seq: int | None = None
    sending_ts_ms: int | None = None


class Unsubscribed(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="unsubscribed"):
    """A subscription ended. Takes a sequence number."""

    sid: int
    id: int | None = None
    seq: int | None = None
    sending_ts_ms: int | None = None


class ErrorBody(msgspec.Struct, frozen=True, gc=False):
    """Code of sheet 4.7 with its text."""

    code: int
    msg: str = ""
    market_ticker: str | None = None


class Error(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="error"):
    """A command failed, or a subscription died."""

    msg: ErrorBody
    id: int | None = None
    sid: int | None = None
    seq: int | None = None
    sending_ts_ms: int | None = None


class Band(msgspec.Struct, frozen=True, gc=False):
    """One band of `price_ranges`."""

    start: str
    end: str
    step: str


class LifecycleBody(msgspec.Struct, frozen=True, gc=False):
    """A change in a market's life. Times are Unix seconds."""

    market_ticker: str
    event_type: str
    is_deactivated: bool | None = None
    close_ts: int | None = None
    result: str | None = None
    settlement_value: str | None = None
    price_ranges: list[Band] | None = None


class Lifecycle(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="market_lifecycle_v2"):
    """All markets of the exchange speak here, not only ours."""

    msg: LifecycleBody
    sid: int | None = None
    seq: int | None = None
    sending_ts_ms: int | None = None


class FeeUpdateBody(msgspec.Struct, frozen=True, gc=False):
    """Overrides of an event's fees; null is cleared."""

    event_ticker: str
    fee_type_override: str | None = None
    fee_multiplier_override: Decimal | None = None


class FeeUpdate(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="event_fee_update"):
    """An event's fees change, as at the first pitch of a baseball game."""

    msg: FeeUpdateBody
    sid: int | None = None
    seq: int | None = None
    sending_ts_ms: int | None = None


class EventLifecycle(
    msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="event_lifecycle"
):
    """A new event; the catalogue finds it by itself."""

    sid: int | None = None
    seq: int | None = None
    sending_ts_ms: int | None = None


Frame = (
    Snapshot
    | Delta
    | Trade
    | Subscribed
    | Ok
    | Unsubscribed
    | Error
    | Lifecycle
    | FeeUpdate
    | EventLifecycle
)


class Envelope(msgspec.Struct, frozen=True, gc=False):
    """What every frame may carry: enough to count one we cannot read."""

    type: str | None = None
    sid: int | None = None
    seq: int | None = None


class Source(msgspec.Struct, frozen=True):
    """Where a result is looked up."""

    name: str | None = None
    url: str | None = None


class Market(msgspec.Struct, frozen=True):
    """A market as `GET /markets/{ticker}` and nested in events."""

    ticker: str
    event_ticker: str = ""
    market_type: str = "binary"
    title: str = ""
    yes_sub_title: str | None = None
    status: str = ""
    result: str | None = None
    settlement_value_dollars: str | None = None
    open_time: str | None = None
    close_time: str | None = None
    expected_expiration_time: str | None = None
    notional_value_dollars: str | None = None
    price_ranges: list[Band] | None = None
    rules_primary: str | None = None
    rules_secondary: str | None = None
    exchange_index: int | None = None
    mve_collection_ticker: str | None = None
    strike_type: str | None = None
    floor_strike: msgspec.Raw = msgspec.Raw(b"null")
    cap_strike: msgspec.Raw = msgspec.Raw(b"null")
    can_close_early: bool | None = None
    early_close_condition: str | None = None


class Event(msgspec.Struct, frozen=True):
    """An event with its nested markets."""

    event_ticker: str
    series_ticker: str | None = None
    title: str = ""
    sub_title: str | None = None
    category: str | None = None
    settlement_sources: list[Source] | None = None
    fee_type_override: str | None = None
    fee_multiplier_override: Decimal | None = None
    mutually_exclusive: bool | None = None
    markets: list[Market] | None = None


class Milestone(msgspec.Struct, frozen=True):
    """A real occurrence; `start_date` is the best start of a game there is."""

    start_date: str | None = None
    primary_event_tickers: list[str] | None = None
    related_event_tickers: list[str] | None = None


class EventPage(msgspec.Struct, frozen=True):
    """`GET /events`."""

    events: list[Event] | None = None
    cursor: str | None = None
    milestones: list[Milestone] | None = None


class EventReply(msgspec.Struct, frozen=True):
    """`GET /events/{ticker}`; markets stand inside or at the top level."""

    event: Event
    markets: list[Market] | None = None


class MarketReply(msgspec.Struct, frozen=True):
    """`GET /markets/{ticker}`."""

    market: Market


class Series(msgspec.Struct, frozen=True):
    """A series with its fees."""

    ticker: str
    category: str | None = None
    fee_type: str | None = None
    fee_multiplier: Decimal | None = None


class SeriesList(msgspec.Struct, frozen=True):
    """`GET /series`: all of them, no paging."""

    series: list[Series] | None = None


class SeriesReply(msgspec.Struct, frozen=True):
    """`GET /series/{ticker}`."""

    series: Series


class BookSides(msgspec.Struct, frozen=True):
    """A REST book: bids of both outcomes, ascending, best last; a side may be missing or null."""

    yes_dollars: list[Row] | None = None
    no_dollars: list[Row] | None = None


class OlderSides(msgspec.Struct, frozen=True):
    """A REST book as sent before 2026-03-12: whole cents and whole contracts."""

    yes: list[tuple[int, int]] | None = None
    no: list[tuple[int, int]] | None = None
