"""Opens recordings, compressed by suffix or not, and yields what their lines say, in file order."""

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from feeds.recordings.lines import BadLine, Header, Line, decode_line
from feeds.runtime.recorder import RecordingProblem


def read_recording(path: Path) -> Iterator[Header | Line | BadLine]:
    """Every line of one file. A file cut in the middle ends with a `BadLine`.

    Errors: `RecordingProblem` when the file is missing, unreadable or in a compression we do not
    read.
    """
    number = 0
    try:
        with _open(path) as tape:
            for number, raw in enumerate(tape, start=1):
                said = decode_line(raw, number)
                if said is not None:
                    yield said
    except EOFError:
        yield BadLine(number + 1, "the compressed file ends in the middle")
    except OSError as problem:
        raise RecordingProblem(f"{path} cannot be read: {problem}") from problem


def _open(path: Path) -> IO[bytes]:
    if path.suffix == ".zst":
        raise RecordingProblem(f"{path}: zstd is not read here; unpack it with `zstd -d` first")
    if path.suffix == ".gz":
        return cast(IO[bytes], gzip.open(path, "rb"))
    return path.open("rb")
