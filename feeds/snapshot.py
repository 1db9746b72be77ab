"""Everything a person decided, read from all apps as one `Snapshot`: the border from rows to the
engine.

One REPEATABLE READ transaction and a handful of selects, whatever the number of pairs. Only enabled
venues, relations that are confirmed, active and not blocked by a rule, and their markets. Runs in
the scribe, never in the trading process.
"""

from __future__ import annotations

import msgspec
from django.conf import settings
from django.db import connection, transaction

from feeds import selectors as feeds
from feeds.services import keyless_adapter
from markets import selectors as markets
from markets.terms import friction
from markets.terms.instruments import Market
from markets.terms.units import Ns, Px
from risk import selectors as risk
from trading.engine.config import Mode, RelationConfig, Snapshot, VenueConfig, Window
from trading.engine.strategies import Strategy
from trading.runtime.clock import SystemClock


def load() -> Snapshot:
    """The configuration as saved now; its revision is 0 before the first change.

    Errors: Django's `OperationalError` while the database is away.
    """
    with transaction.atomic():
        if not connection.savepoint_ids:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        return _read()


def encoded_snapshot() -> tuple[int, bytes]:
    """The revision and the snapshot in msgpack, as the worker takes it."""
    snapshot = load()
    return snapshot.revision, msgspec.msgpack.encode(snapshot)


def _read() -> Snapshot:
    revision = markets.last_revision()
    engine = risk.engine()
    limits = risk.limits()
    packs = markets.friction_packs(active_only=True)
    closed = markets.maintenance(SystemClock().now())
    armed = feeds.armed() if settings.LIVE_ALLOWED else {}
    blocked = risk.geoblocks()
    relations = markets.tradeable()
    listed: dict[str, Market] = {m.id: m for r in relations for m in r.markets}
    return Snapshot(
        revision=revision.id if revision else 0,
        at=revision.at if revision else Ns(0),
        author=revision.author if revision else "",
        reason=revision.reason if revision else "",
        exec_mode=engine.exec_mode,
        limits=limits,
        venues=tuple(
            msgspec.structs.replace(
                _venue(v, packs),
                maintenance=tuple(Window(*w) for w in closed.get(v.slug, ())),
                armed_until=armed.get(v.slug, Ns(0)),
                geoblock=blocked.get(v.slug, ""),
            )
            for v in markets.venues(enabled_only=True)
        ),
        markets=tuple(listed[key] for key in sorted(listed)),
        relations=tuple(map(relation_config, relations)),
        friction_rev=friction.revision(packs, Px(limits.friction)),
        scoped=risk.scoped(),
        features=risk.features(),
        country=engine.country,
        permissions=risk.permissions(engine.country),
        timezone=engine.timezone,
    )


def relation_config(row: markets.Tradeable) -> RelationConfig:
    """A relation that may be traded, as the engine takes it."""
    return RelationConfig(
        row.relation,
        row.packages,
        Mode(row.mode),
        row.min_net_edge,
        row.event,
        Strategy(row.strategy) if row.strategy else None,
        row.trades_until,
    )


def as_declared(config: VenueConfig) -> VenueConfig:
    """A venue's configuration with what its adapter declares of its orders."""
    can = keyless_adapter(config.id).capabilities
    return msgspec.structs.replace(
        config,
        nets=can.nets,
        tifs=can.tifs,
        post_only=can.post_only,
        least_life_ms=can.least_life_ms,
        cancels=can.cancels,
    )


def _venue(row: markets.VenueRow, packs: tuple[friction.FrictionPack, ...]) -> VenueConfig:
    config = VenueConfig(
        id=row.slug,
        name=row.name,
        short=row.short,
        mode=Mode(row.mode),
        trade_age_ms=row.trade_age_ms,
        paper_latency_ms=row.paper_latency_ms,
        paper_cash=row.paper_cash,
        payout_lag_ms=row.payout_lag_ms,
        hosts=row.hosts,
        ws=tuple(row.ws.split()),
        sockets=row.sockets,
        rate_tier=row.rate_tier,
        friction=friction.at_venue(packs, row.slug),
    )
    return as_declared(config)
