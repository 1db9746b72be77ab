"""What a venue says of our orders, applied: order states, fills, positions, money.

A fill counts once by its key and is never dropped because of the order's state: it may overtake
the word of a cancellation. What contradicts our books (a fill of an order we never sent, more
than was ordered, a fill taken back) halts for money. An order in doubt is asked for, again and
again with growing pauses, before anything else. What a deal makes of all this is in `execution`.
"""

from msgspec.structs import replace

from markets.terms.formats import count
from markets.terms.ids import OrderId
from markets.terms.units import MS, Ns, Qty, Usd
from trading.engine.events import (
    OrderAccepted,
    OrderCancelled,
    OrderDelayed,
    OrderFilled,
    OrderRejected,
    OrderUnknown,
)
from trading.engine.intents import Intent, PositionChanged, QueryOrder, SetTimer
from trading.engine.orders import NEXT, TERMINAL, Fill, Finality, Order, OrderState, Side
from trading.engine.positions import apply, empty, key_of, money_of
from trading.engine.state import EngineState, account
from trading.engine.stops import halt_for_money

ASK_MS = (250, 500, 1000, 2000, 5000)
ASK = "ask/"


def moved(order: Order, state: OrderState, at: Ns, *, reason: str = "") -> Order:
    """The order in another state where the table allows it, else as it was."""
    if state not in NEXT[order.state]:
        return order
    return replace(order, state=state, changed_at=at, reason=reason or order.reason)


def filled(order: Order, fill: Fill) -> Order:
    """The order after one more fill of at most what was left of it."""
    total = Qty(order.filled + fill.qty)
    state = OrderState.FILLED if total == order.request.qty else OrderState.PART
    if order.state is OrderState.CANCELLED and state is OrderState.PART:
        state = OrderState.CANCELLED
    return replace(
        order,
        state=state,
        changed_at=fill.at,
        filled=total,
        cost=Usd(order.cost + money_of(fill)),
        fees=Usd(order.fees + fill.fee),
    )


def ask(state: EngineState, order: Order, at: Ns, out: list[Intent]) -> None:
    """Ask the venue what became of an order, and be woken to ask again."""
    request = order.request
    times_asked = state.asks.get(request.id, 0)
    state.asks[request.id] = times_asked + 1
    pause = ASK_MS[min(times_asked, len(ASK_MS) - 1)]
    out.append(QueryOrder(at, request.id, request.market, request.book))
    out.append(SetTimer(at, ASK + request.id, Ns(at + pause * MS)))


def doubt(state: EngineState, order: Order, reason: str, at: Ns, out: list[Intent]) -> None:
    """Mark an order as unknown and ask for it; one already in doubt is asked by its timer alone."""
    if order.state in TERMINAL or order.state is OrderState.UNKNOWN:
        return
    unknown = moved(order, OrderState.UNKNOWN, at, reason=reason)
    state.orders[order.request.id] = unknown
    ask(state, unknown, at, out)


def ask_again(state: EngineState, name: OrderId, at: Ns, out: list[Intent]) -> None:
    """The pause since the last question is over."""
    order = state.orders.get(name)
    if order is not None and order.state is OrderState.UNKNOWN:
        ask(state, order, at, out)


def _known(state: EngineState, name: OrderId, what: str, at: Ns, out: list[Intent]) -> Order | None:
    order = state.orders.get(name)
    if order is None:
        halt_for_money(
            state, f"A venue reports {what} of order {name}, which we never sent.", at, out
        )
    return order


def _store(state: EngineState, order: Order) -> None:
    state.orders[order.request.id] = order
    if order.state is not OrderState.UNKNOWN:
        state.asks.pop(order.request.id, None)


def accepted(state: EngineState, event: OrderAccepted, out: list[Intent]) -> Order | None:
    """The venue has it; what was in doubt is open again."""
    order = _known(state, event.order, "acceptance", event.at, out)
    if order is None:
        return None
    if order.state not in TERMINAL:
        order = moved(order, OrderState.PART if order.filled else OrderState.OPEN, event.at)
    order = replace(order, venue_order=event.venue_order or order.venue_order)
    _store(state, order)
    return order


def delayed(state: EngineState, event: OrderDelayed, out: list[Intent]) -> Order | None:
    """The venue has it and decides later: it is open, and asked for when its time has come."""
    order = _known(state, event.order, "a delay", event.at, out)
    if order is None or order.state in TERMINAL:
        return None
    order = moved(order, OrderState.PART if order.filled else OrderState.OPEN, event.at)
    order = replace(order, venue_order=event.venue_order or order.venue_order)
    _store(state, order)
    return order


def rejected(state: EngineState, event: OrderRejected, out: list[Intent]) -> Order | None:
    """Nothing rests. An order that had fills or was open counts as cancelled."""
    order = _known(state, event.order, "rejection", event.at, out)
    if order is None:
        return None
    ended = OrderState.REJECTED
    if order.filled or ended not in NEXT[order.state]:
        ended = OrderState.CANCELLED
    order = moved(order, ended, event.at, reason=event.text or event.code)
    _store(state, order)
    return order


def cancelled(state: EngineState, event: OrderCancelled, out: list[Intent]) -> Order | None:
    """The rest is gone; but where the venue counts more fills than we saw, it is in doubt."""
    order = _known(state, event.order, "cancellation", event.at, out)
    if order is None:
        return None
    if event.filled is not None and event.filled > order.filled:
        missing = count(Qty(event.filled - order.filled))
        doubt(state, order, f"The venue counts {missing} more than we saw.", event.at, out)
        return state.orders[event.order]
    # What was open and is now gone may have been in doubt; either way it ends here.
    order = moved(order, OrderState.CANCELLED, event.at, reason=event.reason)
    _store(state, order)
    return order


def unknown(state: EngineState, event: OrderUnknown, out: list[Intent]) -> Order | None:
    """We do not know whether it exists."""
    order = _known(state, event.order, "doubt", event.at, out)
    if order is None:
        return None
    doubt(state, order, event.reason, event.at, out)
    return state.orders[event.order]


def fill_seen(state: EngineState, event: OrderFilled, out: list[Intent]) -> Order | None:
    """Count a fill once: position, money, order. None where there is nothing new for a deal."""
    fill = event.fill
    if fill.finality is Finality.FAILED:
        if fill.key in state.fills:
            halt_for_money(state, f"A venue took back fill {fill.key}.", event.at, out)
        return None
    if fill.key in state.fills:
        return None
    order = _known(state, fill.order, "a fill", event.at, out)
    if order is None:
        return None
    state.fills[fill.key] = fill.order
    request = order.request
    if (fill.market, fill.outcome, fill.side) != (request.market, request.outcome, request.side):
        text = f"Fill {fill.key} is not of what order {request.id} asked for."
        halt_for_money(state, text, event.at, out)
        return None
    _hold(state, order, fill, event.at, out)
    problem = _contradiction(order, fill)
    if problem:
        halt_for_money(state, problem, event.at, out)
        return None
    order = filled(order, fill)
    _store(state, order)
    return order


def _contradiction(order: Order, fill: Fill) -> str:
    request = order.request
    name = request.id
    if order.filled + fill.qty > request.qty:
        return f"Order {name} was filled beyond its size of {count(request.qty)}."
    if order.state is OrderState.REJECTED:
        return f"Order {name} was rejected and then filled."
    return ""


def _hold(state: EngineState, order: Order, fill: Fill, at: Ns, out: list[Intent]) -> None:
    """Positions and free money follow the fill."""
    book = order.request.book
    market = state.markets[order.request.market]
    key = key_of(market.id, book)
    position = state.positions.get(key) or empty(market.id, book, len(market.outcomes))
    position = apply(position, fill)
    state.positions[key] = position
    if position.qty[fill.outcome] < 0:
        text = f"More of {market.id} was sold than we hold."
        halt_for_money(state, text, at, out)
    purse = account(book, market.venue)
    if purse in state.cash:
        sign = -1 if fill.side is Side.BUY else 1
        state.cash[purse] = Usd(state.cash[purse] + sign * money_of(fill) - fill.fee)
    out.append(
        PositionChanged(
            at,
            market.id,
            book,
            position.qty,
            position.cost,
            position.fees,
            position.realised,
        )
    )
