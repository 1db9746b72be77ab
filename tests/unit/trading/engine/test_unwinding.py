"""Getting out: what is there, in stages, within the loss; else a residual."""

from tests.builders import (
    FIRST,
    RELATION,
    at,
    book,
    cancelled,
    command,
    filled,
    orders,
    px,
    show,
    tick,
    usd,
)
from tests.deals import DEAL, deal, mismatched, steps
from trading.engine.deals import DealState
from trading.engine.orders import Side
from trading.engine.results import today


def test_the_deadline_turns_a_hedge_into_an_unwind_at_the_bids() -> None:
    engine, _ = mismatched("0.30x500")
    (sale,) = orders(engine.step(tick("hedge/r-1", at(1))))
    assert (sale.market, sale.side, sale.px) == (FIRST, Side.SELL, px("0.40"))


def test_an_unwind_sells_no_further_below_cost_than_allowed() -> None:
    engine, _ = mismatched("0.30x500", unwind_loss=20_000)
    (sale,) = orders(engine.step(tick("hedge/r-1", at(1))))
    assert sale.px == px("0.40")
    engine, _ = mismatched("0.30x500", unwind_loss=19_999)
    assert not orders(engine.step(tick("hedge/r-1", at(1))))
    assert deal(engine).state is DealState.RESIDUAL
    assert engine.state.naked == {DEAL: RELATION}


def test_an_unwound_deal_is_closed_with_what_it_cost() -> None:
    engine, _ = mismatched("0.30x500")
    (sale,) = orders(engine.step(tick("hedge/r-1", at(1))))
    intents = engine.step(filled(sale, when=at(2)))
    assert steps(intents)[-1] == "Closed: nothing is held. It cost $2.00."
    assert today(engine.state.results) == -usd(2)
    assert not engine.state.naked


def test_an_unwind_goes_down_by_stages_to_its_worst_price() -> None:
    engine, _ = mismatched("0.30x500")
    (sale,) = orders(engine.step(tick("hedge/r-1", at(1))))
    (again,) = orders(engine.step(cancelled(sale, "0", when=at("1.1"))))
    (last,) = orders(engine.step(cancelled(again, "0", when=at("1.2"))))
    assert (sale.px, again.px, last.px) == (px("0.40"), px("0.39"), px("0.37"))
    assert not orders(engine.step(cancelled(last, "0", when=at("1.3"))))
    assert deal(engine).state is DealState.RESIDUAL


def test_a_person_can_unwind_a_residual_later() -> None:
    engine, _ = mismatched("0.30x500", unwind_loss=0)
    engine.step(tick("hedge/r-1", at(1)))
    assert deal(engine).state is DealState.RESIDUAL
    show(engine, book(FIRST, "0.42x500", "0.44x500", at(3)))
    (sale,) = orders(engine.step(command("unwind", DEAL, when=at(3))))
    assert sale.px == px("0.42")
