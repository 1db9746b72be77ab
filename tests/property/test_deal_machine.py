"""Whatever venues, clocks and people do to a deal, it ends whole, closed or as a residual."""

from __future__ import annotations

from typing import Any, ClassVar

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace

from markets.terms.ids import OrderId, venue_of
from markets.terms.units import MICRO, MS, Ns, Qty, Usd
from risk.gates.chain import Chain
from tests.builders import (
    FIRST,
    KA,
    PM,
    SECOND_MARKET,
    START,
    book,
    command,
    gap,
    snapshot,
    started,
    usd,
    venue,
)
from trading.engine import events as ev
from trading.engine.deals import NEXT, DealState, excess
from trading.engine.engine import Engine
from trading.engine.intents import (
    CancelOrder,
    DealChanged,
    Intent,
    PlaceOrder,
    QueryOrder,
    SetTimer,
)
from trading.engine.naked import Choice
from trading.engine.orders import (
    TERMINAL,
    BookKind,
    Fill,
    Finality,
    OrderRequest,
    OrderState,
    Purpose,
)
from trading.engine.state import account, promised
from trading.engine.strategies import Strategy

ENDED = (DealState.BALANCED, DealState.CLOSED, DealState.RESIDUAL)


class Venue:
    """What venues know: orders on their way to them, what rests, what was traded."""

    def __init__(self) -> None:
        self.open: dict[OrderId, OrderRequest] = {}
        self.filled: dict[OrderId, int] = {}
        self.back: dict[OrderId, int] = {}
        self.trades = 0

    def left(self, request: OrderRequest) -> int:
        taken = self.back.get(request.id, 0)
        return request.qty - self.filled.get(request.id, 0) - taken


class DealMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.engine: Engine
        self.venue = Venue()
        self.now = START
        self.timers: dict[str, Ns] = {}
        self.halted = False
        self.oversold = False
        self.steps: dict[str, DealState] = {}
        self.last_fill: ev.OrderFilled | None = None
        self.told: dict[str, Fill] = {}
        self.failed: dict[str, None] = {}
        self.final: dict[str, None] = {}

    strategy: Strategy | None = None
    limits: ClassVar[dict[str, int]] = {}

    @initialize(dust=st.sampled_from([0, 10_000, 2 * MICRO]), cash=st.sampled_from(["70", "10000"]))
    def start(self, dust: int, cash: str) -> None:
        self.cash = usd(cash)
        venues = tuple(venue(name, cash=cash) for name in (KA, PM))
        config = snapshot(venues=venues, dust=dust, cooldown_ms=0, match_interval_ms=0)
        config = replace(config, limits=replace(config.limits, **self.limits))
        relations = tuple(replace(r, strategy=self.strategy) for r in config.relations)
        self.engine = started(replace(config, relations=relations))
        self.tell(*(ev.BookChanged(self.now, b) for b in gap(self.now)))

    def tell(self, *events: ev.Event) -> None:
        for event in events:
            self.take(self.engine.step(event))

    def take(self, intents: list[Intent]) -> None:
        for intent in intents:
            if isinstance(intent, PlaceOrder):
                self.placed(intent.request)
            elif isinstance(intent, SetTimer):
                self.timers[intent.key] = intent.due
            elif isinstance(intent, DealChanged):
                self.moved(intent)
            elif isinstance(intent, CancelOrder | QueryOrder):
                assert intent.order in self.engine.state.orders

    def placed(self, request: OrderRequest) -> None:
        assert not (self.halted and request.purpose is Purpose.OPEN), "a new deal under a halt"
        assert request.id not in self.venue.open, "the same order twice"
        for other in self.engine.state.orders.values():
            mine = other.request
            if mine.id != request.id and (mine.deal, mine.leg) == (request.deal, request.leg):
                assert other.state in TERMINAL, "a second order while the first is unresolved"
        deal = self.engine.state.deals[request.deal]
        if request.purpose is Purpose.UNWIND:
            held = deal.legs[request.leg].held
            assert request.qty <= held, "an unwind of more than is there"
        assert request.qty > 0
        self.venue.open[request.id] = request

    def moved(self, change: DealChanged) -> None:
        before = self.steps.get(change.deal.id, DealState.OPENING)
        after = change.deal.state
        assert after is before or after in NEXT[before], f"{before} to {after}"
        assert change.step
        self.steps[change.deal.id] = after

    def some_order(self, number: int) -> OrderRequest | None:
        waiting = list(self.venue.open.values())
        return waiting[number % len(waiting)] if waiting else None

    def fill(self, request: OrderRequest, amount: int) -> None:
        self.venue.trades += 1
        self.venue.filled[request.id] = self.venue.filled.get(request.id, 0) + amount
        if not self.venue.left(request):
            self.venue.open.pop(request.id, None)
        self.last_fill = ev.OrderFilled(
            self.now,
            Fill(
                f"t{self.venue.trades}", request.id, request.market, request.outcome,
                request.side, request.px, Qty(amount), Usd(0), self.now, Finality.MATCHED,
            ),
        )  # fmt: skip
        self.told[self.last_fill.fill.key] = self.last_fill.fill
        self.tell(self.last_fill)

    @rule(number=st.integers(0, 9))
    def venue_fills_all(self, number: int) -> None:
        request = self.some_order(number)
        if request is not None:
            self.fill(request, self.venue.left(request))

    @rule(number=st.integers(0, 9), contracts=st.integers(1, 60))
    def venue_fills_a_part(self, number: int, contracts: int) -> None:
        request = self.some_order(number)
        if request is not None:
            self.fill(request, min(contracts * MICRO, self.venue.left(request)))

    @rule(number=st.integers(0, 9))
    def venue_accepts(self, number: int) -> None:
        request = self.some_order(number)
        if request is not None:
            self.tell(ev.OrderAccepted(self.now, request.id, "v"))

    @rule(number=st.integers(0, 9))
    def venue_rejects(self, number: int) -> None:
        request = self.some_order(number)
        if request is not None and not self.venue.filled.get(request.id):
            del self.venue.open[request.id]
            self.tell(ev.OrderRejected(self.now, request.id, "no", "no"))

    @rule(number=st.integers(0, 9), says=st.booleans())
    def venue_cancels(self, number: int, says: bool) -> None:
        request = self.some_order(number)
        if request is not None:
            del self.venue.open[request.id]
            filled = Qty(self.venue.filled.get(request.id, 0)) if says else None
            self.tell(ev.OrderCancelled(self.now, request.id, filled, "ioc"))

    @rule(number=st.integers(0, 9), contracts=st.integers(1, 60))
    def a_fill_overtakes_its_cancellation(self, number: int, contracts: int) -> None:
        request = self.some_order(number)
        if request is not None:
            del self.venue.open[request.id]
            self.tell(ev.OrderCancelled(self.now, request.id, None, "ioc"))
            if self.engine.state.orders[request.id].state is OrderState.CANCELLED:
                self.fill(request, min(contracts * MICRO, self.venue.left(request)))

    @rule(number=st.integers(0, 9))
    def nobody_knows(self, number: int) -> None:
        request = self.some_order(number)
        if request is not None:
            self.tell(ev.OrderUnknown(self.now, request.id, "timeout"))

    @rule(number=st.integers(0, 9))
    def venue_takes_a_fill_back(self, number: int) -> None:
        again = [k for k in self.told if k not in self.failed and k not in self.final]
        if not again:
            return
        key = again[number % len(again)]
        fill = self.told[key]
        self.failed[key] = None
        self.venue.filled[fill.order] -= fill.qty
        self.venue.back[fill.order] = self.venue.back.get(fill.order, 0) + fill.qty
        self.tell(ev.OrderFilled(self.now, replace(fill, finality=Finality.FAILED)))

    @rule(number=st.integers(0, 9), seconds=st.integers(0, 8))
    def venue_delays(self, number: int, seconds: int) -> None:
        request = self.some_order(number)
        if request is not None:
            until = Ns(self.now + seconds * 1000 * MS)
            self.tell(ev.OrderDelayed(self.now, request.id, "v", until))

    @rule(number=st.integers(0, 9))
    def a_fill_becomes_final(self, number: int) -> None:
        kept = [k for k in self.told if k not in self.failed]
        if kept:
            key = kept[number % len(kept)]
            self.final[key] = None
            self.tell(ev.OrderFilled(self.now, replace(self.told[key], finality=Finality.FINAL)))

    @precondition(lambda self: self.last_fill is not None)
    @rule()
    def a_fill_is_said_twice(self) -> None:
        assert self.last_fill is not None
        before = self.engine.state.positions.copy()
        self.tell(self.last_fill)
        assert self.engine.state.positions == before

    @rule(ms=st.sampled_from([1, 100, 300, 1_000, 6_000]))
    def time_passes(self, ms: int) -> None:
        self.now = Ns(self.now + ms * MS)
        due = sorted((at, key) for key, at in self.timers.items() if at <= self.now)
        for _, key in due:
            del self.timers[key]
            self.tell(ev.TimerFired(self.now, key))

    @rule(first=st.integers(20, 80), second=st.integers(20, 80), deep=st.booleans())
    def prices_move(self, first: int, second: int, deep: bool) -> None:
        size = 500 if deep else 7
        for market, bid in ((FIRST, first), (SECOND_MARKET, second)):
            bids, asks = f"0.{bid}x{size}", f"0.{bid + 2}x{size}"
            self.tell(ev.BookChanged(self.now, book(market, bids, asks, self.now)))

    @rule()
    def the_gap_opens_again(self) -> None:
        self.tell(*(ev.BookChanged(self.now, b) for b in gap(self.now)))

    @rule(name=st.sampled_from([KA, PM]))
    def a_feed_goes_and_comes(self, name: Any) -> None:
        self.tell(ev.FeedDown(self.now, name, "gone"), ev.FeedUp(self.now, name))

    @rule(halt=st.booleans())
    def a_person_halts_or_resumes(self, halt: bool) -> None:
        self.halted = halt or self.halted
        self.tell(command("halt" if halt else "resume", when=self.now))
        self.halted = bool(self.engine.state.halts.get("|person"))

    @rule(choice=st.sampled_from(list(Choice)))
    def a_person_chooses(self, choice: Choice) -> None:
        for deal in list(self.engine.state.deals):
            self.tell(command(choice, deal, when=self.now))

    @rule()
    def the_process_is_replaced(self) -> None:
        memory = self.engine.dump()
        self.engine = Engine.load(memory, Chain())
        assert self.engine.dump() == memory

    @rule()
    def the_run_starts_again(self) -> None:
        self.tell(ev.RunStarted(self.now, self.engine.state.run, "paper"))
        for name in (KA, PM):
            self.tell(ev.FeedUp(self.now, name))

    @invariant()
    def held_never_exceeds_ordered(self) -> None:
        if not hasattr(self, "engine"):
            return
        for order in self.engine.state.orders.values():
            assert 0 <= order.filled <= order.request.qty
            assert order.filled == self.venue.filled.get(order.request.id, 0)

    @invariant()
    def deals_and_positions_are_the_fills(self) -> None:
        if not hasattr(self, "engine"):
            return
        state = self.engine.state
        held: dict[tuple[str, int], int] = {}
        for deal in state.deals.values():
            for leg in deal.legs:
                assert leg.held >= 0 or deal.id in state.naked, "oversold and not in the naked set"
                key = (leg.market, leg.outcome)
                held[key] = held.get(key, 0) + leg.held
        for position in state.positions.values():
            for outcome, qty in enumerate(position.qty):
                assert qty == held.get((position.market, outcome), 0)
        oversold = any(min(position.qty) < 0 for position in state.positions.values())
        assert oversold or self.oversold or not state.halts.get("|money")
        self.oversold = self.oversold or oversold

    @invariant()
    def money_is_conserved_and_never_promised_twice(self) -> None:
        if not hasattr(self, "engine"):
            return
        state = self.engine.state
        for name in (KA, PM):
            held = [p for p in state.positions.values() if venue_of(p.market) == name]
            spent = sum(sum(p.cost) - p.realised + p.fees for p in held)
            cash = state.cash[account(BookKind.PAPER, name)]
            assert cash == self.cash - spent
            waiting = [o for o in state.orders.values() if venue_of(o.request.market) == name]
            assert sum(promised(state, order) for order in waiting) <= max(cash, 0)

    @invariant()
    def what_is_naked_is_watched(self) -> None:
        if hasattr(self, "engine"):
            state = self.engine.state
            assert set(state.watches) == set(state.naked) or self.late(state)

    def late(self, state: Any) -> bool:
        """A residual that a late fill made is watched from its next decision on."""
        unwatched = [name for name in state.naked if name not in state.watches]
        return all(state.deals[name].state is DealState.RESIDUAL for name in unwatched)

    @invariant()
    def what_is_unmatched_is_in_the_naked_set(self) -> None:
        if not hasattr(self, "engine"):
            return
        state = self.engine.state
        for deal in state.deals.values():
            naked = deal.state in (DealState.HEDGING, DealState.UNWINDING, DealState.RESIDUAL)
            assert (deal.id in state.naked) == naked

    def teardown(self) -> None:
        if not hasattr(self, "engine"):
            return
        for _ in range(30):
            self.tell(command("halt", when=self.now))
            self.halted = True
            for request in list(self.venue.open.values()):
                filled = Qty(self.venue.filled.get(request.id, 0))
                del self.venue.open[request.id]
                self.tell(ev.OrderCancelled(self.now, request.id, filled, "ioc"))
            self.time_passes(6_000)
        state = self.engine.state
        for deal in state.deals.values():
            assert deal.state in ENDED, f"{deal.id} still {deal.state}: {deal.reason}"
            over = max(abs(excess(leg, deal.matched)) for leg in deal.legs)
            if deal.state is DealState.RESIDUAL:
                assert deal.reason
                assert over > state.terms[deal.id].dust
            else:
                assert over <= state.terms[deal.id].dust


class LeaderFirstMachine(DealMachine):
    strategy = Strategy.LEADER_FIRST


class MakerMachine(DealMachine):
    limits: ClassVar[dict[str, int]] = {"maker_hedge": 1, "min_net_edge": 50_000}


for machine in (DealMachine, LeaderFirstMachine, MakerMachine):
    machine.TestCase.settings = settings(
        max_examples=40, stateful_step_count=30, deadline=None, derandomize=True
    )
TestDealMachine = DealMachine.TestCase
TestLeaderFirstMachine = LeaderFirstMachine.TestCase
TestMakerMachine = MakerMachine.TestCase
