"""An order under any words of its venue: filled never exceeds size, terminal is terminal."""

import hypothesis.strategies as st
from hypothesis import given, settings

from markets.terms.units import MICRO, SECOND, Ns, Qty, Usd
from tests.builders import START, gap, orders, show, started
from trading.engine import events as ev
from trading.engine.orders import NEXT, TERMINAL, Fill, Finality, Order, OrderState

WORDS = st.lists(
    st.one_of(
        st.sampled_from(["accepted", "rejected", "cancelled", "unknown", "asked"]),
        st.tuples(st.just("filled"), st.integers(1, 120), st.integers(0, 5)),
        st.tuples(st.just("failed"), st.integers(0, 5)),
        st.tuples(st.just("delayed"), st.integers(0, 5)),
        st.tuples(st.just("ended"), st.integers(0, 120)),
    ),
    max_size=12,
)


def fill(order: Order, what: tuple[int, int], now: Ns, finality: Finality) -> ev.OrderFilled:
    request, (size, key) = order.request, what
    named = (request.id, request.market, request.outcome, request.side)
    amount = Qty(size * MICRO)
    return ev.OrderFilled(now, Fill(f"t{key}", *named, request.px, amount, Usd(0), now, finality))


def event(word: object, order: Order, now: Ns) -> ev.Event:
    name = order.request.id
    match word:
        case ("filled", int(size), int(key)):
            return fill(order, (size, key), now, Finality.MATCHED)
        case ("failed", int(key)):
            return fill(order, (1, key), now, Finality.FAILED)
        case ("delayed", int(seconds)):
            return ev.OrderDelayed(now, name, "v", Ns(now + seconds * SECOND))
        case ("ended", int(total)):
            return ev.OrderCancelled(now, name, Qty(total * MICRO), "ioc")
    said: dict[object, ev.Event] = {
        "accepted": ev.OrderAccepted(now, name, "v"),
        "rejected": ev.OrderRejected(now, name, "no", "no"),
        "cancelled": ev.OrderCancelled(now, name, None, "ioc"),
        "unknown": ev.OrderUnknown(now, name, "timeout"),
        "asked": ev.TimerFired(now, f"ask/{name}"),
    }
    return said[word]


def reachable(start: OrderState) -> dict[OrderState, None]:
    found: dict[OrderState, None] = {}
    waiting = [start]
    while waiting:
        for state in NEXT[waiting.pop()]:
            if state not in found:
                found[state] = None
                waiting.append(state)
    return found


@settings(max_examples=300, deadline=None)
@given(WORDS)
def test_an_order_stays_within_its_size_and_its_table(words: list[object]) -> None:
    engine = started()
    name = orders(show(engine, *gap()))[0].id
    keys: dict[str, int] = {}
    for n, word in enumerate(words):
        before = engine.state.orders[name]
        said = event(word, before, Ns(START + n))
        halted = "|money" in engine.state.halts
        engine.step(said)
        after = engine.state.orders[name]
        assert 0 <= after.filled <= after.request.qty
        taken = after.taken_back - before.taken_back
        assert after.filled >= before.filled - taken
        assert after.state is before.state or after.state in reachable(before.state)
        assert (after.state is OrderState.FILLED) == (after.filled == after.request.qty)
        if isinstance(said, ev.OrderFilled) and after.filled != before.filled:
            assert (said.fill.key in keys) == (said.fill.finality is Finality.FAILED)
            keys[said.fill.key] = 0 if said.fill.key in keys else said.fill.qty
        if before.state in TERMINAL and not isinstance(said, ev.OrderFilled):
            assert (after.state, after.filled) == (before.state, before.filled)
        assert not halted or "|money" in engine.state.halts
    assert engine.state.orders[name].filled == sum(keys.values())
