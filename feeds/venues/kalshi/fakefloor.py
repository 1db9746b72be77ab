"""Where orders of the Kalshi fake meet the book: placing, changing, cancelling, filling.

Matching is the book's, money the accounts'; here is what the venue adds: ids that are unique for
ever, pauses, collateral per shard, self-trade prevention, reduce-only, groups, reasons. What
happened is left in `news` for sockets and reads. Each refusal is `Refused` with its reply.
Source: kalshi sheet 3.8, 3.13, 4.6 (reasons), 7.1. Our reading: collateral is taken at the limit
price with the fee on it; a refused order does not use up its client id.
"""

import msgspec

from feeds.sim.matching import Incoming, Outcome, Trade
from feeds.venues.kalshi.fakeaccounts import Accounts, Part
from feeds.venues.kalshi.fakeboard import LOT, Board, Stand
from feeds.venues.kalshi.fakegroups import Groups
from feeds.venues.kalshi.fakenews import Filled, Hit, News, Order, Shift, Updated
from feeds.venues.kalshi.fakerules import Rules, refusal
from feeds.venues.kalshi.fakesay import Refused, failure, market_uuid
from markets.terms.fees import trade_fee
from markets.terms.units import MICRO, Ns, Px, Qty, Usd
from trading.engine.orders import Side, TimeInForce

TIFS = {
    "good_till_canceled": TimeInForce.GTC,
    "immediate_or_cancel": TimeInForce.IOC,
    "fill_or_kill": TimeInForce.FOK,
}
STPS = {"taker_at_cross": "cancel_incoming", "maker": "cancel_resting"}


class Floor(Rules):
    """Every order of every account."""

    def __init__(self, board: Board, accounts: Accounts) -> None:
        super().__init__(board, accounts)
        self.groups = Groups()
        self.news: list[News] = []
        self.clip: tuple[int, int] = (0, 100)
        self.races = 0
        self._number = 0

    # doing

    def place(self, order: Order, at: Ns) -> Order:
        """Meets the book with a new order whose text was found right."""
        stand = self.stand_of(order.ticker, order.shard)
        self.must_be_new(order.account, order.client_id)
        self.groups.must_be_open(order.account, order.group)
        wanted = self._wanted(order, stand)
        incoming = self._incoming(order, wanted)
        self._must_afford(order, stand, wanted)
        self._number += 1
        order.id = market_uuid(f"order {self._number}")
        incoming = msgspec.structs.replace(incoming, order=order.id)
        self.orders[order.id] = order
        outcome = stand.matching.submit(incoming, at) if wanted else Outcome()
        if outcome.rejected not in ("", "self_trade"):
            del self.orders[order.id]
            raise Refused(refusal(outcome.rejected))
        if order.client_id:
            self.clients.add((order.account, order.client_id))
        self.groups.join(order.group, order.id)
        self._after(order, stand, outcome, at)
        return order

    def amend(self, order: Order, px: Px, count: Qty, client_id: str, at: Ns) -> Order:
        """Another price or total count; only a smaller size keeps the place."""
        stand = self.stand_of(order.ticker, order.shard)
        left = Qty(count - order.filled)
        if left <= 0:
            raise Refused(failure(400, "invalid_order_size"))
        if client_id:
            self.must_be_new(order.account, client_id)
        changed = msgspec.structs.replace(order, px=px, left=left)
        self._must_afford(changed, stand, left)
        outcome = stand.matching.amend(order.id, px, left, at)
        if outcome.rejected not in ("", "self_trade"):
            raise Refused(refusal(outcome.rejected))
        if client_id:
            self.clients.add((order.account, client_id))
            order.client_id = client_id
        order.px, order.count = px, count
        self._after(order, stand, outcome, at, "Amend")
        return order

    def decrease(self, order: Order, to: Qty, at: Ns) -> Order:
        """Less of it, in the same place."""
        if to <= 0:
            self.cancel(order, "Decrease", at)
            return order
        stand = self.board.stands[order.ticker]
        gone = stand.matching.reduce(order.id, to)
        order.left, order.updated = to, at
        order.count = Qty(order.count - gone)
        self._reserve(order, stand)
        self._tell(order, "Decrease", at)
        return order

    def cancel(self, order: Order, reason: str, at: Ns) -> Qty:
        """Takes the order away; what was left of it."""
        stand = self.board.stands[order.ticker]
        gone = stand.matching.cancel(order.id)
        order.left, order.status, order.updated = Qty(0), "canceled", at
        self._reserve(order, stand)
        self._tell(order, reason, at)
        return gone

    def sweep(self, reason: str, at: Ns, ticker: str = "", *, only_pausing: bool = False) -> None:
        """Cancels resting orders of a market, or of all."""
        for order in list(self.orders.values()):
            if order.status != "resting" or (ticker and order.ticker != ticker):
                continue
            if order.dies_on_pause or not only_pausing:
                self.cancel(order, reason, at)

    def expire(self, at: Ns) -> None:
        """Ends orders whose time has come."""
        for order in list(self.orders.values()):
            ends = order.expires_at
            if order.status == "resting" and ends is not None and ends <= at:
                self.cancel(order, "ExpiryCancel", at)

    def race(self, order: Order, at: Ns) -> None:
        """Somebody takes the whole order just before it is cancelled."""
        stand = self.board.stands[order.ticker]
        ahead = stand.matching.queue(order.id)
        taker = Side.SELL if order.side is Side.BUY else Side.BUY
        size = Qty(ahead + order.left)
        self.fill(stand, stand.matching.traded(order.px, size, taker, at), at)

    def fill(self, stand: Stand, trades: list[Trade], at: Ns) -> None:
        """Books trades between accounts and the house, and tells of them."""
        for trade in trades:
            level = (trade.px, trade.qty)
            taker = self.orders.get(trade.taker)
            maker = self.orders.get(trade.maker or "")
            maker_side = Side.SELL if trade.side is Side.BUY else Side.BUY
            key = market_uuid(trade.key)
            actions = [self._action(one, stand, trade.qty) for one in (taker, maker)]
            charges = self.accounts.book(
                key,
                stand,
                level,
                (_part(taker, trade.side, False), _part(maker, maker_side, True)),
                at,
                self.board.schedule(stand),
            )
            stand.last, stand.volume = trade.px, stand.volume + trade.qty
            self.news.append(Hit(stand.ticker, key, trade.side, trade.px, trade.qty, at))
            for one, charge, action in zip((taker, maker), charges, actions, strict=True):
                if one is not None and charge is not None:
                    self.groups.count(one.group, trade.qty, at)
                    _count(one, trade, charge.cost, charge.fee, is_taker=one is taker)
                    held = charge.position.held
                    self.news.append(
                        Filled(
                            one,
                            key,
                            trade.px,
                            trade.qty,
                            charge.fee,
                            one is taker,
                            held,
                            action,
                            at,
                        )
                    )
            if maker is not None:
                self._filled_maker(maker, stand, trade.qty, at)

    def restrain(self, at: Ns) -> None:
        """Cancels what rests in groups that went over their limit."""
        for account, group, body in self.groups.overrun(at):
            self.trigger(account, group, body, at)

    def trigger(self, account: str, group: str, body: dict[str, object], at: Ns) -> None:
        """Cancels everything that rests in a group, which takes no more until it is reset."""
        self.news.append(self.groups.told(account, body, at))
        for order_id in self.groups.members(group):
            order = self.orders.get(order_id)
            if order is not None and order.status == "resting":
                self.cancel(order, "", at)

    # parts

    def _after(
        self, order: Order, stand: Stand, outcome: Outcome, at: Ns, reason: str = ""
    ) -> None:
        for name, _ in outcome.removed:
            gone = self.orders[name]
            gone.left, gone.status, gone.updated = Qty(0), "canceled", at
            self._reserve(gone, stand)
            self._tell(gone, "SelfTradeCancel", at)
        self.fill(stand, list(outcome.trades), at)
        order.left, order.updated = outcome.rested, at
        if not outcome.rested:
            is_done = order.filled >= order.count
            order.status = "executed" if is_done else "canceled"
            if outcome.rejected == "self_trade":
                reason = "SelfTradeCancel"
            elif order.reduce_only and not is_done:
                reason = "ReduceOnlyCancel"
        self._reserve(order, stand)
        self._tell(order, reason or ("Trade" if outcome.trades else ""), at)
        self.restrain(at)

    def _filled_maker(self, maker: Order, stand: Stand, qty: Qty, at: Ns) -> None:
        maker.left, maker.updated = Qty(max(0, maker.left - qty)), at
        if not maker.left:
            maker.status = "executed"
        self._reserve(maker, stand)
        self.news.append(Updated(maker, "Trade", at))

    def _wanted(self, order: Order, stand: Stand) -> Qty:
        wanted = int(order.count)
        if order.reduce_only:
            held = self.accounts.held(order.holder, order.ticker)
            wanted = min(wanted, max(0, -held if order.side is Side.BUY else held))
        left, percent = self.clip
        if left and order.tif != "good_till_canceled":
            self.clip = (left - 1, percent)
            found = sum(
                qty for _, qty in stand.matching.preview(self._incoming(order, order.count))
            )
            wanted = min(wanted, found * percent // 100 // LOT * LOT)
            if order.tif == "fill_or_kill" and wanted < order.count:
                raise Refused(refusal("fok"))
        return Qty(wanted)

    def _incoming(self, order: Order, qty: Qty) -> Incoming:
        return Incoming(
            order=order.id,
            account=order.holder,
            side=order.side,
            px=order.px,
            qty=qty,
            tif=TIFS[order.tif],
            post_only=order.post_only,
            stp="cancel_resting" if order.stp == "maker" else "cancel_incoming",
        )

    def _must_afford(self, order: Order, stand: Stand, qty: Qty) -> None:
        ledger = self.accounts.ledger
        own = order.px if order.side is Side.BUY else Px(MICRO - order.px)
        need = self._collateral(order, stand, qty)
        if need:
            need = Usd(need + trade_fee(self.board.schedule(stand), own, qty))
        spoken = ledger.free(order.holder, order.shard)
        if order.id:
            held_back = self._collateral(self.orders[order.id], stand, self.orders[order.id].left)
            spoken = Usd(spoken + held_back)
        if need > spoken:
            raise Refused(failure(400, "insufficient_balance"))

    def _collateral(self, order: Order, stand: Stand, qty: Qty) -> Usd:
        others = sum(
            one.left
            for one in self.orders.values()
            if one.status == "resting"
            and one.id != order.id
            and (one.holder, one.ticker, one.side) == (order.holder, order.ticker, order.side)
        )
        return self.accounts.need(order.holder, stand, order.side, order.px, qty, others)

    def _reserve(self, order: Order, stand: Stand) -> None:
        cash = self._collateral(order, stand, order.left) if order.status == "resting" else Usd(0)
        self.accounts.ledger.reserve(order.id, order.holder, cash, order.shard)

    def _tell(self, order: Order, reason: str, at: Ns) -> None:
        self.news.append(Shift(order.ticker, at, order))
        self.news.append(Updated(order, reason, at))

    def _action(self, order: Order | None, stand: Stand, qty: Qty) -> str:
        """The legacy word: `sell` for a taker that closes, as nonsensical as recorded."""
        if order is None:
            return ""
        held = self.accounts.held(order.holder, stand.ticker)
        return "sell" if (-held if order.side is Side.BUY else held) >= qty else "buy"


def _part(order: Order | None, side: Side, is_maker: bool) -> Part:
    if order is None:
        return Part("", "", side, is_maker)
    return Part(order.holder, order.id, side, is_maker)


def _count(order: Order, trade: Trade, cost: int, fee: int, *, is_taker: bool) -> None:
    order.filled += trade.qty
    order.yes_cost += trade.px * trade.qty // MICRO
    if is_taker:
        order.taker_cost += cost
        order.taker_fees += fee
    else:
        order.maker_cost += cost
        order.maker_fees += fee
