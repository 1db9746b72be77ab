"""`manage.py replay` over journals of the real engine: identical, or the first difference."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import msgspec
import pytest
from django.core.management import call_command

from markets.terms.ids import RunId, VenueId
from markets.terms.units import Ns, Px
from risk.gates.chain import Chain
from tests.builders import KA, PM, START, at, book, gap, snapshot
from tests.fakes import FakeGateway, ManualClock, settle
from trading.engine.book import Book
from trading.engine.engine import Engine
from trading.engine.events import BookChanged, ConfigChanged, Event, FeedUp, RunStarted
from trading.engine.intents import EdgeSeen
from trading.engine.orders import BookKind
from trading.replay.records import SCHEMA, Header, IntentsRecord, Record
from trading.runtime.executor import Executor, Lease
from trading.runtime.inbox import Inbox
from trading.runtime.journal import Journal, Rotation
from trading.runtime.runner import Runner, resume
from trading.runtime.segments import (
    frame,
    read_segment,
    recover,
    segments,
)

ROOT = Path(__file__).resolve().parents[2]


def seen(*books: Book) -> list[Event]:
    return [BookChanged(b.at, b) for b in books]


def a_day(run: str, hour: int) -> list[Event]:
    """A start, an edge that is traded, and some books after it."""
    begin = at(hour)
    return [
        RunStarted(begin, RunId(run), "paper"),
        ConfigChanged(begin, snapshot()),
        FeedUp(begin, KA),
        FeedUp(begin, PM),
        *seen(*gap(begin)),
        *seen(book("kalshi:A", bids="0.41x100", asks="0.60x70", when=at(hour + 1))),
    ]


def _fail(problem: BaseException) -> None:
    raise problem


async def _record(directory: Path, events: list[Event], rotation: Rotation) -> None:
    recovered = recover(directory)
    checkpoint = recovered.checkpoint
    engine = Engine.load(checkpoint.state, Chain()) if checkpoint else Engine(Chain())
    resumed = resume(engine, recovered)
    clock = ManualClock(Ns(max(START, resumed.at)))
    inbox = Inbox(resumed.at)
    gateway = FakeGateway(inbox.put, clock)
    gateways = {(VenueId(v), BookKind.PAPER): gateway for v in (KA, PM)}
    executor = Executor(gateways, inbox.put, clock, Lease(required=False), _fail)
    runner = Runner(engine, executor, inbox, clock, resumed=resumed)
    header = Header(SCHEMA, "r", clock.now())
    with Journal(directory, header, runner.checkpoint, clock, rotation) as journal:
        running = asyncio.create_task(runner.run(journal))
        for event in events:
            clock.advance_to(event.at)
            inbox.put(event)
            await settle()
        runner.stop()
        await running


def record(directory: Path, *days: list[Event], rotation: Rotation | None = None) -> list[Path]:
    """The segments of a journal with one run per day; orders were placed in it."""
    for events in days:
        asyncio.run(_record(directory, events, rotation or Rotation()))
    return segments(directory)


def replayed(*names: Path | str, options: tuple[str, ...] = ()) -> tuple[int, list[str], str]:
    """Exit code, lines on standard output, and text on standard error."""
    out, err = StringIO(), StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("replay", *map(str, names), *options, stdout=out, stderr=err)
    code = ended.value.code
    assert isinstance(code, int)
    return code, out.getvalue().splitlines(), err.getvalue()


def counted(files: list[Path]) -> tuple[int, int]:
    """Events and decisions of a journal."""
    records = [r for path in files for _, r in read_segment(path)]
    decisions = sum(len(r.intents) for r in records if isinstance(r, IntentsRecord))
    return sum(type(r).__name__ == "EventRecord" for r in records), decisions


def rewrite(path: Path, change: dict[int, Record]) -> None:
    """Replaces records of a segment by their place."""
    records = [r for _, r in read_segment(path)]
    path.write_bytes(b"".join(frame(change.get(n, r)) for n, r in enumerate(records)))


def test_two_runs_over_many_segments_are_identical(tmp_path: Path) -> None:
    files = record(tmp_path, a_day("a", 0), a_day("b", 60), rotation=Rotation(size=9_000))
    events, decisions = counted(files)
    assert len(files) > 2
    assert decisions > 10

    code, lines, _ = replayed(*files)

    assert (code, lines[-1]) == (0, f"{events} events, {decisions} decisions, identical")


def test_any_segment_replays_alone(tmp_path: Path) -> None:
    files = record(tmp_path, a_day("a", 0), a_day("b", 60), rotation=Rotation(size=9_000))

    assert [replayed(path)[0] for path in files] == [0] * len(files)


def test_a_directory_means_all_its_segments(tmp_path: Path) -> None:
    files = record(tmp_path, a_day("a", 0), a_day("b", 60))

    assert replayed(tmp_path)[1] == replayed(*files)[1]


def test_another_process_with_another_hash_seed_decides_the_same(tmp_path: Path) -> None:
    files = record(tmp_path, a_day("a", 0))
    last = replayed(*files)[1][-1]

    for seed in ("1", "4242"):
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "manage.py", "replay", *map(str, files)],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout.splitlines()[-1]) == (0, last), done.stderr


def test_a_planted_difference_is_found_and_both_sides_are_shown(tmp_path: Path) -> None:
    (path,) = record(tmp_path, a_day("a", 0))
    place, target = next(
        (n, r)
        for n, (_, r) in enumerate(read_segment(path))
        if isinstance(r, IntentsRecord) and any(isinstance(i, EdgeSeen) for i in r.intents)
    )
    planted = tuple(
        msgspec.structs.replace(i, net=Px(i.net + 1)) if isinstance(i, EdgeSeen) else i
        for i in target.intents
    )
    rewrite(path, {place: IntentsRecord(target.seq, planted)})

    code, lines, _ = replayed(path)

    assert (code, lines[-1]) == (1, f"first difference at seq {target.seq}")
    text = "\n".join(lines)
    edges = [i for i in target.intents if isinstance(i, EdgeSeen)]
    assert f"net={edges[0].net}," in text.partition("replayed:")[2]
    assert f"net={edges[0].net + 1}," in text.partition("replayed:")[0]


def test_a_decision_that_is_not_on_record_is_a_difference(tmp_path: Path) -> None:
    (path,) = record(tmp_path, a_day("a", 0))
    records = [r for _, r in read_segment(path)]
    place = next(n for n, r in enumerate(records) if isinstance(r, IntentsRecord))
    path.write_bytes(b"".join(frame(r) for n, r in enumerate(records) if n != place))

    assert replayed(path)[0] == 1


def test_a_last_event_whose_decisions_were_never_written_is_no_difference(tmp_path: Path) -> None:
    (path,) = record(tmp_path, a_day("a", 0))
    records = [r for _, r in read_segment(path)]
    last = max(n for n, r in enumerate(records) if isinstance(r, IntentsRecord))
    path.write_bytes(b"".join(frame(r) for r in records[:last]))

    assert replayed(path)[0] == 0


def test_the_result_is_one_json_object_when_asked_for(tmp_path: Path) -> None:
    files = record(tmp_path, a_day("a", 0))
    events, decisions = counted(files)

    code, lines, _ = replayed(*files, options=("--json",))

    assert code == 0
    assert msgspec.json.decode(lines[-1]) == {
        "events": events,
        "decisions": decisions,
        "identical": True,
        "difference": None,
    }


def test_a_missing_segment_is_unreadable_input(tmp_path: Path) -> None:
    files = record(tmp_path, a_day("a", 0), a_day("b", 60), rotation=Rotation(size=9_000))

    code, _, said = replayed(files[0], *files[2:])

    assert code == 2
    assert "does not follow the one before it" in said


@pytest.mark.parametrize("content", [None, b"", b"{}\n" * 100])
def test_what_is_no_journal_is_unreadable_input(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "x.arbj"
    if content is not None:
        path.write_bytes(content)

    code, lines, said = replayed(path)

    assert (code, lines) == (2, [])
    assert str(path) in said


def test_nothing_to_compare_is_told_by_the_exit_code(tmp_path: Path) -> None:
    (path,) = record(tmp_path, a_day("a", 0))
    records = [r for _, r in read_segment(path)]
    path.write_bytes(b"".join(frame(r) for r in records[:2]))

    assert replayed(path)[0] == 3
