"""The gate of games: a relation that trades before its game only is not begun once it has started.

The start is a fact of the snapshot (`RelationConfig.trades_until`), the time the event's own:
nothing has to arrive for the gate to close. What the venues say of a game that began early or was
put off comes with the next snapshot.
"""

from markets.moments import moment
from trading.engine.config import Unit
from trading.engine.plans import Plan
from trading.engine.ports import Refused
from trading.engine.state import EngineState


def pre_match(plan: Plan, state: EngineState) -> Refused | None:
    """The game has not started, or the relation may be traded while it runs."""
    until = state.entries[plan.relation].config.trades_until
    if not until or state.at < until:
        return None
    text = f"The game began at {moment(until):%H:%M} UTC; this relation is traded before it only."
    return Refused("pre_match", text, 0, 1, Unit.FLAG)
