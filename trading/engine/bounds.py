"""How bad a price may be: the dearest a leg may be bought, the cheapest it may be sold.

A purchase is bounded by what the package then loses in its worst decisive world, other legs at what
they cost with their fees; a sale by its loss against cost, in stages, so that a better price is
asked for first. This is the payoff asserted at the very limit prices sent, for orders that repair a
deal. Every price is moved to a legal one against us. No books are read here but for legs of which
nothing is held.
"""

from markets.terms.fees import as_maker, fee_each
from markets.terms.instruments import FeeSchedule
from markets.terms.packages import least_payout
from markets.terms.units import MICRO, Px, Rounding, divide
from trading.engine.deals import Deal
from trading.engine.legs import average, each
from trading.engine.state import EngineState

STAGES = 4


def hedge_cap(
    state: EngineState,
    deal: Deal,
    index: int,
    loss: Px,
    costs: tuple[Px, ...] = (),
    *,
    resting: bool = False,
) -> Px | None:
    """The worst legal price of a leg at which a package loses no more than `loss` per dollar, given
    the other legs; below 0 it must gain that much. None where no price does.

    Other legs count at `costs` where given, else at what they cost with fees, or at their best ask
    when nothing of them is held. An order that is `resting` is charged the maker's fee.
    """
    terms = state.terms[deal.id]
    leg = deal.legs[index]
    prices = tuple(average(state, other) for other in deal.legs)
    budget: int = least_payout(terms.relation, terms.package, prices)
    budget += loss * terms.package.scale
    for i, other in enumerate(deal.legs):
        if i != index:
            cost = costs[i] if costs else each(state, other)
            budget -= divide(cost * other.weight, MICRO, Rounding.UP)
    cap = Px(min(max(0, divide(budget * MICRO, leg.weight, Rounding.DOWN)), MICRO))
    fees = state.markets[leg.market].fees
    fees = as_maker(fees) if resting else fees
    low = Px(max(0, cap - _dearest_fee(fees, Px(0), cap)))
    worst = Px(cap - _dearest_fee(fees, low, cap))
    return state.markets[leg.market].ticks.to_legal(worst, Rounding.DOWN)


def floors(state: EngineState, deal: Deal, index: int) -> tuple[Px, ...]:
    """The cheapest legal prices at which a leg may be sold, a stage of the loss each, best first.

    Shape: at most `STAGES`, without repeats; the last one is the whole `unwind_loss` below cost.
    """
    leg = deal.legs[index]
    paid = average(state, leg)
    loss = state.terms[deal.id].unwind_loss
    found: dict[Px, None] = {}
    for stage in range(1, STAGES + 1):
        lowest = Px(max(1, paid - divide(loss * stage, STAGES, Rounding.DOWN)))
        legal = state.markets[leg.market].ticks.to_legal(lowest, Rounding.UP)
        if legal is not None:
            found[legal] = None
    return tuple(found)


def _dearest_fee(fees: FeeSchedule, low: Px, high: Px) -> Px:
    """The largest fee of one contract between two prices: fees grow towards half a dollar."""
    nearest = Px(min(max(low, MICRO // 2), high))
    return fee_each(fees, nearest)
