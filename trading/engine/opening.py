"""Beginning an approved plan as a deal: its strategy, its terms, and the orders of its first wave.

All legs leave at once where nothing speaks against it. Where one leg's venue declares a longer
delay, or is slower, or its book thinner, and the settings say so, it leads: the others follow what
it filled, so that never more waits unhedged than one venue's delay. A deal keeps the terms it
began with, a later revision of the configuration does not touch it. Not here: whether it may be
begun (`Risk`), what follows (`execution`).
"""

from markets.terms.ids import DealId
from markets.terms.units import MS, Ns, Px, Qty
from trading.engine.acks import percentile_ms
from trading.engine.deals import Deal, DealLeg, DealState
from trading.engine.intents import Intent, SetTimer
from trading.engine.naked import depth_within
from trading.engine.orders import BookKind, Purpose, Side
from trading.engine.plans import Plan
from trading.engine.resting import MAKER, end_at_venue
from trading.engine.sending import InvariantBroken, Wanted, order_name, place_all
from trading.engine.state import DealTerms, EngineState, account
from trading.engine.strategies import Strategy, opens_with, rests

_D = DealState
_VERBS = {
    Strategy.TAKER_TAKER: "Opening: buy",
    Strategy.LEADER_FIRST: "Opening with the leader: buy",
    Strategy.MAKER_HEDGE: "Opening as maker: rest to buy",
}


def open_deal(state: EngineState, plan: Plan, out: list[Intent]) -> Deal:
    """Begin an approved plan: the orders of its strategy's first wave, all at once."""
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
        leader=plan.leader,
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
    end = Ns(0)
    if rests(plan.strategy):
        over = Ns(state.at + limits.maker_timeout_ms * MS)
        out.append(SetTimer(state.at, MAKER + name, over))
        end = end_at_venue(state, plan.legs[plan.leader].market, over)
    wanted = [
        Wanted(i, Side.BUY, leg.qty, leg.limit, Purpose.OPEN, end)
        for i, leg in enumerate(plan.legs)
        if opens_with(plan.strategy, i, plan.leader)
    ]
    return place_all(state, deal, wanted, _VERBS[plan.strategy], out, name)


def strategy_of(state: EngineState, plan: Plan) -> tuple[Strategy, int]:
    """How a plan of offers is carried out, and which leg leads.

    The relation's own word first; else the leg with the longer declared delay leads.
    """
    entry = state.entries[plan.relation]
    wanted = entry.config.strategy
    delays = [state.markets[leg.market].delay_ms for leg in plan.legs]
    if (
        wanted is None or wanted is Strategy.MAKER_HEDGE
    ):  # a maker's plan is made where it could rest
        uneven = entry.limits.leader_first and min(delays) != max(delays)
        wanted = Strategy.LEADER_FIRST if uneven else Strategy.TAKER_TAKER
    if wanted is Strategy.LEADER_FIRST:
        return wanted, leader_of(state, plan)
    return wanted, 0


def leader_of(state: EngineState, plan: Plan) -> int:
    """The leg to buy first: the longest declared delay, then the slowest answers, then the least
    depth shown at its limit.
    """
    book = plan.book or BookKind.PAPER

    def rank(index: int) -> tuple[int, int, int]:
        leg = plan.legs[index]
        answers = percentile_ms(state.acks.get(account(book, leg.venue), ()))
        shown = depth_within(state.books[leg.market].asks(leg.outcome), leg.limit, buying=True)
        return state.markets[leg.market].delay_ms, answers, -shown

    return max(range(len(plan.legs)), key=rank)
