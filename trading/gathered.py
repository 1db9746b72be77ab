"""What a stretch of the journal says, gathered by natural key: rows to be written, and news of
orders.

Of a record told again the later word stands. Nothing is read from the database or written here; the
self-test, nobody's deal, leaves one row of its own.
"""

from __future__ import annotations

from itertools import filterfalse

from markets.moments import moment
from markets.terms.units import Ns
from trading import models
from trading.engine.deals import Deal, DealState
from trading.engine.events import (
    Event,
    MarketSettled,
    OrderAccepted,
    OrderCancelled,
    OrderDelayed,
    OrderFilled,
    OrderRejected,
    OrderUnknown,
    RunStarted,
    SelfTested,
    TwinTold,
)
from trading.engine.intents import (
    BreakerChanged,
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
    BookKind,
    Fill,
    Finality,
    OrderRequest,
)
from trading.engine.selftest import RELATION as SELF_TEST
from trading.replay.records import EventRecord, IntentsRecord, Record
from trading.replay.traces import opens

# States in which the engine books what a deal came to.
ENDED = (DealState.BALANCED, DealState.CLOSED, DealState.RESIDUAL)
SURENESS = (Finality.MATCHED, Finality.FINAL, Finality.FAILED)

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
        self.opened: dict[str, int] = {}
        self.steps: dict[tuple[str, int], models.DealStep] = {}
        self.placed: dict[str, tuple[int, Ns, OrderRequest]] = {}
        self.news: list[tuple[int, OrderNews]] = []
        self.fills: dict[str, tuple[int, Fill]] = {}
        self.samples: list[models.EdgeSample] = []
        self.decisions: list[models.Decision] = []
        self.positions: dict[tuple[str, str], models.Position] = {}
        self.answers: dict[int, CommandDone] = {}
        self.tests: list[models.SelfTest] = []
        self.twins: dict[str, tuple[int, TwinTold]] = {}
        self.started = 0
        self.results: dict[tuple[str, int], models.DealResult] = {}
        self.settled: list[models.Settlement] = []
        self.breakers: list[tuple[int, BreakerChanged]] = []

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
        ids.update(dict.fromkeys(order_of(news) for _, news in self.news))
        return list(ids)

    def _event(self, seq: int, event: Event) -> None:
        match event:
            case OrderFilled(fill=fill):
                before = self.fills.get(fill.key)
                if before is None or SURENESS.index(before[1].finality) <= SURENESS.index(
                    fill.finality
                ):
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
            case TwinTold(order=order):
                self.twins[order] = (seq, event)
            case RunStarted():
                self.started = seq
            case MarketSettled(at=at, market=market, pays=pays):
                self.settled.append(
                    models.Settlement(market_id=market, seq=seq, at=moment(at), pays=list(pays))
                )
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
            case EdgeSeen() | PlanRefused():
                self._judged(seq, intent)
            case PositionChanged():
                self.positions[intent.market, intent.book] = _position(seq, intent)
            case CommandDone(command=command):
                self.answers[command] = intent
            case BreakerChanged():
                self.breakers.append((seq, intent))
            case _:
                pass

    def _judged(self, seq: int, intent: EdgeSeen | PlanRefused) -> None:
        if isinstance(intent, EdgeSeen):
            self.samples.append(_sample(seq, intent))
        else:
            self.decisions.append(_refusal(seq, intent))

    def _deal(self, seq: int, intent: DealChanged) -> None:
        deal = intent.deal
        self.deals[deal.id] = (seq, deal)
        earlier = self.steps.get((deal.id, seq))
        text = f"{earlier.text}\n{intent.step}" if earlier is not None else intent.step
        self.steps[deal.id, seq] = models.DealStep(
            deal_id=deal.id, seq=seq, at=moment(intent.at), state=deal.state.value, text=text
        )
        if deal.state in ENDED:
            self.results[deal.id, seq] = models.DealResult(
                deal_id=deal.id,
                seq=seq,
                at=moment(intent.at),
                book=deal.book.value,
                state=deal.state.value,
                locked=deal.locked,
            )
        if opens(intent) and earlier is None:
            self.opened[deal.id] = seq
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


def order_of(news: OrderNews) -> str:
    return news.fill.order if isinstance(news, OrderFilled) else news.order


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


POSITION = (
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
