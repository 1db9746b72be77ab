"""The gates in their order: the first refusal wins.

The ids of the first fourteen are fixed, because people read them in the decision log; where a
gate of ours belongs between two of them it stands there. The chain itself remembers nothing:
pace, exposure, halts and breakers are read from the engine's state, so that one memory and one
checkpoint hold all of it.
"""

from collections.abc import Callable

from risk.gates import breaker, exposures, games, gates, rollout
from risk.gates.feasible import feasible
from risk.gates.hedges import hedge_probability
from risk.gates.measures import MEASURES
from risk.gates.reconciled import reconciled
from trading.engine.events import CommandReceived, Event
from trading.engine.intents import BreakerChanged
from trading.engine.pictures import Reading, Verdict
from trading.engine.plans import Plan
from trading.engine.ports import Approved, Refused
from trading.engine.state import EngineState

Gate = Callable[[Plan, EngineState], Refused | None]

GATES: tuple[tuple[str, Gate], ...] = (
    ("xv_arb_enabled", gates.enabled),
    ("kill_switch", gates.kill_switch),
    ("scanning_paused", gates.scanning_paused),
    ("view_only", gates.view_only),
    ("halt_if_naked", gates.halt_if_naked),
    ("breaker", breaker.check),
    ("infrastructure", gates.infrastructure),
    ("venue_health", gates.venue_health),
    ("pre_match", games.pre_match),
    ("sharp_freshness", gates.sharp_freshness),
    ("skew", gates.skew),
    ("min_edge", gates.min_edge),
    ("max_edge", gates.max_edge),
    ("feasible", feasible),
    ("min_depth", gates.min_depth),
    ("token_check", gates.token_check),
    ("match_rate_limit", gates.match_rate_limit),
    ("cooldown", gates.cooldown),
    ("in_flight", gates.in_flight),
    ("exec_mode", gates.exec_mode),
    ("reconciled", reconciled),
    ("feature", rollout.feature),
    ("jurisdiction", rollout.jurisdiction),
    ("tail_risk", gates.tail_risk),
    ("max_event_exposure", exposures.max_event_exposure),
    ("max_total_exposure", exposures.max_total_exposure),
    ("category", exposures.category),
    ("correlation", exposures.correlation),
    ("venue_capital", exposures.venue_capital),
    ("per_contract_exposure", exposures.per_contract_exposure),
    ("max_contracts", exposures.max_contracts),
    ("open_deals", exposures.open_deals),
    ("hedge_probability", hedge_probability),
    ("reservation", gates.reservation),
    ("payoff_proof", gates.payoff_proof),
    ("execute", gates.execute),
)

WAITING = (
    "venue_health",
    "sharp_freshness",
    "skew",
    "match_rate_limit",
    "cooldown",
    "in_flight",
    "reconciled",
)
SAFETY = (
    "kill_switch",
    "scanning_paused",
    "view_only",
    "halt_if_naked",
    "breaker",
    "infrastructure",
)


class Chain:
    """Implements `trading.engine.ports.Risk`."""

    def observe(self, event: Event, state: EngineState) -> tuple[BreakerChanged, ...]:
        """Move the breakers; what changed."""
        return breaker.observe(event, state)

    def reset(self, event: CommandReceived, state: EngineState) -> tuple[BreakerChanged, ...] | str:
        """Arm the breakers a person names, or say why not."""
        return breaker.reset(event, state)

    def check(self, plan: Plan, state: EngineState) -> Approved | Refused:
        """Approved when every gate passes, else the first refusal."""
        for _, gate in GATES:
            refused = gate(plan, state)
            if refused is not None:
                return refused
        return Approved(plan)

    def readings(self, plan: Plan, state: EngineState) -> tuple[Reading, ...]:
        """Every gate's word in order; after the first refusal the others are not reached."""
        found: list[Reading] = []
        refused: Refused | None = None
        for name, gate in GATES:
            if refused is not None:
                found.append(Reading(name, Verdict.NOT_REACHED))
                continue
            refused = gate(plan, state)
            found.append(reading(name, refused) if refused else passed(name, plan, state))
        return tuple(found)

    def dump(self) -> bytes:
        """The chain's memory for the checkpoint: none."""
        return b""

    def load(self, memory: bytes) -> None:
        """Take a memory back: there is none to take."""


def reading(gate: str, refused: Refused) -> Reading:
    """A refusal as shown: what passes by itself waits, what a person or a danger stopped is
    safety.
    """
    verdict = Verdict.REFUSED
    if gate in WAITING:
        verdict = Verdict.WAITING
    if gate in SAFETY:
        verdict = Verdict.SAFETY
    return Reading(gate, verdict, refused.limit, refused.actual, refused.unit, refused.reason)


def passed(gate: str, plan: Plan, state: EngineState) -> Reading:
    """A gate that let the plan through, with its numbers where it has some."""
    measure = MEASURES.get(gate)
    if measure is None:
        return Reading(gate, Verdict.PASSED)
    limit, actual, unit = measure(plan, state)
    return Reading(gate, Verdict.PASSED, limit, actual, unit)
