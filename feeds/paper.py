"""Trading on paper as a worker begins it: the simulated exchanges and what each account holds."""

from __future__ import annotations

from collections.abc import Callable

from feeds.discovery import keyless_adapter
from feeds.runtime.gateways import PaperDesk
from feeds.runtime.twins import Twins
from feeds.sim.exchange import Account, Exchange
from feeds.venues import ADAPTERS
from markets.terms.ids import MarketId, VenueId, venue_of
from markets.terms.units import Qty, Usd
from trading.engine.config import VenueConfig
from trading.engine.engine import Engine
from trading.engine.events import Event
from trading.engine.orders import BookKind
from trading.engine.twins import is_twinned
from trading.runtime.clock import Clock


def on_paper(
    engine: Engine, clock: Clock, emit: Callable[[Event], None]
) -> tuple[PaperDesk, Twins]:
    """Trading on paper, and beside it, apart from it, the twins of live orders."""
    twins = Twins(
        Exchange({}, {}, _nets()), clock, emit, lambda request: is_twinned(engine.state, request)
    )
    return PaperDesk(_exchange(engine), clock, emit), twins


def _exchange(engine: Engine) -> Exchange:
    """The simulated exchange as the journal left it."""
    exchange = Exchange({}, {}, _nets())
    exchange.remember({o.request.id: o.filled for o in engine.state.orders.values()})
    return exchange


def _nets() -> frozenset[VenueId]:
    return frozenset(VenueId(v) for v in ADAPTERS if keyless_adapter(v).capabilities.nets)


def paper_account(engine: Engine, venue: VenueConfig) -> Account:
    """What is left at a venue on paper: money begun with, less what fills cost, and shares."""
    cash = venue.paper_cash
    holdings: dict[tuple[MarketId, int], Qty] = {}
    for position in engine.state.positions.values():
        if position.book is BookKind.PAPER and venue_of(position.market) == venue.id:
            cash += position.realised - position.fees - sum(position.cost)
            holdings |= {(position.market, i): qty for i, qty in enumerate(position.qty)}
    return Account(Usd(cash), holdings)
