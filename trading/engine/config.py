"""Configuration as one immutable value, and what makes a snapshot unusable.

A `Snapshot` carries only enabled venues' markets that a confirmed relation needs. `LIMITS` is the
one table of
settings: key, unit, bounds, default, meaning; the admin, the documents and the tests read it.
Values are
integers in the unit's base (cents and dollars in millionths, rates in parts per million). Secrets
are never here.
"""

from enum import StrEnum

import msgspec

from markets.terms.friction import VenueFriction
from markets.terms.ids import MarketId, RelationId, VenueId
from markets.terms.instruments import Market
from markets.terms.relations import Relation
from markets.terms.units import Ns, Px


class Mode(StrEnum):
    """What may be done: look, trade on paper, trade with money, or both side by side."""

    DETECT = "detect"
    PAPER = "paper"
    LIVE = "live"
    BOTH = "both"


class Unit(StrEnum):
    """Base units of settings: what one integer step means."""

    CENTS = "¢"  # millionths of a dollar per $1 contract, shown in cents
    USD = "USD"  # millionths of a dollar
    PPM = "%"  # parts per million, shown in percent
    BPS = "bps"  # parts per million, shown in basis points
    MS = "ms"
    CONTRACTS = "contracts"  # millionths of a contract
    COUNT = "count"
    FLAG = "on/off"


class LimitSpec(msgspec.Struct, frozen=True):
    """One setting. `low` and `high` bound what the admin accepts, both included."""

    key: str
    unit: Unit
    default: int
    low: int
    high: int
    group: str
    meaning: str


def _spec(
    key: str, unit: Unit, values: tuple[int, int, int], group: str, meaning: str
) -> LimitSpec:
    default, low, high = values
    return LimitSpec(key, unit, default, low, high, group, meaning)


_CENT = 10_000
_USD = 1_000_000
_PCT = 10_000
_BP = 100

LIMITS: tuple[LimitSpec, ...] = (
    _spec("xv_arb_enabled", Unit.FLAG, (1, 0, 1), "Switches", "The cross-venue engine may trade."),
    _spec("scanning_paused", Unit.FLAG, (0, 0, 1), "Switches", "No edge is looked for."),
    _spec("view_only", Unit.FLAG, (0, 0, 1), "Switches", "Edges are shown, nothing is traded."),
    _spec(
        "min_net_edge",
        Unit.CENTS,
        (25_000, 0, 100 * _CENT),
        "Edge",
        "Least net edge per $1 payout.",
    ),
    _spec(
        "min_apy",
        Unit.PPM,
        (0, 0, 10_000 * _PCT),
        "Edge",
        "Yearly return that is enough below the least edge; 0 is off.",
    ),
    _spec(
        "max_edge",
        Unit.PPM,
        (15 * _PCT, 0, 100 * _PCT),
        "Edge",
        "Above this the edge is not believed.",
    ),
    _spec(
        "max_neutral_loss",
        Unit.CENTS,
        (_CENT, 0, 10 * _CENT),
        "Edge",
        "Most a neutral world may cost.",
    ),
    _spec(
        "max_tail_cost",
        Unit.CENTS,
        (6_000, 0, 100 * _CENT),
        "Edge",
        "Most the tail worlds may cost.",
    ),
    _spec(
        "max_slippage",
        Unit.BPS,
        (50 * _BP, 0, 1000 * _BP),
        "Edge",
        "Most a limit price may be worse.",
    ),
    _spec(
        "friction",
        Unit.CENTS,
        (500, 0, 10 * _CENT),
        "Edge",
        "Cost per $1 payout that no fee names.",
    ),
    _spec("min_trade", Unit.USD, (5 * _USD, 0, 10_000 * _USD), "Size", "Least cost of a deal."),
    _spec("max_trade", Unit.USD, (100 * _USD, 1, 100_000 * _USD), "Size", "Most cost of one leg."),
    _spec(
        "max_event_exposure",
        Unit.USD,
        (200 * _USD, 1, 10**12),
        "Size",
        "Most cost held in one relation.",
    ),
    _spec(
        "max_total_exposure", Unit.USD, (500 * _USD, 1, 10**12), "Size", "Most cost held in all."
    ),
    _spec(
        "venue_capital", Unit.USD, (5000 * _USD, 0, 10**12), "Size", "Most cost held at one venue."
    ),
    _spec("open_deals", Unit.COUNT, (8, 0, 1000), "Size", "Most deals open at once."),
    _spec(
        "trade_age_ms",
        Unit.MS,
        (2000, 50, 600_000),
        "Freshness",
        "A leg older than this is not traded.",
    ),
    _spec(
        "max_skew_ms",
        Unit.MS,
        (1000, 10, 600_000),
        "Freshness",
        "Most the ages of two legs may differ.",
    ),
    _spec("stale_ms", Unit.MS, (5000, 100, 600_000), "Freshness", "Shown as stale after this."),
    _spec("ignore_ms", Unit.MS, (30_000, 100, 3_600_000), "Freshness", "Not priced after this."),
    _spec("evict_ms", Unit.MS, (300_000, 1000, 86_400_000), "Freshness", "Forgotten after this."),
    _spec(
        "min_venue_score",
        Unit.COUNT,
        (50, 0, 100),
        "Venues",
        "A venue with a lower score is not traded.",
    ),
    _spec(
        "trade_polled",
        Unit.FLAG,
        (0, 0, 1),
        "Venues",
        "Books polled over REST may be traded.",
    ),
    _spec(
        "clock_warn_ms",
        Unit.MS,
        (100, 10, 60_000),
        "Venues",
        "A clock this far from ours is logged.",
    ),
    _spec(
        "clock_critical_ms",
        Unit.MS,
        (500, 10, 60_000),
        "Venues",
        "A clock this far from ours is an error.",
    ),
    _spec(
        "clock_halt_ms",
        Unit.MS,
        (1000, 10, 60_000),
        "Venues",
        "With a clock this far from ours nothing is traded.",
    ),
    _spec(
        "match_interval_ms",
        Unit.MS,
        (1000, 0, 3_600_000),
        "Pace",
        "Least time between deals of a relation.",
    ),
    _spec(
        "cooldown_ms",
        Unit.MS,
        (10_000, 0, 86_400_000),
        "Pace",
        "Pause of a relation after a failed deal.",
    ),
    _spec(
        "relook_ms",
        Unit.MS,
        (1000, 100, 60_000),
        "Pace",
        "Everything is looked at again this often.",
    ),
    _spec(
        "hedge_timeout_ms",
        Unit.MS,
        (250, 10, 60_000),
        "Deals",
        "Hedge deadline besides the venue's delay.",
    ),
    _spec(
        "deal_timeout_ms",
        Unit.MS,
        (5000, 100, 600_000),
        "Deals",
        "A leg without an answer is asked for.",
    ),
    _spec(
        "hedge_loss",
        Unit.CENTS,
        (20_000, 0, 100 * _CENT),
        "Deals",
        "Most a hedge may lose per $1 payout.",
    ),
    _spec(
        "unwind_loss",
        Unit.CENTS,
        (50_000, 0, 100 * _CENT),
        "Deals",
        "Most an unwind may lose per contract.",
    ),
    _spec(
        "dust",
        Unit.CONTRACTS,
        (10_000, 0, 10 * _USD),
        "Deals",
        "A mismatch up to this is left alone.",
    ),
)
SPECS: dict[str, LimitSpec] = {s.key: s for s in LIMITS}


class Limits(msgspec.Struct, frozen=True, gc=False):
    """All settings of `LIMITS` as fields, in base units; the defaults are the shipped profile."""

    xv_arb_enabled: int = 1
    scanning_paused: int = 0
    view_only: int = 0
    min_net_edge: int = 25_000
    min_apy: int = 0
    max_edge: int = 150_000
    max_neutral_loss: int = 10_000
    max_tail_cost: int = 6_000
    max_slippage: int = 5_000
    friction: int = 500
    min_trade: int = 5_000_000
    max_trade: int = 100_000_000
    max_event_exposure: int = 200_000_000
    max_total_exposure: int = 500_000_000
    venue_capital: int = 5_000_000_000
    open_deals: int = 8
    trade_age_ms: int = 2000
    max_skew_ms: int = 1000
    stale_ms: int = 5000
    ignore_ms: int = 30_000
    evict_ms: int = 300_000
    min_venue_score: int = 50
    trade_polled: int = 0
    clock_warn_ms: int = 100
    clock_critical_ms: int = 500
    clock_halt_ms: int = 1000
    match_interval_ms: int = 1000
    cooldown_ms: int = 10_000
    relook_ms: int = 1000
    hedge_timeout_ms: int = 250
    deal_timeout_ms: int = 5000
    hedge_loss: int = 20_000
    unwind_loss: int = 50_000
    dust: int = 10_000


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
    what one's own claims there pay in any case.
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

    @property
    def lag_ms(self) -> int:
        """How long after it is due a payout is expected, disputes at their probability."""
        return self.payout_lag_ms - (-self.dispute_ppm * self.dispute_ms // 1_000_000)


class RelationConfig(msgspec.Struct, frozen=True, gc=False):
    """A confirmed relation and which of its packages a person approved (by package id, e.g.

    `0`, `1`).
    """

    relation: Relation
    packages: tuple[int, ...]
    mode: Mode = Mode.BOTH
    min_net_edge: Px | None = None


class Snapshot(msgspec.Struct, frozen=True, gc=False):
    """Everything a person decided, at one revision."""

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

    def problems(self) -> list[str]:
        """Sentences saying why this snapshot cannot run; empty when it can."""
        return [
            *_bounds(self.limits),
            *_orders(self.limits),
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
    return found


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
