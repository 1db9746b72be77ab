"""The closed union of everything the engine can be told. Past tense; every event carries `at`, when
it reached us.

`at` never decreases from one event to the next. Adding a kind is a decision record. Encoded as
tagged arrays, so
fields are only ever appended, each with a default.
"""

import msgspec

from markets.terms.ids import MarketId, OrderId, RelationId, RunId, VenueId
from markets.terms.instruments import Market
from markets.terms.units import Ns, Px, Qty, Usd
from trading.engine.book import Book
from trading.engine.config import Snapshot
from trading.engine.naked import Tables
from trading.engine.orders import BookKind, Fill, OrderState, Side


class _Event(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    at: Ns


class RunStarted(_Event, frozen=True):
    """First event of every run.

    Ids derive from `run`; orders without an end become unknown and are asked for.
    """

    run: RunId
    mode: str


class ConfigChanged(_Event, frozen=True):
    """A usable snapshot replaces the running one."""

    snapshot: Snapshot


class BookChanged(_Event, frozen=True):
    """A market's book differs in price or size within the levels kept."""

    book: Book


class BookSeen(_Event, frozen=True):
    """A frame confirmed the book without changing it: only its age is new.

    Sent at most every 200 ms a market.
    """

    market: MarketId
    venue_at: Ns


class BookStale(_Event, frozen=True):
    """The book may not be believed until the next `BookChanged`: gap, crossed, resync."""

    market: MarketId
    reason: str


class FeedUp(_Event, frozen=True):
    """A venue's feed delivers."""

    venue: VenueId


class FeedDown(_Event, frozen=True):
    """A venue's feed is away; every book of it is suspect until its next snapshot."""

    venue: VenueId
    reason: str


class MarketChanged(_Event, frozen=True):
    """The venue changed a market's terms: ticks, state, fees."""

    market: Market


class PackageProposed(_Event, frozen=True):
    """A solver outside the engine found a purchase worth looking at: claims and contracts.

    Nothing in it is believed: the engine makes it a package only when its integers say that it pays
    a dollar in every decisive world, and trades it only where proposals were approved.
    """

    relation: RelationId
    amounts: tuple[tuple[int, Qty], ...]


class MarketClosed(_Event, frozen=True):
    """No more trading in this market."""

    market: MarketId


class MarketSettled(_Event, frozen=True):
    """What one contract of each outcome paid."""

    market: MarketId
    pays: tuple[Px, ...]


class TradeSeen(_Event, frozen=True):
    """A public trade; `side` is the taker's, of the named outcome."""

    market: MarketId
    outcome: int
    px: Px
    qty: Qty
    side: Side


class OrderAccepted(_Event, frozen=True):
    """The venue has the order, under its own id."""

    order: OrderId
    venue_order: str


class OrderDelayed(_Event, frozen=True):
    """The venue took the order and matches it only at about `until`; 0 where it does not say."""

    order: OrderId
    venue_order: str
    until: Ns = Ns(0)


class OrderRejected(_Event, frozen=True):
    """The venue said no; nothing rests and nothing was filled."""

    order: OrderId
    code: str
    text: str


class OrderFilled(_Event, frozen=True):
    """A fill. The same `fill.key` counts once, however often it arrives."""

    fill: Fill


class OrderCancelled(_Event, frozen=True):
    """The rest of the order is gone. `filled` is the venue's total where it says one, else None."""

    order: OrderId
    filled: Qty | None
    reason: str


class OrderUnknown(_Event, frozen=True):
    """We do not know whether the order exists: ask before acting."""

    order: OrderId
    reason: str


class StatedOrder(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """An order that a venue says rests there. `order` is empty when its id is none of ours."""

    order: OrderId
    venue_order: str
    market: MarketId
    outcome: int
    side: Side
    px: Px
    left: Qty


class AccountReported(_Event, frozen=True):
    """A venue's statement of our free cash, of what we hold per (market, outcome, qty), and of our
    resting orders.

    `asked_at` is when the first of its requests left: what moved after that may be missing.
    `complete` says that every page of every list came: an incomplete statement proves nothing, an
    absent line least of all. `pockets` is the cash by shard, where the venue keeps it apart.
    """

    venue: VenueId
    book: BookKind
    cash: Usd
    holdings: tuple[tuple[MarketId, int, Qty], ...] = ()
    orders: tuple[StatedOrder, ...] = ()
    asked_at: Ns = Ns(0)
    complete: bool = True
    pockets: tuple[tuple[int, Usd], ...] = ()


class CommandReceived(_Event, frozen=True):
    """A person asked: `halt`, `resume`, `pause`, `view_only`, `reset`; of a naked deal `wait`,
    `hedge`, `cross`, `unwind`;

    `target` is a venue, a strategy as `strategy/NAME`, a deal, a breaker, or empty for all.
    """

    id: int
    kind: str
    target: str
    author: str
    reason: str


class TimerFired(_Event, frozen=True):
    """A timer the engine asked for is due."""

    key: str


class HealthReported(_Event, frozen=True):
    """Part of our own machinery is well or not: `database`, `redis`, `scribe`, `lease`, `disk`,
    `clock`.
    """

    component: str
    ok: bool
    text: str


class TablesChanged(_Event, frozen=True):
    """New fill tables: what was learnt of our own orders takes the place of the shipped priors."""

    tables: Tables


class VenueJudged(_Event, frozen=True):
    """How far a venue may be trusted now: a score of 0 to 100, and the term that costs it most.

    `refused` says why nothing may be begun there, `polled` why its books come over REST instead of
    the stream; both are empty when all is well. Said when it changes, and every few seconds.
    """

    venue: VenueId
    score: int
    worst: str = ""
    refused: str = ""
    polled: str = ""


class SelfTested(_Event, frozen=True):
    """How the self-test ended: `arrived`, `refused` by a gate, or `silent`: neither came in time.

    `latency` is from the second book to the last order at the point where it would leave us; 0
    where none came.
    """

    outcome: str
    latency: Ns
    text: str


class TwinTold(_Event, frozen=True):
    """How the paper twin of a live order stands: the sums of its fills so far, whole each time.

    `cost` is money paid (buys) or received (sells) before `fees`; `filled_at` when its last fill
    would have reached us, 0 before the first. For the record alone: the engine does nothing.
    """

    order: OrderId
    state: OrderState
    sent_at: Ns
    filled: Qty = Qty(0)
    cost: Usd = Usd(0)
    fees: Usd = Usd(0)
    filled_at: Ns = Ns(0)
    reason: str = ""


Event = (
    RunStarted
    | ConfigChanged
    | BookChanged
    | BookSeen
    | BookStale
    | FeedUp
    | FeedDown
    | MarketChanged
    | MarketClosed
    | PackageProposed
    | MarketSettled
    | TradeSeen
    | OrderAccepted
    | OrderDelayed
    | OrderRejected
    | OrderFilled
    | OrderCancelled
    | OrderUnknown
    | AccountReported
    | CommandReceived
    | TimerFired
    | HealthReported
    | VenueJudged
    | SelfTested
    | TablesChanged
    | TwinTold
)
