"""The match bench over the stored cases: how the matcher of today does on what people decided.

Each run is kept, so that drift from week to week is seen. A case counts as a candidate when the
matcher sends it to a person or better; a false confirmation is the one figure that must be nought.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from django.db.models.functions import TruncWeek
from django.utils import timezone

from markets import teaching
from markets.judging import policy
from markets.matching.decide import judge
from markets.matching.sides import sides_of_record
from markets.matching.verdicts import Judgement, Kinship, Verdict
from markets.models import MatchDecision, MatchRun
from markets.moments import ns

KIND = "bench"
WRONG = 50
TRUE = ("same", "inverse")


class Score(msgspec.Struct):
    """Counts of one topic, or of all."""

    topic: str
    cases: int = 0
    true: int = 0
    auto: int = 0
    auto_right: int = 0
    candidates: int = 0
    polarity_errors: int = 0
    refused: int = 0

    @property
    def precision(self) -> float | None:
        """Of what was confirmed by itself, the part that is right; nothing was: unknown."""
        return self.auto_right / self.auto if self.auto else None

    @property
    def recall(self) -> float | None:
        """Of the true pairs, the part a person would see or that was confirmed."""
        return self.candidates / self.true if self.true else None

    @property
    def recall_auto(self) -> float | None:
        """Of the true pairs, the part confirmed by itself."""
        return self.auto_right / self.true if self.true else None

    def add(self, label: str, found: Judgement) -> None:
        """Counts one case."""
        is_true, is_auto = label in TRUE, found.verdict is Verdict.AUTO
        is_right = found.relation.value == label
        self.cases += 1
        self.true += is_true
        self.auto += is_auto
        self.auto_right += is_auto and is_right
        self.candidates += is_true and found.verdict is not Verdict.REJECT
        self.refused += found.verdict is Verdict.REJECT
        self.polarity_errors += is_true and found.relation is not Kinship.NONE and not is_right


class BenchRow(msgspec.Struct, frozen=True):
    """One case as judged now."""

    id: str
    label: str
    topic: str
    verdict: str
    relation: str
    score: float
    refused_by: str
    is_wrong: bool


class Bench(msgspec.Struct, frozen=True):
    """A run over the stored cases: all together first, then topics by size."""

    scores: tuple[Score, ...]
    rows: tuple[BenchRow, ...]
    refused_by: dict[str, int]


def measure(records: Iterable[dict[str, object]]) -> Bench:
    """How the matcher judges labelled records; one without a readable side counts as refused."""
    total, topics = Score("all"), dict[str, Score]()
    rows, by = [], dict[str, int]()
    terms = policy()
    for record in records:
        label, topic = str(record["label"]), str(record.get("topic") or "other")
        found = judge(*sides_of_record(record), terms)
        for score in (total, topics.setdefault(topic, Score(topic))):
            score.add(label, found)
        rule = found.failed[0] if found.failed else ""
        if found.verdict is Verdict.REJECT:
            by[rule or "score"] = by.get(rule or "score", 0) + 1
        rows.append(_row(str(record["id"]), label, topic, found, rule))
    ordered = sorted(topics.values(), key=lambda s: (-s.cases, s.topic))
    return Bench((total, *ordered), tuple(rows), dict(sorted(by.items(), key=lambda b: -b[1])))


def _row(name: str, label: str, topic: str, found: Judgement, rule: str) -> BenchRow:
    is_auto_wrong = found.verdict is Verdict.AUTO and found.relation.value != label
    is_missed = label in TRUE and found.verdict is Verdict.REJECT
    return BenchRow(
        id=name,
        label=label,
        topic=topic,
        verdict=found.verdict.value,
        relation=found.relation.value,
        score=found.score,
        refused_by=rule,
        is_wrong=is_auto_wrong or is_missed,
    )


def run() -> Bench:
    """Measures the stored cases and keeps the figures."""
    began = timezone.now()
    found = measure(teaching.records())
    MatchRun.objects.create(
        kind=KIND,
        at=began,
        took_ms=int((timezone.now() - began).total_seconds() * 1000),
        figures={
            "scores": [_kept(score) for score in found.scores],
            "refused_by": found.refused_by,
            "wrong": [msgspec.to_builtins(r) for r in found.rows if r.is_wrong][:WRONG],
        },
    )
    return found


def _kept(score: Score) -> dict[str, object]:
    kept: dict[str, object] = msgspec.structs.asdict(score)
    return {
        **kept,
        "precision": score.precision,
        "recall": score.recall,
        "recall_auto": score.recall_auto,
    }


def latest() -> dict[str, object] | None:
    """The figures of the last run, or nothing before the first."""
    row = MatchRun.objects.filter(kind=KIND).first()
    return None if row is None else {"at": ns(row.at), "took_ms": row.took_ms, **row.figures}


class Week(msgspec.Struct, frozen=True):
    """The last run of a week, and how people decided in it."""

    week: str
    cases: int
    precision: float | None
    recall: float | None
    recall_auto: float | None
    confirmed: int
    rejected: int


def drift(weeks: int = 12) -> tuple[Week, ...]:
    """The newest weeks first: figures of each week's last run beside what people decided."""
    rows = MatchRun.objects.filter(kind=KIND).annotate(week=TruncWeek("at")).order_by("week", "at")
    last = {row.week.date().isoformat(): row for row in rows}
    decided = MatchDecision.objects.filter(verdict__in=("confirmed", "blocked"))
    counted: dict[tuple[str, str], int] = {}
    weekly = decided.annotate(week=TruncWeek("at")).values_list("week", "verdict")
    for week, verdict in weekly:
        key = (week.date().isoformat(), str(verdict))
        counted[key] = counted.get(key, 0) + 1
    found = []
    for week, row in sorted(last.items(), reverse=True)[:weeks]:
        total = row.figures["scores"][0]
        found.append(
            Week(
                week,
                total["cases"],
                total["precision"],
                total["recall"],
                total["recall_auto"],
                counted.get((week, "confirmed"), 0),
                counted.get((week, "blocked"), 0),
            )
        )
    return tuple(found)
