"""May a first leg go alone: only where its hedge is likely enough.

Asked while the fill model is on, of ways of execution whose other legs follow what the first one
filled. Without the model nobody knows a chance, and what a hedge may lose bounds it.
"""

from markets.terms.formats import probability
from markets.terms.units import MICRO, MS, Ns, Px
from risk.gates.gates import limits_for
from trading.engine.acks import percentile_ms
from trading.engine.config import Unit
from trading.engine.likely import fill_tables
from trading.engine.naked import depth_within, offered_ppm
from trading.engine.orders import BookKind
from trading.engine.plans import Plan
from trading.engine.ports import Refused
from trading.engine.state import EngineState, account
from trading.engine.strategies import follows, rests


def hedge_probability(plan: Plan, state: EngineState) -> Refused | None:
    """Every leg that follows is likely enough to be had within what a hedge may lose."""
    if not state.limits.fill_model or not follows(plan.strategy):
        return None
    least, chance = limits_for(plan, state).hedge_probability, hedge_ppm(plan, state)
    if chance >= least:
        return None
    text = f"The hedge is {probability(chance)} likely, {probability(least)} is needed."
    return Refused("hedge_probability", text, least, chance, Unit.PPM)


def hedge_ppm(plan: Plan, state: EngineState) -> int:
    """The least chance over the legs that follow, rounded down: that their offers within the hedge
    loss, seen when they were, are still there once the first leg was answered, less where less is
    shown than is needed.
    """
    loss = limits_for(plan, state).hedge_loss
    wait = _wait(plan, state)
    chances = [MICRO]
    for index, leg in enumerate(plan.legs):
        book = state.books.get(leg.market)
        if index == plan.leader or leg.qty <= 0:
            continue
        if book is None:
            return 0
        shown = depth_within(book.asks(leg.outcome), Px(leg.limit + loss), buying=True)
        offered = offered_ppm(fill_tables(state, leg.market), Ns(state.at - book.at + wait))
        chances.append(offered * min(shown, leg.qty) // leg.qty)
    return min(chances)


def _wait(plan: Plan, state: EngineState) -> Ns:
    """How long the first leg's answer takes; what rests is hedged on the books of its fill."""
    if rests(plan.strategy):
        return Ns(0)
    leader = plan.legs[plan.leader]
    book = plan.book or BookKind.PAPER
    answer = percentile_ms(state.acks.get(account(book, leader.venue), ()))
    return Ns((state.markets[leader.market].delay_ms + answer) * MS)
