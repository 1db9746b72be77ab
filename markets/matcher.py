"""The matcher over the catalogue: candidates found, judged, and kept as rows.

What every rule and the payoff table prove, at the policy's score, is confirmed without a person
only where the operator switched that on; a failed rule refuses; everything else waits for review.
A decision of a person is never touched: only candidates are judged again, and only when what the
judgement rested on has changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
import structlog
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from markets import pairing, selectors
from markets.catalogue import details_of
from markets.discovery import games
from markets.matching.advice import Advice, demoted
from markets.matching.candidates import candidates
from markets.matching.decide import judge
from markets.matching.sides import Side
from markets.matching.verdicts import (
    Finding,
    Judgement,
    Kinship,
    Policy,
    SourceAllowance,
    Verdict,
    Word,
)
from markets.models import (
    BlockRule,
    Market,
    MatchCandidate,
    MatchPolicy,
    MatchRun,
    Relation,
    SourceAllow,
)
from markets.terms.packages import packages
from markets.terms.relations import TailRisk
from markets.terms.units import Px

LOG = structlog.get_logger(__name__)
Advise = Callable[[Relation], Advice | None]
AUTHOR = "matcher"
REVISION = "1"  # raised when a new matcher must look again at everything
SECONDS = 1_000_000_000
KEPT_REFUSALS = 2_000
# The rules take an empty list for their own; one that allows nothing must name something.
NOTHING = SourceAllowance("", "", "nothing is allowed")
FIELDS = (
    "market_id",
    "venue_id",
    "native",
    "title",
    "category",
    "outcomes",
    "rules",
    "rules_hash",
    "resolution_source",
    "close_at",
    "starts_at",
    "details",
    "event",
)


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


# --- what the matcher reads -----------------------------------------------------------------------


def side_of(row: Market) -> Side:
    """A market as the matcher sees it; needs its event selected."""
    details = details_of(row)
    split = details.main_rules
    return Side(
        venue=row.venue_id,
        id=row.native,
        event=row.event.native if row.event else "",
        title=row.title,
        event_title=row.event.title if row.event else "",
        label=details.label,
        rules=row.rules[:split] if split else row.rules,
        more_rules=row.rules[split:].strip() if split else "",
        slug=details.slug or row.native,
        outcomes=tuple(row.outcomes),
        source=row.resolution_source,
        close_at=row.close_at.isoformat() if row.close_at else "",
        start_at=row.starts_at.isoformat() if row.starts_at else "",
        line=details.line,
        kind=details.kind,
        neg_risk=bool(row.terms.get("neg_risk")),
        augmented=details.augmented,
    )


def policy_row() -> MatchPolicy:
    """What the operator allows; everything is off before it was ever saved."""
    return MatchPolicy.objects.first() or MatchPolicy()


def policy(least_score: float = 0.0) -> Policy:
    """The policy the rules judge by; the stricter of the two least scores holds."""
    rows = SourceAllow.objects.filter(active=True).order_by("name")
    allowed = tuple(SourceAllowance(r.first, r.second, r.reason) for r in rows)
    return Policy(
        auto_score=max(policy_row().min_score, least_score), sources=allowed or (NOTHING,)
    )


def rev_of(policy: Policy) -> str:
    """The name of a policy's content and of this matcher."""
    return hashlib.sha256(REVISION.encode() + msgspec.json.encode(policy)).hexdigest()[:8]


def judged_as(first: Market, second: Market, rev: str) -> str:
    """The name of everything a judgement rested on."""
    parts = [rev]
    for row in (first, second):
        parts += [row.rules_hash, row.title, row.resolution_source, msgspec_text(row.details)]
        parts += [str(row.close_at), str(row.outcomes)]
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()[:32]


def msgspec_text(value: Any) -> str:
    """JSON with sorted keys."""
    return msgspec.json.encode(value, order="sorted").decode()


# --- judging --------------------------------------------------------------------------------------


def judged(first: Market, second: Market, policy: Policy) -> Judgement:
    """The rules' judgement, and the guard of games: two starts that are apart are two games."""
    found = judge(side_of(first), side_of(second), policy)
    starts = [details_of(row).starts_at for row in (first, second)]
    if not games.are_apart(starts[0], starts[1]):
        return found
    quotes = [str(row.starts_at) for row in (first, second)]
    apart = Finding("start", Word.FAIL, quotes[0], quotes[1], "the games start at other times")
    return msgspec.structs.replace(
        found,
        verdict=Verdict.REJECT,
        relation=Kinship.NONE,
        rules=(*found.rules, apart),
        reasons=("start fails: the games start at other times", *found.reasons),
    )


def evidence_of(found: Judgement) -> dict[str, Any]:
    """A judgement as a relation keeps it."""
    evidence: dict[str, Any] = msgspec.to_builtins(found)
    return evidence


def judgement_of(row: Relation) -> Judgement | None:
    """The judgement a relation keeps; nothing where no matcher looked."""
    if "verdict" not in row.evidence:
        return None
    return msgspec.convert(row.evidence, Judgement)


def facts_of(first: Market, second: Market, found: Judgement) -> pairing.PairFacts:
    """The pair that a judgement speaks of."""
    return pairing.PairFacts(
        first=first.market_id,
        second=second.market_id,
        inverse=found.relation is Kinship.INVERSE,
        tails=tuple(
            TailRisk(t.name, t.ppm, Px(t.a_first), Px(t.b_first)) for t in found.tail_worlds
        ),
        title=first.title,
        score=found.score,
        rules_passed=not found.failed and all(f.word is Word.PASS for f in found.rules),
    )


@transaction.atomic
def keep(first: Market, second: Market, found: Judgement, name: str) -> tuple[Relation, bool]:
    """The relation of two markets as judged now, and whether it is new.

    One that a person decided keeps its table and status; only its evidence is renewed.
    """
    facts = facts_of(first, second, found)
    slug, is_new = pairing.ensure_pair(facts, AUTHOR, list(found.reasons[:5]))
    row = Relation.objects.select_for_update().get(slug=slug)
    if not is_new and row.status == Relation.Status.CANDIDATE:
        pairing.retable(row, facts)
    row.evidence = {**row.evidence, **evidence_of(found)}
    row.score, row.rules_passed, row.judged_as = found.score, facts.rules_passed, name
    row.save()
    return row, is_new


@transaction.atomic
def note(key: tuple[str, str], found: Judgement, name: str) -> bool:
    """Keeps a refusal with the relation that somebody made of these markets; whether there is one.

    Table and status stay as they are: a person decides, and now sees what the rules found.
    """
    slug = pairing.slug_of(*key)
    if slug is None:
        return False
    row = Relation.objects.select_for_update().get(slug=slug)
    row.evidence = {**row.evidence, **evidence_of(found)}
    row.score, row.rules_passed, row.judged_as = found.score, False, name
    row.save(update_fields=["evidence", "score", "rules_passed", "judged_as"])
    return True


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


# --- a run ----------------------------------------------------------------------------------------


def run(*, least_score: float = 0.0, advise: Advise | None = None) -> MatchFigures:
    """Judges all candidates whose markets or policy changed since they were last judged.

    `least_score` is the engine's own least score, in addition to the policy's. `advise` may keep a
    pair from being confirmed without a person, and nothing else. Errors: none that
    are expected; one pair that cannot be kept is logged and counted.
    """
    began, terms = timezone.now(), policy(least_score)
    rev, is_auto = rev_of(terms), policy_row().auto_confirm
    firsts, seconds = list(_open("kalshi")), list(_open("polymarket"))
    known = _known_names()
    tally = _Tally()
    for first, second in _candidates(firsts, seconds):
        tally.candidates += 1
        key, name = (first.market_id, second.market_id), judged_as(first, second, rev)
        if known.get(key) == name:
            continue
        found = judged(first, second, terms)
        tally.add(found)
        if found.verdict is Verdict.REJECT and not note(key, found, name):
            tally.refuse(key, found, name)
        if found.verdict is Verdict.REJECT:
            continue
        row = _take(first, second, found, name, tally)
        if row is None or not is_auto or not may_confirm(row, found, terms):
            continue
        if _agrees(row, found, advise):
            reason = f"Every rule passes, score {found.score:.2f}; the payoff table is proven."
            pairing.confirm_pair(row.slug, [0, 1], AUTHOR, reason)
            tally.confirmed += 1
    _keep_refusals(tally.refused)
    took = int((timezone.now() - began).total_seconds() * 1000)
    figures = tally.figures(len(firsts) + len(seconds), took)
    MatchRun.objects.create(
        kind="match", at=began, took_ms=took, figures=msgspec.to_builtins(figures)
    )
    return figures


class _Tally:
    """Counts of one run, and the refusals it will keep."""

    def __init__(self) -> None:
        self.candidates = self.judged = self.proposed = self.confirmed = 0
        self.verdicts = dict.fromkeys(Verdict, 0)
        self.by: dict[str, int] = {}
        self.refused: list[MatchCandidate] = []

    def add(self, found: Judgement) -> None:
        self.judged += 1
        self.verdicts[found.verdict] += 1

    def refuse(self, key: tuple[str, str], found: Judgement, name: str) -> None:
        rule = found.failed[0] if found.failed else "score"
        self.by[rule] = self.by.get(rule, 0) + 1
        self.refused.append(
            MatchCandidate(
                first=key[0],
                second=key[1],
                score=found.score,
                refused_by=rule[:80],
                evidence=evidence_of(found),
                judged_as=name,
                at=timezone.now(),
            )
        )
        if len(self.refused) > 2 * KEPT_REFUSALS:
            self.trim()

    def trim(self) -> None:
        """Keeps the nearest misses only, so that memory is bounded."""
        self.refused.sort(key=lambda row: -row.score)
        del self.refused[KEPT_REFUSALS:]

    def figures(self, sides: int, took_ms: int) -> MatchFigures:
        return MatchFigures(
            sides=sides,
            candidates=self.candidates,
            judged=self.judged,
            auto=self.verdicts[Verdict.AUTO],
            review=self.verdicts[Verdict.REVIEW],
            rejected=self.verdicts[Verdict.REJECT],
            proposed=self.proposed,
            confirmed=self.confirmed,
            refused_by=dict(sorted(self.by.items(), key=lambda each: -each[1])),
            took_ms=took_ms,
        )


def _take(
    first: Market, second: Market, found: Judgement, name: str, tally: _Tally
) -> Relation | None:
    """The pair as kept; nothing for one that cannot be, or that a person decided."""
    try:
        row, is_new = keep(first, second, found, name)
    except ValidationError as problem:
        LOG.warning("pair not kept", first=first.market_id, problem=" ".join(problem.messages))
        return None
    tally.proposed += is_new
    return row if row.status == Relation.Status.CANDIDATE else None


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
    return rows.select_related("event").only(*FIELDS, "terms").iterator(chunk_size=2000)


def _known_names() -> Mapping[tuple[str, str], str]:
    """What each pair was last judged as."""
    found: dict[tuple[str, str], str] = {}
    rows = Relation.objects.filter(kind="pair").exclude(judged_as="")
    claims = rows.filter(claims__position__in=(0, 2)).values_list(
        "slug", "judged_as", "claims__position", "claims__market_id"
    )
    halves: dict[str, dict[int, str]] = {}
    names: dict[str, str] = {}
    for slug, name, position, market in claims:
        halves.setdefault(slug, {})[position] = str(market)
        names[slug] = name
    for slug, half in halves.items():
        if len(half) == 2:
            found[half[0], half[2]] = names[slug]
    for first, second, name in MatchCandidate.objects.values_list("first", "second", "judged_as"):
        found[first, second] = name
    return found


def _keep_refusals(rows: Sequence[MatchCandidate]) -> None:
    """The nearest misses, old and new; the rest is forgotten."""
    MatchCandidate.objects.bulk_create(
        sorted(rows, key=lambda row: -row.score)[:KEPT_REFUSALS],
        update_conflicts=True,
        unique_fields=["first", "second"],
        update_fields=["score", "refused_by", "evidence", "judged_as", "at"],
        batch_size=500,
    )
    spare = MatchCandidate.objects.order_by("-score", "-id").values("pk")[KEPT_REFUSALS:]
    MatchCandidate.objects.filter(pk__in=list(spare.values_list("pk", flat=True))).delete()
