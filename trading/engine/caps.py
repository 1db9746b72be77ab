"""What a plan's caps leave: of its category, its event, its markets' contracts.

Reads exposure as `state` counts it: money and contracts held and on their way, in the plan's book.
"""

from markets.terms.ids import MarketId, RelationId
from markets.terms.units import Usd
from trading.engine.orders import BookKind
from trading.engine.plans import Plan
from trading.engine.state import EngineState, Exposure, exposure


def at_stake(state: EngineState, plan: Plan) -> Exposure:
    """Exposure of the book a plan would go to; paper for one that goes nowhere."""
    return exposure(state, plan.book or BookKind.PAPER)


def of_category(state: EngineState, plan: Plan) -> Usd:
    """Money at work and promised in the category of a plan's relation."""
    category = state.entries[plan.relation].relation.category.casefold()
    return at_stake(state, plan).categories.get(category, Usd(0))


def beside(state: EngineState, plan: Plan) -> list[RelationId]:
    """Other relations of the same event with money at work; none where the event is not known."""
    event = state.entries[plan.relation].config.event
    if not event:
        return []
    held = at_stake(state, plan).relations
    return [
        name
        for name, money in held.items()
        if money and name != plan.relation and _event(state, name) == event
    ]


def contracts_wanted(plan: Plan) -> dict[MarketId, int]:
    """Contracts a plan would buy, by market: both outcomes of one together."""
    wanted: dict[MarketId, int] = {}
    for leg in plan.legs:
        wanted[leg.market] = wanted.get(leg.market, 0) + leg.qty
    return wanted


def contracts_cap(state: EngineState, plan: Plan, market: MarketId) -> int:
    """The most contracts of a market: the tighter of its venue's and its category's."""
    venue = state.markets[market].venue
    here = state.venue_limits.get(venue, state.limits).max_contracts_market
    return min(here, state.entries[plan.relation].limits_of(plan.strategy).max_contracts_market)


def _event(state: EngineState, name: RelationId) -> str:
    entry = state.entries.get(name)
    return entry.config.event if entry else ""
