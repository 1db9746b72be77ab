"""The Kalshi fake's portfolio reads, served from the delayed views, and its transfers.

Balances in cents are truncated; lists page by cursor with the venue's own limits; queue positions
are of the moment.
Source: kalshi sheet 3.1 (limits, cursors), 3.9 (transfers) and 3.10. Our reading: `balance` leaves
out what resting orders have spoken for.
"""

from collections.abc import Callable
from typing import Any

from feeds.venues.base import Reply, Request
from feeds.venues.kalshi.fakeaccounts import holder_of
from feeds.venues.kalshi.fakeauth import Caller, forbidden
from feeds.venues.kalshi.fakebodies import Fields, body_of
from feeds.venues.kalshi.fakefloor import Floor
from feeds.venues.kalshi.fakerows import event_rows, shown
from feeds.venues.kalshi.fakesay import (
    Refused,
    bad_query,
    failure,
    json_reply,
    market_uuid,
    page_of,
    price,
    size,
    text_time,
)
from feeds.venues.kalshi.fakeviews import View, Views
from markets.terms.units import SECOND, Ns, Usd

CENT = 10_000
LIMITS = (100, 1_000)
CENTI_CENT = 100
Row = dict[str, Any]


class Portfolio:
    """Answers what an account asks about itself."""

    def __init__(self, floor: Floor, views: Views) -> None:
        self._floor = floor
        self._views = views
        self._transfers: list[Row] = []
        self._fixed: dict[str, Callable[[dict[str, str], Caller, Ns], Reply]] = {
            "balance": self._balance,
            "orders": self._orders,
            "fills": self._fills,
            "positions": self._positions,
            "settlements": self._settlements,
            "orders/queue_positions": self._queues,
            "summary/total_resting_order_value": self._resting_value,
            "intra_exchange_instance_transfers": self._transfer_list,
        }

    def answer(self, path: str, request: Request, caller: Caller, at: Ns) -> Reply:
        """The reply to a GET under `/portfolio/`."""
        scopes = ("read", "read::portfolio_balance") if path == "balance" else ("read",)
        if not any(caller.may(scope) for scope in scopes):
            return forbidden("missing scope read")
        query = dict(request.query)
        sub = query.get("subaccount", "")
        if caller.locked is not None:
            if sub not in ("", str(caller.locked)):
                return forbidden("key is locked to another subaccount")
            query["subaccount"] = str(caller.locked)
        found = self._fixed.get(path)
        if found is not None:
            return found(query, caller, at)
        match path.split("/"):
            case ["orders", name]:
                return self._order(name, caller, at)
            case ["orders", name, "queue_position"]:
                return self._queue(name, caller)
            case _:
                return failure(404, "not_found")

    def note_balance(self, account: str, subaccount: int, at: Ns) -> None:
        """A version of a holder's balances, visible from `at`."""
        holder = holder_of(account, subaccount)
        ledger = self._floor.accounts.ledger
        pockets = {shard: int(ledger.free(holder, shard)) for shard in ledger.pockets(holder)}
        row = {"_account": account, "_sub": subaccount, "pockets": pockets}
        self._views.balances.put(holder, row, at)

    def transfer(self, request: Request, caller: Caller, at: Ns) -> Reply:
        """Moves cash between shards. Errors: `Refused`."""
        if not caller.may("write::transfer"):
            return forbidden("missing scope write::transfer")
        if caller.locked is not None:
            return forbidden("key is locked to a subaccount")
        fields = Fields(body_of(request), "IntraExchangeInstanceTransferRequest")
        for name in ("source", "destination"):
            fields.word(name, ("event_contract",))
        amount = Usd(fields.number("amount") * CENTI_CENT)
        shards = (
            fields.number("source_exchange_shard"),
            fields.number("destination_exchange_shard"),
        )
        holder = holder_of(caller.account, fields.number("source_subaccount"))
        client = fields.text("client_transfer_id")
        if client and any(row["client_transfer_id"] == client for row in self._transfers):
            return failure(409, "transfer_already_exists")
        if amount <= 0 or not self._floor.accounts.ledger.transfer(holder, amount, *shards):
            return failure(400, "insufficient_balance")
        row: Row = {
            "_account": caller.account,
            "_done": at + SECOND,
            "transfer_id": market_uuid(f"transfer {len(self._transfers)}"),
            "client_transfer_id": client,
            "amount": amount // CENTI_CENT,
            "source_exchange_shard": shards[0],
            "destination_exchange_shard": shards[1],
            "created_time": text_time(at),
        }
        self._transfers.append(row)
        self.note_balance(
            caller.account, fields.number("source_subaccount"), self._views.visible(at)
        )
        return json_reply(200, {**shown(row), "status": "pending"})

    def _transfer_list(self, query: dict[str, str], caller: Caller, at: Ns) -> Reply:
        rows: list[object] = [
            {**shown(row), "status": "complete" if row["_done"] <= at else "pending"}
            for row in self._transfers
            if row["_account"] == caller.account
        ]
        page, cursor = page_of(query, "GetTransfers", rows, LIMITS)
        return json_reply(200, {"transfers": page, "cursor": cursor})

    def _balance(self, query: dict[str, str], caller: Caller, at: Ns) -> Reply:
        sub, index = query.get("subaccount", "0"), query.get("exchange_index", "")
        row = self._views.balances.get(f"{caller.account}/{sub}", at)
        pockets: dict[int, int] = row["pockets"] if row else {}
        if index:
            pockets = {shard: cash for shard, cash in pockets.items() if str(shard) == index}
        total = sum(pockets.values())
        worth = sum(
            self._worth(one) for one in self._mine(self._views.positions, query, caller, at)
        )
        return json_reply(
            200,
            {
                "balance": total // CENT,
                "balance_dollars": price(total // CENTI_CENT * CENTI_CENT),
                "balance_breakdown": [
                    {"exchange_index": shard, "balance": price(cash // CENTI_CENT * CENTI_CENT)}
                    for shard, cash in sorted(pockets.items())
                ],
                "portfolio_value": worth // CENT,
                "updated_ts": at // SECOND,
            },
        )

    def _worth(self, row: Row) -> int:
        """A position at the last price."""
        stand = self._floor.board.stands[row["ticker"]]
        held = int(row["_held"])
        own = stand.last if held > 0 else 1_000_000 - stand.last
        return abs(held) * own // 1_000_000

    def _mine(
        self, view: View, query: dict[str, str], caller: Caller, at: Ns, default: str = "0"
    ) -> list[Row]:
        """The caller's rows that a query's common filters let through."""
        sub = query.get("subaccount", default)
        tickers = {one for one in query.get("ticker", "").split(",") if one}
        index = query.get("exchange_index", "")
        return [
            row
            for row in view.rows(at)
            if row["_account"] == caller.account
            and (not sub or str(row["_sub"]) == sub)
            and (not tickers or row["ticker"] in tickers)
            and (not index or str(row["exchange_index"]) == index)
            and self._in_events(row, query.get("event_ticker", ""))
        ]

    def _in_events(self, row: Row, wanted: str) -> bool:
        return not wanted or self._floor.board.stands[row["ticker"]].listed.event in wanted.split(
            ","
        )

    def _orders(self, query: dict[str, str], caller: Caller, at: Ns) -> Reply:
        if len(query.get("event_ticker", "").split(",")) > 10:
            raise Refused(bad_query("GetOrders", "EventTicker", "max"))
        wanted = query.get("status", "")
        rows = [
            row
            for row in self._mine(self._views.orders, query, caller, at, "")
            if not wanted or row["status"] == wanted
        ]
        return _page(query, "GetOrders", "orders", rows)

    def _order(self, name: str, caller: Caller, at: Ns) -> Reply:
        row = self._views.orders.get(name, at)
        if row is None or row["_account"] != caller.account:
            return failure(404, "not_found")
        return json_reply(200, {"order": shown(row)})

    def _fills(self, query: dict[str, str], caller: Caller, at: Ns) -> Reply:
        rows = [
            row
            for row in self._mine(self._views.fills, query, caller, at, "")
            if query.get("order_id", row["order_id"]) == row["order_id"] and _is_between(row, query)
        ]
        return _page(query, "GetFills", "fills", rows)

    def _settlements(self, query: dict[str, str], caller: Caller, at: Ns) -> Reply:
        rows = [
            row
            for row in self._mine(self._views.settlements, query, caller, at, "")
            if _is_between(row, query)
        ]
        return _page(query, "GetSettlements", "settlements", rows)

    def _positions(self, query: dict[str, str], caller: Caller, at: Ns) -> Reply:
        rows = self._mine(self._views.positions, query, caller, at)
        if query.get("count_filter") == "position":
            rows = [row for row in rows if row["_held"]]
        if query.get("settlement_status") == "settled":
            rows = []
        page, cursor = page_of(query, "GetPositions", list(rows), LIMITS)
        return json_reply(
            200,
            {
                "cursor": cursor,
                "market_positions": [shown(row) for row in rows if row in page],
                "event_positions": event_rows(rows),
            },
        )

    def _queue(self, name: str, caller: Caller) -> Reply:
        order = self._floor.orders.get(name)
        if order is None or order.account != caller.account or order.status != "resting":
            return failure(404, "not_found")
        stand = self._floor.board.stands[order.ticker]
        return json_reply(200, {"queue_position_fp": size(stand.matching.queue(name))})

    def _queues(self, query: dict[str, str], caller: Caller, at: Ns) -> Reply:
        tickers = {one for one in query.get("market_tickers", "").split(",") if one}
        rows = [
            {
                "order_id": one.id,
                "market_ticker": one.ticker,
                "queue_position_fp": size(
                    self._floor.board.stands[one.ticker].matching.queue(one.id)
                ),
            }
            for one in self._floor.orders.values()
            if one.account == caller.account
            and one.status == "resting"
            and (not tickers or one.ticker in tickers)
        ]
        return json_reply(200, {"queue_positions": rows})

    def _resting_value(self, query: dict[str, str], caller: Caller, at: Ns) -> Reply:
        total = sum(
            one.left * (one.px if one.side == "buy" else 1_000_000 - one.px) // 1_000_000
            for one in self._floor.orders.values()
            if one.account == caller.account and one.status == "resting"
        )
        return json_reply(200, {"total_resting_order_value": total // CENT})


def _page(query: dict[str, str], call: str, name: str, rows: list[Row]) -> Reply:
    """Newest first."""
    page, cursor = page_of(query, call, [shown(row) for row in reversed(rows)], LIMITS)
    return json_reply(200, {name: page, "cursor": cursor})


def _is_between(row: Row, query: dict[str, str]) -> bool:
    least, most = query.get("min_ts", ""), query.get("max_ts", "")
    if least.isdigit() and row["_at"] < int(least):
        return False
    return not (most.isdigit() and row["_at"] > int(most))
