"""The chain from a frame to a fill, found again: in the journal where it still lies, else in rows.

The journal tells every answer of a venue and every cause; rows tell the decision, the deal's steps,
its orders and fills, to the microsecond. Nothing here is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from markets.moments import ns
from markets.terms.ids import DealId, MarketId, OrderId
from markets.terms.units import Ns, Px, Qty
from trading.engine.orders import BookKind, OrderRequest, Purpose, Side, TimeInForce
from trading.models import Deal, DealStep, Decision, EdgeSample, Fill, Order
from trading.replay.records import EventRecord, IntentsRecord, Record
from trading.replay.traces import (
    Link,
    Tracer,
    edge_words,
    fill_words,
    moved_to,
    order_words,
    read_trace,
    step_links,
)
from trading.runtime.segments import name_of, read_segment, segments

US = 1_000
JOURNAL, ROWS = "journal", "rows"


class Chain(msgspec.Struct, frozen=True):
    """What was found, oldest first; `deal` is empty for a trace that no deal came of.

    `source` is `journal` or `rows`.
    """

    trace: str
    deal: str
    source: str
    links: tuple[Link, ...]

    def took(self, since: str, until: str) -> int | None:
        """Microseconds from the first link of one step to the first of another that is not
        earlier; None when there is none.
        """
        begin = next((link.at for link in self.links if link.step == since), None)
        end = next((link.at for link in self.links if link.step == until), None)
        if begin is None or end is None or end < begin:
            return None
        return (end - begin) // US


def find(name: str, directory: Path | None = None) -> Chain | None:
    """The chain of a deal or of a trace; None when neither rows nor journal know of it.

    `directory` is a journal to look into; without one only rows are asked.
    Errors: `CorruptJournal` where the journal is damaged.
    """
    deal = Deal.objects.filter(deal_id=name).first() or Deal.objects.filter(trace=name).first()
    seen = read_trace(deal.trace if deal is not None else name)
    if deal is not None:
        told = _told_of(deal, seen, directory)
        return Chain(deal.trace, deal.deal_id, *told) if told[1] else None
    if seen is None:
        return None
    links = _at(seen[1], directory) if directory is not None else ()
    source = JOURNAL if links else ROWS
    links = links or tuple(_judged(seen[1]))
    return Chain(name, "", source, links) if links else None


def of_rows(deal_id: str) -> Chain | None:
    """The chain of a deal as rows tell it."""
    return find(deal_id)


# --- the journal ----------------------------------------------------------------------------------


def _told_of(
    deal: Deal, seen: tuple[str, int] | None, directory: Path | None
) -> tuple[str, tuple[Link, ...]]:
    if directory is not None and seen is not None:
        links = _of_deal(DealId(deal.deal_id), _from(directory, seen[1]), _last_seq(deal))
        if links:
            return JOURNAL, links
    return ROWS, _of_rows(deal, seen[1] if seen else None)


def _from(directory: Path, seq: int) -> Iterator[Record]:
    """Records from the segment on that holds event `seq`; none where that one is gone."""
    known = segments(directory) if directory.is_dir() else []
    begins = [int(name_of(path).split(".")[0]) for path in known]
    first = max((n for n, begin in enumerate(begins) if begin <= seq), default=None)
    for path in known[first:] if first is not None else []:
        yield from (record for _, record in read_segment(path))


def _of_deal(deal: DealId, records: Iterable[Record], last: int) -> tuple[Link, ...]:
    tracer = Tracer()
    orders: dict[OrderId, None] = {}
    found: list[Link] = []
    for record in records:
        if isinstance(record, EventRecord) and record.seq > last:
            break
        for link in tracer.take(record):
            if link.deal == deal:
                found.append(link)
                if link.order:
                    orders[link.order] = None
            elif link.order in orders:
                found.append(link)
    return tuple(found)


def _last_seq(deal: Deal) -> int:
    """The last event that any row of the deal tells of."""
    told = [deal.seq]
    for rows in (deal.orders, deal.fills, deal.steps):
        told += rows.order_by("-seq").values_list("seq", flat=True)[:1]
    return max(told)


def _at(seq: int, directory: Path) -> tuple[Link, ...]:
    cause: EventRecord | None = None
    for record in _from(directory, seq):
        if isinstance(record, EventRecord):
            if cause is not None:
                return tuple(step_links(cause, ()))
            cause = record if record.seq == seq else None
            if record.seq > seq:
                break
        elif isinstance(record, IntentsRecord) and cause is not None:
            return tuple(step_links(cause, record.intents))
    return tuple(step_links(cause, ())) if cause is not None else ()


# --- rows -----------------------------------------------------------------------------------------

# Within one event: what came in, what was decided, what was sent.
_RANK = {"edge": 0, "answer": 1, "fill": 2, "deal": 3, "order": 4}


def _judged(seq: int) -> Iterator[Link]:
    for sample in EdgeSample.objects.filter(seq=seq):
        yield _edge(sample)
    for row in Decision.objects.filter(seq=seq):
        text = f"{row.relation}: {row.gate}, {row.reason}" if row.gate else row.relation
        step = "refused" if row.gate else "deal"
        yield Link(seq, ns(row.at), step, text, DealId(row.deal_id))


def _of_rows(deal: Deal, seq: int | None) -> tuple[Link, ...]:
    """The deal's chain from rows; orders carry the number of the step they were sent in."""
    steps = list(DealStep.objects.filter(deal_id=deal.deal_id).order_by("seq"))
    numbers = {step.at: step.seq for step in reversed(steps)}
    samples = EdgeSample.objects.filter(seq=seq, relation=deal.relation) if seq else ()
    links = [_edge(sample) for sample in samples]
    links += [Link(s.seq, ns(s.at), "deal", moved_to(s.state, s.text)) for s in steps]
    for order in Order.objects.filter(deal_id=deal.deal_id).order_by("sent_at", "id"):
        links += _order(order, numbers.get(order.sent_at, order.seq))
    links += [_fill(fill) for fill in Fill.objects.filter(deal_id=deal.deal_id).order_by("at")]
    return tuple(sorted(links, key=lambda link: (link.at, link.seq, _RANK[link.step])))


def _edge(sample: EdgeSample) -> Link:
    text = edge_words(sample.relation, Px(sample.net), Qty(sample.qty), sample.gate)
    return Link(sample.seq, ns(sample.at), "edge", text)


def _order(order: Order, seq: int) -> list[Link]:
    name = OrderId(order.order_id)
    request = OrderRequest(
        name,
        DealId(order.deal_id),
        order.leg,
        MarketId(order.market_id),
        order.outcome,
        Side(order.side),
        Px(order.px),
        Qty(order.qty),
        TimeInForce(order.tif),
        BookKind(order.book),
        Purpose(order.purpose),
    )
    links = [Link(seq, ns(order.sent_at), "order", order_words(request), order=name)]
    if order.state in ("rejected", "cancelled", "unknown"):
        said = f"{order.state}: {order.reason}" if order.reason else order.state
        links.append(Link(order.seq, ns(order.changed_at), "answer", said, order=name))
    return links


def _fill(fill: Fill) -> Link:
    text = fill_words(Qty(fill.qty), Px(fill.px), fill.finality)
    return Link(fill.seq, ns(fill.at), "fill", text, order=OrderId(str(fill.order_id)))


def steps_of(chain: Chain) -> list[dict[str, object]]:
    """The links as plain values with `us`, microseconds since the first, and `after_us`, since the
    link before.
    """
    told: list[dict[str, object]] = []
    before = first = chain.links[0].at if chain.links else Ns(0)
    for link in chain.links:
        told.append(
            {
                "seq": link.seq,
                "at": link.at,
                "us": (link.at - first) // US,
                "after_us": (link.at - before) // US,
                "step": link.step,
                "order": link.order,
                "text": link.text,
            }
        )
        before = link.at
    return told
