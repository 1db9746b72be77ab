"""Whether a venue's statement of our live account agrees with our books, and what follows.

Nothing new is begun with money at a venue until a statement asked for after the start agreed,
nor once the last one that did is too old. A statement proves nothing while it is incomplete,
while an order of ours is on its way there, or when something moved after it was asked for or so
shortly before that the venue may not show it yet. Orders are compared first: one that should rest
and is not stated is asked for, one that rests and should not is cancelled and halts the venue for
money; then contracts, net per market where the venue nets; then cash. Whoever resumes the venue
accepts the difference that halted it. Not here: when a statement is asked for (the runtime).
"""

from enum import StrEnum

import msgspec
from msgspec.structs import replace

from markets.terms.formats import count, money
from markets.terms.ids import MarketId, OrderId, VenueId, venue_of
from markets.terms.instruments import MarketState
from markets.terms.units import SECOND, Ns, Qty, Usd
from trading.engine.answers import doubt
from trading.engine.events import AccountReported, StatedOrder
from trading.engine.intents import CancelOrder, Intent
from trading.engine.orders import TERMINAL, BookKind, Order, OrderState
from trading.engine.pockets import told
from trading.engine.state import Agreement, EngineState, Stop, account, promised
from trading.engine.stops import MONEY, halt

LAG = Ns(2 * SECOND)  # reads trail writes by up to 1 s; Kalshi sheet, read 2026-10-28
OLDEST = Ns(300 * SECOND)
CENT = Usd(10_000)

Difference = tuple[MarketId, int, Qty]


class Outcome(StrEnum):
    """What a statement says of our books: they agree, nothing yet, or they do not."""

    AGREES = "agrees"
    OPEN = "open"
    DRIFTS = "drifts"


class Judged(msgspec.Struct, frozen=True):
    """A statement judged. `asks` are orders to ask for, `strays` orders to cancel.

    `differences` is stated less ours per (market, outcome), for whoever accepts them.
    """

    outcome: Outcome
    text: str = ""
    asks: tuple[OrderId, ...] = ()
    strays: tuple[StatedOrder, ...] = ()
    differences: tuple[Difference, ...] = ()


def report(state: EngineState, event: AccountReported, out: list[Intent]) -> None:
    """Take a statement of a live account in: lift the bar, ask, wait, or halt its venue."""
    known = state.agreements.get(event.venue, Agreement())
    judged = judge(state, event)
    if judged.outcome is Outcome.AGREES:
        told(state, event)
        state.agreements[event.venue] = replace(
            known, at=event.asked_at, paired=_paired(state, event.venue), text="", doubted=""
        )
        return
    for name in judged.asks:
        doubt(state, state.orders[name], judged.text, event.at, out)
    out.extend(CancelOrder(event.at, s.order, s.market, BookKind.LIVE) for s in judged.strays)
    if judged.outcome is Outcome.OPEN:
        state.agreements[event.venue] = replace(known, text=judged.text, doubted="")
        return
    # A fill may lie between the venue's list of orders and its list of contracts: while one of
    # ours rests there, only what is said twice counts.
    once = bool(_resting(state, event.venue)) and not judged.strays
    agreement = replace(known, at=Ns(0), text=judged.text, doubted=judged.text)
    if once and known.doubted != judged.text:
        state.agreements[event.venue] = agreement
        return
    if not judged.strays:
        told(state, event)
        agreement = replace(
            agreement, paired=_paired(state, event.venue), differences=judged.differences
        )
    state.agreements[event.venue] = agreement
    halt(state, Stop(event.venue, MONEY, judged.text, "engine", event.at), out)


def judge(state: EngineState, event: AccountReported) -> Judged:
    """What a statement of a live account proves. Changes nothing."""
    too_early = _too_early(state, event)
    if too_early:
        return Judged(Outcome.OPEN, too_early)
    judged = _orders(state, event) or _contracts(state, event) or Judged(Outcome.AGREES)
    if judged.outcome is Outcome.OPEN or judged.strays:
        return judged
    text = " ".join(filter(None, (judged.text, _cash(state, event))))
    return replace(judged, outcome=Outcome.DRIFTS, text=text) if text else judged


def begun(state: EngineState, at: Ns) -> None:
    """A run began: no agreement of an earlier one counts any more."""
    state.started_at = at
    for venue, known in state.agreements.items():
        text = "no statement was asked for since the start"
        state.agreements[venue] = replace(known, at=Ns(0), text=text, doubted="")


def moved(state: EngineState, venue: VenueId, at: Ns) -> None:
    """Something of our live account at a venue changed: older statements do not count."""
    known = state.agreements.get(venue, Agreement())
    state.agreements[venue] = replace(known, moved_at=at)


def accept(state: EngineState, scope: str) -> None:
    """A person resumed: the differences that halted the scope (empty: all) are as they are."""
    for venue, known in state.agreements.items():
        if scope and scope != venue:
            continue
        for market, outcome, qty in known.differences:
            key = f"{market}/{outcome}"
            state.excepted[key] = Qty(state.excepted.get(key, 0) + qty)
        state.agreements[venue] = replace(known, differences=())


def agrees(state: EngineState, venue: VenueId) -> bool:
    """Whether the newest statement of a venue agreed."""
    known = state.agreements.get(venue, Agreement())
    return known.at > 0 and not known.text


def missing(state: EngineState, venue: VenueId) -> str:
    """Why no live deal may begin at a venue; empty when its last statement agrees and is recent."""
    known = state.agreements.get(venue, Agreement())
    if known.at and state.at - known.at <= OLDEST:
        return ""
    return known.text or ("its last statement is too old" if known.at else "no statement came yet")


def _too_early(state: EngineState, event: AccountReported) -> str:
    if not event.complete:
        return "the statement is incomplete"
    if event.asked_at <= state.started_at:
        return "it was asked for before the start"
    known = state.agreements.get(event.venue, Agreement())
    if known.moved_at + LAG > event.asked_at:
        return "something moved while it was asked for"
    on_way = (OrderState.SENT, OrderState.UNKNOWN)
    flying = [o for o in _live(state, event.venue) if o.state in on_way]
    if flying:
        return f"order {flying[0].request.id} is on its way or not known"
    return ""


def _orders(state: EngineState, event: AccountReported) -> Judged | None:
    strays = tuple(s for s in event.orders if s.order and _is_stray(state, s))
    if strays:
        names = ", ".join(f"{s.order} ({count(s.left)} of {s.market})" for s in strays)
        text = f"{event.venue} says that orders of ours rest which should not: {names}."
        return Judged(Outcome.DRIFTS, text, strays=strays)
    stated = {s.order: s.left for s in event.orders}
    lost = tuple(
        order.request.id
        for order in _resting(state, event.venue)
        if stated.get(order.request.id) != order.request.qty - order.filled
    )
    if not lost:
        return None
    text = f"{event.venue} does not state order {lost[0]} as we know it"
    return Judged(Outcome.OPEN, text, asks=lost)


def _is_stray(state: EngineState, stated: StatedOrder) -> bool:
    order = state.orders.get(stated.order)
    return order is None or order.state in TERMINAL


def _contracts(state: EngineState, event: AccountReported) -> Judged | None:
    stated: dict[tuple[MarketId, int], int] = {}
    for market, outcome, qty in event.holdings:
        stated[market, outcome] = stated.get((market, outcome), 0) + qty
    nets = _nets(state, event.venue)
    theirs = _net(stated) if nets else stated
    expected = _expected(state, event.venue)
    ours = _net(expected) if nets else expected
    found: list[Difference] = []
    for market, outcome in dict.fromkeys((*theirs, *ours)):
        said, held = theirs.get((market, outcome), 0), ours.get((market, outcome), 0)
        if abs(said - held) <= state.limits.dust:
            continue
        if said == 0 and _is_over(state, market):
            text = f"{market} is closed and what it paid was not told yet"
            return Judged(Outcome.OPEN, text)
        found.append((market, outcome, Qty(said - held)))
    if not found:
        return None
    words = [
        f"{count(Qty(theirs.get((m, i), 0)))} of {m} {_outcome(state, m, i)}, our fills say "
        f"{count(Qty(ours.get((m, i), 0)))}"
        for m, i, _ in found
    ]
    text = f"{event.venue} says {'; '.join(words)}."
    return Judged(Outcome.DRIFTS, text, differences=tuple(found))


def _cash(state: EngineState, event: AccountReported) -> str:
    """How free money differs; it may lie below ours by what resting orders bind, as venues differ
    in that.
    """
    ours = state.cash.get(account(BookKind.LIVE, event.venue))
    if ours is None:
        return ""
    known = state.agreements.get(event.venue, Agreement())
    high = Usd(ours + _paired(state, event.venue) - known.paired)
    low = Usd(high - sum(promised(state, order) for order in _resting(state, event.venue)))
    if low - CENT <= event.cash <= high + CENT:
        return ""
    return f"{event.venue} says {money(event.cash)} is free, our fills say {money(high)}."


def _expected(state: EngineState, venue: VenueId) -> dict[tuple[MarketId, int], int]:
    """Contracts our fills say we hold there, with the differences a person accepted."""
    found: dict[tuple[MarketId, int], int] = {}
    for position in state.positions.values():
        if position.book is BookKind.LIVE and venue_of(position.market) == venue:
            found |= {(position.market, i): qty for i, qty in enumerate(position.qty)}
    for key, qty in state.excepted.items():
        name, _, outcome = key.rpartition("/")
        market = MarketId(name)
        if venue_of(market) == venue and market not in state.settled:
            found[market, int(outcome)] = found.get((market, int(outcome)), 0) + qty
    return found


def _net(held: dict[tuple[MarketId, int], int]) -> dict[tuple[MarketId, int], int]:
    """Two outcomes of a market against each other: only the larger side remains."""
    net: dict[tuple[MarketId, int], int] = {}
    for market, outcome in held:
        other = held.get((market, 1 - outcome), 0)
        net[market, outcome] = max(0, held[market, outcome] - max(0, other))
    return net


def _paired(state: EngineState, venue: VenueId) -> Usd:
    """The dollars a netting venue has given back for pairs that our positions still show."""
    if not _nets(state, venue):
        return Usd(0)
    pairs = 0
    for position in state.positions.values():
        if position.book is BookKind.LIVE and venue_of(position.market) == venue:
            pairs += max(0, min(position.qty))  # a pair pays one dollar
    return Usd(pairs)


def _nets(state: EngineState, venue: VenueId) -> bool:
    config = state.venues.get(venue)
    return config is not None and config.nets


def _live(state: EngineState, venue: VenueId) -> list[Order]:
    return [
        order
        for order in state.orders.values()
        if order.request.book is BookKind.LIVE
        and order.state not in TERMINAL
        and venue_of(order.request.market) == venue
    ]


def _resting(state: EngineState, venue: VenueId) -> list[Order]:
    return [o for o in _live(state, venue) if o.state in (OrderState.OPEN, OrderState.PART)]


def _is_over(state: EngineState, market: MarketId) -> bool:
    known = state.markets.get(market)
    return known is not None and known.state in (MarketState.CLOSED, MarketState.SETTLED)


def _outcome(state: EngineState, market: MarketId, index: int) -> str:
    known = state.markets.get(market)
    return known.outcomes[index] if known else f"outcome {index}"
