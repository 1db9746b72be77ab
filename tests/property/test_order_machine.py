"""An order under any words of its venue: filled never exceeds size, terminal is terminal."""

import hypothesis.strategies as st
from hypothesis import given, settings

from markets.terms.units import MICRO, Ns, Qty, Usd
from tests.builders import START, gap, orders, show, started
from trading.engine import events as ev
from trading.engine.orders import NEXT, TERMINAL, Fill, Order, OrderState

WORDS = st.lists(
    st.one_of(
        st.sampled_from(["accepted", "rejected", "cancelled", "unknown", "asked"]),
        st.tuples(st.just("filled"), st.integers(1, 120), st.integers(0, 5)),
        st.tuples(st.just("ended"), st.integers(0, 120)),
    ),
    max_size=12,
)


def event(word: object, order: Order, now: Ns) -> ev.Event:
    request = order.request
    match word:
        case "accepted":
            return ev.OrderAccepted(now, request.id, "v")
        case "rejected":
            return ev.OrderRejected(now, request.id, "no", "no")
        case "cancelled":
            return ev.OrderCancelled(now, request.id, None, "ioc")
        case "unknown":
            return ev.OrderUnknown(now, request.id, "timeout")
        case ("filled", int(size), int(key)):
            fill = Fill(
                f"t{key}", request.id, request.market, request.outcome, request.side, request.px,
                Qty(size * MICRO), Usd(0), now,
            )  # fmt: skip
            return ev.OrderFilled(now, fill)
        case ("ended", int(total)):
            return ev.OrderCancelled(now, request.id, Qty(total * MICRO), "ioc")
    return ev.TimerFired(now, f"ask/{request.id}")


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
        assert after.filled >= before.filled
        assert after.state is before.state or after.state in reachable(before.state)
        assert (after.state is OrderState.FILLED) == (after.filled == after.request.qty)
        if isinstance(said, ev.OrderFilled) and after.filled > before.filled:
            assert said.fill.key not in keys
            keys[said.fill.key] = said.fill.qty
        if before.state in TERMINAL and not isinstance(said, ev.OrderFilled):
            assert (after.state, after.filled) == (before.state, before.filled)
        assert not halted or "|money" in engine.state.halts
    assert engine.state.orders[name].filled == sum(keys.values())
