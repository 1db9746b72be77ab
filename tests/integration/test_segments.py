"""Old segments are packed and, in time, removed; what is not yet in rows is left alone."""

from __future__ import annotations

import os
from pathlib import Path

from markets.terms.units import DAY, Ns
from tests.fakes import START, ManualClock
from trading.engine.events import TimerFired
from trading.replay.records import SCHEMA, Checkpoint, EventRecord, Header
from trading.runtime.journal import Journal, Rotation
from trading.runtime.segments import (
    Keep,
    Position,
    follow,
    name_of,
    pack_oldest,
    prune,
    read_segment,
    segments,
)


def journal(directory: Path, events: int) -> list[Path]:
    """One segment per event."""
    with Journal(
        directory,
        Header(SCHEMA, "r", START),
        lambda: Checkpoint(0, START, b"state" * 100),
        ManualClock(),
        Rotation(size=1),
    ) as writer:
        for seq in range(1, events + 1):
            writer.append_event(seq, TimerFired(START, f"t{seq}"))
    return segments(directory)


def pack_all(directory: Path, written: Position) -> None:
    while pack_oldest(directory, written) is not None:
        pass


def names(directory: Path) -> list[str]:
    return [path.name for path in segments(directory)]


def test_a_packed_segment_reads_the_same_from_any_offset(tmp_path: Path) -> None:
    path = journal(tmp_path, 2)[0]
    before = list(read_segment(path))
    middle = before[0][0]

    packed = pack_oldest(tmp_path, Position("000000000002.arbj", 1))

    assert packed is not None
    assert list(read_segment(packed)) == before
    assert list(read_segment(packed, middle)) == before[1:]
    assert not path.exists()


def test_who_listed_a_segment_before_it_was_packed_reads_its_copy(tmp_path: Path) -> None:
    path = journal(tmp_path, 2)[0]
    before = list(read_segment(path))

    pack_oldest(tmp_path, Position("000000000002.arbj", 1))

    assert not path.exists()
    assert list(read_segment(path)) == before


def test_only_closed_segments_whose_rows_are_written_are_packed(tmp_path: Path) -> None:
    journal(tmp_path, 4)

    pack_all(tmp_path, Position("000000000003.arbj", 1))

    assert names(tmp_path) == [
        "000000000001.arbj.gz",
        "000000000002.arbj.gz",
        "000000000003.arbj",
        "000000000004.arbj",
    ]
    pack_all(tmp_path, Position("000000000009.arbj", 1))
    assert names(tmp_path)[-2:] == ["000000000003.arbj.gz", "000000000004.arbj"]


def test_a_reader_goes_on_over_segments_that_were_packed_meanwhile(tmp_path: Path) -> None:
    journal(tmp_path, 3)
    found = follow(tmp_path, Position(), 3)
    pack_all(tmp_path, Position("000000000009.arbj", 1))

    rest = follow(tmp_path, found[-1][0], 99)

    seen = [r.seq for _, r in [*found, *rest] if isinstance(r, EventRecord)]
    assert seen == [1, 2, 3]


def test_a_copy_beside_its_original_counts_once(tmp_path: Path) -> None:
    path = journal(tmp_path, 2)[0]
    content = path.read_bytes()
    packed = pack_oldest(tmp_path, Position("000000000002.arbj", 1))
    path.write_bytes(content)

    assert packed is not None
    assert [name_of(p) for p in segments(tmp_path)] == ["000000000001.arbj", "000000000002.arbj"]


def test_too_much_is_removed_from_its_old_end(tmp_path: Path) -> None:
    journal(tmp_path, 5)
    pack_all(tmp_path, Position("000000000009.arbj", 1))
    sizes = [path.stat().st_size for path in segments(tmp_path)]

    gone = prune(tmp_path, START, Keep(size=sum(sizes[2:]), age=Ns(10**6 * DAY)))

    assert [name_of(p) for p in gone] == ["000000000001.arbj", "000000000002.arbj"]
    assert len(segments(tmp_path)) == 3


def test_what_is_too_old_is_removed_and_what_is_not_packed_never(tmp_path: Path) -> None:
    paths = journal(tmp_path, 4)
    for path in paths:
        os.utime(path, ns=(START, START))
    pack_all(tmp_path, Position("000000000003.arbj", 1))
    now = Ns(START + 31 * DAY)

    assert prune(tmp_path, Ns(START + 30 * DAY), Keep()) == []
    assert len(prune(tmp_path, now, Keep())) == 2

    assert names(tmp_path) == ["000000000003.arbj", "000000000004.arbj"]
