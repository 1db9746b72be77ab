"""Recordings on disk: rotation, caps, drops and what cannot be written."""

from pathlib import Path

import pytest

from feeds.recordings.lines import BadLine, Header, Line, Terms
from feeds.runtime.recorder import Caps, Recorder, RecordingProblem, numbered
from feeds.runtime.recordings import read_recording
from markets.terms.ids import MarketId, VenueId
from markets.terms.instruments import FeeSchedule, Market, even_ladder
from markets.terms.units import Ns, Px

HEADER = Header("echo", "ws://here")
NAMES = ["tape.jsonl", "tape.jsonl.gz", "tape.jsonl.zst"]


def record(path: Path, count: int, caps: Caps) -> Recorder:
    with Recorder(path, HEADER, caps) as recorder:
        for number in range(count):
            recorder.frame(Ns(number), "in", f"frame {number}")
    return recorder


def numbers(files: list[Path]) -> list[int]:
    return [
        int(said.frame.split()[1])
        for path in files
        for said in read_recording(path)
        if isinstance(said, Line)
    ]


@pytest.mark.parametrize("name", NAMES)
def test_every_frame_comes_back_in_order(tmp_path: Path, name: str) -> None:
    recorder = record(tmp_path / name, 500, Caps())

    assert recorder.written == 500
    assert recorder.dropped == 0
    said = list(read_recording(tmp_path / name))
    assert said[0] == HEADER
    assert said[1] == Line(Ns(0), "in", "frame 0")
    assert numbers(recorder.files) == list(range(500))


@pytest.mark.parametrize("name", NAMES)
def test_a_full_file_is_followed_by_the_next_with_its_own_header(tmp_path: Path, name: str) -> None:
    recorder = record(tmp_path / name, 6_000, Caps(file_bytes=1_000))

    assert len(recorder.files) > 2
    assert recorder.files[1] == numbered(tmp_path / name, 2)
    assert all(next(iter(read_recording(path))) == HEADER for path in recorder.files)
    assert numbers(recorder.files) == list(range(6_000))


def test_above_the_total_the_oldest_files_go(tmp_path: Path) -> None:
    path = tmp_path / "tape.jsonl"

    recorder = record(path, 1_000, Caps(file_bytes=1_000, total_bytes=5_000))

    kept = numbers(recorder.files)
    assert not path.exists()
    assert sorted(tmp_path.iterdir()) == sorted(recorder.files)
    assert sum(file.stat().st_size for file in recorder.files) < 6_000
    assert kept == list(range(kept[0], 1_000))


def test_a_full_queue_drops_and_counts_and_never_waits(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "tape.jsonl", HEADER, Caps(waiting=3))

    for number in range(10):  # nothing is written before it is opened
        recorder.frame(Ns(number), "in", "x")

    assert recorder.dropped == 7
    recorder.open()
    recorder.close()
    assert recorder.written == 3


def test_a_recording_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "tape.jsonl"
    path.write_text("mine")

    with pytest.raises(RecordingProblem, match="exists already"):
        Recorder(path, HEADER).open()

    assert path.read_text() == "mine"


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")

    with pytest.raises(RecordingProblem, match="cannot be written"):
        Recorder(tmp_path / "file" / "tape.jsonl", HEADER).open()


def test_a_disk_that_fails_later_stops_the_recording_and_says_why(tmp_path: Path) -> None:
    path = tmp_path / "tape.jsonl"
    numbered(path, 2).write_text("in the way")

    recorder = record(path, 100, Caps(file_bytes=500))

    assert "cannot be written any more" in recorder.problem
    assert recorder.written + recorder.dropped == 100
    assert recorder.dropped > 0


def test_every_file_of_a_recording_begins_with_the_markets_terms(tmp_path: Path) -> None:
    market = Market(
        id=MarketId("echo:M"),
        venue=VenueId("echo"),
        native="M",
        title="Will it?",
        outcomes=("Yes", "No"),
        ticks=even_ladder(Px(10_000)),
        fees=FeeSchedule(kind="none", rate_ppm=0),
        tokens=("1", "2"),
        close_at=Ns(9),
    )
    recorder = Recorder(tmp_path / "tape.jsonl", HEADER, Caps(file_bytes=2_000))
    recorder.catalogue = (market,)
    with recorder:
        for number in range(200):
            recorder.frame(Ns(number), "in", f"frame {number}")

    assert len(recorder.files) > 2
    for path in recorder.files:
        assert list(read_recording(path))[:2] == [HEADER, Terms(market)]


def test_closing_without_opening_is_no_error(tmp_path: Path) -> None:
    Recorder(tmp_path / "tape.jsonl", HEADER).close()

    assert list(tmp_path.iterdir()) == []


def test_the_first_file_has_the_name_asked_for() -> None:
    assert numbered(Path("a/tape.jsonl.gz"), 1) == Path("a/tape.jsonl.gz")
    assert numbered(Path("a/tape.jsonl.gz"), 3) == Path("a/tape.3.jsonl.gz")


def test_a_file_cut_in_the_middle_ends_with_a_bad_line(tmp_path: Path) -> None:
    path = tmp_path / "tape.jsonl.gz"
    record(path, 5_000, Caps())
    path.write_bytes(path.read_bytes()[:-400])

    assert isinstance(list(read_recording(path))[-1], BadLine)
