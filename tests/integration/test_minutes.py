"""Statistics of the worker, minute by minute."""

from __future__ import annotations

import json
from io import StringIO

import msgspec
import pytest
from django.core.management import call_command

from markets.terms.units import MS, SECOND, Ns, Usd
from tests.fakes import ManualClock
from tests.records import a_deal
from trading import minutes, models, showcase
from trading.duties import MinuteKeeper, loaded_stats_ms
from trading.engine.config import Limits, Snapshot
from trading.engine.pictures import EnginePicture
from trading.scribe import Every

pytestmark = pytest.mark.django_db
AT = Ns(1_795_000_000 * SECOND)


def picture() -> EnginePicture:
    return msgspec.structs.replace(showcase.engine(AT), at=AT, today=Usd(1_500_000))


def write(seq: int, minute: int = 0) -> minutes.Minute:
    return minutes.write_minute("engine", Ns(AT + minute * 60 * SECOND), picture(), seq)


def test_a_minute_counts_what_happened_since_the_one_before() -> None:
    a_deal(1)
    models.Decision.objects.create(
        seq=2, relation="sun", at="2026-11-20T12:00Z", package=0, verdict="approved"
    )
    first = write(2)
    a_deal(3)
    second = write(3, 1)
    quiet = write(3, 2)

    assert (first.seq_from, first.seq_to, second.seq_from, second.seq_to) == (0, 2, 2, 3)
    assert (first.plans, first.approved, first.approval_ppm) == (2, 1, 500_000)
    assert (first.edges, first.ended, first.gates) == (1, 1, {"min_edge": 1})
    assert (second.plans, second.approved, second.approval_ppm) == (1, 0, 0)
    assert (quiet.plans, quiet.approval_ppm, quiet.gates) == (0, None, {})
    assert (quiet.pnl_today, quiet.mode) == (1_500_000, picture().mode)


def test_a_deal_that_ended_below_nothing_is_a_loss() -> None:
    deal = a_deal(1)
    models.Deal.objects.filter(deal_id=deal).update(locked=-50_000, state="closed")
    assert write(1).losses == 1


def test_the_same_minute_written_again_stays_one_row() -> None:
    a_deal(1)
    write(1)
    write(1)
    assert models.WorkerStats.objects.count() == 1


def test_a_journal_that_was_replaced_is_counted_from_its_beginning() -> None:
    a_deal(1)
    write(900)
    assert write(1, 1).seq_from == 0


def test_the_scribe_writes_no_minute_before_the_worker_has_spoken() -> None:
    keeper = MinuteKeeper("engine", ManualClock())
    keeper.write(None, 0)
    assert not models.WorkerStats.objects.exists()
    keeper.write(msgspec.msgpack.encode(picture()), 0)
    assert models.WorkerStats.objects.get().sockets == len(picture().venues)


def test_the_line_of_statistics_comes_as_often_as_the_saved_setting_says() -> None:
    clock = ManualClock()
    every = Every(clock, 60_000 * MS)
    every.is_due()
    limits = msgspec.structs.replace(Limits(), stats_ms=5_000)
    body = msgspec.msgpack.encode(Snapshot(revision=1, at=AT, limits=limits))

    every.every(loaded_stats_ms(body) * MS)

    clock.advance(4_999)
    assert not every.is_due()
    clock.advance(1)
    assert every.is_due()
    assert loaded_stats_ms(msgspec.msgpack.encode({})) == 60_000


def stats(*words: str) -> str:
    out = StringIO()
    call_command("stats", *words, stdout=out)
    return out.getvalue()


def test_stats_shows_the_last_minute_beside_the_sums() -> None:
    a_deal(1)
    write(1)
    found = json.loads(stats("--json").splitlines()[-1])
    assert found["fills"] == 2
    assert found["minute"]["plans"] == 1
    assert found["minute"]["pnl_today"] == "1.50"
    assert "P&L today +$1.50" in stats()


def test_stats_tells_minutes_oldest_first_and_says_when_there_is_none() -> None:
    with pytest.raises(SystemExit) as ended:
        stats("--minutes", "3")
    assert ended.value.code == 3
    a_deal(1)
    write(1)
    write(1, 1)
    told = [json.loads(line) for line in stats("--minutes", "5", "--json").splitlines()]
    assert [minute["plans"] for minute in told] == [1, 0]
