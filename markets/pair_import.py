"""Pairs of a file put before the reviewer: proposed with what the rules say, never confirmed.

A file is taken whole or not at all: the caller's transaction ends with the first `ValidationError`.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from django.core.exceptions import ValidationError
from django.db import transaction

from markets.founding_pairs import Wanted
from markets.judging import facts_of, judged, policy
from markets.matching.verdicts import Kinship, Policy
from markets.models import Market
from markets.proposals import ensure_pair

UNSURE = (
    "The file does not say whether they pay together or opposite, and no rule proves it: look at "
    "both texts before confirming."
)


class Imported(msgspec.Struct, frozen=True):
    """What came of a file: pairs proposed, pairs that were there already, and entries left out
    because a market of theirs is not listed.
    """

    pairs: int
    known: int
    left_out: int


@transaction.atomic
def import_founding(wanted: Sequence[Wanted], author: str, *, listed_only: bool) -> Imported:
    """Proposes the pairs of a founding file; `listed_only` leaves out those whose markets are not
    in the catalogue.

    Errors: `ValidationError` naming the entry, when a market is not listed, is not binary, or a
    slug means several.
    """
    rules = policy()
    made = known = left_out = 0
    for item in wanted:
        sides = _first(item), _second(item)
        if None in sides and listed_only:
            left_out += 1
            continue
        is_new = _propose(item, sides, author, rules)
        made, known = made + is_new, known + (not is_new)
    return Imported(made, known, left_out)


def _propose(
    item: Wanted, sides: tuple[Market | None, Market | None], author: str, rules: Policy
) -> bool:
    first, second = sides
    if first is None or second is None:
        name = item.ticker if first is None else (item.slug or item.condition_id)
        venue = "kalshi" if first is None else "polymarket"
        raise ValidationError(
            f"{item.where}: {venue} lists no {name!r} here; run `manage.py discover {venue}`, or "
            "leave out what is not listed with --listed-only."
        )
    found = judged(first, second, rules)
    facts = facts_of(first, second, found)
    reasons = [f"Imported: {item.where}.", *found.reasons]
    if found.relation is Kinship.NONE:
        reasons.insert(1, UNSURE)
    try:
        return ensure_pair(facts, author, reasons)[1]
    except ValidationError as problem:
        raise ValidationError(f"{item.where}: {' '.join(problem.messages)}") from None


def _first(item: Wanted) -> Market | None:
    rows = Market.objects.select_related("event").filter(venue_id="kalshi", native=item.ticker)
    return rows.first()


def _second(item: Wanted) -> Market | None:
    """The market of a condition id or of a slug: its own, else the only one of the event's."""
    rows = Market.objects.select_related("event").filter(venue_id="polymarket")
    if item.condition_id:
        return rows.filter(native=item.condition_id).first()
    own = rows.filter(details__slug=item.slug).first()
    if own is not None:
        return own
    found = list(rows.filter(event__native=item.slug)[:2])
    if len(found) > 1:
        raise ValidationError(
            f"{item.where}: the slug {item.slug!r} means an event of several markets; name one by "
            "its condition_id."
        )
    return found[0] if found else None
