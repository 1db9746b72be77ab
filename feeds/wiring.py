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
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import msgspec
import structlog
import uvloop
from django.conf import settings
from django.db import connections

from feeds.api_keys import with_api_key
from feeds.credentials import BadCredentials, adapter_of, load
from feeds.keyring import Stored
from feeds.paper import on_paper, paper_account
from feeds.pictures import Pictures
from feeds.runtime.clocks import Clocks
from feeds.runtime.gateways import PaperDesk
from feeds.runtime.live_venue import PATIENCE, Around, LiveVenue
from feeds.runtime.rates import Rates, client_of
from feeds.runtime.selftest import SelfTest
from feeds.runtime.stream import Stream, Surroundings
from feeds.runtime.supervisor import Supervisor
from feeds.runtime.truths import TruthTeller
from feeds.runtime.twins import Twins
from feeds.sim.exchange import Account
from feeds.venues import ADAPTERS
from feeds.venues.base import Adapter
from feeds.wish import MONEY
from feeds.wish import Wish as Wish
from markets.terms.ids import RelationId, RunId, VenueId, venue_of
from markets.terms.units import MS, SECOND, Ns, Usd
from risk.gates.chain import Chain
from trading.engine import selftest
from trading.engine.config import Limits, Mode, Snapshot
from trading.engine.deals import ACTIVE
from trading.engine.engine import Engine
from trading.engine.events import (
    ConfigChanged,
    Event,
    HealthReported,
    MarketSettled,
    RunStarted,
)
from trading.engine.orders import BookKind
from trading.engine.pictures import EnginePicture, RelationPicture, VenueTruth
from trading.engine.reconcile import agrees
from trading.journal_place import journal_directory
from trading.replay.records import SCHEMA, Header
from trading.runtime import crash
from trading.runtime.clock import SystemClock
from trading.runtime.executor import Executor, Lease
from trading.runtime.gateway import Gateway
from trading.runtime.inbox import Inbox
from trading.runtime.journal import DiskGuard, Journal, recover
from trading.runtime.publish import Publisher
from trading.runtime.runner import Resumed, Runner, resume
from trading.runtime.watch import Watch

_GRACE = Ns(5 * SECOND)

log = structlog.get_logger("worker")


class CannotStart(Exception):
    """Why the worker does not start, and what to do, in one sentence."""


def run(wish: Wish) -> int:
    """Runs the worker until a signal; returns its exit code. Errors: `CannotStart`."""
    if wish.mode in MONEY and not settings.LIVE_ALLOWED:
        veto = "unset DRY_RUN" if settings.DRY_RUN else "set LIVE=1"
        raise CannotStart(f"--mode {wish.mode.value} needs LIVE=1 without DRY_RUN=1; {veto} first.")
    try:
        held = load()
        for venue in ADAPTERS:
            adapter_of(venue, held)
    except BadCredentials as problem:
        raise CannotStart(str(problem)) from None
    if wish.mode in MONEY:
        held = with_api_key(held)
    connections.close_all()
    with _only_one(journal_directory()), asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
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
        recovered = recover(journal_directory())
        checkpoint = recovered.checkpoint
        self.engine = Engine.load(checkpoint.state, Chain()) if checkpoint else Engine(Chain())
        self.resumed: Resumed = resume(self.engine, recovered)
        self.cut = recovered.cut
        self.clock = SystemClock(self.resumed.at)
        self.run_id = RunId(f"{self.clock.now() // SECOND:x}{secrets.token_hex(2)}")
        self.inbox = Inbox(self.resumed.at)
        self.lease = Lease(required=wish.lease)
        self.desk, self.twins = on_paper(self.engine, self.clock, self.inbox.put)
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
        self.pictures = Pictures()
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
        around = Surroundings(
            self.clock,
            self.take,
            self.inbox.put,
            self.clocks,
            self.redis,
            lambda venue: adapter_of(venue, held),
            self._limits,
        )
        self.streams = {venue: Stream(venue, around) for venue in ADAPTERS if wish.wants(venue)}

    def _limits(self, venue: VenueId) -> Limits:
        """What holds at a venue now."""
        state = self.engine.state
        return state.venue_limits.get(venue, state.limits)

    @property
    def simulated(self) -> tuple[PaperDesk | Twins, ...]:
        """The simulated exchanges that follow the venues."""
        return (self.desk, self.twins) if self.wish.mode is Mode.BOTH else (self.desk,)

    def _transitions(self) -> crash.Transitions | None:
        if not crash.planned():
            return None
        return crash.Transitions(lambda: self.engine.state.orders, self.engine.state.deals)

    def _venues_with_money(self) -> tuple[VenueId, ...]:
        if self.wish.mode not in MONEY:
            return ()
        return tuple(VenueId(venue) for venue in ADAPTERS if self.wish.wants(venue))

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
        with Journal(journal_directory(), header, self.runner.checkpoint, self.clock) as journal:
            self.journal = journal
            DiskGuard(journal_directory(), self.clock, self.inbox.put).look()
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
            snapshot = self.wish.of(event.snapshot)
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
            account = paper_account(self.engine, venue)
            exchange.open_account(venue.id, account, venue.paper_latency_ms)
            self.twins.exchange.open_account(venue.id, Account(Usd(0), {}), venue.paper_latency_ms)
            self.gateways[venue.id, BookKind.PAPER] = self.desk
            self.inbox.put(exchange.statement(venue.id, self.clock.now()))
        configured = {venue.id: venue for venue in snapshot.venues}
        for stream in self.streams.values():
            stream.apply(configured.get(stream.venue), snapshot.markets)
        for live in self.lives.values():
            live.apply(configured.get(live.venue), snapshot.markets)


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


def _refused(engine: Engine) -> str:
    """The gate that last refused the self-test's plan."""
    look = engine.state.looks.get(selftest.RELATION)
    return look.gate if look else ""


async def _watched(task: asyncio.Task[None]) -> None:
    await task
