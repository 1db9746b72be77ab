"""`manage.py match FILE.jsonl`: judge pairs of markets from a file, and measure against labels."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from markets.console import NOTHING, Console
from markets.matching.decide import judge
from markets.matching.sides import sides_of_record
from markets.matching.tally import OVERALL, Judged, Tally, tallies
from markets.matching.verdicts import Judgement, Policy

LABELS = ("same", "inverse", "different")
COLUMNS = (
    ("category", "category"), ("records", "records"), ("auto", "auto"), ("review", "review"),
    ("reject", "reject"), ("auto_precision", "precision"), ("false_auto", "false"),
    ("recall_at_review", "recall"), ("recall_auto", "auto recall"),
    ("polarity_errors", "polarity"), ("different_refused", "refused"), ("different", "different"),
)  # fmt: skip


class Command(Console):
    """Judges a file of pairs."""

    help = (
        "Each line is one pair, {'id', 'kalshi': {...}, 'polymarket': {...}}, with or without "
        "'label' (same, inverse, different) and 'topic'. Prints a verdict for each line and, where "
        "there are labels, what the verdicts are worth per topic. "
        "Exit 0 done, 2 unreadable input, 3 nothing to compare."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The file, where the verdicts go, and the policy's least score."""
        parser.add_argument("file", type=Path, metavar="FILE.jsonl")
        parser.add_argument(
            "--out", type=Path, metavar="OUT.jsonl", help="write one verdict a line"
        )
        parser.add_argument("--least", type=float, default=Policy().auto_score, metavar="SCORE")
        self.add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Judge every line, then count."""
        policy = Policy(auto_score=options["least"])
        judged: list[Judged] = []
        lines: list[str] = []
        for record in self._records(options["file"]):
            one = self._judged(record, policy)
            judged.append(one)
            shown = line_of(str(record["id"]), one.judgement)
            lines.append(json.dumps(shown, ensure_ascii=False))
            if options["out"] is None and not options["json"]:
                self.stdout.write(brief(shown))
        if not judged:
            self.leave(NOTHING, f"{options['file']} holds no pair.")
        if options["out"] is not None:
            self._write(options["out"], lines)
        self._report(tallies(judged), as_json=options["json"])

    def _records(self, path: Path) -> Iterator[dict[str, Any]]:
        """The file's records with their sides checked; ends with one sentence on a bad line."""
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as problem:
            self.refuse(f"{path} cannot be read ({type(problem).__name__}).")
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
            except json.JSONDecodeError as problem:
                self.refuse(f"{path} line {number} is no JSON ({problem.msg}).")
            if not isinstance(record, dict):
                self.refuse(f"{path} line {number} is no object with kalshi and polymarket.")
            record.setdefault("id", f"line {number}")
            try:
                record["sides"] = sides_of_record(record)
            except ValueError as problem:
                self.refuse(f"{path} line {number}: {problem}.")
            yield record

    def _judged(self, record: dict[str, Any], policy: Policy) -> Judged:
        first, second = record["sides"]
        label = record.get("label") if record.get("strictness") != "ambiguous" else None
        return Judged(
            category=str(record.get("topic") or ""),
            label=label if label in LABELS else "",
            both_texts=bool(first.rules and second.rules),
            judgement=judge(first, second, policy),
        )

    def _write(self, path: Path, lines: list[str]) -> None:
        try:
            path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        except OSError as problem:
            self.refuse(f"{path} cannot be written ({type(problem).__name__}).")

    def _report(self, found: dict[str, Tally], *, as_json: bool) -> None:
        if as_json:
            categories = {k: t.figures() for k, t in found.items() if k != OVERALL}
            whole = {"overall": found[OVERALL].figures(), "categories": categories}
            self.stdout.write(json.dumps(whole))
            return
        rows = [tally.figures() for tally in found.values()]
        self.stdout.write("  ".join(title.rjust(11) for _, title in COLUMNS))
        for row in rows:
            self.stdout.write("  ".join(_cell(row[key]).rjust(11) for key, _ in COLUMNS))
        refused = sorted(found[OVERALL].refused_by.items(), key=lambda pair: -pair[1])
        self.stdout.write("refused by: " + ", ".join(f"{rule} {count}" for rule, count in refused))


def line_of(id: str, judgement: Judgement) -> dict[str, Any]:
    """One verdict as it is written: the shape people script against."""
    return {
        "id": id,
        "verdict": judgement.verdict.value,
        "relation": judgement.relation.value,
        "score": judgement.score,
        "rules": {
            f.rule: {"verdict": f.word.value, "a": f.a, "b": f.b} for f in judgement.rules
        },
        "reasons": list(judgement.reasons),
        "tail_worlds": [
            {"name": tail.name, "loss_cents": tail.loss_cents} for tail in judgement.tail_worlds
        ],
    }  # fmt: skip


def brief(shown: dict[str, Any]) -> str:
    """One verdict on one line of a terminal."""
    reason = shown["reasons"][0] if shown["reasons"] else ""
    return f"{shown['id']}\t{shown['verdict']}\t{shown['relation']}\t{shown['score']:.2f}\t{reason}"


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value)
