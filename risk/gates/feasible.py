"""The gate that asks whether the venues take the orders of a plan at all.

What a venue takes is declared by its adapter (kinds of order, post-only, cancelling) and by each
market (grid, lots, smallest order). A pair is judged as a pair: the smallest size that one leg
takes must be one that the other leg's book holds. Prices, money and ages are other gates'.
"""

from collections.abc import Iterator

import msgspec

from markets.terms.formats import amount, count
from markets.terms.units import MICRO, Qty, Rounding, times
from risk.gates.gates import venue_name
from trading.engine.config import Unit, VenueConfig
from trading.engine.orders import TimeInForce
from trading.engine.plans import Plan, PlanLeg
from trading.engine.ports import Refused
from trading.engine.state import EngineState
from trading.engine.strategies import rests

WORDS = {
    TimeInForce.IOC: "immediate or cancel",
    TimeInForce.FOK: "all or nothing",
    TimeInForce.GTC: "resting",
}


class _Part(msgspec.Struct, frozen=True, gc=False):
    """A leg's smallest order and what its book offers, in packages, against that leg."""

    leg: PlanLeg
    least: Qty
    shown: Qty
    needs: int
    has: int


def feasible(plan: Plan, state: EngineState) -> Refused | None:
    """Every leg's venue takes the kind, size and price of its order, and the legs fit together."""
    for index, leg in enumerate(plan.legs):
        venue = state.venues.get(leg.venue)
        why = _kind(plan, index, venue) if venue else ""
        why = why or (_form(leg, state) if plan.size > 0 else "")
        if why:
            text = f"{venue_name(state, leg.venue)} {why}"
            return Refused("feasible", text)
    return None if plan.size > 0 else _apart(plan, state)


def _kind(plan: Plan, index: int, venue: VenueConfig) -> str:
    """What the venue has against the kind of order; empty for nothing."""
    stays = rests(plan.strategy) and index == plan.leader
    kind = TimeInForce.GTC if stays else TimeInForce.IOC
    if kind not in venue.tifs:
        return f"takes no order that is {WORDS[kind]}."
    if not stays:
        return ""
    if not venue.post_only:
        return "takes no order that only rests."
    return "" if venue.cancels else "cancels no order, so none may rest there."


def _form(leg: PlanLeg, state: EngineState) -> str:
    """What the market has against size and price; empty for nothing."""
    market = state.markets[leg.market]
    if leg.qty % market.lot:
        return f"takes lots of {count(market.lot)}, {count(leg.qty)} are none."
    if leg.qty < market.min_size:
        return f"takes no order below {count(market.min_size)}, this is {count(leg.qty)}."
    if not market.ticks.is_legal(leg.limit):
        return f"has no price {amount(leg.limit, Unit.CENTS)}."
    worth = times(leg.limit, leg.qty, Rounding.DOWN)
    if worth < market.min_notional:
        least = amount(market.min_notional, Unit.USD)
        return f"takes no order below {least}, this is {amount(worth, Unit.USD)}."
    if market.money_step and leg.limit * leg.qty % (market.money_step * MICRO):
        return f"takes whole steps of {amount(market.money_step, Unit.USD)} only."
    return ""


def _apart(plan: Plan, state: EngineState) -> Refused | None:
    """Of a plan without a size: the leg whose smallest order is more than another leg's book has;
    None where that is not why.
    """
    parts = list(_parts(plan, state))
    large = max(parts, key=lambda part: part.needs)
    thin = min(parts, key=lambda part: part.has)
    if large.needs <= thin.has:
        return None
    text = (
        f"{venue_name(state, large.leg.venue)} takes no order below {count(large.least)}, "
        f"{venue_name(state, thin.leg.venue)} offers {count(thin.shown)}."
    )
    return Refused("feasible", text, large.needs, thin.has, Unit.CONTRACTS)


def _parts(plan: Plan, state: EngineState) -> Iterator[_Part]:
    for leg in plan.legs:
        market, book = state.markets[leg.market], state.books.get(leg.market)
        asks = book.asks(leg.outcome) if book else ()
        px = asks[0][0] if asks else MICRO
        least = max(market.min_size, -(-market.min_notional * MICRO // px))
        least = -(-least // market.lot) * market.lot
        shown = sum(qty for _, qty in asks)
        yield _Part(
            leg,
            Qty(least),
            Qty(shown),
            -(-least * MICRO // leg.weight),
            shown * MICRO // leg.weight,
        )
