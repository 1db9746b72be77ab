"""The composition root: puts engine, journal, feeds, order entry, publisher and scribe together.

The only file that knows both Django's settings and the runtime. A mode is a wiring: what differs
between them is which gateways exist and how far the configured `exec_mode` may reach. Money needs
three yeses: LIVE=1 (and no DRY_RUN=1) in the environment, `--mode live` or `both`, and venues armed
until a time that has not passed.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import gc
import secrets
import signal
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import redis.asyncio
import redis.exceptions
import structlog
import uvloop
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import connections

from feeds.api_keys import with_api_key
from feeds.credentials import BadCredentials, adapter_of, load
from feeds.keyring import Stored
from feeds.runtime.clocks import Clocks
from feeds.runtime.conversation import Outside
from feeds.runtime.feed import Feed
from feeds.runtime.gateways import PaperDesk
from feeds.runtime.http import Http
from feeds.runtime.lines import Lines
from feeds.runtime.live_venue import PATIENCE, Around, LiveVenue
from feeds.runtime.rates import Rates, client_of
from feeds.runtime.selftest import SelfTest
from feeds.runtime.supervisor import Supervisor
from feeds.runtime.truths import TruthTeller
from feeds.runtime.twins import Twins
from feeds.runtime.venue_watch import VenueWatch
from feeds.services import keyless_adapter
from feeds.sim.exchange import Account, Exchange
from feeds.venues import ADAPTERS
from feeds.venues.base import Adapter
from markets.terms.ids import MarketId, RelationId, RunId, VenueId, venue_of
from markets.terms.instruments import Market
from markets.terms.units import MS, SECOND, Ns, Qty, Usd
from risk.gates.chain import Chain
from trading.engine import selftest
from trading.engine.config import Limits, Mode, Snapshot, VenueConfig
from trading.engine.deals import ACTIVE
from trading.engine.engine import Engine
from trading.engine.events import (
    ConfigChanged,
    Event,
    FeedDown,
    HealthReported,
    MarketSettled,
    RunStarted,
)
from trading.engine.orders import BookKind
from trading.engine.pictures import EnginePicture, RelationPicture, VenueTruth
from trading.engine.reconcile import agrees
from trading.engine.twins import is_twinned
from trading.replay.records import SCHEMA, Header
from trading.runtime import crash
from trading.runtime.clock import Clock, SystemClock
from trading.runtime.executor import Executor, Lease
from trading.runtime.gateway import Gateway
from trading.runtime.inbox import Inbox
from trading.runtime.journal import DiskGuard, Journal, recover
from trading.runtime.publish import Batch, Publisher, SendFailed
from trading.runtime.runner import Resumed, Runner, resume
from trading.runtime.shown import EDGES_KEY, ENGINE_KEY, GROUP
from trading.runtime.watch import Watch

_GRACE = Ns(5 * SECOND)
_MONEY = (Mode.LIVE, Mode.BOTH)
_ORDER = (Mode.DETECT, Mode.PAPER, Mode.LIVE, Mode.BOTH)

log = structlog.get_logger("worker")


class CannotStart(Exception):
    """Why the worker does not start, and what to do, in one sentence."""


class Wish(msgspec.Struct, frozen=True):
    """What the command line asked for; no venues means all."""

    mode: Mode
    venues: tuple[VenueId, ...] = ()
    lease: bool = True


def journal_dir() -> Path:
    """Where this machine's journal lies."""
    return Path(settings.DATA_DIR) / "journal"


def run(wish: Wish) -> int:
    """Runs the worker until a signal; returns its exit code. Errors: `CannotStart`."""
    if wish.mode in _MONEY and not settings.LIVE_ALLOWED:
        veto = "unset DRY_RUN" if settings.DRY_RUN else "set LIVE=1"
        raise CannotStart(f"--mode {wish.mode.value} needs LIVE=1 without DRY_RUN=1; {veto} first.")
    try:
        held = load()
        for venue in ADAPTERS:
            adapter_of(venue, held)
    except BadCredentials as problem:
        raise CannotStart(str(problem)) from None
    if wish.mode in _MONEY:
        held = with_api_key(held)
    connections.close_all()
    with _only_one(journal_dir()), asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
        return loop.run(_live(wish, held))


async def _live(wish: Wish, held: Stored) -> int:
    # Timers that waited at the end of the last run are set while it is put together.
    return await _Worker(wish, held).run()


@contextlib.contextmanager
def _only_one(directory: Path) -> Iterator[None]:
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotStart(
                f"A worker already runs on {directory}; stop it first, or set ARBSITE_DATA to "
                "another directory."
            ) from None
        yield


class _Worker:
    """Everything one trading process holds."""

    def __init__(self, wish: Wish, held: Stored) -> None:
        self.wish = wish
        self.held = held
        recovered = recover(journal_dir())
        checkpoint = recovered.checkpoint
        self.engine = Engine.load(checkpoint.state, Chain()) if checkpoint else Engine(Chain())
        self.resumed: Resumed = resume(self.engine, recovered)
        self.cut = recovered.cut
        self.clock = SystemClock(self.resumed.at)
        self.run_id = RunId(f"{self.clock.now() // SECOND:x}{secrets.token_hex(2)}")
        self.inbox = Inbox(self.resumed.at)
        self.lease = Lease(required=wish.lease)
        self.desk, self.twins = _on_paper(self.engine, self.clock, self.inbox.put)
        self.gateways: dict[tuple[VenueId, BookKind], Gateway] = {}
        self.clocks = Clocks(self.clock, self.inbox.put, lambda: self.engine.state.limits)
        self.redis = client_of(settings.REDIS_URL)
        self.stop = asyncio.Event()
        self.stopping = False
        self.journal: Journal | None = None
        self.settled = asyncio.Event()
        self.watch = Watch(
            (sys.executable, str(Path(settings.BASE_DIR) / "manage.py"), "scribe"),
            self.take,
            lambda: msgspec.msgpack.encode(self.source.overview()),
            self.clock,
            self.lease,
        )
        self.selftest = SelfTest(
            self.clock,
            self.inbox.put,
            lambda: self.engine.state.limits.self_test_ms,
            lambda: _refused(self.engine),
        )
        self.gateways[selftest.VENUE, BookKind.TEST] = self.selftest
        self.lives = {venue: self._live(venue) for venue in self._venues_with_money()}
        self.executor = Executor(
            self.gateways, self.inbox.put, self.clock, self.lease, lambda p: self.runner.fail(p)
        )
        self.source = _Source(self)
        self.pictures = _Pictures()
        self.publisher = Publisher(
            self.source,
            self.pictures.send,
            self.inbox.put,
            self.clock,
            lambda p: self.runner.fail(p),
            lambda: self.engine.state.limits.dashboard_ms * MS,
        )
        self.runner = Runner(
            self.engine,
            self.executor,
            self.inbox,
            self.clock,
            resumed=self.resumed,
            turned=self.turned,
            transitions=self._transitions(),
        )
        self.streams = {
            venue: _Stream(venue, self) for venue in ADAPTERS if _is_wanted(venue, wish)
        }

    @property
    def simulated(self) -> tuple[PaperDesk | Twins, ...]:
        """The simulated exchanges that follow the venues."""
        return (self.desk, self.twins) if self.wish.mode is Mode.BOTH else (self.desk,)

    def _transitions(self) -> crash.Transitions | None:
        if not crash.planned():
            return None
        return crash.Transitions(lambda: self.engine.state.orders, self.engine.state.deals)

    def _venues_with_money(self) -> tuple[VenueId, ...]:
        if self.wish.mode not in _MONEY:
            return ()
        return tuple(VenueId(venue) for venue in ADAPTERS if _is_wanted(venue, self.wish))

    def _live(self, venue: VenueId) -> LiveVenue:
        def rates(adapter: Adapter, tier: str) -> Rates:
            draws = partial(adapter.draws, tier=tier)
            return Rates(venue, draws, self.redis, self.clock, job=False, patience=PATIENCE)

        around = Around(
            self.clock,
            self.inbox.put,
            self.gateways,
            lambda: self.engine.state.orders,
            rates,
            lambda name: agrees(self.engine.state, name),
            self.twins.beside,
        )
        return LiveVenue(venue, lambda: adapter_of(venue, self.held), around)

    async def run(self) -> int:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.stop.set)
        if self.cut:
            log.warning("a torn record was cut from the journal", bytes=self.cut)
        if self.resumed.differs is not None:
            log.error(
                "this program decides otherwise than the one that wrote the journal; compare with "
                "`manage.py replay`, and check open deals by hand",
                first_event=self.resumed.differs,
            )
        # Nothing is written before the lease is ours.
        self.inbox.put(RunStarted(self.clock.now(), self.run_id, self.wish.mode.value))
        self.inbox.put(HealthReported(self.clock.now(), "shutdown", ok=True, text="Started."))
        watching = asyncio.create_task(self.watch.run())
        try:
            await self._ready(watching)
        except BaseException:
            await self.watch.stop()
            watching.cancel()
            raise
        return await self._supervise(watching)

    async def _ready(self, watching: asyncio.Task[None]) -> None:
        """Waits for the word about the lease, or for the order to stop."""
        word = asyncio.create_task(self._first_word())
        stopping = asyncio.create_task(self.stop.wait())
        await asyncio.wait({word, stopping, watching}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if word.done():
            word.result()
        else:
            word.cancel()
        if watching.done():
            watching.result()

    async def _first_word(self) -> None:
        refusal = await self.watch.started()
        if refusal and self.lease.required:
            raise CannotStart(refusal)

    async def _supervise(self, watching: asyncio.Task[None]) -> int:
        supervisor = Supervisor(
            self.clock,
            lambda: secrets.randbelow(1_000_001),
            lambda: self.engine.state.limits.unexpected_error_ms * MS,
        )
        supervisor.add("scribe", lambda: _watched(watching), True, stop=self.watch.stop)
        for live in self.lives.values():
            # Before the engine, which ends its deals through them.
            supervisor.add(f"live {live.venue}", live.run, False)
        supervisor.add("engine", self._drive, True, stop=self._wind_down)
        for stream in self.streams.values():
            supervisor.add(f"feed {stream.venue}", stream.run, False, failed=stream.failed)
        teller = TruthTeller(self.redis, self.clock, self._feed_truths)
        supervisor.add("self-test", self.selftest.run, False)
        supervisor.add("venue truths", teller.run, False)
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 20)
        log.warning("worker runs", run=self.run_id, mode=self.wish.mode.value)
        return await supervisor.run(self.stop)

    async def _drive(self) -> None:
        header = Header(SCHEMA, self.run_id, self.clock.now())
        with Journal(journal_dir(), header, self.runner.checkpoint, self.clock) as journal:
            self.journal = journal
            DiskGuard(journal_dir(), self.clock, self.inbox.put).look()
            try:
                await self.runner.run(journal)
            finally:
                self.publisher.stop()
                await self.pictures.close()
                await self.redis.aclose()

    def _feed_truths(self) -> list[VenueTruth]:
        found = (s.watch.truth() for s in self.streams.values() if s.watch is not None)
        told = self.runner.decisions.told
        return [
            msgspec.structs.replace(truth, decided=told(truth.venue, truth.at))
            for truth in found
            if truth is not None
        ]

    async def _wind_down(self) -> None:
        """No new deal from now on; running ones get a few seconds to end."""
        now = self.clock.now()
        self.inbox.put(HealthReported(now, "shutdown", ok=False, text="The worker is stopping."))
        self.stopping = True
        self.clock.call_at(Ns(now + _GRACE), self.settled.set)
        await self.settled.wait()
        self.executor.stop("the worker is stopping")
        await self.executor.finish()
        # The record ends with a segment of this one event: whichever version starts next begins
        # from the state before it and replays nothing of what was decided here.
        if self.journal is not None:
            self.journal.begin_anew()
        now = self.clock.now()
        self.inbox.put(HealthReported(now, "shutdown", ok=False, text="The worker stopped."))
        self.runner.stop()

    def turned(self) -> None:
        """After each turn of the engine's loop."""
        self.publisher.turned()
        if self.stopping and not any(
            deal.state in ACTIVE for deal in self.engine.state.deals.values()
        ):
            self.settled.set()

    def take(self, event: Event) -> None:
        """Every event that does not come from a gateway passes here on its way to the inbox."""
        for simulated in self.simulated:
            simulated.hear(event)
        if isinstance(event, ConfigChanged):
            snapshot = _within(event.snapshot, self.wish)
            event = ConfigChanged(event.at, selftest.with_self_test(snapshot))
            self._apply(snapshot)
        self.inbox.put(event)
        if isinstance(event, MarketSettled):
            # Pairs netted long ago are not paid a second time: the exchange's word follows.
            venue = venue_of(event.market)
            if (venue, BookKind.PAPER) in self.gateways:
                self.inbox.put(self.desk.exchange.statement(venue, self.clock.now()))

    def _apply(self, snapshot: Snapshot) -> None:
        exchange = self.desk.exchange
        for simulated in self.simulated:
            simulated.exchange.list_markets(snapshot.markets)
        for venue in snapshot.venues:
            account = _paper_account(self.engine, venue)
            exchange.open_account(venue.id, account, venue.paper_latency_ms)
            self.twins.exchange.open_account(venue.id, Account(Usd(0), {}), venue.paper_latency_ms)
            self.gateways[venue.id, BookKind.PAPER] = self.desk
            self.inbox.put(exchange.statement(venue.id, self.clock.now()))
        configured = {venue.id: venue for venue in snapshot.venues}
        for stream in self.streams.values():
            stream.apply(configured.get(stream.venue), snapshot.markets)
        for live in self.lives.values():
            live.apply(configured.get(live.venue), snapshot.markets)


class _Stream:
    """One venue's feed, begun anew when its addresses change."""

    def __init__(self, venue: str, worker: _Worker) -> None:
        self.venue = VenueId(venue)
        self._worker = worker
        self._config: VenueConfig | None = None
        self._markets: tuple[Market, ...] = ()
        self._moved = asyncio.Event()
        self.feed: Feed | Lines | None = None
        self.watch: VenueWatch | None = None

    def apply(self, config: VenueConfig | None, markets: tuple[Market, ...]) -> None:
        """Follow the venue's markets of a new configuration; none when it is switched off."""
        mine = tuple(m for m in markets if m.venue == self.venue) if config else ()
        moved = self._config is None or _addresses(config) != _addresses(self._config)
        self._config, self._markets = config or self._config, mine
        if moved and config is not None:
            self._moved.set()
        elif self.feed is not None:
            self.feed.update(mine)

    async def run(self) -> None:
        """Delivers until cancelled, once there is a configuration."""
        await self._moved.wait()
        while True:
            self._moved.clear()
            await self._deliver()

    async def _deliver(self) -> None:
        config = self._config
        adapter = adapter_of(self.venue, self._worker.held)
        hosts = adapter.hosts | (config.hosts if config else {})
        worker = self._worker
        draws = partial(adapter.draws, tier=config.rate_tier if config else "")
        rates = Rates(self.venue, draws, worker.redis, worker.clock, job=False)
        async with Http(self.venue, hosts, rates=rates) as http:
            outside = Outside(
                worker.clock,
                worker.take,
                http,
                lambda: secrets.randbelow(1_000_001),
                limits=self._limits,
            )
            watch = VenueWatch(adapter, outside, worker.clocks, lambda: rates.waited)
            heard = msgspec.structs.replace(outside, emit=watch.heard)
            self.feed = _feed(adapter, self._markets, heard, config)
            self.watch = watch
            watch.follow(self.feed)
            delivering = asyncio.create_task(self.feed.run())
            watching = asyncio.create_task(watch.run())
            moved = asyncio.create_task(self._moved.wait())
            tasks: set[asyncio.Task[Any]] = {delivering, watching, moved}
            try:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.wait(tasks)

    def _limits(self) -> Limits:
        """What holds at the venue now."""
        state = self._worker.engine.state
        return state.venue_limits.get(self.venue, state.limits)

    def failed(self, reason: str) -> None:
        """A bug ended the feed: nothing of this venue may be believed until it delivers again."""
        self._worker.inbox.put(FeedDown(self._worker.clock.now(), self.venue, reason))


def _feed(
    adapter: Adapter, markets: tuple[Market, ...], outside: Outside, config: VenueConfig | None
) -> Feed | Lines:
    """One feed, or several raced where the venue's row asks for it."""
    urls = config.ws if config else ()
    if config is None or config.sockets == 1:
        return Feed(adapter, markets, outside, urls=urls)
    return Lines(adapter, markets, outside, count=config.sockets, urls=urls)


class _Source:
    """The engine as the publisher sees it."""

    def __init__(self, worker: _Worker) -> None:
        self._worker = worker

    def drain_dirty(self) -> list[RelationId]:
        return [r for r in self._worker.engine.drain_dirty() if r != selftest.RELATION]

    def picture(self, relation: RelationId) -> RelationPicture | None:
        return self._worker.engine.picture(relation, self._worker.clock.now())

    def overview(self) -> EnginePicture:
        worker = self._worker
        picture: EnginePicture = worker.engine.overview(worker.clock.now())
        return msgspec.structs.replace(
            picture, rejected=worker.watch.desk.rejected, events=worker.runner.seq
        )


class _Pictures:
    """Where pictures go: a hash in Redis for who opens a page, a group message for open ones."""

    def __init__(self) -> None:
        self._redis: Any = redis.asyncio.from_url(settings.REDIS_URL)
        self._layer: Any = get_channel_layer()
        self._begun = False

    async def send(self, batch: Batch) -> None:
        """Errors: `SendFailed` while Redis is away."""
        bodies = {p.id: msgspec.msgpack.encode(p) for p in batch.pictures}
        engine = msgspec.msgpack.encode(batch.engine) if batch.engine else None
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                if not self._begun:
                    pipe.delete(EDGES_KEY)
                if bodies:
                    pipe.hset(EDGES_KEY, mapping=bodies)
                if batch.gone:
                    pipe.hdel(EDGES_KEY, *batch.gone)
                if engine is not None:
                    pipe.set(ENGINE_KEY, engine)
                await pipe.execute()
            self._begun = True
            message = {
                "type": "live.pictures",
                "pictures": list(bodies.values()),
                "gone": list(batch.gone),
                "engine": engine,
            }
            await self._layer.group_send(GROUP, message)
        except redis.exceptions.RedisError as problem:
            raise SendFailed(str(problem)) from problem

    async def close(self) -> None:
        await self._redis.aclose()


def _refused(engine: Engine) -> str:
    """The gate that last refused the self-test's plan."""
    look = engine.state.looks.get(selftest.RELATION)
    return look.gate if look else ""


def _is_wanted(venue: str, wish: Wish) -> bool:
    return not wish.venues or venue in wish.venues


def _within(snapshot: Snapshot, wish: Wish) -> Snapshot:
    """It, with `exec_mode` no further than the command line allows, and only its venues."""
    mode = min(snapshot.exec_mode, wish.mode, key=_ORDER.index)
    venues = tuple(v for v in snapshot.venues if _is_wanted(v.id, wish))
    known = {v.id for v in venues}
    markets = tuple(m for m in snapshot.markets if m.venue in known)
    listed = {m.id for m in markets}
    relations = tuple(
        r for r in snapshot.relations if all(c.market in listed for c in r.relation.claims)
    )
    return msgspec.structs.replace(
        snapshot, exec_mode=mode, venues=venues, markets=markets, relations=relations
    )


def _addresses(config: VenueConfig | None) -> tuple[object, ...]:
    return (config.hosts, config.ws, config.sockets, config.rate_tier) if config else ()


def _on_paper(
    engine: Engine, clock: Clock, emit: Callable[[Event], None]
) -> tuple[PaperDesk, Twins]:
    """Trading on paper, and beside it, apart from it, the twins of live orders."""
    twins = Twins(
        Exchange({}, {}, _nets()), clock, emit, lambda request: is_twinned(engine.state, request)
    )
    return PaperDesk(_exchange(engine), clock, emit), twins


def _exchange(engine: Engine) -> Exchange:
    """The simulated exchange as the journal left it."""
    exchange = Exchange({}, {}, _nets())
    exchange.remember({o.request.id: o.filled for o in engine.state.orders.values()})
    return exchange


def _nets() -> frozenset[VenueId]:
    return frozenset(VenueId(v) for v in ADAPTERS if keyless_adapter(v).capabilities.nets)


def _paper_account(engine: Engine, venue: VenueConfig) -> Account:
    """What is left at a venue on paper: money begun with, less what fills cost, and shares."""
    cash = venue.paper_cash
    holdings: dict[tuple[MarketId, int], Qty] = {}
    for position in engine.state.positions.values():
        if position.book is BookKind.PAPER and venue_of(position.market) == venue.id:
            cash += position.realised - position.fees - sum(position.cost)
            holdings |= {(position.market, i): qty for i, qty in enumerate(position.qty)}
    return Account(Usd(cash), holdings)


async def _watched(task: asyncio.Task[None]) -> None:
    await task
