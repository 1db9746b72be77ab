"""Writes of relations: proposed, confirmed by a person, blocked, set. Each leaves a revision.

A refusal is a `ValidationError` of one sentence: what is wrong, where, and what to do.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from markets import selectors
from markets.decisions import decide
from markets.models import BlockRule, Claim, ConfigRevision, Market, Mode, Relation
from markets.moments import ns
from markets.revisions import bump, change
from markets.terms import relations
from markets.terms.ids import MarketId, RelationId
from markets.terms.packages import packages
from markets.terms.relations import TailRisk

OVER = ("closed", "determined", "settled")


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
    first, second = _binary(facts.first), _binary(facts.second)
    if first.venue_id == second.venue_id:
        raise ValidationError(
            f"{first.market_id} and {second.market_id} are both at {first.venue_id}; "
            "a pair joins two venues."
        )
    mark = _mark(facts.first, facts.second)
    existing = Relation.objects.filter(slug__endswith=f"-{mark}").first()
    if existing is not None:
        return existing, False
    title = facts.title or first.title
    payouts = [m.payout_at for m in (first, second) if m.payout_at]
    slug = f"{slugify(title)[:80].strip('-') or 'pair'}-{mark}"
    table = _table(slug, title, facts)
    row = Relation.objects.create(
        slug=slug,
        title=title[:500],
        category=(first.category or second.category)[:120],
        inverse=facts.inverse,
        worlds=[msgspec.to_builtins(w) for w in table.worlds],
        payout_at=max(payouts) if payouts else None,
        score=facts.score,
        rules_passed=facts.rules_passed,
    )
    store_claims(row, table)
    decide(row, "proposed", list(reasons), author)
    return row, True


def _mark(first: str, second: str) -> str:
    """The end of the slug that two markets' pair has, whatever its title."""
    return hashlib.sha256("|".join(sorted((first, second))).encode()).hexdigest()[:8]


def slug_of(first: str, second: str) -> str | None:
    """The slug of the pair of two markets, or nothing where there is none."""
    rows = Relation.objects.filter(slug__endswith=f"-{_mark(first, second)}")
    return rows.values_list("slug", flat=True).first()


def _table(slug: str, title: str, facts: PairFacts) -> relations.Relation:
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
    Claim.objects.bulk_create(
        Claim(
            relation=row,
            market_id=c.market,
            outcome=c.outcome,
            position=position,
            pays=[[cell.fixed, cell.stake_ppm] for cell in c.pays],
        )
        for position, c in enumerate(table.claims)
    )


def retable(row: Relation, facts: PairFacts) -> None:
    """Gives a candidate the table of these facts; the caller saves the row.

    Errors: `ValidationError` for a relation that a person decided.
    """
    if row.status not in (Relation.Status.CANDIDATE, Relation.Status.SUSPENDED):
        raise ValidationError(f"{row.title} is {row.status}: its payoff table stays as it is.")
    table = _table(row.slug, row.title, facts)
    worlds = [msgspec.to_builtins(w) for w in table.worlds]
    if row.worlds == worlds and row.inverse == facts.inverse:
        return
    row.worlds, row.inverse = worlds, facts.inverse
    store_claims(row, table)


def _binary(market_id: str) -> Market:
    row = Market.objects.filter(market_id=market_id).first()
    if row is None:
        raise ValidationError(
            f"Market {market_id!r} is not known; run `manage.py discover` for its venue first."
        )
    if len(row.outcomes) != 2:
        raise ValidationError(
            f"Market {market_id} has {len(row.outcomes)} outcomes; "
            "a pair is made of two binary markets."
        )
    return row


@transaction.atomic
def confirm_pair(slug: str, chosen: Sequence[int], author: str, reason: str) -> ConfigRevision:
    """The revision with which a person lets the chosen packages of a pair trade.

    Errors: `ValidationError` when a rule text is missing, a rule blocks the pair, a market is over,
    or the payoff table does not prove a chosen package.
    """
    row = pair_for_update(slug)
    _refuse_unreadable(row)
    proven = [p.index for p in packages(selectors.relation_terms(row))]
    if not proven:
        raise ValidationError(
            f"{row.title} cannot be confirmed: no package of its payoff table pays $1 in every "
            "decisive world. Correct the table or block the pair."
        )
    wrong = [p for p in chosen if p not in proven]
    if wrong or not chosen:
        what = f"package {wrong[0]} is not proven" if wrong else "no package is chosen"
        raise ValidationError(
            f"{row.title} cannot be confirmed: {what}. Choose among {', '.join(map(str, proven))}."
        )
    before, row.status = row.status, Relation.Status.CONFIRMED
    row.status_reason = ""
    row.approved_packages = sorted(set(chosen))
    row.rule_hashes = {c.market_id: c.market.rules_hash for c in row.claims.all()}
    row.starts = {
        c.market_id: ns(c.market.starts_at) for c in row.claims.all() if c.market.starts_at
    }
    row.snoozed_until = None
    row.confirmed_by, row.confirmed_at = author[:150], timezone.now()
    row.save()
    decide(row, "confirmed", [reason], author)
    return bump(
        author,
        reason,
        [
            change("pair", slug, "status", before, "confirmed"),
            change("pair", slug, "approved_packages", None, row.approved_packages),
        ],
    )


def _refuse_unreadable(row: Relation) -> None:
    for claim in row.claims.all():
        if not claim.market.rules.strip():
            raise ValidationError(
                f"{row.title} cannot be confirmed: the rule text of {claim.market_id} is missing. "
                "Run discovery again, or block the pair."
            )
        if claim.market.gone_at is not None:
            raise ValidationError(
                f"{row.title} cannot be confirmed: {claim.market_id} is no longer listed. "
                "Run discovery again, or block the pair."
            )
        if claim.market.state in OVER:
            raise ValidationError(
                f"{row.title} cannot be confirmed: {claim.market_id} is {claim.market.state}. "
                "Block the pair, or wait for the catalogue if it should be open."
            )
    rule = selectors.blocked_by(row, BlockRule.objects.filter(active=True))
    if rule is not None:
        raise ValidationError(
            f"{row.title} cannot be confirmed: it is blocked by the rule for {rule} "
            f"({rule.reason}). Switch the rule off first."
        )


@transaction.atomic
def block_pair(slug: str, author: str, reason: str) -> ConfigRevision:
    """The revision with which a person forbids a pair; running deals keep the terms they began
    with.

    Errors: `ValidationError` when there is no such pair or it is blocked already.
    """
    row = pair_for_update(slug)
    if row.status == Relation.Status.BLOCKED:
        raise ValidationError(f"{row.title} is blocked already; nothing was changed.")
    before, row.status = row.status, Relation.Status.BLOCKED
    row.status_reason = reason[:500]
    row.save(update_fields=["status", "status_reason"])
    decide(row, "blocked", [reason], author)
    return bump(author, reason, [change("pair", slug, "status", before, "blocked")])


@transaction.atomic
def set_pair(slug: str, author: str, reason: str, **fields: Any) -> ConfigRevision | None:
    """The revision of a pair's own mode, least edge or activity; nothing when nothing differs.

    Errors: `ValidationError` for another field or a value out of bounds.
    """
    if set(fields) - {"mode", "min_net_edge", "active"}:
        raise ValidationError("Of a pair only mode, min_net_edge and active can be set.")
    row = pair_for_update(slug)
    if fields.get("mode", row.mode) not in Mode.values:
        raise ValidationError(
            f"{fields['mode']!r} is no mode; take one of {', '.join(Mode.values)}."
        )
    edge = fields.get("min_net_edge")
    if edge is not None and not 0 <= edge <= 1_000_000:
        raise ValidationError("The least edge of a pair lies between 0 and 100 ¢.")
    changes = [
        change("pair", slug, name, getattr(row, name), value)
        for name, value in fields.items()
        if getattr(row, name) != value
    ]
    if not changes:
        return None
    for name, value in fields.items():
        setattr(row, name, value)
    row.save(update_fields=list(fields))
    return bump(author, reason, changes)


def pair_for_update(slug: str) -> Relation:
    """A relation locked for a change, with claims and markets. Errors: `ValidationError`."""
    row = Relation.objects.select_for_update().filter(slug=slug).first()
    if row is None:
        raise ValidationError(f"There is no pair {slug!r}; `manage.py pairs list` shows them.")
    # The claims are read again below with their markets, which nothing here changes.
    row_with_claims = Relation.objects.prefetch_related("claims__market").get(pk=row.pk)
    return row_with_claims
