"""Beginning an approved plan as a deal: its terms, and one immediate order for each leg.

Where nothing stands against it all legs leave at once. A deal keeps the terms it began with, a
later revision of the configuration does not touch it. Not here: whether it may be begun (`Risk`),
what follows (`execution`).
"""

from markets.terms.ids import DealId
from markets.terms.units import Px, Qty
from trading.engine.deals import Deal, DealLeg, DealState
from trading.engine.intents import Intent
from trading.engine.orders import Purpose, Side
from trading.engine.plans import Plan
from trading.engine.sending import InvariantBroken, Wanted, order_name, place_all
from trading.engine.state import DealTerms, EngineState

_D = DealState


def open_deal(state: EngineState, plan: Plan, out: list[Intent]) -> Deal:
    """Begin an approved plan: one immediate order for each leg, all at once."""
    if plan.book is None:
        raise InvariantBroken(f"A plan of {plan.relation} was approved without a book.")
    entry = state.entries[plan.relation]
    limits = entry.limits_of(plan.strategy)
    name = DealId(order_name(state))
    deal = Deal(
        id=name,
        relation=plan.relation,
        package=plan.package,
        book=plan.book,
        state=_D.OPENING,
        opened_at=state.at,
        changed_at=state.at,
        size=plan.size,
        legs=tuple(
            DealLeg(leg.market, leg.outcome, leg.weight, leg.qty, leg.limit, leg.expected)
            for leg in plan.legs
        ),
        planned_net=plan.net,
        planned_profit=plan.profit,
        revision=state.config.revision if state.config else 0,
        fee_rev=",".join(state.markets[leg.market].fees.rev for leg in plan.legs),
        friction_rev=state.config.friction_rev if state.config else "",
        strategy=plan.strategy,
    )
    delay = max(state.markets[leg.market].delay_ms for leg in plan.legs)
    state.terms[name] = DealTerms(
        entry.relation,
        plan.edge.used,
        Px(limits.hedge_loss),
        Px(limits.unwind_loss),
        Qty(limits.dust),
        limits.hedge_timeout_ms + delay,
        limits.deal_timeout_ms + delay,
    )
    state.opened[plan.relation] = state.at
    wanted = [
        Wanted(i, Side.BUY, leg.qty, leg.limit, Purpose.OPEN) for i, leg in enumerate(plan.legs)
    ]
    return place_all(state, deal, wanted, "Opening: buy", out, name)
