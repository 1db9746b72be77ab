"""The faults of a connection: what is lost, doubled, late or spoilt, and for how long."""

import pytest

from feeds.sim.faults import KINDS, Doer, Fault
from feeds.sim.scenario import KALSHI, Move
from feeds.sim.trouble import Trouble, Verdict
from markets.terms.units import MS, SECOND, Ns

AT = Ns(10**18)
SOON = Ns(AT + SECOND)
MOVE = Move(KALSHI, "A", (), (), venue_at=AT)


def trouble(kind: str, seconds: int = 0, **args: int) -> Trouble:
    made = Trouble()
    made.begin(Fault(kind, Ns(seconds * SECOND), dict(args)), AT)
    return made


def test_without_a_fault_everything_passes_as_it_is() -> None:
    made = Trouble()
    assert made.frames(1, "text", AT) == ["text"]
    assert made.request("POST", AT) == Verdict()
    assert (made.now(AT), made.late(AT), made.moved(MOVE, AT)) == (AT, 0, MOVE)
    assert not made.refuses_sockets(AT)


@pytest.mark.parametrize("kind", [k for k, one in KINDS.items() if one.doer is Doer.TRANSPORT])
def test_a_fault_of_the_transport_is_over_when_its_time_and_count_are(kind: str) -> None:
    made = trouble(kind, 1)
    for number in range(3):
        made.frames(1, f"frame {number}", AT)
        made.request("POST", AT)
        made.request("POST", AT)
    assert made.frames(1, "text", SOON) == ["text"]
    assert made.request("POST", SOON) == Verdict()
    assert (made.now(SOON), made.late(SOON), made.moved(MOVE, SOON)) == (SOON, 0, MOVE)
    assert not made.refuses_sockets(SOON)


def test_counts_add_up_and_are_used_up_over_all_connections() -> None:
    made = trouble("gap", count=1)
    made.begin(Fault("gap", args={"count": 1}), AT)
    assert [made.frames(conn, "x", AT) for conn in (1, 2, 1)] == [[], [], ["x"]]


def test_a_frame_that_waits_dies_with_its_connection() -> None:
    made = trouble("reorder")
    assert made.frames(1, "first", AT) == []
    made.forget(1)
    assert made.frames(1, "second", AT) == ["second"]


def test_a_clock_that_is_off_for_good_stays_off() -> None:
    made = trouble("clock", ms=-2_500)
    assert made.now(Ns(AT + 3_600 * SECOND)) == AT + 3_600 * SECOND - 2_500 * MS


def test_reads_are_answered_while_writes_are_not() -> None:
    made = trouble("unanswered", 2, count=1)
    assert made.request("GET", AT) == Verdict()
    assert made.request("DELETE", AT) == Verdict(is_cut=True, late=Ns(2 * SECOND))
