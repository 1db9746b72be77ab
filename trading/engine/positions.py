"""What we hold of one market in one book, from fills alone.

Per outcome: contracts and the money paid for those still held. Selling takes cost out at the
average, rounded so that the gain is never overstated. YES and NO of one market are not netted
here; what a world pays for both together is the payoff table's word. No marks, no prices, no
orders.
"""

import msgspec

from markets.terms.ids import MarketId
from markets.terms.units import Px, Qty, Rounding, Usd, divide, times
from trading.engine.orders import BookKind, Fill, Side


class Position(msgspec.Struct, frozen=True, gc=False):
    """Contracts and their cost per outcome; `fees` of every fill, `realised` gains of sales before
    fees.
    """

    market: MarketId
    book: BookKind
    qty: tuple[Qty, ...]
    cost: tuple[Usd, ...]
    fees: Usd = Usd(0)
    realised: Usd = Usd(0)


def empty(market: MarketId, book: BookKind, outcomes: int) -> Position:
    """Nothing held."""
    return Position(market, book, (Qty(0),) * outcomes, (Usd(0),) * outcomes)


def key_of(market: MarketId, book: BookKind) -> str:
    """The key positions are kept under: one per market and book."""
    return f"{book.value}/{market}"


def money_of(fill: Fill) -> Usd:
    """Money a fill moved before its fee: paid for a purchase (rounded up), received for a sale
    (down).
    """
    return times(fill.px, fill.qty, Rounding.UP if fill.side is Side.BUY else Rounding.DOWN)


def apply(position: Position, fill: Fill) -> Position:
    """The position after a fill.

    A sale of more than is held leaves a negative count: the engine halts on it, nothing here
    hides it.
    """
    qty = list(position.qty)
    cost = list(position.cost)
    i = fill.outcome
    money = money_of(fill)
    gain = 0
    if fill.side is Side.BUY:
        qty[i] = Qty(qty[i] + fill.qty)
        cost[i] = Usd(cost[i] + money)
    else:
        removed = _cost_of(cost[i], qty[i], fill.qty)
        gain = money - removed
        qty[i] = Qty(qty[i] - fill.qty)
        cost[i] = Usd(cost[i] - removed)
    return Position(
        position.market,
        position.book,
        tuple(qty),
        tuple(cost),
        Usd(position.fees + fill.fee),
        Usd(position.realised + gain),
    )


def undo(position: Position, fill: Fill) -> Position:
    """The position as if the fill had not been: it was taken back.

    A purchase leaves with the money paid; where nothing is held any more, cost that is left is a
    loss. Shares that were sold come back at the price of the sale, so that cost less realised is
    what it was before.
    """
    qty = list(position.qty)
    cost = list(position.cost)
    i = fill.outcome
    sign = -1 if fill.side is Side.BUY else 1
    qty[i] = Qty(qty[i] + sign * fill.qty)
    cost[i] = Usd(cost[i] + sign * money_of(fill))
    lost = 0
    if qty[i] <= 0:
        lost, cost[i] = cost[i], Usd(0)
    return Position(
        position.market,
        position.book,
        tuple(qty),
        tuple(cost),
        Usd(position.fees - fill.fee),
        Usd(position.realised - lost),
    )


def settle(position: Position, pays: tuple[Px, ...]) -> Position:
    """The position after the venue paid `pays` per contract of each outcome: empty, the gain
    realised.
    """
    received = sum(
        times(px, qty, Rounding.DOWN) for px, qty in zip(pays, position.qty, strict=False)
    )
    none = empty(position.market, position.book, len(position.qty))
    return Position(
        none.market,
        none.book,
        none.qty,
        none.cost,
        position.fees,
        Usd(position.realised + received - sum(position.cost)),
    )


def _cost_of(cost: Usd, held: Qty, sold: Qty) -> Usd:
    """The part of `cost` that `sold` of `held` contracts stand for, rounded up."""
    if sold >= held:
        return cost
    return Usd(divide(cost * sold, held, Rounding.UP))
