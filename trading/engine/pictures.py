"""What the pages show of the engine, as values: one picture per relation, one of the whole.

A picture is complete: it carries every number a row and its explanation need, in base units, so
that the web
process never asks the worker anything. Strings for people are made by `markets.terms.formats` from
these.
"""

from enum import StrEnum

import msgspec

from markets.terms.ids import DealId, MarketId, RelationId, VenueId
from markets.terms.units import Ns, Px, Qty, Usd


class Verdict(StrEnum):
    """Of one gate on one plan.

    `WAITING` passes by itself; `SAFETY` is a stop (kill switch, naked, paused).
    """

    PASSED = "passed"
    REFUSED = "refused"
    WAITING = "waiting"
    SAFETY = "safety"
    NOT_REACHED = "not_reached"


class Reading(msgspec.Struct, frozen=True, gc=False):
    """One gate's word: actual against limit in `unit` (see `Unit`), and a sentence where
    numbers do not say it.
    """

    gate: str
    verdict: Verdict
    limit: int | None = None
    actual: int | None = None
    unit: str = ""
    text: str = ""


class QuotePicture(msgspec.Struct, frozen=True, gc=False):
    """One market of a relation: its YES quote on both sides. None where the side is empty."""

    market: MarketId
    venue: VenueId
    short: str
    title: str
    outcomes: tuple[str, ...]
    bid: Px | None
    bid_qty: Qty
    ask: Px | None
    ask_qty: Qty
    at: Ns | None
    state: str  # live, suspect, closed, missing
    age_limit_ms: int
    tick: Px = Px(10_000)


class LegPicture(msgspec.Struct, frozen=True, gc=False):
    """One leg of a package: what is bought, at the best ask, and the fee per contract there.

    Older than `age_limit_ms` it is not traded, older than `stale_ms` it is shown as stale.
    """

    market: MarketId
    venue: VenueId
    short: str
    outcome: str
    ask: Px | None
    ask_qty: Qty
    at: Ns | None
    state: str
    age_limit_ms: int
    fee: Px
    fee_text: str
    tick: Px = Px(10_000)
    stale_ms: int = 5_000


class WalkRow(msgspec.Struct, frozen=True, gc=False):
    """One step of walking all legs' depth together;

    `qty` and `profit` are cumulative, prices per package.
    """

    prices: tuple[Px, ...]
    cost: Px
    fees: Px
    net: Px
    qty: Qty
    profit: Usd
    taken: bool


class WorldRow(msgspec.Struct, frozen=True, gc=False):
    """What each leg of the package pays in one world, and their sum; `ppm` for tail worlds."""

    name: str
    kind: str
    pays: tuple[Px, ...]
    total: Px
    ppm: int


class PackagePicture(msgspec.Struct, frozen=True, gc=False):
    """One package of a relation at the best size now. Prices per package, money for the whole size.

    `cost` is the sum of asks, `net = payout - cost - fees - friction - tail`. `qty` 0 with a net
    shown means the
    top of the books without a profitable size. `apy_ppm` is None when net is not above 0 or the
    payout is unknown.
    """

    package: int
    label: str
    approved: bool
    legs: tuple[LegPicture, ...]
    payout: Px
    cost: Px | None
    fees: Px
    friction: Px
    tail: Px
    net: Px | None
    net_ppm: int
    qty: Qty
    profit: Usd
    apy_ppm: int | None
    readings: tuple[Reading, ...]
    walk: tuple[WalkRow, ...]
    worlds: tuple[WorldRow, ...]


class RelationPicture(msgspec.Struct, frozen=True, gc=False):
    """One row of the live page.

    `best` indexes `packages`; `deal` is the newest active deal, if any.
    """

    id: RelationId
    title: str
    category: str
    payout_at: Ns | None
    at: Ns
    min_edge: Px
    quotes: tuple[QuotePicture, ...]
    packages: tuple[PackagePicture, ...]
    best: int
    deal: DealId | None = None
    deal_state: str = ""
    changed_at: Ns = Ns(0)


class VenuePicture(msgspec.Struct, frozen=True, gc=False):
    """A venue as the engine sees it."""

    venue: VenueId
    short: str
    name: str
    up: bool
    mode: str
    books: int
    live_books: int
    last_at: Ns | None
    cash: Usd | None
    halted: str = ""
    text: str = ""


class ScoreTerm(msgspec.Struct, frozen=True, gc=False):
    """One term of a venue's score: `lost` of `points`, none at `good`, all from `bad` on.

    `unit` is empty for counts; rates are in parts per million under `%`.
    """

    key: str
    name: str
    unit: str
    actual: int | None
    good: int
    bad: int
    points: int
    lost: int


# Spans of time from change to decision that are shown, in microseconds; the last has no end.
DECISION_BOUNDS_US = (100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000)


class Decided(msgspec.Struct, frozen=True, gc=False):
    """How long changes of a venue's books lately took to be decided on, in microseconds; `spans`
    counts them between `DECISION_BOUNDS_US`.
    """

    count: int
    p50_us: int
    p95_us: int
    p99_us: int
    spans: tuple[int, ...]


class VenueTruth(msgspec.Struct, frozen=True, gc=False):
    """What a venue's feed is worth at `at`: its own counts, its clock, and the score they come to.

    Counts are since the worker began, `_hour` ones of the last hour. `age_*` is from the venue's
    time of a message to ours, in ms, corrected by the clocks' offset. `agreement_ppm` is the share
    of the newest comparisons with REST that agreed; `moved` ones said nothing. The clock is
    between `clock_low_ms` and `clock_high_ms` ahead of ours and certainly `clock_ms`;
    `clock_worry` is none, warn, critical or halt. `refused` and `polled` are as in `VenueJudged`.
    `notes` are the newest events, oldest first. With several `lines` raced, `lines_agreed` counts
    books that came second and were known, `lines_differed` those that were not.
    """

    venue: VenueId
    at: Ns
    up: bool
    down_reason: str
    url: str
    sockets: int
    markets: int
    live_books: int
    frames: int
    bytes: int
    reconnects: int
    reconnects_hour: int
    last_frame_at: Ns | None
    age_p50_ms: int | None
    age_p95_ms: int | None
    gaps: int
    gaps_hour: int
    resyncs: int
    resyncs_hour: int
    rejects: dict[str, int]
    rejects_hour: int
    compared: int
    disagreed: int
    moved: int
    agreement_ppm: int | None
    silent_s: int
    silent_total_s: int
    waited_ms: int
    rest_failures: int
    clock_low_ms: int | None
    clock_high_ms: int | None
    clock_ms: int | None
    clock_worry: str
    score: int
    terms: tuple[ScoreTerm, ...]
    refused: str = ""
    polled: str = ""
    notes: tuple[tuple[Ns, str], ...] = ()
    lines: int = 1
    lines_agreed: int = 0
    lines_differed: int = 0
    decided: Decided | None = None


class AlertPicture(msgspec.Struct, frozen=True, gc=False):
    """Something that needs a person, worst first: kind `naked`, `unknown`, `halted`, `tripped`,
    `venue`, `infrastructure`, `config`.
    """

    kind: str
    critical: bool
    text: str
    since: Ns
    link: str


class BreakerPicture(msgspec.Struct, frozen=True, gc=False):
    """A breaker that is not armed: whose book, which one, tripped or cooling until when, and why.

    `until` None waits for a person.
    """

    book: str
    name: str
    state: str
    since: Ns
    until: Ns | None
    reason: str


class KeptPicture(msgspec.Struct, frozen=True, gc=False):
    """What one book's deals kept in all, and since the running day, week and month began, each with
    when it ends.
    """

    book: str
    total: Usd
    day: Usd
    week: Usd
    month: Usd
    day_ends: Ns
    week_ends: Ns
    month_ends: Ns


class ChoicePicture(msgspec.Struct, frozen=True, gc=False):
    """One of the four choices about a naked deal: its price, what it is expected to keep, what one
    case in twenty is worse than, how likely it works, how long that may take.
    """

    choice: str
    px: Px | None
    expected: Usd
    worst: Usd
    chance_ppm: int
    left_ms: int
    allowed: bool


class NakedPicture(msgspec.Struct, frozen=True, gc=False):
    """A naked deal: what is held without its hedge, what that can come to, until when the policy
    waits, and the choices.

    `policy` is what it would do now, empty where it does nothing by itself; `waits` says that an
    order is on its way, `open` that a person may choose.
    """

    deal: DealId
    relation: RelationId
    title: str
    legs: str
    hedge: str
    loses: Usd
    gains: Usd
    since: Ns
    due: Ns
    state: str
    policy: str
    chosen: str
    urgent: str
    waits: bool
    open: bool
    options: tuple[ChoicePicture, ...]


class EnginePicture(msgspec.Struct, frozen=True, gc=False):
    """The header: mode, money, venues, alerts.

    Written at least once a second: it is the heartbeat of the pages. `halts` are the venues and
    strategies (`strategy/NAME`) that a person halted. `pace_ms` is the least time between two
    frames to a page.
    """

    at: Ns
    run: str
    revision: int
    mode: str
    halted: str
    halted_by: str
    halted_at: Ns | None
    paused: bool
    view_only: bool
    today: Usd
    at_work: Usd
    worst: Usd
    free: Usd
    open_deals: int
    naked: int
    venues: tuple[VenuePicture, ...]
    alerts: tuple[AlertPicture, ...]
    relations: int
    rejected: tuple[str, ...] = ()
    events: int = 0
    book: str = "paper"
    breakers: tuple[BreakerPicture, ...] = ()
    halts: tuple[str, ...] = ()
    naked_deals: tuple[NakedPicture, ...] = ()
    pace_ms: int = 250
    kept: tuple[KeptPicture, ...] = ()
