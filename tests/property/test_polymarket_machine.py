"""A Polymarket book, however its frames are cut, lost, repeated or reordered: true, or not live.

Frames carry no numbers, so a change lost below the top cannot be noticed before the next snapshot;
until then only the top, which every later frame states, is held to the truth. Everything else is
held in full.
"""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from feeds.books.builder import MarketBuilder
from feeds.sim.scenario import Move
from feeds.venues.polymarket.adapter import PolymarketAdapter
from feeds.venues.polymarket.fake import PolymarketFake
from feeds.venues.polymarket.session import MarketSession
from markets.terms.units import MS, Ns, Px, Qty
from tests.contract.adapter_contract import START, Link, top, walk
from tests.contract.test_polymarket import LISTED
from trading.engine.book import Ladders
from trading.engine.orders import Side

MARKETS = LISTED[:2]


class SocketMachine(RuleBasedStateMachine):
    """Two markets on one socket. `history` has every state the venue was in, by its own time."""

    def __init__(self) -> None:
        super().__init__()
        self.fake = PolymarketFake(MARKETS)
        adapter = PolymarketAdapter()
        markets = tuple(one.market for one in walk(adapter, self.fake, START))
        self.link = Link(adapter, self.fake, markets)
        self.ids = {market.native: market.id for market in markets}
        self.history: dict[str, dict[int, Ladders]] = {one.native: {} for one in MARKETS}
        self.pending: list[str] = []
        # Changes the venue sent that have not arrived, and the epoch of the last book seen.
        self.unheard: dict[str, list[int]] = {one.native: [] for one in MARKETS}
        self.epochs: dict[str, int] = {}
        # Epoch of the book that misses a change, and the time of the change it misses.
        self.missing: dict[str, tuple[int, int]] = {}
        # The newest time a frame that reached the session stated a top for.
        self.heard: dict[str, int] = {}
        self.link.connect()
        for one in MARKETS:
            self._move(one.native, 50, [(1, 1)], traded=False)
        self._deliver_all()
        self.link.mangle = self._hold

    def _hold(self, text: str) -> list[str]:
        if text == "PONG":
            return [text]
        self.pending.append(text)
        for native, ms in _changes(text):
            self.unheard[native].append(ms)
        return []

    def _move(
        self, native: str, middle: int, sizes: list[tuple[int, int]], *, traded: bool
    ) -> None:
        self.link.at = Ns(self.link.at + 40 * MS)
        bids = [(middle - 1 - step, bid) for step, (bid, _) in enumerate(sizes)]
        asks = [(middle + 1 + step, ask) for step, (_, ask) in enumerate(sizes)]
        trade = (Px(middle * 10_000), Qty(1_000_000), Side.BUY) if traded else None
        ladders = Ladders(_levels(bids), _levels(asks))
        self.link.move(Move(self.fake.venue, native, ladders.bids, ladders.asks, trade))
        self.history[native][self.link.at // MS] = ladders

    def _hear(self, text: str) -> None:
        """What arrives before something sent earlier reveals nothing of it below the top."""
        for native, ms in _changes(text):
            builder = self._builder(native)
            if self.epochs.get(native) != builder.epoch:
                self.epochs[native] = builder.epoch
                self._forget_until(native, builder.venue_at // MS)
            unheard = self.unheard[native] = [one for one in self.unheard[native] if one != ms]
            if unheard and unheard[0] < ms:
                self.missing[native] = (builder.epoch, min(unheard))
            self.heard[native] = max(self.heard.get(native, 0), ms)
        self.link.inject(text)

    def _builder(self, native: str) -> MarketBuilder:
        session = self.link.session
        assert isinstance(session, MarketSession)
        return session._by_native[native].builder

    def _forget_until(self, native: str, ms: int) -> None:
        self.unheard[native] = [one for one in self.unheard[native] if one > ms]

    def _deliver_all(self) -> None:
        while self.pending:
            self._hear(self.pending.pop(0))

    @rule(
        market=st.integers(0, len(MARKETS) - 1),
        middle=st.integers(8, 92),
        sizes=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=5),
        traded=st.booleans(),
    )
    def move(self, market: int, middle: int, sizes: list[tuple[int, int]], *, traded: bool) -> None:
        self._move(MARKETS[market].native, middle, sizes, traded=traded)

    @precondition(lambda self: self.pending)
    @rule()
    def deliver(self) -> None:
        self._hear(self.pending.pop(0))

    @precondition(lambda self: self.pending)
    @rule()
    def lose(self) -> None:
        self.pending.pop(0)

    @precondition(lambda self: self.pending)
    @rule(times=st.integers(1, 3))
    def repeat(self, times: int) -> None:
        for _ in range(times):
            self._hear(self.pending[0])

    @precondition(lambda self: len(self.pending) > 1)
    @rule(place=st.integers(0, 20))
    def swap(self, place: int) -> None:
        first = place % (len(self.pending) - 1)
        pending = self.pending
        pending[first], pending[first + 1] = pending[first + 1], pending[first]

    @precondition(lambda self: len(self.pending) > 1)
    @rule(count=st.integers(2, 5))
    def in_one_array(self, count: int) -> None:
        some, self.pending = self.pending[:count], self.pending[count:]
        parts = [json.loads(text) for text in some]
        self._hear(json.dumps([one for part in parts for one in _listed(part)]))

    @precondition(lambda self: self.pending)
    @rule()
    def element_by_element(self) -> None:
        frame = json.loads(self.pending.pop(0))
        for part in _split(frame):
            self._hear(json.dumps(part))

    @precondition(lambda self: self.pending)
    @rule(cut=st.integers(1, 200))
    def cut_short(self, cut: int) -> None:
        text = self.pending.pop(0)
        self.link.inject(text[: max(1, len(text) - cut)])

    @rule()
    def reconnect(self) -> None:
        self.pending.clear()
        self.missing.clear()
        self.heard.clear()
        self.unheard = {one.native: [] for one in MARKETS}
        self.link.disconnect()
        assert self.link.believed() == {}
        self.link.connect()
        self._deliver_all()

    @rule(ms=st.sampled_from([40, 600, 1_500]))
    def time_passes(self, ms: int) -> None:
        self.link.wait(ms)

    @rule()
    def everything_comes_and_time_passes(self) -> None:
        """Nothing is lost for good: it is fetched, or the silent socket is left for a new one."""
        self._deliver_all()
        for _ in range(14):
            self.link.wait(5_000)
            self._deliver_all()
        if self.link.drops:
            assert self.link.drops.pop() == "silent feed"
            assert any(self.unheard.values())
            self.reconnect()
        assert set(self.link.believed()) == set(self.history)

    @invariant()
    def what_is_believed_is_a_state_the_venue_was_in(self) -> None:
        for native, found in self.link.believed().items():
            book = self.link.books[self.ids[native]]
            truth = self._truth(native, book.venue_at // MS)
            newest = self._truth(native, max(self.heard.get(native, 0), book.venue_at // MS))
            assert _best(found) == _best(newest)
            epoch, since = self.missing.get(native, (-1, 0))
            if book.epoch > epoch or book.venue_at // MS < since:
                assert found == truth

    def _truth(self, native: str, ms: int) -> Ladders:
        return top(self.history[native].get(ms, Ladders((), ())))


def _levels(levels: list[tuple[int, int]]) -> tuple[tuple[Px, Qty], ...]:
    return tuple(
        (Px(cents * 10_000), Qty(qty * 1_000_000))
        for cents, qty in levels
        if qty and 0 < cents < 100
    )


def _best(ladders: Ladders) -> tuple[int | None, int | None]:
    return (
        ladders.bids[0][0] if ladders.bids else None,
        ladders.asks[0][0] if ladders.asks else None,
    )


def _changes(text: str) -> list[tuple[str, int]]:
    """Market and time of every frame of changes in a message."""
    return [
        (frame["market"], int(frame["timestamp"]))
        for frame in _listed(json.loads(text))
        if frame["event_type"] == "price_change"
    ]


def _listed(part: Any) -> list[Any]:
    return part if isinstance(part, list) else [part]


def _split(frame: Any) -> list[Any]:
    if not isinstance(frame, dict) or not frame.get("price_changes"):
        return [frame]
    return [{**frame, "price_changes": [one]} for one in frame["price_changes"]]


TestSocket = SocketMachine.TestCase
