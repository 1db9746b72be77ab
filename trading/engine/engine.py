"""`Engine.step`: one event in, the intents that follow out. See the package for the theory of
operation.

Synchronous and deterministic: time only from `event.at`, ids from the run and a counter, no
sets, no floats. The order inside a step is fixed: memory first, then deals under way, then the
look for edges.
"""

from collections.abc import Callable
from typing import Any, Self

import msgspec
from msgspec.structs import replace

from markets.terms.ids import DealId, MarketId, OrderId, RelationId, VenueId, venue_of
from markets.terms.instruments import Market, MarketState
from markets.terms.units import MS, SECOND, Ns, Rounding, Usd, times
from trading.engine import (
    answers,
    execution,
    fills,
    hedging,
    looks,
    masking,
    pockets,
    policy,
    reconcile,
    resting,
    scan,
    sending,
    stops,
)
from trading.engine.book import Book, BookState
from trading.engine.deals import DealState
from trading.engine.events import (
    AccountReported,
    BookChanged,
    BookSeen,
    BookStale,
    CommandReceived,
    ConfigChanged,
    Event,
    FeedDown,
    FeedUp,
    HealthReported,
    MarketChanged,
    MarketClosed,
    MarketSettled,
    OrderAccepted,
    OrderCancelled,
    OrderDelayed,
    OrderFilled,
    OrderRejected,
    OrderUnknown,
    PackageProposed,
    RunStarted,
    SelfTested,
    TablesChanged,
    TimerFired,
    TradeSeen,
    TwinTold,
    VenueJudged,
)
from trading.engine.intents import CancelOrder, ConfigApplied, Intent, PositionChanged, SetTimer
from trading.engine.naked import Choice
from trading.engine.orders import TERMINAL, BookKind, Order, OrderState, Purpose
from trading.engine.pictures import EnginePicture, RelationPicture
from trading.engine.ports import Risk
from trading.engine.positions import key_of, settle
from trading.engine.results import of_book, turned, turns_at
from trading.engine.scopes import next_end
from trading.engine.state import (
    EngineState,
    Feed,
    Health,
    Judgement,
    Saved,
    Stop,
    account,
    build_entry,
    build_indexes,
    restored,
    saved,
)

RELOOK = "relook"
EXPIRY = "expiry"
KEEP = 3600 * SECOND


class _Checkpoint(msgspec.Struct, array_like=True):
    memory: Saved
    risk: bytes


class Engine:
    """The whole of the trading logic. `risk` says whether a plan may be carried out."""

    def __init__(self, risk: Risk) -> None:
        self.state = EngineState()
        self.risk = risk

    def step(self, event: Event) -> list[Intent]:
        """Take one event in and say what is to be done.

        Shape: intents in the order they are meant.
        """
        state = self.state
        if event.at > state.at:
            state.at = event.at
        if state.at >= state.turns_at:
            self._turn()
        out: list[Intent] = []
        out += self.risk.observe(event, state)
        if isinstance(event, BookChanged):
            self._book_changed(event, out)
        else:
            state.exposures.clear()
            _STEPS[type(event)](self, event, out)
        return out

    def dump(self) -> bytes:
        """The memory as bytes for a checkpoint: `load` of it and the events that follow give this
        engine again.
        """
        return msgspec.msgpack.encode(_Checkpoint(saved(self.state), self.risk.dump()))

    @classmethod
    def load(cls, memory: bytes, risk: Risk) -> Self:
        """The engine as it was dumped, its indexes rebuilt.

        Errors: `msgspec.ValidationError` when the bytes are not a checkpoint of this schema.
        """
        checkpoint = msgspec.msgpack.decode(memory, type=_Checkpoint)
        engine = cls(risk)
        engine.state = restored(checkpoint.memory)
        masking.rebuild(engine.state)
        risk.load(checkpoint.risk)
        return engine

    def drain_dirty(self) -> list[RelationId]:
        """Relations whose picture changed since the last call, in the order they first did."""
        changed = list(self.state.dirty)
        self.state.dirty.clear()
        return changed

    def picture(self, relation: RelationId, now: Ns) -> RelationPicture | None:
        """One relation for the pages at `now`; None when it is no longer followed."""
        return looks.relation_picture(self.state, self.risk, relation, now)

    def overview(self, now: Ns) -> EnginePicture:
        """The whole engine for the pages; `rejected` and `events` are for the caller to fill."""
        return looks.overview(self.state, now)

    def _turn(self) -> None:
        """A day, and perhaps a week or a month, is over: results are counted from here."""
        state = self.state
        zone = state.config.timezone if state.config else "UTC"
        state.results = {
            book.value: turned(of_book(state.results, book), state.at, zone) for book in BookKind
        }
        state.turns_at = min(turns_at(results) for results in state.results.values())

    # Books and venues

    def _book_changed(self, event: BookChanged, out: list[Intent]) -> None:
        state = self.state
        book = event.book
        market = book.market
        if market not in state.markets:
            return
        if state.quotes:
            masking.keep_book(state, book)
        else:
            state.books[market] = book
        if state.doubts:
            state.doubts.pop(market, None)
        if state.naked or state.resting:
            self._rehedge(market, out)
        for name in state.touched.get(market, ()):
            state.dirty[name] = None
            scan.look(state, self.risk, state.entries[name], out, market)

    def _book_seen(self, event: BookSeen, out: list[Intent]) -> None:
        state = self.state
        book = masking.shown(state, event.market)
        if book is None:
            return
        venue_at = event.venue_at or book.venue_at
        seen = Book(book.market, book.ladders, event.at, venue_at, book.epoch, book.state)
        masking.keep_book(state, seen)
        for name in state.touched.get(event.market, ()):
            state.dirty[name] = None
            last = state.looks.get(name)
            if last is None or last.net > 0:
                scan.look(state, self.risk, state.entries[name], out, event.market)

    def _book_stale(self, event: BookStale, out: list[Intent]) -> None:
        state = self.state
        if event.market in state.markets:
            state.doubts[event.market] = event.reason
            self._suspect(event.market)
            self._rehedge(event.market, out)
            self._look_at(event.market, out)

    def _feed_up(self, event: FeedUp, out: list[Intent]) -> None:
        state = self.state
        state.feeds[event.venue] = Feed(True, event.at)
        judged = state.judged.get(event.venue)
        if judged is None or not judged.refused:
            stops.lift(state, event.venue, stops.VENUE, event.at, out)
        self._dirty_venue(event.venue)

    def _venue_judged(self, event: VenueJudged, out: list[Intent]) -> None:
        """Halt a venue that is not to be trusted, and let it go on when it is again."""
        state = self.state
        before = state.judged.get(event.venue)
        state.judged[event.venue] = Judgement(
            event.score, event.worst, event.refused, event.polled, event.at
        )
        feed = state.feeds.get(event.venue)
        if event.refused:
            stop = Stop(event.venue, stops.VENUE, event.refused, "engine", event.at)
            stops.halt(state, stop, out)
        elif before is not None and before.refused and feed is not None and feed.up:
            stops.lift(state, event.venue, stops.VENUE, event.at, out)

    def _feed_down(self, event: FeedDown, out: list[Intent]) -> None:
        state = self.state
        before = state.feeds.get(event.venue)
        since = before.since if before and not before.up else event.at
        state.feeds[event.venue] = Feed(False, since, event.reason)
        stop = Stop(event.venue, stops.VENUE, event.reason, "engine", event.at)
        stops.halt(state, stop, out)
        for market in state.markets.values():
            if market.venue == event.venue:
                state.doubts[market.id] = "no snapshot since the feed was away"
                self._suspect(market.id)
                self._rehedge(market.id, out)
        for name in self._dirty_venue(event.venue):
            scan.look(state, self.risk, state.entries[name], out)

    def _market_changed(self, event: MarketChanged, out: list[Intent]) -> None:
        if event.market.id in self.state.markets:
            self._set_market(event.market)
            self._look_at(event.market.id, out)

    def _package_proposed(self, event: PackageProposed, out: list[Intent]) -> None:
        """The newest proposal of a relation takes the place of the one before, or of none."""
        entry = self.state.entries.get(event.relation)
        if entry is None:
            return
        self.state.proposed[event.relation] = event.amounts
        build_entry(self.state, entry.config)
        scan.look(self.state, self.risk, self.state.entries[event.relation], out)

    def _market_closed(self, event: MarketClosed, out: list[Intent]) -> None:
        self._close(event.market, MarketState.CLOSED)
        self._look_at(event.market, out)

    def _market_settled(self, event: MarketSettled, out: list[Intent]) -> None:
        state = self.state
        market = state.markets.get(event.market)
        if market is None or event.market in state.settled:
            return
        self._close(event.market, MarketState.SETTLED)
        state.settled[event.market] = event.pays
        for book in BookKind:
            key = key_of(event.market, book)
            position = state.positions.get(key)
            if position is None:
                continue
            paid = sum(
                times(px, qty, Rounding.DOWN)
                for px, qty in zip(event.pays, position.qty, strict=False)
            )
            if book is BookKind.LIVE:
                reconcile.moved(state, market.venue, event.at)
            after = settle(position, event.pays)
            state.positions[key] = after
            pockets.move(state, book, market, paid)
            out.append(
                PositionChanged(
                    event.at,
                    after.market,
                    book,
                    after.qty,
                    after.cost,
                    after.fees,
                    after.realised,
                )
            )
        execution.settle_deals(state, out)
        self._look_at(event.market, out)

    def _trade_seen(self, event: TradeSeen, out: list[Intent]) -> None:
        """Public trades move nothing here: the book that follows does."""

    def _twin_told(self, event: TwinTold, out: list[Intent]) -> None:
        """What happens on paper beside a live order is for the record: money alone decides."""

    # Orders

    def _order_accepted(self, event: OrderAccepted, out: list[Intent]) -> None:
        self._answered(answers.accepted(self.state, event, out), out)

    def _order_delayed(self, event: OrderDelayed, out: list[Intent]) -> None:
        self._answered(answers.delayed(self.state, event, out), out)

    def _order_rejected(self, event: OrderRejected, out: list[Intent]) -> None:
        self._answered(answers.rejected(self.state, event, out), out)

    def _order_filled(self, event: OrderFilled, out: list[Intent]) -> None:
        self._answered(fills.fill_seen(self.state, event, out), out)

    def _order_cancelled(self, event: OrderCancelled, out: list[Intent]) -> None:
        self._answered(answers.cancelled(self.state, event, out), out)

    def _order_unknown(self, event: OrderUnknown, out: list[Intent]) -> None:
        self._answered(answers.unknown(self.state, event, out), out)

    def _answered(self, order: Order | None, out: list[Intent]) -> None:
        if order is not None:
            if order.request.book is BookKind.LIVE:
                reconcile.moved(self.state, venue_of(order.request.market), self.state.at)
            execution.advance(self.state, order.request.deal, out)

    def _rehedge(self, market: MarketId, out: list[Intent]) -> None:
        """A naked deal waiting for a price may find it in this book, a resting order may have to
        move or go.
        """
        state = self.state
        for name in {**state.naked, **state.resting}:
            deal = state.deals[name]
            waits = deal.state is DealState.HEDGING or name in state.resting
            if waits and any(leg.market == market for leg in deal.legs):
                execution.advance(state, name, out)

    def _account_reported(self, event: AccountReported, out: list[Intent]) -> None:
        if event.book is BookKind.LIVE:
            reconcile.report(self.state, event, out)
        else:
            pockets.told(self.state, event)

    # People, timers, machinery

    def _command(self, event: CommandReceived, out: list[Intent]) -> None:
        known = _COMMANDS.get(event.kind)
        if known is not None:
            known(self.state, event, out)
            if event.kind == "resume":
                reconcile.accept(self.state, event.target)
        elif event.kind in tuple(Choice):
            why = execution.choose(self.state, DealId(event.target), Choice(event.kind), out)
            if why:
                stops.refuse(event, why, out)
            else:
                stops.done(event, f"{_CHOSEN[Choice(event.kind)]} deal {event.target}.", out)
        elif event.kind == "reset":
            self._reset(event, out)
        else:
            stops.refuse(event, f"The engine knows no command {event.kind!r}.", out)
        self.state.dirty.update(dict.fromkeys(self.state.entries))

    def _reset(self, event: CommandReceived, out: list[Intent]) -> None:
        """A person arms breakers again."""
        found = self.risk.reset(event, self.state)
        if isinstance(found, str):
            stops.refuse(event, found, out)
            return
        out += found
        names = dict.fromkeys(x.breaker.replace("_", " ") for x in found)
        stops.done(event, f"Armed again: {', '.join(names)}.", out)

    def _timer(self, event: TimerFired, out: list[Intent]) -> None:
        state = self.state
        kind, slash, name = event.key.partition("/")
        if event.key == RELOOK:
            self._relook(out)
        elif event.key == EXPIRY:
            self._expired(out)
        elif kind + slash == answers.ASK:
            answers.ask_again(state, OrderId(name), event.at, out)
        elif kind + slash == sending.HEDGE:
            execution.hedge_due(state, DealId(name), out)
        elif kind + slash == sending.DEAL:
            execution.answer_due(state, DealId(name), out)
        elif kind + slash == policy.UNHEDGED:
            execution.alert(state, DealId(name), out)
        elif kind + slash in _WAKES:
            execution.advance(state, DealId(name), out)

    def _tables(self, event: TablesChanged, out: list[Intent]) -> None:
        self.state.tables = event.tables

    def _health(self, event: HealthReported, out: list[Intent]) -> None:
        state = self.state
        if not event.ok:
            known = state.health.get(event.component)
            since = known.since if known else event.at
            state.health[event.component] = Health(event.component, event.text, since)
            stop = Stop("", stops.INFRASTRUCTURE, event.text, event.component, event.at)
            stops.halt(state, stop, out)
        elif state.health.pop(event.component, None) is not None and not state.health:
            stops.lift(state, "", stops.INFRASTRUCTURE, event.at, out)

    def _self_tested(self, event: SelfTested, out: list[Intent]) -> None:
        """A pipeline that stays silent begins no deals until a self-test comes through."""
        ok = event.outcome != "silent"
        self._health(HealthReported(event.at, "self-test", ok, event.text), out)

    def _run_started(self, event: RunStarted, out: list[Intent]) -> None:
        """Nothing from before the start is believed: books wait for snapshots, orders are asked
        for.
        """
        state = self.state
        state.run = event.run
        state.mode = event.mode
        state.health.clear()
        state.judged.clear()
        reconcile.begun(state, event.at)
        stops.lift(state, "", stops.INFRASTRUCTURE, event.at, out)
        state.feeds = {v: Feed(False, event.at, "starting") for v in state.feeds}
        for market in list(state.books):
            state.doubts[market] = "no snapshot since the start"
            self._suspect(market)
        build_indexes(state)
        for order in list(state.orders.values()):
            if order.state is OrderState.UNKNOWN:
                state.asks.pop(order.request.id, None)
                answers.ask(state, order, event.at, out)
            else:
                answers.doubt(state, order, "The engine started again.", event.at, out)
        execution.rearm(state, out)
        self._set_relook(out)
        self._set_expiry(out)

    def _config(self, event: ConfigChanged, out: list[Intent]) -> None:
        """Swap the configuration in one step; one with problems leaves the old one running."""
        state = self.state
        snapshot = event.snapshot
        if snapshot.problems():
            return
        state.config = snapshot
        if not any(results.count for results in state.results.values()):
            state.results = {}
            self._turn()
        kept = self._markets_in_use()
        state.markets = {m.id: _as_streamed(state, m) for m in snapshot.markets}
        for market in kept:
            state.markets.setdefault(market.id, market)
        for name in [k for k in state.books if k not in state.markets]:
            masking.drop_book(state, name)
        for venue in snapshot.venues:
            state.cash.setdefault(account(BookKind.PAPER, venue.id), Usd(venue.paper_cash))
        build_indexes(state)
        state.looks = {k: v for k, v in state.looks.items() if k in state.entries}
        self._cancel_orphans(out)
        out.append(ConfigApplied(event.at, snapshot.revision))
        self._set_relook(out)
        self._set_expiry(out)
        for entry in state.entries.values():
            scan.look(state, self.risk, entry, out)

    def _markets_in_use(self) -> list[Market]:
        """Markets that deals or positions still need, whatever the snapshot says."""
        state = self.state
        used = {leg.market: None for d in state.deals.values() for leg in d.legs}
        used.update({position.market: None for position in state.positions.values()})
        return [state.markets[market] for market in used]

    def _cancel_orphans(self, out: list[Intent]) -> None:
        """Cancel opening orders of relations that are no longer confirmed."""
        state = self.state
        for order in state.orders.values():
            request = order.request
            if order.state in TERMINAL or request.purpose is not Purpose.OPEN:
                continue
            if state.deals[request.deal].relation not in state.entries:
                out.append(CancelOrder(state.at, request.id, request.market, request.book))

    def _relook(self, out: list[Intent]) -> None:
        """Look again where time alone may have changed the answer; forget what is too old."""
        state = self.state
        oldest = state.at - state.limits.evict_ms * MS
        for market, book in list(state.books.items()):
            if book.at < oldest:
                masking.drop_book(state, market)
                state.dirty.update(dict.fromkeys(state.touched.get(market, ())))
        for name, last in list(state.looks.items()):
            if last.net > 0 or last.refused:
                state.dirty[name] = None
                scan.look(state, self.risk, state.entries[name], out)
        self._forget()
        self._set_relook(out)

    def _forget(self) -> None:
        """Drop closed deals with their orders after an hour."""
        state = self.state
        gone: dict[OrderId, None] = {}
        for deal in list(state.deals.values()):
            if deal.state is DealState.CLOSED and deal.changed_at < state.at - KEEP:
                gone.update({name: None for leg in deal.legs for name in leg.orders})
                del state.deals[deal.id]
                state.terms.pop(deal.id, None)
                state.booked.pop(deal.id, None)
        if gone:
            state.orders = {k: o for k, o in state.orders.items() if k not in gone}
            state.fills = {k: o for k, o in state.fills.items() if o not in gone}
            state.details = {k: f for k, f in state.details.items() if f.order not in gone}
            if state.quotes:
                masking.rebuild(state)

    # Small parts

    def _set_relook(self, out: list[Intent]) -> None:
        state = self.state
        out.append(SetTimer(state.at, RELOOK, Ns(state.at + state.limits.relook_ms * MS)))

    def _set_expiry(self, out: list[Intent]) -> None:
        """Ask to be told when the next value that was set for a time runs out."""
        state = self.state
        due = next_end(state.config.scoped, state.at) if state.config else None
        if due is not None:
            out.append(SetTimer(state.at, EXPIRY, due))

    def _expired(self, out: list[Intent]) -> None:
        """A value that was set for a time has run out: the wider one holds again."""
        build_indexes(self.state)
        self._set_expiry(out)
        for entry in self.state.entries.values():
            scan.look(self.state, self.risk, entry, out)

    def _look_at(self, market: MarketId, out: list[Intent]) -> None:
        state = self.state
        for name in state.touched.get(market, ()):
            state.dirty[name] = None
            scan.look(state, self.risk, state.entries[name], out)

    def _suspect(self, market: MarketId) -> None:
        book = masking.shown(self.state, market)
        if book is not None and book.state is BookState.LIVE:
            masking.keep_book(self.state, replace(book, state=BookState.SUSPECT))

    def _set_market(self, market: Market) -> None:
        self.state.markets[market.id] = market
        self.state.states[market.id] = market.state

    def _close(self, name: MarketId, to: MarketState) -> None:
        state = self.state
        market = state.markets.get(name)
        if market is None:
            return
        self._set_market(replace(market, state=to))
        book = masking.shown(state, name)
        if book is not None:
            masking.keep_book(state, replace(book, state=BookState.CLOSED))

    def _dirty_venue(self, venue: VenueId) -> list[RelationId]:
        """Relations with a market at the venue, marked as changed."""
        state = self.state
        names: dict[RelationId, None] = {}
        for market in state.markets.values():
            if market.venue == venue:
                names.update(dict.fromkeys(state.touched.get(market.id, ())))
        state.dirty.update(names)
        return list(names)


def _as_streamed(state: EngineState, market: Market) -> Market:
    """A snapshot's market, closed where the venue has told us so since."""
    known = state.states.get(market.id)
    if known is None or market.state is not MarketState.OPEN:
        return market
    return replace(market, state=known)


_Step = Callable[[Engine, Any, list[Intent]], None]

_STEPS: dict[type, _Step] = {
    RunStarted: Engine._run_started,
    ConfigChanged: Engine._config,
    BookSeen: Engine._book_seen,
    BookStale: Engine._book_stale,
    FeedUp: Engine._feed_up,
    FeedDown: Engine._feed_down,
    MarketChanged: Engine._market_changed,
    MarketClosed: Engine._market_closed,
    PackageProposed: Engine._package_proposed,
    MarketSettled: Engine._market_settled,
    TradeSeen: Engine._trade_seen,
    OrderAccepted: Engine._order_accepted,
    OrderDelayed: Engine._order_delayed,
    OrderRejected: Engine._order_rejected,
    OrderFilled: Engine._order_filled,
    OrderCancelled: Engine._order_cancelled,
    OrderUnknown: Engine._order_unknown,
    AccountReported: Engine._account_reported,
    CommandReceived: Engine._command,
    TimerFired: Engine._timer,
    HealthReported: Engine._health,
    SelfTested: Engine._self_tested,
    VenueJudged: Engine._venue_judged,
    TablesChanged: Engine._tables,
    TwinTold: Engine._twin_told,
}

_WAKES = (policy.ADVERSE, hedging.RETRY, resting.MAKER, resting.REST)
_CHOSEN = {
    Choice.WAIT: "Waiting with",
    Choice.HEDGE: "Resting a hedge of",
    Choice.CROSS: "Completing",
    Choice.UNWIND: "Unwinding",
}
_COMMANDS: dict[str, Callable[[EngineState, CommandReceived, list[Intent]], None]] = {
    "halt": stops.command_halt,
    "resume": stops.command_resume,
    "pause": stops.command_pause,
    "view_only": stops.command_view_only,
}
