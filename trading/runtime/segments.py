"""Segments of a journal on disk: read, followed while they grow, recovered after a crash, tidied
when they are old.

A record is a 4-byte length, a 4-byte CRC-32 of length and body, and the body
(`trading.replay.records`), big-endian. Only the last record of the newest segment may be torn:
`recover` cuts it. Anything else that cannot be read is `CorruptJournal`, never skipped. Closed
segments whose rows are written may be gzipped; they read the same.
"""

import gzip
import os
import shutil
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from struct import Struct
from typing import BinaryIO

import msgspec

from markets.terms.units import DAY, Ns
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

SUFFIX = ".arbj"
PACKED = ".gz"
UNFINISHED = ".new"
MAX_RECORD = 64 << 20
_HEAD = Struct(">II")
_LENGTH = Struct(">I")


class CorruptJournal(Exception):
    """A segment cannot be read in its middle; the message names file and offset."""


class Position(msgspec.Struct, frozen=True):
    """A place between two records: a segment's name and an offset in it. Empty: before the first
    segment.
    """

    segment: str = ""
    offset: int = 0


class Keep(msgspec.Struct, frozen=True):
    """How much of the past stays: what is older, or too much in all, goes."""

    size: int = 10 << 30
    age: Ns = Ns(30 * DAY)


def frame(record: Record) -> bytes:
    """A record as it stands in the file."""
    body = encode_record(record)
    return _HEAD.pack(len(body), _checksum(body)) + body


def segments(directory: Path) -> list[Path]:
    """The segments of a journal, oldest first; of a segment and its packed copy the first."""
    found = {name_of(p): p for p in directory.glob(f"[0-9]*{SUFFIX}{PACKED}")}
    found |= {name_of(p): p for p in directory.glob(f"[0-9]*{SUFFIX}")}
    return [found[name] for name in sorted(found)]


def name_of(path: Path) -> str:
    """A segment's name, packed or not."""
    return path.name.removesuffix(PACKED)


def _checksum(body: bytes) -> int:
    return zlib.crc32(body, zlib.crc32(_LENGTH.pack(len(body))))


# --- reading --------------------------------------------------------------------------------------


def read_segment(path: Path, offset: int = 0) -> Iterator[tuple[int, Record]]:
    """Complete records from `offset` on, each with the offset after it; stops before a torn last
    record.

    A segment that was packed since its path was listed is read from its copy. Errors:
    `CorruptJournal` when a record is damaged and it is not the last thing in the file.
    """
    with _opened(path) as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(offset)
        while (body := _read_body(file, path, offset, size)) is not None:
            yield offset + _HEAD.size + len(body), _decoded(body, path, offset)
            offset += _HEAD.size + len(body)


def _opened(path: Path) -> BinaryIO:
    if path.suffix == PACKED:
        return BytesIO(gzip.decompress(path.read_bytes()))
    try:
        return path.open("rb")
    except FileNotFoundError:
        return _opened(path.with_name(path.name + PACKED))


def _size(path: Path) -> int:
    """Bytes of a segment; 0 for one that was packed meanwhile, which is whole."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


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
    if head and _continues(file, offset, size):
        raise CorruptJournal(
            f"{path}: the record at byte {offset} is damaged and others follow it; "
            "restore the file, or move it away together with all older ones."
        )
    return None


def _continues(file: BinaryIO, offset: int, size: int) -> bool:
    """Whether a whole record stands anywhere after a bad one: then it was not torn but damaged.

    Only the first `size` bytes count: a writer may have gone on since they were measured.
    """
    file.seek(offset)
    data = file.read(size - offset)
    for start in range(1, len(data) - _HEAD.size):
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
    here = [p for p in segments(directory) if name_of(p) >= position.segment]
    for number, path in enumerate(here):
        name = name_of(path)
        offset = position.offset if name == position.segment else 0
        for end, record in read_segment(path, offset):
            found.append((Position(name, end), record))
            offset = end
            if len(found) == limit:
                return found
        is_plain = path.suffix == SUFFIX
        if is_plain and number + 1 < len(here) and offset < _size(path):
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
    for leftover in directory.glob(f"*{UNFINISHED}"):
        leftover.unlink(missing_ok=True)
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


# --- tidying --------------------------------------------------------------------------------------


def pack_oldest(directory: Path, written: Position) -> Path | None:
    """Packs the oldest closed segment whose rows are all written; the packed file, None without
    one.
    """
    closed = [p for p in segments(directory)[:-1] if name_of(p) < written.segment]
    plain = next((p for p in closed if p.suffix == SUFFIX), None)
    if plain is None:
        return None
    packed = plain.with_name(plain.name + PACKED)
    new = packed.with_name(f"{packed.name}.{os.getpid()}{UNFINISHED}")
    with plain.open("rb") as source, new.open("wb") as raw:
        with gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=1, mtime=0) as target:
            shutil.copyfileobj(source, target, 1 << 20)
        raw.flush()
        os.fsync(raw.fileno())
    # The copy is as old as what it holds: age is judged by it.
    stat = plain.stat()
    os.utime(new, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    new.rename(packed)
    plain.unlink()
    return packed


def prune(directory: Path, now: Ns, keep: Keep) -> list[Path]:
    """Removes packed segments that are too old or too much, oldest first; what was removed."""
    left = [(path, path.stat()) for path in segments(directory)]
    total = sum(stat.st_size for _, stat in left)
    gone = []
    for path, stat in left:
        if path.suffix != PACKED or (total <= keep.size and now - stat.st_mtime_ns <= keep.age):
            break
        path.unlink()
        total -= stat.st_size
        gone.append(path)
    return gone
