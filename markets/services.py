"""Writes of venues, listings, relations and block rules. Each takes plain arguments, author and
reason.

Whatever changes what the engine may do leaves a revision in the same transaction. A refusal is a
`ValidationError` of one sentence: what is wrong, where, and what to do.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from markets import selectors
from markets.discovery.catalog import Listing
from markets.models import (
    BlockRule,
    Claim,
    ConfigRevision,
    Event,
    FeeSchedule,
    FrictionPack,
    Maintenance,
    Market,
    MatchDecision,
    Mode,
    Relation,
    RuleText,
    Venue,
)
from markets.moments import moment_or_none
from markets.revisions import Change, bump, change
from markets.terms import relations
from markets.terms.calendars import zone
from markets.terms.fees import revision_of
from markets.terms.friction import hash_of as friction_hash
from markets.terms.ids import MarketId, RelationId
from markets.terms.packages import packages
from markets.terms.relations import TailRisk
from markets.terms.units import MICRO

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
)
FRICTION_FIELDS = ("venue_id", "gas", "bridge", "on_ramp", "withdrawal", "fx", "active")
MOST_GAS = 100 * MICRO
OVER = ("closed", "determined", "settled")


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
    """Refuses an address the worker could not use.

    Errors: `ValidationError` naming the address.
    """
    for name, schemes in (
        ("rest_url", ("http", "https")),
        ("gamma_url", ("http", "https")),
        ("data_url", ("http", "https")),
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


# --- listings -------------------------------------------------------------------------------------


class CatalogueDiff(msgspec.Struct, frozen=True):
    """What a catalogue brought: counts of markets, and the pairs that had to be suspended."""

    listed: int
    added: int
    changed: int
    unchanged: int
    rules_changed: int
    suspended: tuple[RelationId, ...] = ()
    revision: int | None = None


class _Incoming(msgspec.Struct, frozen=True):
    listing: Listing
    row: Market


@transaction.atomic
def apply_catalogue(venue: str, listings: Iterable[Listing]) -> CatalogueDiff:
    """Stores what a venue lists now; safe to run twice, the second time changes nothing.

    New rule texts are kept. A confirmed pair whose rules changed is suspended until a person looks
    again; changed terms of a confirmed pair's market leave a revision, so that the worker takes
    them. Errors: `ValidationError` for an unknown venue or a listing of another one.
    """
    if not Venue.objects.filter(slug=venue).exists():
        raise ValidationError(
            f"There is no venue {venue!r}; create it with `manage.py venue {venue}`."
        )
    wanted = {x.market.id: x for x in listings}
    strange = next((x for x in wanted.values() if x.market.venue != venue), None)
    if strange is not None:
        raise ValidationError(f"Market {strange.market.id} is not one of venue {venue}.")
    known = {m.market_id: m for m in Market.objects.filter(market_id__in=list(wanted))}
    events = _store_events(venue, wanted.values())
    now = timezone.now()
    incoming = [_Incoming(x, _row_of(x, events[x.event], now)) for _, x in sorted(wanted.items())]
    added = [i for i in incoming if i.row.market_id not in known]
    changed = [
        i
        for i in incoming
        if i.row.market_id in known and _differs(known[MarketId(i.row.market_id)], i.row)
    ]
    rewritten = [
        i
        for i in changed
        if i.row.rules_hash and i.row.rules_hash != known[MarketId(i.row.market_id)].rules_hash
    ]
    repriced = [
        i
        for i in changed
        if i.row.terms["fees"] != known[MarketId(i.row.market_id)].terms.get("fees")
    ]
    _store(incoming, added, changed, rewritten, now)
    _keep_fees((*added, *repriced), now)
    suspended = _suspend([i.row for i in rewritten])
    revision = _revise(venue, changed, suspended)
    return CatalogueDiff(
        listed=len(incoming),
        added=len(added),
        changed=len(changed),
        unchanged=len(incoming) - len(added) - len(changed),
        rules_changed=len(rewritten),
        suspended=tuple(RelationId(r.slug) for r in suspended),
        revision=None if revision is None else revision.pk,
    )


def _store_events(venue: str, listings: Iterable[Listing]) -> dict[str, Event]:
    titles = {x.event: (x.event_title, x.market.category) for x in listings}
    Event.objects.bulk_create(
        [
            Event(venue_id=venue, native=native, title=title[:500], category=category[:120])
            for native, (title, category) in sorted(titles.items())
        ],
        update_conflicts=True,
        unique_fields=["venue", "native"],
        update_fields=["title", "category"],
    )
    return {e.native: e for e in Event.objects.filter(venue_id=venue, native__in=list(titles))}


def hash_of(text: str) -> str:
    """The name of a rule text: SHA-256 of its words, so that white space alone is no change."""
    return hashlib.sha256(" ".join(text.split()).encode()).hexdigest() if text.strip() else ""


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
)


def _differs(known: Market, row: Market) -> bool:
    return any(getattr(known, name) != getattr(row, name) for name in _COPIED)


def _store(
    incoming: Sequence[_Incoming],
    added: Sequence[_Incoming],
    changed: Sequence[_Incoming],
    rewritten: Sequence[_Incoming],
    now: datetime,
) -> None:
    Market.objects.bulk_create(
        [i.row for i in (*added, *changed)],
        update_conflicts=True,
        unique_fields=["market_id"],
        update_fields=[*(name.removesuffix("_id") for name in _COPIED), "seen_at"],
        batch_size=1000,
    )
    Market.objects.filter(market_id__in=[i.row.market_id for i in incoming]).update(seen_at=now)
    RuleText.objects.bulk_create(
        [
            RuleText(
                market_id=i.row.market_id, text=i.row.rules, hash=i.row.rules_hash, seen_at=now
            )
            for i in (*added, *rewritten)
            if i.row.rules_hash
        ],
        ignore_conflicts=True,
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


def _suspend(rewritten: Sequence[Market]) -> list[Relation]:
    hashes = {m.market_id: m for m in rewritten}
    if not hashes:
        return []
    confirmed = Relation.objects.filter(
        pk__in=Claim.objects.filter(market_id__in=list(hashes)).values("relation__pk"),
        status=Relation.Status.CONFIRMED,
    )
    found = []
    for row in confirmed.select_for_update().order_by("slug"):
        news = [
            m
            for m in hashes.values()
            if m.market_id in row.rule_hashes and row.rule_hashes[m.market_id] != m.rules_hash
        ]
        if not news:
            continue
        row.status = Relation.Status.SUSPENDED
        row.status_reason = f"The rules of {news[0].market_id} changed after the confirmation."[
            :500
        ]
        row.save(update_fields=["status", "status_reason"])
        _decide(row, "suspended", [row.status_reason], "catalogue")
        found.append(row)
    return found


def _revise(
    venue: str, changed: Sequence[_Incoming], suspended: Sequence[Relation]
) -> ConfigRevision | None:
    ids = [i.row.market_id for i in changed]
    claims = Claim.objects.filter(market_id__in=ids, relation__status=Relation.Status.CONFIRMED)
    used: set[str] = {claim.market.market_id for claim in claims.select_related("market")}
    changes: list[Change] = [
        change("market", market, "terms", None, "as listed now") for market in sorted(used)
    ]
    changes += [change("pair", r.slug, "status", "confirmed", "suspended") for r in suspended]
    if not changes:
        return None
    reason = (
        f"The catalogue of {venue} changed the rules of {len(suspended)} confirmed pairs."
        if suspended
        else f"The catalogue of {venue} changed the terms of {len(used)} markets in use."
    )
    return bump("catalogue", reason, changes)


# --- pairs ----------------------------------------------------------------------------------------


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
    mark = hashlib.sha256("|".join(sorted((facts.first, facts.second))).encode()).hexdigest()[:8]
    existing = Relation.objects.filter(slug__endswith=f"-{mark}").first()
    if existing is not None:
        return existing, False
    title = facts.title or first.title
    payouts = [m.payout_at for m in (first, second) if m.payout_at]
    slug = f"{slugify(title)[:80].strip('-') or 'pair'}-{mark}"
    table = relations.pair(
        RelationId(slug),
        MarketId(first.market_id),
        MarketId(second.market_id),
        title=title,
        inverse=facts.inverse,
        tails=facts.tails,
    )
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
    _decide(row, "proposed", list(reasons), author)
    return row, True


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
    row = _pair_for_update(slug)
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
    row.confirmed_by, row.confirmed_at = author[:150], timezone.now()
    row.save()
    _decide(row, "confirmed", [reason], author)
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
    row = _pair_for_update(slug)
    if row.status == Relation.Status.BLOCKED:
        raise ValidationError(f"{row.title} is blocked already; nothing was changed.")
    before, row.status = row.status, Relation.Status.BLOCKED
    row.status_reason = reason[:500]
    row.save(update_fields=["status", "status_reason"])
    _decide(row, "blocked", [reason], author)
    return bump(author, reason, [change("pair", slug, "status", before, "blocked")])


@transaction.atomic
def set_pair(slug: str, author: str, reason: str, **fields: Any) -> ConfigRevision | None:
    """The revision of a pair's own mode, least edge or activity; nothing when nothing differs.

    Errors: `ValidationError` for another field or a value out of bounds.
    """
    if set(fields) - {"mode", "min_net_edge", "active"}:
        raise ValidationError("Of a pair only mode, min_net_edge and active can be set.")
    row = _pair_for_update(slug)
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


def _pair_for_update(slug: str) -> Relation:
    row = Relation.objects.select_for_update().filter(slug=slug).first()
    if row is None:
        raise ValidationError(f"There is no pair {slug!r}; `manage.py pairs list` shows them.")
    # The claims are read again below with their markets, which nothing here changes.
    row_with_claims = Relation.objects.prefetch_related("claims__market").get(pk=row.pk)
    return row_with_claims


def _decide(row: Relation, verdict: str, reasons: Sequence[str], author: str) -> None:
    MatchDecision.objects.create(
        relation=row, verdict=verdict, reasons=list(reasons), author=author[:150], at=timezone.now()
    )


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
    rule.full_clean()
    rule.save()
    return bump(author, reason, [change("block rule", str(rule), "active", None, True)])
