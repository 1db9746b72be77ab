"""The chain from a frame to a fill is found in the journal, in the rows and in the log."""

from __future__ import annotations

import json
import logging
import shutil
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from risk.gates.chain import Chain
from tests.fakes import START, ManualClock
from tests.golden.stories import both_legs_fill
from trading import models
from trading.engine.engine import Engine
from trading.replay.records import SCHEMA, Checkpoint, Header
from trading.row_writer import RowWriter
from trading.runtime.journal import Journal

pytestmark = pytest.mark.django_db


@pytest.fixture
def journal(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Path:
    """One deal of two filled legs, in a journal and in rows."""
    caplog.set_level(logging.INFO, "trace")
    engine = Engine(Chain())
    header = Header(SCHEMA, "r", START)
    with Journal(
        tmp_path, header, lambda: Checkpoint(0, START, engine.dump()), ManualClock()
    ) as kept:
        for seq, event in enumerate(both_legs_fill(), 1):
            kept.append_event(seq, event)
            kept.append_intents(seq, engine.step(event))
    writer = RowWriter(tmp_path)
    # Batches of one record: a frame and what came of it stand in different ones.
    while writer.work(limit=1):
        pass
    return tmp_path


def told(*words: str) -> dict[str, object]:
    out = StringIO()
    call_command("trace", *words, "--json", stdout=out, stderr=StringIO())
    found: dict[str, object] = json.loads(out.getvalue().splitlines()[-1])
    return found


def steps(found: dict[str, object]) -> list[str]:
    listed = found["steps"]
    assert isinstance(listed, list)
    return [step["step"] for step in listed]


def test_the_journal_tells_it_by_deal_and_by_trace(journal: Path) -> None:
    by_deal = told("r-1", "--journal", str(journal))

    assert (by_deal["trace"], by_deal["deal"], by_deal["source"]) == ("r.6", "r-1", "journal")
    assert steps(by_deal)[:5] == ["frame", "edge", "deal", "order", "order"]
    assert steps(by_deal).count("fill") == 3
    assert by_deal["frame_to_order_us"] == 0
    assert (by_deal["order_to_answer_us"], by_deal["order_to_fill_us"]) == (100_000, 200_000)
    assert told("r.6", "--journal", str(journal)) == by_deal


def test_rows_tell_it_where_the_journal_is_gone(journal: Path) -> None:
    shutil.rmtree(journal)

    found = told("r-1", "--journal", str(journal))

    assert found["source"] == "rows"
    assert steps(found)[:4] == ["edge", "deal", "order", "order"]
    assert steps(found).count("fill") == 3


def test_a_trace_without_a_deal_shows_its_frame_and_what_was_decided(journal: Path) -> None:
    found = told("r.5", "--journal", str(journal))

    assert (found["deal"], steps(found)[0]) == (None, "frame")


def test_the_chain_is_shown_to_people(journal: Path) -> None:
    out = StringIO()
    call_command("trace", "r-1", "--journal", str(journal), stdout=out)

    lines = out.getvalue().splitlines()
    assert lines[0] == "trace r.6 of deal r-1, from the journal"
    assert " frame " in lines[1]
    assert "[r-1-0]" in lines[4]


def test_a_name_nobody_knows_ends_with_one_sentence(journal: Path) -> None:
    for name in ("r-99", "r.99", "nothing"):
        err = StringIO()
        with pytest.raises(SystemExit) as ended:
            call_command("trace", name, "--journal", str(journal), stdout=StringIO(), stderr=err)
        assert ended.value.code == 1
        assert err.getvalue().count("\n") == 1


def test_each_link_is_a_line_of_the_log_with_the_trace(
    journal: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lines = [r.msg for r in caplog.get_records("setup") if r.name == "trace"]

    assert all(isinstance(line, dict) and line["trace"] == "r.6" for line in lines)
    said = [line["event"] for line in lines if isinstance(line, dict)]
    assert said[:5] == ["frame", "edge", "deal", "order", "order"]
    assert said.count("fill") == 3
    assert {line["deal"] for line in lines if isinstance(line, dict)} == {"r-1"}
    assert models.Deal.objects.get().trace == "r.6"
