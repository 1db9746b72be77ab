"""The append-only record of everything the engine was told and answered, in segments on disk.

A record is a 4-byte length, a 4-byte CRC-32 of length and body, and the body
(`trading.replay.records`), big-endian. A segment is named by its first event, begins with a header
and a checkpoint, and appears under its name only together with its first event. `flush` hands
everything to the operating system, which survives `kill -9`; a thread of its own syncs it to the
disk within 5 ms, never the loop. Only the last record of the newest segment may be torn: `recover`
cuts it. Anything else that cannot be read is `CorruptJournal`, never skipped.
"""

import os
import threading
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from struct import Struct
from types import TracebackType
from typing import BinaryIO, Self

import msgspec

from markets.terms.units import SECOND, Ns
from trading.engine.events import Event, HealthReported
from trading.engine.intents import Intent
from trading.replay.records import (
    SCHEMA,
    Checkpoint,
    EventRecord,
    Header,
    IntentsRecord,
    Record,
    Step,
    decode_record,
    encode_record,
)
from trading.runtime.clock import Clock, sleep

SUFFIX = ".arbj"
MAX_RECORD = 64 << 20
FREE_FLOOR = 1 << 30
_HEAD = Struct(">II")
_LENGTH = Struct(">I")
_BUFFER = 256 << 10
_COALESCE_S = 0.002


class CorruptJournal(Exception):
    """A segment cannot be read in its middle; the message names file and offset."""


class JournalFailed(Exception):
    """The journal cannot be written: nothing may leave any more."""


class Rotation(msgspec.Struct, frozen=True):
    """When a segment is full. Ten minutes keep recovery to seconds; the design allows an hour."""

    size: int = 256 << 20
    age: Ns = Ns(600 * SECOND)


class Position(msgspec.Struct, frozen=True):
    """A place between two records: a segment's name and an offset in it. Empty: before the first
    segment.
    """

    segment: str = ""
    offset: int = 0


def frame(record: Record) -> bytes:
    """A record as it stands in the file."""
    body = encode_record(record)
    return _HEAD.pack(len(body), _checksum(body)) + body


def segments(directory: Path) -> list[Path]:
    """The segments of a journal, oldest first."""
    return sorted(directory.glob(f"[0-9]*{SUFFIX}"))


def _checksum(body: bytes) -> int:
    return zlib.crc32(body, zlib.crc32(_LENGTH.pack(len(body))))


# --- reading --------------------------------------------------------------------------------------


def read_segment(path: Path, offset: int = 0) -> Iterator[tuple[int, Record]]:
    """Complete records from `offset` on, each with the offset after it; stops before a torn last
    record.

    Errors: `CorruptJournal` when a record is damaged and it is not the last thing in the file.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        file.seek(offset)
        while (body := _read_body(file, path, offset, size)) is not None:
            yield offset + _HEAD.size + len(body), _decoded(body, path, offset)
            offset += _HEAD.size + len(body)


def _decoded(body: bytes, path: Path, offset: int) -> Record:
    try:
        return decode_record(body)
    except msgspec.DecodeError as problem:
        raise CorruptJournal(
            f"{path}: the record at byte {offset} is whole but of another schema ({problem}); "
            "read it with the program that wrote it."
        ) from None


def _read_body(file: BinaryIO, path: Path, offset: int, size: int) -> bytes | None:
    head = file.read(_HEAD.size)
    if len(head) == _HEAD.size:
        length, checksum = _HEAD.unpack(head)
        if 0 < length <= MAX_RECORD and offset + _HEAD.size + length <= size:
            body = file.read(length)
            if len(body) == length and _checksum(body) == checksum:
                return body
    if head and _continues(path, offset, size):
        raise CorruptJournal(
            f"{path}: the record at byte {offset} is damaged and others follow it; "
            "restore the file, or move it away together with all older ones."
        )
    return None


def _continues(path: Path, offset: int, size: int) -> bool:
    """Whether a whole record stands anywhere after a bad one: then it was not torn but damaged.

    Only the first `size` bytes count: a writer may have gone on since they were measured.
    """
    with path.open("rb") as file:
        data = file.read(size)
    for start in range(offset + 1, len(data) - _HEAD.size):
        length, checksum = _HEAD.unpack_from(data, start)
        end = start + _HEAD.size + length
        fits = 0 < length <= MAX_RECORD and end <= len(data)
        if fits and _checksum(data[start + _HEAD.size : end]) == checksum:
            return True
    return False


def follow(directory: Path, position: Position, limit: int) -> list[tuple[Position, Record]]:
    """Up to `limit` records after `position`, over segments; empty when nothing new is there.

    Errors: `CorruptJournal`; also when a segment that is no longer the newest ends torn.
    """
    found: list[tuple[Position, Record]] = []
    here = [p for p in segments(directory) if p.name >= position.segment]
    for number, path in enumerate(here):
        offset = position.offset if path.name == position.segment else 0
        for end, record in read_segment(path, offset):
            found.append((Position(path.name, end), record))
            offset = end
            if len(found) == limit:
                return found
        if number + 1 < len(here) and offset < path.stat().st_size:
            raise CorruptJournal(f"{path}: torn at byte {offset} although later segments exist.")
    return found


class Recovered:
    """What a journal says about the past: the newest checkpoint, and the steps after it.

    `checkpoint` is None for an empty journal. `last_seq` and `last_at` are of the last event. `cut`
    is the number of bytes of a torn record that were removed.
    """

    def __init__(self, path: Path | None, checkpoint: Checkpoint | None, cut: int) -> None:
        self.path = path
        self.checkpoint = checkpoint
        self.cut = cut
        self.last_seq = checkpoint.seq if checkpoint else 0
        self.last_at = checkpoint.at if checkpoint else Ns(0)

    def steps(self) -> Iterator[Step]:
        """The events after the checkpoint with their recorded answers; moves `last_seq` and
        `last_at` on.
        """
        if self.path is None:
            return
        for step in steps_of(record for _, record in read_segment(self.path)):
            self.last_seq, self.last_at = step.seq, step.event.at
            yield step

    def complete(self, seq: int, intents: tuple[Intent, ...]) -> None:
        """Adds the answer to the last event, which a crash kept from being written. None of it had
        left.
        """
        if self.path is None:
            raise ValueError("an empty journal has no event to complete")
        with self.path.open("ab") as file:
            file.write(frame(IntentsRecord(seq, intents)))
            file.flush()
            os.fdatasync(file.fileno())


def steps_of(records: Iterator[Record]) -> Iterator[Step]:
    """Events joined with their answers; headers and checkpoints left out."""
    waiting: EventRecord | None = None
    for record in records:
        match record:
            case EventRecord():
                if waiting is not None:
                    yield Step(waiting.seq, waiting.event)
                waiting = record
            case IntentsRecord() if waiting is not None:
                yield Step(waiting.seq, waiting.event, record.intents)
                waiting = None
            case _:
                pass
    if waiting is not None:
        yield Step(waiting.seq, waiting.event)


def recover(directory: Path) -> Recovered:
    """Cuts a torn end off the newest segment and finds where to begin.

    Errors: `CorruptJournal` when the newest segment is damaged otherwise.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for leftover in directory.glob(f"*{SUFFIX}.new"):
        leftover.unlink()
    cut = 0
    for path in reversed(segments(directory)):
        size = path.stat().st_size
        end, checkpoint = _scan(path)
        if end < size:
            cut += size - end
            os.truncate(path, end)
        if checkpoint is not None:
            return Recovered(path, checkpoint, cut)
        path.unlink()
    return Recovered(None, None, cut)


def _scan(path: Path) -> tuple[int, Checkpoint | None]:
    end, checkpoint = 0, None
    for end, record in read_segment(path):  # noqa: B007  the last value is wanted
        match record:
            case Header(schema=schema) if schema != SCHEMA:
                raise CorruptJournal(
                    f"{path} has schema {schema}, this program reads {SCHEMA}; "
                    "finish it with the program that wrote it."
                )
            case Checkpoint():
                checkpoint = record
            case _:
                pass
    return end, checkpoint


# --- writing --------------------------------------------------------------------------------------


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
        if not self._buffer:
            return
        try:
            self._write()
        except OSError as problem:
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

    def _is_due(self) -> bool:
        if self._path is None:
            return True
        age = self._clock.now() - self._opened_at
        return self._size >= self._rotation.size or age >= self._rotation.age

    def _rotate(self, seq: int) -> None:
        self.flush()
        if self._fd is not None:
            self._syncer.retire(self._fd)
            self._fd = None
        self._path = self.directory / f"{seq:012d}{SUFFIX}"
        self._opened_at = self._clock.now()
        self._buffer += frame(self._header)
        self._buffer += frame(self._checkpoint())
        self._size = len(self._buffer)

    def _write(self) -> None:
        if self._fd is None:
            self._create()
        else:
            _write_all(self._fd, self._buffer)
        self._buffer.clear()
        if self._fd is not None:
            self._syncer.written(self._fd)

    def _create(self) -> None:
        """Lets the segment appear whole, so a reader never finds one without its checkpoint."""
        assert self._path is not None  # noqa: S101  a buffer is filled only after `_rotate`
        if self._path.exists() and _has_events(self._path):
            raise FileExistsError(f"{self._path} exists already")
        new = self._path.with_name(self._path.name + ".new")
        fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        _write_all(fd, self._buffer)
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
