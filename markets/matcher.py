"""The matcher over the catalogue: candidates found, judged, and kept as rows.

What every rule and the payoff table prove, at the policy's score, is confirmed without a person
only where the operator switched that on; a failed rule refuses; everything else waits for review.
A decision of a person is never touched: only candidates are judged again, and only when what the
judgement rested on has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import msgspec
import structlog
from django.db.models import Q
from django.utils import timezone

from markets import matched, pairing, selectors, selfcheck
from markets.judging import FIELDS, judged, judged_as, policy, policy_row, rev_of, side_of
from markets.matched import AUTHOR, BATCH, Judged, Known, Refusals
from markets.matching.advice import Advice, demoted
from markets.matching.candidates import candidates
from markets.matching.verdicts import Judgement, Policy, Verdict, Word
from markets.models import BlockRule, Market, MatchRun, Relation
from markets.terms.packages import packages

LOG = structlog.get_logger(__name__)
Advise = Callable[[Relation], Advice | None]


class MatchFigures(msgspec.Struct, frozen=True):
    """What a run of the matcher came to, in numbers of pairs; `sides` are markets looked at."""

    sides: int
    candidates: int
    judged: int
    auto: int
    review: int
    rejected: int
    proposed: int
    confirmed: int
    refused_by: dict[str, int]
    took_ms: int


def run(*, least_score: float = 0.0, advise: Advise | None = None) -> MatchFigures:
    """Judges all candidates whose markets or policy changed since they were last judged.

    `least_score` is the engine's own least score, in addition to the policy's. `advise` may keep a
    pair from being confirmed without a person, and nothing else. Errors: none that are expected.
    """
    began = timezone.now()
    one = _Run(policy(least_score), advise)
    firsts, seconds = list(_open("kalshi")), list(_open("polymarket"))
    for first, second in _candidates(firsts, seconds):
        one.look(first, second)
    one.end()
    took = int((timezone.now() - began).total_seconds() * 1000)
    figures = one.figures(len(firsts) + len(seconds), took)
    MatchRun.objects.create(
        kind="match", at=began, took_ms=took, figures=msgspec.to_builtins(figures)
    )
    return figures


class _Run:
    """One run: its counts, and what waits to be written."""

    def __init__(self, terms: Policy, advise: Advise | None) -> None:
        self.terms, self.rev, self.advise = terms, rev_of(terms), advise
        self.is_auto = policy_row().auto_confirm
        self.known: Known = matched.known()
        self.refusals = Refusals()
        self.classes = selfcheck.believed()
        self.waiting: list[Judged] = []
        self.noted: list[Judged] = []
        self.candidates = self.proposed = self.confirmed = 0
        self.verdicts = dict.fromkeys(Verdict, 0)
        self.by: dict[str, int] = {}

    def look(self, first: Market, second: Market) -> None:
        """Judges two markets, unless nothing has changed since they were judged."""
        self.candidates += 1
        key, name = (first.market_id, second.market_id), judged_as(first, second, self.rev)
        is_pair = self.known.is_pair(key)
        if self.known.name(key) == name:
            if not is_pair:
                self.refusals.stands(key)
            return
        found = judged(first, second, self.terms)
        one = Judged(first, second, found, name)
        self.verdicts[found.verdict] += 1
        if found.verdict is not Verdict.REJECT:
            self.waiting.append(one)
        elif is_pair:
            self.noted.append(one)
        else:
            rule = found.failed[0] if found.failed else "score"
            self.by[rule] = self.by.get(rule, 0) + 1
            self.refusals.add(one, rule)
        if len(self.waiting) + len(self.noted) >= BATCH:
            self.write()

    def write(self) -> None:
        """Writes what waits, and confirms what may be confirmed without a person."""
        matched.note(self.noted)
        rows, new = matched.keep(self.waiting)
        self.noted, self.waiting = [], []
        self.proposed += new
        for row, one in rows if self.is_auto else ():
            self._confirm(row, one.found)

    def _confirm(self, row: Relation, found: Judgement) -> None:
        """Confirms a pair that is proven and can be true together with what is confirmed."""
        if not may_confirm(row, found, self.terms):
            return
        pair = selfcheck.joined(row)
        clash = None if pair is None else self.classes.clash(pair)
        if clash is not None:
            LOG.warning("pair not confirmed", pair=clash.slug, why=clash.why)
        if pair is None or clash is not None or not _agrees(row, found, self.advise):
            return
        reason = f"Every rule passes, score {found.score:.2f}; the payoff table is proven."
        pairing.confirm_by_rule(row.slug, [0, 1], AUTHOR, reason)
        self.classes.join(pair)
        self.confirmed += 1

    def end(self) -> None:
        """Writes the rest."""
        self.write()
        self.refusals.store(self.known)

    def figures(self, sides: int, took_ms: int) -> MatchFigures:
        return MatchFigures(
            sides=sides,
            candidates=self.candidates,
            judged=sum(self.verdicts.values()),
            auto=self.verdicts[Verdict.AUTO],
            review=self.verdicts[Verdict.REVIEW],
            rejected=self.verdicts[Verdict.REJECT],
            proposed=self.proposed,
            confirmed=self.confirmed,
            refused_by=dict(sorted(self.by.items(), key=lambda each: -each[1])),
            took_ms=took_ms,
        )


def may_confirm(row: Relation, found: Judgement, policy: Policy) -> bool:
    """Whether a pair is proven enough to be confirmed without a person.

    Every rule passes, the score reaches the policy's, the payoff table has both crossing packages,
    and no rule blocks it. The language model has no word here.
    """
    if found.verdict is not Verdict.AUTO or found.score < policy.auto_score:
        return False
    if any(f.word is not Word.PASS for f in found.rules):
        return False
    rows = Relation.objects.filter(pk=row.pk).prefetch_related("claims__market")
    table = selectors.relation_terms(rows[0])
    if not {0, 1} <= {p.index for p in packages(table)}:
        return False
    return selectors.blocked_by(rows[0], BlockRule.objects.filter(active=True)) is None


def _agrees(row: Relation, found: Judgement, advise: Advise | None) -> bool:
    """Whether the model, where it is asked and answers, does not doubt the pair."""
    said = advise(row) if advise is not None else None
    return said is None or demoted(found, said).verdict is Verdict.AUTO


def _candidates(
    firsts: Sequence[Market], seconds: Sequence[Market]
) -> Iterator[tuple[Market, Market]]:
    """Pairs worth judging, by first market."""
    ours, theirs = [side_of(m) for m in firsts], [side_of(m) for m in seconds]
    for one in candidates(ours, theirs):
        yield firsts[one.first], seconds[one.second]


def _open(venue: str) -> Iterator[Market]:
    """Markets that can still be traded, with what the matcher reads."""
    rows = Market.objects.filter(venue_id=venue, state="open", gone_at=None)
    rows = rows.filter(Q(close_at=None) | Q(close_at__gt=timezone.now()))
    return rows.select_related("event").only(*FIELDS).iterator(chunk_size=2000)
