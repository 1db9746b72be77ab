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

import redis
import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.utils.module_loading import import_string

from markets.terms.units import MS, SECOND, Ns
from trading.duties import (
    CommandRelay,
    ConfigWatch,
    Heartbeat,
    Hints,
    LeaseKeeper,
    Loader,
    MinuteKeeper,
    ProposalRelay,
    loaded_stats_ms,
)
from trading.row_writer import RowWriter
from trading.runtime.clock import Clock
from trading.runtime.crash import crash_point
from trading.runtime.messages import (
    Applied,
    Beat,
    Frames,
    FromScribe,
    FromWorker,
    Health,
    Status,
    Stop,
    encode_frame,
    from_worker,
)
from trading.runtime.segments import (
    Keep,
    pack_oldest,
    prune,
)

LOG = structlog.get_logger(__name__)
AWAY = (OperationalError, InterfaceError)
PAUSE_S = 0.05
FIRST_RETRY = 200 * MS
LONGEST_RETRY = 5 * SECOND
DRAIN_S = 25.0
HOUSEKEEPING_S = 30.0

Say = Callable[[FromScribe], None]


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

    def every(self, period: int) -> None:
        """Makes it due so often from the last time on."""
        self._due = Ns(self._due - self._period + period)
        self._period = period

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
        self._proposals = ProposalRelay(clock)
        self._heartbeat = Heartbeat(name, clock)
        self._minutes = MinuteKeeper(name, clock)
        self._hints = Hints(settings.REDIS_URL)
        self._beat = Every(clock, 250 * MS)
        self._second = Every(clock, SECOND)
        self._minute = Every(clock, 60 * SECOND)
        # The first minute begins now: there is nothing to count yet.
        self._minute.is_due()
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
        if self._minute.is_due():
            self._database.attempt(self._each_minute)
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

    def _each_minute(self) -> None:
        if self._lease.held:
            self._minutes.write(self._heartbeat.picture, self._tail.seq)

    def _configuration(self) -> None:
        loaded = self._config.look()
        if loaded is not None:
            self._minute.every(loaded_stats_ms(loaded.body) * MS)
            self._pipes.say(loaded)

    def _relay(self) -> None:
        if not self._lease.held:
            return
        proposals = self._proposals.look()
        for proposal in proposals:
            self._pipes.say(proposal)
        self._proposals.told(proposals)
        commands = self._commands.look(caught_up=self._tail.caught_up)
        if not commands:
            return
        crash_point("before_relay")
        for command in commands:
            self._pipes.say(command)
        crash_point("after_relay")
        self._commands.told(commands)
        crash_point("after_told")


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
