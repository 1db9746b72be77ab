"""What the scribe says becomes events once, and its silence is noticed."""

from __future__ import annotations

import msgspec
import pytest

from markets.terms.ids import RelationId
from markets.terms.units import SECOND, Ns, Qty
from tests.fakes import START, ManualClock
from trading.engine.config import Limits, Snapshot
from trading.engine.events import (
    CommandReceived,
    ConfigChanged,
    Event,
    HealthReported,
    PackageProposed,
)
from trading.engine.orders import Purpose
from trading.runtime.executor import Lease
from trading.runtime.messages import (
    Applied,
    Beat,
    CommandArrived,
    ConfigLoaded,
    FromWorker,
    Health,
    LeaseHeld,
    LeaseLost,
    PackageArrived,
)
from trading.runtime.watch import Desk


class Office:
    """A desk and all that came of what it heard."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.events: list[Event] = []
        self.answers: list[FromWorker] = []
        self.lease = Lease()
        self.desk = Desk(self.events.append, self.answers.append, self.clock, self.lease)

    def health(self) -> list[tuple[str, bool]]:
        return [(e.component, e.ok) for e in self.events if isinstance(e, HealthReported)]


def loaded(revision: int, limits: Limits | None = None) -> ConfigLoaded:
    snapshot = Snapshot(revision, START, limits=limits or Limits())
    return ConfigLoaded(revision, msgspec.msgpack.encode(snapshot))


def test_a_saved_configuration_becomes_an_event_and_is_answered() -> None:
    office = Office()

    office.desk.hear(loaded(0))

    assert office.events == [ConfigChanged(START, Snapshot(0, START))]
    assert office.answers == [Applied(0, ())]
    assert office.desk.configured.is_set()


def test_the_same_revision_again_changes_nothing() -> None:
    office = Office()
    office.desk.hear(loaded(4))

    office.desk.hear(loaded(4))

    assert len(office.events) == 1
    assert office.answers == [Applied(4, ()), Applied(4, ())]


def test_a_configuration_with_a_problem_leaves_the_old_one_running_and_says_why() -> None:
    office = Office()
    office.desk.hear(loaded(4))

    office.desk.hear(loaded(5, Limits(min_net_edge=200_000)))

    assert len(office.events) == 1
    (answer,) = office.answers[1:]
    assert isinstance(answer, Applied)
    assert answer.revision == 4
    assert answer.rejected[0].startswith("Revision 5: min_net_edge is above max_edge")
    office.desk.hear(loaded(6))
    assert office.answers[-1] == Applied(6, ())
    assert office.desk.rejected == ()


def test_a_configuration_that_cannot_be_read_is_rejected() -> None:
    office = Office()

    office.desk.hear(ConfigLoaded(7, b"\xc1"))

    assert office.events == []
    assert office.desk.rejected[0].startswith("Revision 7: it cannot be read")
    assert not office.desk.configured.is_set()


def test_a_command_said_twice_is_one_event() -> None:
    office = Office()
    command = CommandArrived(3, "halt", "", "ann", "look")

    office.desk.hear(command)
    office.desk.hear(command)

    assert office.events == [CommandReceived(START, 3, "halt", "", "ann", "look")]


async def test_the_first_word_about_the_lease_is_kept() -> None:
    office = Office()
    office.desk.hear(LeaseLost("Another process holds it."))
    office.desk.hear(LeaseHeld(Ns(START + 5 * SECOND)))

    assert office.desk.lease_word.is_set()
    assert office.desk.lease_refusal == "Another process holds it."


def test_a_renewal_counts_from_when_it_was_asked_for() -> None:
    office = Office()
    office.clock.advance(1_000)

    office.desk.hear(LeaseHeld(Ns(START + 5 * SECOND)))

    assert office.lease.age(office.clock.now()) == 1 * SECOND
    assert office.lease.allows(Purpose.OPEN, office.clock.now())


def test_a_renewal_from_a_clock_ahead_of_ours_counts_from_now() -> None:
    office = Office()

    office.desk.hear(LeaseHeld(Ns(START + 60 * SECOND)))

    assert office.lease.age(office.clock.now()) == 0


def test_a_lost_lease_is_told_and_stops_orders_at_once() -> None:
    office = Office()
    office.desk.hear(LeaseHeld(Ns(START + 5 * SECOND)))

    office.desk.hear(LeaseLost("Another process holds it."))

    assert office.health() == [("lease", False)]
    assert not office.lease.allows(Purpose.HEDGE, START)


def test_a_lease_that_is_not_renewed_is_told_once_and_again_when_it_is() -> None:
    office = Office()
    office.desk.hear(LeaseHeld(Ns(START + 5 * SECOND)))
    for _ in range(12):
        office.clock.advance(250)
        office.desk.hear(Beat(office.clock.now(), 0))
        office.desk.look()
    assert office.health() == [("lease", False)]

    office.desk.hear(LeaseHeld(Ns(office.clock.now() + 5 * SECOND)))
    office.desk.look()

    assert office.health() == [("lease", False), ("lease", True)]


@pytest.mark.parametrize(("ms", "told"), [(2_499, []), (2_500, [("scribe", False)])])
def test_a_silent_scribe_counts_as_away_after_two_and_a_half_seconds(
    ms: int, told: list[tuple[str, bool]]
) -> None:
    office = Office()
    office.desk.hear(Beat(office.clock.now(), 0))
    office.clock.advance(ms)

    office.desk.look()

    assert office.health() == told


@pytest.mark.parametrize(("ms", "told"), [(14_999, []), (15_000, [("scribe", False)])])
def test_a_scribe_has_fifteen_seconds_for_its_first_word(
    ms: int, told: list[tuple[str, bool]]
) -> None:
    office = Office()
    office.clock.advance(ms)

    office.desk.look()

    assert office.health() == told


def test_a_scribe_that_died_is_told_and_told_again_when_another_speaks() -> None:
    office = Office()
    office.desk.died("The scribe ended with exit code -9.")
    office.desk.look()
    assert office.health() == [("scribe", False)]

    office.desk.hear(Beat(office.clock.now(), 5))
    office.desk.look()

    assert office.health() == [("scribe", False), ("scribe", True)]
    assert office.desk.cursor == 5


def test_health_of_the_database_is_passed_on_once_per_change() -> None:
    office = Office()
    for ok in (True, False, False, True):
        office.desk.hear(Health("database", ok=ok, text="..."))

    assert office.health() == [("database", False), ("database", True)]


def test_a_proposal_of_the_solver_becomes_an_event() -> None:
    office = Office()

    office.desk.hear(PackageArrived(4, RelationId("r"), ((0, Qty(2)), (3, Qty(1)))))

    assert office.events == [PackageProposed(START, RelationId("r"), ((0, Qty(2)), (3, Qty(1))))]
