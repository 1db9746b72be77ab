"""What a statement proves, whatever happened before it."""

import hypothesis.strategies as st
from hypothesis import given, settings
from msgspec.structs import replace

from markets.terms.ids import DealId, OrderId
from markets.terms.units import Ns, Qty, Usd
from tests.builders import FIRST, KA, PM, at, px, snapshot, started, venue
from trading.engine import events as ev
from trading.engine.engine import Engine
from trading.engine.intents import Halt, PlaceOrder
from trading.engine.orders import (
    BookKind,
    Fill,
    Order,
    OrderRequest,
    OrderState,
    Purpose,
    Side,
    TimeInForce,
)
from trading.engine.reconcile import missing

CONTRACTS = st.integers(1, 40)
TRADES = st.lists(st.tuples(st.booleans(), CONTRACTS, st.integers(2, 98)), max_size=8)


class Ledger:
    """A venue that nets, and our engine that hears of every fill."""

    def __init__(self) -> None:
        self.cash = 1_000_000_000
        self.held = [0, 0]
        config = snapshot(venues=(replace(venue(KA), nets=True), venue(PM)))
        self.engine = started(config)
        self.now = 10
        self.engine.step(self.statement())

    def buy(self, outcome: int, qty: int, cents: int) -> None:
        self.now += 1
        name = OrderId(f"r-{self.now}-0")
        price, amount = px(f"0.{cents:02}"), Qty(qty * 1_000_000)
        request = OrderRequest(
            name, DealId("d"), 0, FIRST, outcome, Side.BUY, price, amount, TimeInForce.IOC,
            BookKind.LIVE, Purpose.OPEN,
        )  # fmt: skip
        when = at(self.now)
        self.engine.state.orders[name] = Order(request, OrderState.SENT, when, when)
        fill = Fill(name, name, FIRST, outcome, Side.BUY, price, amount, Usd(10_000), when)
        self.engine.step(ev.OrderFilled(when, fill))
        self.cash -= price * qty + 10_000
        self.held[outcome] += amount
        pairs = min(self.held)
        self.cash += pairs
        self.held = [held - pairs for held in self.held]

    def statement(self, *, complete: bool = True) -> ev.AccountReported:
        self.now += 5
        asked = at(self.now)
        self.now += 1
        holdings = tuple((FIRST, i, Qty(held)) for i, held in enumerate(self.held) if held)
        return ev.AccountReported(
            Ns(asked + 1), KA, BookKind.LIVE, Usd(self.cash), holdings, (), asked, complete
        )


def halted(engine: Engine, event: ev.AccountReported) -> bool:
    intents = engine.step(event)
    assert not any(isinstance(i, PlaceOrder) for i in intents)
    return any(isinstance(i, Halt) for i in intents)


@settings(max_examples=80, deadline=None)
@given(TRADES, st.lists(st.integers(0, 8), max_size=3))
def test_a_venue_that_keeps_the_same_ledger_always_agrees(
    trades: list[tuple[bool, int, int]], asked_after: list[int]
) -> None:
    ledger = Ledger()
    for number, (no, size, cents) in enumerate(trades):
        ledger.buy(int(no), size, cents)
        if number in asked_after:
            assert not halted(ledger.engine, ledger.statement())
    assert not halted(ledger.engine, ledger.statement())
    assert not missing(ledger.engine.state, KA)


@settings(max_examples=80, deadline=None)
@given(
    TRADES,
    st.sampled_from(["cash", "yes", "no"]),
    st.integers(-30, 30).filter(bool),
)
def test_every_difference_beyond_a_cent_halts_and_no_agreement_is_left(
    trades: list[tuple[bool, int, int]], what: str, by: int
) -> None:
    ledger = Ledger()
    for no, size, cents in trades:
        ledger.buy(int(no), size, cents)
    if what == "cash":
        ledger.cash += by * 20_000
    else:
        # One side alone: a pair more or less would be netted away at once.
        ledger.held[["yes", "no"].index(what)] += abs(by) * 1_000_000
        ledger.held[1 - ["yes", "no"].index(what)] = 0
    assert halted(ledger.engine, ledger.statement())
    assert missing(ledger.engine.state, KA)


@settings(max_examples=40, deadline=None)
@given(TRADES, st.integers(-30, 30))
def test_an_incomplete_statement_changes_no_verdict(
    trades: list[tuple[bool, int, int]], by: int
) -> None:
    ledger = Ledger()
    for no, size, cents in trades:
        ledger.buy(int(no), size, cents)
    ledger.cash += by * 1_000_000
    cash = dict(ledger.engine.state.cash)
    assert not halted(ledger.engine, ledger.statement(complete=False))
    assert ledger.engine.state.cash == cash
