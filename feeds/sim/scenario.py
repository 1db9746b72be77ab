"""A scripted world: markets that mean the same at several venues move together, with lags and mispricings.

`Scenario` is deterministic: the same seed and the same times give the same moves. It knows nothing of wires; the
fakes turn `Listed` into their catalogues and `Move` into their frames. Chance is a counter-based generator here,
never the `random` module.
"""

import msgspec

from markets.terms.ids import VenueId
from markets.terms.units import Ns, Px, Qty
from trading.engine.book import Levels
from trading.engine.orders import Side


class Listed(msgspec.Struct, frozen=True):
    """A market of the scenario as one venue lists it. `twin` names the equivalent market at the other venue.

    `inverse` says that YES here is NO there. `tokens` are two 77-digit decimal texts at venues that have them.
    """

    venue: VenueId
    native: str
    event: str
    event_title: str
    title: str
    outcomes: tuple[str, str]
    rules: str
    category: str
    tick: Px
    fee_rate_ppm: int
    open_at: Ns
    close_at: Ns
    twin: str
    inverse: bool = False
    tokens: tuple[str, ...] = ()
    confirmed: bool = True


class Move(msgspec.Struct, frozen=True):
    """New full ladders (YES side, best first) of one market, and the trade that caused them, if one did."""

    venue: VenueId
    native: str
    bids: Levels
    asks: Levels
    trade: tuple[Px, Qty, Side] | None = None
    venue_at: Ns = Ns(0)
