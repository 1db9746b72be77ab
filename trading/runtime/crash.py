"""Dies on purpose at a named point, so that tests can prove that nothing is lost there.

`ARBSITE_CRASH_AT=point:n` kills the process the `n`-th time it passes `point`, as `kill -9` would.
It is read only when `TESTING=1`. Beside the fixed points there are two for each transition in the
tables of orders and deals, named `order:sent->open/before_flush` and `.../after_flush`: around the
moment at which the step that made the transition is on record. With `ARBSITE_CRASH_ONCE=file` it
happens once for all processes that name the same file; the file then says where.
"""

import os
import signal
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

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


class CrashPlan:
    """Counts the passes of one point. `once` is the file that says that it has happened."""

    def __init__(self, point: str, passes: int, once: Path | None = None) -> None:
        self.point = point
        self.left = passes
        self._once = once

    def passed(self, point: str) -> bool:
        """Whether this was the pass to die at."""
        if point != self.point:
            return False
        self.left -= 1
        return self.left == 0 and self._first()

    def _first(self) -> bool:
        if self._once is None:
            return True
        try:
            with self._once.open("x") as file:
                file.write(f"{self.point} {os.getpid()}\n")
        except FileExistsError:
            return False
        return True


def plan_from(environ: Mapping[str, str]) -> CrashPlan | None:
    """The plan of the environment, or None.

    Errors: `ValueError` naming the text when it is not `point:n` with a known point.
    """
    text = environ.get("ARBSITE_CRASH_AT", "")
    if not text or environ.get("TESTING") != "1":
        return None
    point, _, passes = text.rpartition(":")
    if point not in POINTS or not passes.isdecimal() or passes == "0":
        raise ValueError(
            f"ARBSITE_CRASH_AT is {text!r}; write one of {', '.join(POINTS)}, a colon and a count."
        )
    once = environ.get("ARBSITE_CRASH_ONCE", "")
    return CrashPlan(point, int(passes), Path(once) if once else None)


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
