"""Which live orders get a paper twin: those for which everything that applies says `both`.

The run, the engine, the relation and the order's own venue are asked; a venue that is only live
has no twin, and nothing on paper has one. The engine asks nobody here: a twin changes no decision.
"""

from markets.terms.ids import venue_of
from trading.engine.config import Mode
from trading.engine.orders import BookKind, OrderRequest
from trading.engine.state import EngineState, run_mode


def is_twinned(state: EngineState, request: OrderRequest) -> bool:
    """Whether this order is to be followed on paper too."""
    deal, config = state.deals.get(request.deal), state.config
    if request.book is not BookKind.LIVE or deal is None or config is None:
        return False
    entry = state.entries.get(deal.relation)
    venue = state.venues.get(venue_of(request.market))
    if entry is None or venue is None:
        return False
    modes = (run_mode(state.mode), config.exec_mode, entry.config.mode, venue.mode)
    return all(mode is Mode.BOTH for mode in modes)
