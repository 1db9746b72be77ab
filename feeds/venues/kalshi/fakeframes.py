"""Tells the Kalshi fake's news on its sockets.

One delta and one print for each maker met, with the same time; the delta first about nine times in
ten. An account's own order stands beside the delta it caused, on its own sockets only. What clients
were told of a book is kept here, so that deltas always lead from there to the book as it is,
what shrinks first: no frame ever shows a crossed book.
Source: kalshi sheet 4.3-4.6, read 2026-11-20.
"""

from typing import Any

from feeds.sim.chance import Chance
from feeds.venues.base import FakeOutput
from feeds.venues.kalshi.fakeboard import Board, Stand
from feeds.venues.kalshi.fakefloor import Floor
from feeds.venues.kalshi.fakenews import (
    Cleared,
    Filled,
    Grouped,
    Hit,
    Life,
    News,
    Order,
    Print,
    Shift,
    Updated,
)
from feeds.venues.kalshi.fakerows import directions
from feeds.venues.kalshi.fakesay import market_uuid, money, price, size, text_time
from feeds.venues.kalshi.fakesocket import Sockets
from markets.terms.units import MICRO, MS, SECOND, Ns
from trading.engine.book import Ladders, Levels
from trading.engine.orders import Side

EMPTY = Ladders((), ())
Change = tuple[str, int, int]


class Teller:
    """Turns news into frames."""

    def __init__(self, board: Board, floor: Floor, chance: Chance | None) -> None:
        self._board = board
        self._floor = floor
        self._chance = chance
        self._told: dict[str, Ladders] = {}
        self.sockets = Sockets(self.told, chance)
        self.prints: list[dict[str, Any]] = []

    def told(self, ticker: str) -> Ladders | None:
        """The book clients know; None for a market that is not there."""
        return self._told.get(ticker, EMPTY) if ticker in self._board.stands else None

    def tell(self, news: list[News], at: Ns) -> list[FakeOutput]:
        """The frames of what happened, in order."""
        return [said for one in news for said in self._one(one, at)]

    def _one(self, news: News, at: Ns) -> list[FakeOutput]:
        match news:
            case Hit():
                return self._hit(news, at)
            case Print():
                return self._print(news, at)
            case Shift():
                return self._shift(news, at)
            case Filled():
                return self._filled(news, at)
            case Updated():
                return self._updated(news, at)
            case _:
                return self._other(news, at)

    def _other(self, news: News, at: Ns) -> list[FakeOutput]:
        match news:
            case Grouped(account, body):
                subs = self.sockets.following("order_group_updates", account=account)
                return [
                    f for s in subs for f in self.sockets.say(s, "order_group_updates", body, at)
                ]
            case Life(kind, body):
                subs = self.sockets.following("market_lifecycle_v2")
                return [f for s in subs for f in self.sockets.say(s, kind, body, at)]
            case Cleared(ticker):
                self._told[ticker] = EMPTY
                subs = self.sockets.following("orderbook_delta", ticker)
                return [f for s in subs for f in self.sockets.snapshot(s, ticker, None, at)]
            case _:
                return []

    def _hit(self, hit: Hit, at: Ns) -> list[FakeOutput]:
        outcome = "no" if hit.side is Side.BUY else "yes"
        px = MICRO - hit.px if outcome == "no" else int(hit.px)
        told = self._told.get(hit.ticker, EMPTY)
        levels = told.asks if outcome == "no" else told.bids
        shown = dict(levels).get(hit.px, 0)
        change = -min(int(hit.qty), shown)
        deltas: list[FakeOutput] = []
        if change:
            left = tuple((p, q if p != hit.px else type(q)(q + change)) for p, q in levels)
            left = tuple(level for level in left if level[1])
            sides = (told.bids, left) if outcome == "no" else (left, told.asks)
            self._told[hit.ticker] = Ladders(*sides)
            deltas = self._deltas(hit.ticker, [(outcome, px, change)], hit.at, at, None)
        one = Print(hit.ticker, hit.key, hit.side, hit.px, hit.qty, hit.at)
        prints = self._print(one, at)
        if self._chance is not None and self._chance.one_in(10):
            return prints + deltas
        return deltas + prints

    def _shift(self, shift: Shift, at: Ns) -> list[FakeOutput]:
        stand = self._board.stands[shift.ticker]
        before = self._told.get(shift.ticker, EMPTY)
        after = EMPTY if stand.cleared else stand.ladders()
        changes = _differences(before, after)
        if not changes:
            return []
        self._told[shift.ticker] = after
        outputs = self._deltas(shift.ticker, changes, shift.at, at, shift.order)
        return outputs + self._ticker(stand, before, after, at)

    def _deltas(
        self, ticker: str, changes: list[Change], stamp: Ns, at: Ns, order: Order | None
    ) -> list[FakeOutput]:
        subs = self.sockets.following("orderbook_delta", ticker)
        if not subs:
            return []
        bodies = [_delta_body(ticker, change, stamp // MS) for change in changes]
        outputs: list[FakeOutput] = []
        for sub in subs:
            own = order if order is not None and sub.account == order.account else None
            for body in bodies:
                body_for = _on_yes_scale(body) if sub.use_yes_price else body
                if own is not None:
                    body_for = {**body_for, **_marks(own)}
                outputs += self.sockets.numbered(sub, "orderbook_delta", body_for, at)
        return outputs

    def _print(self, one: Print, at: Ns) -> list[FakeOutput]:
        body = {
            "trade_id": one.key,
            "market_ticker": one.ticker,
            "yes_price_dollars": price(one.px),
            "no_price_dollars": price(MICRO - one.px),
            "count_fp": size(one.qty),
            "taker_side": directions(one.side)["outcome_side"],
            "taker_outcome_side": directions(one.side)["outcome_side"],
            "taker_book_side": directions(one.side)["book_side"],
            "is_block_trade": False,
            "ts": one.at // SECOND,
            "ts_ms": one.at // MS,
        }
        self.prints.append(body)
        del self.prints[:-10_000]
        subs = self.sockets.following("trade", one.ticker)
        return [f for s in subs for f in self.sockets.say(s, "trade", body, at)]

    def _ticker(self, stand: Stand, before: Ladders, after: Ladders, at: Ns) -> list[FakeOutput]:
        subs = self.sockets.following("ticker", stand.ticker)
        if not subs or (before.bids[:1], before.asks[:1]) == (after.bids[:1], after.asks[:1]):
            return []
        bid, bid_size = after.bids[0] if after.bids else (0, 0)
        ask, ask_size = after.asks[0] if after.asks else (MICRO, 0)
        body = {
            "market_ticker": stand.ticker,
            "market_id": market_uuid(stand.ticker),
            "price_dollars": price(stand.last),
            "yes_bid_dollars": price(bid),
            "yes_ask_dollars": price(ask),
            "yes_bid_size_fp": size(bid_size),
            "yes_ask_size_fp": size(ask_size),
            "volume_fp": size(stand.volume),
            "open_interest_fp": size(self._floor.accounts.ledger.pairs(stand.id)),
            "ts": at // SECOND,
            "ts_ms": at // MS,
            "time": text_time(at),
        }
        return [f for s in subs for f in self.sockets.say(s, "ticker", body, at)]

    def _filled(self, filled: Filled, at: Ns) -> list[FakeOutput]:
        order = filled.order
        body = {
            "trade_id": filled.key,
            "order_id": order.id,
            "client_order_id": order.client_id,
            "market_ticker": order.ticker,
            "exchange_index": order.shard,
            "is_taker": filled.is_taker,
            **directions(order.side),
            "side": directions(order.side)["outcome_side"],
            "action": filled.action,
            "yes_price_dollars": price(filled.px),
            "count_fp": size(filled.qty),
            "fee_cost": money(filled.fee),
            "post_position_fp": size(filled.held),
            "ts": filled.at // SECOND,
            "ts_ms": filled.at // MS,
            "subaccount": order.subaccount,
        }
        subs = self.sockets.following("fill", order.ticker, order.account)
        outputs = [f for s in subs for f in self.sockets.say(s, "fill", body, at)]
        return outputs + self._position(order, at)

    def _position(self, order: Order, at: Ns) -> list[FakeOutput]:
        position = self._floor.accounts.positions[(order.holder, order.ticker)]
        body = {
            "user_id": order.account,
            "market_ticker": order.ticker,
            "position_fp": size(position.held),
            "position_cost_dollars": money(position.cost),
            "realized_pnl_dollars": money(position.realized),
            "fees_paid_dollars": money(position.fees),
            "position_fee_cost_dollars": money(position.fees),
            "volume_fp": size(position.contracts),
            "subaccount": order.subaccount,
        }
        subs = self.sockets.following("market_positions", order.ticker, order.account)
        return [f for s in subs for f in self.sockets.say(s, "market_position", body, at)]

    def _updated(self, updated: Updated, at: Ns) -> list[FakeOutput]:
        subs = self.sockets.following("user_orders", updated.order.ticker, updated.order.account)
        if not subs:
            return []
        body = _order_body(updated.order, updated.reason)
        return [f for s in subs for f in self.sockets.say(s, "user_order", body, at)]


def _order_body(order: Order, reason: str) -> dict[str, Any]:
    body = {
        "order_id": order.id,
        "user_id": order.account,
        "client_order_id": order.client_id,
        "ticker": order.ticker,
        "exchange_index": order.shard,
        "status": order.status,
        **directions(order.side),
        "side": directions(order.side)["outcome_side"],
        "is_yes": order.side is Side.BUY,
        "yes_price_dollars": price(order.px),
        "initial_count_fp": size(order.count),
        "fill_count_fp": size(order.filled),
        "remaining_count_fp": size(order.left),
        "taker_fill_cost_dollars": money(order.taker_cost),
        "maker_fill_cost_dollars": money(order.maker_cost),
        "taker_fees_dollars": money(order.taker_fees),
        "maker_fees_dollars": money(order.maker_fees),
        "created_ts_ms": order.created // MS,
        "last_updated_ts_ms": order.updated // MS,
        "self_trade_prevention_type": order.stp,
        "subaccount_number": order.subaccount,
    }
    if order.expires_at is not None:
        body["expiration_ts_ms"] = order.expires_at // MS
    if order.group:
        body["order_group_id"] = order.group
    if reason:
        body["last_update_reason"] = reason
    return body


def _marks(order: Order) -> dict[str, Any]:
    return {"client_order_id": order.client_id, "subaccount": order.subaccount}


def _delta_body(ticker: str, change: Change, stamp: int) -> dict[str, Any]:
    outcome, px, delta = change
    return {
        "market_ticker": ticker,
        "market_id": market_uuid(ticker),
        "price_dollars": price(px),
        "delta_fp": size(delta),
        "side": outcome,
        "ts": text_time(Ns(stamp * MS)),
        "ts_ms": stamp,
    }


def _differences(before: Ladders, after: Ladders) -> list[Change]:
    """(`yes` or `no`, that outcome's price, signed change), what shrinks first."""
    found = [("yes", px, delta) for px, delta in _level_changes(before.bids, after.bids)]
    found += [("no", MICRO - px, delta) for px, delta in _level_changes(before.asks, after.asks)]
    return sorted(found, key=lambda change: change[2] > 0)


def _level_changes(before: Levels, after: Levels) -> list[tuple[int, int]]:
    old, new = dict(before), dict(after)
    return [
        (px, new.get(px, 0) - old.get(px, 0))
        for px in {**old, **new}
        if new.get(px, 0) != old.get(px, 0)
    ]


def _on_yes_scale(body: dict[str, Any]) -> dict[str, Any]:
    """With `use_yes_price` the NO side's prices are already turned round."""
    if body["side"] == "yes":
        return body
    turned = MICRO - int(body["price_dollars"].replace(".", "")) * 100
    return {**body, "price_dollars": price(turned)}
