"""The only writer of the worker's rows: journal records become deals, orders, fills, samples,
positions.

Every row is known by a natural key (an id the engine derived, or the event's number), so writing a
record again changes nothing; the journal position moves in the same transaction. Foreign keys carry
texts, so the order of rows does not matter. What is shown beside a row but decided elsewhere
(titles, names) is copied when it is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from markets.moments import moment
from markets.terms.ids import RelationId
from markets.terms.units import Qty
from trading import models
from trading.engine.deals import Deal
from trading.engine.intents import BreakerChanged, CommandDone
from trading.engine.results import BreakerState
from trading.gathered import POSITION, Rows
from trading.labels import Names as Names
from trading.order_rows import write_orders
from trading.replay.records import Record
from trading.replay.traces import trace_id
from trading.runtime.messages import CommandArrived, PackageArrived
from trading.upserts import insert, upsert

_REASON = 500


class Cursor:
    """A named position in the journal."""

    def __init__(self, segment: str = "", offset: int = 0, seq: int = 0, journal: int = 0) -> None:
        self.segment = segment
        self.offset = offset
        self.seq = seq
        self.journal = journal


def read_cursor(name: str, *, lock: bool = False) -> Cursor:
    """How far the journal stands in rows; with `lock`, nobody else moves it until the transaction
    ends.
    """
    rows = models.JournalCursor.objects.all()
    if lock:
        rows.get_or_create(name=name)
        rows = rows.select_for_update()
    row = rows.filter(name=name).first()
    return Cursor() if row is None else Cursor(row.segment, row.offset, row.seq, row.journal)


def move_cursor(name: str, cursor: Cursor) -> None:
    """Moves the position, within the caller's transaction."""
    models.JournalCursor.objects.filter(name=name).update(
        segment=cursor.segment,
        offset=cursor.offset,
        seq=cursor.seq,
        journal=cursor.journal,
    )


def write(records: Iterable[Record], names: Names, journal: int = 0) -> list[str]:
    """Brings records into rows within the caller's transaction; ids of the deals they concern.

    `journal` is how often the journal was replaced before.

    Errors: `RuntimeError` outside a transaction.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("Rows and journal position must be written in one transaction.")
    rows = Rows()
    for record in records:
        rows.take(record)
    _write_deals(rows, names)
    upsert(list(rows.steps.values()), ("deal", "seq"), ("at", "state", "text"))
    deals = write_orders(rows)
    insert(rows.samples)
    insert(rows.decisions)
    insert(rows.tests)
    upsert(list(rows.positions.values()), ("market_id", "book"), POSITION)
    _answer(rows.answers)
    for row in rows.results.values():
        row.journal = journal
    upsert(list(rows.results.values()), ("deal", "journal", "seq"), ("at", "state", "locked"))
    insert(rows.settled)
    _write_trips(rows.breakers)
    return list(dict.fromkeys([*rows.deals, *deals]))


# --- deals ----------------------------------------------------------------------------------------

_DEAL = (
    "title",
    "package_label",
    "state",
    "changed_at",
    "size",
    "matched",
    "planned_net",
    "planned_profit",
    "locked",
    "reason",
    "seq",
)
_LEG = ("outcome_name", "weight", "planned", "limit_px", "expected_px", "held", "cost", "fees")


def _write_deals(rows: Rows, names: Names) -> None:
    deals, legs = [], []
    for seq, deal in rows.deals.values():
        title, words = names.of(deal.relation, deal.package)
        row = _deal_row(seq, deal, title, words)
        if deal.id in rows.opened:
            row.trace = trace_id(deal.id, rows.opened[deal.id])
        deals.append(row)
        legs += _leg_rows(deal, names)
    upsert(deals, ("deal_id",), _DEAL)
    upsert(legs, ("deal", "position"), _LEG)


def _deal_row(seq: int, deal: Deal, title: str, words: str) -> models.Deal:
    return models.Deal(
        deal_id=deal.id,
        relation=deal.relation,
        title=title[:_REASON],
        package=deal.package,
        package_label=words[:200],
        state=deal.state.value,
        book=deal.book.value,
        opened_at=moment(deal.opened_at),
        changed_at=moment(deal.changed_at),
        size=deal.size,
        matched=deal.matched,
        planned_net=deal.planned_net,
        planned_profit=deal.planned_profit,
        locked=deal.locked,
        reason=deal.reason[:_REASON],
        revision=deal.revision,
        fee_rev=deal.fee_rev,
        friction_rev=deal.friction_rev,
        seq=seq,
    )


def _leg_rows(deal: Deal, names: Names) -> list[models.Leg]:
    return [
        models.Leg(
            deal_id=deal.id,
            position=position,
            market_id=leg.market,
            outcome=leg.outcome,
            outcome_name=names.outcome(leg.market, leg.outcome),
            weight=leg.weight,
            planned=leg.planned,
            limit_px=leg.limit,
            expected_px=leg.expected,
            held=leg.held,
            cost=leg.cost,
            fees=leg.fees,
        )
        for position, leg in enumerate(deal.legs)
    ]


def _answer(answers: dict[int, CommandDone]) -> None:
    state = models.Command.State
    for number, done in answers.items():
        models.Command.objects.filter(pk=number).update(
            state=state.DONE if done.ok else state.REFUSED,
            answer=done.text,
            done_at=moment(done.at),
        )


# --- breakers -------------------------------------------------------------------------------------


def _write_trips(moved: list[tuple[int, BreakerChanged]]) -> None:
    """Trips and their ends, in the order they happened."""
    for seq, changed in moved:
        if changed.state is BreakerState.ARMED:
            _release(seq, changed)
        else:
            insert([_trip_row(seq, changed)])


def _trip_row(seq: int, changed: BreakerChanged) -> models.BreakerTrip:
    return models.BreakerTrip(
        book=changed.book.value,
        breaker=changed.breaker,
        seq=seq,
        at=moment(changed.at),
        state=changed.state.value,
        reason=changed.reason[:_REASON],
        limit=changed.limit,
        actual=changed.actual,
        unit=changed.unit,
        until=moment(changed.until) if changed.until else None,
    )


def _release(seq: int, changed: BreakerChanged) -> None:
    """The end of a breaker's last trip; told again it changes nothing."""
    rows = models.BreakerTrip.objects.filter(book=changed.book.value, breaker=changed.breaker)
    last = rows.filter(at__lte=moment(changed.at)).order_by("-at", "-id").first()
    if last is not None and last.released_seq is None:
        last.released_at, last.released_seq = moment(changed.at), seq
        last.released_by = changed.by[:150] or "itself"
        last.released_why = changed.reason[:_REASON]
        last.save()


# --- commands and heartbeat, for the scribe -------------------------------------------------------


def waiting_commands(*, with_sent: bool) -> list[CommandArrived]:
    """Commands nobody relayed yet, oldest first; `with_sent` also those relayed and not done."""
    states = [models.Command.State.ASKED]
    if with_sent:
        states.append(models.Command.State.SENT)
    rows = models.Command.objects.filter(state__in=states).order_by("pk")
    return [CommandArrived(r.pk, r.kind, r.target, r.author, r.reason) for r in rows]


def waiting_proposals() -> list[PackageArrived]:
    """The newest proposal of each relation, where nobody relayed it yet, oldest first."""
    rows = models.Proposal.objects.filter(sent_at=None).order_by("pk")
    newest = {row.relation: row for row in rows}
    return [
        PackageArrived(
            row.pk, RelationId(row.relation), tuple((int(n), Qty(q)) for n, q in row.amounts)
        )
        for row in newest.values()
    ]


def mark_proposed(number: int, at: datetime) -> None:
    """Every proposal up to this one was relayed, or had a newer one before it was."""
    models.Proposal.objects.filter(pk__lte=number, sent_at=None).update(sent_at=at)


def mark_sent(numbers: Sequence[int], at: datetime) -> None:
    """These commands were relayed; one that is done meanwhile stays done."""
    asked = models.Command.objects.filter(pk__in=numbers, state=models.Command.State.ASKED)
    asked.update(state=models.Command.State.SENT, sent_at=at)


def write_heartbeat(name: str, **values: Any) -> None:
    """The worker's row, with these values of its fields."""
    models.WorkerHeartbeat.objects.update_or_create(name=name, defaults=values)


# --- traces ---------------------------------------------------------------------------------------


def deals_of(orders: Iterable[str]) -> dict[str, str]:
    """Which deal each of these orders is of; an unknown order is left out."""
    rows = models.Order.objects.filter(order_id__in=list(orders))
    return {row.order_id: str(row.deal_id) for row in rows.only("order_id", "deal_id")}


def traces_of(deals: Iterable[str]) -> dict[str, str]:
    """The trace of each of these deals; one whose beginning is not on record is left out."""
    rows = models.Deal.objects.filter(deal_id__in=list(deals)).exclude(trace="")
    return dict(rows.values_list("deal_id", "trace"))
