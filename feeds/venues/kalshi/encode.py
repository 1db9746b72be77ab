"""What we ask Kalshi to do with orders and about our account, as requests without a signature.

One YES book: buying NO at q is an `ask` at 1 - q, selling NO at q a `bid` at 1 - q. Prices and
counts are text, exact. The shard of the market is always named, so that nothing is routed by guess;
our order id is the client id. Sells are never `reduce_only`: YES and NO of a market net at the
venue at once, so that what the engine sells may be the other side's purchase there.
Source: kalshi sheet 3.1, 3.8-3.10 and 3.13, read 2026-11-20.
"""

from urllib.parse import quote

import msgspec

from feeds.venues.base import Request
from markets.terms.instruments import Market
from markets.terms.units import MICRO, SECOND, Ns, Px, Qty, text_from_micros
from trading.engine.orders import OrderRequest, Purpose, Side, TimeInForce

PREFIX = "/trade-api/v2"
ORDERS = "/portfolio/events/orders"
GROUPS = "/portfolio/order_groups"
PAGE = "1000"
JSON = (("Content-Type", "application/json"),)
EARLIER = Ns(60 * SECOND)

TIFS = {
    TimeInForce.IOC: "immediate_or_cancel",
    TimeInForce.FOK: "fill_or_kill",
    TimeInForce.GTC: "good_till_canceled",
}
TAKER_AT_CROSS, MAKER = "taker_at_cross", "maker"


class _Create(msgspec.Struct, frozen=True, omit_defaults=True):
    ticker: str
    client_order_id: str
    side: str
    count: str
    price: str
    time_in_force: str
    self_trade_prevention_type: str
    exchange_index: int
    expiration_time: int = 0
    post_only: bool = False
    cancel_order_on_pause: bool = False
    order_group_id: str = ""


_encode = msgspec.json.Encoder().encode


def book_side(outcome: int, side: Side) -> str:
    """`bid` or `ask` of the YES book."""
    return "bid" if (outcome == 0) == (side is Side.BUY) else "ask"


def yes_price(outcome: int, px: Px) -> Px:
    """Our price of an outcome as the price of YES."""
    return px if outcome == 0 else Px(MICRO - px)


def unfit(request: OrderRequest, market: Market, at: Ns) -> tuple[str, str] | None:
    """Why Kalshi would refuse the order whatever its book holds, as (code, sentence)."""
    if request.qty < market.min_size or request.qty % market.lot:
        least, lot = text_from_micros(market.min_size, 2), text_from_micros(market.lot, 2)
        return ("invalid_order_size", f"The size is not at least {least} in steps of {lot}.")
    if not market.ticks.is_legal(yes_price(request.outcome, request.px)):
        return ("invalid_price", "The price is not on the market's grid.")
    if request.post_only and request.tif is not TimeInForce.GTC:
        return ("invalid_order", "Only an order that rests can be post-only.")
    if request.expires_at and request.tif is not TimeInForce.GTC:
        return ("invalid_order", "Only an order that rests has an end.")
    if request.expires_at and request.expires_at // SECOND * SECOND <= at:
        return ("invalid_order", "The order would have ended before it arrived.")
    return None


def place(request: OrderRequest, market: Market, group: str = "") -> Request:
    """The order. Its end is cut to the whole second: sooner rather than later.

    What opens a deal never meets an order of ours that rests there (`taker_at_cross`); what hedges
    or unwinds takes our own resting order away instead.
    """
    rests = request.tif is TimeInForce.GTC
    body = _Create(
        ticker=market.native,
        client_order_id=request.id,
        side=book_side(request.outcome, request.side),
        count=text_from_micros(request.qty, 2),
        price=text_from_micros(yes_price(request.outcome, request.px), 4),
        time_in_force=TIFS[request.tif],
        self_trade_prevention_type=TAKER_AT_CROSS if request.purpose is Purpose.OPEN else MAKER,
        exchange_index=market.shard,
        expiration_time=request.expires_at // SECOND,
        post_only=request.post_only,
        cancel_order_on_pause=rests,
        order_group_id=group,
    )
    return Request("POST", "rest", ORDERS, headers=JSON, body=_encode(body))


def cancel(venue_order: str, market: Market) -> Request:
    """Its cancellation, sent to the shard where it rests."""
    query = (("market_ticker", market.native), ("exchange_index", str(market.shard)))
    return Request("DELETE", "rest", f"{ORDERS}/{quote(venue_order, safe='')}", query)


def order(venue_order: str) -> Request:
    """One order by the venue's id."""
    return Request("GET", "rest", f"/portfolio/orders/{quote(venue_order, safe='')}")


def orders_in(market: Market, since: Ns, cursor: str = "") -> Request:
    """Orders of a market placed from a minute before `since` on."""
    least = max(0, since - EARLIER) // SECOND
    query = (("ticker", market.native), ("min_ts", str(least)), ("limit", PAGE))
    return Request("GET", "rest", "/portfolio/orders", _with(query, cursor))


def resting(cursor: str = "") -> Request:
    """Every order that rests."""
    query = (("status", "resting"), ("limit", PAGE))
    return Request("GET", "rest", "/portfolio/orders", _with(query, cursor))


def fills_of(venue_order: str, cursor: str = "") -> Request:
    """The fills of one order."""
    query = (("order_id", venue_order), ("limit", PAGE))
    return Request("GET", "rest", "/portfolio/fills", _with(query, cursor))


def positions(cursor: str = "") -> Request:
    """Positions that are not flat."""
    query = (("count_filter", "position"), ("limit", PAGE))
    return Request("GET", "rest", "/portfolio/positions", _with(query, cursor))


BALANCE = Request("GET", "rest", "/portfolio/balance")
AS_OF = Request("GET", "rest", "/exchange/user_data_timestamp")
KEYS = Request("GET", "rest", "/api_keys")
LIMITS = Request("GET", "rest", "/account/limits")
STATUS = Request("GET", "rest", "/exchange/status")


def group(limit: Qty, shard: int) -> Request:
    """An order group of a shard: more than `limit` contracts filled in 15 s cancel all of it."""
    body = {"contracts_limit_fp": text_from_micros(limit, 2), "exchange_index": shard}
    return Request("POST", "rest", f"{GROUPS}/create", headers=JSON, body=_encode(body))


def trigger(group_id: str) -> Request:
    """Cancel what rests in a group; it takes no more until it is reset."""
    path = f"{GROUPS}/{quote(group_id, safe='')}/trigger"
    return Request("PUT", "rest", path, headers=JSON, body=b"{}")


def reset(group_id: str) -> Request:
    """The group takes orders again."""
    path = f"{GROUPS}/{quote(group_id, safe='')}/reset"
    return Request("PUT", "rest", path, headers=JSON, body=b"{}")


def _with(query: tuple[tuple[str, str], ...], cursor: str) -> tuple[tuple[str, str], ...]:
    return (*query, ("cursor", cursor)) if cursor else query
