"""Pairs as proposed: two markets claimed to be one, with the table of what each outcome pays.

A pair is known by its mark, a name of its two markets. A refusal is a `ValidationError` of one
sentence. What becomes of a pair afterwards stands in `pairing`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.text import slugify

from markets.decisions import decide
from markets.models import Claim, Market, Relation
from markets.terms import relations
from markets.terms.ids import MarketId, RelationId
from markets.terms.relations import TailRisk

MARK = 32  # of 64 hexadecimal digits
IN_SLUG = 12


class PairFacts(msgspec.Struct, frozen=True):
    """What is claimed of two markets.

    `inverse`: YES of the first pays exactly when NO of the second does.
    """

    first: str
    second: str
    inverse: bool = False
    tails: tuple[TailRisk, ...] = ()
    title: str = ""
    score: float | None = None
    rules_passed: bool | None = None


@transaction.atomic
def propose_pair(facts: PairFacts, author: str, reasons: Sequence[str] = ()) -> Relation:
    """The candidate pair of two markets; a pair that is there already stays as it is.

    Errors: `ValidationError` when a market is unknown or not binary, or both are at one venue.
    """
    return _propose(facts, author, reasons)[0]


@transaction.atomic
def ensure_pair(
    facts: PairFacts, author: str, reasons: Sequence[str] = ()
) -> tuple[RelationId, bool]:
    """The slug of the pair of two markets, and whether it had to be made.

    Errors: as `propose_pair`.
    """
    row, is_new = _propose(facts, author, reasons)
    return RelationId(row.slug), is_new


def _propose(facts: PairFacts, author: str, reasons: Sequence[str]) -> tuple[Relation, bool]:
    first, second = _known(facts.first), _known(facts.second)
    wrong = refusal_of(first, second)
    if wrong:
        raise ValidationError(wrong)
    existing = Relation.objects.filter(mark=mark_of(facts.first, facts.second)).first()
    if existing is not None:
        return existing, False
    row, table = unsaved_pair(first, second, facts)
    row.save()
    store_claims(row, table)
    decide(row, "proposed", list(reasons), author)
    return row, True


def unsaved_pair(
    first: Market, second: Market, facts: PairFacts
) -> tuple[Relation, relations.Relation]:
    """The row of a new candidate pair, not saved yet, and the table its claims are made of."""
    mark, title = mark_of(facts.first, facts.second), facts.title or first.title
    payouts = [m.payout_at for m in (first, second) if m.payout_at]
    slug = f"{slugify(title)[:80].strip('-') or 'pair'}-{mark[:IN_SLUG]}"
    table = table_of(slug, title, facts)
    row = Relation(
        slug=slug,
        mark=mark,
        title=title[:500],
        category=(first.category or second.category)[:120],
        inverse=facts.inverse,
        worlds=[msgspec.to_builtins(w) for w in table.worlds],
        payout_at=max(payouts) if payouts else None,
        score=facts.score,
        rules_passed=facts.rules_passed,
    )
    return row, table


def mark_of(first: str, second: str) -> str:
    """The name of what two markets are together, whatever their order and titles."""
    return hashlib.sha256("|".join(sorted((first, second))).encode()).hexdigest()[:MARK]


def slug_of(first: str, second: str) -> str | None:
    """The slug of the pair of two markets, or nothing where there is none."""
    rows = Relation.objects.filter(mark=mark_of(first, second))
    return rows.values_list("slug", flat=True).first()


def table_of(slug: str, title: str, facts: PairFacts) -> relations.Relation:
    """The payoff table of what is claimed of two markets."""
    return relations.pair(
        RelationId(slug),
        MarketId(facts.first),
        MarketId(facts.second),
        title=title,
        inverse=facts.inverse,
        tails=facts.tails,
    )


def store_claims(row: Relation, table: relations.Relation) -> None:
    """The claims of a relation as its table has them, in place of those it had."""
    Claim.objects.filter(relation=row).delete()
    Claim.objects.bulk_create(claims_of(row, table))


def claims_of(row: Relation, table: relations.Relation) -> list[Claim]:
    """The rows of a table's claims, not saved yet."""
    return [
        Claim(
            relation=row,
            market_id=c.market,
            outcome=c.outcome,
            position=position,
            pays=[[cell.fixed, cell.stake_ppm] for cell in c.pays],
        )
        for position, c in enumerate(table.claims)
    ]


def retable(row: Relation, facts: PairFacts) -> None:
    """Gives a candidate the table of these facts; the caller saves the row.

    Errors: `ValidationError` for a relation that a person decided.
    """
    if row.status not in (Relation.Status.CANDIDATE, Relation.Status.SUSPENDED):
        raise ValidationError(f"{row.title} is {row.status}: its payoff table stays as it is.")
    table = table_of(row.slug, row.title, facts)
    worlds = [msgspec.to_builtins(w) for w in table.worlds]
    if row.worlds == worlds and row.inverse == facts.inverse:
        return
    row.worlds, row.inverse = worlds, facts.inverse
    store_claims(row, table)


def _known(market_id: str) -> Market:
    row = Market.objects.filter(market_id=market_id).first()
    if row is None:
        raise ValidationError(
            f"Market {market_id!r} is not known; run `manage.py discover` for its venue first."
        )
    return row


def refusal_of(first: Market, second: Market) -> str:
    """Why two markets can be no pair, in a sentence; empty when they can."""
    for row in (first, second):
        if len(row.outcomes) != 2:
            return (
                f"Market {row.market_id} has {len(row.outcomes)} outcomes; "
                "a pair is made of two binary markets."
            )
    if first.venue_id == second.venue_id:
        return (
            f"{first.market_id} and {second.market_id} are both at {first.venue_id}; "
            "a pair joins two venues."
        )
    return ""
