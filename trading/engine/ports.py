"""What the engine asks of others: somebody who may say no to a plan.

`Risk` is implemented outside the engine. It sees every event before the engine looks for edges,
and its own memory goes into the checkpoint beside the engine's. Refusals are values, never
exceptions.
"""

from typing import Protocol

import msgspec

from trading.engine.events import CommandReceived, Event
from trading.engine.intents import BreakerChanged
from trading.engine.pictures import Reading
from trading.engine.plans import Plan
from trading.engine.state import EngineState


class Refused(msgspec.Struct, frozen=True, gc=False):
    """Why a plan is not carried out: the gate, a sentence, and its two numbers in `unit` where
    there are some.
    """

    gate: str
    reason: str
    limit: int | None = None
    actual: int | None = None
    unit: str = ""


class Approved(msgspec.Struct, frozen=True, gc=False):
    """Every gate passed this plan, in the state it was shown."""

    plan: Plan


class Risk(Protocol):
    """May we? `readings` says the word of every gate, for people; the first refusal is the same as
    `check`'s. `observe` says which breakers changed before the event acts; `reset` arms some again,
    or says in a sentence why not.
    """

    def observe(self, event: Event, state: EngineState) -> tuple[BreakerChanged, ...]: ...
    def reset(
        self, event: CommandReceived, state: EngineState
    ) -> tuple[BreakerChanged, ...] | str: ...
    def check(self, plan: Plan, state: EngineState) -> Approved | Refused: ...
    def readings(self, plan: Plan, state: EngineState) -> tuple[Reading, ...]: ...
    def dump(self) -> bytes: ...
    def load(self, memory: bytes) -> None: ...
