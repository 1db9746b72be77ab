"""A venue under any orders: matching and the books kept of it, together.

Shares and money of all accounts and the house are conserved, nothing trades through a better price,
time decides at a price, YES and NO mirror each other, and a queue shrinks by trades only.
"""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from feeds.sim.ledger import Ledger, Party
from feeds.sim.matching import HOUSE, Incoming, Matching, Outcome, Trade
from markets.terms.ids import MarketId
from markets.terms.instruments import even_ladder
from markets.terms.units import MICRO, Ns, Px, Qty, Usd
from trading.engine.book import Levels
from trading.engine.orders import Side, TimeInForce

A = MarketId("kalshi:A")
CENT = 10_000
LOT = Qty(CENT)
CASH = Usd(1_000_000 * MICRO)
ACCOUNTS = ("ann", "bob", "cyd")

prices = st.integers(1, 99)
sizes = st.integers(1, 5_000)
sides = st.sampled_from(list(Side))


@st.composite
def displays(draw: Any) -> tuple[Levels, Levels]:
    middle = draw(st.integers(5, 94))
    bids = draw(st.lists(st.tuples(st.integers(0, 3), sizes), max_size=3, unique_by=lambda x: x[0]))
    asks = draw(st.lists(st.tuples(st.integers(1, 4), sizes), max_size=3, unique_by=lambda x: x[0]))
    return (
        tuple((Px((middle - d) * CENT), Qty(q * LOT)) for d, q in sorted(bids)),
        tuple((Px((middle + d) * CENT), Qty(q * LOT)) for d, q in sorted(asks)),
    )


class Venue(RuleBasedStateMachine):
    """A netting venue with three accounts and a moving display."""

    def __init__(self) -> None:
        super().__init__()
        self.book = Matching(A, even_ladder(Px(CENT)), LOT)
        self.mirror = Matching(A, even_ladder(Px(CENT)), LOT)
        self.ledger = Ledger()
        self.ledger.open(A, nets=True)
        for account in ACCOUNTS:
            self.ledger.deposit(account, CASH)
        self.now = 0
        self.number = 0
        self.keys: set[str] = set()

    def tick(self) -> Ns:
        self.now += 1
        return Ns(self.now)

    @rule(display=displays())
    def show(self, display: tuple[Levels, Levels]) -> None:
        at = self.tick()
        queues = self.queues()
        trades = self.book.show(*display, at)
        self.settle(trades)
        flipped = [tuple((Px(MICRO - px), qty) for px, qty in side) for side in display]
        self.compare(trades, self.mirror.show(flipped[1], flipped[0], at))
        if not trades:
            assert self.queues() == queues

    @rule(
        account=st.sampled_from(ACCOUNTS),
        side=sides,
        px=prices,
        size=sizes,
        tif=st.sampled_from(list(TimeInForce)),
        post_only=st.booleans(),
        stp=st.sampled_from(("none", "cancel_incoming", "cancel_resting")),
    )
    def order(self, account: str, side: Side, px: int, size: int, **how: Any) -> None:
        self.number += 1
        asked = Incoming(
            order=f"o{self.number}",
            account=account,
            side=side,
            px=Px(px * CENT),
            qty=Qty(size * LOT),
            **how,
        )
        at = self.tick()
        best = self.book.book()[1 if side is Side.BUY else 0]
        foreseen = self.book.preview(asked)
        outcome = self.book.submit(asked, at)
        self.judge(asked, outcome, best)
        if not outcome.rejected:
            assert tuple((t.px, t.qty) for t in outcome.trades) == foreseen
        self.settle(list(outcome.trades))
        self.compare(list(outcome.trades), list(self.mirror.submit(_mirrored(asked), at).trades))

    @rule(side=sides, px=prices, size=sizes)
    def public_trade(self, side: Side, px: int, size: int) -> None:
        at = self.tick()
        queues = self.queues()
        trades = self.book.traded(Px(px * CENT), Qty(size * LOT), side, at)
        assert sum(t.qty for t in trades) <= size * LOT
        self.settle(trades)
        assert all(after <= queues[name] for name, after in self.queues().items())
        flipped = Px(MICRO - px * CENT)
        self.compare(trades, self.mirror.traded(flipped, Qty(size * LOT), _other(side), at))

    @precondition(lambda self: self.book.resting())
    @rule(which=st.integers(0, 50), size=sizes, px=prices)
    def change(self, which: int, size: int, px: int) -> None:
        resting = self.book.resting()
        one = resting[which % len(resting)]
        at = self.tick()
        qty = Qty(size * LOT)
        if size % 3 == 0:
            assert self.book.cancel(one.order) == one.qty
            self.mirror.cancel(one.order)
        elif size % 3 == 1:
            before = self.book.queue(one.order)
            self.book.reduce(one.order, qty)
            self.mirror.reduce(one.order, qty)
            assert self.book.queue(one.order) == before
        else:
            trades = self.book.amend(one.order, Px(px * CENT), qty, at).trades
            self.settle(list(trades))
            flipped = Px(MICRO - px * CENT)
            self.compare(list(trades), list(self.mirror.amend(one.order, flipped, qty, at).trades))

    @invariant()
    def everything_is_conserved(self) -> None:
        assert self.ledger.problems() == []
        assert all(self.ledger.cash(account) >= 0 for account in ACCOUNTS)

    @invariant()
    def the_book_is_never_crossed(self) -> None:
        bids, asks = self.book.book()
        assert not (bids and asks and bids[0][0] >= asks[0][0])
        flipped = [tuple((Px(MICRO - px), qty) for px, qty in side) for side in (asks, bids)]
        assert list(self.mirror.book()) == flipped

    @invariant()
    def time_decides_at_a_price(self) -> None:
        for name in self.book.resting():
            for later in self.book.resting():
                same = (name.incoming.side, name.incoming.px) == (
                    later.incoming.side,
                    later.incoming.px,
                )
                if same and name.since < later.since:
                    assert name.ahead <= later.ahead
                    assert self.book.queue(name.order) < self.book.queue(later.order)

    def queues(self) -> dict[str, int]:
        return {one.order: one.ahead for one in self.book.resting()}

    def judge(self, asked: Incoming, outcome: Outcome, best: Levels) -> None:
        """Sizes add up, prices are within the limit, best first and never through a better one."""
        whole = outcome.filled + outcome.rested + outcome.cancelled
        assert whole == asked.qty
        sign = 1 if asked.side is Side.BUY else -1
        paid = [sign * t.px for t in outcome.trades]
        assert paid == sorted(paid)
        assert all(px <= sign * asked.px for px in paid)
        if outcome.rejected != "self_trade" and asked.stp == "none":
            passed = [qty for px, qty in best if paid and sign * px < max(paid)]
            assert sum(passed) <= outcome.filled
        if asked.tif is TimeInForce.FOK and not outcome.rejected:
            assert outcome.filled == asked.qty
        if asked.post_only:
            assert outcome.trades == ()

    def settle(self, trades: list[Trade]) -> None:
        for trade in trades:
            assert trade.key not in self.keys
            self.keys.add(trade.key)
            other = Side.SELL if trade.side is Side.BUY else Side.BUY
            taker = self.party(trade.taker_account, trade.taker, trade.side, trade.qty)
            maker = self.party(trade.maker_account, trade.maker or "", other, trade.qty)
            level = (trade.px, trade.qty)
            if trade.taker_account == trade.maker_account:
                continue
            self.ledger.trade(trade.key, A, level, (taker, maker), trade.at)

    def party(self, account: str, order: str, side: Side, qty: Qty) -> Party:
        if account == HOUSE:
            return self.ledger.house(A, side, qty)
        outcome = self.ledger.intent(account, A, side, qty)
        own = side if outcome == 0 else _other(side)
        return Party(account, order, outcome, own, Usd(qty // 100))

    def compare(self, ours: list[Trade], theirs: list[Trade]) -> None:
        """The same story told of NO has the same trades at one less the price."""
        told = [(t.key, t.taker, t.maker, MICRO - t.px, t.qty, _other(t.side)) for t in theirs]
        assert told == [(t.key, t.taker, t.maker, t.px, t.qty, t.side) for t in ours]


def _other(side: Side) -> Side:
    return Side.SELL if side is Side.BUY else Side.BUY


def _mirrored(asked: Incoming) -> Incoming:
    return Incoming(
        order=asked.order,
        account=asked.account,
        side=_other(asked.side),
        px=Px(MICRO - asked.px),
        qty=asked.qty,
        tif=asked.tif,
        post_only=asked.post_only,
        stp=asked.stp,
    )


TestVenue = Venue.TestCase
