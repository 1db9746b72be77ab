"""Dies on purpose at a named point, so that tests can prove that nothing is lost there.

`ARBSITE_CRASH_AT=point:n` kills the process the `n`-th time it passes `point`, as `kill -9` would.
It is read only when `TESTING=1`. Beside the fixed points there are two for each transition in the
tables of orders and deals, named `order:sent->open/before_flush` and `.../after_flush`: around the
moment at which the step that made the transition is on record. `ARBSITE_CRASH_FILE=path` takes the
plan from a file that may be written while the process runs; whoever dies of it removes it first, so
that it happens once for all processes that read the same file.
"""

import os
import signal
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Protocol, TypeVar

from markets.terms.ids import DealId, OrderId
from trading.engine import deals, orders
from trading.engine.intents import DealChanged, Intent

FIXED = (
    "before_flush",
    "after_flush",
    "after_place",
    "journal_write",
    "journal_rotate",
    "journal_checkpoint",
    "before_commit",
    "after_commit",
    "before_relay",
    "after_relay",
    "after_told",
)
BEFORE, AFTER = "/before_flush", "/after_flush"
NEW = "new"


State = TypeVar("State", bound=StrEnum)


def _named(what: str, first: State, table: Mapping[State, tuple[State, ...]]) -> Iterator[str]:
    yield transition(what, NEW, first)
    for state, following in table.items():
        for after in following:
            yield transition(what, state, after)


def transition(what: str, before: str, after: str) -> str:
    """The name of a transition, without the half that says when."""
    return f"{what}:{before}->{after}"


TRANSITIONS = (
    *_named("order", orders.OrderState.SENT, orders.NEXT),
    *_named("deal", deals.DealState.OPENING, deals.NEXT),
)
POINTS = (*FIXED, *(name + half for name in TRANSITIONS for half in (BEFORE, AFTER)))


class Plan(Protocol):
    """Says whether a pass of a point is the one to die at."""

    def passed(self, point: str) -> bool: ...


class CrashPlan:
    """Counts the passes of one point."""

    def __init__(self, point: str, passes: int) -> None:
        self.point = point
        self.left = passes

    def passed(self, point: str) -> bool:
        """Whether this was the pass to die at."""
        if point != self.point:
            return False
        self.left -= 1
        return self.left == 0


class CrashFile:
    """The plan that stands in a file now, if any."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._text = ""
        self._plan: CrashPlan | None = None

    def passed(self, point: str) -> bool:
        """Whether this was the pass to die at; then nobody else dies of it."""
        try:
            text = self._path.read_text().strip()
        except FileNotFoundError:
            return False
        if text != self._text:
            self._text, self._plan = text, parsed(text)
        if self._plan is None or not self._plan.passed(point):
            return False
        try:
            self._path.unlink()
        except FileNotFoundError:
            return False
        return True


def parsed(text: str) -> CrashPlan:
    """The plan written as `point:n`. Errors: `ValueError` naming the text when it is none."""
    point, _, passes = text.rpartition(":")
    if point not in POINTS or not passes.isdecimal() or passes == "0":
        raise ValueError(
            f"ARBSITE_CRASH_AT is {text!r}; write one of {', '.join(POINTS)}, a colon and a count."
        )
    return CrashPlan(point, int(passes))


def plan_from(environ: Mapping[str, str]) -> Plan | None:
    """The plan of the environment, or None. Errors: `ValueError` as of `parsed`."""
    if environ.get("TESTING") != "1":
        return None
    if path := environ.get("ARBSITE_CRASH_FILE", ""):
        return CrashFile(Path(path))
    text = environ.get("ARBSITE_CRASH_AT", "")
    return parsed(text) if text else None


_PLAN = plan_from(os.environ)


def planned() -> bool:
    """Whether this process is to die somewhere: only then are transitions looked for."""
    return _PLAN is not None


def is_due(name: str) -> bool:
    """Whether this pass of a point is the one to die at, for who has to leave things half done."""
    return _PLAN is not None and _PLAN.passed(name)


def die() -> None:
    """Kills this process at once."""
    os.kill(os.getpid(), signal.SIGKILL)


def crash_point(name: str) -> None:
    """Kills this process when the plan says so."""
    if is_due(name):
        die()


class Transitions:
    """Finds what a step moved: orders by comparing them with what they were, deals by what it told.

    `known` gives the engine's orders as they are now; deals begun earlier are in `begun`.
    """

    def __init__(
        self,
        known: Callable[[], Mapping[OrderId, orders.Order]],
        begun: Mapping[DealId, deals.Deal],
    ) -> None:
        self._known = known
        self._orders = dict(known())
        self._deals: dict[str, str] = {name: deal.state for name, deal in begun.items()}

    def of(self, intents: Iterable[Intent]) -> list[str]:
        """The transitions since the last call, deals in the order they were told."""
        before, self._orders = self._orders, dict(self._known())
        found = []
        for name, order in self._orders.items():
            was = before.get(name)
            if was is not order:
                found.append(transition("order", was.state if was else NEW, order.state))
        for intent in intents:
            if isinstance(intent, DealChanged):
                deal = intent.deal
                was_in = self._deals.get(deal.id, NEW)
                if was_in != deal.state:
                    found.append(transition("deal", was_in, deal.state))
                self._deals[deal.id] = deal.state
        return found
