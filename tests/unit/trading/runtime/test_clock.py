"""Time is told by the machine once, and never goes back."""

from __future__ import annotations

from functools import partial

from markets.terms.units import SECOND, Ns
from trading.runtime.clock import EventClock, SystemClock


def test_the_system_clock_never_starts_before_its_floor() -> None:
    floor = Ns(SystemClock().now() + 3600 * SECOND)

    assert SystemClock(floor).now() >= floor


def test_the_system_clock_never_goes_back() -> None:
    clock = SystemClock()

    times = [clock.now() for _ in range(1000)]

    assert times == sorted(times)


def test_callbacks_come_in_order_of_time_and_then_of_asking_each_at_its_own_time() -> None:
    clock = EventClock(Ns(10))
    called: list[tuple[str, int]] = []

    def note(name: str) -> None:
        called.append((name, clock.now()))

    for name, due in (("late", 30), ("soon", 20), ("also soon", 20), ("never", 41)):
        clock.call_at(Ns(due), partial(note, name))

    clock.advance_to(Ns(40))

    assert called == [("soon", 20), ("also soon", 20), ("late", 30)]
    assert clock.now() == 40


def test_a_cancelled_callback_does_not_come() -> None:
    clock = EventClock()
    called: list[int] = []
    clock.call_at(Ns(1), lambda: called.append(1)).cancel()

    clock.advance_to(Ns(2))

    assert called == []


def test_an_event_clock_does_not_go_back() -> None:
    clock = EventClock(Ns(10))

    clock.advance_to(Ns(5))

    assert clock.now() == 10
