"""Deals of several relations side by side, with little money: one naked set, and no dollar promised
twice, in any interleaving of fills, refusals, doubts, races, starts and people.
"""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import initialize, invariant, rule
from msgspec.structs import replace

from markets.terms.fees import as_maker, trade_fee
from markets.terms.ids import venue_of
from markets.terms.units import Rounding, times
from tests.builders import (
    FIRST,
    KA,
    PM,
    SECOND_MARKET,
    book,
    gap,
    relation,
    snapshot,
    started,
    usd,
    venue,
)
from tests.property.test_deal_machine import DealMachine
from trading.engine import events as ev
from trading.engine.deals import ACTIVE, Deal, excess
from trading.engine.orders import TERMINAL, BookKind, OrderRequest, Purpose, Side
from trading.engine.state import EngineState, account, exposure, reserved
from trading.engine.strategies import Strategy, rests

# The second pair shares a market with the first, the others only the venues' money.
PAIRS = (
    (FIRST, SECOND_MARKET),
    (FIRST, "polymarket:B"),
    ("kalshi:C", "polymarket:C"),
    ("kalshi:D", "polymarket:D"),
)


class SharedMachine(DealMachine):
    @initialize(
        cash=st.sampled_from(["95", "130", "10000"]),
        ways=st.tuples(*(st.sampled_from(list(Strategy)) for _ in PAIRS)),
    )
    def start(self, cash: str, ways: tuple[Strategy, ...]) -> None:
        self.cash = usd(cash)
        venues = tuple(venue(name, cash=cash) for name in (KA, PM))
        relations = [relation(f"r{i}", str(a), str(b)) for i, (a, b) in enumerate(PAIRS)]
        config = snapshot(*relations, venues=venues, cooldown_ms=0, match_interval_ms=0)
        chosen = zip(config.relations, ways, strict=True)
        config = replace(config, relations=tuple(replace(r, strategy=way) for r, way in chosen))
        self.engine = started(config)
        self.opened_under: dict[str, None] = {}
        self.the_gap_opens_again()

    def placed(self, request: OrderRequest) -> None:
        super().placed(request)
        deal = self.engine.state.deals[request.deal]
        if request.purpose is Purpose.UNWIND:
            assert request.side is Side.SELL
            over = excess(deal.legs[request.leg], deal.matched)
            assert request.qty <= over, "an unwind of more than is not matched"
        if request.purpose is Purpose.OPEN and request.deal not in self.opened_under:
            self.opened_under[request.deal] = None
            self.assert_begun_rightly(deal)

    def assert_begun_rightly(self, deal: Deal) -> None:
        """Nothing under way or naked touches it, and its money was nobody's."""
        state = self.engine.state
        mine = {leg.market for leg in deal.legs}
        for name in {**state.active, **state.naked}:
            other = state.deals[name]
            assert name == deal.id or other.relation != deal.relation, "begun beside another"
            assert name == deal.id or not mine & {leg.market for leg in other.legs}
        for where in (KA, PM):
            promised = sum(
                _planned(state, one, i) if one is deal else reserved(state, one, i)
                for one in state.deals.values()
                for i, leg in enumerate(one.legs)
                if venue_of(leg.market) == where
            )
            assert promised <= state.cash[account(BookKind.PAPER, where)], "a dollar promised twice"

    def a_fill_overtakes_its_cancellation(self, number: int, contracts: int) -> None:
        """Not here: what fills after its end was nobody's money to promise."""

    def venue_takes_a_fill_back(self, number: int) -> None:
        """Not here: a sale taken back takes money that was there to promise."""

    @rule(which=st.integers(0, 3), first=st.integers(20, 80), second=st.integers(20, 80))
    def one_pair_moves(self, which: int, first: int, second: int) -> None:
        for market, bid in zip(PAIRS[which], (first, second), strict=True):
            shown = book(market, f"0.{bid}x60", f"0.{bid + 2}x60", self.now)
            self.tell(ev.BookChanged(self.now, shown))

    @rule()
    def the_gap_opens_again(self) -> None:
        for first, second in PAIRS:
            self.tell(*(ev.BookChanged(self.now, b) for b in gap(self.now, first, second)))

    @invariant()
    def money_is_released_when_nothing_more_may_be_bought(self) -> None:
        if not hasattr(self, "engine"):
            return
        state = self.engine.state
        for deal in state.deals.values():
            orders = [state.orders[name] for leg in deal.legs for name in leg.orders]
            over = deal.state not in ACTIVE and all(o.state in TERMINAL for o in orders)
            kept = [reserved(state, deal, i) for i in range(len(deal.legs))]
            assert not over or not any(kept), f"{deal.state} keeps {kept}"
            assert min(kept) >= 0

    @invariant()
    def what_is_remembered_as_promised_is_what_is_promised(self) -> None:
        if not hasattr(self, "engine"):
            return
        state = self.engine.state
        remembered = exposure(state, BookKind.PAPER)
        state.exposures.clear()
        assert exposure(state, BookKind.PAPER) == remembered


def _planned(state: EngineState, deal: Deal, index: int) -> int:
    """What a leg of a deal may cost at its limit, with its fee."""
    leg = deal.legs[index]
    fees = state.markets[leg.market].fees
    is_resting = rests(deal.strategy) and index == deal.leader
    fee = trade_fee(as_maker(fees) if is_resting else fees, leg.limit, leg.planned)
    return times(leg.limit, leg.planned, Rounding.UP) + fee


SharedMachine.TestCase.settings = settings(
    max_examples=15, stateful_step_count=25, deadline=None, derandomize=True
)
TestSharedMachine = SharedMachine.TestCase
