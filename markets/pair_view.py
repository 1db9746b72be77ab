"""What the review of one relation shows: both texts clause by clause, what the rules found, what
changed since the confirmation, and what has to be read before anybody may approve.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from django.core.exceptions import ValidationError
from django.utils import timezone

from markets import guard, selectors
from markets.catalogue import details_of
from markets.discovery import games
from markets.judging import judged, judgement_of, policy, side_of
from markets.matching.aligned import Grade, Part, Row, align, changes, counts
from markets.matching.clauses import clauses
from markets.matching.facts import Facts, extract
from markets.matching.verdicts import Finding, Judgement, Kinship, TailLoss, Word
from markets.models import Market, Relation, RuleText
from markets.moments import ns, ns_or_none
from markets.selectors import RelationRow
from markets.terms.ids import VenueId
from markets.terms.units import Ns

POLARITY = "polarity"
# Said instead of every kind by itself, where there is nothing to tick.
ALL = "all"
GRADE_WORDS = {
    Grade.SAME: "same",
    Grade.HARMLESS: "differs, harmless",
    Grade.TAIL: "tail world",
    Grade.APART: "settle apart",
}


class Changed(msgspec.Struct, frozen=True):
    """How a market's rules differ from the text that was confirmed."""

    market: str
    short: str
    confirmed_at: Ns | None
    changed_at: Ns | None
    parts: tuple[Part, ...]
    is_missing: bool


class Field(msgspec.Struct, frozen=True):
    """One extracted fact of both sides."""

    name: str
    a: str
    b: str


class GameLine(msgspec.Struct, frozen=True):
    """The game of a relation: where it stands, and whether it is traded before it only."""

    phase: str
    pre_match_only: bool
    starts: tuple[tuple[str, Ns | None], ...]


class Reviewed(msgspec.Struct, frozen=True):
    """Everything of one pair that the page shows beside its payoff table."""

    rows: tuple[Row, ...]
    counts: Mapping[str, int]
    findings: tuple[Finding, ...]
    fields: tuple[Field, ...]
    tails: tuple[TailLoss, ...]
    changed: tuple[Changed, ...]
    verdict: str
    reasons: tuple[str, ...]
    to_read: tuple[str, ...]
    game: GameLine | None
    llm: Mapping[str, object]


def review_of(slug: str, shorts: Mapping[VenueId, str]) -> Reviewed | None:
    """The review of a pair of two markets; nothing for an unknown one, or one of more markets."""
    row = Relation.objects.prefetch_related("claims__market__event").filter(slug=slug).first()
    markets = (
        [] if row is None else list({c.market_id: c.market for c in row.claims.all()}.values())
    )
    if row is None or len(markets) != 2:
        return None
    found = judgement_of(row) or judged(markets[0], markets[1], policy())
    first, second = (side_of(market) for market in markets)
    rules, tails = found.rules, found.tail_worlds
    rows = align(clauses(first), clauses(second), rules, tails)
    return Reviewed(
        rows=rows,
        counts={grade.value: n for grade, n in counts(rows).items()},
        findings=rules,
        fields=_fields(extract(first), extract(second)),
        tails=tails,
        changed=_changed(row, markets, shorts),
        verdict=found.verdict.value,
        reasons=found.reasons,
        to_read=_to_read(rows, found),
        game=_game(row, markets, shorts),
        llm=dict(row.llm),
    )


def _to_read(rows: Sequence[Row], found: Judgement) -> tuple[str, ...]:
    """Kinds of clauses to be ticked, and `polarity` where the rules could not derive it."""
    apart = tuple(row.kind for row in rows if row.grade is Grade.APART)
    return (*apart, POLARITY) if found.relation is Kinship.NONE else apart


def to_read(slug: str) -> dict[str, str]:
    """What of a pair has to be read before it is approved: the clauses' words, by their kinds."""
    found = review_of(slug, {})
    if found is None:
        return {}
    labels = {row.kind: row.label for row in found.rows} | {POLARITY: "which outcomes pay together"}
    return {kind: labels[kind] for kind in found.to_read}


def require_read(slug: str, ticked: Sequence[str]) -> None:
    """Refuses an approval while a clause that may settle apart was not ticked as read.

    Errors: `ValidationError` naming the clauses.
    """
    missing = {} if ALL in ticked else to_read(slug)
    told = [f"{words} ({kind})" for kind, words in missing.items() if kind not in ticked]
    if told:
        raise ValidationError(
            f"Tick what you have read first: {', '.join(told)}. These clauses may settle apart."
        )


def _changed(
    row: Relation, markets: Sequence[Market], shorts: Mapping[VenueId, str]
) -> tuple[Changed, ...]:
    found = []
    for market in markets:
        hash_then = row.rule_hashes.get(market.market_id)
        if hash_then is None or hash_then == market.rules_hash:
            continue
        texts = RuleText.objects.filter(market_id=market.market_id)
        then = texts.filter(hash=hash_then).first()
        now = texts.filter(hash=market.rules_hash).first()
        found.append(
            Changed(
                market=market.market_id,
                short=shorts.get(VenueId(market.venue_id), market.venue_id),
                confirmed_at=ns_or_none(row.confirmed_at),
                changed_at=ns(now.seen_at) if now else ns_or_none(market.seen_at),
                parts=changes(then.text if then else "", market.rules),
                is_missing=not market.rules_hash,
            )
        )
    return tuple(found)


def _fields(a: Facts, b: Facts) -> tuple[Field, ...]:
    """Facts that at least one side states, as the extraction quotes them."""
    pairs = (
        ("Subject", a.statement.subject, b.statement.subject),
        ("Game", _game_words(a), _game_words(b)),
        ("Number", a.span.quote if a.span else "", b.span.quote if b.span else ""),
        ("Window", a.window.quote if a.window else "", b.window.quote if b.window else ""),
        (
            "Season or year",
            a.edition.quote if a.edition else "",
            b.edition.quote if b.edition else "",
        ),
        ("Stations", ", ".join(sorted(a.stations)), ", ".join(sorted(b.stations))),
        ("States", ", ".join(sorted(a.states)), ", ".join(sorted(b.states))),
        ("Sources", ", ".join(sorted(a.sources)), ", ".join(sorted(b.sources))),
        ("Overtime", a.overtime, b.overtime),
        ("Outcomes", ", ".join(a.side.outcomes), ", ".join(b.side.outcomes)),
    )
    return tuple(Field(name, one, two) for name, one, two in pairs if one or two)


def _game_words(facts: Facts) -> str:
    if facts.game is None:
        return ""
    names = " v ".join(e.name or e.code for e in facts.game.entrants)
    return f"{facts.game.league} {facts.game.kind}: {names}"


def _game(
    row: Relation, markets: Sequence[Market], shorts: Mapping[VenueId, str]
) -> GameLine | None:
    at = ns(timezone.now())
    phase = guard.game_phase(markets, at)
    starts = tuple(
        (shorts.get(VenueId(m.venue_id), m.venue_id), details_of(m).starts_at) for m in markets
    )
    if phase is games.Phase.UNKNOWN and not any(at for _, at in starts):
        return None
    return GameLine(
        phase=phase.value,
        pre_match_only=guard.is_pre_match_only(row, guard.pre_match_categories()),
        starts=starts,
    )


def evidence_lines(findings: Sequence[Finding]) -> list[dict[str, str]]:
    """The rules that did not pass, as the evidence list shows them: what fails first."""
    order = {Word.FAIL: 0, Word.UNKNOWN: 1}
    return [
        {
            "rule": f.rule,
            "word": f.word.value,
            "a": f.a,
            "b": f.b,
            "why": f.why,
        }
        for f in sorted((f for f in findings if f.word in order), key=lambda f: order[f.word])
    ]


CHIPS = {Grade.SAME: "", Grade.HARMLESS: "deal", Grade.TAIL: "waiting", Grade.APART: "bad"}


def shown(
    found: RelationRow, review: Reviewed | None, shorts: Mapping[VenueId, str], view: str
) -> dict[str, Any]:
    """The part of the page's context that speaks of the texts."""
    versions = selectors.rule_versions(m.market_id for m in found.markets)
    names = [shorts.get(m.venue, m.venue) for m in found.markets]
    first = next(iter(found.markets), None)
    return {
        "sides": [
            {
                "market": m,
                "short": short,
                "name": m.slug or m.native,
                "version": versions.get(m.market_id, 0),
                "changed": m.market_id in found.changed_rules,
                "url": m.url if m.url.startswith("https://") else "",
            }
            for m, short in zip(found.markets, names, strict=True)
        ],
        "series": first.series if first else "",
        "review": None if review is None else _review(review, names),
        "evidence": evidence_lines(review.findings) if review else [],
        "passed": [f.rule for f in review.findings if f.word is Word.PASS] if review else [],
        "llm": review.llm if review else {},
        **_tabs(review, view),
    }


def _review(review: Reviewed, names: Sequence[str]) -> dict[str, Any]:
    return {
        "counts": review.counts,
        "needs_polarity": POLARITY in review.to_read,
        "verdict": review.verdict,
        "fields": review.fields,
        "changed": review.changed,
        "game": review.game,
        "rows": [
            {
                "kind": row.kind,
                "label": row.label,
                "grade": row.grade.value,
                "chip": CHIPS[row.grade],
                "word": GRADE_WORDS[row.grade],
                "meaning": row.meaning,
                "sides": [
                    {"short": short, "parts": parts}
                    for short, parts in zip(names, (row.a, row.b), strict=True)
                ],
            }
            for row in review.rows
        ],
    }


def _tabs(review: Reviewed | None, view: str) -> dict[str, Any]:
    known = ("clauses", "text", "changes") if review else ("text",)
    current = view if view in known else known[0]
    labels = {"clauses": "By clause", "text": "Full text", "changes": "Changes"}
    count = len(review.changed) if review else 0
    return {
        "view": current,
        "views": [
            {
                "name": name,
                "label": labels[name],
                "current": name == current,
                "count": count if name == "changes" else 0,
            }
            for name in known
        ],
    }
