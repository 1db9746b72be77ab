"""Noted before it is done: orders, moves by the table alone, one sentence each."""

import pytest
from msgspec.structs import replace

from tests.builders import at, filled, px, qty
from tests.deals import DEAL, deal, made, opened
from trading.engine.deals import NEXT, DealState
from trading.engine.intents import CancelOrder, DealChanged, Intent, PlaceOrder, SetTimer
from trading.engine.orders import OrderState, Purpose, Side, TimeInForce
from trading.engine.sending import (
    InvariantBroken,
    Wanted,
    move,
    order_name,
    place_all,
    progress,
    pull,
    put,
    reopen,
)


def test_names_derive_from_the_run_and_never_come_back() -> None:
    engine, *_ = opened()
    assert [order_name(engine.state) for _ in range(2)] == ["r-2", "r-3"]


def test_orders_of_one_decision_are_remembered_and_told_before_they_leave() -> None:
    engine, *_ = opened()
    out: list[Intent] = []
    wanted = [
        Wanted(0, Side.SELL, qty(5), px("0.40"), Purpose.UNWIND),
        Wanted(1, Side.BUY, qty(7), px("0.51"), Purpose.HEDGE, at(9)),
    ]
    after = place_all(engine.state, deal(engine), wanted, "Trying", out)

    told, first, second, timer = out
    assert isinstance(told, DealChanged)
    assert told.step == ("Trying 5 KA Yes at 40.0¢ or better and 7 PM No at 51.0¢ or better.")
    assert isinstance(first, PlaceOrder)
    assert isinstance(second, PlaceOrder)
    assert (first.request.tif, first.request.post_only) == (TimeInForce.IOC, False)
    assert (second.request.tif, second.request.post_only) == (TimeInForce.GTC, True)
    assert second.request.expires_at == at(9)
    assert isinstance(timer, SetTimer)
    assert timer.key == f"deal/{DEAL}"
    for request in (first.request, second.request):
        assert engine.state.orders[request.id].state is OrderState.SENT
        assert after.legs[request.leg].orders[-1] == request.id


def test_the_end_of_an_order_is_asked_for_once_and_never_of_one_in_doubt_or_over() -> None:
    engine, first = made()
    out: list[Intent] = []
    order = engine.state.orders[first.id]
    pull(engine.state, order, out)
    pull(engine.state, engine.state.orders[first.id], out)
    assert [type(intent) for intent in out] == [CancelOrder]
    for state in (OrderState.UNKNOWN, OrderState.CANCELLED):
        pull(engine.state, replace(order, state=state), out)
    assert len(out) == 1


@pytest.mark.parametrize("start", list(DealState))
def test_a_deal_goes_only_where_the_table_says(start: DealState) -> None:
    engine, *_ = opened()
    standing = replace(deal(engine), state=start)
    for to in DealState:
        if to in NEXT[start]:
            moved = move(standing, to, at(3))
            assert (moved.state, moved.changed_at) == (to, at(3))
        else:
            with pytest.raises(InvariantBroken):
                move(standing, to, at(3))


def test_what_is_put_away_leaves_the_sets_it_no_longer_belongs_to() -> None:
    engine, *_ = opened()
    state, out = engine.state, list[Intent]()
    hedging = move(deal(engine), DealState.HEDGING, at(1))
    state.naked[DEAL] = hedging.relation
    put(state, hedging, "Hedging.", out)
    assert (DEAL in state.active, DEAL in state.naked) == (True, True)

    put(state, move(hedging, DealState.BALANCED, at(2)), "Balanced.", out)
    assert (DEAL in state.active, DEAL in state.naked, DEAL in state.resting) == (False,) * 3
    assert state.booked[DEAL] == deal(engine).locked
    assert [i.step for i in out if isinstance(i, DealChanged)] == ["Hedging.", "Balanced."]
    assert deal(engine).reason == "Balanced."


def test_a_makers_deal_is_among_the_resting_while_it_is_open() -> None:
    engine, _ = made()
    state = engine.state
    assert DEAL in state.resting
    put(state, move(deal(engine), DealState.CLOSED, at(1)), "Closed.", [])
    assert DEAL not in state.resting


def test_a_deal_that_a_late_fill_opens_again_is_naked_and_says_why() -> None:
    engine, *_ = opened()
    state, out = engine.state, list[Intent]()
    put(state, move(deal(engine), DealState.CLOSED, at(1)), "Closed.", out)
    again = reopen(state, deal(engine), out)
    assert again.state is DealState.RESIDUAL
    assert state.naked == {DEAL: again.relation}
    assert deal(engine).reason == "A late fill came after the deal had ended."


def test_what_fills_changed_is_said_leg_by_leg() -> None:
    engine, first, second = opened()
    before = deal(engine)
    engine.step(filled(first, "60"))
    engine.step(filled(second, "100"))
    after = deal(engine)
    assert progress(engine.state, before, after) == (
        "60 of 100 KA Yes filled. 100 of 100 PM No filled."
    )
    assert (
        progress(engine.state, after, before) == "60 KA Yes sold, 0 left. 100 PM No sold, 0 left."
    )
    assert progress(engine.state, after, after) == "Fees changed."
