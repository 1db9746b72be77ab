"""The caps on what is held at once: money by relation, category, venue and outcome; contracts,
deals, and relations of one event.

Each counts what is held and on its way in the plan's own book, and the most the plan can add.
"""

from markets.terms.formats import count, money
from markets.terms.units import Qty, Usd
from risk.gates.gates import limits_at, limits_for, needs_of, venue_name
from trading.engine.caps import at_stake, beside, contracts_cap, contracts_wanted, of_category
from trading.engine.config import Unit
from trading.engine.plans import Plan
from trading.engine.ports import Refused
from trading.engine.state import EngineState


def max_event_exposure(plan: Plan, state: EngineState) -> Refused | None:
    """Money in this relation stays within its limit."""
    held = at_stake(state, plan).relations.get(plan.relation, Usd(0))
    limit = limits_for(plan, state).max_event_exposure
    return _exposed("max_event_exposure", "This relation", held, plan.money, limit)


def max_total_exposure(plan: Plan, state: EngineState) -> Refused | None:
    """Money in all relations stays within its limit."""
    held = at_stake(state, plan).total
    limit = state.limits.max_total_exposure
    return _exposed("max_total_exposure", "All relations", held, plan.money, limit)


def venue_capital(plan: Plan, state: EngineState) -> Refused | None:
    """Money at each leg's venue stays within its limit."""
    venues = at_stake(state, plan).venues
    for venue, need in needs_of(plan).items():
        name, limit = venue_name(state, venue), limits_at(venue, state).venue_capital
        found = _exposed("venue_capital", name, venues.get(venue, Usd(0)), need, limit)
        if found:
            return found
    return None


def category(plan: Plan, state: EngineState) -> Refused | None:
    """Money in the relation's category stays within its limit."""
    name = state.entries[plan.relation].relation.category
    limit = limits_for(plan, state).max_category_exposure
    what = f"Category {name}" if name else "Relations without a category"
    return _exposed("category", what, of_category(state, plan), plan.money, limit)


def correlation(plan: Plan, state: EngineState) -> Refused | None:
    """Few enough relations of the same event have money at work."""
    others = len(beside(state, plan))
    limit = limits_for(plan, state).max_open_relations
    if others < limit:
        return None
    text = f"{others} relations of this event have money at work, the most is {limit}."
    return Refused("correlation", text, limit, others + 1, Unit.COUNT)


def per_contract_exposure(plan: Plan, state: EngineState) -> Refused | None:
    """Money in each leg's outcome stays within its venue's limit."""
    held = at_stake(state, plan).outcomes
    for leg in plan.legs:
        name = (
            f"{state.markets[leg.market].outcomes[leg.outcome]} at {venue_name(state, leg.venue)}"
        )
        limit = limits_at(leg.venue, state).per_contract_exposure
        before = held.get((leg.market, leg.outcome), Usd(0))
        found = _exposed("per_contract_exposure", name, before, leg.money, limit)
        if found:
            return found
    return None


def max_contracts(plan: Plan, state: EngineState) -> Refused | None:
    """Contracts of each leg's market, and of all markets, stay within their limits."""
    held = at_stake(state, plan).contracts
    wanted = contracts_wanted(plan)
    for market, qty in wanted.items():
        after, limit = held.get(market, 0) + qty, contracts_cap(state, plan, market)
        if after > limit:
            where = venue_name(state, state.markets[market].venue)
            return _too_many(f"A market at {where}", after, limit)
    after, limit = sum(held.values()) + sum(wanted.values()), state.limits.max_contracts_total
    return _too_many("All markets", after, limit) if after > limit else None


def open_deals(plan: Plan, state: EngineState) -> Refused | None:
    """Few enough deals are being carried out."""
    now = at_stake(state, plan).deals
    limit = state.limits.open_deals
    if now < limit:
        return None
    return Refused(
        "open_deals", f"{now} deals are open, the most is {limit}.", limit, now, Unit.COUNT
    )


def _exposed(gate: str, what: str, held: Usd, need: Usd, limit: int) -> Refused | None:
    after = Usd(held + need)
    if after <= limit:
        return None
    text = f"{what} would hold {money(after)}, the most is {money(Usd(limit))}."
    return Refused(gate, text, limit, after, Unit.USD)


def _too_many(what: str, after: int, limit: int) -> Refused:
    text = f"{what} would hold {count(Qty(after))} contracts, the most is {count(Qty(limit))}."
    return Refused("max_contracts", text, limit, after, Unit.CONTRACTS)
