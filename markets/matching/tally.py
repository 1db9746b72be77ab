"""What judgements are worth beside labels: counts per category, and what may be read from them.

`true` are pairs labelled same or inverse. `kept` of them got auto or review; a polarity error is a
true pair that was kept with the other relation. Records labelled `ambiguous` count nowhere. Nothing
is printed here.
"""

from collections.abc import Iterable

import msgspec

from markets.matching.verdicts import Judgement, Kinship, Verdict

OVERALL = "overall"
TRUE_LABELS = ("same", "inverse")


class Judged(msgspec.Struct, frozen=True):
    """One record's judgement beside what is known of it; an empty label is unlabelled."""

    category: str
    label: str
    both_texts: bool
    judgement: Judgement


class Tally(msgspec.Struct):
    """Counts of one category."""

    category: str
    records: int = 0
    auto: int = 0
    review: int = 0
    reject: int = 0
    true: int = 0
    true_kept: int = 0
    true_both_texts: int = 0
    true_both_texts_auto: int = 0
    different: int = 0
    different_refused: int = 0
    labelled_auto: int = 0
    false_auto: int = 0
    auto_without_texts: int = 0
    with_polarity: int = 0
    polarity_errors: int = 0
    refused_by: dict[str, int] = {}

    def figures(self) -> dict[str, object]:
        """Counts and shares; a share of nothing is None."""
        return {
            **{name: getattr(self, name) for name in self.__struct_fields__},
            "auto_precision": _share(self.labelled_auto - self.false_auto, self.labelled_auto),
            "recall_at_review": _share(self.true_kept, self.true),
            "recall_auto": _share(self.true_both_texts_auto, self.true_both_texts),
        }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def tallies(judged: Iterable[Judged]) -> dict[str, Tally]:
    """Counts per category in order of appearance, the overall counts last."""
    found: dict[str, Tally] = {}
    overall = Tally(OVERALL)
    for one in judged:
        category = one.category or "uncategorised"
        for tally in (found.setdefault(category, Tally(category)), overall):
            _count(tally, one)
    return {**found, OVERALL: overall}


def _count(tally: Tally, one: Judged) -> None:
    judgement = one.judgement
    tally.records += 1
    setattr(tally, judgement.verdict.value, getattr(tally, judgement.verdict.value) + 1)
    automatic = judgement.verdict is Verdict.AUTO
    tally.auto_without_texts += automatic and not one.both_texts
    for rule in judgement.failed[:1]:
        tally.refused_by[rule] = tally.refused_by.get(rule, 0) + 1
    if one.label:
        tally.labelled_auto += automatic
        tally.false_auto += automatic and judgement.relation != one.label
    if one.label in TRUE_LABELS:
        _count_true(tally, one)
    elif one.label:
        tally.different += 1
        tally.different_refused += judgement.verdict is Verdict.REJECT


def _count_true(tally: Tally, one: Judged) -> None:
    judgement = one.judgement
    kept = judgement.verdict is not Verdict.REJECT
    tally.true += 1
    tally.true_kept += kept
    tally.true_both_texts += one.both_texts
    tally.true_both_texts_auto += one.both_texts and judgement.verdict is Verdict.AUTO
    if kept and judgement.relation is not Kinship.NONE:
        tally.with_polarity += 1
        tally.polarity_errors += judgement.relation != one.label
