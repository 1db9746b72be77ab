"""The plan to die is read from the environment of a test; every transition is a point of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from markets.terms.ids import DealId, OrderId, RelationId
from markets.terms.units import Ns, Px, Qty, Usd
from tests.builders import FIRST
from tests.fakes import START, ManualClock, request
from trading.engine import deals, orders
from trading.engine.deals import Deal, DealLeg, DealState
from trading.engine.events import Event, HealthReported
from trading.engine.intents import DealChanged, Intent
from trading.engine.orders import BookKind, Order, OrderState
from trading.replay.records import SCHEMA, Header
from trading.runtime import crash, runner
from trading.runtime.crash import NEW, POINTS, Transitions, plan_from, transition
from trading.runtime.inbox import Inbox
from trading.runtime.journal import Journal

ORDERS = [(NEW, OrderState.SENT)] + [(a, b) for a, after in orders.NEXT.items() for b in after]
DEALS = [(NEW, DealState.OPENING)] + [(a, b) for a, after in deals.NEXT.items() for b in after]


def test_the_plan_names_the_pass_to_die_at() -> None:
    plan = plan_from({"TESTING": "1", "ARBSITE_CRASH_AT": "after_flush:2"})

    assert plan is not None
    passed = [plan.passed(p) for p in ("after_flush", "before_flush", "after_flush", "after_flush")]
    assert passed == [False, False, True, False]


def test_a_plan_in_a_file_is_followed_as_it_changes_and_happens_once(tmp_path: Path) -> None:
    path, point = tmp_path / "plan", "order:sent->open/before_flush"
    environ = {"TESTING": "1", "ARBSITE_CRASH_FILE": str(path)}
    first, second = plan_from(environ), plan_from(environ)
    assert first is not None
    assert second is not None

    assert not first.passed(point)
    path.write_text("after_flush:1\n")
    assert not first.passed(point)
    path.write_text(f"{point}:2")
    passed = [first.passed(point), second.passed(point), first.passed(point), second.passed(point)]

    assert passed == [False, False, True, False]
    assert not path.exists()


@pytest.mark.parametrize("environ", [{}, {"ARBSITE_CRASH_AT": "after_flush:1"}, {"TESTING": "1"}])
def test_without_a_test_there_is_no_plan(environ: dict[str, str]) -> None:
    assert plan_from(environ) is None


@pytest.mark.parametrize("text", ["after_flush", "nowhere:1", "after_flush:0", "after_flush:x"])
def test_a_plan_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write one of"):
        plan_from({"TESTING": "1", "ARBSITE_CRASH_AT": text})


# --- every transition of the tables is passed, before and after it is on record -------------------


class Told:
    """An engine whose next step makes one change."""

    def __init__(self, before: Order | None, deal: Deal | None) -> None:
        self.orders: dict[OrderId, Order] = {} if before is None else {before.request.id: before}
        self.deals: dict[DealId, Deal] = {} if deal is None else {deal.id: deal}
        self.change: Callable[[], list[Intent]] = list

    def step(self, event: Event) -> list[Intent]:
        return self.change()

    def dump(self) -> bytes:
        return b""


class Nobody:
    def carry(self, intent: Intent) -> None: ...
    def stop(self, reason: str) -> None: ...


def passed_points(
    engine: Told, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> list[tuple[str, bool]]:
    """The points a runner passes over one event, each with whether the event was on record."""
    passed: list[tuple[str, bool]] = []

    def note(name: str) -> None:
        passed.append((name, any(path.suffix == ".arbj" for path in directory.iterdir())))

    monkeypatch.setattr(runner, "crash_point", note)
    clock, inbox = ManualClock(), Inbox()
    transitions = Transitions(lambda: engine.orders, engine.deals)
    driver = runner.Runner(engine, Nobody(), inbox, clock, transitions=transitions)
    with Journal(directory, Header(SCHEMA, "r", START), driver.checkpoint, clock) as journal:
        inbox.put(HealthReported(START, "disk", ok=True, text=""))
        driver.drain(journal)
    return passed


def order_in(state: OrderState) -> Order:
    return Order(request("o1"), state, START, START)


def deal_in(state: DealState) -> Deal:
    leg = DealLeg(FIRST, 0, Qty(1), Qty(1), Px(1), Px(1))
    deal = Deal(
        id=DealId("d1"),
        relation=RelationId("a"),
        package=0,
        book=BookKind.PAPER,
        state=state,
        opened_at=START,
        changed_at=START,
        size=Qty(1),
        legs=(leg,),
        planned_net=Px(0),
        planned_profit=Usd(0),
        revision=0,
    )
    return deal


@pytest.mark.parametrize(("before", "after"), ORDERS)
def test_every_transition_of_an_order_has_a_point_before_and_after_it_is_on_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str, after: OrderState
) -> None:
    engine = Told(None if before == NEW else order_in(OrderState(before)), None)

    def change() -> list[Intent]:
        moved = replace(order_in(after), changed_at=Ns(START + 1))
        engine.orders = {moved.request.id: moved}
        return []

    engine.change = change
    name = transition("order", before, after)

    passed = passed_points(engine, tmp_path, monkeypatch)

    assert passed == [(f"{name}/before_flush", False), (f"{name}/after_flush", True)]
    assert all(point in POINTS for point, _ in passed)


@pytest.mark.parametrize(("before", "after"), DEALS)
def test_every_transition_of_a_deal_has_a_point_before_and_after_it_is_on_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str, after: DealState
) -> None:
    engine = Told(None, None if before == NEW else deal_in(DealState(before)))
    engine.change = lambda: [DealChanged(START, deal_in(after), "It moved.")]
    name = transition("deal", before, after)

    passed = passed_points(engine, tmp_path, monkeypatch)

    assert passed == [(f"{name}/before_flush", False), (f"{name}/after_flush", True)]
    assert all(point in POINTS for point, _ in passed)


def test_a_step_that_moves_nothing_passes_no_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Told(order_in(OrderState.OPEN), deal_in(DealState.OPENING))

    assert passed_points(engine, tmp_path, monkeypatch) == []


def test_transitions_are_looked_for_only_when_there_is_a_plan(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert not crash.planned()
    monkeypatch.setattr(crash, "_PLAN", crash.CrashPlan("after_flush", 1))
    assert crash.planned()
