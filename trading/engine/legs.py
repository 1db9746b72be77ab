"""What a deal holds, from its orders' fills alone: packages matched, excess, prices.

`matched` is the smallest number of whole packages over the legs; what a leg holds beyond that is
its excess, below 0 where more was sold than held. Buying prices are rounded up. Nothing here
decides or changes what the engine remembers.
"""

from msgspec.structs import replace

from markets.terms.fees import fee_each
from markets.terms.packages import least_payout
from markets.terms.units import MICRO, Px, Qty, Rounding, Usd, divide, times
from trading.engine.book import Levels
from trading.engine.deals import Deal, DealLeg
from trading.engine.orders import TERMINAL, Order, OrderState, Side
from trading.engine.state import EngineState


def leg_name(state: EngineState, leg: DealLeg) -> str:
    """A leg in words: the venue's chip and the outcome."""
    market = state.markets[leg.market]
    venue = state.venues.get(market.venue)
    return f"{venue.short if venue else market.venue} {market.outcomes[leg.outcome]}"


def counted(state: EngineState, deal: Deal) -> Deal:
    """The deal with its legs, matched packages and locked profit as its orders' fills say."""
    terms = state.terms[deal.id]
    legs = tuple(_count_leg(state, leg) for leg in deal.legs)
    matched = Qty(max(0, min(packages_held(leg) for leg in legs)))
    prices = tuple(average(state, leg) for leg in legs)
    payout = least_payout(terms.relation, terms.package, prices)
    spent = sum(leg.cost + leg.fees for leg in legs)
    locked = Usd(times(payout, matched, Rounding.DOWN) - spent)
    if (legs, matched, locked) == (deal.legs, deal.matched, deal.locked):
        return deal
    return replace(deal, legs=legs, matched=matched, locked=locked, changed_at=state.at)


def _count_leg(state: EngineState, leg: DealLeg) -> DealLeg:
    held = cost = fees = back = 0
    for name in leg.orders:
        order = state.orders[name]
        sign = 1 if order.request.side is Side.BUY else -1
        held += sign * order.filled
        cost += sign * order.cost
        fees += order.fees
        back += order.taken_back
    return replace(leg, held=Qty(held), cost=Usd(cost), fees=Usd(fees), taken_back=Qty(back))


def packages_held(leg: DealLeg) -> int:
    """Whole packages (millionths) that a leg has its share of."""
    return divide(leg.held * MICRO, leg.weight, Rounding.DOWN)


def average(state: EngineState, leg: DealLeg) -> Px:
    """What a leg's contracts were bought for each, rounded up; what was expected before any was."""
    buys = [o for o in orders_of(state, leg) if o.request.side is Side.BUY and o.filled]
    if not buys:
        return leg.expected
    money = sum(order.cost for order in buys)
    return Px(divide(money * MICRO, sum(order.filled for order in buys), Rounding.UP))


def each(state: EngineState, leg: DealLeg) -> Px:
    """What one contract of a leg costs with its fee, rounded up."""
    if leg.held > 0:
        fee = divide(leg.fees * MICRO, leg.held, Rounding.UP)
        return Px(average(state, leg) + fee)
    book = state.books.get(leg.market)
    level = book.best_ask(leg.outcome) if book else None
    px = level[0] if level else leg.limit
    return Px(px + fee_each(state.markets[leg.market].fees, px))


def orders_of(state: EngineState, leg: DealLeg) -> list[Order]:
    """The orders of a leg, oldest first."""
    return [state.orders[name] for name in leg.orders]


def unended(state: EngineState, deal: Deal) -> list[Order]:
    """Orders of the deal that may still fill."""
    orders = [state.orders[name] for leg in deal.legs for name in leg.orders]
    return [order for order in orders if order.state not in TERMINAL]


def reasons(state: EngineState, deal: Deal) -> str:
    """What venues said when they refused orders of this deal."""
    orders = [state.orders[name] for leg in deal.legs for name in leg.orders]
    said = dict.fromkeys(o.reason for o in orders if o.state is OrderState.REJECTED and o.reason)
    return "".join(f" Refused: {reason.rstrip('.')}." for reason in said)


def reach(levels: Levels, qty: Qty, bound: Px, *, buying: bool) -> Px | None:
    """The price of the last level needed for `qty`, within the bound; None when not even the best
    is.
    """
    reached: Px | None = None
    left: int = qty
    for px, depth in levels:
        if (px > bound) if buying else (px < bound):
            break
        reached = px
        left -= depth
        if left <= 0:
            break
    return reached
