"""The trading process's hands in the database: a process of its own, joined to it by two pipes.

One thread brings the journal into rows; the other renews the lease, hands over configuration and
commands, writes the heartbeat and beats. Nothing is lost with either process: the journal is the
outbox, and its position moves with the rows. While the database is away both threads try again with
growing pauses and say so. The end of standard input means that the trading process is gone: the
journal is brought into rows to its end, then this process ends too.
"""

from __future__ import annotations

import os
import select
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import redis
import structlog
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils.module_loading import import_string

from markets import selectors as market_selectors
from markets.moments import moment
from markets.revisions import HINT_CHANNEL
from markets.terms.units import MS, SECOND, Ns
from trading import store
from trading.runtime.clock import Clock
from trading.runtime.crash import crash_point
from trading.runtime.messages import (
    Applied,
    Beat,
    CommandArrived,
    ConfigLoaded,
    Frames,
    FromScribe,
    FromWorker,
    Health,
    LeaseHeld,
    LeaseLost,
    Status,
    Stop,
    encode_frame,
    from_worker,
)
from trading.runtime.segments import (
    Keep,
    Position,
    follow,
    name_of,
    pack_oldest,
    prune,
    segments,
)

LOG = structlog.get_logger(__name__)
AWAY = (OperationalError, InterfaceError)
LEASE_TIME = 5 * SECOND
BATCH = 500
PAUSE_S = 0.05
FIRST_RETRY = 200 * MS
LONGEST_RETRY = 5 * SECOND
DRAIN_S = 25.0
HOUSEKEEPING_S = 30.0

Say = Callable[[FromScribe], None]
Loader = Callable[[], tuple[int, bytes]]


# --- duties, each one call that does what is due now ----------------------------------------------


class RowWriter:
    """Brings the journal of `directory` into rows, in batches of one transaction each."""

    def __init__(self, directory: Path, cursor: str = "journal") -> None:
        self.directory = directory
        self._cursor = cursor
        self._names = store.Names()
        self._position: Position | None = None
        self.seq = 0

    def work(self, limit: int = BATCH) -> int:
        """Writes what is new, at most `limit` records; how many there were.

        Errors: those of `AWAY` while the database is away, `CorruptJournal`.
        """
        if self._position is not None and not follow(self.directory, self._position, 1):
            return 0
        with transaction.atomic():
            cursor = store.read_cursor(self._cursor, lock=True)
            found = follow(self.directory, self._begin(cursor), limit)
            deals = store.write((record for _, record in found), self._names)
            if found:
                position, record = found[-1]
                cursor = store.Cursor(
                    position.segment, position.offset, getattr(record, "seq", cursor.seq)
                )
                store.move_cursor(self._cursor, cursor)
            crash_point("before_commit")
        crash_point("after_commit")
        self._position = Position(cursor.segment, cursor.offset)
        self.seq = cursor.seq
        if deals:
            tell_pages(deals)
        return len(found)

    @property
    def position(self) -> Position:
        """How far the rows are written."""
        return self._position or Position()

    def _begin(self, cursor: store.Cursor) -> Position:
        newest = segments(self.directory)[-1:]
        if newest and name_of(newest[0]) < cursor.segment:
            LOG.warning("journal was replaced", was=cursor.segment)
            return Position()
        return Position(cursor.segment, cursor.offset)


def tell_pages(deals: list[str]) -> None:
    """Says on the channel layer which deals changed; without Redis pages find out when asked."""
    layer = get_channel_layer()
    if layer is None:
        return
    try:
        async_to_sync(layer.group_send)("live", {"type": "live.deals", "deals": deals})
    except (redis.RedisError, OSError) as problem:
        LOG.info("deals not announced", problem=type(problem).__name__)


class LeaseKeeper:
    """The right to trade, one row renewed by compare-and-set.

    A lease of somebody who is gone is waited for until 2 s after it expired; one that is renewed
    meanwhile is somebody else's.
    """

    def __init__(self, name: str, holder: str, clock: Clock) -> None:
        self.name = name
        self.holder = holder
        self._clock = clock
        self._seen: Any = None
        self.held = False

    def renew(self) -> LeaseHeld | LeaseLost | None:
        """The lease for five more seconds, why not, or nothing while it is waited for."""
        asked_at = self._clock.now()
        with connection.cursor() as cursor:
            cursor.execute(_RENEW, [self.name, self.holder])
            if cursor.fetchone() is not None:
                self.held = True
                return LeaseHeld(Ns(asked_at + LEASE_TIME))
            cursor.execute(_HOLDER, [self.name])
            row = cursor.fetchone()
        if row is None:
            return None
        waits = not self.held and self._seen in (None, row)
        self._seen = row
        self.held = False
        if waits:
            return None
        return LeaseLost(
            f"Another trading process ({row[0]}) holds the lease {self.name}; stop it first."
        )

    def release(self) -> None:
        """Gives it back, so that a successor need not wait."""
        with connection.cursor() as cursor:
            cursor.execute(_RELEASE, [self.name, self.holder])


_RENEW = """
INSERT INTO trading_lease (name, holder, expires_at)
VALUES (%s, %s, clock_timestamp() + interval '5 seconds')
ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
WHERE trading_lease.holder = excluded.holder
   OR trading_lease.expires_at + interval '2 seconds' < clock_timestamp()
RETURNING holder
"""
_HOLDER = "SELECT holder, expires_at FROM trading_lease WHERE name = %s"
_RELEASE = """
UPDATE trading_lease SET expires_at = clock_timestamp() - interval '3 seconds'
WHERE name = %s AND holder = %s
"""


class ConfigWatch:
    """Sees that something was saved, and loads it.

    `problem` says why the newest cannot be loaded.
    """

    def __init__(self, load: Loader) -> None:
        self._load = load
        self._known = -1
        self.problem = ""

    def look(self) -> ConfigLoaded | None:
        """The saved configuration when it is another than last time."""
        newest = market_selectors.last_revision_number()
        if newest == self._known:
            return None
        try:
            revision, body = self._load()
        except (ValueError, msgspec.MsgspecError) as problem:
            self._known = newest
            self.problem = f"Revision {newest} cannot be loaded: {problem}"
            return None
        self._known, self.problem = revision, ""
        return ConfigLoaded(revision, body)


class CommandRelay:
    """Hands over what people asked for.

    What an earlier scribe may have handed over is said again, once the journal has told which of
    them are done; the trading process knows a command by its id.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._repeated = False

    def look(self, *, caught_up: bool) -> list[CommandArrived]:
        """New commands, oldest first."""
        again = caught_up and not self._repeated
        rows = store.waiting_commands(with_sent=again)
        self._repeated = self._repeated or caught_up
        return rows

    def told(self, commands: list[CommandArrived]) -> None:
        """They are on their way."""
        if commands:
            store.mark_sent([c.id for c in commands], moment(self._clock.now()))


class _Told(msgspec.Struct):
    run: str = ""
    mode: str = ""
    revision: int = 0


class Heartbeat:
    """What the trading process last said of itself, as a row."""

    def __init__(self, name: str, clock: Clock) -> None:
        self._name = name
        self._clock = clock
        self._picture: bytes | None = None
        self._told = _Told()
        self._rejected: tuple[str, ...] = ()

    def heard(self, message: Applied | Status) -> None:
        """Takes a message of the trading process in."""
        match message:
            case Applied(revision=revision, rejected=rejected):
                self._told.revision = revision
                self._rejected = rejected
            case Status(body=body):
                self._picture = body
                self._told = msgspec.msgpack.decode(body, type=_Told)

    def write(self, problem: str) -> None:
        """The row as of now; `problem` is why the newest configuration could not even be loaded."""
        if self._picture is None:
            return
        store.write_heartbeat(
            self._name,
            at=moment(self._clock.now()),
            run=self._told.run,
            mode=self._told.mode,
            revision_running=self._told.revision,
            rejected=[*self._rejected, *([problem] if problem else [])],
            picture=self._picture,
            pid=os.getppid(),
        )


class Hints:
    """Word on Redis that something was saved. It may be missing: everything is asked for anyway."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._listener: redis.client.PubSub | None = None

    def any(self) -> bool:
        """Whether a hint came since the last call."""
        try:
            if self._listener is None:
                server = redis.Redis.from_url(
                    self._url, socket_timeout=0.5, socket_connect_timeout=0.5
                )
                self._listener = server.pubsub(  # type: ignore[no-untyped-call]
                    ignore_subscribe_messages=True
                )
                self._listener.subscribe(HINT_CHANNEL)
            found = False
            while self._listener.get_message(timeout=0) is not None:
                found = True
        except (redis.RedisError, OSError):
            self._listener = None
            raise
        return found


# --- the two threads ------------------------------------------------------------------------------


class Database:
    """Whether it is there, and when it is worth trying again. One per thread."""

    def __init__(self, clock: Clock, say: Say) -> None:
        self._clock = clock
        self._say = say
        self._pause = FIRST_RETRY
        self._again_at = Ns(0)
        self._away = False

    def attempt(self, work: Callable[[], Any]) -> bool:
        """Does `work` unless it is too early to try again; whether it was done."""
        if self._clock.now() < self._again_at:
            return False
        try:
            work()
        except AWAY as problem:
            connection.close()
            self._again_at = Ns(self._clock.now() + self._pause)
            self._pause = min(2 * self._pause, LONGEST_RETRY)
            if not self._away:
                self._away = True
                self._say(Health("database", ok=False, text=f"The database is away: {problem}"))
            return False
        self._pause = FIRST_RETRY
        if self._away:
            self._away = False
            self._say(Health("database", ok=True, text="The database is back."))
        return True


class Tail(threading.Thread):
    """Brings the journal into rows until told to end; then to the journal's end, if it can be
    reached in time.
    """

    def __init__(self, writer: RowWriter, database: Database) -> None:
        super().__init__(name="journal-tail")
        self._writer = writer
        self._database = database
        self._ending = threading.Event()
        self._at_once = False
        self.caught_up = False
        self.problem: BaseException | None = None

    @property
    def seq(self) -> int:
        """Number of the last event in rows."""
        return self._writer.seq

    def finish(self, *, at_once: bool) -> None:
        """Ends after this batch, or after all that is in the journal."""
        self._at_once = at_once
        self._ending.set()

    def run(self) -> None:
        try:
            self._work()
        except BaseException as problem:  # told to the other thread, which ends the process with it
            self.problem = problem
        finally:
            connection.close()

    def _work(self) -> None:
        tries = int(DRAIN_S / PAUSE_S)
        while tries > 0 and not (self._ending.is_set() and self._at_once):
            written = 0

            def batch() -> None:
                nonlocal written
                written = self._writer.work()

            done = self._database.attempt(batch)
            if done and written == 0:
                self.caught_up = True
                if self._ending.is_set():
                    return
            if not done or written == 0:
                tries -= self._ending.is_set()
                self._pause()

    def _pause(self) -> None:
        if self._ending.is_set():
            threading.Event().wait(PAUSE_S)
        else:
            self._ending.wait(PAUSE_S)


class Housekeeper(threading.Thread):
    """Packs segments whose rows are written and removes what is too old; ends with the process."""

    def __init__(self, writer: RowWriter, clock: Clock, keep: Keep) -> None:
        super().__init__(name="journal-housekeeper", daemon=True)
        self._writer = writer
        self._clock = clock
        self._keep = keep

    def run(self) -> None:
        pause = threading.Event()
        while not pause.wait(HOUSEKEEPING_S):
            self.tidy()

    def tidy(self) -> None:
        """Everything that can be done now."""
        directory = self._writer.directory
        try:
            while pack_oldest(directory, self._writer.position) is not None:
                pass
            prune(directory, self._clock.now(), self._keep)
        except FileNotFoundError:
            # Another scribe, not yet gone, tidied the same file.
            LOG.info("journal tidied by another scribe")


class Pipes:
    """The two pipes; whole messages, from either thread."""

    def __init__(self, inward: int, outward: int) -> None:
        self._inward = inward
        self._outward = outward
        self._frames = Frames()
        self._lock = threading.Lock()
        self.ended = False

    def say(self, message: FromScribe) -> None:
        """Sends a message; a reader that is gone ends the conversation."""
        data = memoryview(encode_frame(message))
        with self._lock:
            try:
                while data:
                    data = data[os.write(self._outward, data) :]
            except BrokenPipeError:
                self.ended = True

    def hear(self, seconds: float) -> list[FromWorker]:
        """What came within so long."""
        ready, _, _ = select.select([self._inward], [], [], seconds)
        if not ready:
            return []
        data = os.read(self._inward, 1 << 16)
        self.ended = self.ended or not data
        return [from_worker(body) for body in self._frames.fed(data)]


class Every:
    """When something is due again."""

    def __init__(self, clock: Clock, period: int) -> None:
        self._clock = clock
        self._period = period
        self._due = Ns(0)

    def is_due(self) -> bool:
        """Whether its time has come; then it is due again a period later."""
        now = self._clock.now()
        if now < self._due:
            return False
        self._due = Ns(now + self._period)
        return True

    def hurry(self) -> None:
        """Makes it due now."""
        self._due = Ns(0)


class Scribe:
    """The process: everything above, in step."""

    def __init__(
        self,
        directory: Path,
        name: str,
        holder: str,
        pipes: Pipes,
        clock: Clock,
        load: Loader | None = None,
    ) -> None:
        self._clock = clock
        self._pipes = pipes
        self._database = Database(clock, pipes.say)
        writer = RowWriter(directory)
        self._tail = Tail(writer, Database(clock, pipes.say))
        self._housekeeper = Housekeeper(writer, clock, Keep())
        self._lease = LeaseKeeper(name, holder, clock)
        self._config = ConfigWatch(load or snapshot_loader())
        self._commands = CommandRelay(clock)
        self._heartbeat = Heartbeat(name, clock)
        self._hints = Hints(settings.REDIS_URL)
        self._beat = Every(clock, 250 * MS)
        self._second = Every(clock, SECOND)
        self._half = Every(clock, SECOND // 2)
        self._quick = Every(clock, 250 * MS)
        self._listen = Every(clock, 50 * MS)
        self._terminated = False
        self._stopped = False

    def terminate(self) -> None:
        """Ends after the batch that is under way."""
        self._terminated = True

    def run(self) -> None:
        """Works until the trading process says stop or is gone, or until terminated.

        Errors: `CorruptJournal`, and whatever else ended the journal's thread.
        """
        self._tail.start()
        self._housekeeper.start()
        try:
            while not (self._terminated or self._stopped or self._pipes.ended):
                self._hear()
                self._work()
                if self._tail.problem is not None:
                    raise self._tail.problem
        finally:
            self._tail.finish(at_once=self._terminated)
            self._tail.join()
        if self._tail.problem is not None:
            raise self._tail.problem
        if self._stopped:
            self._database.attempt(self._lease.release)

    def _hear(self) -> None:
        for message in self._pipes.hear(PAUSE_S):
            match message:
                case Applied() | Status():
                    self._heartbeat.heard(message)
                case Stop():
                    self._stopped = True

    def _work(self) -> None:
        if self._beat.is_due():
            self._pipes.say(Beat(self._clock.now(), self._tail.seq))
        self._listen_for_hints()
        if self._second.is_due():
            self._database.attempt(self._each_second)
        if self._half.is_due():
            self._database.attempt(self._configuration)
        if self._quick.is_due():
            self._database.attempt(self._relay)

    def _listen_for_hints(self) -> None:
        if not self._listen.is_due():
            return
        try:
            hinted = self._hints.any()
        except (redis.RedisError, OSError):
            self._listen = Every(self._clock, 2 * SECOND)
            self._listen.is_due()
            return
        self._listen = Every(self._clock, 50 * MS)
        self._listen.is_due()
        if hinted:
            self._half.hurry()
            self._quick.hurry()

    def _each_second(self) -> None:
        word = self._lease.renew()
        if word is not None:
            self._pipes.say(word)
        if self._lease.held:
            self._heartbeat.write(self._config.problem)

    def _configuration(self) -> None:
        loaded = self._config.look()
        if loaded is not None:
            self._pipes.say(loaded)

    def _relay(self) -> None:
        if not self._lease.held:
            return
        commands = self._commands.look(caught_up=self._tail.caught_up)
        for command in commands:
            self._pipes.say(command)
        self._commands.told(commands)


def snapshot_loader() -> Loader:
    """The function that reads the whole configuration; it lives in an app that this one must not
    import.
    """
    path = getattr(settings, "SCRIBE_SNAPSHOT_LOADER", "feeds.snapshot.encoded_snapshot")
    loader: Loader = import_string(path)
    return loader


def serve(directory: Path, name: str, holder: str, clock: Clock) -> None:
    """Runs a scribe on this process's standard input and output.

    Nothing else may write to standard output from here on, so it is moved to standard error.
    """
    outward = os.dup(1)
    os.dup2(2, 1)
    # A hanging connection attempt must not outlast the silence the trading process tolerates.
    options: dict[str, Any] = settings.DATABASES["default"].setdefault("OPTIONS", {})
    options.setdefault("connect_timeout", 2)
    scribe = Scribe(directory, name, holder, Pipes(0, outward), clock)
    signal.signal(signal.SIGTERM, lambda *_: scribe.terminate())
    # Ctrl-C reaches the whole terminal; the trading process ends in order and closes the pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    scribe.run()
