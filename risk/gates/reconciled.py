"""Live deals only where the venue's own statement agrees with our books.

What agrees is for `trading.engine.reconcile` to say; paper knows no statement and always passes.
"""

from trading.engine.orders import BookKind
from trading.engine.plans import Plan
from trading.engine.ports import Refused
from trading.engine.reconcile import missing
from trading.engine.state import EngineState


def reconciled(plan: Plan, state: EngineState) -> Refused | None:
    """The last statement of every leg's live account agreed, since the start and not long ago."""
    if plan.book is not BookKind.LIVE:
        return None
    for leg in plan.legs:
        why = missing(state, leg.venue)
        if why:
            config = state.venues.get(leg.venue)
            name = config.name if config else leg.venue
            text = f"{name} and our books do not agree yet: {why.rstrip('.')}."
            return Refused("reconciled", text)
    return None
