"""The journal on a real disk: what is torn is cut, what is damaged is said, no more is lost."""

from __future__ import annotations

import resource
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from markets.terms.units import SECOND, Ns
from tests.fakes import START, ManualClock, request
from trading.engine.events import Event, HealthReported, TimerFired
from trading.engine.intents import Intent, PlaceOrder
from trading.replay.records import SCHEMA, Checkpoint, EventRecord, Header, IntentsRecord
from trading.runtime.journal import DiskGuard, Journal, JournalFailed, Rotation
from trading.runtime.segments import (
    CorruptJournal,
    Position,
    follow,
    frame,
    read_segment,
    recover,
    segments,
)

HEADER = Header(SCHEMA, "r1", START)


def event(seq: int) -> Event:
    return TimerFired(Ns(START + seq), f"t{seq}")


def intents(seq: int) -> list[Intent]:
    return [PlaceOrder(START, request(f"o{seq}"))]


class Keeper:
    """Writes a journal the way the runner does."""

    def __init__(self, directory: Path, rotation: Rotation | None = None) -> None:
        self.clock = ManualClock()
        self.seq = 0
        self.journal = Journal(
            directory, HEADER, self.checkpoint, self.clock, rotation or Rotation()
        )

    def checkpoint(self) -> Checkpoint:
        return Checkpoint(self.seq, Ns(START + self.seq), b"state %d" % self.seq)

    def write(self, seqs: Iterable[int]) -> None:
        for seq in seqs:
            self.journal.append_event(seq, event(seq))
            self.seq = seq
            self.journal.append_intents(seq, intents(seq))
        self.journal.flush()


def written(directory: Path, seqs: Iterable[int], rotation: Rotation | None = None) -> list[Path]:
    keeper = Keeper(directory, rotation)
    with keeper.journal:
        keeper.write(seqs)
    return segments(directory)


def test_what_was_flushed_can_be_read_by_others_at_once(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path)
    with keeper.journal:
        keeper.journal.append_event(1, event(1))
        assert segments(tmp_path) == []

        keeper.journal.flush()

        records = [r for _, r in read_segment(segments(tmp_path)[0])]
    assert records == [HEADER, Checkpoint(0, START, b"state 0"), EventRecord(1, event(1))]


def test_an_event_without_an_answer_has_no_second_record(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path)
    with keeper.journal:
        keeper.journal.append_event(1, event(1))
        keeper.journal.append_intents(1, [])

    (path,) = segments(tmp_path)
    assert [type(r).__name__ for _, r in read_segment(path)] == [
        "Header",
        "Checkpoint",
        "EventRecord",
    ]


def test_a_full_segment_is_followed_by_one_that_begins_with_the_state_between_the_two(
    tmp_path: Path,
) -> None:
    opening = len(frame(HEADER)) + len(frame(Checkpoint(0, START, b"state 0")))
    one_event = len(frame(EventRecord(1, event(1)))) + len(
        frame(IntentsRecord(1, tuple(intents(1))))
    )

    paths = written(tmp_path, range(1, 8), Rotation(size=opening + 3 * one_event))

    assert [p.name for p in paths] == [
        "000000000001.arbj",
        "000000000004.arbj",
        "000000000007.arbj",
    ]
    _, checkpoint = list(read_segment(paths[1]))[1]
    assert checkpoint == Checkpoint(3, Ns(START + 3), b"state 3")


def test_a_segment_that_is_old_enough_is_followed_by_another(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path, Rotation(age=Ns(10 * SECOND)))
    with keeper.journal:
        keeper.write([1])
        keeper.clock.advance(9_999)
        keeper.write([2])
        keeper.clock.advance(1)
        keeper.write([3])

    assert [p.name for p in segments(tmp_path)] == ["000000000001.arbj", "000000000003.arbj"]


def test_recovery_is_the_newest_checkpoint_and_what_came_after_it(tmp_path: Path) -> None:
    written(tmp_path, range(1, 3))
    keeper = Keeper(tmp_path)
    keeper.seq = 2
    with keeper.journal:
        keeper.write(range(3, 6))

    recovered = recover(tmp_path)

    assert recovered.checkpoint == Checkpoint(2, Ns(START + 2), b"state 2")
    assert [(s.seq, s.intents) for s in recovered.steps()] == [
        (n, tuple(intents(n))) for n in range(3, 6)
    ]
    assert (recovered.last_seq, recovered.last_at, recovered.cut) == (5, START + 5, 0)


def test_an_empty_journal_recovers_to_the_beginning(tmp_path: Path) -> None:
    recovered = recover(tmp_path / "new")

    assert recovered.checkpoint is None
    assert list(recovered.steps()) == []
    assert recovered.last_seq == 0


@pytest.mark.parametrize("missing", [1, 5, 60])
def test_a_torn_last_record_is_cut_and_told(tmp_path: Path, missing: int) -> None:
    (path,) = written(tmp_path, range(1, 4))
    whole = path.read_bytes()
    last = len(frame(IntentsRecord(3, tuple(intents(3)))))
    path.write_bytes(whole[:-missing])

    recovered = recover(tmp_path)

    assert recovered.cut == last - missing
    assert path.read_bytes() == whole[:-last]
    assert [s.intents is None for s in recovered.steps()] == [False, False, True]


def test_zeros_that_a_power_loss_left_at_the_end_are_cut(tmp_path: Path) -> None:
    (path,) = written(tmp_path, [1])
    whole = path.read_bytes()
    path.write_bytes(whole + bytes(4096))

    assert recover(tmp_path).cut == 4096
    assert path.read_bytes() == whole


def test_a_newest_segment_without_a_whole_checkpoint_is_dropped_for_the_one_before(
    tmp_path: Path,
) -> None:
    written(tmp_path, range(1, 3))
    (tmp_path / "000000000003.arbj").write_bytes(frame(HEADER)[:7])

    recovered = recover(tmp_path)

    assert recovered.cut == 7
    assert [s.seq for s in recovered.steps()] == [1, 2]
    assert [p.name for p in segments(tmp_path)] == ["000000000001.arbj"]


def test_a_damaged_record_in_the_middle_is_said_with_file_and_place(tmp_path: Path) -> None:
    (path,) = written(tmp_path, range(1, 4))
    place = len(frame(HEADER)) + len(frame(Checkpoint(0, START, b"state 0")))
    damaged = bytearray(path.read_bytes())
    damaged[place + 12] ^= 1
    path.write_bytes(damaged)

    with pytest.raises(
        CorruptJournal, match=rf"{path.name}: the record at byte {place} is damaged"
    ):
        recover(tmp_path)


def test_a_damaged_length_does_not_pass_for_a_torn_end(tmp_path: Path) -> None:
    (path,) = written(tmp_path, range(1, 4))
    place = len(frame(HEADER))
    damaged = bytearray(path.read_bytes())
    damaged[place] = 0x03
    path.write_bytes(damaged)

    with pytest.raises(CorruptJournal, match=f"byte {place}"):
        recover(tmp_path)
    assert path.read_bytes() == damaged


def test_the_answer_that_a_crash_kept_from_being_written_is_added(tmp_path: Path) -> None:
    (path,) = written(tmp_path, [1])
    path.write_bytes(path.read_bytes()[: -len(frame(IntentsRecord(1, tuple(intents(1)))))])
    recovered = recover(tmp_path)

    recovered.complete(1, tuple(intents(1)))

    assert [s.intents for s in recover(tmp_path).steps()] == [tuple(intents(1))]


def test_a_reader_follows_over_segments_and_goes_on_where_it_was(tmp_path: Path) -> None:
    written(tmp_path, range(1, 4), Rotation(size=1))
    seen: list[int] = []
    position = Position()

    while found := follow(tmp_path, position, 2):
        position = found[-1][0]
        seen += [r.seq for _, r in found if isinstance(r, EventRecord)]

    assert seen == [1, 2, 3]
    written(tmp_path, range(4, 5))
    assert [r.seq for _, r in follow(tmp_path, position, 9) if isinstance(r, EventRecord)] == [4]


def test_a_reader_waits_before_a_record_that_is_still_being_written(tmp_path: Path) -> None:
    (path,) = written(tmp_path, [1])
    path.write_bytes(path.read_bytes()[:-3])

    assert [type(r).__name__ for _, r in follow(tmp_path, Position(), 9)][-1] == "EventRecord"


def test_a_torn_segment_with_others_after_it_is_said(tmp_path: Path) -> None:
    first, _ = written(tmp_path, range(1, 3), Rotation(size=1))
    first.write_bytes(first.read_bytes()[:-3])

    with pytest.raises(CorruptJournal, match="although later segments exist"):
        follow(tmp_path, Position(), 99)


def test_a_segment_of_another_schema_is_refused(tmp_path: Path) -> None:
    (tmp_path / "000000000001.arbj").write_bytes(frame(Header(SCHEMA + 1, "r", START)))

    with pytest.raises(CorruptJournal, match=f"has schema {SCHEMA + 1}"):
        recover(tmp_path)


def test_a_segment_with_events_is_never_written_over(tmp_path: Path) -> None:
    written(tmp_path, [1])

    keeper = Keeper(tmp_path)
    keeper.journal.append_event(1, event(1))
    with pytest.raises(JournalFailed, match="exists already"):
        keeper.journal.close()


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """A disk without room, as far as this process can tell."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_without_room_ends_the_writing_and_what_stood_there_recovers(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path)
    keeper.write(range(1, 4))
    (path,) = segments(tmp_path)
    limit = files_no_larger_than(path.stat().st_size + 20)
    with limit, pytest.raises(JournalFailed, match="cannot be written"):
        keeper.write([4])
    with pytest.raises(JournalFailed, match="could not be written"):
        keeper.write([5])
    with pytest.raises(JournalFailed):
        keeper.journal.close()

    recovered = recover(tmp_path)

    assert recovered.cut == 20
    assert [s.seq for s in recovered.steps()] == [1, 2, 3]


def test_a_reader_keeps_to_what_was_there_when_it_began(tmp_path: Path) -> None:
    (path,) = written(tmp_path, range(1, 4))
    whole = path.read_bytes()
    path.write_bytes(whole[: -len(frame(IntentsRecord(3, tuple(intents(3))))) - 3])
    reading = read_segment(path)
    next(reading)
    path.write_bytes(whole)

    assert [type(r).__name__ for _, r in reading][-1] == "IntentsRecord"
    assert [r.seq for _, r in read_segment(path) if isinstance(r, EventRecord)] == [1, 2, 3]


def test_a_disk_that_fills_up_is_told_once_and_once_when_there_is_room_again(
    tmp_path: Path,
) -> None:
    clock = ManualClock()
    told: list[Event] = []
    room = [2 << 30]
    DiskGuard(tmp_path, clock, told.append, lambda _: room[0]).look()
    for free in (2 << 30, (1 << 30) - 1, 5, 1 << 30):
        room[0] = free
        clock.advance(1000)

    assert [(e.component, e.ok) for e in told if isinstance(e, HealthReported)] == [
        ("disk", False),
        ("disk", True),
    ]


def test_a_record_that_is_written_on_while_it_is_read_does_not_pass_for_damage(
    tmp_path: Path,
) -> None:
    (path,) = written(tmp_path, range(1, 4))
    whole = path.read_bytes()
    ends = [end for end, _ in read_segment(path)]
    path.write_bytes(whole[: ends[-2] - 3])
    reading = read_segment(path)
    first = next(reading)

    path.write_bytes(whole)
    rest = list(reading)

    assert [first[0], *[end for end, _ in rest]] == ends[:-2]


def test_a_new_segment_can_be_asked_for(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path)
    with keeper.journal:
        keeper.write([1, 2])
        keeper.journal.begin_anew()
        keeper.write([3, 4])

    recovered = recover(tmp_path)
    assert recovered.checkpoint is not None
    assert recovered.checkpoint.seq == 2
    assert [step.seq for step in recovered.steps()] == [3, 4]
