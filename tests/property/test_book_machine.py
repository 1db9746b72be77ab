"""A book rebuilt from snapshots and changes is the venue's book, however the frames are cut up."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from feeds.books.builder import MarketBuilder, Resync
from feeds.sim.scenario import Move
from feeds.venues.kalshi.adapter import KalshiAdapter
from feeds.venues.kalshi.fake import KalshiFake
from markets.terms.ids import MarketId
from markets.terms.units import MS, Ns, Px, Qty
from tests.contract.adapter_contract import START, Link, walk
from tests.contract.test_kalshi import LISTED
from trading.engine.book import Book, BookState, Ladders, Levels
from trading.engine.orders import Side

DEPTH = 4
CENTS = st.integers(1, 99)
SIZES = st.integers(0, 500)


def best_first(levels: dict[int, int], *, bids: bool) -> Levels:
    return tuple((Px(px), Qty(qty)) for px, qty in sorted(levels.items(), reverse=bids) if qty > 0)


class BuilderMachine(RuleBasedStateMachine):
    """Every change the venue can make, against a plain dictionary; impossible ones are refused."""

    def __init__(self) -> None:
        super().__init__()
        self.builder = MarketBuilder(MarketId("kalshi:M"), DEPTH)
        self.bids: dict[int, int] = {}
        self.asks: dict[int, int] = {}
        self.at = 0
        self.is_live = False
        self.shown: Ladders | None = None
        self.epoch = 0

    def side(self, side: Side) -> dict[int, int]:
        return self.bids if side is Side.BUY else self.asks

    def is_crossed(self) -> bool:
        return bool(self.bids and self.asks and max(self.bids) >= min(self.asks))

    def heard(self, made: Book | Resync | None) -> None:
        if isinstance(made, Book):
            self.shown = made.ladders[0]
        if isinstance(made, Resync):
            self.is_live = False

    @rule(
        bids=st.dictionaries(CENTS, st.integers(1, 500), max_size=8),
        asks=st.dictionaries(CENTS, st.integers(1, 500), max_size=8),
    )
    def snapshot(self, bids: dict[int, int], asks: dict[int, int]) -> None:
        self.at += 1
        self.bids = {cents * 10_000: qty for cents, qty in bids.items()}
        self.asks = {cents * 10_000: qty for cents, qty in asks.items()}
        made = self.builder.snapshot(
            [(Px(px), Qty(qty)) for px, qty in self.bids.items()],
            [(Px(px), Qty(qty)) for px, qty in self.asks.items()],
            Ns(self.at),
        )
        assert isinstance(made, Resync) == self.is_crossed()
        self.is_live = isinstance(made, Book)
        assert self.builder.epoch > self.epoch
        self.epoch = self.builder.epoch
        self.heard(made)

    @precondition(lambda self: self.is_live)
    @rule(side=st.sampled_from(Side), cents=CENTS, delta=st.integers(-300, 300))
    def change(self, side: Side, cents: int, delta: int) -> None:
        self.at += 1
        levels, px = self.side(side), cents * 10_000
        size = levels.get(px, 0) + delta
        made = self.builder.change(side, Px(px), delta, Ns(self.at))
        if size < 0:
            assert isinstance(made, Resync)
        else:
            levels[px] = size
            if size == 0:
                del levels[px]
            assert isinstance(made, Resync) == self.is_crossed()
        self.heard(made)

    @precondition(lambda self: self.is_live)
    @rule(changes=st.lists(st.tuples(st.sampled_from(Side), CENTS, SIZES), min_size=1, max_size=6))
    def set_all(self, changes: list[tuple[Side, int, int]]) -> None:
        self.at += 1
        for side, cents, qty in changes:
            self.side(side)[cents * 10_000] = qty
        self.bids = {px: qty for px, qty in self.bids.items() if qty}
        self.asks = {px: qty for px, qty in self.asks.items() if qty}
        said = [(side, Px(cents * 10_000), Qty(qty)) for side, cents, qty in changes]
        made = self.builder.set_all(said, Ns(self.at))
        assert isinstance(made, Resync) == self.is_crossed()
        self.heard(made)

    @rule()
    def doubt(self) -> None:
        self.builder.suspect("gap")
        self.is_live = False

    @invariant()
    def what_was_last_told_is_the_truth(self) -> None:
        assert (self.builder.state is BookState.LIVE) == self.is_live
        if self.is_live:
            truth = Ladders(
                best_first(self.bids, bids=True)[:DEPTH], best_first(self.asks, bids=False)[:DEPTH]
            )
            assert self.shown == truth == self.builder.book().ladders[0]


class ConnectionMachine(RuleBasedStateMachine):
    """Moves, losses, repeats and cuts on one connection: no wrong book outlives the next frame."""

    def __init__(self) -> None:
        super().__init__()
        self.fake = KalshiFake(LISTED)
        adapter = KalshiAdapter()
        markets = tuple(one.market for one in walk(adapter, self.fake, START))
        self.link = Link(adapter, self.fake, markets)
        self.link.connect()
        self.unheard = False

    @rule(
        market=st.integers(0, len(LISTED) - 1),
        middle=st.integers(5, 95),
        sizes=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=3, max_size=3),
    )
    def move(self, market: int, middle: int, sizes: list[tuple[int, int]]) -> None:
        """A few levels about a middle; the first frame after a loss reveals it."""
        self.link.at = Ns(self.link.at + 40 * MS)
        listed = LISTED[market]
        bids = [(middle - 1 - step, bid) for step, (bid, _) in enumerate(sizes)]
        asks = [(middle + 1 + step, ask) for step, (_, ask) in enumerate(sizes)]
        move = Move(
            listed.venue,
            listed.native,
            tuple((Px(cents * 10_000), Qty(qty * 10_000)) for cents, qty in bids if qty),
            tuple((Px(cents * 10_000), Qty(qty * 10_000)) for cents, qty in asks if qty),
        )
        before = len(self.link.frames)
        self.link.move(move)
        if len(self.link.frames) > before:
            self.unheard = False

    @precondition(lambda self: not self.unheard)
    @rule()
    def lose(self) -> None:
        """One frame at a time: ten seconds of lost answers would rightly end the socket."""
        self.fake.gap()
        self.unheard = True

    @rule()
    def repeat(self) -> None:
        self.fake.duplicate()

    @rule()
    def overflow(self) -> None:
        self.link._hear(self.fake.overflow(self.link.at))
        assert self.link.believed() == {}
        assert self.link.drops.pop() == "buffer_overflow"
        self.reconnect()

    @rule()
    def reconnect(self) -> None:
        self.link.disconnect()
        assert self.link.believed() == {}
        self.link.connect()
        self.unheard = False

    @rule(cut=st.integers(1, 40))
    def cut_short(self, cut: int) -> None:
        if self.link.frames:
            self.link.inject(self.link.frames[-1][:cut])
            assert self.link.believed() == {} or self.link.faults
        if self.link.drops:
            self.link.drops.clear()
            self.reconnect()

    @rule()
    def rest(self) -> None:
        """Long enough for a probe of a resting subscription and for every lost snapshot."""
        self.link.wait(12_000)
        self.unheard = False
        assert not self.link.drops
        assert set(self.link.believed()) == {listed.native for listed in LISTED}

    @invariant()
    def what_is_believed_is_true(self) -> None:
        if not self.unheard:
            self.link.assert_honest()


TestBuilder = BuilderMachine.TestCase
TestConnection = ConnectionMachine.TestCase
