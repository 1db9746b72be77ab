"""What a venue says of our orders, applied: where each stands, and what to ask about it.

An order we never sent halts for money. An order in doubt is asked for, again and again with
growing pauses, before anything else. How long a venue took for its first word is measured. What was
filled is in `fills`, what a deal makes of all this in `execution`.
"""

from msgspec.structs import replace

from markets.terms.formats import count
from markets.terms.ids import OrderId
from markets.terms.units import MS, Ns, Qty
from trading.engine import masking
from trading.engine.acks import noted
from trading.engine.events import (
    OrderAccepted,
    OrderCancelled,
    OrderDelayed,
    OrderRejected,
    OrderUnknown,
)
from trading.engine.intents import Intent, QueryOrder, SetTimer
from trading.engine.orders import NEXT, TERMINAL, Order, OrderState
from trading.engine.state import EngineState, account
from trading.engine.stops import halt_for_money

ASK_MS = (250, 500, 1000, 2000, 5000)
ASK = "ask/"
_DOUBT = "doubt"


def moved(order: Order, state: OrderState, at: Ns, *, reason: str = "") -> Order:
    """The order in another state where the table allows it, else as it was: words move no order
    that has ended, only fills do.
    """
    if order.state in TERMINAL or state not in NEXT[order.state]:
        return order
    return replace(order, state=state, changed_at=at, reason=reason or order.reason)


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


def known(state: EngineState, name: OrderId, what: str, at: Ns, out: list[Intent]) -> Order | None:
    """The order a venue speaks of; one we never sent halts for money."""
    order = state.orders.get(name)
    if order is None:
        halt_for_money(
            state, f"A venue reports {what} of order {name}, which we never sent.", at, out
        )
    elif order.state is OrderState.SENT and what != _DOUBT:
        venue = account(order.request.book, state.markets[order.request.market].venue)
        state.acks[venue] = noted(state.acks.get(venue, ()), Ns(at - order.sent_at))
    return order


def store(state: EngineState, order: Order) -> None:
    """Keep an order as it now stands; what is known is asked for no more."""
    state.orders[order.request.id] = order
    masking.follow(state, order)
    if order.state is not OrderState.UNKNOWN:
        state.asks.pop(order.request.id, None)


def accepted(state: EngineState, event: OrderAccepted, out: list[Intent]) -> Order | None:
    """The venue has it; what was in doubt is open again."""
    order = known(state, event.order, "acceptance", event.at, out)
    if order is None:
        return None
    if order.state not in TERMINAL:
        order = moved(order, OrderState.PART if order.filled else OrderState.OPEN, event.at)
    order = replace(order, venue_order=event.venue_order or order.venue_order)
    store(state, order)
    return order


def delayed(state: EngineState, event: OrderDelayed, out: list[Intent]) -> Order | None:
    """The venue has it and decides later: it is open, and asked for when its time has come."""
    order = known(state, event.order, "a delay", event.at, out)
    if order is None or order.state in TERMINAL:
        return None
    order = moved(order, OrderState.PART if order.filled else OrderState.OPEN, event.at)
    order = replace(
        order,
        venue_order=event.venue_order or order.venue_order,
        until=max(order.until, event.until),
    )
    store(state, order)
    return order


def rejected(state: EngineState, event: OrderRejected, out: list[Intent]) -> Order | None:
    """Nothing rests. An order that had fills or was open counts as cancelled."""
    order = known(state, event.order, "rejection", event.at, out)
    if order is None:
        return None
    ended = OrderState.REJECTED
    if order.filled or ended not in NEXT[order.state]:
        ended = OrderState.CANCELLED
    order = moved(order, ended, event.at, reason=event.text or event.code)
    store(state, order)
    return order


def cancelled(state: EngineState, event: OrderCancelled, out: list[Intent]) -> Order | None:
    """The rest is gone; but where the venue counts more fills than we saw, it is in doubt."""
    order = known(state, event.order, "cancellation", event.at, out)
    if order is None:
        return None
    # A venue may go on counting what failed later.
    seen = order.filled + order.taken_back
    if event.filled is not None and event.filled > seen:
        missing = count(Qty(event.filled - seen))
        doubt(state, order, f"The venue counts {missing} more than we saw.", event.at, out)
        return state.orders[event.order]
    # What was open and is now gone may have been in doubt; either way it ends here.
    order = moved(order, OrderState.CANCELLED, event.at, reason=event.reason)
    store(state, order)
    return order


def unknown(state: EngineState, event: OrderUnknown, out: list[Intent]) -> Order | None:
    """We do not know whether it exists."""
    order = known(state, event.order, _DOUBT, event.at, out)
    if order is None:
        return None
    doubt(state, order, event.reason, event.at, out)
    return state.orders[event.order]
