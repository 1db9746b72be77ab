"""Plays an errand through: every question gets the next of the given answers."""

import json
from collections.abc import Generator
from typing import Any

from feeds.venues.base import Reply, Request
from feeds.venues.errands import Ask, Heard, Rest, Step, Tell
from markets.terms.ids import VenueId
from markets.terms.units import Ns
from tests.unit.feeds.venues.polymarket.orders import AT
from trading.engine.events import Event
from trading.runtime.gateway import VenueUnreachable

AWAY = VenueUnreachable(VenueId("polymarket"), "no answer", sent=True)
Answer = Reply | VenueUnreachable


class Play:
    """What an errand asked and told, how long it rested, and what it returned."""

    def __init__(
        self, errand: Generator[Step, Heard, Any], *answers: Answer, rests: int = 0
    ) -> None:
        self.asked: list[Request] = []
        self.told: list[Event] = []
        self.rested: list[Ns] = []
        self.returned: Any = None
        self._answers = list(answers)
        self._rests = rests
        self._at = AT
        self._run(errand)
        assert not self._answers, "not every answer was asked for"

    def _run(self, errand: Generator[Step, Heard, Any]) -> None:
        try:
            step = next(errand)
            while True:
                step = self._next(errand, step)
        except StopIteration as end:
            self.returned = end.value
        except _Enough:
            errand.close()

    def _next(self, errand: Generator[Step, Heard, Any], step: Step) -> Step:
        match step:
            case Tell(event):
                self.told.append(event)
                return errand.send(Heard(self._at))
            case Rest(length):
                self.rested.append(length)
                if len(self.rested) > self._rests:
                    raise _Enough
                self._at = Ns(self._at + length)
                return errand.send(Heard(self._at))
            case Ask(request):
                self.asked.append(request)
                answer = self._answers.pop(0)
                if isinstance(answer, VenueUnreachable):
                    return errand.throw(answer)
                return errand.send(Heard(self._at, answer))
            case _:
                raise AssertionError(step)

    @property
    def paths(self) -> list[str]:
        """What was asked, in order."""
        return [f"{request.method} {request.path}" for request in self.asked]

    @property
    def names(self) -> list[str]:
        """The kinds of what was told, in order."""
        return [type(event).__name__ for event in self.told]


class _Enough(Exception):
    """The errand has gone on for as long as the test wants."""


def ok(body: object) -> Reply:
    """A 200 with this body."""
    return Reply(200, (), json.dumps(body).encode())


def no(status: int, body: object = None) -> Reply:
    """Another status."""
    return Reply(status, (), b"" if body is None else json.dumps(body).encode())
