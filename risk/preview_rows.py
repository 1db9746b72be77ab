"""What a change of strategies, places or blocks would touch: relations it concerns, those that
would stop or begin to trade, and plans of the recorded last day that would have gone otherwise.

A relation may be traded when no rule blocks it, its strategy is let that far, and its venues are
allowed from where the operator is; the same before and after. A share of deals counts as let: which
hour takes which relation is not foretold. Of the day, plans that these gates refused and now would
pass count as more, plans made that would not as fewer.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import msgspec
from django.utils import timezone

from markets import selectors as markets
from markets.selectors import Tradeable
from markets.terms.ids import RelationId, VenueId
from risk import rows, selectors
from risk.models import Jurisdiction
from risk.wanted import RowWanted
from trading import judgements
from trading.engine.config import TAKER_TAKER, Feature, Mode, Permission, Rollout
from trading.engine.state import permission

DAY = timedelta(days=1)
GATES = ("feature", "jurisdiction")


class World(msgspec.Struct, frozen=True):
    """What rows say, before or after."""

    features: dict[str, Feature]
    permissions: tuple[Permission, ...]
    blocks: tuple[tuple[str, str], ...]
    with_money: bool
    country: str


class Moved(msgspec.Struct, frozen=True):
    """Relations touched, those that would stop, and of the day's plans how many more and fewer,
    with their profits.
    """

    touched: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()
    plans: int = 0
    more: int = 0
    more_profit: int = 0
    fewer: int = 0
    fewer_profit: int = 0


def look(wanted: Sequence[RowWanted]) -> Moved:
    """What these rows would touch.

    Errors: `ValidationError` when they could not be saved.
    """
    rows.check(wanted)
    if not wanted:
        return Moved()
    before = _now()
    after = _with(before, wanted)
    listed = [{r.relation.id: r for r in markets.tradeable(w.blocks)} for w in (before, after)]
    known = listed[0] | listed[1]
    let = {
        name: (
            name in listed[0] and _may(relation, before),
            name in listed[1] and _may(relation, after),
        )
        for name, relation in known.items()
    }
    touched = tuple(
        name
        for name, relation in known.items()
        if let[name][0] != let[name][1]
        or (name in listed[0]) != (name in listed[1])
        or _concerns(relation, wanted)
    )
    stop = tuple(name for name in touched if let[name] == (True, False))
    return _of_the_day(let, touched, stop)


def _now() -> World:
    engine = selectors.engine()
    return World(
        {row.strategy: row for row in selectors.features()},
        selectors.permissions(engine.country),
        markets.active_blocks(),
        engine.exec_mode in (Mode.LIVE, Mode.BOTH),
        engine.country,
    )


def _with(now: World, wanted: Sequence[RowWanted]) -> World:
    features, blocks = dict(now.features), dict.fromkeys(now.blocks)
    permissions = {(str(p.venue), p.category): p for p in now.permissions}
    for item in wanted:
        row = rows.as_wanted(item)
        if item.kind == rows.FEATURE:
            features.pop(item.key, None)
            if row is not None:
                features[item.key] = Feature(
                    item.key, Rollout(row.rollout), VenueId(row.venue), row.share_ppm
                )
        elif item.kind == rows.BLOCK:
            kind, value = item.key.split("/", 1)
            blocks.pop((kind, value), None)
            if row is not None and row.active:
                blocks[kind, value] = None
        else:
            _place(permissions, item, row, now.country)
    return msgspec.structs.replace(
        now,
        features=features,
        permissions=tuple(permissions.values()),
        blocks=tuple(blocks),
    )


def _place(
    permissions: dict[tuple[str, str], Permission],
    item: RowWanted,
    row: Jurisdiction | None,
    country: str,
) -> None:
    where, venue, category = item.key.split("/", 2)
    if where != country:
        return
    permissions.pop((venue, category), None)
    if row is not None:
        permissions[venue, category] = Permission(VenueId(venue), category, row.allowed, row.why)


def _may(relation: Tradeable, world: World) -> bool:
    venues = {market.venue for market in relation.markets}
    category = relation.relation.category
    said = [permission(world.permissions, venue, category) for venue in venues]
    if any(row is not None and not row.allowed for row in said):
        return False
    if world.with_money and None in said:
        return False
    row = world.features.get(_strategy(relation))
    if row is None or row.rollout is Rollout.OFF:
        return False
    if row.rollout is Rollout.VENUE:
        return row.venue in venues
    return row.rollout is not Rollout.PAPER or not world.with_money


def _strategy(relation: Tradeable) -> str:
    return relation.strategy or TAKER_TAKER


def _concerns(relation: Tradeable, wanted: Sequence[RowWanted]) -> bool:
    """Whether a strategy's row speaks of this relation, whatever follows from it."""
    return any(x.kind == rows.FEATURE and x.key == _strategy(relation) for x in wanted)


def _of_the_day(
    let: dict[RelationId, tuple[bool, bool]], touched: tuple[str, ...], stop: tuple[str, ...]
) -> Moved:
    plans = more = won = fewer = lost = 0
    for plan in judgements.judged_since(timezone.now() - DAY):
        before, after = let.get(plan.relation, (False, False))
        plans += plan.relation in let
        if not plan.gate and before and not after:
            fewer, lost = fewer + 1, lost + plan.profit
        elif plan.gate in GATES and after and not before:
            more, won = more + 1, won + plan.profit
    return Moved(touched, stop, plans, more, won, fewer, lost)
