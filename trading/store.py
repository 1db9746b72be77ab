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
from itertools import filterfalse
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Model

from markets import selectors as market_selectors
from markets.moments import moment
from markets.terms.ids import MarketId, RelationId
from markets.terms.packages import label, packages
from markets.terms.units import Ns, Px, Qty, Rounding, times
from trading import models
from trading.engine.deals import Deal, DealState
from trading.engine.events import (
    Event,
    OrderAccepted,
    OrderCancelled,
    OrderDelayed,
    OrderFilled,
    OrderRejected,
    OrderUnknown,
    SelfTested,
)
from trading.engine.intents import (
    CommandDone,
    DealChanged,
    EdgeSeen,
    Intent,
    PlaceOrder,
    PlanRefused,
    PositionChanged,
    QueryOrder,
)
from trading.engine.orders import (
    NEXT,
    TERMINAL,
    BookKind,
    Fill,
    Finality,
    OrderRequest,
    OrderState,
    Side,
)
from trading.engine.selftest import RELATION as SELF_TEST
from trading.replay.records import EventRecord, IntentsRecord, Record
from trading.runtime.messages import CommandArrived

_REASON = 500
_NAMES_KEPT = 5_000

OrderNews = (
    OrderAccepted
    | OrderDelayed
    | OrderRejected
    | OrderFilled
    | OrderCancelled
    | OrderUnknown
    | QueryOrder
)


class Rows:
    """What a stretch of the journal says, gathered by natural key; later records replace earlier
    ones.
    """

    def __init__(self) -> None:
        self.deals: dict[str, tuple[int, Deal]] = {}
        self.steps: dict[tuple[str, int], models.DealStep] = {}
        self.placed: dict[str, tuple[int, Ns, OrderRequest]] = {}
        self.news: list[tuple[int, OrderNews]] = []
        self.fills: dict[str, tuple[int, Fill]] = {}
        self.samples: list[models.EdgeSample] = []
        self.decisions: list[models.Decision] = []
        self.positions: dict[tuple[str, str], models.Position] = {}
        self.answers: dict[int, CommandDone] = {}
        self.tests: list[models.SelfTest] = []

    def take(self, record: Record) -> None:
        """Takes one record in."""
        match record:
            case EventRecord(seq=seq, event=event):
                self._event(seq, event)
            case IntentsRecord(seq=seq, intents=intents):
                for intent in filterfalse(_is_self_test, intents):
                    self._intent(seq, intent)
            case _:
                pass

    def orders(self) -> list[str]:
        """Ids of all orders spoken of."""
        ids = dict.fromkeys(self.placed)
        ids.update(dict.fromkeys(_order_of(news) for _, news in self.news))
        return list(ids)

    def _event(self, seq: int, event: Event) -> None:
        match event:
            case OrderFilled(fill=fill):
                before = self.fills.get(fill.key)
                if before is None or _SURE.index(before[1].finality) <= _SURE.index(fill.finality):
                    self.fills[fill.key] = (seq, fill)
                self.news.append((seq, event))
            case (
                OrderAccepted()
                | OrderDelayed()
                | OrderRejected()
                | OrderCancelled()
                | OrderUnknown()
            ):
                self.news.append((seq, event))
            case SelfTested(at=at, outcome=outcome, latency=latency, text=text):
                self.tests.append(
                    models.SelfTest(
                        seq=seq, at=moment(at), outcome=outcome, latency_ns=latency, text=text
                    )
                )
            case _:
                pass

    def _intent(self, seq: int, intent: Intent) -> None:
        match intent:
            case PlaceOrder(at=at, request=request):
                self.placed[request.id] = (seq, at, request)
            case QueryOrder():
                self.news.append((seq, intent))
            case DealChanged():
                self._deal(seq, intent)
            case EdgeSeen():
                self.samples.append(_sample(seq, intent))
            case PlanRefused():
                self.decisions.append(_refusal(seq, intent))
            case PositionChanged():
                self.positions[intent.market, intent.book] = _position(seq, intent)
            case CommandDone(command=command):
                self.answers[command] = intent
            case _:
                pass

    def _deal(self, seq: int, intent: DealChanged) -> None:
        deal = intent.deal
        self.deals[deal.id] = (seq, deal)
        earlier = self.steps.get((deal.id, seq))
        text = f"{earlier.text}\n{intent.step}" if earlier is not None else intent.step
        self.steps[deal.id, seq] = models.DealStep(
            deal_id=deal.id, seq=seq, at=moment(intent.at), state=deal.state.value, text=text
        )
        if deal.state is DealState.OPENING and deal.opened_at == intent.at and earlier is None:
            self.decisions.append(_approval(seq, deal))


def _is_self_test(intent: Intent) -> bool:
    """Whether it is of the self-test, which has one row of its own and is nobody's deal."""
    match intent:
        case PlaceOrder(request=request):
            return request.book is BookKind.TEST
        case DealChanged(deal=deal):
            return deal.book is BookKind.TEST
        case EdgeSeen(relation=relation) | PlanRefused(relation=relation):
            return relation == SELF_TEST
        case _:
            return False


def _order_of(news: OrderNews) -> str:
    return news.fill.order if isinstance(news, OrderFilled) else news.order


class Names:
    """Titles and labels as they stand beside a deal, asked of the database once per relation."""

    def __init__(self) -> None:
        self._labels: dict[tuple[RelationId, int], tuple[str, str]] = {}
        self._outcomes: dict[MarketId, tuple[str, ...]] = {}

    def of(self, relation: RelationId, package: int) -> tuple[str, str]:
        """Title of the relation and label of the package; the relation's id and nothing when
        unknown.
        """
        key = (relation, package)
        if key not in self._labels:
            if len(self._labels) >= _NAMES_KEPT:
                self._labels.clear()
            self._labels[key] = self._look_up(relation, package)
        return self._labels[key]

    def outcome(self, market: MarketId, outcome: int) -> str:
        """The outcome's name, empty when unknown. The relation must have been asked for."""
        names = self._outcomes.get(market, ())
        return names[outcome] if outcome < len(names) else ""

    def _look_up(self, relation: RelationId, package: int) -> tuple[str, str]:
        row = market_selectors.pair(relation)
        if row is None:
            return relation, ""
        self._outcomes.update((m.market_id, m.outcomes) for m in row.markets)
        markets = {m.id: m for m in market_selectors.market_terms(m.market_id for m in row.markets)}
        shorts = {v.slug: v.short for v in market_selectors.venues()}
        found = next((p for p in packages(row.terms) if p.index == package), None)
        known = found is not None and all(c.market in markets for c in row.terms.claims)
        words = label(row.terms, found, markets, shorts) if found is not None and known else ""
        return row.title, words


class Cursor:
    """A named position in the journal."""

    def __init__(self, segment: str = "", offset: int = 0, seq: int = 0) -> None:
        self.segment = segment
        self.offset = offset
        self.seq = seq


def read_cursor(name: str, *, lock: bool = False) -> Cursor:
    """How far the journal stands in rows; with `lock`, nobody else moves it until the transaction
    ends.
    """
    rows = models.JournalCursor.objects.all()
    if lock:
        rows.get_or_create(name=name)
        rows = rows.select_for_update()
    row = rows.filter(name=name).first()
    return Cursor() if row is None else Cursor(row.segment, row.offset, row.seq)


def move_cursor(name: str, cursor: Cursor) -> None:
    """Moves the position, within the caller's transaction."""
    models.JournalCursor.objects.filter(name=name).update(
        segment=cursor.segment, offset=cursor.offset, seq=cursor.seq
    )


def write(records: Iterable[Record], names: Names) -> list[str]:
    """Brings records into rows within the caller's transaction; ids of the deals they concern.

    Errors: `RuntimeError` outside a transaction.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("Rows and journal position must be written in one transaction.")
    rows = Rows()
    for record in records:
        rows.take(record)
    _write_deals(rows, names)
    _upsert(list(rows.steps.values()), ("deal", "seq"), ("at", "state", "text"))
    deals = _write_orders(rows)
    _insert(rows.samples)
    _insert(rows.decisions)
    _insert(rows.tests)
    _upsert(list(rows.positions.values()), ("market_id", "book"), _POSITION)
    _answer(rows.answers)
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
        deals.append(_deal_row(seq, deal, title, words))
        legs += _leg_rows(deal, names)
    _upsert(deals, ("deal_id",), _DEAL)
    _upsert(legs, ("deal", "position"), _LEG)


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


# --- orders and fills -----------------------------------------------------------------------------

_ORDER = ("state", "changed_at", "filled", "cost", "fees", "venue_order", "reason", "seq")


def _write_orders(rows: Rows) -> list[str]:
    """Orders and fills of these rows; ids of their deals."""
    ids = rows.orders()
    if not ids:
        return []
    orders = models.Order.objects.in_bulk(ids, field_name="order_id")
    for order in orders.values():
        order.pk = None  # written again by its natural key
    priced = _revisions(request.deal for _, _, request in rows.placed.values())
    for seq, at, request in rows.placed.values():
        row = _order_row(seq, at, request)
        row.fee_rev, row.friction_rev = _priced(priced.get(request.deal), request.leg)
        orders.setdefault(request.id, row)
    fills = [_fill_row(seq, f, orders.get(f.order)) for seq, f in _newer(rows.fills)]
    _upsert(fills, ("key",), _FILL)
    _sum_fills(orders)
    for seq, news in rows.news:
        spoken_of = orders.get(_order_of(news))
        if spoken_of is not None:
            _apply(spoken_of, news, seq)
    _upsert(list(orders.values()), ("order_id",), _ORDER)
    return list(dict.fromkeys(order.deal_id for order in orders.values()))


_SURE = (Finality.MATCHED, Finality.FINAL, Finality.FAILED)


def _newer(fills: dict[str, tuple[int, Fill]]) -> list[tuple[int, Fill]]:
    """Fills as they are now known: a provisional word said again does not undo a final one."""
    rows = models.Fill.objects.filter(key__in=list(fills))
    known = {key: _SURE.index(Finality(word)) for key, word in rows.values_list("key", "finality")}
    return [
        (seq, fill)
        for key, (seq, fill) in fills.items()
        if _SURE.index(fill.finality) >= known.get(key, 0)
    ]


def _order_row(seq: int, at: Ns, request: OrderRequest) -> models.Order:
    return models.Order(
        order_id=request.id,
        deal_id=request.deal,
        leg=request.leg,
        market_id=request.market,
        outcome=request.outcome,
        side=request.side.value,
        px=request.px,
        qty=request.qty,
        tif=request.tif.value,
        book=request.book.value,
        purpose=request.purpose.value,
        state=OrderState.SENT.value,
        sent_at=moment(at),
        changed_at=moment(at),
        seq=seq,
    )


def _revisions(deals: Iterable[str]) -> dict[str, tuple[str, str]]:
    """The fee schedules, one a leg, and the friction each deal was planned with."""
    wanted = list(dict.fromkeys(deals))
    if not wanted:
        return {}
    rows = models.Deal.objects.filter(deal_id__in=wanted)
    return {
        deal: (fee_rev, friction_rev)
        for deal, fee_rev, friction_rev in rows.values_list("deal_id", "fee_rev", "friction_rev")
    }


def _priced(revisions: tuple[str, str] | None, leg: int) -> tuple[str, str]:
    """The names of a leg's fee schedule and of the friction; empty when the deal is not known."""
    if revisions is None:
        return "", ""
    fees = revisions[0].split(",")
    return (fees[leg] if leg < len(fees) else ""), revisions[1]


_FILL = ("deal", "px", "qty", "fee", "finality")


def _fill_row(seq: int, fill: Fill, order: models.Order | None) -> models.Fill:
    return models.Fill(
        key=fill.key,
        order_id=fill.order,
        deal_id=None if order is None else order.deal_id,
        market_id=fill.market,
        outcome=fill.outcome,
        side=fill.side.value,
        book="paper" if order is None else order.book,
        px=fill.px,
        qty=fill.qty,
        fee=fill.fee,
        at=moment(fill.at),
        finality=fill.finality.value,
        fee_rev="" if order is None else order.fee_rev,
        friction_rev="" if order is None else order.friction_rev,
        seq=seq,
    )


def _sum_fills(orders: dict[str, models.Order]) -> None:
    """An order's totals are the sums of its fills, whatever was written before."""
    for order in orders.values():
        order.filled = order.cost = order.fees = 0
    fills = models.Fill.objects.filter(order_id__in=list(orders))
    for fill in fills.exclude(finality=Finality.FAILED.value):
        order = orders[fill.order_id]
        rounding = Rounding.UP if fill.side == Side.BUY.value else Rounding.DOWN
        order.filled += fill.qty
        order.cost += times(Px(fill.px), Qty(fill.qty), rounding)
        order.fees += fill.fee


def _apply(order: models.Order, news: OrderNews, seq: int) -> None:
    state, reason = _said(order, news)
    if isinstance(news, OrderAccepted | OrderDelayed):
        order.venue_order = _plain(news.venue_order)[:200]
    before = OrderState(order.state)
    if before in TERMINAL and not isinstance(news, OrderFilled):
        return
    if state not in NEXT[before]:
        return
    order.state = state.value
    order.changed_at = moment(news.at)
    order.reason = _plain(reason or order.reason)[:_REASON]
    order.seq = seq


def _plain(text: str) -> str:
    """A venue's text without the one character that PostgreSQL cannot keep."""
    return text.replace("\0", "")


def _said(order: models.Order, news: OrderNews) -> tuple[OrderState, str]:
    """The state these news would put the order into, and their reason."""
    match news:
        case OrderAccepted() | OrderDelayed():
            return (OrderState.PART if order.filled else OrderState.OPEN), ""
        case OrderRejected(code=code, text=text):
            return (OrderState.CANCELLED if order.filled else OrderState.REJECTED), text or code
        case OrderFilled():
            whole = order.filled >= order.qty
            ended = order.state == OrderState.CANCELLED.value
            ended = ended or order.state == OrderState.FILLED.value  # a fill of it was taken back
            part = OrderState.CANCELLED if ended else OrderState.PART
            return (OrderState.FILLED if whole else part), ""
        case OrderCancelled(reason=reason):
            return OrderState.CANCELLED, reason
        case OrderUnknown(reason=reason):
            return OrderState.UNKNOWN, reason
        case QueryOrder():
            return OrderState.UNKNOWN, ""


# --- edges, decisions, positions, commands --------------------------------------------------------


def _sample(seq: int, seen: EdgeSeen) -> models.EdgeSample:
    return models.EdgeSample(
        seq=seq,
        relation=seen.relation,
        at=moment(seen.at),
        package=seen.package,
        net=seen.net,
        cost=seen.cost,
        qty=seen.qty,
        profit=seen.profit,
        apy_ppm=seen.apy_ppm,
        gate=seen.gate,
        limit=seen.limit,
        actual=seen.actual,
        leader=seen.leader or "",
        fee_rev=seen.fee_rev,
        friction_rev=seen.friction_rev,
    )


def _refusal(seq: int, refused: PlanRefused) -> models.Decision:
    return models.Decision(
        seq=seq,
        relation=refused.relation,
        at=moment(refused.at),
        package=refused.package,
        verdict="refused",
        gate=refused.gate,
        reason=refused.reason,
        limit=refused.limit,
        actual=refused.actual,
        unit=refused.unit,
        net=refused.net,
        qty=refused.qty,
        profit=refused.profit,
    )


def _approval(seq: int, deal: Deal) -> models.Decision:
    return models.Decision(
        seq=seq,
        relation=deal.relation,
        at=moment(deal.opened_at),
        package=deal.package,
        verdict="approved",
        net=deal.planned_net,
        qty=deal.size,
        profit=deal.planned_profit,
        deal_id=deal.id,
    )


_POSITION = (
    "qty_yes",
    "qty_no",
    "cost_yes",
    "cost_no",
    "fees",
    "realised",
    "changed_at",
    "seq",
)


def _position(seq: int, changed: PositionChanged) -> models.Position:
    yes, no = (*changed.qty, 0, 0)[:2]
    cost_yes, cost_no = (*changed.cost, 0, 0)[:2]
    return models.Position(
        market_id=changed.market,
        book=changed.book.value,
        qty_yes=yes,
        qty_no=no,
        cost_yes=cost_yes,
        cost_no=cost_no,
        fees=changed.fees,
        realised=changed.realised,
        changed_at=moment(changed.at),
        seq=seq,
    )


def _answer(answers: dict[int, CommandDone]) -> None:
    state = models.Command.State
    for number, done in answers.items():
        models.Command.objects.filter(pk=number).update(
            state=state.DONE if done.ok else state.REFUSED,
            answer=done.text,
            done_at=moment(done.at),
        )


M = TypeVar("M", bound=Model)


# --- commands and heartbeat, for the scribe -------------------------------------------------------


def waiting_commands(*, with_sent: bool) -> list[CommandArrived]:
    """Commands nobody relayed yet, oldest first; `with_sent` also those relayed and not done."""
    states = [models.Command.State.ASKED]
    if with_sent:
        states.append(models.Command.State.SENT)
    rows = models.Command.objects.filter(state__in=states).order_by("pk")
    return [CommandArrived(r.pk, r.kind, r.target, r.author, r.reason) for r in rows]


def mark_sent(numbers: Sequence[int], at: datetime) -> None:
    """These commands were relayed; one that is done meanwhile stays done."""
    asked = models.Command.objects.filter(pk__in=numbers, state=models.Command.State.ASKED)
    asked.update(state=models.Command.State.SENT, sent_at=at)


def write_heartbeat(name: str, **values: Any) -> None:
    """The worker's row, with these values of its fields."""
    models.WorkerHeartbeat.objects.update_or_create(name=name, defaults=values)


# --- writing --------------------------------------------------------------------------------------


def _upsert(rows: Sequence[M], key: Sequence[str], fields: Sequence[str]) -> None:
    if rows:
        type(rows[0])._default_manager.bulk_create(
            rows, update_conflicts=True, unique_fields=key, update_fields=fields
        )


def _insert(rows: Sequence[M]) -> None:
    if rows:
        type(rows[0])._default_manager.bulk_create(rows, ignore_conflicts=True)
