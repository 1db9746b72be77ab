"""Getting out: selling what a deal holds beyond whole packages, in stages within a loss.

Only what is there is sold, so that an unwind never makes an exposure larger; the leg sold is the
leg that is held. The first sale asks for the best price a stage of the loss allows, each that
follows for a stage less, down to the whole loss. What cannot be sold is a residual, kept in the
naked set until a person or a late fill ends it. Halts do not stop it.
"""

from markets.terms.formats import count
from markets.terms.instruments import MarketState
from markets.terms.units import Ns, Px, Qty, Rounding
from trading.engine.book import BookState
from trading.engine.bounds import floors
from trading.engine.deals import Deal, DealState, excess
from trading.engine.intents import Intent
from trading.engine.legs import leg_name, orders_of, reach
from trading.engine.orders import Purpose, Side
from trading.engine.policy import watch
from trading.engine.sending import Wanted, move, place_all, put
from trading.engine.state import EngineState

_D = DealState


def unwind_excess(
    state: EngineState, deal: Deal, out: list[Intent], *, fresh: bool = False
) -> None:
    """Sell what is held beyond whole packages; what cannot be sold is a residual.

    `fresh` begins at the first stage again.
    """
    state.naked[deal.id] = deal.relation
    state.failed[deal.relation] = state.at
    watch(state, deal, state.at, out)
    wanted: list[Wanted] = []
    left: list[str] = []
    for i, leg in enumerate(deal.legs):
        over = excess(leg, deal.matched)
        if abs(over) <= state.terms[deal.id].dust:
            continue
        order = _order(state, deal, i, over, fresh=fresh) if over > 0 else None
        if order is None:
            short = "" if over > 0 else " short"
            left.append(f"{count(over)} {leg_name(state, leg)}{short}")
        else:
            wanted.append(Wanted(i, Side.SELL, *order, Purpose.UNWIND))
    if not wanted:
        text = f"Residual: {' and '.join(left)} could not be closed. A person must look."
        put(state, move(deal, _D.RESIDUAL, state.at), text, out)
        return
    place_all(state, deal, wanted, "Unwinding: sell", out)


def _order(
    state: EngineState, deal: Deal, index: int, over: Qty, *, fresh: bool
) -> tuple[Qty, Px] | None:
    """Size and price of a sale of one leg; None when it cannot be sold within the loss."""
    leg = deal.legs[index]
    market = state.markets[leg.market]
    qty = Qty(over // market.lot * market.lot)
    stages = floors(state, deal, index)
    if market.state is not MarketState.OPEN or qty < market.min_size or not stages:
        return None
    last = None if fresh else _last_price(state, deal, index)
    if last is not None:
        lower = [px for px in stages if px < last]
        return (qty, lower[0]) if lower else None
    book = state.books.get(leg.market)
    if book is None or book.state is not BookState.LIVE:
        return qty, stages[-1]
    for floor in stages:
        px = reach(book.bids(leg.outcome), qty, floor, buying=False)
        # The grid may be coarser than the book that was shown; the floor itself is legal.
        legal = None if px is None else market.ticks.to_legal(px, Rounding.DOWN)
        if legal is not None:
            return qty, legal
    return None


def _last_price(state: EngineState, deal: Deal, index: int) -> Px | None:
    """What was asked for last since the deal is naked."""
    kept = state.watches.get(deal.id)
    since = kept.since if kept else Ns(0)
    sales = [
        order.request.px
        for order in orders_of(state, deal.legs[index])
        if order.request.purpose is Purpose.UNWIND and order.sent_at >= since
    ]
    return sales[-1] if sales else None
