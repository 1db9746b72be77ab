"""Fills count once, are corrected when final and taken back when they failed."""

from msgspec.structs import replace

from markets.terms.ids import DealId
from tests.builders import (
    FIRST,
    KA,
    SECOND_MARKET,
    at,
    book,
    cancelled,
    filled,
    gap,
    orders,
    qty,
    rejected,
    show,
    started,
    tick,
    usd,
)  # fmt: skip
from trading.engine import events as ev
from trading.engine.deals import DealState
from trading.engine.engine import Engine
from trading.engine.intents import DealChanged, Halt, Intent, PositionChanged
from trading.engine.orders import BookKind, Finality, OrderRequest, OrderState, Purpose
from trading.engine.state import account

DEAL = DealId("r-1")


def opened() -> tuple[Engine, OrderRequest, OrderRequest]:
    engine = started()
    first, second = orders(show(engine, *gap()))
    return engine, first, second


def halts(intents: list[Intent]) -> list[str]:
    return [i.cause for i in intents if isinstance(i, Halt) and i.on]


def provisional(event: ev.OrderFilled) -> ev.OrderFilled:
    return ev.OrderFilled(event.at, replace(event.fill, finality=Finality.MATCHED))


def failed(event: ev.OrderFilled, seconds: str = "9") -> ev.OrderFilled:
    return ev.OrderFilled(at(seconds), replace(event.fill, finality=Finality.FAILED))


def test_a_fill_moves_order_position_and_money() -> None:
    engine, first, _ = opened()
    before = engine.state.cash[account(BookKind.PAPER, KA)]
    intents = engine.step(filled(first, "60", fee="1"))
    order = engine.state.orders[first.id]
    assert (order.state, order.filled, order.cost) == (OrderState.PART, qty(60), usd("25.2"))
    assert engine.state.cash[account(BookKind.PAPER, KA)] == before - usd("26.2")
    told = [i for i in intents if isinstance(i, PositionChanged)]
    assert told[0].qty == (qty(60), 0)


def test_the_same_fill_counts_once() -> None:
    engine, first, _ = opened()
    engine.step(filled(first, "60", key="t1"))
    assert engine.step(filled(first, "60", key="t1")) == []
    assert engine.state.orders[first.id].filled == qty(60)


def test_a_fill_after_the_cancellation_still_counts() -> None:
    engine, first, _ = opened()
    engine.step(cancelled(first))
    engine.step(filled(first, "60"))
    order = engine.state.orders[first.id]
    assert (order.state, order.filled) == (OrderState.CANCELLED, qty(60))


def test_a_fill_of_an_order_never_sent_halts() -> None:
    engine, first, _ = opened()
    stranger = replace(first, id="x-9-0")
    assert halts(engine.step(filled(stranger))) == ["money"]
    assert engine.step(filled(stranger, key="again")) == []


def test_a_fill_beyond_the_size_halts_and_does_not_change_the_order() -> None:
    engine, first, _ = opened()
    engine.step(filled(first))
    assert halts(engine.step(filled(first, "1", key="extra"))) == ["money"]
    assert engine.state.orders[first.id].filled == first.qty


def test_a_fill_of_a_rejected_order_halts() -> None:
    engine, first, _ = opened()
    engine.step(rejected(first))
    assert halts(engine.step(filled(first, "1"))) == ["money"]


def test_a_fill_of_another_market_halts() -> None:
    engine, first, second = opened()
    wrong = replace(first, id=second.id)
    assert halts(engine.step(filled(wrong))) == ["money"]


def test_selling_more_than_is_held_halts() -> None:
    engine, first, second = opened()
    engine.step(filled(first))
    show(engine, book(second.market, "0.30x9", "0.32x9", at("0.1")))
    engine.step(rejected(second, when=at("0.2")))
    (sale,) = orders(engine.step(tick("hedge/r-1", at(1))))
    (again,) = orders(engine.step(cancelled(sale, when=at("1.1"))))
    engine.step(filled(again, when=at("1.2")))
    assert halts(engine.step(filled(sale, "5", key="late", when=at("1.3")))) == ["money"]
    assert engine.state.positions[f"paper/{first.market}"].qty[0] == -qty(5)


def test_a_fill_that_failed_is_taken_out_of_order_position_and_money() -> None:
    engine, first, _ = opened()
    before = dict(engine.state.cash)
    event = provisional(filled(first, "60", fee="1"))
    engine.step(event)
    intents = engine.step(failed(event))
    order = engine.state.orders[first.id]
    assert (order.filled, order.cost, order.fees, order.taken_back) == (0, 0, 0, qty(60))
    assert engine.state.cash == before
    position = engine.state.positions[f"paper/{FIRST}"]
    assert (position.qty, position.cost, position.fees) == ((0, 0), (0, 0), 0)
    assert not halts(intents)
    assert any(isinstance(i, PositionChanged) for i in intents)


def test_a_filled_order_ends_as_cancelled_with_less_when_its_fill_failed() -> None:
    engine, first, _ = opened()
    event = provisional(filled(first))
    engine.step(event)
    assert engine.state.orders[first.id].state is OrderState.FILLED
    engine.step(failed(event))
    assert engine.state.orders[first.id].state is OrderState.CANCELLED


def test_an_order_that_rests_ends_when_all_but_what_failed_is_filled() -> None:
    engine, first, _ = opened()
    event = provisional(filled(first, "40", key="t1"))
    engine.step(event)
    engine.step(failed(event))
    assert engine.state.orders[first.id].state is OrderState.PART
    engine.step(filled(first, "60", key="t2", when=at(10)))
    order = engine.state.orders[first.id]
    assert (order.state, order.filled) == (OrderState.CANCELLED, qty(60))


def test_a_ghost_fill_makes_a_balanced_deal_naked_again_and_it_is_hedged() -> None:
    engine, first, second = opened()
    ghost = provisional(filled(second))
    engine.step(filled(first))
    engine.step(ghost)
    assert engine.state.deals[DEAL].state is DealState.BALANCED
    show(engine, *gap(at(8)))
    intents = engine.step(failed(ghost))
    assert engine.state.deals[DEAL].state is DealState.HEDGING
    assert DEAL in engine.state.naked
    (hedge,) = orders(intents)
    assert (hedge.purpose, hedge.market, hedge.qty) == (Purpose.HEDGE, SECOND_MARKET, qty(100))
    told = [i.step for i in intents if isinstance(i, DealChanged)]
    assert "took back a fill of 100" in " ".join(told)


def test_both_legs_taken_back_close_the_deal() -> None:
    engine, first, second = opened()
    ghosts = [provisional(filled(request)) for request in (first, second)]
    for ghost in ghosts:
        engine.step(ghost)
    for ghost in ghosts:
        for hedge in orders(engine.step(failed(ghost, "8"))):
            engine.step(rejected(hedge, when=at(8)))
    assert engine.state.deals[DEAL].state is DealState.CLOSED
    assert not engine.state.naked


def test_a_failure_counts_once_and_what_failed_is_not_matched_again() -> None:
    engine, first, _ = opened()
    event = provisional(filled(first, "60"))
    engine.step(event)
    engine.step(failed(event))
    assert engine.step(failed(event)) == []
    assert engine.step(event) == []
    assert engine.state.orders[first.id].filled == 0


def test_a_failure_that_overtakes_its_match_makes_it_count_for_nothing() -> None:
    engine, first, _ = opened()
    event = provisional(filled(first, "60"))
    assert engine.step(failed(event, "1")) == []
    assert engine.step(event) == []
    assert engine.state.orders[first.id].filled == 0


def test_a_failure_of_an_order_that_is_not_ours_is_nothing() -> None:
    engine, first, _ = opened()
    stranger = replace(first, id="x-9-0")
    assert engine.step(failed(filled(stranger))) == []
    assert not engine.state.details


def test_a_final_word_changes_only_the_finality() -> None:
    engine, first, _ = opened()
    event = filled(first, "60", key="t1")
    engine.step(provisional(event))
    held = engine.state.orders[first.id]
    assert engine.step(event) == []
    assert engine.state.orders[first.id] == held
    assert engine.state.details["t1"].finality is Finality.FINAL
    assert engine.step(provisional(event)) == []
    assert engine.state.details["t1"].finality is Finality.FINAL


def test_a_final_word_with_another_fee_corrects_the_money() -> None:
    engine, first, _ = opened()
    before = engine.state.cash[account(BookKind.PAPER, KA)]
    engine.step(provisional(filled(first, "60", key="t1", fee="1")))
    engine.step(filled(first, "60", key="t1", fee="1.2", when=at(1)))
    order = engine.state.orders[first.id]
    assert (order.filled, order.fees, order.taken_back) == (qty(60), usd("1.2"), 0)
    assert engine.state.cash[account(BookKind.PAPER, KA)] == before - usd("26.4")


def test_what_failed_and_is_then_called_final_halts() -> None:
    engine, first, _ = opened()
    event = filled(first, "60")
    engine.step(provisional(event))
    engine.step(failed(event))
    assert halts(engine.step(event)) == ["money"]


def test_a_failure_of_a_fill_known_only_by_its_key_halts() -> None:
    engine, first, _ = opened()
    event = filled(first, "60")
    engine.step(event)
    engine.state.details.clear()
    assert halts(engine.step(failed(event))) == ["money"]
