"""Writes of venues, maintenance, friction and block rules. Each takes plain arguments, author and
reason. Those of listings and relations stand in `catalogue`, `proposals` and `pairing`, and are
named here too.

Whatever changes what the engine may do leaves a revision in the same transaction. A refusal is a
`ValidationError` of one sentence: what is wrong, where, and what to do.
"""

from __future__ import annotations

import re
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from markets import selectors
from markets.approving import confirm_pair
from markets.catalogue import CatalogueDiff, apply_catalogue
from markets.models import BlockRule, ConfigRevision, FrictionPack, Maintenance, Venue
from markets.pairing import block_pair, confirm_by_rule, set_pair
from markets.proposals import PairFacts, ensure_pair, propose_pair
from markets.revisions import bump, change
from markets.terms.calendars import zone
from markets.terms.friction import hash_of as friction_hash
from markets.terms.tiers import TIERS
from markets.terms.units import MICRO

__all__ = (
    "CatalogueDiff",
    "PairFacts",
    "add_block_rule",
    "apply_catalogue",
    "block_pair",
    "check_block_rule",
    "check_friction",
    "check_maintenance",
    "check_venue",
    "confirm_by_rule",
    "confirm_pair",
    "ensure_pair",
    "next_version",
    "propose_pair",
    "set_friction",
    "set_maintenance",
    "set_pair",
    "set_venue",
)

VENUE_FIELDS = (
    "name",
    "short",
    "enabled",
    "mode",
    "trade_age_ms",
    "paper_latency_ms",
    "paper_cash",
    "payout_lag_ms",
    "sockets",
    "rest_url",
    "ws_url",
    "gamma_url",
    "data_url",
    "site_url",
    "rate_tier",
)
FRICTION_FIELDS = ("venue_id", "gas", "bridge", "on_ramp", "withdrawal", "fx", "active")
MOST_GAS = 100 * MICRO


# --- venues ---------------------------------------------------------------------------------------


@transaction.atomic
def set_venue(slug: str, author: str, reason: str, **fields: Any) -> ConfigRevision | None:
    """The revision of a venue's changed fields, made when it is new; nothing when nothing differs.

    Errors: `ValidationError` for a field, address or mode that is none.
    """
    unknown = sorted(set(fields) - set(VENUE_FIELDS))
    if unknown:
        raise ValidationError(f"A venue has no {unknown[0]}; it has {', '.join(VENUE_FIELDS)}.")
    venue = Venue.objects.select_for_update().filter(slug=slug).first()
    is_new = venue is None
    venue = venue or Venue(slug=slug)
    changes = [
        change("venue", slug, name, None if is_new else getattr(venue, name), value)
        for name, value in fields.items()
        if is_new or getattr(venue, name) != value
    ]
    if not changes:
        return None
    for name, value in fields.items():
        setattr(venue, name, value)
    check_venue(venue)
    venue.full_clean(validate_unique=False)
    venue.save(force_insert=is_new)
    return bump(author, reason, changes)


def check_venue(venue: Venue) -> None:
    """Refuses an address the worker could not use, or a rate tier that the venue does not have.

    Errors: `ValidationError` naming the address or the tiers there are.
    """
    known = TIERS.get(venue.slug, ())
    if venue.rate_tier and venue.rate_tier not in known:
        there = ", ".join(known) or "none"
        raise ValidationError(
            f"{venue.slug} has no rate tier {venue.rate_tier!r}; there are: {there}."
        )
    for name, schemes in (
        ("rest_url", ("http", "https")),
        ("gamma_url", ("http", "https")),
        ("data_url", ("http", "https")),
        ("site_url", ("http", "https")),
        ("ws_url", ("ws", "wss")),
    ):
        for url in getattr(venue, name).split():
            if not url.startswith(tuple(f"{scheme}://" for scheme in schemes)):
                raise ValidationError(
                    f"{name} of {venue.slug} is {url!r}; write an address that begins with "
                    f"{' or '.join(f'{scheme}://' for scheme in schemes)}."
                )


# --- maintenance ----------------------------------------------------------------------------------


@transaction.atomic
def set_maintenance(
    venue: str, what: str, author: str, reason: str, **fields: Any
) -> ConfigRevision | None:
    """The revision of one announcement's changed fields, made when new; nothing when none differ.

    `what` says what it is for and names it. Errors: `ValidationError` for times that make no sense.
    """
    row = Maintenance.objects.select_for_update().filter(venue_id=venue, what=what).first()
    is_new = row is None
    row = row or Maintenance(venue_id=venue, what=what)
    changes = [
        change("maintenance", f"{venue}: {what}", name, _said(row, name, is_new=is_new), _text(new))
        for name, new in fields.items()
        if is_new or getattr(row, name) != new
    ]
    if not changes:
        return None
    for name, value in fields.items():
        setattr(row, name, value)
    row.full_clean(validate_unique=False, validate_constraints=False)
    check_maintenance(row)
    row.save(force_insert=is_new)
    return bump(author, reason, changes)


def _said(row: Maintenance, name: str, *, is_new: bool) -> Any:
    return None if is_new else _text(getattr(row, name))


def _text(value: Any) -> Any:
    """Times as revisions keep them."""
    return value if isinstance(value, int | str | None) else str(value)


def check_maintenance(row: Maintenance) -> None:
    """Refuses an announcement that is neither weekly nor once, or whose place is unknown.

    Errors: `ValidationError`.
    """
    weekly = row.weekday is not None and row.begins is not None and row.ends is not None
    once = row.starts_at is not None and row.ends_at is not None and row.starts_at < row.ends_at
    if weekly == once:
        raise ValidationError(
            "Write either a weekday with the hours it begins and ends, or one time from which and "
            "a later one to which it lasts."
        )
    try:
        zone(row.timezone)
    except ValueError as problem:
        raise ValidationError(str(problem)) from None


# --- friction -------------------------------------------------------------------------------------


@transaction.atomic
def set_friction(name: str, author: str, reason: str, **fields: Any) -> ConfigRevision | None:
    """The revision of a friction pack's changed fields; nothing when nothing differs.

    Money is in millionths of a dollar, `gas` for each order, the rest for each dollar. Errors:
    `ValidationError` for a field that is none or an amount no deal could bear.
    """
    unknown = sorted(set(fields) - set(FRICTION_FIELDS))
    if unknown:
        raise ValidationError(
            f"A friction pack has no {unknown[0]}; it has {', '.join(FRICTION_FIELDS)}."
        )
    pack = FrictionPack.objects.select_for_update().filter(name=name).first()
    is_new = pack is None
    pack = pack or FrictionPack(name=name)
    changes = [
        change("friction pack", name, field, None if is_new else getattr(pack, field), value)
        for field, value in fields.items()
        if is_new or getattr(pack, field) != value
    ]
    if not changes:
        return None
    for field, value in fields.items():
        setattr(pack, field, value)
    check_friction(pack)
    next_version(pack)
    pack.full_clean(validate_unique=False)
    pack.save(force_insert=is_new)
    return bump(author, reason, changes)


def check_friction(pack: FrictionPack) -> None:
    """Refuses a negative amount, and one no deal could bear.

    Errors: `ValidationError` naming the field.
    """
    for name in ("gas", "bridge", "on_ramp", "withdrawal", "fx"):
        most = MOST_GAS if name == "gas" else MICRO
        if not 0 <= getattr(pack, name) <= most:
            raise ValidationError(
                f"{name} of {pack.name} lies outside 0 to ${most // MICRO}; "
                "gas is for each order, the others for each dollar."
            )


def next_version(pack: FrictionPack) -> None:
    """Counts a change of a pack and names its new content."""
    pack.version += 1
    pack.hash = friction_hash(selectors.friction_terms(pack))


# --- block rules ----------------------------------------------------------------------------------


@transaction.atomic
def add_block_rule(kind: str, value: str, author: str, reason: str) -> ConfigRevision:
    """The revision with which something is forbidden for good, until the rule is switched off.

    Errors: `ValidationError` for a kind that is none, or an empty value or reason.
    """
    rule, _ = BlockRule.objects.get_or_create(
        kind=kind, value=value.strip(), defaults={"reason": reason}
    )
    rule.active, rule.reason = True, reason
    check_block_rule(rule)
    rule.full_clean()
    rule.save()
    changed = change("block rule", f"{rule.kind}/{rule.value}", "active", None, True)
    return bump(author, reason, [changed])


def check_block_rule(rule: BlockRule) -> None:
    """Refuses a pattern that is none.

    Errors: `ValidationError` saying where it is wrong.
    """
    if rule.kind != BlockRule.Kind.PATTERN:
        return
    try:
        re.compile(rule.value)
    except re.error as problem:
        raise ValidationError(
            f"{rule.value!r} is no pattern: {problem}. Write a regular expression, such as "
            "`top \\d+`, or take the kind `text`."
        ) from None
