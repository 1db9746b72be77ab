"""What a change set would touch, before it is saved: relations, open deals, and plans of the
recorded last day. What is no limit is looked at by `preview_rows`, and both are told together.

Relations and deals are exact: the limits of each are resolved as the engine does. The day is an
approximation (`APPROXIMATIONS`): of a plan that was refused only its first gate is judged again,
with the numbers it was refused with; of one that was made, its net edge.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

import msgspec
from django.utils import timezone

from markets import selectors as markets
from markets.terms.formats import money
from markets.terms.ids import RelationId
from markets.terms.units import Ns, Usd
from risk import changesets, preview_rows, selectors
from risk.wanted import Item, Wanted, limits_of, rows_of
from trading import judgements
from trading import selectors as trading
from trading.engine.config import TAKER_TAKER, Limits, RelationConfig, Snapshot
from trading.engine.limits import Scope
from trading.engine.scopes import Index, indexed, resolved

DAY = timedelta(days=1)
APPROXIMATIONS = (
    "A refused plan is judged again by its first gate alone, with the numbers it was refused with.",
    "A plan that was made is judged again by its net edge alone.",
    "Money is what the books showed then; what would have followed is not known.",
)
ABOUT_ROWS = (
    "A strategy let in a share of cases counts as let: which pair an hour takes is not foretold.",
)
# Gate: its setting, and whether the setting is the least or the most of what the gate measures.
LEAST, MOST = "least", "most"
GOVERNED: dict[str, tuple[str, str]] = {
    "min_edge": ("min_net_edge", LEAST),
    "max_edge": ("max_edge", MOST),
    "min_depth": ("min_trade", LEAST),
    "tail_risk": ("max_tail_cost", MOST),
    "skew": ("max_skew_ms", MOST),
    "sharp_freshness": ("trade_age_ms", MOST),
    "match_rate_limit": ("match_interval_ms", LEAST),
    "cooldown": ("cooldown_ms", LEAST),
    "max_event_exposure": ("max_event_exposure", MOST),
    "max_total_exposure": ("max_total_exposure", MOST),
    "category": ("max_category_exposure", MOST),
    "correlation": ("max_open_relations", MOST),
    "open_deals": ("open_deals", MOST),
}


class Touched(msgspec.Struct, frozen=True):
    """What a change would touch.

    `stop` are relations whose last seen edge is enough now and would not be.
    Of the day's plans `more` would have been made and `fewer` would not; money is their profit
    then. `plans` is how many were judged again, 0 without a record.
    """

    limits: tuple[str, ...]
    relations: tuple[str, ...]
    stop: tuple[str, ...]
    deals: int
    plans: int
    more: int
    more_profit: Usd
    fewer: int
    fewer_profit: Usd
    approximations: tuple[str, ...] = APPROXIMATIONS


class _Side(msgspec.Struct, frozen=True):
    """Limits before or after, ready to be asked for a relation."""

    base: Limits
    index: Index

    def of(self, relation: RelationConfig) -> Limits:
        """Its limits under the plain strategy."""
        names = {
            Scope.STRATEGY: TAKER_TAKER,
            Scope.CATEGORY: relation.relation.category,
            Scope.EVENT: relation.event,
        }
        limits = resolved(self.base, self.index, names)
        if relation.min_net_edge is not None:
            limits = msgspec.structs.replace(limits, min_net_edge=relation.min_net_edge)
        return resolved(limits, self.index, {Scope.RELATION: relation.relation.id})


def look(wanted: Sequence[Item]) -> Touched:
    """What these values and rows would touch.

    Errors: `ValidationError` when they could not be saved.
    """
    changesets.check_items(wanted)
    found = _limits(limits_of(wanted))
    moved = preview_rows.look(rows_of(wanted))
    relations = tuple(dict.fromkeys((*found.relations, *moved.touched)))
    return msgspec.structs.replace(
        found,
        limits=tuple(x.name for x in wanted),
        relations=relations,
        stop=tuple(dict.fromkeys((*found.stop, *moved.stop))),
        deals=trading.open_deals_of(relations),
        plans=max(found.plans, moved.plans),
        more=found.more + moved.more,
        more_profit=Usd(found.more_profit + moved.more_profit),
        fewer=found.fewer + moved.fewer,
        fewer_profit=Usd(found.fewer_profit + moved.fewer_profit),
        approximations=(*APPROXIMATIONS, *(ABOUT_ROWS if rows_of(wanted) else ())),
    )


def _limits(wanted: Sequence[Wanted]) -> Touched:
    now = Snapshot(0, Ns(0), limits=selectors.limits(), scoped=selectors.scoped())
    before, after = _side(now), _side(changesets.with_wanted(wanted))
    found = [
        RelationConfig(r.relation, r.packages, min_net_edge=r.min_net_edge, event=r.event)
        for r in markets.tradeable()
    ]
    venues = {r.relation.id: tuple(m.venue for m in r.markets) for r in markets.tradeable()}
    limits = {r.relation.id: (before.of(r), after.of(r)) for r in found}
    at_venue = {x.target for x in wanted if x.scope == Scope.VENUE}
    touched = tuple(
        name
        for name, (old, new) in limits.items()
        if old != new or at_venue.intersection(venues[name])
    )
    edges = {row.relation: row for row in judgements.latest_edges()}
    stop = tuple(
        name
        for name in touched
        if name in edges
        and _passes(edges[name].net, limits[name][0])
        and not _passes(edges[name].net, limits[name][1])
    )
    day = _day(limits)
    return Touched(
        limits=tuple(x.name for x in wanted),
        relations=touched,
        stop=stop,
        deals=trading.open_deals_of(touched),
        plans=day[0],
        more=day[1],
        more_profit=Usd(day[2]),
        fewer=day[3],
        fewer_profit=Usd(day[4]),
    )


def _side(snapshot: Snapshot) -> _Side:
    index = indexed(snapshot.scoped, Ns(0))
    base = resolved(snapshot.limits, index, {Scope.EVERYTHING: ""})
    return _Side(base, index)


def _passes(net: int, limits: Limits) -> bool:
    return net >= limits.min_net_edge


def _day(limits: dict[RelationId, tuple[Limits, Limits]]) -> tuple[int, int, int, int, int]:
    """Plans judged again; more and their profit; fewer and theirs."""
    judged = more = won = fewer = lost = 0
    for plan in judgements.judged_since(timezone.now() - DAY):
        sides = limits.get(plan.relation)
        if sides is None:
            continue
        judged += 1
        before, after = sides
        if not plan.gate and _passes(plan.net, before) and not _passes(plan.net, after):
            fewer += 1
            lost += plan.profit
        elif plan.gate and _would_pass(plan, before, after):
            more += 1
            won += plan.profit
    return judged, more, won, fewer, lost


def _would_pass(plan: judgements.JudgedRow, before: Limits, after: Limits) -> bool:
    """Whether the changed setting of its gate lets through what it refused."""
    governed = GOVERNED.get(plan.gate)
    if governed is None:
        return False
    key, kind = governed
    old, new = getattr(before, key), getattr(after, key)
    if old == new:
        return False
    return bool(plan.actual >= new if kind is LEAST else plan.actual <= new)


def sentence(found: Touched) -> str:
    """What a change would touch, as people read it."""
    count = len(found.relations)
    words = [f"Touches {count} relation{'' if count == 1 else 's'}"]
    if found.stop:
        words.append(f"; {len(found.stop)} would stop trading")
    if found.deals:
        words.append(f"; {found.deals} open deals keep their terms")
    return "".join(words) + f". {_yesterday(found)}"


def _yesterday(found: Touched) -> str:
    if not found.plans:
        return "No plan of the last day is on record."
    parts: Iterable[str] = (
        f"{number} {word}, {money(usd, gain=True)}"
        for number, word, usd in (
            (found.more, "more", found.more_profit),
            (found.fewer, "fewer", Usd(-found.fewer_profit)),
        )
        if number
    )
    text = "; ".join(parts)
    if not text:
        return f"Of {found.plans:,} plans of the last day none would have gone otherwise."
    return f"Of {found.plans:,} plans of the last day: {text}."
