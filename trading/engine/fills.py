"""Fills as venues tell them: counted once, corrected when final, taken back when they failed.

A fill counts once by its key and is never dropped because of its order's state: it may overtake
the word of a cancellation. Polymarket matches first and settles on chain later: what was matched
counts at once and may fail until it is confirmed (polymarket sheet 5.5, November 2026). A failure
takes it out of the order, the position and the money again; that the legs then differ is for
`execution`. What contradicts our books (a fill of an order we never sent, more than was ordered,
a failure called final later) halts for money.
"""

from msgspec.structs import replace

from markets.terms.formats import count
from markets.terms.units import Ns, Qty, Usd
from trading.engine.answers import known, store
from trading.engine.events import OrderFilled
from trading.engine.intents import Intent, PositionChanged
from trading.engine.orders import Fill, Finality, Order, OrderState, Side
from trading.engine.pockets import move
from trading.engine.positions import Position, apply, empty, key_of, money_of, undo
from trading.engine.state import EngineState
from trading.engine.stops import halt_for_money


def fill_seen(state: EngineState, event: OrderFilled, out: list[Intent]) -> Order | None:
    """Count, correct or take back a fill: position, money, order. None where nothing changes for
    the deal.
    """
    fill = event.fill
    if fill.finality is Finality.FAILED:
        return _failed(state, fill, event.at, out)
    if fill.key in state.fills:
        return _again(state, fill, event.at, out)
    order = known(state, fill.order, "a fill", event.at, out)
    if order is None:
        return None
    state.fills[fill.key] = fill.order
    request = order.request
    if (fill.market, fill.outcome, fill.side) != (request.market, request.outcome, request.side):
        text = f"Fill {fill.key} is not of what order {request.id} asked for."
        halt_for_money(state, text, event.at, out)
        return None
    return _count(state, order, fill, event.at, out)


def filled(order: Order, fill: Fill) -> Order:
    """The order after one more fill of at most what was left of it."""
    return _with(
        order,
        Qty(order.filled + fill.qty),
        Usd(order.cost + money_of(fill)),
        Usd(order.fees + fill.fee),
        fill.at,
    )


def without(order: Order, fill: Fill, at: Ns) -> Order:
    """The order after a fill of it was taken back: what had ended stays ended, with less."""
    less = replace(order, taken_back=Qty(order.taken_back + fill.qty))
    return _with(
        less,
        Qty(order.filled - fill.qty),
        Usd(order.cost - money_of(fill)),
        Usd(order.fees - fill.fee),
        at,
    )


def _with(order: Order, total: Qty, cost: Usd, fees: Usd, at: Ns) -> Order:
    state = order.state
    if total == order.request.qty:
        state = OrderState.FILLED
    elif total + order.taken_back >= order.request.qty or state is OrderState.FILLED:
        state = OrderState.CANCELLED
    elif state is not OrderState.CANCELLED and total > order.filled:
        state = OrderState.PART
    return replace(order, state=state, changed_at=at, filled=total, cost=cost, fees=fees)


def _count(state: EngineState, order: Order, fill: Fill, at: Ns, out: list[Intent]) -> Order | None:
    _book(state, order, fill, at, out)
    problem = _contradiction(order, fill)
    if problem:
        halt_for_money(state, problem, at, out)
        return None
    state.details[fill.key] = fill
    order = filled(order, fill)
    store(state, order)
    return order


def _again(state: EngineState, fill: Fill, at: Ns, out: list[Intent]) -> Order | None:
    """The same fill once more: news only where a provisional one is now final."""
    before = state.details.get(fill.key)
    if before is None or fill.finality is not Finality.FINAL:
        return None
    if before.finality is Finality.FAILED:
        text = f"Fill {fill.key} had failed and is now called final."
        halt_for_money(state, text, at, out)
        return None
    if before.finality is Finality.FINAL:
        return None
    if (fill.px, fill.qty, fill.fee) == (before.px, before.qty, before.fee):
        state.details[fill.key] = fill
        return None
    order = _take_back(state, before, at, out)
    order = replace(order, taken_back=Qty(order.taken_back - before.qty))
    return _count(state, order, fill, at, out)


def _failed(state: EngineState, fill: Fill, at: Ns, out: list[Intent]) -> Order | None:
    """A fill that did not happen after all. One never heard of is remembered, so that its late
    word of being matched counts for nothing.
    """
    before = state.details.get(fill.key)
    if fill.key not in state.fills:
        if fill.order in state.orders:
            state.fills[fill.key] = fill.order
            state.details[fill.key] = fill
        return None
    if before is None:
        halt_for_money(state, f"A venue took back fill {fill.key}.", at, out)
        return None
    if before.finality is Finality.FAILED:
        return None
    order = _take_back(state, before, at, out)
    state.details[fill.key] = replace(before, finality=Finality.FAILED)
    return order


def _take_back(state: EngineState, fill: Fill, at: Ns, out: list[Intent]) -> Order:
    order = state.orders[fill.order]
    _book(state, order, fill, at, out, back=True)
    order = without(order, fill, at)
    store(state, order)
    return order


def _contradiction(order: Order, fill: Fill) -> str:
    request = order.request
    name = request.id
    if order.filled + fill.qty > request.qty:
        return f"Order {name} was filled beyond its size of {count(request.qty)}."
    if order.state is OrderState.REJECTED:
        return f"Order {name} was rejected and then filled."
    return ""


def _book(
    state: EngineState, order: Order, fill: Fill, at: Ns, out: list[Intent], *, back: bool = False
) -> None:
    """Positions and free money follow the fill, or its being taken `back`."""
    book = order.request.book
    market = state.markets[order.request.market]
    key = key_of(market.id, book)
    position = state.positions.get(key) or empty(market.id, book, len(market.outcomes))
    position = undo(position, fill) if back else apply(position, fill)
    state.positions[key] = position
    if position.qty[fill.outcome] < 0:
        text = f"More of {market.id} was sold than we hold."
        halt_for_money(state, text, at, out)
    moved = (-1 if fill.side is Side.BUY else 1) * money_of(fill) - fill.fee
    move(state, book, market, -moved if back else moved)
    out.append(_told(position, at))


def _told(position: Position, at: Ns) -> PositionChanged:
    return PositionChanged(
        at,
        position.market,
        position.book,
        position.qty,
        position.cost,
        position.fees,
        position.realised,
    )
