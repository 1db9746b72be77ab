"""One market's order book as a venue keeps it: the matching core of the fakes and of paper trading.

Everything is said of outcome 0 (YES): buying NO at q is selling YES at 1 - q, and who calls
translates. The book holds two kinds of liquidity. *Displayed* size is others': a scenario, a tape
or a real feed sets it with `show`. *Resting orders* belong to accounts.

Invariants: best price first, then time; a trade happens at the resting price, so price improvement
goes to the taker; no order trades through a better price it could have had; the book never stays
crossed; what was taken of a displayed level stays taken until its shown size changes; the volume
ahead of a resting order never grows, and shrinks by trades only (never because others are thought
to have cancelled).

Not here: money, fees, sides of NO, minimum sizes, market states, client order ids, time itself.
Source: kalshi sheet section 5, polymarket sheet 6.1; DESIGN section "Simulated exchange".
"""

from collections.abc import Iterator
from typing import Literal, NamedTuple

import msgspec

from markets.terms.ids import MarketId
from markets.terms.instruments import TickLadder
from markets.terms.units import MICRO, Ns, Px, Qty, Rounding, Usd, divide
from trading.engine.book import Level, Levels
from trading.engine.orders import Side, TimeInForce

# Who stands behind displayed size.
HOUSE = ""
_NONE = Qty(0)

Refusal = Literal["", "fok", "post_only", "self_trade", "off_grid", "size", "expired", "unknown"]
SelfTrade = Literal["none", "cancel_incoming", "cancel_resting"]


class Incoming(msgspec.Struct, frozen=True, kw_only=True):
    """An order that arrives. `side` is of YES: BUY bids, SELL asks.

    `budget` (immediate orders only) spends this much instead of asking for a size: `qty` is then
    only a ceiling, 0 for none, and shares are whole millionths, rounded down per fill. A seller's
    budget buys NO, at 1 - price each. `expires_at` ends a GTC order.
    """

    order: str
    account: str
    side: Side
    px: Px
    qty: Qty
    tif: TimeInForce = TimeInForce.GTC
    expires_at: Ns | None = None
    post_only: bool = False
    stp: SelfTrade = "none"
    budget: Usd | None = None


class Trade(msgspec.Struct, frozen=True):
    """A match. `side` is the taker's, of YES.

    Displayed size has no order: its `maker` is None, its `taker` empty, its account `HOUSE`.
    """

    key: str
    taker: str
    maker: str | None
    taker_account: str
    maker_account: str
    px: Px
    qty: Qty
    at: Ns
    side: Side


class Outcome(msgspec.Struct, frozen=True):
    """What became of an arrival: `rested` stands in the book, `cancelled` is gone unfilled.

    A `rejected` order did nothing, but for `self_trade`: it ended where it met its own account's
    order, after the trades made before. `removed` are resting orders that `cancel_resting` took
    away, with what was left of them.
    """

    trades: tuple[Trade, ...] = ()
    rested: Qty = _NONE
    cancelled: Qty = _NONE
    rejected: Refusal = ""
    removed: tuple[tuple[str, Qty], ...] = ()

    @property
    def filled(self) -> Qty:
        """Contracts traded."""
        return Qty(sum(trade.qty for trade in self.trades))


class Resting(msgspec.Struct, frozen=True):
    """An order in the book. `ahead` is displayed volume before it; see `Matching.queue`."""

    incoming: Incoming
    qty: Qty
    ahead: Qty
    since: Ns

    @property
    def order(self) -> str:
        """Its id."""
        return self.incoming.order


class _Shown(msgspec.Struct):
    """A displayed level: its size as shown, and how much of that is already taken."""

    qty: int
    taken: int = 0


class _Waiting(msgspec.Struct):
    incoming: Incoming
    qty: int
    ahead: int
    since: Ns


class _Step(NamedTuple):
    """Part of a plan: a match, or (`qty` 0) the removal of an own resting order."""

    px: Px
    qty: int
    maker: _Waiting | None


class _Side:
    """One side of the book."""

    def __init__(self, side: Side) -> None:
        self.side = side
        self.shown: dict[Px, _Shown] = {}
        self.waiting: dict[Px, list[_Waiting]] = {}

    def prices(self, limit: Px | None = None) -> list[Px]:
        """Prices where something may stand, best first, no worse for a taker than `limit`."""
        found = sorted({*self.shown, *self.waiting}, reverse=self.side is Side.BUY)
        if limit is None:
            return found
        return [px for px in found if self.meets(px, limit)]

    def meets(self, px: Px, limit: Px) -> bool:
        """Whether somebody of the other side with this limit trades at `px`."""
        return px >= limit if self.side is Side.BUY else px <= limit

    def free(self, px: Px) -> int:
        """Displayed size not taken yet."""
        level = self.shown.get(px)
        return max(0, level.qty - level.taken) if level else 0

    def size(self, px: Px) -> int:
        """All that stands at a price."""
        return self.free(px) + sum(w.qty for w in self.waiting.get(px, ()))

    def remove(self, waiting: _Waiting) -> None:
        queue = self.waiting[waiting.incoming.px]
        queue.remove(waiting)
        if not queue:
            del self.waiting[waiting.incoming.px]

    def show(self, levels: Levels) -> None:
        """Others' sizes now; a level whose size is as before keeps what was taken of it."""
        new: dict[Px, _Shown] = {}
        for px, qty in levels:
            old = self.shown.get(px)
            new[px] = old if old is not None and old.qty == qty else _Shown(qty)
        self.shown = new


class Matching:
    """One market's book. `lot` is the step of an order's size; `ticks` may be replaced at any time
    (resting orders stay where they are).
    """

    def __init__(self, market_id: MarketId, ticks: TickLadder, lot: Qty) -> None:
        self.market_id = market_id
        self.ticks = ticks
        self.lot = lot
        self._sides = {side: _Side(side) for side in Side}
        self._orders: dict[str, _Waiting] = {}
        self._number = 0

    @property
    def is_idle(self) -> bool:
        """Nothing rests and nothing displayed is taken: a new book would know as much."""
        taken = (level.taken for book in self._sides.values() for level in book.shown.values())
        return not self._orders and not any(taken)

    def show(self, bids: Levels, asks: Levels, at: Ns) -> list[Trade]:
        """Others' full ladders of outcome 0 from now on, best first.

        Resting orders that the new display crosses or meets are filled as makers, at their own
        price, as far as the crossing size goes; that size is then taken.
        """
        self._sides[Side.BUY].show(bids)
        self._sides[Side.SELL].show(asks)
        return [trade for side in Side for trade in self._crossed(side, at)]

    def traded(self, px: Px, qty: Qty, side: Side, at: Ns) -> list[Trade]:
        """Somebody's trade at `px`, `side` being the taker's: it uses up the queue.

        Resting orders at better prices would have come first and are filled; at `px` the volume
        ahead shrinks, and what is left over fills. Displayed sizes are for `show` to change.
        """
        book = self._sides[_other(side)]
        left = int(qty)
        trades: list[Trade] = []
        for level in book.prices(px):
            passed = 0
            for waiting in list(book.waiting.get(level, ())):
                waiting.ahead = max(0, waiting.ahead - passed) if level == px else 0
                step = min(left, waiting.ahead)
                waiting.ahead -= step
                passed += step
                left -= step
                if left and not waiting.ahead:
                    take = min(left, waiting.qty)
                    left -= take
                    trades.append(self._fill(None, waiting, take, at))
        return trades

    def preview(self, incoming: Incoming) -> tuple[Level, ...]:
        """What `submit` would trade now, as prices and sizes; changes nothing."""
        return tuple((step.px, Qty(step.qty)) for step in self._plan(incoming) if step.qty)

    def submit(self, incoming: Incoming, at: Ns) -> Outcome:
        """Meet the book now. Ids are the caller's to keep unique."""
        refusal = self._refusal(incoming, at)
        if refusal:
            return Outcome(cancelled=incoming.qty, rejected=refusal)
        plan = list(self._plan(incoming))
        is_whole = _is_whole(incoming, plan)
        if incoming.tif is TimeInForce.FOK and not is_whole:
            return Outcome(cancelled=incoming.qty, rejected="fok")
        trades, removed = self._carry_out(incoming, plan, at)
        left = Qty(max(0, incoming.qty - sum(t.qty for t in trades)))
        if not is_whole and self._is_stopped(incoming):
            return Outcome(trades, cancelled=left, rejected="self_trade", removed=removed)
        if incoming.tif is not TimeInForce.GTC or not left:
            return Outcome(trades, cancelled=left, removed=removed)
        self._rest(incoming, left, at)
        return Outcome(trades, rested=left, removed=removed)

    def cancel(self, order: str) -> Qty:
        """Takes an order out of the book; what was left of it, 0 when it does not rest here."""
        waiting = self._orders.pop(order, None)
        if waiting is None:
            return _NONE
        self._sides[waiting.incoming.side].remove(waiting)
        return Qty(waiting.qty)

    def reduce(self, order: str, to: Qty) -> Qty:
        """Leaves no more than `to` resting, in the same place; how much went away."""
        waiting = self._orders.get(order)
        if waiting is None or waiting.qty <= to:
            return _NONE
        if to <= 0:
            return self.cancel(order)
        gone = waiting.qty - to
        waiting.qty = to
        return Qty(gone)

    def amend(self, order: str, px: Px, qty: Qty, at: Ns) -> Outcome:
        """Another price or resting size (`qty` is what shall rest, without what has filled).

        Only a smaller size at the same price keeps the place; otherwise the order arrives anew and
        may trade. A refused change leaves the order as it was.
        """
        waiting = self._orders.get(order)
        if waiting is None:
            return Outcome(rejected="unknown")
        if px == waiting.incoming.px and 0 < qty <= waiting.qty:
            gone = self.reduce(order, qty)
            return Outcome(rested=qty, cancelled=gone)
        anew = msgspec.structs.replace(waiting.incoming, px=px, qty=qty)
        refusal = self._refusal(anew, at)
        if refusal:
            return Outcome(rested=Qty(waiting.qty), rejected=refusal)
        self.cancel(order)
        return self.submit(anew, at)

    def expire(self, at: Ns) -> list[tuple[str, Qty]]:
        """Ends orders whose time has come; each with what was left, oldest first."""
        due = [
            name
            for name, waiting in self._orders.items()
            if waiting.incoming.expires_at is not None and waiting.incoming.expires_at <= at
        ]
        return [(name, self.cancel(name)) for name in due]

    def drop(self, account: str | None = None) -> list[tuple[str, Qty]]:
        """Cancels every resting order (of one account); each with what was left, oldest first."""
        names = [
            name
            for name, waiting in self._orders.items()
            if account is None or waiting.incoming.account == account
        ]
        return [(name, self.cancel(name)) for name in names]

    def find(self, order: str) -> Resting | None:
        """A resting order as it stands."""
        waiting = self._orders.get(order)
        return None if waiting is None else _picture(waiting)

    def resting(self, account: str | None = None) -> tuple[Resting, ...]:
        """Resting orders (of one account), oldest first."""
        return tuple(
            _picture(waiting)
            for waiting in self._orders.values()
            if account is None or waiting.incoming.account == account
        )

    def queue(self, order: str) -> Qty:
        """Contracts that trade before this order at its price: displayed ones and earlier orders'.

        0 when it is next, and when it does not rest here.
        """
        waiting = self._orders.get(order)
        if waiting is None:
            return _NONE
        line = self._sides[waiting.incoming.side].waiting[waiting.incoming.px]
        return Qty(waiting.ahead + sum(w.qty for w in line[: line.index(waiting)]))

    def book(self, depth: int | None = None) -> tuple[Levels, Levels]:
        """Bids and asks of outcome 0, best first: what is left of the display, and resting orders.

        `depth` is how many levels a side; all when None.
        """
        return self._ladder(Side.BUY, depth), self._ladder(Side.SELL, depth)

    def _ladder(self, side: Side, depth: int | None) -> Levels:
        book = self._sides[side]
        sizes = ((px, Qty(book.size(px))) for px in book.prices())
        return tuple((px, qty) for px, qty in sizes if qty)[:depth]

    def _refusal(self, incoming: Incoming, at: Ns) -> Refusal:
        if not self.ticks.is_legal(incoming.px):
            return "off_grid"
        if incoming.budget is None and (incoming.qty <= 0 or incoming.qty % self.lot):
            return "size"
        if incoming.expires_at is not None and incoming.expires_at <= at:
            return "expired"
        if incoming.post_only and self._touches(incoming):
            return "post_only"
        return ""

    def _touches(self, incoming: Incoming) -> bool:
        book = self._sides[_other(incoming.side)]
        return any(book.size(px) for px in book.prices(incoming.px))

    def _plan(self, incoming: Incoming) -> Iterator[_Step]:
        """The matches an order would make, in order, changing nothing."""
        purse = _Purse(incoming)
        for px, size, maker in self._line(incoming):
            if maker is not None and incoming.account == maker.incoming.account:
                if incoming.stp == "cancel_incoming":
                    return
                if incoming.stp == "cancel_resting":
                    yield _Step(px, 0, maker)
                    continue
            take = purse.take(px, size)
            if take:
                yield _Step(px, take, maker)
            if purse.is_spent:
                return

    def _line(self, incoming: Incoming) -> Iterator[tuple[Px, int, _Waiting | None]]:
        """Everything an order could trade with, first come first."""
        book = self._sides[_other(incoming.side)]
        for px in book.prices(incoming.px):
            free, passed = book.free(px), 0
            for waiting in book.waiting.get(px, ()):
                before = min(free, max(0, waiting.ahead - passed))
                if before:
                    yield px, before, None
                free -= before
                passed += before
                yield px, waiting.qty, waiting
            if free:
                yield px, free, None

    def _is_stopped(self, incoming: Incoming) -> bool:
        """Whether, after all its trades, its own account's order is in the way."""
        if incoming.stp != "cancel_incoming":
            return False
        return next(self._line(incoming), None) is not None

    def _carry_out(
        self, incoming: Incoming, plan: list[_Step], at: Ns
    ) -> tuple[tuple[Trade, ...], tuple[tuple[str, Qty], ...]]:
        book = self._sides[_other(incoming.side)]
        trades: list[Trade] = []
        removed: list[tuple[str, Qty]] = []
        for step in plan:
            if not step.qty and step.maker is not None:
                name = step.maker.incoming.order
                removed.append((name, self.cancel(name)))
            elif step.maker is not None:
                step.maker.ahead = 0
                trades.append(self._fill(incoming, step.maker, step.qty, at))
            else:
                book.shown[step.px].taken += step.qty
                for waiting in book.waiting.get(step.px, ()):
                    waiting.ahead = max(0, waiting.ahead - step.qty)
                trades.append(self._trade(incoming, None, step.px, step.qty, at))
        return tuple(trades), tuple(removed)

    def _rest(self, incoming: Incoming, left: Qty, at: Ns) -> None:
        book = self._sides[incoming.side]
        line = book.waiting.setdefault(incoming.px, [])
        # Nobody gets before an earlier order, even when others' size has shrunk meanwhile.
        ahead = max([book.free(incoming.px), *(w.ahead for w in line)])
        waiting = _Waiting(incoming, left, ahead, at)
        line.append(waiting)
        self._orders[incoming.order] = waiting

    def _crossed(self, side: Side, at: Ns) -> list[Trade]:
        """Resting orders of `side` that displayed orders of the other side now meet."""
        book, others = self._sides[side], self._sides[_other(side)]
        trades: list[Trade] = []
        for px in [px for px in book.prices() if px in book.waiting]:
            for waiting in list(book.waiting[px]):
                for level in others.prices(px):
                    take = min(others.free(level), waiting.qty)
                    if take:
                        others.shown[level].taken += take
                        trades.append(self._fill(None, waiting, take, at))
        return trades

    def _fill(self, taker: Incoming | None, maker: _Waiting, qty: int, at: Ns) -> Trade:
        maker.qty -= qty
        if not maker.qty:
            self._sides[maker.incoming.side].remove(maker)
            del self._orders[maker.incoming.order]
        return self._trade(taker, maker.incoming, maker.incoming.px, qty, at)

    def _trade(
        self, taker: Incoming | None, maker: Incoming | None, px: Px, qty: int, at: Ns
    ) -> Trade:
        self._number += 1
        side = taker.side if taker else _other(maker.side) if maker else Side.BUY
        return Trade(
            f"{self.market_id}-{self._number}",
            taker.order if taker else HOUSE,
            maker.order if maker else None,
            taker.account if taker else HOUSE,
            maker.account if maker else HOUSE,
            px,
            Qty(qty),
            at,
            side,
        )


class _Purse:
    """What an order still wants: a size, or what its budget buys."""

    def __init__(self, incoming: Incoming) -> None:
        self._is_buy = incoming.side is Side.BUY
        self._qty = int(incoming.qty)
        self._budget = incoming.budget
        self._is_capped = incoming.budget is None or incoming.qty > 0
        self.is_spent = False

    def take(self, px: Px, size: int) -> int:
        """How much of `size` at `px` is wanted; noted as taken."""
        wanted = min(size, self._qty) if self._is_capped else size
        if self._budget is not None:
            each = px if self._is_buy else MICRO - px
            affordable = self._budget * MICRO // each
            self.is_spent = affordable <= size
            wanted = min(wanted, affordable)
            self._budget = Usd(self._budget - divide(each * wanted, MICRO, Rounding.UP))
        self._qty -= wanted
        if self._is_capped and not self._qty:
            self.is_spent = True
        return wanted


def _is_whole(incoming: Incoming, plan: list[_Step]) -> bool:
    """Whether the plan fills the size or spends the budget."""
    purse = _Purse(incoming)
    for step in plan:
        purse.take(step.px, step.qty)
    return purse.is_spent


def _other(side: Side) -> Side:
    return Side.SELL if side is Side.BUY else Side.BUY


def _picture(waiting: _Waiting) -> Resting:
    return Resting(waiting.incoming, Qty(waiting.qty), Qty(waiting.ahead), waiting.since)
