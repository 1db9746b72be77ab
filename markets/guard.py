"""What confirmed relations rest on, and the guard of their games.

The engine knows until when a relation that trades before its game only may trade (`trades_until`),
and refuses from that moment by itself. Once either venue says, by its own field, that the game has
begun, the relation is left out of what the engine gets, by a revision, so that the worker hears of
it. A start nobody tells never counts as begun.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from markets.catalogue import AUTHOR, details_of
from markets.discovery.games import Phase, furthest, phase
from markets.models import CategoryRule, Claim, Market, Relation
from markets.moments import ns
from markets.revisions import bump, change
from markets.terms.ids import RelationId, VenueId
from markets.terms.units import Ns

_BEFORE = (Phase.UNKNOWN, Phase.BEFORE)


def watched_events() -> dict[VenueId, tuple[str, ...]]:
    """Events of the markets of confirmed and suspended relations, by venue."""
    claims = Claim.objects.filter(
        relation__status__in=(Relation.Status.CONFIRMED, Relation.Status.SUSPENDED),
        relation__active=True,
        market__event__isnull=False,
    )
    found: dict[VenueId, set[str]] = {}
    for venue, event in claims.values_list("market__venue_id", "market__event__native"):
        if event is not None:
            found.setdefault(VenueId(venue), set()).add(event)
    return {venue: tuple(sorted(events)) for venue, events in sorted(found.items())}


def pre_match_categories() -> frozenset[str]:
    """Categories, folded, whose relations trade before the game only."""
    rows = CategoryRule.objects.filter(pre_match_only=True)
    return frozenset(name.casefold() for name in rows.values_list("category", flat=True))


def is_pre_match_only(row: Relation, categories: frozenset[str]) -> bool:
    """Whether a relation may trade before its game only: its own word, else its category's."""
    if row.pre_match_only is not None:
        return row.pre_match_only
    return row.category.casefold() in categories


def game_phase(markets: Iterable[Market], at: Ns) -> Phase:
    """How far the game of some markets is, by the venue that saw most of it."""
    return furthest(phase(details_of(m), at) for m in markets)


def has_begun(row: Relation, categories: frozenset[str], at: Ns) -> bool:
    """Whether a relation is not traded now because its game has begun; needs claims and markets."""
    if not is_pre_match_only(row, categories):
        return False
    return game_phase((c.market for c in row.claims.all()), at) not in _BEFORE


def trades_until(row: Relation, categories: frozenset[str]) -> Ns:
    """The earliest start that a venue tells of a relation that trades before its game only; 0 where
    it may trade on, or nobody tells one. Needs claims and markets.
    """
    if not is_pre_match_only(row, categories):
        return Ns(0)
    starts = [details_of(c.market).starts_at for c in row.claims.all()]
    return min((start for start in starts if start is not None), default=Ns(0))


@transaction.atomic
def note_games() -> tuple[RelationId, ...]:
    """Confirmed relations whose game began or went back since the last look; one revision for all.

    What was last told stands in `Relation.evidence["game"]`.
    """
    now, categories = ns(timezone.now()), pre_match_categories()
    rows = Relation.objects.filter(status=Relation.Status.CONFIRMED, active=True)
    changed: list[Relation] = []
    for row in rows.prefetch_related("claims__market").order_by("slug"):
        word = "begun" if has_begun(row, categories, now) else "open"
        if row.evidence.get("game", "open") != word:
            row.evidence = {**row.evidence, "game": word}
            changed.append(row)
    Relation.objects.bulk_update(changed, ["evidence"])
    if changed:
        changes = [change("pair", r.slug, "game", None, r.evidence["game"]) for r in changed]
        bump(AUTHOR, f"The games of {len(changed)} pairs began, ended or were moved.", changes)
    return tuple(RelationId(r.slug) for r in changed)
