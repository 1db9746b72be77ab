"""What Kalshi's answers about orders and the account mean. Nothing is guessed: what proves neither
that an order exists nor that it does not is `Unsure`.

Only a 4xx other than 408 is a sure no. A 5xx, a redirect, a 2xx that is not the answer to what was
asked, are unsure. 409 `order_already_exists` says that an order with our id is there: it is ours,
because no other account's ids count. Codes stand in `REFUSALS` with what to do.
Source: kalshi sheet 3.8 (outcome table), 3.10, 3.12, 4.6, read 2026-11-20.
"""

from typing import Any, TypeVar

import msgspec

from feeds.venues.base import Reply
from markets.terms.units import MICRO, Px, Qty, Usd, micros_from_text
from trading.engine.orders import OrderRequest, Side

EXISTS = "order_already_exists"
MAX_TEXT = 200

REFUSALS: dict[str, str] = {
    "fill_or_kill_insufficient_resting_volume": "The book did not hold the whole size.",
    "insufficient_balance": "Not enough cash on the market's shard; move cash there.",
    "available_balance_too_low": "Not enough cash on the market's shard; move cash there.",
    "user_not_found": "The market's shard was never funded; move cash there.",
    "market_not_found": "No such market on the shard we named; sync the catalogue.",
    "invalid_price": "The price is not on the market's grid; sync the catalogue.",
    "invalid_order_size": "The size is not one the market takes.",
    "invalid_order": "The order's terms do not fit together.",
    "invalid_parameters": "The venue did not understand the order; it may have changed its API.",
    "bad_request": "The venue did not understand the order; it may have changed its API.",
    "market_inactive": "The market is not open.",
    "market_already_closed": "The market is closed.",
    "trading_paused": "Trading is paused; only cancels are taken.",
    "exchange_paused": "The exchange is paused; nothing is taken, cancels neither.",
    "too_many_requests": "We asked too often; the order was not taken.",
    "authentication_error": "The key is not accepted; run `manage.py doctor kalshi`.",
    "header_timestamp_expired": "Our clock is off; run `manage.py doctor kalshi`.",
    "forbidden": "The key may not trade; give it the scope write::trade.",
    "deprecated_v1_order_endpoint": "The venue no longer serves this path.",
}


class Placed(msgspec.Struct, frozen=True):
    """The order was taken. `rests` says that something of it is left in the book."""

    venue_order: str
    client_id: str
    filled: Qty
    rests: bool


class Exists(msgspec.Struct, frozen=True):
    """An order with this client id was there before."""


class Refused(msgspec.Struct, frozen=True):
    """A sure no: nothing was done. `code` is the venue's word, `text` a sentence."""

    code: str
    text: str


class Unsure(msgspec.Struct, frozen=True):
    """It may have been done or not."""

    reason: str


class Gone(msgspec.Struct, frozen=True):
    """The order was taken away; so much of it was left."""

    left: Qty


class NotResting(msgspec.Struct, frozen=True):
    """Cancelled before, filled, or never there: the same answer says all three."""


class OrderRow(msgspec.Struct, frozen=True):
    """An order as a list or the private channel says it."""

    order_id: str
    ticker: str
    status: str
    fill_count_fp: str
    client_order_id: str | None = None
    book_side: str | None = None
    outcome_side: str | None = None
    yes_price_dollars: str = "0"
    remaining_count_fp: str = "0"
    last_update_reason: str | None = None

    @property
    def filled(self) -> Qty:
        """Contracts filled. Errors: `ValueError`."""
        return Qty(micros_from_text(self.fill_count_fp))

    @property
    def rests(self) -> bool:
        """Whether it is in the book."""
        return self.status == "resting"


class FillRow(msgspec.Struct, frozen=True):
    """A fill of ours, as the list (`ticker`) or the private channel (`market_ticker`) says it."""

    order_id: str
    count_fp: str
    yes_price_dollars: str
    fee_cost: str
    trade_id: str = ""
    fill_id: str = ""
    ticker: str = ""
    market_ticker: str = ""
    client_order_id: str | None = None
    book_side: str | None = None
    outcome_side: str | None = None

    @property
    def key(self) -> str:
        """Unique for ever, and the same in every copy: trade and order, for a trade of ours with
        ourselves has two orders. Errors: `ValueError` without a trade.
        """
        trade = self.trade_id or self.fill_id
        if not trade:
            raise ValueError(f"a fill of {self.order_id} without an id")
        return f"kalshi:{trade}:{self.order_id}"


class PositionRow(msgspec.Struct, frozen=True):
    """What is held of a market: above zero YES, below NO."""

    ticker: str
    position_fp: str


class OrdersPage(msgspec.Struct, frozen=True):
    """A page of orders."""

    orders: list[OrderRow] | None = None
    cursor: str | None = None


class FillsPage(msgspec.Struct, frozen=True):
    """A page of fills."""

    fills: list[FillRow] | None = None
    cursor: str | None = None


class PositionsPage(msgspec.Struct, frozen=True):
    """A page of positions."""

    market_positions: list[PositionRow] | None = None
    cursor: str | None = None


class OneOrder(msgspec.Struct, frozen=True):
    """One order, asked for by its id."""

    order: OrderRow


class _Pocket(msgspec.Struct, frozen=True):
    exchange_index: int
    balance: str


class Balance(msgspec.Struct, frozen=True):
    """Free cash. `balance` in cents is truncated, so the dollars are read."""

    balance_dollars: str
    balance_breakdown: list[_Pocket] | None = None

    @property
    def cash(self) -> Usd:
        """Over all shards. Errors: `ValueError`."""
        return Usd(micros_from_text(self.balance_dollars))

    @property
    def pockets(self) -> dict[int, Usd]:
        """By shard. Errors: `ValueError`."""
        return {
            pocket.exchange_index: Usd(micros_from_text(pocket.balance))
            for pocket in self.balance_breakdown or ()
        }


class AsOf(msgspec.Struct, frozen=True):
    """How fresh the reads are."""

    as_of_time: str


class _Created(msgspec.Struct, frozen=True):
    order_id: str
    client_order_id: str
    fill_count: str
    remaining_count: str


class _Cancelled(msgspec.Struct, frozen=True):
    order_id: str
    reduced_by: str


T = TypeVar("T")


def read(reply: Reply, kind: type[T]) -> T:
    """The body of a 200. Errors: `ValueError` in one sentence for anything else."""
    if reply.status != 200:
        code, text = error_of(reply)
        raise ValueError(f"answered {reply.status} {code} {text}".rstrip())
    try:
        return msgspec.json.decode(reply.body, type=kind)
    except (msgspec.MsgspecError, RecursionError) as problem:
        raise ValueError(f"an answer that is not understood: {problem}") from None


def placed(reply: Reply, order: OrderRequest) -> Placed | Exists | Refused | Unsure:
    """What the answer to an order says."""
    if reply.status in (200, 201):
        return _placed(reply, order)
    code, text = error_of(reply)
    if reply.status == 409 and code == EXISTS:
        return Exists()
    if not is_sure_no(reply.status):
        return Unsure(f"answered {reply.status} {code}".rstrip())
    return Refused(code or str(reply.status), text)


def cancelled(reply: Reply, venue_order: str) -> Gone | NotResting | Refused | Unsure:
    """What the answer to a cancellation says. One that names another order proves nothing."""
    if reply.status == 200:
        try:
            said = read(reply, _Cancelled)
            if said.order_id != venue_order:
                return Unsure(f"the answer names another order, {said.order_id[:40]}")
            return Gone(Qty(micros_from_text(said.reduced_by)))
        except ValueError as problem:
            return Unsure(str(problem))
    code, text = error_of(reply)
    if reply.status == 404:
        return NotResting()
    if not is_sure_no(reply.status):
        return Unsure(f"answered {reply.status} {code}".rstrip())
    return Refused(code or str(reply.status), text)


def is_sure_no(status: int) -> bool:
    """Whether a status says that a write was not done."""
    return 400 <= status < 500 and status != 408


def error_of(reply: Reply) -> tuple[str, str]:
    """Code and sentence of whichever of the three error bodies it is; empty for none of them.

    The documents write some codes as capitals in the message; those are taken for the code.
    """
    try:
        body: Any = msgspec.json.decode(reply.body)
    except (msgspec.DecodeError, RecursionError):
        return "", ""
    inner = body.get("error", body) if isinstance(body, dict) else {}
    if isinstance(inner, str):
        return inner.strip().replace(" ", "_")[:MAX_TEXT], inner[:MAX_TEXT]
    if not isinstance(inner, dict):
        return "", ""
    code, message, details = (_text(inner, name) for name in ("code", "message", "details"))
    shouted = next((word for word in (message, details) if word.isupper()), "")
    if shouted and shouted.lower() in REFUSALS:
        code = shouted.lower()
    said = details or message or _text(inner, "msg")
    known = REFUSALS.get(code, "")
    return code, f"{known} ({said})" if known and said else known or said


def direction(row: OrderRow | FillRow) -> str:
    """`bid` or `ask`: only these two fields can be trusted. Errors: `ValueError`."""
    side = row.book_side or {"yes": "bid", "no": "ask"}.get(row.outcome_side or "", "")
    if side not in ("bid", "ask"):
        raise ValueError(f"order {row.order_id} says no direction")
    return side


def claim(side: str, yes: Px) -> tuple[int, Side, Px]:
    """A direction of the YES book as a purchase: outcome, side and that outcome's price."""
    return (0, Side.BUY, yes) if side == "bid" else (1, Side.BUY, Px(MICRO - yes))


def _placed(reply: Reply, order: OrderRequest) -> Placed | Unsure:
    try:
        said = msgspec.json.decode(reply.body, type=_Created)
        found = Placed(
            said.order_id,
            said.client_order_id,
            Qty(micros_from_text(said.fill_count)),
            micros_from_text(said.remaining_count) > 0,
        )
    except (msgspec.MsgspecError, ValueError, RecursionError):
        code, text = error_of(reply)
        return Unsure(f"answered {reply.status} without an order: {code or text}".rstrip(": "))
    if found.client_id != order.id:
        return Unsure("the answer names another order's id")
    if not 0 <= found.filled <= order.qty:
        return Unsure("the answer counts more than was ordered")
    return found


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    return value[:MAX_TEXT] if isinstance(value, str) else ""
