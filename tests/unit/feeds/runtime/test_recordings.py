"""Opening recordings."""

import gzip
from pathlib import Path

import pytest
import zstandard

from feeds.recordings.lines import Header, Line
from feeds.runtime.recorder import RecordingProblem
from feeds.runtime.recordings import read_recording
from markets.terms.units import Ns


def test_a_compressed_and_a_plain_file_say_the_same(tmp_path: Path) -> None:
    text = b'{"header": {"venue": "kalshi"}}\n\n{"at": 3, "dir": "out", "frame": "hi"}\n'
    (tmp_path / "a.jsonl").write_bytes(text)
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(text))

    said = [list(read_recording(tmp_path / name)) for name in ("a.jsonl", "a.jsonl.gz")]

    assert said[0] == said[1] == [Header("kalshi"), Line(Ns(3), "out", "hi")]


@pytest.mark.parametrize("name", ["none.jsonl", "none.jsonl.gz"])
def test_a_missing_file_is_one_sentence(tmp_path: Path, name: str) -> None:
    with pytest.raises(RecordingProblem, match="cannot be read"):
        list(read_recording(tmp_path / name))


def test_a_file_that_is_not_gzip_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(b"plain")

    with pytest.raises(RecordingProblem, match="cannot be read"):
        list(read_recording(tmp_path / "a.gz"))


def test_zstd_says_the_same_and_a_cut_one_is_named(tmp_path: Path) -> None:
    text = b'{"at": 3, "dir": "in", "frame": "hi"}\n' * 20_000
    packed = zstandard.compress(text)
    (tmp_path / "a.jsonl.zst").write_bytes(packed + zstandard.compress(text))
    (tmp_path / "b.zst").write_bytes(b"plain")

    assert list(read_recording(tmp_path / "a.jsonl.zst")) == [Line(Ns(3), "in", "hi")] * 40_000
    with pytest.raises(RecordingProblem, match="cannot be read"):
        list(read_recording(tmp_path / "b.zst"))
