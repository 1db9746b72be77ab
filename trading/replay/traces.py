"""The way from a frame to a fill, told from journal records: one link per thing that happened to a
deal.

A trace is named by the run that opened the deal and the number of the event that caused it
(`RUN.SEQ`); both stand in the journal, so nothing is drawn, kept or passed along while trading.
Inside one step of the engine all links carry the event's time: the journal knows no other. Files,
rows and logs are not here.
"""

import msgspec

from markets.terms.formats import count, edge, price
from markets.terms.ids import DealId, OrderId
from markets.terms.units import Ns, Px, Qty
from trading.engine.deals import Deal, DealState
from trading.engine.events import (
    BookChanged,
    BookSeen,
    CommandReceived,
    Event,
    OrderAccepted,
    OrderCancelled,
    OrderDelayed,
    OrderFilled,
    OrderRejected,
    OrderUnknown,
    TimerFired,
)
from trading.engine.intents import (
    CancelOrder,
    DealChanged,
    EdgeSeen,
    Intent,
    PlaceOrder,
    PlanRefused,
    QueryOrder,
)
from trading.engine.orders import BookKind, OrderRequest
from trading.replay.records import EventRecord, IntentsRecord, Record

US = 1_000


class Link(msgspec.Struct, frozen=True):
    """One thing that happened. `step` is one of `frame timer command event edge refused deal order
    cancel question answer fill`; `deal` is empty where only the order's row tells it.
    """

    seq: int
    at: Ns
    step: str
    text: str
    deal: DealId = DealId("")
    order: OrderId = OrderId("")


def trace_id(deal: DealId, seq: int) -> str:
    """The name of the trace of a deal that event `seq` opened: its run and that number."""
    return f"{deal.rpartition('-')[0]}.{seq}"


def read_trace(text: str) -> tuple[str, int] | None:
    """Run and event number of a trace's name; None when it is none."""
    run, dot, number = text.rpartition(".")
    if not dot or not run or not (number.isascii() and number.isdigit()):
        return None
    return run, int(number)


def moved_to(state: str, step: str) -> str:
    """What happened to a deal, with its state where the sentence does not begin with it."""
    return step if step.casefold().startswith(state) else f"{state}: {step}"


def opens(intent: DealChanged) -> bool:
    """Whether this is the first word of a deal."""
    return intent.deal.state is DealState.OPENING and intent.deal.opened_at == intent.at


class Tracer:
    """Takes a journal's records in their order and gives the links of deals, as they happen."""

    def __init__(self) -> None:
        self._cause: EventRecord | None = None

    def take(self, record: Record) -> list[Link]:
        """The links this record tells; most tell none."""
        match record:
            case EventRecord(seq=seq, event=event):
                self._cause = record
                news = _news(seq, event)
                return [news] if news is not None else []
            case IntentsRecord(seq=seq, intents=intents):
                cause = self._cause if self._cause and self._cause.seq == seq else None
                return _answered(seq, cause, intents)
            case _:
                return []


def step_links(cause: EventRecord, intents: tuple[Intent, ...]) -> list[Link]:
    """Everything one event led to at once, whether a deal came of it or not."""
    links = [_caused(cause, DealId(""))]
    for intent in intents:
        match intent:
            case EdgeSeen():
                links.append(_edge(cause.seq, intent, DealId("")))
            case PlanRefused():
                text = f"{intent.relation}: {intent.gate}, {intent.reason}"
                links.append(Link(cause.seq, intent.at, "refused", text))
            case _:
                links += _acted(cause.seq, intent)
    return links


def _answered(seq: int, cause: EventRecord | None, intents: tuple[Intent, ...]) -> list[Link]:
    """The links of one answer: first what caused it, once for each deal that moved."""
    links: list[Link] = []
    moved: dict[DealId, None] = {}
    for intent in intents:
        if isinstance(intent, DealChanged) and intent.deal.book is not BookKind.TEST:
            deal = intent.deal
            if deal.id not in moved:
                moved[deal.id] = None
                links += _causes(seq, cause, deal, intents, is_new=opens(intent))
        links += _acted(seq, intent)
    return links


def _causes(
    seq: int,
    cause: EventRecord | None,
    deal: Deal,
    intents: tuple[Intent, ...],
    *,
    is_new: bool,
) -> list[Link]:
    links: list[Link] = []
    if cause is not None and _news(seq, cause.event) is None:
        links.append(_caused(cause, deal.id))
    if is_new:
        links += [
            _edge(seq, intent, deal.id)
            for intent in intents
            if isinstance(intent, EdgeSeen) and intent.relation == deal.relation
        ]
    return links


def _caused(cause: EventRecord, deal: DealId) -> Link:
    event = cause.event
    match event:
        case BookChanged(book=book):
            text = f"book of {book.market}{_behind(event.at, book.venue_at)}"
            return Link(cause.seq, event.at, "frame", text, deal)
        case BookSeen(market=market, venue_at=venue_at):
            text = f"book of {market} confirmed{_behind(event.at, venue_at)}"
            return Link(cause.seq, event.at, "frame", text, deal)
        case TimerFired(key=key):
            return Link(cause.seq, event.at, "timer", key, deal)
        case CommandReceived(kind=kind, author=author, reason=reason):
            return Link(cause.seq, event.at, "command", f"{kind} by {author}: {reason}", deal)
        case _:
            return Link(cause.seq, event.at, "event", type(event).__name__, deal)


def _behind(at: Ns, venue_at: Ns) -> str:
    return f", {(at - venue_at) // US} µs after the venue's own time" if venue_at else ""


def _edge(seq: int, seen: EdgeSeen, deal: DealId) -> Link:
    text = edge_words(seen.relation, seen.net, seen.qty, seen.gate)
    return Link(seq, seen.at, "edge", text, deal)


def edge_words(relation: str, net: Px, qty: Qty, gate: str) -> str:
    """An edge in words; an empty gate is none."""
    held = f", held by {gate}" if gate else ", every gate passed"
    return f"{relation}: net {edge(net)} on {count(qty)} packages{held}"


def _acted(seq: int, intent: Intent) -> list[Link]:
    match intent:
        case DealChanged(at=at, deal=deal, step=step) if deal.book is not BookKind.TEST:
            return [Link(seq, at, "deal", moved_to(deal.state, step), deal.id)]
        case PlaceOrder(at=at, request=request) if request.book is not BookKind.TEST:
            return [Link(seq, at, "order", order_words(request), request.deal, request.id)]
        case CancelOrder(at=at, order=order, book=book) if book is not BookKind.TEST:
            return [Link(seq, at, "cancel", "the rest is to be cancelled", order=order)]
        case QueryOrder(at=at, order=order, book=book) if book is not BookKind.TEST:
            return [Link(seq, at, "question", "what became of it", order=order)]
        case _:
            return []


def order_words(request: OrderRequest) -> str:
    """What was asked of a venue, in words."""
    return (
        f"{request.purpose.value}: {request.side.value} {count(request.qty)} of outcome "
        f"{request.outcome} of {request.market} at {price(request.px)} or better, "
        f"{request.tif.value} ({request.book.value})"
    )


def fill_words(qty: Qty, px: Px, finality: str) -> str:
    """A fill in words."""
    return f"{count(qty)} at {price(px)}, {finality}"


def _news(seq: int, event: Event) -> Link | None:
    """What an event says of an order; None for one that says nothing of any."""
    match event:
        case OrderAccepted(at=at, order=order, venue_order=venue_order):
            return Link(seq, at, "answer", f"accepted as {venue_order}", order=order)
        case OrderDelayed(at=at, order=order):
            return Link(seq, at, "answer", "delayed by the venue", order=order)
        case OrderRejected(at=at, order=order, code=code, text=text):
            return Link(seq, at, "answer", f"rejected, {code}: {text}", order=order)
        case OrderCancelled(at=at, order=order, reason=reason):
            return Link(seq, at, "answer", f"ended: {reason}", order=order)
        case OrderUnknown(at=at, order=order, reason=reason):
            return Link(seq, at, "answer", f"unknown: {reason}", order=order)
        case OrderFilled(at=at, fill=fill):
            text = fill_words(fill.qty, fill.px, fill.finality.value)
            return Link(seq, at, "fill", text, order=fill.order)
        case _:
            return None
