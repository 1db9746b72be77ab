"""The scribe against a real PostgreSQL: nothing of the journal is lost or written twice."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import msgspec
import psycopg
import pytest
from django.conf import settings
from django.db import OperationalError, connection
from django.utils import timezone

from markets.terms.units import Ns
from tests.fakes import START, ManualClock, request
from trading import models
from trading.duties import CommandRelay, ConfigWatch, Heartbeat, LeaseKeeper
from trading.engine.config import Snapshot
from trading.engine.events import ConfigChanged, Event, HealthReported, TimerFired
from trading.engine.intents import PlaceOrder
from trading.replay.records import SCHEMA, Checkpoint, Header
from trading.row_writer import RowWriter
from trading.runtime.clock import SystemClock
from trading.runtime.executor import Lease
from trading.runtime.journal import Journal, Rotation
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
    from_scribe,
)
from trading.runtime.segments import CorruptJournal, segments
from trading.runtime.watch import Watch
from trading.scribe import Database, Pipes, Scribe

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(settings.BASE_DIR)


def record(directory: Path, seqs: Iterable[int], rotation: Rotation | None = None) -> None:
    """A journal in which every event placed one order."""
    clock = ManualClock()
    with Journal(
        directory,
        Header(SCHEMA, "r1", START),
        lambda: Checkpoint(0, START, b""),
        clock,
        rotation or Rotation(),
    ) as journal:
        for seq in seqs:
            journal.append_event(seq, TimerFired(START, f"t{seq}"))
            journal.append_intents(seq, [PlaceOrder(START, request(f"o{seq}"))])
            journal.flush()


def written() -> list[str]:
    return list(models.Order.objects.order_by("pk").values_list("order_id", flat=True))


# --- rows -----------------------------------------------------------------------------------------


def test_the_journal_is_written_over_segments_and_another_writer_goes_on_where_it_ended(
    tmp_path: Path,
) -> None:
    record(tmp_path, range(1, 6), Rotation(size=1))
    first = RowWriter(tmp_path)
    while first.work(limit=3):
        pass
    record(tmp_path, range(6, 8))

    second = RowWriter(tmp_path)
    while second.work(limit=3):
        pass

    assert written() == [f"o{n}" for n in range(1, 8)]
    assert second.seq == 7
    assert second.work() == 0


def test_two_writers_at_once_share_one_position(tmp_path: Path) -> None:
    record(tmp_path, range(1, 4))
    one, other = RowWriter(tmp_path), RowWriter(tmp_path)
    one.work(limit=4)

    other.work()
    one.work()

    assert written() == ["o1", "o2", "o3"]
    assert models.JournalCursor.objects.get().seq == 3


# --- lease ----------------------------------------------------------------------------------------


def test_a_lease_is_held_by_one_and_refused_to_another_while_it_is_renewed() -> None:
    clock = ManualClock()
    ours, theirs = LeaseKeeper("main", "run-1", clock), LeaseKeeper("main", "run-2", clock)

    assert ours.renew() == LeaseHeld(Ns(START + 5_000_000_000))
    assert theirs.renew() is None
    ours.renew()

    lost = theirs.renew()
    assert isinstance(lost, LeaseLost)
    assert "run-1" in lost.reason


def test_a_lease_of_somebody_gone_is_taken_two_seconds_after_it_expired() -> None:
    clock = ManualClock()
    theirs = LeaseKeeper("main", "run-2", clock)
    row = models.Lease.objects.create(
        name="main", holder="run-1", expires_at=timezone.now() - timedelta(seconds=1)
    )
    assert theirs.renew() is None

    row.expires_at = timezone.now() - timedelta(seconds=2)
    row.save()

    assert isinstance(theirs.renew(), LeaseHeld)


def test_a_lease_given_back_is_free_at_once() -> None:
    clock = ManualClock()
    ours = LeaseKeeper("main", "run-1", clock)
    ours.renew()

    ours.release()

    assert isinstance(LeaseKeeper("main", "run-2", clock).renew(), LeaseHeld)


# --- configuration, commands, heartbeat -----------------------------------------------------------


def test_configuration_is_loaded_once_per_revision() -> None:
    loads: list[int] = []

    def load() -> tuple[int, bytes]:
        loads.append(1)
        return 0, b"snapshot"

    watch = ConfigWatch(load)

    assert watch.look() is not None
    assert watch.look() is None
    assert len(loads) == 1


def test_configuration_that_cannot_be_loaded_is_said_and_not_tried_again() -> None:
    def load() -> tuple[int, bytes]:
        raise ValueError("market kalshi:A has no ticks")

    watch = ConfigWatch(load)

    assert watch.look() is None
    assert watch.problem == "Revision 0 cannot be loaded: market kalshi:A has no ticks"
    assert watch.look() is None


def test_a_command_is_handed_over_once_and_again_by_a_scribe_that_started_anew() -> None:
    row = models.Command.objects.create(kind="halt", author="ann", reason="look")
    relay = CommandRelay(ManualClock())
    said = relay.look(caught_up=False)
    relay.told(said)
    assert [c.id for c in said] == [row.pk]
    assert relay.look(caught_up=False) == []

    anew = CommandRelay(ManualClock())

    assert anew.look(caught_up=False) == []
    assert [c.id for c in anew.look(caught_up=True)] == [row.pk]
    assert anew.look(caught_up=True) == []


def test_the_heartbeat_keeps_what_the_trading_process_said() -> None:
    heartbeat = Heartbeat("main", ManualClock())
    heartbeat.write("")
    assert not models.WorkerHeartbeat.objects.exists()
    body = msgspec.msgpack.encode({"run": "r1", "mode": "paper", "revision": 7, "at": 1})

    heartbeat.heard(Status(body))
    heartbeat.write("Revision 8 cannot be loaded: no ticks")

    row = models.WorkerHeartbeat.objects.get()
    assert (row.run, row.mode, row.revision_running) == ("r1", "paper", 7)
    assert row.rejected == ["Revision 8 cannot be loaded: no ticks"]


# --- database away --------------------------------------------------------------------------------


def test_a_database_that_is_away_is_said_once_and_tried_with_growing_pauses() -> None:
    clock = ManualClock()
    said: list[FromScribe] = []
    tries: list[int] = []
    database = Database(clock, said.append)

    def work() -> None:
        tries.append(1)
        if len(tries) < 3:
            raise OperationalError("connection refused")

    assert not database.attempt(work)
    assert not database.attempt(work)
    assert len(tries) == 1
    clock.advance(200)
    assert not database.attempt(work)
    clock.advance(399)
    assert not database.attempt(work)
    assert len(tries) == 2
    clock.advance(1)
    assert database.attempt(work)

    assert [(m.component, m.ok) for m in said if isinstance(m, Health)] == [
        ("database", False),
        ("database", True),
    ]


def test_rows_go_on_after_the_server_dropped_the_connection(tmp_path: Path) -> None:
    record(tmp_path, range(1, 4))
    clock = ManualClock()
    said: list[FromScribe] = []
    database = Database(clock, said.append)
    writer = RowWriter(tmp_path)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        ours = cursor.fetchone()[0]
    other = psycopg.connect(**connection.get_connection_params(), autocommit=True)
    with other:
        other.execute("SELECT pg_terminate_backend(%s)", [ours])

    assert not database.attempt(writer.work)
    clock.advance(200)
    assert database.attempt(writer.work)

    assert written() == ["o1", "o2", "o3"]
    assert [m.ok for m in said if isinstance(m, Health)] == [False, True]


# --- the process itself ---------------------------------------------------------------------------


@pytest.fixture
def scribe_argv(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """How to start a scribe on the test's database."""
    db = settings.DATABASES["default"]
    address = f"{db['HOST']}:{db['PORT']}/{db['NAME']}"
    login = f"{quote(db['USER'])}:{quote(db['PASSWORD'])}"
    monkeypatch.setenv("DATABASE_URL", f"postgresql://{login}@{address}")
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "arbsite.settings")
    return [
        sys.executable,
        str(ROOT / "manage.py"),
        "scribe",
        "--journal",
        str(tmp_path),
        "--holder",
        "run-1",
    ]


def watching(argv: list[str], events: list[Event], lease: Lease) -> Watch:
    return Watch(argv, events.append, lambda: b"\x80", SystemClock(), lease)


async def one_whole_life(watch: Watch) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(watch.run())
        async with asyncio.timeout(30):
            assert await watch.started() == ""
            await watch.desk.configured.wait()
        await watch.stop()


def test_a_scribe_takes_the_lease_hands_over_the_configuration_and_empties_the_journal(
    tmp_path: Path, scribe_argv: list[str]
) -> None:
    record(tmp_path, range(1, 1201))
    events: list[Event] = []
    lease = Lease()
    watch = watching(scribe_argv, events, lease)

    asyncio.run(one_whole_life(watch))

    assert models.Order.objects.count() == 1200
    # A busy machine may hear of a late scribe besides.
    (told,) = [event for event in events if not isinstance(event, HealthReported)]
    assert isinstance(told, ConfigChanged)
    assert isinstance(told.snapshot, Snapshot)
    assert models.Lease.objects.get().expires_at < timezone.now()


@pytest.mark.parametrize("point", ["before_commit", "after_commit"])
def test_a_scribe_killed_around_a_commit_loses_and_doubles_nothing(
    tmp_path: Path, scribe_argv: list[str], monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    record(tmp_path, range(1, 1201))
    events: list[Event] = []
    died = asyncio.Event()

    def hear(event: Event) -> None:
        events.append(event)
        if isinstance(event, HealthReported) and not event.ok:
            died.set()

    async def killed_life() -> None:
        watch = Watch(scribe_argv, hear, lambda: b"\x80", SystemClock(), Lease())
        running = asyncio.create_task(watch.run())
        async with asyncio.timeout(30):
            await died.wait()
        running.cancel()

    monkeypatch.setenv("ARBSITE_CRASH_AT", f"{point}:2")
    asyncio.run(killed_life())
    assert models.Order.objects.count() < 1200
    monkeypatch.delenv("ARBSITE_CRASH_AT")

    asyncio.run(one_whole_life(watching(scribe_argv, [], Lease())))

    assert models.Order.objects.count() == 1200
    assert models.JournalCursor.objects.get().seq == 1200


def test_a_scribe_whose_trading_process_is_killed_empties_the_journal_and_ends(
    tmp_path: Path, scribe_argv: list[str]
) -> None:
    record(tmp_path, range(1, 301))

    async def life() -> int:
        process = await asyncio.create_subprocess_exec(
            *scribe_argv, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        async with asyncio.timeout(30):
            await process.communicate(b"")
        return process.returncode or 0

    assert asyncio.run(life()) == 0
    assert models.Order.objects.count() == 300


class Partner(threading.Thread):
    """The trading process's end of the pipes: notes what it hears and answers each kind once."""

    def __init__(self, replies: dict[type[FromScribe], list[FromWorker]], last: str) -> None:
        super().__init__(daemon=True)
        self.heard: list[FromScribe] = []
        self._replies = dict(replies)
        self._last = last
        self._inward, outward = os.pipe()
        inward, self._outward = os.pipe()
        self._theirs = (inward, outward)
        self.pipes = Pipes(inward, outward)

    def run(self) -> None:
        frames = Frames()
        while data := os.read(self._inward, 1 << 16):
            for body in frames.fed(data):
                self._hear(from_scribe(body))

    def _hear(self, message: FromScribe) -> None:
        self.heard.append(message)
        for reply in self._replies.pop(type(message), []):
            os.write(self._outward, encode_frame(reply))
        enough = isinstance(message, Beat) and message.cursor == 3
        if not self._replies and enough and self._last:
            if self._last == "stop":
                os.write(self._outward, encode_frame(Stop()))
            else:
                os.close(self._outward)
            self._last = ""

    def end(self) -> None:
        """Closes the scribe's ends, and waits."""
        for fd in self._theirs:
            os.close(fd)
        self.join()


@pytest.mark.parametrize(("last", "is_free"), [("stop", True), ("close", False)])
def test_everything_is_handed_over_and_the_lease_is_given_back_only_by_an_orderly_end(
    tmp_path: Path, last: str, is_free: bool
) -> None:
    record(tmp_path, range(1, 4))
    row = models.Command.objects.create(kind="halt", author="ann", reason="look")
    status = Status(msgspec.msgpack.encode({"run": "r1", "mode": "paper", "revision": 7}))
    partner = Partner(
        {LeaseHeld: [status], ConfigLoaded: [Applied(7, ("no",))], CommandArrived: []}, last
    )
    scribe = Scribe(tmp_path, "main", "run-1", partner.pipes, SystemClock(), lambda: (0, b"\x80"))
    partner.start()

    scribe.run()
    partner.end()

    assert written() == ["o1", "o2", "o3"]
    assert CommandArrived(row.pk, "halt", "", "ann", "look") in partner.heard
    row.refresh_from_db()
    assert row.state == "sent"
    lease = models.Lease.objects.get()
    assert (lease.expires_at < timezone.now()) == is_free


def test_a_damaged_journal_ends_the_scribe_with_its_sentence(tmp_path: Path) -> None:
    record(tmp_path, range(1, 4))
    (path,) = segments(tmp_path)
    damaged = bytearray(path.read_bytes())
    damaged[12] ^= 1
    path.write_bytes(damaged)
    partner = Partner({}, "")
    scribe = Scribe(tmp_path, "main", "run-1", partner.pipes, SystemClock(), lambda: (0, b"\x80"))
    partner.start()

    with pytest.raises(CorruptJournal, match="is damaged"):
        scribe.run()
    partner.end()
