"""What the matcher judged, as rows: pairs and refusals, read once and written a batch at a time.

A pair that a person decided keeps its table and status; only its evidence is renewed. Refusals are
remembered as long as their markets are candidates, so that nothing is judged twice for nothing;
the nearest misses keep their evidence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter

import msgspec
import structlog
from django.db import transaction
from django.utils import timezone

from markets.judging import evidence_of, facts_of
from markets.matching.verdicts import Judgement
from markets.models import Claim, Market, MatchCandidate, MatchDecision, Relation
from markets.proposals import claims_of, mark_of, refusal_of, retable, unsaved_pair
from markets.terms import relations

LOG = structlog.get_logger(__name__)
AUTHOR = "matcher"
BATCH = 500
WITH_EVIDENCE = 2_000
JUDGED = ("evidence", "score", "rules_passed", "judged_as")
Key = tuple[str, str]


class Judged(msgspec.Struct, frozen=True):
    """Two markets as judged now; `name` is everything the judgement rested on."""

    first: Market
    second: Market
    found: Judgement
    name: str

    @property
    def key(self) -> Key:
        """Both markets' ids."""
        return self.first.market_id, self.second.market_id

    @property
    def mark(self) -> str:
        """The pair's name."""
        return mark_of(*self.key)


class Refusal(msgspec.Struct):
    """Two markets refused: by which rule, how near, and, for the nearest, why in full."""

    key: Key
    score: float
    rule: str
    name: str
    found: Judgement | None


class Known(msgspec.Struct, frozen=True):
    """What was judged before: names by mark of a pair, number and name by key of a refusal."""

    pairs: Mapping[str, str]
    refusals: Mapping[Key, tuple[int, str]]

    def name(self, key: Key) -> str:
        """What two markets were last judged as; empty for markets never judged."""
        mark = mark_of(*key)
        if mark in self.pairs:
            return self.pairs[mark]
        return self.refusals.get(key, (0, ""))[1]

    def is_pair(self, key: Key) -> bool:
        """Whether somebody made a relation of two markets."""
        return mark_of(*key) in self.pairs


def known() -> Known:
    """Everything judged before, in two reads."""
    pairs = Relation.objects.exclude(mark=None).values_list("mark", "judged_as")
    refusals = MatchCandidate.objects.values_list("first", "second", "pk", "judged_as")
    return Known(
        {str(mark): name for mark, name in pairs.iterator()},
        {(first, second): (pk, name) for first, second, pk, name in refusals.iterator()},
    )


@transaction.atomic
def keep(batch: Sequence[Judged]) -> tuple[list[tuple[Relation, Judged]], int]:
    """The relations of pairs as judged now that no person decided, and how many are new.

    Markets that can be no pair are logged and left out.
    """
    held = _held(batch)
    old = [(held[one.mark], one) for one in batch if one.mark in held]
    for row, one in old:
        facts = facts_of(one.first, one.second, one.found)
        if row.status == Relation.Status.CANDIDATE:
            retable(row, facts)
        _renew(row, one, facts.rules_passed)
    Relation.objects.bulk_update(
        [row for row, _ in old], (*JUDGED, "worlds", "inverse"), batch_size=100
    )
    new = _create([one for one in batch if one.mark not in held])
    undecided = [pair for pair in old if pair[0].status == Relation.Status.CANDIDATE]
    return undecided + new, len(new)


@transaction.atomic
def note(batch: Sequence[Judged]) -> None:
    """Keeps refusals with the relations that somebody made of these markets.

    Table and status stay as they are: a person decides, and now sees what the rules found.
    """
    held = _held(batch)
    old = [(held[one.mark], one) for one in batch if one.mark in held]
    for row, one in old:
        _renew(row, one, False)
    Relation.objects.bulk_update([row for row, _ in old], JUDGED, batch_size=100)


def _held(batch: Sequence[Judged]) -> dict[str, Relation]:
    """The relations there are of these pairs, locked in one order."""
    rows = Relation.objects.select_for_update().filter(mark__in=[one.mark for one in batch])
    return {str(row.mark): row for row in rows.order_by("pk")}


def _renew(row: Relation, one: Judged, rules_passed: bool | None) -> None:
    row.evidence = {**row.evidence, **evidence_of(one.found)}
    row.score, row.rules_passed, row.judged_as = one.found.score, rules_passed, one.name


def _create(batch: Sequence[Judged]) -> list[tuple[Relation, Judged]]:
    """New candidates with their claims and what is known of them, in three writes."""
    made: list[tuple[Relation, relations.Relation, Judged]] = []
    for one in batch:
        wrong = refusal_of(one.first, one.second)
        if wrong:
            LOG.warning("pair not kept", first=one.first.market_id, problem=wrong)
            continue
        row, table = unsaved_pair(one.first, one.second, facts_of(one.first, one.second, one.found))
        row.evidence, row.judged_as = evidence_of(one.found), one.name
        made.append((row, table, one))
    Relation.objects.bulk_create([row for row, _, _ in made])
    Claim.objects.bulk_create([claim for row, table, _ in made for claim in claims_of(row, table)])
    now = timezone.now()
    MatchDecision.objects.bulk_create(
        MatchDecision(
            relation=row,
            verdict="proposed",
            reasons=list(one.found.reasons[:5]),
            author=AUTHOR,
            at=now,
        )
        for row, _, one in made
    )
    return [(row, one) for row, _, one in made]


class Refusals:
    """The refusals of one run: all by name, the nearest with their evidence."""

    def __init__(self) -> None:
        self._new: list[Refusal] = []
        self._near: list[Refusal] = []
        self._still: set[Key] = set()

    def stands(self, key: Key) -> None:
        """A refusal of before that nothing changed."""
        self._still.add(key)

    def add(self, one: Judged, rule: str) -> None:
        """A refusal of this run."""
        made = Refusal(one.key, one.found.score, rule[:80], one.name, one.found)
        self._still.add(one.key)
        self._new.append(made)
        self._near.append(made)
        if len(self._near) > 2 * WITH_EVIDENCE:
            self._trim()

    def _trim(self) -> None:
        """Forgets the evidence of all but the nearest, so that memory is bounded."""
        self._near.sort(key=lambda each: -each.score)
        for each in self._near[WITH_EVIDENCE:]:
            each.found = None
        del self._near[WITH_EVIDENCE:]

    @transaction.atomic
    def store(self, before: Known) -> None:
        """Writes what is new, forgets what is no candidate or is no refusal any more."""
        self._trim()
        gone = [pk for key, (pk, _) in before.refusals.items() if key not in self._still]
        MatchCandidate.objects.filter(pk__in=gone).delete()
        now = timezone.now()
        for start in range(0, len(self._new), BATCH):
            MatchCandidate.objects.bulk_create(
                [
                    MatchCandidate(
                        first=each.key[0],
                        second=each.key[1],
                        score=each.score,
                        refused_by=each.rule,
                        evidence=evidence_of(each.found) if each.found else {},
                        judged_as=each.name,
                        at=now,
                    )
                    for each in sorted(self._new[start : start + BATCH], key=attrgetter("key"))
                ],
                update_conflicts=True,
                unique_fields=["first", "second"],
                update_fields=["score", "refused_by", "evidence", "judged_as", "at"],
            )
        near = MatchCandidate.objects.order_by("-score", "-id").values_list("pk", flat=True)
        told = MatchCandidate.objects.exclude(evidence={})
        told.exclude(pk__in=list(near[:WITH_EVIDENCE])).update(evidence={})
