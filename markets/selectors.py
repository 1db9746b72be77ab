"""Reads of venues, markets, relations and revisions, as frozen structs in base units."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Count, F, Max, Prefetch, Q, QuerySet
from django.utils import timezone

from markets import guard
from markets.cursors import Page, page
from markets.models import (
    BlockRule,
    Claim,
    ConfigRevision,
    FeeSchedule,
    FrictionPack,
    Maintenance,
    Market,
    MatchDecision,
    Relation,
    RuleText,
    Venue,
)
from markets.moments import ns, ns_or_none
from markets.terms import friction, instruments, relations
from markets.terms.calendars import Weekly, weekly_windows
from markets.terms.ids import MarketId, RelationId, VenueId
from markets.terms.units import Ns, Px, Usd

MAINTENANCE_DAYS = 366


class VenueRow(msgspec.Struct, frozen=True):
    """A venue as configured.

    `hosts` are the configured addresses by name, empty where the adapter's own hold.
    """

    slug: VenueId
    name: str
    short: str
    enabled: bool
    mode: str
    trade_age_ms: int
    paper_latency_ms: int
    paper_cash: Usd
    payout_lag_ms: int
    hosts: dict[str, str]
    ws: str
    sockets: int
    rate_tier: str = ""
    markets: int = 0


class MarketRow(msgspec.Struct, frozen=True):
    """A market as listed, for people."""

    id: int
    market_id: MarketId
    venue: VenueId
    native: str
    title: str
    event: str
    category: str
    state: str
    outcomes: tuple[str, ...]
    url: str
    rules: str
    rules_hash: str
    close_at: Ns | None
    payout_at: Ns | None
    seen_at: Ns | None
    slug: str = ""
    series: str = ""
    gone: bool = False


class DecisionOnPair(msgspec.Struct, frozen=True):
    """What was decided about a relation, by whom and why."""

    verdict: str
    reasons: tuple[str, ...]
    author: str
    at: Ns


class RelationRow(msgspec.Struct, frozen=True):
    """A relation with its markets in the order of its claims. `terms` is the pure relation.

    `changed_rules` lists the markets whose rule text is not the one that was confirmed. `derived`
    says that the rules know which outcomes pay together.
    """

    id: int
    slug: RelationId
    title: str
    category: str
    kind: str
    inverse: bool
    status: str
    status_reason: str
    active: bool
    mode: str
    min_net_edge: Px | None
    score: float | None
    llm_score: float | None
    rules_passed: bool | None
    approved: tuple[int, ...]
    confirmed_by: str
    confirmed_at: Ns | None
    payout_at: Ns | None
    terms: relations.Relation
    markets: tuple[MarketRow, ...]
    changed_rules: tuple[MarketId, ...] = ()
    decisions: tuple[DecisionOnPair, ...] = ()
    certificate: str = ""
    expected: Usd | None = None
    verdict: str = ""
    waits_for: str = ""
    derived: bool = False
    strategy: str = ""


class RevisionRow(msgspec.Struct, frozen=True):
    """One change of configuration."""

    id: int
    author: str
    reason: str
    at: Ns
    changes: tuple[dict[str, Any], ...]


class RuleTextRow(msgspec.Struct, frozen=True):
    """A rule text as first seen."""

    market: MarketId
    text: str
    hash: str
    seen_at: Ns


class FeeRow(msgspec.Struct, frozen=True):
    """A market's fee schedule from a moment on."""

    market: MarketId
    rev: str
    schedule: instruments.FeeSchedule
    seen_at: Ns


# --- venues ---------------------------------------------------------------------------------------


def venues(*, enabled_only: bool = False) -> tuple[VenueRow, ...]:
    """All venues by slug, with the number of their markets."""
    rows = Venue.objects.annotate(listed=Count("markets")).order_by("slug")
    if enabled_only:
        rows = rows.filter(enabled=True)
    return tuple(_venue_row(v) for v in rows)


def venue(slug: str) -> VenueRow | None:
    """One venue, or nothing when it is not configured."""
    row = Venue.objects.annotate(listed=Count("markets")).filter(slug=slug).first()
    return None if row is None else _venue_row(row)


def _venue_row(row: Venue) -> VenueRow:
    # A venue calls its trading host `rest` or `clob`, and passes over the other name.
    named = {
        "rest": row.rest_url,
        "clob": row.rest_url,
        "gamma": row.gamma_url,
        "data": row.data_url,
        "site": row.site_url,
    }
    return VenueRow(
        slug=VenueId(row.slug),
        name=row.name,
        short=row.short,
        enabled=row.enabled,
        mode=row.mode,
        trade_age_ms=row.trade_age_ms,
        paper_latency_ms=row.paper_latency_ms,
        paper_cash=Usd(row.paper_cash),
        payout_lag_ms=row.payout_lag_ms,
        hosts={name: url for name, url in named.items() if url},
        ws=row.ws_url,
        sockets=row.sockets,
        rate_tier=row.rate_tier,
        markets=getattr(row, "listed", 0),
    )


def maintenance(at: Ns) -> dict[VenueId, tuple[tuple[Ns, Ns, str], ...]]:
    """What maintenance is announced by venue, from `at` on for a year: begin, end, what for.

    Errors: `ValueError` for an unknown time zone.
    """
    found: dict[VenueId, list[tuple[Ns, Ns, str]]] = {}
    for row in Maintenance.objects.filter(active=True):
        windows = found.setdefault(VenueId(row.venue_id), [])
        windows += [(starts, ends, row.what) for starts, ends in _windows(row, at)]
    return {venue: tuple(sorted(windows)) for venue, windows in found.items()}


def maintenance_names(venue: str, prefix: str) -> tuple[str, ...]:
    """Names of a venue's announcements in force that begin so."""
    rows = Maintenance.objects.filter(venue_id=venue, active=True, what__startswith=prefix)
    return tuple(rows.values_list("what", flat=True))


def has_maintenance(venue: str) -> bool:
    """Whether anything was ever announced for a venue."""
    return Maintenance.objects.filter(venue_id=venue).exists()


def _windows(row: Maintenance, at: Ns) -> list[tuple[Ns, Ns]]:
    if row.weekday is not None and row.begins and row.ends:
        weekly = Weekly(row.weekday, row.begins, row.ends, row.timezone)
        return weekly_windows(weekly, at, MAINTENANCE_DAYS)
    starts, ends = ns_or_none(row.starts_at), ns_or_none(row.ends_at)
    return [(starts, ends)] if starts and ends and ends > at else []


def friction_packs(*, active_only: bool = False) -> tuple[friction.FrictionPack, ...]:
    """The friction packs by name."""
    rows = FrictionPack.objects.order_by("name")
    if active_only:
        rows = rows.filter(active=True)
    return tuple(friction_terms(row) for row in rows)


def friction_terms(row: FrictionPack) -> friction.FrictionPack:
    """A pack as the engine's value."""
    return friction.FrictionPack(
        name=row.name,
        venue=VenueId(row.venue_id or ""),
        version=row.version,
        gas=Usd(row.gas),
        bridge=Px(row.bridge),
        on_ramp=Px(row.on_ramp),
        withdrawal=Px(row.withdrawal),
        fx=Px(row.fx),
    )


# --- markets --------------------------------------------------------------------------------------


def markets(
    cursor: str | None = None,
    limit: int = 50,
    *,
    venue: str = "",
    search: str = "",
    state: str = "",
) -> Page[MarketRow]:
    """Markets, newest first, by venue, state, and a text in title or id.

    Errors: `ValueError` for a cursor that is none of ours.
    """
    rows = Market.objects.select_related("event")
    if venue:
        rows = rows.filter(venue_id=venue)
    if state:
        rows = rows.filter(state=state)
    if search:
        rows = rows.filter(Q(title__icontains=search) | Q(market_id__icontains=search))
    return page(rows, cursor, limit, market_row)


def market_titles(ids: Iterable[str]) -> dict[str, str]:
    """Titles by market id, of those that are known."""
    return dict(Market.objects.filter(market_id__in=list(ids)).values_list("market_id", "title"))


def market_terms(ids: Iterable[str] | None = None) -> tuple[instruments.Market, ...]:
    """The engine's view of markets, by id; all of them when no ids are given."""
    rows = Market.objects.order_by("market_id")
    if ids is not None:
        rows = rows.filter(market_id__in=list(ids))
    return tuple(terms_of(m) for m in rows.only("terms"))


def terms_of(row: Market) -> instruments.Market:
    """The decoded terms of a market row."""
    return msgspec.convert(row.terms, instruments.Market)


def market_row(row: Market) -> MarketRow:
    """A market row as a struct; needs its event selected."""
    return MarketRow(
        id=row.pk,
        market_id=MarketId(row.market_id),
        venue=VenueId(row.venue_id),
        native=row.native,
        title=row.title,
        event=row.event.title if row.event else "",
        category=row.category,
        state=row.state,
        outcomes=tuple(row.outcomes),
        url=row.url,
        rules=row.rules,
        rules_hash=row.rules_hash,
        close_at=ns_or_none(row.close_at),
        payout_at=ns_or_none(row.payout_at),
        seen_at=ns_or_none(row.seen_at),
        slug=str(row.details.get("slug", "")),
        series=str(row.details.get("series", "")),
        gone=row.gone_at is not None,
    )


def rule_versions(ids: Iterable[str]) -> dict[str, int]:
    """How many texts each market's rules had."""
    rows = RuleText.objects.filter(market_id__in=list(ids)).values_list("market_id")
    return {str(name): count for name, count in rows.annotate(Count("id")).order_by()}


def rule_texts(market: str) -> tuple[RuleTextRow, ...]:
    """All texts a market's rules had, newest first."""
    return tuple(
        RuleTextRow(MarketId(r.market_id), r.text, r.hash, ns(r.seen_at))
        for r in RuleText.objects.filter(market_id=market)
    )


# --- relations ------------------------------------------------------------------------------------


def fee_history(market: str) -> tuple[FeeRow, ...]:
    """The fee schedules a market was listed with, newest first."""
    return fee_rows([market])


def fee_rows(market_ids: Iterable[str]) -> tuple[FeeRow, ...]:
    """The fee schedules these markets were listed with, newest first."""
    return tuple(
        FeeRow(
            MarketId(row.market_id),
            row.rev,
            msgspec.convert(row.parameters, instruments.FeeSchedule),
            ns(row.seen_at),
        )
        for row in FeeSchedule.objects.filter(market_id__in=list(market_ids))
    )


def _with_claims(rows: QuerySet[Relation]) -> QuerySet[Relation]:
    claims = Claim.objects.select_related("market", "market__event").order_by("position")
    return rows.prefetch_related(Prefetch("claims", claims))


def pairs(
    cursor: str | None = None, limit: int = 50, *, status: str = "", search: str = ""
) -> Page[RelationRow]:
    """Relations, newest first; candidates only while they are active.

    Errors: `ValueError` for a cursor that is none of ours.
    """
    rows = _worth_showing()
    if status:
        rows = rows.filter(status=status)
    if search:
        rows = rows.filter(Q(title__icontains=search) | Q(slug__icontains=search))
    return page(_with_claims(rows), cursor, limit, relation_row)


QUEUE = 200


def queue(*, search: str = "", limit: int = QUEUE) -> tuple[RelationRow, ...]:
    """What waits for a person, the most urgent first: suspended ones, then what would bring most
    now, then the best scores; what was put aside is left out until its time.
    """
    rows = _waiting()
    if search:
        rows = rows.filter(Q(title__icontains=search) | Q(slug__icontains=search))
    return tuple(relation_row(row) for row in _with_claims(rows)[:limit])


def _waiting() -> QuerySet[Relation]:
    rows = _worth_showing().filter(
        status__in=(Relation.Status.CANDIDATE, Relation.Status.SUSPENDED)
    )
    rows = rows.filter(Q(snoozed_until=None) | Q(snoozed_until__lte=timezone.now()))
    return rows.order_by(
        F("status").desc(),
        F("expected").desc(nulls_last=True),
        F("score").desc(nulls_last=True),
        "id",
    )


class Place(msgspec.Struct, frozen=True):
    """Where a relation stands in the queue, counted from 1, and its neighbours."""

    number: int
    total: int
    before: str
    after: str


def place_in_queue(slug: str) -> Place | None:
    """A relation's place among what waits; nothing for what does not wait."""
    slugs = list(_waiting().values_list("slug", flat=True)[:QUEUE])
    if slug not in slugs:
        return None
    at = slugs.index(slug)
    return Place(
        at + 1,
        len(slugs),
        slugs[at - 1] if at else "",
        slugs[at + 1] if at + 1 < len(slugs) else "",
    )


def _worth_showing() -> QuerySet[Relation]:
    return Relation.objects.exclude(status=Relation.Status.CANDIDATE, active=False)


def relation_markets(slug: str) -> tuple[str, ...]:
    """Ids of a relation's markets."""
    rows = Claim.objects.filter(relation__slug=slug).values_list("market_id", flat=True)
    return tuple(sorted({str(name) for name in rows}))


def pair(slug: str) -> RelationRow | None:
    """One relation with its decisions, or nothing."""
    rows = _with_claims(Relation.objects.filter(slug=slug))
    row = rows.prefetch_related("decisions").first()
    if row is None:
        return None
    found = tuple(
        DecisionOnPair(d.verdict, tuple(d.reasons), d.author, ns(d.at)) for d in row.decisions.all()
    )
    return msgspec.structs.replace(relation_row(row), decisions=found)


def relation_row(row: Relation) -> RelationRow:
    """A relation row as a struct; needs its claims with markets and events prefetched."""
    distinct: dict[str, Market] = {}
    for claim in row.claims.all():
        distinct.setdefault(claim.market_id, claim.market)
    return RelationRow(
        id=row.pk,
        slug=RelationId(row.slug),
        title=row.title,
        category=row.category,
        kind=row.kind,
        inverse=row.inverse,
        status=row.status,
        status_reason=row.status_reason,
        active=row.active,
        mode=row.mode,
        min_net_edge=None if row.min_net_edge is None else Px(row.min_net_edge),
        score=row.score,
        llm_score=row.llm_score,
        rules_passed=row.rules_passed,
        approved=tuple(row.approved_packages),
        strategy=row.strategy,
        confirmed_by=row.confirmed_by,
        confirmed_at=ns_or_none(row.confirmed_at),
        payout_at=ns_or_none(row.payout_at),
        terms=relation_terms(row),
        markets=tuple(market_row(m) for m in distinct.values()),
        changed_rules=tuple(
            MarketId(m.market_id)
            for m in distinct.values()
            if row.rule_hashes and row.rule_hashes.get(m.market_id) != m.rules_hash
        ),
        certificate=row.certificate,
        expected=None if row.expected is None else Usd(row.expected),
        verdict=str(row.evidence.get("verdict", "")),
        waits_for=_waits_for(row),
        derived=row.evidence.get("relation", "none") != "none",
    )


def _waits_for(row: Relation) -> str:
    """Why a person should look, in a word or two; empty for what is decided."""
    if row.status == Relation.Status.SUSPENDED:
        return "put off" if "game" in row.status_reason else "rules changed"
    if row.status != Relation.Status.CANDIDATE:
        return ""
    failed = [r["rule"] for r in row.evidence.get("rules", ()) if r.get("word") == "unknown"]
    if failed:
        return f"not known: {', '.join(failed[:2])}"
    return "low score" if row.evidence.get("verdict") == "review" else "new"


def relation_terms(row: Relation) -> relations.Relation:
    """The pure relation of a row; needs its claims prefetched."""
    return relations.Relation(
        id=RelationId(row.slug),
        title=row.title,
        worlds=msgspec.convert(tuple(row.worlds), tuple[relations.World, ...]),
        claims=tuple(
            relations.Claim(
                market=MarketId(c.market_id),
                outcome=c.outcome,
                pays=tuple(relations.Cell(Px(fixed), stake) for fixed, stake in c.pays),
            )
            for c in row.claims.all()
        ),
        category=row.category,
        payout_at=ns_or_none(row.payout_at),
    )


def relations_on(ids: Iterable[str]) -> tuple[relations.Relation, ...]:
    """The relations that were confirmed and speak of one of these markets, suspended ones too."""
    wanted = (Relation.Status.CONFIRMED, Relation.Status.SUSPENDED)
    rows = Relation.objects.filter(status__in=wanted, claims__market__in=list(ids)).distinct()
    return tuple(relation_terms(row) for row in _with_claims(rows).order_by("slug"))


def active_slugs(*, confirmed_by: str) -> tuple[str, ...]:
    """Slugs of the confirmed, active relations that somebody confirmed."""
    rows = Relation.objects.filter(
        status=Relation.Status.CONFIRMED, active=True, confirmed_by=confirmed_by
    )
    return tuple(rows.values_list("slug", flat=True))


def pair_counts() -> dict[str, int]:
    """Number of relations per status, as `pairs` shows them; every status has a number."""
    found = dict(_worth_showing().values_list("status").annotate(Count("id")).order_by())
    return {str(status): found.get(status, 0) for status in Relation.Status.values}


def pairs_waiting() -> int:
    """Number of candidates and suspended relations: they need a person."""
    counts = pair_counts()
    return counts["candidate"] + counts["suspended"]


# --- what the engine may use ----------------------------------------------------------------------


class Tradeable(msgspec.Struct, frozen=True):
    """A confirmed relation that no rule blocks, with the markets it needs.

    `trades_until` is the start of its game where it is traded before it only; 0 is no end.
    """

    relation: relations.Relation
    packages: tuple[int, ...]
    mode: str
    min_net_edge: Px | None
    markets: tuple[instruments.Market, ...]
    event: str = ""
    strategy: str = ""
    trades_until: Ns = Ns(0)


def active_blocks() -> tuple[tuple[str, str], ...]:
    """What is forbidden now, as kind and value."""
    return tuple(BlockRule.objects.filter(active=True).values_list("kind", "value"))


def block_rows() -> tuple[tuple[str, str, str, bool], ...]:
    """Every block rule: kind, value, reason, and whether it is on."""
    rows = BlockRule.objects.order_by("-active", "kind", "value")
    return tuple(rows.values_list("kind", "value", "reason", "active"))


def tradeable(blocks: Iterable[tuple[str, str]] | None = None) -> tuple[Tradeable, ...]:
    """Confirmed, active relations by slug, all of whose venues are enabled and which no rule
    blocks; with `blocks`, under these rules (kind, value) in place of those that are on.
    """
    claims = Claim.objects.select_related("market__event").order_by("position")
    rows = (
        Relation.objects.filter(status=Relation.Status.CONFIRMED, active=True)
        .exclude(claims__market__venue__enabled=False)
        .prefetch_related(Prefetch("claims", claims))
        .order_by("slug")
    )
    found = active_blocks() if blocks is None else blocks
    rules = tuple(BlockRule(kind=kind, value=value) for kind, value in found)
    categories, now = guard.pre_match_categories(), ns(timezone.now())
    return tuple(
        _tradeable(row, guard.trades_until(row, categories))
        for row in rows
        if blocked_by(row, rules) is None and not guard.has_begun(row, categories, now)
    )


def _tradeable(row: Relation, until: Ns) -> Tradeable:
    distinct = {c.market_id: c.market for c in row.claims.all()}
    return Tradeable(
        relation=relation_terms(row),
        packages=tuple(row.approved_packages),
        mode=row.mode,
        min_net_edge=None if row.min_net_edge is None else Px(row.min_net_edge),
        markets=tuple(terms_of(m) for m in distinct.values()),
        event=next((_event(m) for m in distinct.values() if m.event), ""),
        strategy=row.strategy,
        trades_until=until,
    )


def _event(market: Market) -> str:
    return f"{market.venue_id}:{market.event.native}" if market.event else ""


def blocked_by(row: Relation, rules: Iterable[BlockRule]) -> BlockRule | None:
    """The first rule that forbids a relation; needs its claims with markets prefetched."""
    found = [c.market for c in row.claims.all()]
    named: dict[str, set[str]] = {
        "pair": {row.slug},
        "series": {str(m.details.get("series", "")) for m in found},
        "venue": {m.venue_id for m in found},
        "market": {m.market_id for m in found},
        "category": {row.category.casefold(), *(m.category.casefold() for m in found)},
    }
    titles = [row.title.casefold(), *(m.title.casefold() for m in found)]
    for rule in rules:
        value = rule.value.casefold() if rule.kind in ("category", "text") else rule.value
        if rule.kind in ("text", "pattern"):
            if any(_is_in(rule.kind, value, title) for title in titles):
                return rule
        elif value in named[rule.kind]:
            return rule
    return None


def _is_in(kind: str, value: str, title: str) -> bool:
    if kind == "text":
        return value in title
    # A pattern that does not compile was refused when it was saved; one that slipped in blocks.
    try:
        return re.search(value, title, re.IGNORECASE) is not None
    except re.error:
        return True


# --- revisions ------------------------------------------------------------------------------------


def last_revision() -> RevisionRow | None:
    """The saved revision, or nothing before the first change."""
    row = ConfigRevision.objects.order_by("-id").first()
    return None if row is None else _revision_row(row)


def last_revision_number() -> int:
    """The saved revision's number; 0 before the first change."""
    return ConfigRevision.objects.aggregate(last=Max("id"))["last"] or 0


def revisions(limit: int = 20) -> tuple[RevisionRow, ...]:
    """The newest changes, newest first."""
    return tuple(_revision_row(r) for r in ConfigRevision.objects.order_by("-id")[:limit])


def revision_page(cursor: str | None = None, limit: int = 50) -> Page[RevisionRow]:
    """Changes, newest first.

    Errors: `NoCursor` for a cursor that is none of ours.
    """
    return page(ConfigRevision.objects.all(), cursor, limit, _revision_row)


def revision(number: int) -> RevisionRow:
    """One change.

    Errors: `LookupError` naming a number that does not exist.
    """
    try:
        return _revision_row(ConfigRevision.objects.get(pk=number))
    except ObjectDoesNotExist:
        raise LookupError(f"There is no revision {number}.") from None


def _revision_row(row: ConfigRevision) -> RevisionRow:
    return RevisionRow(row.pk, row.author, row.reason, ns(row.at), tuple(row.changes))


def decision_log(limit: int = 50) -> tuple[tuple[RelationId, DecisionOnPair], ...]:
    """The newest decisions about pairs, newest first."""
    return tuple(
        (
            RelationId(d.relation_id),
            DecisionOnPair(d.verdict, tuple(d.reasons), d.author, ns(d.at)),
        )
        for d in MatchDecision.objects.all()[:limit]
    )


def revision_values(names: Sequence[str], wanted: Q) -> Iterator[Sequence[Any]]:
    """Columns of revisions, oldest first, fetched a batch at a time."""
    found = ConfigRevision.objects.filter(wanted).order_by("pk")
    return found.values_list(*names).iterator(chunk_size=2_000)
