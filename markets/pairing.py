"""Writes of relations: confirmed by a person, blocked, set. Each leaves a revision.

A refusal is a `ValidationError` of one sentence: what is wrong, where, and what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from markets import selectors
from markets.decisions import decide
from markets.models import BlockRule, ConfigRevision, Mode, Relation
from markets.moments import ns
from markets.relation_models import Way
from markets.revisions import bump, change
from markets.terms.covers import MOST
from markets.terms.packages import packages

OVER = ("closed", "determined", "settled")


@transaction.atomic
def confirm_by_rule(slug: str, chosen: Sequence[int], author: str, reason: str) -> ConfigRevision:
    """The revision with which the chosen packages of a pair may trade; whether a person has read
    both texts is asked in `approving`.

    Errors: `ValidationError` when a rule text is missing, a rule blocks the pair, a market is over,
    or the payoff table does not prove a chosen package.
    """
    row = pair_for_update(slug)
    _refuse_unreadable(row)
    proven = [p.index for p in packages(selectors.relation_terms(row))]
    if len(proven) == MOST:
        proven.append(MOST)  # what the solver proposes beyond what can be enumerated
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
    """The revision of a pair's own mode, way of execution, least edge or activity; nothing when
    nothing differs.

    Errors: `ValidationError` for another field or a value out of bounds.
    """
    if set(fields) - {"mode", "strategy", "min_net_edge", "active"}:
        raise ValidationError("Of a pair only mode, strategy, min_net_edge and active can be set.")
    row = pair_for_update(slug)
    if fields.get("mode", row.mode) not in Mode.values:
        raise ValidationError(
            f"{fields['mode']!r} is no mode; take one of {', '.join(Mode.values)}."
        )
    if fields.get("strategy", row.strategy) not in ("", *Way.values):
        raise ValidationError(
            f"{fields['strategy']!r} is no way of execution; take one of {', '.join(Way.values)}, "
            "or nothing."
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
