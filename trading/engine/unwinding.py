"""Getting out: selling what a deal holds beyond whole packages, within a loss.

Only what is there is sold, so that an unwind never makes an exposure larger. What cannot be sold is
a residual, kept in the naked set until a person or a late fill ends it. Halts do not stop it.
"""

from markets.terms.formats import count
from markets.terms.instruments import MarketState
from markets.terms.units import Px, Qty, Rounding
from trading.engine.book import BookState
from trading.engine.deals import Deal, DealState
from trading.engine.intents import Intent
from trading.engine.legs import average, excess, leg_name, orders_of, reach
from trading.engine.orders import Purpose, Side
from trading.engine.sending import Wanted, move, place_all, put
from trading.engine.state import EngineState

UNWINDS = 2
_D = DealState


def unwind_excess(
    state: EngineState, deal: Deal, out: list[Intent], *, fresh: bool = False
) -> None:
    """Sell what is held beyond whole packages; what cannot be sold is a residual."""
    state.naked[deal.id] = deal.relation
    state.failed[deal.relation] = state.at
    wanted: list[Wanted] = []
    left: list[str] = []
    for i, leg in enumerate(deal.legs):
        over = excess(leg, deal.matched)
        if abs(over) <= state.terms[deal.id].dust:
            continue
        order = _unwind_order(state, deal, i, over, fresh=fresh) if over > 0 else None
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


def _unwind_order(
    state: EngineState, deal: Deal, index: int, over: Qty, *, fresh: bool
) -> tuple[Qty, Px] | None:
    leg = deal.legs[index]
    market = state.markets[leg.market]
    tries = sum(o.request.purpose is Purpose.UNWIND for o in orders_of(state, leg))
    qty = Qty(over // market.lot * market.lot)
    too_small = qty < market.min_size
    if market.state is not MarketState.OPEN or too_small or (tries >= UNWINDS and not fresh):
        return None
    lowest = max(1, average(state, leg) - state.terms[deal.id].unwind_loss)
    floor = market.ticks.to_legal(Px(lowest), Rounding.UP)
    if floor is None:
        return None
    book = state.books.get(leg.market)
    px: Px | None = floor
    if book is not None and book.state is BookState.LIVE and tries % UNWINDS == 0:
        px = reach(book.bids(leg.outcome), qty, floor, buying=False)
    return None if px is None else (qty, px)
