"""What the matcher reads of two market rows, and its judgement of them, as the catalogue has it.

The rules are pure (`markets.matching`); here rows become sides, the operator's policy becomes
theirs, and two games whose starts are apart are refused. Nothing is stored here.
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from markets.catalogue import details_of
from markets.discovery import games
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
from markets.models import Market, MatchPolicy, Relation, SourceAllow
from markets.proposals import PairFacts
from markets.terms.relations import TailRisk
from markets.terms.units import Px

REVISION = "2"  # raised when a new matcher must look again at everything
# The rules take an empty list for their own; one that allows nothing must name something.
NOTHING = SourceAllowance("", "", "nothing is allowed")
# What a market must be read with.
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
    "payout_at",
    "starts_at",
    "details",
    "event",
    "terms",
)


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


def facts_of(first: Market, second: Market, found: Judgement) -> PairFacts:
    """The pair that a judgement speaks of."""
    return PairFacts(
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
