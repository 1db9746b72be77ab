"""A deal: an approved plan being carried out. Its record and the table of where it may go.

`matched` is the number of packages all legs hold; what a leg holds beyond that is its residual.
Behaviour
(which orders to send next) is in `execution`; nothing here knows books or time.
"""

from enum import StrEnum

import msgspec

from markets.terms.ids import DealId, MarketId, OrderId, RelationId
from markets.terms.units import MICRO, Ns, Px, Qty, Rounding, Usd, divide
from trading.engine.orders import BookKind
from trading.engine.strategies import Strategy


class DealState(StrEnum):
    """See `NEXT`. `RESTING`: an order of ours rests, and what it filled is hedged. `RESIDUAL` is
    open exposure that could not be closed: a person must look.
    """

    OPENING = "opening"
    RESTING = "resting"
    HEDGING = "hedging"
    UNWINDING = "unwinding"
    BALANCED = "balanced"
    CLOSED = "closed"
    RESIDUAL = "residual"


_D = DealState
NEXT: dict[DealState, tuple[DealState, ...]] = {
    _D.OPENING: (_D.BALANCED, _D.HEDGING, _D.UNWINDING, _D.CLOSED, _D.RESIDUAL),
    _D.RESTING: (_D.BALANCED, _D.HEDGING, _D.UNWINDING, _D.CLOSED, _D.RESIDUAL),
    _D.HEDGING: (_D.RESTING, _D.BALANCED, _D.UNWINDING, _D.CLOSED, _D.RESIDUAL),
    _D.UNWINDING: (_D.BALANCED, _D.CLOSED, _D.RESIDUAL),
    _D.RESIDUAL: (_D.HEDGING, _D.UNWINDING, _D.BALANCED, _D.CLOSED),
    _D.BALANCED: (_D.CLOSED, _D.RESIDUAL),
    _D.CLOSED: (_D.RESIDUAL,),  # a fill may overtake the word of the end
}
ACTIVE = (DealState.OPENING, DealState.RESTING, DealState.HEDGING, DealState.UNWINDING)


class DealLeg(msgspec.Struct, frozen=True, gc=False):
    """One leg: `weight` contracts (millionths) per package, what was planned, and what fills say.

    `held` is contracts bought minus sold again; `cost` money paid minus received, before `fees`.
    `taken_back` are contracts whose fills failed after they were told.
    """

    market: MarketId
    outcome: int
    weight: Qty
    planned: Qty
    limit: Px
    expected: Px
    held: Qty = Qty(0)
    cost: Usd = Usd(0)
    fees: Usd = Usd(0)
    orders: tuple[OrderId, ...] = ()
    taken_back: Qty = Qty(0)


class Deal(msgspec.Struct, frozen=True, gc=False):
    """The whole of a deal as it stands.

    Money in millionths of a dollar; `planned_net` per package. `leader` is the leg that the
    strategy orders first.
    """

    id: DealId
    relation: RelationId
    package: int
    book: BookKind
    state: DealState
    opened_at: Ns
    changed_at: Ns
    size: Qty
    legs: tuple[DealLeg, ...]
    planned_net: Px
    planned_profit: Usd
    revision: int
    fee_rev: str = ""
    friction_rev: str = ""
    matched: Qty = Qty(0)
    locked: Usd = Usd(0)
    reason: str = ""
    strategy: Strategy = Strategy.TAKER_TAKER
    leader: int = 0


def excess(leg: DealLeg, matched: Qty) -> Qty:
    """Contracts a leg holds beyond the matched packages; below 0 when more was sold than held."""
    return Qty(leg.held - divide(leg.weight * matched, MICRO, Rounding.UP))
