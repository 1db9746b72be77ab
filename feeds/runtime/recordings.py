"""Opens recordings, compressed by suffix or not, and yields what they say, in file order."""

import gzip
import heapq
import io
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

import msgspec
import zstandard

from feeds.recordings.lines import BadLine, Header, Line, Terms, decode_line
from feeds.recordings.shapes import BadShape, document, is_sample, sampled, table
from feeds.runtime.recorder import RecordingProblem

Entry = Header | Terms | Line | BadLine
COMPRESSED = (".gz", ".zst")


class Tape(msgspec.Struct, frozen=True):
    """Files that are one recording.

    They are read one after another. `is_sampled`: each holds books or trades of one token, taken
    now and then; such files are merged by time.
    """

    files: tuple[Path, ...]
    is_sampled: bool = False

    def entries(self) -> Iterator[Entry]:
        """Everything in it. Errors: `RecordingProblem`."""
        if not self.is_sampled:
            for path in self.files:
                yield from read_recording(path)
            return
        yield from heapq.merge(*map(read_recording, self.files), key=_time)


def open_tape(files: tuple[Path, ...]) -> Tape:
    """The recording these files make. Errors: `RecordingProblem`."""
    return Tape(files, is_sampled=all(map(_is_sampled, files)))


def read_recording(path: Path) -> Iterator[Entry]:
    """Every line of one file. A file cut in the middle ends with a `BadLine`.

    Errors: `RecordingProblem` when the file is missing, unreadable or in no shape we read.
    """
    try:
        with _open(path) as tape:
            yield from _entries(path, tape)
    except (OSError, BadShape, zstandard.ZstdError) as problem:
        raise RecordingProblem(f"{path} cannot be read: {problem}") from problem


def _entries(path: Path, tape: IO[bytes]) -> Iterator[Entry]:
    suffixes = [suffix for suffix in path.suffixes if suffix not in COMPRESSED]
    kind = suffixes[-1] if suffixes else ""
    if kind == ".json":
        yield from document(tape.read())
    elif kind == ".csv":
        yield from table(io.TextIOWrapper(tape, encoding="utf-8", errors="replace", newline=""))
    else:
        yield from _lines(path, tape)


def _lines(path: Path, tape: IO[bytes]) -> Iterator[Entry]:
    number = 0
    has_samples: bool | None = None
    try:
        for number, raw in enumerate(tape, start=1):
            if has_samples is None and raw.strip():
                has_samples = is_sample(raw, path.name)
            said = sampled(raw, path.name, number) if has_samples else decode_line(raw, number)
            if said is not None:
                yield said
    except EOFError:
        yield BadLine(number + 1, "the compressed file ends in the middle")


def _is_sampled(path: Path) -> bool:
    try:
        with _open(path) as tape:
            return is_sample(tape.readline(), path.name)
    except (OSError, EOFError, zstandard.ZstdError) as problem:
        raise RecordingProblem(f"{path} cannot be read: {problem}") from problem


def _time(entry: Entry) -> int:
    return entry.at if isinstance(entry, Line) else 0


def _open(path: Path) -> IO[bytes]:
    if path.suffix == ".zst":
        return cast(IO[bytes], io.BufferedReader(_Zstd(path)))
    if path.suffix == ".gz":
        return cast(IO[bytes], gzip.open(path, "rb"))
    return path.open("rb")


class _Zstd(io.RawIOBase):
    """The bytes of a zstd file; one that was cut ends in the middle of a line."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._reader = zstandard.ZstdDecompressor().stream_reader(
            self._file, read_across_frames=True
        )

    def readable(self) -> bool:
        """It is for reading."""
        return True

    def readinto(self, buffer: object) -> int:
        """As any raw file."""
        return int(self._reader.readinto(buffer))

    def close(self) -> None:
        """Close the file below too."""
        self._reader.close()  # type: ignore[no-untyped-call]
        self._file.close()
        super().close()
