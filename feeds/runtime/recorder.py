"""Raw frames to disk, by a thread, without ever holding up whoever records.

A recording is a family of files: `tape.jsonl.gz`, `tape.2.jsonl.gz`, ... each beginning with a
header line and the terms of the markets recorded, so that each replays alone. A file that reaches
its cap is closed and the next begun; above the family's total the oldest file *of this recording*
goes. A full queue drops the frame and counts it; a disk that fails stops the recording and says why
in `problem`.
"""

import gzip
import queue
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO, Self

import msgspec
import zstandard

from feeds.recordings.lines import Header, encode_header, encode_line, encode_terms
from markets.terms.instruments import Market
from markets.terms.units import Ns

MIB = 1024 * 1024
GZIP_LEVEL = 5
ZSTD_LEVEL = 6
FLUSH_LINES = 2_000


class Caps(msgspec.Struct, frozen=True):
    """Limits in bytes as written to disk, and in frames waiting for the thread."""

    file_bytes: int = 256 * MIB
    total_bytes: int = 4096 * MIB
    waiting: int = 100_000


DEFAULT_CAPS = Caps()


class RecordingProblem(Exception):
    """The recording cannot be written or read; the text says what to do."""


class Recorder:
    """Writes one recording. Set `catalogue` before it is opened.

    Use it as a context manager; `frame` may be called from the loop's thread only.
    """

    def __init__(self, path: Path, header: Header, caps: Caps = DEFAULT_CAPS) -> None:
        self.path = path
        self.header = header
        self.caps = caps
        self.catalogue: tuple[Market, ...] = ()
        self.written = 0
        self.dropped = 0
        self.problem = ""
        self.files: list[Path] = []
        self._number = 0
        self._sizes: dict[Path, int] = {}
        self._queue: queue.Queue[tuple[Ns, str, str] | None] = queue.Queue(caps.waiting)
        self._thread = threading.Thread(target=self._write, name="recorder", daemon=True)
        self._file: _Tape | None = None

    def open(self) -> None:
        """Begin the first file.

        Errors: `RecordingProblem` when it exists already or cannot be made.
        """
        if self.path.exists():
            raise RecordingProblem(f"{self.path} exists already; choose another name or move it")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._next_file()
        except OSError as problem:
            raise RecordingProblem(f"{self.path} cannot be written: {problem}") from problem
        self._thread.start()

    def frame(self, at: Ns, direction: str, text: str) -> None:
        """Hand over one frame; never waits."""
        try:
            self._queue.put_nowait((at, direction, text))
        except queue.Full:
            self.dropped += 1

    def close(self) -> None:
        """Write what waits and close the file."""
        if self._thread.ident is not None:
            self._queue.put(None)
            self._thread.join()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write(self) -> None:
        try:
            while (entry := self._queue.get()) is not None:
                if self.problem:
                    self.dropped += 1
                else:
                    self._write_entry(*entry)
        finally:
            self._end_file()

    def _write_entry(self, at: Ns, direction: str, text: str) -> None:
        try:
            tape = self._tape()
            tape.line(encode_line(at, direction, text))
            self.written += 1
            if tape.lines % FLUSH_LINES == 0 or self._queue.empty():
                tape.flush()
        except OSError as problem:
            self.problem = f"{self.path} cannot be written any more: {problem}"
            self.dropped += 1

    def _tape(self) -> "_Tape":
        """The file to write to: the one at hand, or the next when that is full."""
        if self._file is not None and self._file.size() < self.caps.file_bytes:
            return self._file
        self._end_file()
        tape = self._next_file()
        self._prune()
        return tape

    def _next_file(self) -> "_Tape":
        self._number += 1
        path = numbered(self.path, self._number)
        tape = self._file = _Tape(path)
        tape.line(encode_header(self.header))
        for market in self.catalogue:
            tape.line(encode_terms(market))
        self.files.append(path)
        return tape

    def _end_file(self) -> None:
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
            self._sizes[self.files[-1]] = self._file.size()
            self._file = None

    def _prune(self) -> None:
        while len(self.files) > 1 and sum(self._sizes.values()) > self.caps.total_bytes:
            oldest = self.files.pop(0)
            self._sizes.pop(oldest)
            oldest.unlink(missing_ok=True)


class _Tape:
    """One file being written, compressed or not by its name."""

    def __init__(self, path: Path) -> None:
        self._raw = path.open("xb")
        self._out: IO[bytes] | gzip.GzipFile | zstandard.ZstdCompressionWriter = self._raw
        if path.suffix == ".gz":
            self._out = gzip.GzipFile(fileobj=self._raw, mode="wb", compresslevel=GZIP_LEVEL)
        if path.suffix == ".zst":
            packer = zstandard.ZstdCompressor(level=ZSTD_LEVEL)
            self._out = packer.stream_writer(self._raw, closefd=False)
        self.lines = 0
        self._size = 0

    def line(self, line: bytes) -> None:
        self._out.write(line + b"\n")
        self.lines += 1

    def flush(self) -> None:
        self._out.flush()
        self._raw.flush()

    def size(self) -> int:
        if not self._raw.closed:
            self._size = self._raw.tell()
        return self._size

    def close(self) -> None:
        try:
            if self._out is not self._raw:
                self._out.close()
            self._raw.flush()
            self.size()
        finally:
            self._raw.close()


def numbered(path: Path, number: int) -> Path:
    """The name of a recording's `number`th file: the first is `path` itself, then
    `tape.2.jsonl.gz`.
    """
    if number == 1:
        return path
    stem, dot, suffixes = path.name.partition(".")
    return path.with_name(f"{stem}.{number}{dot}{suffixes}")
