"""An order as we want it, turned into the order that is signed and the bytes that are sent.

The same request, market and wallet always give the same order id: salt and time come from the
request alone. Which kind of order the venue is sent:

| asked | sent as | because |
| --- | --- | --- |
| GTC | GTC; GTD with an end | the venue ends a GTD order 60 s before its `expiration` |
| IOC sale | FAK where its amounts are round enough, else as below | a sale's target is shares |
| IOC buy | GTC, whose rest the gateway cancels at once | a FAK buy spends a budget: better prices \
would bring more shares than were asked for |
| FOK | FOK | a buy spends its whole budget: it may bring more shares, never fewer |

Invariants: amounts are exact, so that no rounding hides a worse price; what the venue would refuse
for its form is refused here, in one sentence. Not here: balances, who answers what.
Source: polymarket sheet 3.1 to 3.5, 3.11, 4.2, read 2026-11-20; decision 0024.
"""

from hashlib import sha256
from typing import Literal

import msgspec

from feeds.venues.base import Request
from feeds.venues.polymarket.amounts import Amounts, is_coarse
from feeds.venues.polymarket.identity import Identity
from feeds.venues.polymarket.signing import Exchange, OrderToSign, exchange_for, order_id, signed
from markets.terms.instruments import Market
from markets.terms.units import MICRO, MS, SECOND, Ns
from trading.engine.orders import OrderRequest, Side, TimeInForce

OrderType = Literal["GTC", "GTD", "FOK", "FAK"]
IMMEDIATE = (TimeInForce.IOC, TimeInForce.FOK)
SALT_BITS = 53
SIZE_STEP = 10_000
ENDS_EARLY_S = 60
LEAST_LIFE_S = 180
# Layout of a position id: 8 bits of module (1 to 3) on top, 64 zero bits from bit 40.
MODULES = (1, 2, 3)
_ZERO_BITS = ((1 << 64) - 1) << 40


class Infeasible(ValueError):
    """The venue would refuse this order for its form; one sentence says why."""


class _Order(msgspec.Struct, frozen=True, rename="camel", gc=False):
    salt: int
    maker: str
    signer: str
    token_id: str
    maker_amount: str
    taker_amount: str
    side: str
    signature_type: int
    timestamp: str
    expiration: str
    metadata: str
    builder: str
    signature: str


class _Body(msgspec.Struct, frozen=True, rename="camel", gc=False, omit_defaults=True):
    order: _Order
    owner: str
    order_type: OrderType
    defer_exec: bool | None = None
    post_only: bool | None = None


class Sealed(msgspec.Struct, frozen=True, gc=False):
    """An order ready to leave: its id at the venue, and the body of `POST /order`."""

    id: str
    body: bytes


_encode = msgspec.json.Encoder().encode


def version_of(token: str) -> str:
    """`v2` for a position id, `v1` for a token id, told by the bits that position ids keep zero."""
    number = int(token)
    return "v1" if number & _ZERO_BITS or number >> 248 not in MODULES else "v2"


def exchange_of(market: Market, outcome: int) -> Exchange:
    """The contract that trades this outcome."""
    return exchange_for(version_of(market.tokens[outcome]), neg_risk=market.neg_risk)


def salt_of(name: str) -> int:
    """A number below 2^53 out of our order id: a JSON number keeps it whole."""
    return int.from_bytes(sha256(name.encode()).digest()[:8]) >> (64 - SALT_BITS)


def amounts_of(request: OrderRequest) -> Amounts:
    """What the order gives and wants, exactly. Errors: `Infeasible`."""
    money, rest = divmod(request.px * request.qty, MICRO)
    if rest or money <= 0:
        raise Infeasible(f"{request.qty} millionths at {request.px} are no whole millionths")
    if request.side is Side.BUY:
        return Amounts(money, request.qty)
    return Amounts(request.qty, money)


def order_of(request: OrderRequest, market: Market, who: Identity) -> OrderToSign:
    """The eleven fields. Errors: `Infeasible`."""
    if not 0 <= request.outcome < len(market.tokens):
        raise Infeasible(f"no token is known of outcome {request.outcome} of {market.id}")
    amounts = amounts_of(request)
    return OrderToSign(
        salt=salt_of(request.id),
        maker=who.wallet,
        signer=who.signer,
        token=market.tokens[request.outcome],
        maker_amount=amounts.maker,
        taker_amount=amounts.taker,
        side=request.side,
        kind=who.kind,
        timestamp=request.placed_at // MS,
    )


def id_of(request: OrderRequest, market: Market, who: Identity) -> str:
    """The id the venue gives this order, known before it is sent. Errors: `Infeasible`."""
    return order_id(order_of(request, market, who), exchange_of(market, request.outcome))


def type_of(request: OrderRequest) -> OrderType:
    """What kind of order the venue is sent."""
    if request.tif is TimeInForce.FOK:
        return "FOK"
    if request.tif is TimeInForce.GTC:
        return "GTD" if request.expires_at else "GTC"
    is_fak = request.side is Side.SELL and is_coarse(request.side, amounts_of(request))
    return "FAK" if is_fak else "GTC"


def leaves_rest(request: OrderRequest) -> bool:
    """Whether what is not filled at once must be cancelled by us."""
    return request.tif is TimeInForce.IOC


def sealed_order(request: OrderRequest, market: Market, who: Identity) -> Sealed:
    """The order signed and encoded. Errors: `Infeasible`, `ValueError` without an API key."""
    if who.api is None:
        raise ValueError("there is no API key yet; derive it first")
    kind = type_of(request)
    check(request, market, kind)
    order = order_of(request, market, who)
    name, signature = signed(who.key.reveal(), order, exchange_of(market, request.outcome))
    body = _Body(
        order=_Order(
            salt=order.salt,
            maker=order.maker,
            signer=order.signer,
            token_id=order.token,
            maker_amount=str(order.maker_amount),
            taker_amount=str(order.taker_amount),
            side="BUY" if order.side is Side.BUY else "SELL",
            signature_type=int(order.kind),
            timestamp=str(order.timestamp),
            expiration=str(_expiration(request)),
            metadata=order.metadata,
            builder=order.builder,
            signature=signature,
        ),
        owner=who.api.reveal().api_key,
        order_type=kind,
        defer_exec=False,
        post_only=True if request.post_only else None,
    )
    return Sealed(name, _encode(body))


def check(request: OrderRequest, market: Market, kind: OrderType) -> None:
    """Refuses what the venue refuses for its form. Errors: `Infeasible`.

    Source: polymarket sheet 3.4, 3.5, 3.11.
    """
    said = _form(request, market) or _size(request, market, kind)
    if said:
        raise Infeasible(f"{said} (market {market.id})")


def _form(request: OrderRequest, market: Market) -> str:
    if not market.ticks.is_legal(request.px):
        return f"price {request.px} is off the market's grid"
    if request.post_only and request.tif in IMMEDIATE:
        return "a post-only order cannot be immediate"
    if request.expires_at and request.tif in IMMEDIATE:
        return "an immediate order has no end"
    least = Ns(request.placed_at + (LEAST_LIFE_S - ENDS_EARLY_S) * SECOND)
    if request.expires_at and request.expires_at < least:
        return f"an order that ends must live {LEAST_LIFE_S - ENDS_EARLY_S} s at least"
    return ""


def _size(request: OrderRequest, market: Market, kind: OrderType) -> str:
    if request.qty % SIZE_STEP:
        return f"size {request.qty} has more than two decimals"
    if request.qty < market.min_size:
        return f"size {request.qty} is below the least of {market.min_size}"
    amounts = amounts_of(request)
    is_taker = request.tif in IMMEDIATE and request.side is Side.BUY
    if is_taker and amounts.maker < market.min_notional:
        return f"a purchase of {amounts.maker} is below the least of {market.min_notional}"
    if kind in ("FOK", "FAK") and not is_coarse(request.side, amounts):
        return f"amounts {amounts.maker} and {amounts.taker} have too many decimals"
    return ""


def _expiration(request: OrderRequest) -> int:
    """Unix seconds, rounded down; 0 is never."""
    return request.expires_at // SECOND + ENDS_EARLY_S if request.expires_at else 0


def place(order: Sealed) -> Request:
    """`POST /order`."""
    return Request("POST", "clob", "/order", body=order.body)


def place_many(orders: tuple[Sealed, ...]) -> Request:
    """`POST /orders`: 1 to 15 orders, each judged alone. Errors: `ValueError` for another count."""
    if not 1 <= len(orders) <= 15:
        raise ValueError(f"{len(orders)} orders are no batch; the venue takes 1 to 15")
    body = b"[" + b",".join(order.body for order in orders) + b"]"
    return Request("POST", "clob", "/orders", body=body)


def cancel(name: str) -> Request:
    """`DELETE /order`."""
    return Request("DELETE", "clob", "/order", body=_encode({"orderID": name}))


def cancel_all() -> Request:
    """`DELETE /cancel-all`: everything of this API key."""
    return Request("DELETE", "clob", "/cancel-all")


def order_asked(name: str) -> Request:
    """`GET /data/order/{id}`: one order in any state."""
    return Request("GET", "clob", f"/data/order/{name}")


def orders_asked(cursor: str) -> Request:
    """One page of the open orders."""
    return Request("GET", "clob", "/data/orders", query=(("next_cursor", cursor),))


def trade_asked(name: str) -> Request:
    """One trade by its id."""
    return Request("GET", "clob", "/data/trades", query=(("id", name),))


def trades_asked(after: int, cursor: str) -> Request:
    """One page of our trades after a unix second."""
    query = (("after", str(after)), ("next_cursor", cursor))
    return Request("GET", "clob", "/data/trades", query=query)
