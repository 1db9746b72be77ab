"""Orders and trades as the venue keeps them, and the JSON they are told in.

Invariants: prices and sizes are texts without trailing zeros; a trade's top-level side, price and
size are the taker's; a maker's entry names its own token, whose price is the complement when the
match made a pair. Source: polymarket sheet 3.8 and 5.5, read 2026-11-20.
"""

from typing import Any

import msgspec

from feeds.sim.matching import Incoming
from feeds.venues.polymarket.desk.answers import hash_of, uuid_of
from feeds.venues.polymarket.desk.wallets import COLLATERAL
from feeds.venues.polymarket.shapes import Shown, text
from markets.terms.fees import trade_fee
from markets.terms.fees_polymarket import schedule
from markets.terms.units import MICRO, MS, SECOND, Ns, Px, Qty, Rounding, Usd, times
from trading.engine.orders import Side, TimeInForce

LIVE, MATCHED, DELAYED, UNMATCHED = "LIVE", "MATCHED", "DELAYED", "UNMATCHED"
CANCELED, INVALID = "CANCELED", "INVALID"
OPEN = (LIVE, UNMATCHED)
TIFS = {"FOK": TimeInForce.FOK, "FAK": TimeInForce.IOC}
IMMEDIATE = tuple(TIFS)
CONFIRMED, MINED, RETRYING, FAILED = "CONFIRMED", "MINED", "RETRYING", "FAILED"


class Placed(msgspec.Struct, kw_only=True):
    """An order the venue took. `px` is of its own outcome; `budget` is money it spends (FOK and FAK
    buys), else `shares` is its size.
    """

    id: str
    key: str
    address: str
    wallet: str
    shown: Shown
    outcome: int
    side: Side
    px: Px
    shares: Qty
    budget: Usd | None
    kind: str
    post_only: bool
    expiration: int
    created_at: Ns
    status: str = LIVE
    matched: Qty = Qty(0)
    money: Usd = Usd(0)
    trades: list[str] = []

    @property
    def token(self) -> str:
        """Its token."""
        return self.shown.listed.tokens[self.outcome]

    @property
    def book_side(self) -> Side:
        """Where it stands in the one book, said of YES."""
        return self.side if self.outcome == 0 else _other(self.side)

    @property
    def book_px(self) -> Px:
        """Its price in the one book, said of YES."""
        return self.px if self.outcome == 0 else Px(MICRO - self.px)

    @property
    def is_open(self) -> bool:
        """Whether it rests or waits."""
        return self.status in (*OPEN, DELAYED)

    @property
    def left(self) -> Qty:
        """Shares it may still trade."""
        return Qty(max(0, self.shares - self.matched))

    @property
    def asset(self) -> str:
        """What it gives: money, or its token."""
        return COLLATERAL if self.side is Side.BUY else self.token

    @property
    def need(self) -> int:
        """What it still has to give."""
        if self.side is Side.SELL:
            return self.left
        if self.budget is not None:
            return self.budget
        return times(self.px, self.left, Rounding.UP)

    def own(self, px: Px) -> Px:
        """A price of YES as this order sees it."""
        return px if self.outcome == 0 else Px(MICRO - px)

    def fee(self, px: Px, qty: Qty) -> Usd:
        """What taking costs beside the price, which is of its own outcome."""
        rule = schedule(self.shown.listed.fee_rate_ppm)
        return trade_fee(rule, px, qty, selling=self.side is Side.SELL)

    def incoming(self) -> Incoming:
        """The order as the one book takes it."""
        return Incoming(
            order=self.id,
            account=self.wallet,
            side=self.book_side,
            px=self.book_px,
            qty=Qty(0) if self.budget is not None else self.shares,
            tif=TIFS.get(self.kind, TimeInForce.GTC),
            post_only=self.post_only,
            budget=self.budget,
        )

    def told(self) -> dict[str, Any]:
        """The record as REST tells it."""
        size = self.budget if self.budget is not None else self.shares
        return {
            "id": self.id,
            "market": self.shown.listed.native,
            "asset_id": self.token,
            "owner": self.key,
            "maker_address": self.wallet,
            "side": _side(self.side),
            "price": text(self.px),
            "original_size": text(size),
            "size_matched": text(self.matched),
            "outcome": self.shown.listed.outcomes[self.outcome],
            "order_type": self.kind,
            "status": self.status,
            "associate_trades": list(self.trades),
            "created_at": self.created_at // SECOND,
            "expiration": str(self.expiration),
        }

    def frame(self, kind: str, at: Ns, status: str = "") -> dict[str, Any]:
        """The same as the user socket tells it: PLACEMENT, UPDATE or CANCELLATION."""
        told = self.told()
        return {
            **told,
            "event_type": "order",
            "type": kind,
            "status": status or self.status,
            "order_owner": self.key,
            "associate_trades": told["associate_trades"] or None,
            "created_at": str(told["created_at"]),
            "timestamp": str(at // MS),
        }


class Part(msgspec.Struct, frozen=True):
    """A maker's share of a trade: an order of an account, or displayed size."""

    order: Placed | None
    name: str
    qty: Qty


class Matched(msgspec.Struct, kw_only=True):
    """A trade at one price. `taker` is None when others took. `outcome`, `side` and `px` are the
    taker's.
    """

    id: str
    shown: Shown
    taker: Placed | None
    outcome: int
    side: Side
    px: Px
    parts: tuple[Part, ...]
    keys: tuple[str, ...]
    at: Ns
    updated_at: Ns
    status: str = MATCHED

    @property
    def qty(self) -> Qty:
        """Shares."""
        return Qty(sum(part.qty for part in self.parts))

    def orders(self) -> list[Placed]:
        """The account orders in it, the taker's first."""
        makers = [p.order for p in self.parts if p.order is not None]
        return [*([self.taker] if self.taker else []), *makers]

    def told(self, viewer: str, prefix: str = "TRADE_STATUS_") -> dict[str, Any]:
        """The record as one address sees it."""
        is_taker = self.taker is not None and self.taker.address == viewer
        mine = next((o for o in self.orders() if o.address == viewer), None)
        is_mined = self.status in (MINED, CONFIRMED)
        return {
            "id": self.id,
            "taker_order_id": self.taker.id if self.taker else hash_of(f"taker {self.id}"),
            "market": self.shown.listed.native,
            "asset_id": self.shown.listed.tokens[self.outcome],
            "side": _side(self.side),
            "size": text(self.qty),
            "fee_rate_bps": "0",
            "price": text(self.px),
            "status": prefix + self.status,
            "match_time": str(self.at // SECOND),
            "last_update": str(self.updated_at // SECOND),
            "outcome": self.shown.listed.outcomes[self.outcome],
            "owner": self.taker.key if self.taker else uuid_of(f"taker {self.id}"),
            "trade_owner": mine.key if mine else "",
            "maker_address": mine.wallet if mine else "",
            "transaction_hash": hash_of(f"tx {self.id}") if is_mined else None,
            "bucket_index": 0,
            "maker_orders": [self._maker(part) for part in self.parts],
            "trader_side": "TAKER" if is_taker else "MAKER",
        }

    def frame(self, viewer: str, at: Ns) -> dict[str, Any]:
        """The same as the user socket tells it."""
        told = self.told(viewer, "")
        return {**told, "event_type": "trade", "type": "TRADE", "timestamp": str(at // MS)}

    def _maker(self, part: Part) -> dict[str, Any]:
        outcome, side = _facing(self.outcome, self.side, part)
        listed = self.shown.listed
        px = self.px if outcome == self.outcome else Px(MICRO - self.px)
        return {
            "order_id": part.order.id if part.order else hash_of(f"maker {part.name}"),
            "owner": part.order.key if part.order else uuid_of(f"maker {part.name}"),
            "maker_address": part.order.wallet if part.order else hash_of(part.name)[:42],
            "matched_amount": text(part.qty),
            "price": text(px),
            "fee_rate_bps": "0",
            "asset_id": listed.tokens[outcome],
            "outcome": listed.outcomes[outcome],
            "outcome_index": outcome,
            "side": _side(side),
        }


def _facing(outcome: int, side: Side, part: Part) -> tuple[int, Side]:
    """The maker's outcome and side. Displayed size is orders for YES, so a buyer of NO meets a
    buyer of YES, which makes a pair.
    """
    if part.order is not None:
        return part.order.outcome, part.order.side
    taker = side if outcome == 0 else _other(side)
    return 0, _other(taker)


def _other(side: Side) -> Side:
    return Side.SELL if side is Side.BUY else Side.BUY


def _side(side: Side) -> str:
    return "BUY" if side is Side.BUY else "SELL"
