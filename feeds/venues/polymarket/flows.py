"""Errands about one order: placing it, cancelling it, asking what became of it.

`place`, `cancel` and `query` each end with what is known: an event for the engine. An answer that
is not clear becomes `OrderUnknown`; what is unknown is resolved by asking for the order's computed
id and its trades, never by sending again. An order is called absent only when the venue does not
know its id `ABSENT_AFTER` its sending, or says itself that it was not placed. What bars new deals
(place, account, allowance) bars no hedge. Invariants: fills come from trades alone; the end of an
order is told after the fills that were found.
Source: polymarket sheet 3.5 to 3.10, read 2026-11-20; decision 0024.
"""

from collections.abc import Generator

import msgspec

from feeds.venues.base import Reply, Request
from feeds.venues.errands import Ask, Errand, Heard, Step, Tell, answer_of
from feeds.venues.polymarket import encode
from feeds.venues.polymarket.fills import fills_of
from feeds.venues.polymarket.known import Known
from feeds.venues.polymarket.orderwire import OrderRecord, TradePage, amount, plain
from feeds.venues.polymarket.replies import (
    Absent,
    Answer,
    Doubled,
    Killed,
    Refused,
    Taken,
    Unsure,
    read_placed,
    words_of,
)
from markets.terms.units import MS, SECOND, Ns, Qty
from trading.engine.events import (
    Event,
    OrderAccepted,
    OrderCancelled,
    OrderDelayed,
    OrderFilled,
    OrderRejected,
    OrderUnknown,
)
from trading.engine.orders import Fill, Finality, OrderRequest, Purpose
from trading.runtime.gateway import VenueUnreachable

ABSENT_AFTER = Ns(10 * SECOND)
RESTING = ("LIVE", "UNMATCHED")
MATCHED, DELAYED = "MATCHED", "DELAYED"

_order = msgspec.json.Decoder(OrderRecord)
_trades = msgspec.json.Decoder(TradePage)


class Got(msgspec.Struct, frozen=True, gc=False):
    """What a question brought, and when; no reply means that the venue was not reached."""

    at: Ns
    reply: Reply | None
    problem: str = ""


def ask(request: Request, at: Ns) -> Generator[Step, Heard, Got]:
    """Ask, where not being answered is an answer too."""
    try:
        heard = yield Ask(request, urgent=True)
    except VenueUnreachable as away:
        return Got(at, None, away.reason)
    return Got(heard.at, heard.reply)


def place(known: Known, request: OrderRequest, at: Ns) -> Errand:
    """Send an order and tell what came of it."""
    bar = known.bar(request)
    if bar:
        yield Tell(OrderRejected(at, request.id, *bar))
        return
    try:
        order = encode.sealed_order(request, known.market(request), known.who)
    except (ValueError, LookupError) as problem:
        yield Tell(OrderRejected(at, request.id, "infeasible", str(problem)))
        return
    known.add(request, order.id)
    # Not being answered here is for the executor to judge.
    heard = yield Ask(encode.place(order), urgent=request.purpose is not Purpose.OPEN)
    yield from answered(known, request, read_placed(answer_of(heard)), heard.at)


def answered(known: Known, request: OrderRequest, answer: Answer, at: Ns) -> Errand:
    """What an answer to a sending leads to."""
    match answer:
        case Taken():
            yield from _taken(known, request, answer, at)
        case Refused(code=code, text=text):
            yield Tell(OrderRejected(at, request.id, code, text))
        case Killed(text=text):
            yield Tell(OrderCancelled(at, request.id, Qty(0), text))
        case Doubled():
            yield from look(known, request, at)
        case Absent(code=code, text=text):
            yield from look(known, request, at, absent=OrderRejected(at, request.id, code, text))
        case Unsure(text=text):
            yield Tell(OrderUnknown(at, request.id, text))


def cancel(known: Known, request: OrderRequest, at: Ns) -> Errand:
    """Take away what rests of an order and tell what was filled."""
    yield from _drop(known, request, at)


def query(known: Known, request: OrderRequest, at: Ns) -> Errand:
    """Ask what became of an order."""
    yield from look(known, request, at)


def look(
    known: Known,
    request: OrderRequest,
    at: Ns,
    *,
    absent: OrderRejected | None = None,
    is_last: bool = False,
) -> Errand:
    """Ask for the order by its id, then for its trades, and tell its state.

    `absent` is what to tell when the venue does not know it; `is_last` cancels no rest any more.
    """
    name = known.id(request.id)
    if not name:
        yield Tell(OrderRejected(at, request.id, "never_sent", "It could not be encoded."))
        return
    heard = yield from ask(encode.order_asked(name), at)
    record = _record(heard)
    if isinstance(record, str):
        yield Tell(OrderUnknown(heard.at, request.id, record))
    elif record is None:
        yield Tell(_not_there(request, absent, heard.at))
    else:
        yield from _stated(known, request, record, heard.at, is_last=is_last)


def _taken(known: Known, request: OrderRequest, answer: Taken, at: Ns) -> Errand:
    if answer.id != known.id(request.id):
        known.add(request, answer.id)
    if answer.status == "delayed":
        yield Tell(_delay(known, request, answer.id, at))
        return
    yield Tell(OrderAccepted(at, request.id, answer.id))
    if answer.status != "matched" and encode.leaves_rest(request):
        yield from _drop(known, request, at)
        return
    found = yield from _fetch(known, answer.trades, at)
    if isinstance(found, str):
        yield Tell(OrderUnknown(at, request.id, found))
    elif answer.status == "matched":
        yield from _matched(known, request, answer, found, at)


def _matched(
    known: Known, request: OrderRequest, answer: Taken, found: list[Fill], at: Ns
) -> Errand:
    """What an immediate order did not get is gone, once every trade of it was read."""
    mine = [fill for fill in found if fill.order == request.id]
    total = Qty(sum(fill.qty for fill in mine if fill.finality is not Finality.FAILED))
    if not mine or len(mine) < len(answer.trades):
        yield from look(known, request, at)
    elif total < request.qty:
        yield Tell(OrderCancelled(at, request.id, total, _reason(MATCHED)))


def _drop(known: Known, request: OrderRequest, at: Ns) -> Errand:
    heard = yield from ask(encode.cancel(known.id(request.id)), at)
    if heard.reply is None:
        yield Tell(OrderUnknown(heard.at, request.id, heard.problem))
    elif heard.reply.status != 200:
        said = words_of(heard.reply)
        text = f"The cancel was answered {heard.reply.status} {said}".rstrip()
        yield Tell(OrderUnknown(heard.at, request.id, text))
    else:
        yield from look(known, request, heard.at, is_last=True)


def _stated(
    known: Known, request: OrderRequest, record: OrderRecord, at: Ns, *, is_last: bool
) -> Errand:
    found = yield from _fetch(known, tuple(record.associate_trades or ()), at)
    if isinstance(found, str):
        yield Tell(OrderUnknown(at, request.id, found))
        return
    mine = [fill for fill in found if fill.order == request.id]
    total = Qty(sum(f.qty for f in mine if f.finality is not Finality.FAILED))
    try:
        matched = Qty(amount(record.size_matched) - sum(f.qty for f in mine) + total)
    except ValueError as problem:
        yield Tell(OrderUnknown(at, request.id, str(problem)))
        return
    if record.status == DELAYED:
        yield Tell(_delay(known, request, record.id, at))
    elif record.status in RESTING:
        yield from _resting(known, request, record, at, is_last=is_last)
    elif matched > total:
        yield Tell(OrderUnknown(at, request.id, "It is matched; its trades are not listed yet."))
    elif total < request.qty:
        yield Tell(OrderCancelled(at, request.id, total, _reason(record.status)))


def _resting(
    known: Known, request: OrderRequest, record: OrderRecord, at: Ns, *, is_last: bool
) -> Errand:
    if not encode.leaves_rest(request):
        yield Tell(OrderAccepted(at, request.id, record.id))
    elif is_last:
        yield Tell(OrderUnknown(at, request.id, "Its rest could not be cancelled yet."))
    else:
        yield from _drop(known, request, at)


def _fetch(
    known: Known, trades: tuple[str, ...], at: Ns
) -> Generator[Step, Heard, list[Fill] | str]:
    """Tell the fills of these trades; them, or why they could not all be read."""
    found: list[Fill] = []
    for name in trades:
        heard = yield from ask(encode.trade_asked(name), at)
        if heard.reply is None or heard.reply.status != 200:
            return "Its trades could not be read."
        try:
            page = _trades.decode(heard.reply.body).data
            for trade in page:
                known.note(trade.id, plain(trade.status))
                for fill in fills_of(trade, known, heard.at):
                    found.append(fill)
                    yield Tell(OrderFilled(heard.at, fill))
        except (msgspec.DecodeError, ValueError, RecursionError):
            return "Its trades could not be read."
    return found


def _record(heard: Got) -> OrderRecord | str | None:
    """The order; None when the venue does not know it; else why we do not know."""
    if heard.reply is None:
        return heard.problem
    if heard.reply.status == 404:
        return None
    if heard.reply.status != 200:
        return f"Asked for it, the venue answered {heard.reply.status}."
    if heard.reply.body.strip() in (b"", b"null"):
        return None
    try:
        return _order.decode(heard.reply.body)
    except (msgspec.DecodeError, RecursionError):
        return "The venue's record of it could not be read."


def _not_there(request: OrderRequest, absent: OrderRejected | None, at: Ns) -> Event:
    if absent is not None:
        return msgspec.structs.replace(absent, at=at)
    if at - request.placed_at < ABSENT_AFTER:
        return OrderUnknown(at, request.id, "The venue does not know it yet.")
    return OrderRejected(at, request.id, "not_found", "The venue does not know it.")


def _delay(known: Known, request: OrderRequest, name: str, at: Ns) -> OrderDelayed:
    delay = known.market(request).delay_ms
    known.waiting[name] = None
    return OrderDelayed(at, request.id, name, Ns(at + delay * MS if delay else 0))


def _reason(status: str) -> str:
    """Why an order ended, in the venue's words where it has some."""
    if status == MATCHED:
        return "The rest of an immediate order was dropped."
    return status.partition("_")[2] or f"The venue says {status}."
