"""Writes the append-only record of everything the engine was told and answered.

A segment (see `segments`) is named by its first event, begins with a header and a checkpoint, and
appears under its name only together with its first event. `flush` hands everything to the operating
system, which survives `kill -9`; a thread of its own syncs it to the disk within 5 ms, never the
loop.
"""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from markets.terms.units import SECOND, Ns
from trading.engine.events import Event, HealthReported
from trading.engine.intents import Intent
from trading.replay.records import Checkpoint, EventRecord, Header, IntentsRecord, Record
from trading.runtime.clock import Clock, sleep
from trading.runtime.crash import crash_point, die, is_due
from trading.runtime.segments import SUFFIX, UNFINISHED, frame, read_segment
from trading.runtime.segments import recover as recover

FREE_FLOOR = 1 << 30
_BUFFER = 256 << 10
_COALESCE_S = 0.002


class JournalFailed(Exception):
    """The journal cannot be written: nothing may leave any more."""


class Rotation(msgspec.Struct, frozen=True):
    """When a segment is full. Ten minutes keep recovery to seconds; the design allows an hour."""

    size: int = 256 << 20
    age: Ns = Ns(600 * SECOND)


class _Syncer(threading.Thread):
    """Brings what was written to the disk, and closes full segments."""

    def __init__(self) -> None:
        super().__init__(name="journal-sync", daemon=True)
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._dirty: int | None = None
        self._full: list[int] = []
        self._stopping = False
        self.problem: OSError | None = None

    def written(self, fd: int) -> None:
        with self._lock:
            self._dirty = fd
        # Waking a thread that is awake already costs as much as the rest of a flush.
        if not self._wake.is_set():
            self._wake.set()

    def retire(self, fd: int) -> None:
        with self._lock:
            self._full.append(fd)
            self._dirty = None
        self._wake.set()

    def stop(self) -> None:
        self._stopping = True
        self._wake.set()
        self.join()

    def run(self) -> None:
        while self.problem is None:
            self._wake.wait()
            self._wake.clear()
            last = self._stopping
            try:
                self._sync()
            except OSError as problem:
                self.problem = problem
            if last:
                return
            sleep(_COALESCE_S)

    def _sync(self) -> None:
        with self._lock:
            dirty, full = self._dirty, self._full
            self._dirty, self._full = None, []
        for fd in full:
            os.fdatasync(fd)
            os.close(fd)
        if dirty is not None:
            os.fdatasync(dirty)


class Journal:
    """The writer. One per directory; `append_*` and `flush` are called from one thread.

    `checkpoint` is asked, between two events, for the state a new segment begins with. `header` is
    what each segment begins with.
    """

    def __init__(
        self,
        directory: Path,
        header: Header,
        checkpoint: Callable[[], Checkpoint],
        clock: Clock,
        rotation: Rotation = Rotation(),  # noqa: B008  a frozen value
    ) -> None:
        self.directory = directory
        self._header = header
        self._checkpoint = checkpoint
        self._clock = clock
        self._rotation = rotation
        self._buffer = bytearray()
        self._fd: int | None = None
        self._path: Path | None = None
        self._size = 0
        self._opened_at = Ns(0)
        self._is_over = False
        self._torn: OSError | None = None
        self._syncer = _Syncer()
        self._syncer.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def append_event(self, seq: int, event: Event) -> None:
        """Takes event `seq` in, beginning a new segment where one is due.

        Errors: `JournalFailed`, here and below, when the disk refuses.
        """
        if self._is_due():
            self._rotate(seq)
        self._put(EventRecord(seq, event))

    def append_intents(self, seq: int, intents: list[Intent]) -> None:
        """Takes the answer to event `seq` in; an empty one is not written."""
        if intents:
            self._put(IntentsRecord(seq, tuple(intents)))

    def flush(self) -> None:
        """Hands everything taken in to the operating system.

        From then on it survives the death of this process.
        """
        if self._syncer.problem is not None:
            raise JournalFailed(f"{self.directory} cannot be synced: {self._syncer.problem}")
        if self._torn is not None:
            raise JournalFailed(f"{self.directory} could not be written: {self._torn}")
        if not self._buffer:
            return
        try:
            self._write()
        except OSError as problem:
            # Part of a record may stand there: anything after it would make it damage.
            self._torn = problem
            raise JournalFailed(f"{self.directory} cannot be written: {problem}") from problem

    def close(self) -> None:
        """Writes and syncs what is left."""
        try:
            self.flush()
        finally:
            if self._fd is not None:
                self._syncer.retire(self._fd)
                self._fd = None
            self._syncer.stop()

    def _put(self, record: Record) -> None:
        data = frame(record)
        self._buffer += data
        self._size += len(data)
        if len(self._buffer) >= _BUFFER:
            self.flush()

    def begin_anew(self) -> None:
        """Begins a new segment, with the state until then, at the next event."""
        self._is_over = True

    def _is_due(self) -> bool:
        if self._path is None or self._is_over:
            return True
        age = self._clock.now() - self._opened_at
        return self._size >= self._rotation.size or age >= self._rotation.age

    def _rotate(self, seq: int) -> None:
        self.flush()
        self._is_over = False
        if self._fd is not None:
            self._syncer.retire(self._fd)
            self._fd = None
        self._path = self.directory / f"{seq:012d}{SUFFIX}"
        self._opened_at = self._clock.now()
        self._buffer += frame(self._header)
        crash_point("journal_checkpoint")
        self._buffer += frame(self._checkpoint())
        self._size = len(self._buffer)

    def _write(self) -> None:
        if self._fd is None:
            self._create()
        else:
            if is_due("journal_write"):
                _write_all(self._fd, self._buffer[: len(self._buffer) - 1])
                die()
            _write_all(self._fd, self._buffer)
        self._buffer.clear()
        if self._fd is not None:
            self._syncer.written(self._fd)

    def _create(self) -> None:
        """Lets the segment appear whole, so a reader never finds one without its checkpoint."""
        assert self._path is not None  # noqa: S101  a buffer is filled only after `_rotate`
        if self._path.exists() and _has_events(self._path):
            raise FileExistsError(f"{self._path} exists already")
        new = self._path.with_name(self._path.name + UNFINISHED)
        fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        _write_all(fd, self._buffer)
        crash_point("journal_rotate")
        new.rename(self._path)
        self._fd = fd


def _has_events(path: Path) -> bool:
    return any(isinstance(record, EventRecord) for _, record in read_segment(path))


def _write_all(fd: int, buffer: bytearray) -> None:
    with memoryview(buffer) as view:
        done = 0
        while done < len(view):
            done += os.write(fd, view[done:])


class DiskGuard:
    """Looks every second whether enough room is left, and tells when that changes."""

    def __init__(
        self,
        directory: Path,
        clock: Clock,
        emit: Callable[[Event], None],
        room: Callable[[Path], int] | None = None,
    ) -> None:
        self._directory = directory
        self._clock = clock
        self._emit = emit
        self._room = room or free_bytes
        self._ok = True

    def look(self) -> None:
        """Looks now and again in a second."""
        free = self._room(self._directory)
        if (free >= FREE_FLOOR) != self._ok:
            self._ok = not self._ok
            text = f"{free >> 20} MiB are free in {self._directory}, at least 1024 are needed."
            self._emit(HealthReported(self._clock.now(), "disk", self._ok, text))
        self._clock.call_at(Ns(self._clock.now() + SECOND), self.look)


def free_bytes(directory: Path) -> int:
    """Room left for us where `directory` lies."""
    found = os.statvfs(directory)
    return found.f_bavail * found.f_frsize
