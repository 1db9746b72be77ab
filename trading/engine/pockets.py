"""Free money where it lies: a venue may keep cash in parts, and an order draws from one of them.

Kalshi keeps cash by shard, and a market takes only that of its own. Where the last statement named
the parts each order is weighed against the part of its market's shard; a shard that was not named
has nothing. Where it named none, the venue's cash is one. Money is never moved between parts here.
Source: kalshi sheet 3.9, read 2026-11-30.
"""

from collections.abc import Iterable

import msgspec

from markets.terms.ids import VenueId
from markets.terms.instruments import Market
from markets.terms.units import Usd
from trading.engine.events import AccountReported
from trading.engine.orders import BookKind
from trading.engine.plans import PlanLeg
from trading.engine.state import EngineState, account, exposure


class Pocket(msgspec.Struct, frozen=True, gc=False):
    """A part of a venue's cash; `shard` None is all of it."""

    venue: VenueId
    shard: int | None = None


def told(state: EngineState, event: AccountReported) -> None:
    """A statement's cash, in the parts it names."""
    purse = account(event.book, event.venue)
    state.cash[purse] = event.cash
    state.pockets.pop(purse, None)
    if event.pockets:
        state.pockets[purse] = dict(event.pockets)


def move(state: EngineState, book: BookKind, market: Market, by: int) -> None:
    """Money that came or, below 0, went in a market; nothing where the account is not known."""
    purse = account(book, market.venue)
    if purse not in state.cash:
        return
    state.cash[purse] = Usd(state.cash[purse] + by)
    parts = state.pockets.get(purse)
    if parts is not None:
        parts[market.shard] = Usd(parts.get(market.shard, 0) + by)


def pocket_of(state: EngineState, book: BookKind, market: Market) -> Pocket:
    """Where an order in a market draws from."""
    is_split = account(book, market.venue) in state.pockets
    return Pocket(market.venue, market.shard if is_split else None)


def needs_by_pocket(
    state: EngineState, book: BookKind, legs: Iterable[PlanLeg]
) -> dict[Pocket, Usd]:
    """The most that the orders of a plan can cost, by where they draw from."""
    needs: dict[Pocket, Usd] = {}
    for leg in legs:
        pocket = pocket_of(state, book, state.markets[leg.market])
        needs[pocket] = Usd(needs.get(pocket, 0) + leg.money)
    return needs


def cash_in(state: EngineState, book: BookKind, pocket: Pocket) -> Usd | None:
    """What lies there; None for an account that is not known."""
    purse = account(book, pocket.venue)
    if pocket.shard is None:
        return state.cash.get(purse)
    return state.pockets[purse].get(pocket.shard, Usd(0))


def free_in(state: EngineState, book: BookKind, pocket: Pocket) -> Usd | None:
    """What lies there and is not promised to orders on their way; None where it is not known."""
    cash = cash_in(state, book, pocket)
    if cash is None:
        return None
    now = exposure(state, book)
    if pocket.shard is None:
        return Usd(cash - now.promises.get(pocket.venue, 0))
    return Usd(cash - now.pockets.get((pocket.venue, pocket.shard), 0))
