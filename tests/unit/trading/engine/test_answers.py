"""What venues say of orders: fills count once, doubt is asked, contradictions halt."""

from msgspec.structs import replace

from tests.builders import (
    KA,
    START,
    at,
    book,
    cancelled,
    cash,
    filled,
    gap,
    orders,
    qty,
    rejected,
    show,
    started,
    tick,
    unknown,
    usd,
)  # fmt: skip
from trading.engine import events as ev
from trading.engine.engine import Engine
from trading.engine.intents import Halt, Intent, PositionChanged, QueryOrder, SetTimer
from trading.engine.orders import BookKind, Finality, OrderRequest, OrderState
from trading.engine.state import account, exposure


def opened() -> tuple[Engine, OrderRequest, OrderRequest]:
    engine = started()
    first, second = orders(show(engine, *gap()))
    return engine, first, second


def state_of(engine: Engine, request: OrderRequest) -> OrderState:
    return engine.state.orders[request.id].state


def halts(intents: list[Intent]) -> list[str]:
    return [i.cause for i in intents if isinstance(i, Halt) and i.on]


def test_an_accepted_order_is_open_under_the_venues_name() -> None:
    engine, first, _ = opened()
    engine.step(ev.OrderAccepted(at(1), first.id, "k1"))
    assert state_of(engine, first) is OrderState.OPEN
    assert engine.state.orders[first.id].venue_order == "k1"


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


def test_a_cancellation_that_counts_more_than_we_saw_is_a_doubt() -> None:
    engine, first, _ = opened()
    intents = engine.step(cancelled(first, "60"))
    assert state_of(engine, first) is OrderState.UNKNOWN
    assert any(isinstance(i, QueryOrder) for i in intents)


def test_an_order_in_doubt_is_asked_again_with_growing_pauses() -> None:
    engine, first, _ = opened()
    pauses = []
    intents = engine.step(unknown(first, when=at(1)))
    now = at(1)
    for _ in range(4):
        timer = next(i for i in intents if isinstance(i, SetTimer))
        pauses.append(timer.due - now)
        now = timer.due
        intents = engine.step(tick(timer.key, now))
        assert any(isinstance(i, QueryOrder) for i in intents)
    assert pauses == sorted(pauses)
    assert len(set(pauses)) == 4


def test_a_second_doubt_does_not_ask_twice_at_once() -> None:
    engine, first, _ = opened()
    engine.step(unknown(first))
    assert engine.step(unknown(first)) == []


def test_the_question_stops_when_the_order_is_known() -> None:
    engine, first, _ = opened()
    engine.step(unknown(first))
    engine.step(filled(first))
    assert engine.step(tick(f"ask/{first.id}", at(1))) == []


def test_a_rejection_in_doubt_ends_the_order() -> None:
    engine, first, _ = opened()
    engine.step(unknown(first))
    engine.step(rejected(first))
    assert state_of(engine, first) is OrderState.REJECTED


def test_a_rejection_of_an_open_order_counts_as_its_cancellation() -> None:
    engine, first, _ = opened()
    engine.step(filled(first, "10"))
    engine.step(rejected(first))
    assert state_of(engine, first) is OrderState.CANCELLED


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


def test_a_fill_taken_back_halts() -> None:
    engine, first, _ = opened()
    event = filled(first, key="t1")
    engine.step(event)
    back = ev.OrderFilled(at(9), replace(event.fill, finality=Finality.FAILED))
    assert halts(engine.step(back)) == ["money"]


def test_a_fill_that_failed_before_it_counted_is_nothing() -> None:
    engine, first, _ = opened()
    back = replace(filled(first).fill, finality=Finality.FAILED)
    assert engine.step(ev.OrderFilled(at(9), back)) == []


def test_words_on_an_unknown_order_halt_and_are_not_an_error() -> None:
    for make in (
        lambda r: ev.OrderAccepted(START, r, ""),
        lambda r: ev.OrderRejected(START, r, "", ""),
        lambda r: ev.OrderCancelled(START, r, None, ""),
        lambda r: ev.OrderUnknown(START, r, ""),
    ):
        engine = started()
        assert halts(engine.step(make("x-1-0"))) == ["money"]


def test_the_venues_word_on_money_replaces_ours() -> None:
    engine, _, _ = opened()
    engine.step(cash(KA, "12"))
    assert engine.state.cash[account(BookKind.PAPER, KA)] == usd(12)


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


def test_money_promised_to_a_refused_order_is_free_at_once() -> None:
    engine, first, _ = opened()
    before = exposure(engine.state, BookKind.PAPER).promises[KA]
    engine.step(rejected(first))
    assert before > 0
    assert exposure(engine.state, BookKind.PAPER).promises[KA] == 0
