"""Records as CSV, JSON lines and Parquet."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from django.core.management import CommandError, call_command
from django.db.models import Q

from markets.revisions import bump, change
from tests.records import a_deal
from trading import exports, models

pytestmark = pytest.mark.django_db


def export(*words: str) -> str:
    out = io.StringIO()
    call_command("export", *words, stdout=out, stderr=io.StringIO())
    return out.getvalue()


@pytest.mark.parametrize("kind", sorted(exports.KINDS))
def test_every_kind_names_columns_that_exist(kind: str) -> None:
    assert list(exports.rows_of(exports.KINDS[kind], Q())) == []


def test_csv_has_names_decimals_and_utc() -> None:
    a_deal()
    rows = list(csv.DictReader(io.StringIO(export("fills"))))
    assert [(r["px"], r["qty"], r["fee"]) for r in rows] == [
        ("0.475000", "10.000000", "0.030000"),
        ("0.475000", "10.000000", "0.030000"),
    ]
    assert rows[0]["at"] == "2026-11-20T12:00:00.000000Z"


def test_json_lines_keep_money_as_text() -> None:
    a_deal()
    told = [json.loads(line) for line in export("deals", "--format", "jsonl").splitlines()]
    assert (told[0]["planned_profit"], told[0]["package"]) == ("0.130000", 0)


def test_parquet_keeps_money_exact(tmp_path: Path) -> None:
    a_deal()
    out = tmp_path / "orders.parquet"
    export("orders", "--format", "parquet", "--out", str(out))
    table = pyarrow.parquet.read_table(out)
    assert str(table.schema.field("px").type) == "decimal128(24, 6)"
    assert str(table.schema.field("sent_at").type) == "timestamp[us, tz=UTC]"
    assert table.column("px").to_pylist() == [Decimal("0.480000")] * 2


def test_a_text_that_a_spreadsheet_would_run_is_marked() -> None:
    a_deal()
    models.Deal.objects.update(title='=HYPERLINK("http://x")', reason="-1+1", locked=-130_000)
    row = next(csv.DictReader(io.StringIO(export("deals"))))
    assert row["title"] == '\'=HYPERLINK("http://x")'
    assert row["reason"] == "'-1+1"
    assert row["locked"] == "-0.130000"


def test_times_choose_rows_the_end_excluded() -> None:
    a_deal()
    wanted = ("fills", "--from", "2026-11-20", "--to", "2026-11-20T12:00:01")
    assert len(export(*wanted).splitlines()) == 3
    with pytest.raises(SystemExit) as ended:
        export("fills", "--to", "2026-11-20T12:00")
    assert ended.value.code == 3


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["fills", "--from", "yesterday"], "write 2026-11-20"),
        (["fills", "--from", "2026-13-40"], "write 2026-11-20"),
        (["fills", "--format", "parquet"], "say where to with --out"),
        (["fills", "--out", "/nowhere/at/all"], "cannot be written"),
    ],
)
def test_bad_usage_is_one_sentence(words: list[str], sentence: str) -> None:
    a_deal()
    with pytest.raises(CommandError, match=sentence) as refused:
        export(*words)
    assert refused.value.returncode == 2


def test_an_export_that_fails_leaves_no_file(tmp_path: Path, monkeypatch: Any) -> None:
    a_deal()

    def full(*_: Any) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(exports, "write_csv", full)
    with pytest.raises(CommandError, match="No space left"):
        export("fills", "--out", str(tmp_path / "fills.csv"))
    assert list(tmp_path.iterdir()) == []


def test_revisions_tell_what_changed() -> None:
    bump("alice", "a try", [change("threshold", "min_net_edge", "value", 1, 2)])
    row = next(csv.DictReader(io.StringIO(export("revisions"))))
    assert (row["author"], json.loads(row["changes"])[0]["after"]) == ("alice", 2)


def test_a_long_export_needs_little_memory(tmp_path: Path) -> None:
    a_deal()
    seen = models.EdgeSample.objects.get()
    rows = [
        models.EdgeSample(
            seq=n, relation=f"r{n}", at=seen.at, package=0, net=1, cost=1, qty=1, profit=1
        )
        for n in range(2, 12_002)
    ]
    models.EdgeSample.objects.bulk_create(rows, batch_size=2_000)
    del rows
    tracemalloc.start()
    export("edges", "--out", str(tmp_path / "edges.csv"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len((tmp_path / "edges.csv").read_text().splitlines()) == 12_002
    # 12,000 rows at once would be about 20 MB.
    assert peak < 8_000_000
