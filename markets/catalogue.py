"""Writes of what venues list: a page, a walk's progress, what is gone.

A confirmed relation whose rules, game or terms changed is dealt with in the same transaction, and
leaves a revision, so that the worker knows at once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from markets.decisions import decide
from markets.discovery import games
from markets.discovery.catalog import Details, Listing
from markets.models import (
    Claim,
    ConfigRevision,
    Event,
    FeeSchedule,
    Market,
    Relation,
    RuleText,
    Venue,
)
from markets.moments import moment_or_none
from markets.revisions import Change, bump, change
from markets.terms.fees import revision_of
from markets.terms.ids import RelationId
from markets.terms.units import Ns

AUTHOR = "catalogue"


class CatalogueDiff(msgspec.Struct, frozen=True):
    """What a catalogue brought: counts of markets, and the relations that had to be suspended."""

    listed: int
    added: int
    changed: int
    unchanged: int
    rules_changed: int
    suspended: tuple[RelationId, ...] = ()
    revision: int | None = None
    gone: int = 0
    postponed: int = 0


class _Incoming(msgspec.Struct, frozen=True):
    listing: Listing
    row: Market
    known: Market | None

    @property
    def is_changed(self) -> bool:
        return self.known is not None and (
            self.known.gone_at is not None
            or any(getattr(self.known, name) != getattr(self.row, name) for name in _COPIED)
        )

    @property
    def is_rewritten(self) -> bool:
        """Another text, or none any more where there was one."""
        return self.known is not None and self.row.rules_hash != self.known.rules_hash

    @property
    def is_repriced(self) -> bool:
        return self.known is not None and self.row.terms["fees"] != self.known.terms.get("fees")

    @property
    def is_postponed(self) -> bool:
        return self.known is not None and games.is_postponed(
            details_of(self.known), self.listing.details
        )


@transaction.atomic
def apply_catalogue(venue: str, listings: Iterable[Listing]) -> CatalogueDiff:
    """Stores what a venue lists now, or a page of it; safe to run twice, the second time changes
    nothing.

    New rule texts are kept. A confirmed relation whose rules changed, or whose game was moved, is
    suspended until a person looks again; changed terms of its market leave a revision, so that the
    worker takes them. Errors: `ValidationError` for an unknown venue or a listing of another one.
    """
    wanted = _wanted(venue, listings)
    known = {m.market_id: m for m in Market.objects.filter(market_id__in=list(wanted))}
    events = _store_events(venue, wanted.values())
    now = timezone.now()
    incoming = [
        _Incoming(x, _row_of(x, events[x.event], now), known.get(name))
        for name, x in sorted(wanted.items())
    ]
    added = [i for i in incoming if i.known is None]
    changed = [i for i in incoming if i.is_changed]
    rewritten = [i for i in changed if i.is_rewritten]
    _store(incoming, added, changed, now)
    _keep_texts((*added, *rewritten), now)
    _keep_fees((*added, *(i for i in changed if i.is_repriced)), now)
    suspended = _suspend_rewritten([i.row for i in rewritten])
    suspended += _suspend_moved([i.row for i in changed])
    revision = _revise(venue, changed, suspended)
    return CatalogueDiff(
        listed=len(incoming),
        added=len(added),
        changed=len(changed),
        unchanged=len(incoming) - len(added) - len(changed),
        rules_changed=len(rewritten),
        suspended=tuple(RelationId(r.slug) for r in suspended),
        revision=None if revision is None else revision.pk,
        postponed=sum(i.is_postponed for i in changed),
    )


def _wanted(venue: str, listings: Iterable[Listing]) -> dict[str, Listing]:
    if not Venue.objects.filter(slug=venue).exists():
        raise ValidationError(
            f"There is no venue {venue!r}; create it with `manage.py venue {venue}`."
        )
    wanted: dict[str, Listing] = {x.market.id: x for x in listings}
    strange = next((x for x in wanted.values() if x.market.venue != venue), None)
    if strange is not None:
        raise ValidationError(f"Market {strange.market.id} is not one of venue {venue}.")
    return wanted


def _store_events(venue: str, listings: Iterable[Listing]) -> dict[str, Event]:
    by_event = {x.event: x for x in listings}
    Event.objects.bulk_create(
        [
            Event(
                venue_id=venue,
                native=native,
                title=x.event_title[:500],
                category=x.market.category[:120],
                series=x.details.series[:200],
                exclusive=x.details.exclusive,
                augmented=x.details.augmented,
            )
            for native, x in sorted(by_event.items())
        ],
        update_conflicts=True,
        unique_fields=["venue", "native"],
        update_fields=["title", "category", "series", "exclusive", "augmented"],
    )
    return {e.native: e for e in Event.objects.filter(venue_id=venue, native__in=list(by_event))}


def hash_of(text: str) -> str:
    """The name of a rule text: SHA-256 of its words, so that white space alone is no change."""
    return hashlib.sha256(" ".join(text.split()).encode()).hexdigest() if text.strip() else ""


def details_of(row: Market) -> Details:
    """What the venue says of a market beside its texts."""
    return msgspec.convert(row.details, Details)


def _row_of(listing: Listing, event: Event, now: datetime) -> Market:
    market = listing.market
    return Market(
        market_id=market.id,
        venue_id=market.venue,
        event=event,
        native=market.native,
        title=market.title[:500],
        category=market.category[:120],
        state=market.state.value,
        outcomes=list(market.outcomes),
        tokens=list(market.tokens),
        terms=msgspec.json.decode(msgspec.json.encode(market)),
        rules=listing.rules,
        rules_hash=hash_of(listing.rules),
        resolution_source=listing.resolution_source,
        url=listing.url[:500],
        open_at=moment_or_none(listing.open_at),
        close_at=moment_or_none(market.close_at),
        payout_at=moment_or_none(market.payout_at),
        starts_at=moment_or_none(listing.details.starts_at),
        details=msgspec.to_builtins(listing.details),
        seen_at=now,
    )


_COPIED = (
    "event_id",
    "title",
    "category",
    "state",
    "outcomes",
    "tokens",
    "terms",
    "rules",
    "rules_hash",
    "resolution_source",
    "url",
    "open_at",
    "close_at",
    "payout_at",
    "starts_at",
    "details",
)


def _store(
    incoming: Sequence[_Incoming],
    added: Sequence[_Incoming],
    changed: Sequence[_Incoming],
    now: datetime,
) -> None:
    Market.objects.bulk_create(
        [i.row for i in (*added, *changed)],
        update_conflicts=True,
        unique_fields=["market_id"],
        update_fields=[*(name.removesuffix("_id") for name in _COPIED), "seen_at", "gone_at"],
        batch_size=1000,
    )
    same = [i.row.market_id for i in incoming if i.known is not None and not i.is_changed]
    Market.objects.filter(market_id__in=same).update(seen_at=now)


def _keep_texts(news: Iterable[_Incoming], now: datetime) -> None:
    """A text that comes back is the newest again."""
    RuleText.objects.bulk_create(
        [
            RuleText(
                market_id=i.row.market_id, text=i.row.rules, hash=i.row.rules_hash, seen_at=now
            )
            for i in news
            if i.row.rules_hash
        ],
        update_conflicts=True,
        unique_fields=["market", "hash"],
        update_fields=["seen_at"],
        batch_size=1000,
    )


def _keep_fees(news: Iterable[_Incoming], now: datetime) -> None:
    FeeSchedule.objects.bulk_create(
        [
            FeeSchedule(
                market_id=i.row.market_id,
                kind=i.listing.market.fees.kind[:40],
                parameters=i.row.terms["fees"],
                rev=revision_of(i.listing.market.fees),
                seen_at=now,
            )
            for i in news
        ],
        batch_size=1000,
    )


# --- what confirmed relations rest on -------------------------------------------------------------


def _suspend_rewritten(rewritten: Sequence[Market]) -> list[Relation]:
    """Confirmed relations whose rules are not the ones that were confirmed."""
    news = {m.market_id: m for m in rewritten}
    found = []
    for row in _confirmed_on(news):
        other = next(
            (m for n, m in news.items() if row.rule_hashes.get(n, m.rules_hash) != m.rules_hash),
            None,
        )
        if other is not None:
            what = "changed" if other.rules_hash else "are missing"
            suspend(row, f"The rules of {other.market_id} {what} after the confirmation.")
            found.append(row)
    return found


def _suspend_moved(changed: Sequence[Market]) -> list[Relation]:
    """Confirmed relations one of whose games was put off, or is another game now."""
    news = {m.market_id: m for m in changed}
    found = []
    for row in _confirmed_on(news):
        why = next((w for n, m in news.items() if (w := _moved(row.starts.get(n), m))), "")
        if why:
            suspend(row, why)
            found.append(row)
    return found


def _moved(before: int | None, row: Market) -> str:
    details = details_of(row)
    if details.period.upper() in games.POSTPONED:
        return f"The venue says that the game of {row.market_id} is put off ({details.period})."
    if before is not None and games.is_moved(Ns(before), details.starts_at):
        return (
            f"The game of {row.market_id} no longer starts when it did at the confirmation: it was "
            "put off, or it is another game."
        )
    return ""


def _confirmed_on(news: Mapping[str, Market]) -> list[Relation]:
    """Confirmed relations that use these markets, locked."""
    if not news:
        return []
    users = Claim.objects.filter(market_id__in=list(news)).values("relation__pk")
    rows = Relation.objects.filter(pk__in=users, status=Relation.Status.CONFIRMED)
    return list(rows.select_for_update().order_by("slug"))


def suspend(row: Relation, why: str) -> None:
    """Takes a confirmed relation out of trade until a person looks again; the caller revises."""
    row.status = Relation.Status.SUSPENDED
    row.status_reason = why[:500]
    row.save(update_fields=["status", "status_reason"])
    decide(row, "suspended", [row.status_reason], AUTHOR)


def _revise(
    venue: str, changed: Sequence[_Incoming], suspended: Sequence[Relation]
) -> ConfigRevision | None:
    ids = [i.row.market_id for i in changed]
    claims = Claim.objects.filter(market_id__in=ids, relation__status=Relation.Status.CONFIRMED)
    used = {str(name) for name in claims.values_list("market_id", flat=True)}
    changes: list[Change] = [
        change("market", market, "terms", None, "as listed now") for market in sorted(used)
    ]
    changes += [change("pair", r.slug, "status", "confirmed", "suspended") for r in suspended]
    if not changes:
        return None
    reason = (
        f"The catalogue of {venue} changed what {len(suspended)} confirmed pairs rest on."
        if suspended
        else f"The catalogue of {venue} changed the terms of {len(used)} markets in use."
    )
    return bump(AUTHOR, reason, changes)


@transaction.atomic
def mark_gone(venue: str, unseen_since: datetime) -> int:
    """Pauses the markets a whole walk no longer met; returns their number.

    A walk that misses more than half of what is open is not believed. Errors: `ValidationError`
    then.
    """
    here = Market.objects.filter(venue_id=venue, gone_at=None, state__in=("open", "paused"))
    lost = list(here.filter(seen_at__lt=unseen_since).values_list("market_id", flat=True))
    if len(lost) * 2 > here.count() and len(lost) > 10:
        raise ValidationError(
            f"{venue} no longer lists {len(lost)} of {here.count()} open markets, which is not "
            "believed; nothing was marked as gone. Look at the venue and run discovery again."
        )
    now = timezone.now()
    for start in range(0, len(lost), 1000):
        rows = list(Market.objects.filter(market_id__in=lost[start : start + 1000]))
        for row in rows:
            row.state, row.gone_at = "paused", now
            row.terms = {**row.terms, "state": "paused"}
        Market.objects.bulk_update(rows, ["state", "gone_at", "terms"], batch_size=500)
    used = Claim.objects.filter(market_id__in=lost, relation__status=Relation.Status.CONFIRMED)
    ids = sorted({str(name) for name in used.values_list("market_id", flat=True)})
    if ids:
        changes = [change("market", m, "state", "open", "no longer listed") for m in ids]
        bump(AUTHOR, f"{venue} no longer lists {len(ids)} markets in use.", changes)
    return len(lost)
