"""Noting what a deal does before it is done: orders, timers, moves, and the sentence of each.

An order is remembered before it is sent; a deal goes only where its table allows; every change is
told once with its step, and today's result follows what deals have locked. Nothing here decides.
"""

import msgspec
from msgspec.structs import replace

from markets.terms.formats import count, price
from markets.terms.ids import OrderId
from markets.terms.units import MS, Ns, Px, Qty
from trading.engine import masking
from trading.engine.deals import NEXT, Deal, DealState
from trading.engine.intents import CancelOrder, DealChanged, Intent, PlaceOrder, SetTimer
from trading.engine.legs import leg_name
from trading.engine.orders import (
    TERMINAL,
    Order,
    OrderRequest,
    OrderState,
    Purpose,
    Side,
    TimeInForce,
)
from trading.engine.state import EngineState, book_result, is_open
from trading.engine.strategies import rests

DEAL = "deal/"
HEDGE = "hedge/"
_D = DealState


class Wanted(msgspec.Struct, frozen=True):
    """An order to be of one leg. With an end it rests, and only rests; without one it is
    immediate.
    """

    leg: int
    side: Side
    qty: Qty
    px: Px
    purpose: Purpose
    expires_at: Ns = Ns(0)


class InvariantBroken(Exception):
    """What cannot be: a bug. The run ends, and the next one begins with questions to the venues."""


def order_name(state: EngineState) -> str:
    """A name no other order of any run has."""
    state.counter += 1
    return f"{state.run}-{state.counter}"


def place(state: EngineState, deal: Deal, wanted: Wanted, name: str, out: list[Intent]) -> Deal:
    """The deal with one more order, noted before it is sent."""
    leg = deal.legs[wanted.leg]
    request = OrderRequest(
        id=OrderId(f"{name}-{wanted.leg}"),
        deal=deal.id,
        leg=wanted.leg,
        market=leg.market,
        outcome=leg.outcome,
        side=wanted.side,
        px=wanted.px,
        qty=wanted.qty,
        tif=TimeInForce.GTC if wanted.expires_at else TimeInForce.IOC,
        book=deal.book,
        purpose=wanted.purpose,
        deadline_ms=state.terms[deal.id].timeout_ms,
        placed_at=state.at,
        post_only=bool(wanted.expires_at),
        expires_at=wanted.expires_at,
    )
    order = state.orders[request.id] = Order(request, OrderState.SENT, state.at, state.at)
    masking.follow(state, order)
    out.append(PlaceOrder(state.at, request))
    legs = list(deal.legs)
    legs[wanted.leg] = replace(leg, orders=(*leg.orders, request.id))
    return replace(deal, legs=tuple(legs), changed_at=state.at)


def place_all(
    state: EngineState,
    deal: Deal,
    wanted: list[Wanted],
    verb: str,
    out: list[Intent],
    name: str = "",
) -> Deal:
    """Orders of one decision under one name, told in one sentence before they are sent."""
    name = name or order_name(state)
    orders: list[Intent] = []
    for one in wanted:
        deal = place(state, deal, one, name, orders)
    words = " and ".join(
        f"{count(one.qty)} {leg_name(state, deal.legs[one.leg])} at {price(one.px)} or better"
        for one in wanted
    )
    put(state, deal, f"{verb} {words}.", out)
    out.extend(orders)
    arm(state, deal, out)
    return deal


def pull(state: EngineState, order: Order, out: list[Intent]) -> None:
    """Ask once for the end of an order; what became of one in doubt is asked first."""
    if order.cancel_at or order.state in TERMINAL or order.state is OrderState.UNKNOWN:
        return
    request = order.request
    state.orders[request.id] = replace(order, cancel_at=state.at)
    out.append(CancelOrder(state.at, request.id, request.market, request.book))


def arm(state: EngineState, deal: Deal, out: list[Intent]) -> None:
    """Be woken when orders of the deal have had their time to be answered."""
    due = Ns(state.at + state.terms[deal.id].timeout_ms * MS)
    out.append(SetTimer(state.at, DEAL + deal.id, due))


def move(deal: Deal, to: DealState, at: Ns) -> Deal:
    """The deal in another state. Errors: `InvariantBroken` where the table has no such way."""
    if to not in NEXT[deal.state]:
        raise InvariantBroken(f"Deal {deal.id} cannot go from {deal.state} to {to}.")
    return replace(deal, state=to, changed_at=at)


def put(state: EngineState, deal: Deal, step: str, out: list[Intent]) -> None:
    """Store a deal, tell its step, and keep today's result following what it has locked."""
    deal = replace(deal, reason=step)
    state.deals[deal.id] = deal
    state.exposures.clear()
    if is_open(deal):
        state.active[deal.id] = deal.relation
    else:
        state.active.pop(deal.id, None)
        state.naked.pop(deal.id, None)
        state.watches.pop(deal.id, None)
    if rests(deal.strategy) and is_open(deal):
        state.resting[deal.id] = deal.relation
    else:
        state.resting.pop(deal.id, None)
    if deal.state in (_D.OPENING, _D.RESTING):
        state.naked.pop(deal.id, None)
        state.watches.pop(deal.id, None)
    state.dirty[deal.relation] = None
    if deal.state in (_D.BALANCED, _D.CLOSED, _D.RESIDUAL):
        book_result(state, deal)
    out.append(DealChanged(state.at, deal, step))


def reopen(state: EngineState, deal: Deal, out: list[Intent]) -> Deal:
    """A deal that had ended, open again because a fill overtook the word of its order's end, or was
    taken back.
    """
    before = state.deals[deal.id]
    ghost = any(n.taken_back > o.taken_back for o, n in zip(before.legs, deal.legs, strict=True))
    text = progress(state, before, deal) if ghost else "A late fill came after the deal had ended."
    deal = move(deal, _D.RESIDUAL, state.at)
    state.naked[deal.id] = deal.relation
    put(state, deal, text, out)
    return deal


def progress(state: EngineState, before: Deal, after: Deal) -> str:
    """What fills changed since the deal was last told, leg by leg."""
    parts = []
    for old, new in zip(before.legs, after.legs, strict=True):
        name = leg_name(state, new)
        if new.held > old.held:
            parts.append(f"{count(new.held)} of {count(new.planned)} {name} filled.")
        elif new.taken_back > old.taken_back:
            back = count(Qty(new.taken_back - old.taken_back))
            parts.append(f"The venue took back a fill of {back} {name}, {count(new.held)} left.")
        elif new.held < old.held:
            parts.append(f"{count(Qty(old.held - new.held))} {name} sold, {count(new.held)} left.")
    return " ".join(parts) or "Fees changed."
