"""`manage.py match`: the shape of a verdict, what is measured, and what is refused."""

import json
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.tapes import SHARED

LABELLED = SHARED / "pairs" / "labelled.jsonl"
KNOWN_WRONG_LABELS = 0.02  # the part of the true pairs whose own texts contradict the label

KALSHI = {
    "ticker": "KXNHL-26-BUF",
    "event_ticker": "KXNHL-26",
    "title": "Will Buffalo Sabres win the 2025-26 Stanley Cup Finals?",
    "rules_primary": "If the Buffalo Sabres win the 2025-26 Stanley Cup Finals, then the market "
    "resolves to Yes.",
}
POLYMARKET = {
    "slug": "will-the-buffalo-sabres-win-the-2026-nhl-stanley-cup",
    "question": "Will the Buffalo Sabres win the 2026 NHL Stanley Cup?",
    "description": 'This market will resolve to "Yes" if the Buffalo Sabres win the 2026 NHL '
    'Stanley Cup. Otherwise, this market will resolve to "No".',
    "outcomes": ["Yes", "No"],
}
CUP = {"id": "cup", "topic": "sports", "label": "same", "kalshi": KALSHI, "polymarket": POLYMARKET}
SILENT = {**CUP, "id": "silent", "polymarket": {**POLYMARKET, "description": None}}
OTHER = {
    **CUP,
    "id": "other",
    "label": "different",
    "polymarket": {**POLYMARKET, "question": "Will the Dallas Stars win the 2026 Stanley Cup?"},
}


def written(tmp_path: Path, *records: object) -> Path:
    path = tmp_path / "pairs.jsonl"
    path.write_text("".join(f"{json.dumps(record)}\n" for record in records))
    return path


def answered(path: Path, *options: str) -> dict[str, Any]:
    out = StringIO()
    call_command("match", str(path), "--json", *options, stdout=out)
    figures: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
    return figures


def test_it_writes_a_verdict_for_each_line_in_the_published_shape(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    answered(written(tmp_path, CUP, SILENT, OTHER), "--out", str(out))

    lines = [json.loads(line) for line in out.read_text().splitlines()]

    assert [line["verdict"] for line in lines] == ["auto", "review", "reject"]
    assert list(lines[0]) == [
        "id",
        "verdict",
        "relation",
        "score",
        "rules",
        "reasons",
        "tail_worlds",
    ]
    assert set(lines[0]["rules"]["subject"]) == {"verdict", "a", "b"}
    assert lines[0]["relation"] == "same"
    assert 0.92 <= lines[0]["score"] <= 1


def test_it_measures_against_the_labels_per_category_and_overall(tmp_path: Path) -> None:
    figures = answered(written(tmp_path, CUP, SILENT, OTHER))

    assert list(figures) == ["overall", "categories"]
    overall = figures["overall"]
    assert (overall["true"], overall["true_kept"], overall["polarity_errors"]) == (2, 2, 0)
    assert (overall["recall_auto"], overall["auto_precision"]) == (1.0, 1.0)
    assert (overall["different_refused"], overall["refused_by"]) == (1, {"subject": 1})
    assert figures["categories"]["sports"]["records"] == 3


def test_pairs_without_labels_are_judged_all_the_same(tmp_path: Path) -> None:
    bare = {"kalshi": KALSHI, "polymarket": POLYMARKET}

    figures = answered(written(tmp_path, bare))

    assert figures["overall"]["auto"] == 1
    assert figures["overall"]["recall_at_review"] is None


def test_without_options_it_prints_lines_and_a_table(tmp_path: Path) -> None:
    out = StringIO()
    call_command("match", str(written(tmp_path, CUP, OTHER)), stdout=out)

    lines = out.getvalue().splitlines()
    assert lines[0].startswith("cup\tauto\tsame\t")
    assert lines[-1] == "refused by: subject 1"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "line 1 is no JSON"),
        ("[1]", "line 1 is no object"),
        ('{"kalshi": {"ticker": "X"}}', "line 1: it has no object polymarket."),
    ],
)
def test_a_bad_line_is_named_in_one_sentence(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(text)

    with pytest.raises(CommandError, match=said) as refused:
        call_command("match", str(path))
    assert refused.value.returncode == 2


def test_a_file_that_is_not_there_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read") as refused:
        call_command("match", str(tmp_path / "none.jsonl"))
    assert refused.value.returncode == 2


def test_an_empty_file_leaves_nothing_to_compare(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as left:
        call_command("match", str(written(tmp_path)), stderr=StringIO())
    assert left.value.code == 3


@pytest.mark.skipif(not LABELLED.exists(), reason="../shared/data/pairs is not here")
def test_the_labelled_pairs_meet_the_bars() -> None:
    overall = answered(LABELLED)["overall"]
    sys.stdout.write(f"{ {key: overall[key] for key in overall if key != 'refused_by'} }\n")

    assert overall["false_auto"] == 0
    assert overall["auto_without_texts"] == 0
    assert overall["recall_auto"] >= 1 / 3
    assert overall["recall_at_review"] >= 1 - KNOWN_WRONG_LABELS
    assert overall["polarity_errors"] == 0
