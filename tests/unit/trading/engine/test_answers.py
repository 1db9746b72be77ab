"""What venues say of orders: fills count once, doubt is asked, contradictions halt."""

from msgspec.structs import replace

from tests.builders import (
    KA,
    START,
    at,
    cancelled,
    cash,
    filled,
    gap,
    orders,
    rejected,
    show,
    started,
    tick,
    unknown,
    usd,
)  # fmt: skip
from trading.engine import events as ev
from trading.engine.acks import percentile_ms
from trading.engine.engine import Engine
from trading.engine.intents import Halt, Intent, QueryOrder, SetTimer
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


def test_money_promised_to_a_refused_order_is_free_at_once() -> None:
    engine, first, _ = opened()
    before = exposure(engine.state, BookKind.PAPER).promises[KA]
    engine.step(rejected(first))
    assert before > 0
    assert exposure(engine.state, BookKind.PAPER).promises[KA] == 0


def test_a_delayed_order_is_open_and_keeps_the_time_its_venue_named() -> None:
    engine, first, _ = opened()
    engine.step(ev.OrderDelayed(at(1), first.id, "k1", at(4)))
    order = engine.state.orders[first.id]
    assert (order.state, order.until, order.venue_order) == (OrderState.OPEN, at(4), "k1")
    engine.step(ev.OrderDelayed(at(2), first.id, ""))
    assert engine.state.orders[first.id].until == at(4)
    engine.step(filled(first))
    assert engine.step(ev.OrderDelayed(at(3), first.id, "k1", at(9))) == []


def test_a_venue_that_still_counts_a_failed_fill_does_not_raise_a_doubt() -> None:
    engine, first, _ = opened()
    event = filled(first, "60", key="t1")
    engine.step(event)
    engine.step(ev.OrderFilled(at(1), replace(event.fill, finality=Finality.FAILED)))
    engine.step(cancelled(first, "60", when=at(2)))
    assert state_of(engine, first) is OrderState.CANCELLED


def test_the_time_to_a_venues_first_word_is_measured_once_and_a_doubt_is_no_word() -> None:
    engine, first, second = opened()
    engine.step(ev.OrderAccepted(at("0.03"), first.id, "k1"))
    engine.step(filled(first, when=at("0.4")))
    engine.step(unknown(second, when=at(5)))
    assert {k: percentile_ms(v) for k, v in engine.state.acks.items()} == {"paper/kalshi": 30}
