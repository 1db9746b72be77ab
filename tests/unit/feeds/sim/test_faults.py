"""Faults as data: what can be asked for, and when it is due."""

import pytest

from feeds.sim.faults import KINDS, Doer, Fault, Script, TimedFault, fault_of
from markets.terms.units import SECOND, Ns

START = Ns(10**18)


def timed(seconds: int, kind: str, venue: str = "kalshi") -> TimedFault:
    return TimedFault(Ns(seconds * SECOND), venue, Fault(kind))


def test_each_fault_has_a_doer_and_a_meaning() -> None:
    assert {kind.doer for kind in KINDS.values()} == set(Doer)
    assert all(kind.meaning for kind in KINDS.values())
    assert Fault("gap").doer is Doer.TRANSPORT
    assert Fault("ghost").doer is Doer.VENUE


def test_what_a_person_wrote_becomes_a_fault() -> None:
    made = fault_of("slow", Ns(1_500_000_000), ms=300)
    assert made == Fault("slow", Ns(1_500_000_000), {"ms": 300})
    assert (made.number("ms"), made.number("count", 1)) == (300, 1)
    assert fault_of("close", market="KX-1").args == {"market": "KX-1"}


@pytest.mark.parametrize(
    ("kind", "lasting", "args", "said"),
    [
        ("explode", 0, {}, "there is no fault 'explode'; there are disconnect, silence"),
        ("silence", -1, {}, "seconds must be from 0 to 86400"),
        ("silence", 86_401 * SECOND, {}, "seconds must be from 0 to 86400"),
        ("silence", 1, {"count": 2}, "no argument 'count'; it understands seconds"),
        ("gap", 0, {"count": "many"}, "count must be a whole number, not 'many'"),
        ("gap", 0, {"count": True}, "count must be a whole number, not True"),
    ],
)
def test_a_fault_written_wrongly_is_refused_with_the_reason(
    kind: str, lasting: int, args: dict[str, object], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        fault_of(kind, Ns(lasting), **args)


def test_a_script_tells_each_fault_once_when_its_time_has_come() -> None:
    script = Script((timed(30, "refuse"), timed(5, "gap"), timed(5, "silence")), START)
    assert script.due(Ns(START + 4 * SECOND)) == []
    assert [t.fault.kind for t in script.due(Ns(START + 5 * SECOND))] == ["gap", "silence"]
    assert script.due(Ns(START + 29 * SECOND)) == []
    assert [t.fault.kind for t in script.due(Ns(START + 99 * SECOND))] == ["refuse"]
    assert script.due(Ns(START + 999 * SECOND)) == []
