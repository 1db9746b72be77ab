"""Halts, pauses and view-only: who stopped what, why, and what lifts it.

A halt has a scope (everything, one venue, or one strategy) and a cause. Only `venue` and
`infrastructure` halts lift themselves; `person` and `money` ones wait for a person. A stop never
blocks hedges, unwinds, cancels or questions: what it means for new deals is for the gates to say.
"""

from markets.terms.ids import VenueId
from markets.terms.units import Ns
from trading.engine.events import CommandReceived
from trading.engine.intents import CancelOrder, CommandDone, Halt, Intent
from trading.engine.orders import TERMINAL, OrderRequest, Purpose
from trading.engine.state import EngineState, Stop

PERSON = "person"
MONEY = "money"
VENUE = "venue"
INFRASTRUCTURE = "infrastructure"
STAYING = (PERSON, MONEY)
STRATEGY = "strategy/"
SCANNING, VIEWING = "scanning", "view_only"
ALONE = (SCANNING, VIEWING)


def halt(state: EngineState, stop: Stop, out: list[Intent]) -> None:
    """Stop a scope for a cause; told once, however often it is said."""
    key = f"{stop.scope}|{stop.cause}"
    if key not in state.halts:
        out.append(Halt(stop.at, stop.scope, stop.cause, stop.reason, True))
    state.halts.setdefault(key, stop)


def halt_for_money(state: EngineState, reason: str, at: Ns, out: list[Intent]) -> None:
    """Stop everything because our books and the venue's contradict each other."""
    halt(state, Stop("", MONEY, reason, "engine", at), out)


def lift(state: EngineState, scope: str, cause: str, at: Ns, out: list[Intent]) -> bool:
    """Let a scope go on; says whether there was such a halt."""
    stop = state.halts.pop(f"{scope}|{cause}", None)
    if stop is not None:
        out.append(Halt(at, scope, cause, stop.reason, False))
    return stop is not None


def standing(state: EngineState, venues: tuple[VenueId, ...], strategy: str = "") -> Stop | None:
    """The first halt by a person or for money that covers one of these venues or the strategy."""
    covered = ("", *venues, f"{STRATEGY}{strategy}")
    for stop in state.halts.values():
        if stop.cause in STAYING and stop.scope in covered:
            return stop
    return None


def command_halt(state: EngineState, event: CommandReceived, out: list[Intent]) -> None:
    """Halt everything, a venue or a strategy, and cancel what is on its way to open deals."""
    name = scope_name(state, event.target)
    if not name:
        _answer(event, False, f"There is no venue {event.target}. Nothing was halted.", out)
        return
    halt(state, Stop(event.target, PERSON, event.reason, event.author, event.at), out)
    cancelled = 0
    for order in state.orders.values():
        request = order.request
        if order.state in TERMINAL or request.purpose is not Purpose.OPEN:
            continue
        if not _covers(state, event.target, request):
            continue
        out.append(CancelOrder(event.at, request.id, request.market, request.book))
        cancelled += 1
    _answer(event, True, f"{name} is halted. {_orders(cancelled)} asked to be cancelled.", out)


def command_resume(state: EngineState, event: CommandReceived, out: list[Intent]) -> None:
    """Lift what a person may lift: halts of the scope, and without a scope also pause and
    view-only. The scopes `scanning` and `view_only` lift only these.
    """
    if event.target in ALONE:
        _resume_alone(state, event, out)
        return
    lifted = [lift(state, event.target, cause, event.at, out) for cause in STAYING]
    if not event.target:
        lifted += [state.paused is not None, state.watching is not None]
        state.paused = state.watching = None
    text = "Resumed." if any(lifted) else "Nothing was halted or paused."
    _answer(event, any(lifted), text, out)


def _resume_alone(state: EngineState, event: CommandReceived, out: list[Intent]) -> None:
    if event.target == SCANNING:
        was, state.paused = state.paused, None
    else:
        was, state.watching = state.watching, None
    text = "Resumed." if was else "Nothing was paused."
    _answer(event, was is not None, text, out)


def scope_name(state: EngineState, scope: str) -> str:
    """What a halt of this scope covers, in words; nothing for a venue there is not."""
    strategy = scope.removeprefix(STRATEGY)
    if strategy != scope:
        return f"Strategy {strategy}"
    venue = state.venues.get(VenueId(scope))
    return "Everything" if not scope else venue.name if venue else ""


def _covers(state: EngineState, scope: str, request: OrderRequest) -> bool:
    if scope.startswith(STRATEGY):
        return state.deals[request.deal].strategy == scope.removeprefix(STRATEGY)
    return not scope or state.markets[request.market].venue == scope


def command_pause(state: EngineState, event: CommandReceived, out: list[Intent]) -> None:
    """Look for no edges until resumed."""
    state.paused = Stop("", PERSON, event.reason, event.author, event.at)
    _answer(event, True, "Scanning is paused. Open deals go on.", out)


def command_view_only(state: EngineState, event: CommandReceived, out: list[Intent]) -> None:
    """Show edges, trade none, until resumed."""
    state.watching = Stop("", PERSON, event.reason, event.author, event.at)
    _answer(event, True, "View only: edges are shown, nothing is traded.", out)


def refuse(event: CommandReceived, text: str, out: list[Intent]) -> None:
    """Answer a command with why it was not done."""
    _answer(event, False, text, out)


def done(event: CommandReceived, text: str, out: list[Intent]) -> None:
    """Answer a command with what was done."""
    _answer(event, True, text, out)


def _answer(event: CommandReceived, ok: bool, text: str, out: list[Intent]) -> None:
    out.append(CommandDone(event.at, event.id, ok, text))


def _orders(count: int) -> str:
    return "1 order was" if count == 1 else f"{count} orders were"
