"""The closed union of everything the engine can ask for. Imperative where the executor acts, past
where it is told.

`PlaceOrder CancelOrder QueryOrder SetTimer` are acted on; the others are recorded by the scribe and
published.
Encoded as tagged arrays: fields are only ever appended, each with a default.
"""

import msgspec

from markets.terms.ids import MarketId, OrderId, RelationId
from markets.terms.units import Ns, Px, Qty, Usd
from trading.engine.deals import Deal
from trading.engine.orders import BookKind, OrderRequest
from trading.engine.results import BreakerState


class _Intent(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    at: Ns


class PlaceOrder(_Intent, frozen=True):
    """Send this order. Its id is its idempotency key."""

    request: OrderRequest


class CancelOrder(_Intent, frozen=True):
    """Cancel what is left of an order."""

    order: OrderId
    market: MarketId
    book: BookKind


class QueryOrder(_Intent, frozen=True):
    """Find out what became of an order."""

    order: OrderId
    market: MarketId
    book: BookKind


class SetTimer(_Intent, frozen=True):
    """Deliver `TimerFired(key)` at `due`; the same key replaces an earlier timer."""

    key: str
    due: Ns


class EdgeSeen(_Intent, frozen=True):
    """The best package of a relation changed its gate, its sign, or its net by at least 0.25 cents.

    `gate` is empty when every gate passed. `net` and `cost` are per package, `limit` and `actual`
    in the gate's unit.
    """

    relation: RelationId
    package: int
    net: Px
    cost: Px
    qty: Qty
    profit: Usd
    apy_ppm: int
    gate: str
    limit: int
    actual: int
    leader: MarketId | None = None
    fee_rev: str = ""
    friction_rev: str = ""


class PlanRefused(_Intent, frozen=True):
    """A plan worth making was refused; told once per change of gate, not once per tick."""

    relation: RelationId
    package: int
    gate: str
    reason: str
    limit: int
    actual: int
    unit: str
    net: Px
    qty: Qty
    profit: Usd


class DealChanged(_Intent, frozen=True):
    """A deal was opened or moved; `step` says what happened in one sentence."""

    deal: Deal
    step: str


class PositionChanged(_Intent, frozen=True):
    """What we now hold of a market in one book, per outcome, with money paid for it."""

    market: MarketId
    book: BookKind
    qty: tuple[Qty, ...]
    cost: tuple[Usd, ...]
    fees: Usd
    realised: Usd


class ConfigApplied(_Intent, frozen=True):
    """The running snapshot's revision."""

    revision: int


class CommandDone(_Intent, frozen=True):
    """The end of a command: done, or refused with a sentence."""

    command: int
    ok: bool
    text: str


class Halt(_Intent, frozen=True):
    """Trading of `scope` (empty: everything; else a venue) stopped (`on`) or may go on.

    `cause` is `person`, `money`, `venue` or `infrastructure`; only the last two lift themselves.
    """

    scope: str
    cause: str
    reason: str
    on: bool


class BreakerChanged(_Intent, frozen=True):
    """A breaker of one book tripped, began to cool, or is armed again.

    `until` 0 waits for a person. `limit` and `actual` are in `unit`. `by` is the person who armed
    it again, empty where that happened by itself.
    """

    book: BookKind
    breaker: str
    state: BreakerState
    reason: str
    limit: int
    actual: int
    unit: str
    until: Ns = Ns(0)
    by: str = ""


Intent = (
    PlaceOrder
    | CancelOrder
    | QueryOrder
    | SetTimer
    | EdgeSeen
    | PlanRefused
    | DealChanged
    | PositionChanged
    | ConfigApplied
    | CommandDone
    | Halt
    | BreakerChanged
)
