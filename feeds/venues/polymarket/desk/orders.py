"""Orders from the moment they are found in order: balance, delay, the match, and their end.

Invariants: what open orders have spoken for and a taker's fee are part of what a new order needs;
an order waiting out a sports delay cannot be cancelled and is judged again at its end; every change
of an order and every trade is noted once in `news`, for the user socket; `touched` names the
markets whose book or trades have changed, for the market socket.
Not here: form and signatures (`checks`), who asks (`keys`), frames.
Source: polymarket sheet 3.5, 3.6, 3.8, 3.10, 6.1 and 11, read 2026-11-20.
"""

from typing import Any

import msgspec

from feeds.sim.matching import HOUSE, Outcome, Trade
from feeds.venues.polymarket.desk.answers import (
    ALREADY_MATCHED,
    CROSSES,
    DUPLICATED,
    GONE,
    KILLED,
    NO_BALANCE,
    NO_MATCH,
    NOT_READY,
    STILL_DELAYED,
    UNDER_DOLLAR,
    Refused,
)
from feeds.venues.polymarket.desk.checks import Checked
from feeds.venues.polymarket.desk.matches import matched, pay
from feeds.venues.polymarket.desk.placing import accepted, placed_from
from feeds.venues.polymarket.desk.records import (
    CANCELED,
    DELAYED,
    IMMEDIATE,
    INVALID,
    LIVE,
    MATCHED,
    UNMATCHED,
    Matched,
    Placed,
)
from feeds.venues.polymarket.desk.settlement import Settlement
from feeds.venues.polymarket.desk.wallets import Vault
from feeds.venues.polymarket.shapes import Shown, text
from markets.terms.units import MICRO, SECOND, Ns, Px, Qty
from trading.engine.orders import Side

DOLLAR = MICRO
ENDS_EARLY = Ns(60 * SECOND)


class News(msgspec.Struct, frozen=True):
    """Something the user socket says to one address about one market."""

    address: str
    native: str
    frame: dict[str, Any]


class OrderBook:
    """Every order the venue ever took, and the trades they made."""

    def __init__(self, vault: Vault, settlement: Settlement) -> None:
        self.orders: dict[str, Placed] = {}
        self.trades: list[Matched] = []
        self.news: list[News] = []
        self.touched: list[tuple[Shown, tuple[Matched, ...]]] = []
        self._vault = vault
        self._settlement = settlement
        self.races = 0
        self._active: dict[str, Placed] = {}
        self._delayed: list[tuple[Ns, Placed]] = []
        self._slow: tuple[Ns, Ns] = (Ns(0), Ns(0))

    # placing

    def place(self, checked: Checked, shown: Shown, at: Ns) -> dict[str, Any]:
        """Take an order; the answer's body. Errors: `Refused` with the venue's words."""
        if checked.id in self.orders:
            raise Refused(400, DUPLICATED.format(checked.id))
        if not shown.is_accepting or shown.is_closed:
            raise Refused(400, NOT_READY)
        placed = placed_from(checked, shown, at)
        preview = shown.matching.preview(placed.incoming())
        if preview and checked.side is Side.BUY and checked.amounts.maker < DOLLAR:
            raise Refused(400, UNDER_DOLLAR.format(text(checked.amounts.maker)))
        self._fund(placed, preview)
        if preview and placed.post_only:
            raise Refused(400, CROSSES)
        self.orders[placed.id] = self._active[placed.id] = placed
        delay = max(shown.delay, self._slow[0] if at < self._slow[1] else Ns(0))
        if preview and delay:
            placed.status = DELAYED
            self._delayed.append((Ns(at + delay), placed))
            self._note(placed, "PLACEMENT", at)
            return accepted(placed, "delayed")
        trades = self._match(placed, at)
        return accepted(placed, "matched" if placed.status == MATCHED else "live", trades)

    def is_marketable(self, shown: Shown, outcome: int, side: Side, px: Px) -> bool:
        """Whether an order at this price would trade now."""
        bids, asks = shown.matching.book(1)
        is_bid = (side is Side.BUY) == (outcome == 0)
        own = px if outcome == 0 else Px(MICRO - px)
        levels = asks if is_bid else bids
        return bool(levels) and (levels[0][0] <= own if is_bid else levels[0][0] >= own)

    # ending

    def cancel(self, name: str, address: str, at: Ns) -> str:
        """Take an order away for its owner; empty when done, else why not."""
        placed = self.orders.get(name)
        if placed is None or placed.address != address:
            return GONE
        if placed.status == DELAYED:
            return STILL_DELAYED
        if not placed.is_open:
            return ALREADY_MATCHED if placed.status == MATCHED else GONE
        if self.races:
            self.races -= 1
            self._outrun(placed, at)
            return ALREADY_MATCHED
        self._end(placed, CANCELED, at)
        return ""

    def delay_all(self, delay: Ns, until: Ns) -> None:
        """Until then marketable orders of every market wait so long."""
        self._slow = (delay, until)

    def sweep(self, found: list[Placed], at: Ns, status: str = CANCELED) -> list[str]:
        """Cancel these; the ids of those that rested."""
        resting = [p for p in found if p.is_open and p.status != DELAYED]
        for placed in resting:
            self._end(placed, status, at)
        return [placed.id for placed in resting]

    def ticked(self, at: Ns) -> None:
        """Whatever time does: delays, expiries, game starts, lost backing, trades' lives."""
        self._wake(at)
        for placed in self.active():
            ends = Ns(placed.expiration * SECOND - ENDS_EARLY)
            start = placed.shown.traits.game_start
            is_over = bool(placed.expiration) and ends <= at
            is_started = start is not None and placed.created_at < start <= at
            if (is_over or is_started) and placed.status != DELAYED:
                self._end(placed, CANCELED, at)
        for trade in self._settlement.due(at):
            self._tell_trade(trade, at)
        self._drop_unbacked(at)

    def shown_trades(self, shown: Shown, trades: list[Trade], at: Ns) -> None:
        """Displayed orders have met resting ones."""
        for trade in trades:
            self._record(shown, None, [trade], at)

    def active(self) -> list[Placed]:
        """Every open order, oldest first."""
        self._active = {name: p for name, p in self._active.items() if p.is_open}
        return list(self._active.values())

    def open_of(self, address: str) -> list[Placed]:
        """An address's open orders, oldest first."""
        return [p for p in self.active() if p.address == address]

    def clear(self, shown: Shown, at: Ns) -> None:
        """A market is over: nothing rests or waits there any more."""
        for placed in [p for p in self.active() if p.shown is shown]:
            self._end(placed, CANCELED, at)

    # money

    def spoken_for(self, wallet: str, asset: str) -> int:
        """What a wallet's open orders have spoken for of its money or of a token."""
        return sum(
            placed.need
            for placed in self.active()
            if placed.wallet == wallet and placed.asset == asset
        )

    def _fund(self, placed: Placed, preview: tuple[tuple[Px, Qty], ...]) -> None:
        """Errors: `Refused` when the wallet cannot pay for it, fee included."""
        asset = placed.asset
        fees = 0
        if placed.side is Side.BUY:
            fees = sum(placed.fee(placed.own(px), qty) for px, qty in preview)
        wallet = self._vault.find(placed.wallet)
        free = self._vault.believed(placed.wallet, asset) - self.spoken_for(placed.wallet, asset)
        if wallet is None or not wallet.is_approved or placed.need + fees > free:
            raise Refused(400, NO_BALANCE)

    def _drop_unbacked(self, at: Ns) -> None:
        """Orders whose money or shares have gone, the newest first."""
        for placed in reversed(self.active()):
            asset = placed.asset
            has = self._vault.true(placed.wallet, asset)
            if placed.status != DELAYED and self.spoken_for(placed.wallet, asset) > has:
                self._end(placed, INVALID, at)

    # the match

    def _wake(self, at: Ns) -> None:
        due = [entry for entry in self._delayed if entry[0] <= at]
        self._delayed = [entry for entry in self._delayed if entry[0] > at]
        for _, placed in due:
            if not placed.is_open:
                continue
            shown = placed.shown
            del self._active[placed.id]
            try:
                if not shown.is_accepting or shown.is_closed:
                    raise Refused(400, NOT_READY)
                self._fund(placed, shown.matching.preview(placed.incoming()))
                placed.status, self._active[placed.id] = LIVE, placed
                trades = self._match(placed, at, was_delayed=True)
            except Refused as refusal:
                if placed.is_open:
                    self._end(placed, INVALID, at, f"{INVALID}_{refusal.words}")
            else:
                if not trades and placed.status == LIVE:
                    placed.status = UNMATCHED
                    self._note(placed, "UPDATE", at)

    def _match(self, placed: Placed, at: Ns, *, was_delayed: bool = False) -> tuple[Matched, ...]:
        """Meet the book. Errors: `Refused` when an immediate order is killed."""
        shown = placed.shown
        outcome = shown.matching.submit(placed.incoming(), at)
        if placed.kind in IMMEDIATE and not outcome.trades:
            words = KILLED if placed.kind == "FOK" else NO_MATCH
            placed.status = CANCELED
            self._note(placed, "CANCELLATION", at, f"{CANCELED}_{words}")
            raise Refused(400, words)
        if not was_delayed:
            self._note(placed, "PLACEMENT", at)
        made = self._record(shown, placed, list(outcome.trades), at)
        self._close(placed, outcome, at)
        return made

    def _close(self, placed: Placed, outcome: Outcome, at: Ns) -> None:
        if outcome.rested and not outcome.trades:
            self.touched.append((placed.shown, ()))
        if not outcome.rested:
            placed.status = MATCHED
        if placed.kind == "FAK" and placed.budget is None and placed.left:
            self._note(placed, "CANCELLATION", at, CANCELED)

    def _record(
        self, shown: Shown, taker: Placed | None, trades: list[Trade], at: Ns
    ) -> tuple[Matched, ...]:
        """Book trades in the ledger, one record for each price, and tell everybody in them."""
        by_price: dict[Px, list[Trade]] = {}
        for trade in trades:
            by_price.setdefault(trade.px, []).append(trade)
        made = tuple(self._one(shown, taker, group, at) for group in by_price.values())
        if made:
            self.touched.append((shown, made))
        return made

    def _one(self, shown: Shown, taker: Placed | None, group: list[Trade], at: Ns) -> Matched:
        makers = [self.orders[t.maker] if t.maker else None for t in group]
        made = matched(shown, taker, group, makers, at)
        for trade, part in zip(group, made.parts, strict=True):
            pay(self._vault, made, trade, part)
        self.trades.append(made)
        self._settlement.begin(made)
        for placed in made.orders():
            placed.trades = [*placed.trades, made.id]
            if placed.kind in IMMEDIATE or not placed.left:
                placed.status = MATCHED
            self._note(placed, "UPDATE", at)
        self._tell_trade(made, at)
        return made

    def _outrun(self, placed: Placed, at: Ns) -> None:
        """Somebody takes a resting order before its owner's cancel arrives."""
        left = placed.shown.matching.cancel(placed.id)
        side = Side.SELL if placed.book_side is Side.BUY else Side.BUY
        key = f"outrun {placed.id}"
        trade = Trade(key, HOUSE, placed.id, HOUSE, placed.wallet, placed.book_px, left, at, side)
        self._record(placed.shown, None, [trade], at)

    def _end(self, placed: Placed, status: str, at: Ns, said: str = "") -> None:
        placed.shown.matching.cancel(placed.id)
        placed.status = status
        self.touched.append((placed.shown, ()))
        self._note(placed, "CANCELLATION", at, said)

    def _note(self, placed: Placed, kind: str, at: Ns, status: str = "") -> None:
        frame = placed.frame(kind, at, status)
        self.news.append(News(placed.address, placed.shown.listed.native, frame))

    def _tell_trade(self, trade: Matched, at: Ns) -> None:
        for address in dict.fromkeys(p.address for p in trade.orders()):
            frame = trade.frame(address, at)
            self.news.append(News(address, trade.shown.listed.native, frame))
