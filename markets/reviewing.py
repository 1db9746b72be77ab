"""Writes of the review: put aside, turned round, chances of tail worlds, sources, games."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import ROUND_CEILING, Decimal, InvalidOperation

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from markets import pairing, proposals
from markets.decisions import decide
from markets.matching.sources import ALLOWED
from markets.models import ConfigRevision, Relation, SourceAllow
from markets.revisions import bump, change
from markets.terms.relations import TailRisk, WorldKind
from markets.terms.units import Px

PERCENT = 10_000


@transaction.atomic
def snooze(slug: str, length: timedelta, author: str, reason: str) -> None:
    """Puts a candidate aside. Errors: `ValidationError` for one that is decided."""
    row = _undecided(slug, "put aside")
    row.snoozed_until = timezone.now() + length
    row.save(update_fields=["snoozed_until"])
    decide(row, "put aside", [reason], author)


@transaction.atomic
def invert(slug: str, author: str, reason: str) -> None:
    """Turns a candidate's polarity round. Errors: `ValidationError` for one that is decided."""
    row = _undecided(slug, "turned round")
    claims = {c.position: c for c in row.claims.all()}
    tails = tuple(
        TailRisk(
            world["name"],
            int(world.get("ppm", 0)),
            Px(claims[0].pays[number][0]),
            Px(claims[2].pays[number][0]),
        )
        for number, world in enumerate(row.worlds)
        if world["kind"] == WorldKind.TAIL
    )
    facts = proposals.PairFacts(
        claims[0].market_id, claims[2].market_id, inverse=not row.inverse, tails=tails
    )
    proposals.retable(row, facts)
    row.save()
    decide(row, "turned round", [reason], author)


def _undecided(slug: str, what: str) -> Relation:
    row = pairing.pair_for_update(slug)
    if row.status not in (Relation.Status.CANDIDATE, Relation.Status.SUSPENDED):
        raise ValidationError(f"{row.title} is {row.status}; it cannot be {what} any more.")
    return row


def ppm_of(percent: str) -> int:
    """Millionths from what a person wrote in percent, rounded up.

    Errors: `ValidationError` for what is no number from 0 to 100.
    """
    try:
        value = Decimal(percent.strip().removesuffix("%").replace(",", "."))
    except InvalidOperation:
        raise ValidationError(
            f"{percent!r} is no percentage; write a number such as 0.2."
        ) from None
    if not value.is_finite() or not 0 <= value <= 100:
        raise ValidationError(f"A chance lies between 0 and 100 %, not {percent}.")
    return int((value * PERCENT).to_integral_value(ROUND_CEILING))


@transaction.atomic
def set_chances(
    slug: str, wanted: Mapping[str, int], author: str, reason: str
) -> ConfigRevision | None:
    """The revision with which tail worlds get other probabilities (millionths, by name).

    Errors: `ValidationError` for a world that is none of the relation's tails.
    """
    row = pairing.pair_for_update(slug)
    worlds = {w["name"]: w for w in row.worlds if w["kind"] == WorldKind.TAIL}
    strange = [name for name in wanted if name not in worlds]
    if strange:
        raise ValidationError(f"{row.title} has no tail world {strange[0]!r}.")
    changes = [
        change("pair", slug, f"chance of {name}", worlds[name].get("ppm", 0), ppm)
        for name, ppm in wanted.items()
        if worlds[name].get("ppm", 0) != ppm
    ]
    if not changes:
        return None
    row.worlds = [{**w, "ppm": wanted[w["name"]]} if w["name"] in wanted else w for w in row.worlds]
    row.save(update_fields=["worlds"])
    decide(row, "chances set", [reason], author)
    return bump(author, reason, changes)


@transaction.atomic
def set_pre_match(
    slug: str, author: str, reason: str, *, only: bool | None
) -> ConfigRevision | None:
    """The revision with which a relation trades before its game only, or as its category says."""
    row = pairing.pair_for_update(slug)
    if row.pre_match_only == only:
        return None
    before, row.pre_match_only = row.pre_match_only, only
    row.save(update_fields=["pre_match_only"])
    return bump(author, reason, [change("pair", slug, "pre_match_only", before, only)])


@transaction.atomic
def allow_source(first: str, second: str, author: str, reason: str) -> ConfigRevision:
    """The revision with which two classes of source may stand for one another.

    Errors: `ValidationError` when one is not named, or both are the same.
    """
    first, second = sorted((first.strip().lower(), second.strip().lower()))
    if not first or first == second:
        raise ValidationError("Name two different classes of source, such as contest and official.")
    row, _ = SourceAllow.objects.update_or_create(
        name=f"{first} and {second}",
        defaults={"first": first, "second": second, "reason": reason[:500], "active": True},
    )
    return bump(author, reason, [change("allowed source", row.name, "active", None, True)])


@transaction.atomic
def seed_sources() -> int:
    """The allowances a fresh site begins with, each with its reason; returns how many were made."""
    made = 0
    for one in ALLOWED:
        first, second = sorted((one.a, one.b))
        _, is_new = SourceAllow.objects.get_or_create(
            name=f"{first} and {second}",
            defaults={"first": first, "second": second, "reason": one.reason},
        )
        made += is_new
    return made
