"""Orders, fills, positions and settlements of the Kalshi fake as rows of `/portfolio`.

Each row carries `_account` and `_sub`, by which lists are filtered and which are cut off before
anybody sees them.
Source: kalshi sheet 3.10, rows recorded 2026-06-11, 2026-07-06 and 2026-08.
"""

from typing import Any

from feeds.venues.kalshi.fakeaccounts import Position
from feeds.venues.kalshi.fakenews import Filled, Order
from feeds.venues.kalshi.fakesay import money, price, size, text_time
from markets.terms.units import MICRO, SECOND, Ns, Px, Usd
from trading.engine.orders import Side

CENT = 10_000


def directions(side: Side) -> dict[str, str]:
    """The two fields that can be trusted: bid is yes, ask is no."""
    is_bid = side is Side.BUY
    return {"outcome_side": "yes" if is_bid else "no", "book_side": "bid" if is_bid else "ask"}


def prices(px: Px) -> dict[str, str]:
    """The YES price and its other half."""
    return {"yes_price_dollars": price(px), "no_price_dollars": price(MICRO - px)}


def order_row(order: Order) -> dict[str, Any]:
    """An order as `GET /portfolio/orders` lists it."""
    return {
        "_account": order.account,
        "_sub": order.subaccount,
        "order_id": order.id,
        "user_id": order.account,
        "client_order_id": order.client_id,
        "ticker": order.ticker,
        **directions(order.side),
        "side": directions(order.side)["outcome_side"],
        "action": "buy",
        "type": "limit",
        "status": order.status,
        **prices(order.px),
        "initial_count_fp": size(order.count),
        "fill_count_fp": size(order.filled),
        "remaining_count_fp": size(order.left),
        "taker_fill_cost_dollars": money(order.taker_cost),
        "maker_fill_cost_dollars": money(order.maker_cost),
        "taker_fees_dollars": money(order.taker_fees),
        "maker_fees_dollars": money(order.maker_fees),
        "created_time": text_time(order.created),
        "last_update_time": text_time(order.updated),
        "expiration_time": text_time(order.expires_at) if order.expires_at else None,
        "self_trade_prevention_type": order.stp,
        "order_group_id": order.group or None,
        "cancel_order_on_pause": order.dies_on_pause,
        "subaccount_number": order.subaccount,
        "exchange_index": order.shard,
    }


def fill_row(filled: Filled) -> dict[str, Any]:
    """A fill as `GET /portfolio/fills` lists it: never with the client order id."""
    order = filled.order
    return {
        "_account": order.account,
        "_sub": order.subaccount,
        "_at": filled.at // SECOND,
        "fill_id": filled.key,
        "trade_id": filled.key,
        "order_id": order.id,
        "ticker": order.ticker,
        "market_ticker": order.ticker,
        **directions(order.side),
        "side": directions(order.side)["outcome_side"],
        "action": filled.action if filled.is_taker else "buy",
        "count_fp": size(filled.qty),
        **prices(filled.px),
        "is_taker": filled.is_taker,
        "fee_cost": money(filled.fee),
        "created_time": text_time(filled.at),
        "ts": filled.at // SECOND,
        "exchange_index": order.shard,
        "subaccount_number": order.subaccount,
    }


def position_row(position: Position) -> dict[str, Any]:
    """A position; `_event` and the numbers behind the event's sums go with it."""
    account, _, subaccount = position.holder.rpartition("/")
    return {
        "_account": account,
        "_sub": int(subaccount),
        "_event": position.event,
        "_sums": (
            position.cost,
            position.fees,
            position.realized,
            position.traded,
            position.contracts,
        ),
        "_held": position.held,
        "ticker": position.ticker,
        "position_fp": size(position.held),
        "market_exposure_dollars": money(position.cost),
        "total_traded_dollars": money(position.traded),
        "realized_pnl_dollars": money(position.realized),
        "fees_paid_dollars": money(position.fees),
        "resting_orders_count": 0,
        "last_updated_ts": text_time(position.updated),
        "exchange_index": position.shard,
    }


def event_rows(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The events' sums over positions."""
    sums: dict[str, list[int]] = {}
    for row in rows:
        total = sums.setdefault(row["_event"], [0] * 5)
        sums[row["_event"]] = [a + b for a, b in zip(total, row["_sums"], strict=True)]
    return [
        {
            "event_ticker": event,
            "event_exposure_dollars": money(cost),
            "fees_paid_dollars": money(fees),
            "realized_pnl_dollars": money(realized),
            "total_cost_dollars": money(traded),
            "total_cost_shares_fp": size(contracts),
        }
        for event, (cost, fees, realized, traded, contracts) in sums.items()
    ]


def settlement_row(position: Position, cash: Usd, pays: Px, result: str, at: Ns) -> dict[str, Any]:
    """A settlement: revenue in cents, the value of one YES in cents, the sum of trade fees."""
    account, _, subaccount = position.holder.rpartition("/")
    is_yes = position.held > 0
    return {
        "_account": account,
        "_sub": int(subaccount),
        "_at": at // SECOND,
        "ticker": position.ticker,
        "event_ticker": position.event,
        "market_result": result,
        "yes_count_fp": size(position.held if is_yes else 0),
        "no_count_fp": size(0 if is_yes else -position.held),
        "yes_total_cost_dollars": money(position.cost if is_yes else 0),
        "no_total_cost_dollars": money(0 if is_yes else position.cost),
        "revenue": cash // CENT,
        "value": pays // CENT,
        "fee_cost": money(position.fees),
        "settled_time": text_time(at),
        "exchange_index": position.shard,
    }


def shown(row: dict[str, Any]) -> dict[str, Any]:
    """A row without what is only for filtering, and without what is null."""
    return {name: value for name, value in row.items() if name[0] != "_" and value is not None}
