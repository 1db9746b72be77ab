"""A backtest: recorded events through the engine, its orders through the simulated exchange.

The engine, the gates and the exchange are those of paper trading; only the clock differs, which the
recorded events move. Same files, same configuration: same deals, to the millionth. What differs
from the day itself: nobody reacts to our orders, and an order meets what was shown when it arrives.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from feeds.recordings.report import Booked
from feeds.runtime.gateways import PaperDesk
from feeds.sim.exchange import Account, Exchange
from markets.terms.ids import DealId, RunId, VenueId
from markets.terms.units import MS, SECOND, Ns, Usd
from risk.gates.chain import Chain
from trading.engine.config import Snapshot
from trading.engine.deals import ACTIVE, Deal
from trading.engine.engine import Engine
from trading.engine.events import ConfigChanged, Event, RunStarted, TimerFired, VenueJudged
from trading.engine.intents import (
    CancelOrder,
    DealChanged,
    Intent,
    PlaceOrder,
    PlanRefused,
    QueryOrder,
    SetTimer,
)
from trading.engine.orders import BookKind
from trading.runtime.clock import EventClock
from trading.runtime.runner import Timers

# After the last recorded event deals under way come to their end on the books as they stand.
AFTERWARDS = Ns(120 * SECOND)
JUDGED_EVERY = Ns(SECOND)
BEST = 100


class Backtest:
    """One run. `refusals` counts plans refused up to the last event by gate, once per change."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._clock = EventClock()
        self._engine = Engine(Chain())
        nets = frozenset(venue.id for venue in snapshot.venues if venue.nets)
        self._desk = PaperDesk(Exchange({}, {}, nets), self._clock, self._tell)
        self._timers = Timers(self._clock, self._tell)
        self._waiting: deque[Event] = deque()
        self._is_busy = False
        self._judged: dict[VenueId, Ns] = {}
        self._deals: dict[DealId, Deal] = {}
        self._counted: dict[DealId, Usd] = {}
        self._changes: list[Booked] = []
        self.refusals: dict[str, int] = {}
        self.events = 0
        self.first_at = self.last_at = Ns(0)

    def run(self, events: Iterable[Event]) -> None:
        """Takes all events in, which never go back in time, and lets what is under way end."""
        for event in events:
            if not self.events:
                self.first_at = event.at
                self._begin(event.at)
            self._clock.advance_to(event.at)
            self.last_at = event.at
            self._judge(event.at)
            self._tell(event)
            self.events += 1
        if self.events:
            self._clock.advance_to(Ns(self.last_at + AFTERWARDS))
            self._timers.cancel()

    @property
    def changes(self) -> list[Booked]:
        """Every change of an ended deal's result, oldest first."""
        return self._changes

    @property
    def deals(self) -> tuple[Deal, ...]:
        """Deals as they stood at the end, in the order they were opened."""
        return tuple(self._deals.values())

    @property
    def booked(self) -> Usd:
        """What the engine itself counts as its result on paper."""
        found = self._engine.state.results.get(BookKind.PAPER.value)
        return found.total if found else Usd(0)

    def _begin(self, at: Ns) -> None:
        self._clock.advance_to(at)
        exchange = self._desk.exchange
        exchange.list_markets(self._snapshot.markets)
        self._tell(RunStarted(at, RunId("backtest"), self._snapshot.exec_mode.value))
        self._tell(ConfigChanged(at, self._snapshot))
        for venue in self._snapshot.venues:
            account = Account(Usd(venue.paper_cash), {})
            exchange.open_account(venue.id, account, venue.paper_latency_ms)
            self._tell(exchange.statement(venue.id, at))

    def _judge(self, at: Ns) -> None:
        """Nothing is known of a venue's clock and answers on that day: it counts as well."""
        for venue in self._snapshot.venues:
            if at - self._judged.get(venue.id, Ns(-SECOND)) >= JUDGED_EVERY:
                self._judged[venue.id] = at
                self._tell(VenueJudged(at, venue.id, BEST))

    def _tell(self, event: Event) -> None:
        self._waiting.append(event)
        if self._is_busy:
            return
        self._is_busy = True
        while self._waiting:
            self._step(self._waiting.popleft())
        self._is_busy = False

    def _step(self, event: Event) -> None:
        self._desk.hear(event)
        if type(event) is TimerFired:
            self._timers.told(event.key)
        for intent in self._engine.step(event):
            self._carry(intent)

    def _carry(self, intent: Intent) -> None:
        match intent:
            case PlaceOrder(request=request):
                self._desk.submit(request)
            case CancelOrder(order=order, market=market):
                self._desk.withdraw(order, market)
            case QueryOrder(order=order, market=market):
                self._desk.exchange.query(order, market, self._clock.now())
                self._clock.call_at(Ns(self._clock.now() + MS), self._desk.work)
            case SetTimer(key=key, due=due):
                self._timers.set(key, due)
            case PlanRefused(gate=gate) if intent.at <= self.last_at:
                self.refusals[gate] = self.refusals.get(gate, 0) + 1
            case DealChanged(deal=deal):
                self._keep(deal)
            case _:
                pass

    def _keep(self, deal: Deal) -> None:
        self._deals[deal.id] = deal
        change = deal.locked - self._counted.get(deal.id, 0)
        if change and deal.state not in ACTIVE:
            self._counted[deal.id] = deal.locked
            self._changes.append(Booked(deal.id, deal.changed_at, Usd(change)))
