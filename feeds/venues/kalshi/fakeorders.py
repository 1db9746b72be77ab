"""The Kalshi fake's order endpoints: `/portfolio/events/orders` and the dead ones before it.

Creates, amends, decreases, cancels, one by one or in batches, and says what came of it in the
venue's bodies. A batch is not atomic. Whether a key may write, and for which subaccount, is judged
here too.
Source: kalshi sheet 3.8 and 3.9 (recorded 2026-06-11). Our reading: the body of cancel-all.
"""

from typing import Any

import msgspec

from feeds.sim.chance import Chance
from feeds.venues.base import Reply, Request
from feeds.venues.kalshi.fakeaccounts import holder_of
from feeds.venues.kalshi.fakeauth import Caller, forbidden
from feeds.venues.kalshi.fakebodies import Fields, body_of
from feeds.venues.kalshi.fakefloor import STPS, TIFS, Floor
from feeds.venues.kalshi.fakenews import Order
from feeds.venues.kalshi.fakesay import Refused, failure, json_reply, price, size
from markets.terms.units import MICRO, MS, SECOND, Ns, Qty, Rounding, divide
from trading.engine.orders import Side

AFTER_CANCEL_ALL = 60 * SECOND


class OrderDesk:
    """Answers order writes."""

    def __init__(self, floor: Floor, chance: Chance | None) -> None:
        self._floor = floor
        self._chance = chance
        self._killing: dict[str, Ns] = {}
        self._doomed: list[str] = []
        self.refusals: list[str] = []

    def answer(self, parts: list[str], request: Request, caller: Caller, at: Ns) -> Reply:
        """The reply to a write under the collection; `parts` is the path after it."""
        if not caller.may("write::trade"):
            return forbidden("missing scope write::trade")
        match (request.method, parts):
            case ("POST", []):
                body = self._create(body_of(request), caller, at)
                return json_reply(201, body)
            case ("DELETE", []):
                return self._cancel_all(request, caller, at)
            case ("POST" | "DELETE", ["batched"]):
                return self._batch(request, caller, at)
            case ("POST", [order, "amend"]):
                return json_reply(200, self._amend(order, body_of(request), caller, at))
            case ("POST", [order, "decrease"]):
                return json_reply(200, self._decrease(order, body_of(request), caller, at))
            case ("DELETE", [order]):
                return json_reply(200, self._cancel(order, dict(request.query), caller, at))
            case _:
                return failure(404, "not_found")

    def ticked(self, at: Ns) -> None:
        """What a cancel-all still catches of orders placed after it."""
        doomed, self._doomed = self._doomed, []
        for name in doomed:
            order = self._floor.orders[name]
            if order.status == "resting":
                self._floor.cancel(order, "", at)

    def _create(self, said: dict[str, Any], caller: Caller, at: Ns) -> dict[str, Any]:
        order = self._read(Fields(said, "CreateOrderV2Request"), caller, at)
        if self.refusals:
            raise Refused(failure(400, self.refusals.pop(0)))
        self._floor.place(order, at)
        is_caught = self._killing.get(caller.account, Ns(0)) > at and order.status == "resting"
        if is_caught and self._chance is not None and self._chance.one_in(4):
            self._doomed.append(order.id)
        return result_of(order, at)

    def _read(self, fields: Fields, caller: Caller, at: Ns) -> Order:
        ticker = fields.text("ticker", None)
        side, count, px = fields.side(), fields.count(), fields.price()
        tif = fields.word("time_in_force", tuple(TIFS))
        stp = fields.word("self_trade_prevention_type", tuple(STPS))
        subaccount = self._subaccount(fields, caller)
        holder = holder_of(caller.account, subaccount)
        shard = self._route(fields, ticker, holder)
        stand = self._floor.stand_of(ticker, shard)
        self._floor.must_trade(stand, at)
        if not stand.matching.ticks.is_legal(px):
            raise Refused(failure(400, "invalid_price"))
        if fields.flag("reduce_only") and tif == "good_till_canceled":
            raise Refused(failure(400, "invalid_order", details="reduce only"))
        return Order(
            id="",
            client_id=fields.text("client_order_id"),
            account=caller.account,
            subaccount=subaccount,
            holder=holder,
            ticker=ticker,
            shard=shard,
            side=side,
            px=px,
            count=count,
            stp=stp,
            tif=tif,
            created=at,
            updated=at,
            left=count,
            expires_at=_expiry(fields, tif, at),
            reduce_only=fields.flag("reduce_only"),
            post_only=fields.flag("post_only"),
            dies_on_pause=fields.flag("cancel_order_on_pause"),
            group=fields.text("order_group_id"),
        )

    def _route(self, fields: Fields, ticker: str, holder: str) -> int:
        """The shard: the one named, else the market's. Its pocket must exist."""
        named = fields.number("exchange_index", -1)
        if named < 0:
            named = self._floor.stand_of(ticker, None).shard
        self._floor.must_be_funded(holder, named)
        return named

    def _subaccount(self, fields: Fields, caller: Caller) -> int:
        found = fields.subaccount()
        if caller.locked is not None:
            if fields.has("subaccount") and found != caller.locked:
                raise Refused(forbidden("key is locked to another subaccount"))
            return caller.locked
        return found

    def _amend(self, name: str, said: dict[str, Any], caller: Caller, at: Ns) -> dict[str, Any]:
        fields = Fields(said, "AmendOrderV2Request")
        ticker, side = fields.text("ticker", None), fields.side()
        px, count = fields.price(), fields.count()
        stand = self._floor.stand_of(ticker, fields.number("exchange_index", -1))
        order = self._floor.resting(caller.account, name, stand.shard)
        _must_match(order, ticker, side, fields.text("client_order_id"))
        self._floor.must_trade(stand, at)
        if not stand.matching.ticks.is_legal(px):
            raise Refused(failure(400, "invalid_price"))
        expires_at = order.expires_at
        if fields.has("expiration_time"):
            expires_at = _expiry(fields, order.tif, at)
        self._floor.amend(order, px, count, fields.text("updated_client_order_id"), at)
        order.expires_at = expires_at
        return result_of(order, at)

    def _decrease(self, name: str, said: dict[str, Any], caller: Caller, at: Ns) -> dict[str, Any]:
        fields = Fields(said, "DecreaseOrderV2Request")
        if fields.has("reduce_by") == fields.has("reduce_to"):
            details = "exactly one of reduce_by and reduce_to"
            raise Refused(failure(400, "invalid_parameters", details=details))
        shard = self._shard_of(fields.text("market_ticker"), fields.number("exchange_index", -1))
        order = self._floor.resting(caller.account, name, shard)
        self._floor.must_trade(self._floor.board.stands[order.ticker], at)
        if fields.has("reduce_to") and fields.text("reduce_to") in ("0", "0.0", "0.00"):
            to = Qty(0)
        elif fields.has("reduce_to"):
            to = min(order.left, fields.count("reduce_to"))
        else:
            to = Qty(max(0, order.left - fields.count("reduce_by")))
        self._floor.decrease(order, to, at)
        return result_of(order, at)

    def _cancel(self, name: str, query: dict[str, str], caller: Caller, at: Ns) -> dict[str, Any]:
        index = query.get("exchange_index", "")
        shard = self._shard_of(
            query.get("market_ticker", ""), int(index) if index.isdigit() else -1
        )
        self._may_cancel(name, shard, caller, at)
        order = self._floor.resting(caller.account, name, shard)
        if self._floor.races:
            self._floor.races -= 1
            self._floor.race(order, at)
            order = self._floor.resting(caller.account, name, shard)
        gone = self._floor.cancel(order, "", at)
        return {
            "order_id": order.id,
            "client_order_id": order.client_id,
            "reduced_by": size(gone),
            "ts_ms": at // MS,
        }

    def _may_cancel(self, name: str, shard: int, caller: Caller, at: Ns) -> None:
        """A closed market and an exchange pause refuse whatever the order is."""
        order = self._floor.orders.get(name)
        if order is None or order.account != caller.account:
            return
        if caller.locked is not None and order.subaccount != caller.locked:
            raise Refused(forbidden("key is locked to another subaccount"))
        if order.shard == shard:
            self._floor.must_cancel(self._floor.board.stands[order.ticker], at)

    def _shard_of(self, ticker: str, index: int) -> int:
        """Where a change goes: the shard named, else the ticker's, else 0."""
        if index >= 0:
            return index
        return self._floor.stand_of(ticker, None).shard if ticker else 0

    def _cancel_all(self, request: Request, caller: Caller, at: Ns) -> Reply:
        index = dict(request.query).get("exchange_index", "")
        if self._floor.board.pause(at) == "exchange":
            return failure(400, "exchange_paused", "EXCHANGE_PAUSED")
        for order in list(self._floor.orders.values()):
            if order.account != caller.account or order.status != "resting":
                continue
            if not index or order.shard == int(index):
                self._floor.cancel(order, "", at)
        self._killing[caller.account] = Ns(at + AFTER_CANCEL_ALL)
        return json_reply(200, {"ts_ms": at // MS})

    def _batch(self, request: Request, caller: Caller, at: Ns) -> Reply:
        said = body_of(request).get("orders")
        if not isinstance(said, list) or not all(isinstance(one, dict) for one in said):
            return failure(400, "invalid_parameters", details="orders is required")
        locked = caller.locked
        if locked is not None and any(one.get("subaccount", locked) != locked for one in said):
            return forbidden("key is locked to another subaccount")
        rows: list[dict[str, Any]] = []
        for one in said:
            try:
                rows.append(self._one(request.method, one, caller, at))
            except Refused as refused:
                rows.append(_element_error(one, refused.reply))
        return json_reply(201 if request.method == "POST" else 200, {"orders": rows})

    def _one(self, method: str, said: dict[str, Any], caller: Caller, at: Ns) -> dict[str, Any]:
        if method == "POST":
            return self._create(said, caller, at)
        fields = Fields(said, "BatchCancelOrdersV2RequestOrder")
        query = {"market_ticker": fields.text("market_ticker")}
        if fields.has("exchange_index"):
            query["exchange_index"] = str(fields.number("exchange_index"))
        return self._cancel(fields.text("order_id", None), query, caller, at)


def result_of(order: Order, at: Ns) -> dict[str, Any]:
    """The flat answer; averages only when something filled, the price always of YES."""
    found: dict[str, Any] = {
        "order_id": order.id,
        "client_order_id": order.client_id,
        "fill_count": size(order.filled),
        "remaining_count": size(order.left),
        "ts_ms": at // MS,
    }
    if order.filled:
        average = divide(order.yes_cost * MICRO, order.filled, Rounding.DOWN)
        fees = divide((order.taker_fees + order.maker_fees) * MICRO, order.filled, Rounding.UP)
        found["average_fill_price"] = price(average // 100 * 100)
        found["average_fee_paid"] = price(-(-fees // 100) * 100)
    return found


def _element_error(said: dict[str, Any], reply: Reply) -> dict[str, Any]:
    body = msgspec.json.decode(reply.body, type=dict[str, Any])
    found: dict[str, Any] = {"error": body.get("error", body)}
    for name in ("client_order_id", "order_id"):
        if isinstance(said.get(name), str):
            found[name] = said[name]
    return found


def _expiry(fields: Fields, tif: str, at: Ns) -> Ns | None:
    said = fields.number("expiration_time")
    if not said:
        return None
    if tif != "good_till_canceled" or said * SECOND <= at:
        raise Refused(failure(400, "invalid_order", details="expiration time"))
    return Ns(said * SECOND)


def _must_match(order: Order, ticker: str, side: Side, client_id: str) -> None:
    if ticker != order.ticker:
        raise Refused(failure(400, "order_ticker_mismatch"))
    if side is not order.side:
        raise Refused(failure(400, "order_side_mismatch"))
    if client_id and client_id != order.client_id:
        raise Refused(failure(400, "order_id_and_client_order_id_mismatch"))
