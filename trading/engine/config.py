"""Configuration as one immutable value, and what makes a snapshot unusable.

A `Snapshot` carries only enabled venues' markets that a confirmed relation needs. The settings
themselves are a table of their own, `trading.engine.limits`. Secrets are never here.
"""

from enum import StrEnum

import msgspec

from markets.terms.calendars import zone
from markets.terms.friction import VenueFriction
from markets.terms.ids import MarketId, RelationId, VenueId
from markets.terms.instruments import Market
from markets.terms.relations import Relation
from markets.terms.units import Ns, Px
from trading.engine.limits import LIMITS as LIMITS
from trading.engine.limits import SPECS as SPECS
from trading.engine.limits import Limits as Limits
from trading.engine.limits import LimitSpec as LimitSpec
from trading.engine.limits import Scope
from trading.engine.limits import Unit as Unit
from trading.engine.orders import TimeInForce
from trading.engine.scopes import ScopedLimit, indexed, resolved
from trading.engine.strategies import Strategy

TAKER_TAKER = Strategy.TAKER_TAKER.value


class Mode(StrEnum):
    """What may be done: look, trade on paper, trade with money, or both side by side."""

    DETECT = "detect"
    PAPER = "paper"
    LIVE = "live"
    BOTH = "both"


class Rollout(StrEnum):
    """How far a strategy is let: not at all, with play money, where one venue has a leg, in a share
    of cases, or everywhere.
    """

    OFF = "off"
    PAPER = "paper"
    VENUE = "venue"
    SHARE = "share"
    ON = "on"


class Feature(msgspec.Struct, frozen=True, gc=False):
    """A strategy's row. `venue` is the one of `VENUE`, `share_ppm` the share of `SHARE`."""

    strategy: str
    rollout: Rollout
    venue: VenueId = VenueId("")
    share_ppm: int = 0


class Permission(msgspec.Struct, frozen=True, gc=False):
    """Whether the operator, where they are, may trade a category at a venue; an empty name is any.

    Of rows that apply the one that names most holds, a venue before a category.
    """

    venue: VenueId
    category: str
    allowed: bool
    reason: str = ""


class Window(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Announced maintenance: from `starts` on, up to but not including `ends`."""

    starts: Ns
    ends: Ns
    reason: str = ""


class VenueConfig(msgspec.Struct, frozen=True, gc=False):
    """A venue as configured. `short` is the two-letter chip, `mode` what may be done there.

    `hosts` by name and `ws` in order of preference replace the adapter's own addresses where given.
    `trade_age_ms` 0 takes the general limit. `paper_latency_ms` and `paper_cash` drive the
    simulated exchange. `maintenance` is what is announced for the days after the revision was read.
    `friction` is what the active friction packs come to there. A payout is expected `payout_lag_ms`
    after it is due; with probability `dispute_ppm` it is disputed and takes `dispute_ms` more.
    `sockets` feeds of the same markets are raced. `nets` says that the venue gives back at once
    what one's own claims there pay in any case. Deals may be opened with money until `armed_until`.
    `tifs` and `post_only` are what its orders can be, `cancels` whether one that rests can be taken
    back; a resting order must have at least `least_life_ms` left. `rate_tier` is the account's, as
    the venue names it; empty is the lowest. `geoblock` is what the venue said
    against trading from where we are, when it was last asked.
    """

    id: VenueId
    name: str
    short: str
    mode: Mode
    enabled: bool = True
    trade_age_ms: int = 0
    paper_latency_ms: int = 150
    paper_cash: int = 10_000_000_000
    payout_lag_ms: int = 86_400_000
    hosts: dict[str, str] = {}
    ws: tuple[str, ...] = ()
    friction: VenueFriction = VenueFriction()
    maintenance: tuple[Window, ...] = ()
    dispute_ppm: int = 0
    dispute_ms: int = 0
    nets: bool = False
    sockets: int = 1
    armed_until: Ns = Ns(0)
    tifs: tuple[TimeInForce, ...] = (TimeInForce.IOC, TimeInForce.FOK, TimeInForce.GTC)
    post_only: bool = True
    least_life_ms: int = 0
    cancels: bool = True
    rate_tier: str = ""
    geoblock: str = ""

    @property
    def lag_ms(self) -> int:
        """How long after it is due a payout is expected, disputes at their probability."""
        return self.payout_lag_ms - (-self.dispute_ppm * self.dispute_ms // 1_000_000)


class RelationConfig(msgspec.Struct, frozen=True, gc=False):
    """A confirmed relation and which of its packages a person approved (by package id, e.g.

    `0`, `1`). `event` names what it is about together with others, empty when nothing does.
    `strategy` None leaves the way to carry a deal out to the settings and the venues' delays.
    `trades_until` is the start of the game of a relation that trades before it only; 0 is no end.
    """

    relation: Relation
    packages: tuple[int, ...]
    mode: Mode = Mode.BOTH
    min_net_edge: Px | None = None
    event: str = ""
    strategy: Strategy | None = None
    trades_until: Ns = Ns(0)


class Snapshot(msgspec.Struct, frozen=True, gc=False):
    """Everything a person decided, at one revision.

    `features` None is a snapshot of before there were any: nothing is held back by them. `country`
    is where the operator trades from, `permissions` what holds there. Days, weeks and months begin
    in `timezone`.
    """

    revision: int
    at: Ns
    author: str = ""
    reason: str = ""
    exec_mode: Mode = Mode.DETECT
    limits: Limits = Limits()
    venues: tuple[VenueConfig, ...] = ()
    markets: tuple[Market, ...] = ()
    relations: tuple[RelationConfig, ...] = ()
    friction_rev: str = ""
    scoped: tuple[ScopedLimit, ...] = ()
    features: tuple[Feature, ...] | None = None
    country: str = ""
    permissions: tuple[Permission, ...] = ()
    timezone: str = "UTC"

    def problems(self) -> list[str]:
        """Sentences saying why this snapshot cannot run; empty when it can."""
        return [
            *_bounds(self.limits),
            *_orders(self.limits),
            *_scoped(self),
            *_timezone(self.timezone),
            *_references(self),
        ]


def _bounds(limits: Limits) -> list[str]:
    return [
        f"{s.key} is {getattr(limits, s.key)}, "
        f"outside {s.low} to {s.high} (base units of {s.unit.value})."
        for s in LIMITS
        if not s.low <= getattr(limits, s.key) <= s.high
    ]


def _orders(limits: Limits) -> list[str]:
    found = []
    if limits.min_net_edge > limits.max_edge:
        found.append(
            "min_net_edge is above max_edge: nothing could ever trade. "
            "Lower the first or raise the second."
        )
    if limits.min_trade > limits.max_trade:
        found.append(
            "min_trade is above max_trade: nothing could ever trade. "
            "Lower the first or raise the second."
        )
    if not limits.trade_age_ms <= limits.ignore_ms <= limits.evict_ms:
        found.append("trade_age_ms, ignore_ms and evict_ms must not decrease in this order.")
    if not limits.clock_warn_ms <= limits.clock_critical_ms <= limits.clock_halt_ms:
        found.append("clock_warn_ms, clock_critical_ms and clock_halt_ms must not decrease.")
    priors = (limits.queue_prior_1, limits.queue_prior_2, limits.queue_prior_3)
    if list(priors) != sorted(priors) or priors[-1] > limits.queue_prior_4:
        found.append("queue_prior_1 to queue_prior_4 must not decrease: a worse level waits less.")
    return found


def _scoped(snapshot: Snapshot) -> list[str]:
    """What is wrong with values for less than everything; each is asked with the general ones."""
    found = []
    groups: dict[tuple[Scope, str], list[ScopedLimit]] = {}
    for row in snapshot.scoped:
        spec = SPECS.get(row.key)
        where = f"{row.key} of {row.scope.value} {row.target}" if row.scope else row.key
        if spec is None:
            found.append(f"There is no setting {row.key}.")
        elif row.scope and row.scope not in spec.scopes:
            found.append(f"{row.key} cannot be set for a {row.scope.value}.")
        elif not spec.low <= row.value <= spec.high:
            found.append(f"{where} is {row.value}, outside {spec.low} to {spec.high}.")
        else:
            groups.setdefault((row.scope, row.target), []).append(row)
    for (scope, target), rows in groups.items():
        limits = resolved(snapshot.limits, indexed(rows, Ns(0)), {scope: target})
        name = f"{scope.value} {target}: " if scope else ""
        found += [f"{name}{text}" for text in _orders(limits)]
    return list(dict.fromkeys(found))


def _timezone(name: str) -> list[str]:
    try:
        zone(name)
    except ValueError as problem:
        return [str(problem)]
    return []


def _references(snapshot: Snapshot) -> list[str]:
    venues: dict[VenueId, None] = {v.id: None for v in snapshot.venues}
    markets: dict[MarketId, None] = {m.id: None for m in snapshot.markets}
    seen: dict[RelationId, None] = {}
    found = [
        f"Market {m.id} is at venue {m.venue}, which is not configured."
        for m in snapshot.markets
        if m.venue not in venues
    ]
    for config in snapshot.relations:
        relation = config.relation
        if relation.id in seen:
            found.append(f"Relation {relation.id} appears twice.")
        seen[relation.id] = None
        found += [
            f"Relation {relation.id} needs market {c.market}, which is not in the snapshot."
            for c in relation.claims
            if c.market not in markets
        ]
        found += [
            f"Relation {relation.id}: a claim on {c.market} has {len(c.pays)} cells "
            f"for {len(relation.worlds)} worlds."
            for c in relation.claims
            if len(c.pays) != len(relation.worlds)
        ]
    return found
