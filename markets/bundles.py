"""Relations of more than two markets as rows: ladders, fields and results, found in the catalogue.

They are built from the events of each venue that hold several markets. Where a set is certain to
pay exactly one, and confirmed or fully passing pairs say that markets elsewhere are one with
markets of it, the set is also proposed across venues; without a certificate it is not. Every bundle
waits for a person; its certificate says why exactly one pays, and without one the world in which
none does stands in the table.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import msgspec
from django.db import transaction
from django.db.models import Q
from django.utils.text import slugify

from markets import proposals
from markets.catalogue import details_of
from markets.decisions import decide
from markets.judging import side_of
from markets.matched import AUTHOR
from markets.matching.groups import Group, field_of, joined, ladder, results_of
from markets.matching.sides import Side
from markets.models import Market, Relation
from markets.terms.ids import RelationId
from markets.terms.relations import faults
from markets.terms.tables import Subject

LEAST, MOST = 3, 24


class BundleFigures(msgspec.Struct, frozen=True):
    """What a look came to: events looked at, bundles proposed, and why the rest is none."""

    events: int
    proposed: int
    known: int
    refused: dict[str, int]


def find_bundles() -> BundleFigures:
    """Proposes a bundle for every event whose markets are a ladder or a field."""
    events = proposed = known = 0
    refused: dict[str, int] = {}
    same = _same_markets()
    for rows in _events():
        events += 1
        others = _elsewhere(rows, same)
        tries = [(group_of(rows), rows)]
        if others:
            tries.append((group_across(rows, others), [*rows, *others]))
        for made, markets in tries:
            if isinstance(made, str):
                refused[made[:80]] = refused.get(made[:80], 0) + 1
            elif keep(made, markets):
                proposed += 1
            else:
                known += 1
    return BundleFigures(events, proposed, known, refused)


def group_of(rows: Sequence[Market]) -> Group | str:
    """The markets of one question as a relation, or why they are none."""
    sides: list[Side] = [side_of(row) for row in rows]
    subject = _subject(rows, "")
    found = ladder(subject, sides)
    if isinstance(found, str):
        found = results_of(subject, sides)
    if isinstance(found, str):
        if not all(details_of(row).exclusive for row in rows):
            return "The venue does not say that at most one of the event's markets pays."
        found = field_of(subject, sides)
    if isinstance(found, str):
        return found
    return _sound(found)


def group_across(rows: Sequence[Market], others: Sequence[Market]) -> Group | str:
    """A set of one venue with the markets elsewhere that are one with markets of it, or why not."""
    subject = _subject([*rows, *others], " across venues")
    found = joined(subject, [side_of(row) for row in rows], [side_of(row) for row in others])
    return found if isinstance(found, str) else _sound(found)


def _sound(found: Group) -> Group | str:
    wrong = faults(found.relation)
    return wrong[0] if wrong else found


def _subject(rows: Sequence[Market], more: str) -> Subject:
    title = (rows[0].event.title if rows[0].event else rows[0].title) + more
    name = f"{slugify(title)[:60].strip('-') or 'bundle'}-{_mark(rows)}"
    return Subject(RelationId(name), title, rows[0].category)


def _same_markets() -> dict[str, list[str]]:
    """Markets that confirmed or fully passing pairs say are one, both ways round."""
    rows = Relation.objects.filter(kind="pair", inverse=False)
    rows = rows.filter(
        Q(status=Relation.Status.CONFIRMED) | Q(status=Relation.Status.CANDIDATE, rules_passed=True)
    )
    claims = rows.filter(claims__position__in=(0, 2)).values_list("slug", "claims__market_id")
    halves: dict[str, list[str]] = {}
    for slug, market in claims:
        halves.setdefault(slug, []).append(str(market))
    found: dict[str, list[str]] = {}
    for first, second in (half for half in halves.values() if len(half) == 2):
        found.setdefault(first, []).append(second)
        found.setdefault(second, []).append(first)
    return found


def _elsewhere(rows: Sequence[Market], same: dict[str, list[str]]) -> list[Market]:
    """The open markets of one other event that are one with markets of this one; none where they
    lie in several events, or where two of them would be one.
    """
    linked = [same[row.market_id] for row in rows if row.market_id in same]
    if not linked or any(len(others) > 1 for others in linked):
        return []
    found = Market.objects.filter(market_id__in=[others[0] for others in linked])
    listed = list(found.filter(state="open", gone_at=None).select_related("event"))
    events = {row.event_id for row in listed}
    return sorted(listed, key=lambda row: row.market_id) if len(events) == 1 else []


@transaction.atomic
def keep(made: Group, rows: Sequence[Market]) -> bool:
    """Stores a bundle as a candidate; whether it is new."""
    relation = made.relation
    payouts = [row.payout_at for row in rows if row.payout_at]
    row, is_new = Relation.objects.get_or_create(
        slug=relation.id,
        defaults={
            "title": relation.title[:500],
            "category": rows[0].category,
            "kind": made.kind[:16],
            "worlds": [msgspec.to_builtins(w) for w in relation.worlds],
            "payout_at": max(payouts) if payouts else None,
            "certificate": _certificate(made),
            "rules_passed": made.exhaustive,
        },
    )
    if is_new:
        proposals.store_claims(row, relation)
        decide(row, "proposed", [made.why], AUTHOR)
    return is_new


def _certificate(made: Group) -> str:
    if made.exhaustive:
        return f"Exactly one pays: {made.why}"[:500]
    return f"Not exhaustive: none may pay, and that world stands in the table. {made.why}"[:500]


def _events() -> Iterator[list[Market]]:
    """Open markets of each event that holds a few of them."""
    rows = Market.objects.filter(state="open", gone_at=None, event__isnull=False)
    ordered = rows.select_related("event").order_by("event_id", "native")
    held: list[Market] = []
    for row in ordered.iterator(chunk_size=2000):
        if held and row.event_id != held[0].event_id:
            if LEAST <= len(held) <= MOST:
                yield held
            held = []
        held.append(row)
    if LEAST <= len(held) <= MOST:
        yield held


def _mark(rows: Sequence[Market]) -> str:
    names = "|".join(sorted(row.market_id for row in rows))
    return hashlib.sha256(names.encode()).hexdigest()[:8]
