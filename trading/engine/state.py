"""Everything the engine knows between two events, and the indexes made from it.

`Saved` is the memory itself: it is dumped into checkpoints and, with the events that follow, gives
the same engine again. What `EngineState` adds is made from the running snapshot alone and never
saved. Dicts keep the order things came in; there are no sets. No decisions are made here.
"""

import msgspec

from markets.terms.fees import as_maker, trade_fee
from markets.terms.friction import friction_each
from markets.terms.ids import DealId, MarketId, OrderId, RelationId, RunId, VenueId
from markets.terms.instruments import Market, MarketState
from markets.terms.packages import Package, packages
from markets.terms.relations import Relation
from markets.terms.units import MICRO, MS, Ns, Px, Qty, Rounding, Usd, divide, times
from trading.engine.book import Book
from trading.engine.config import (
    TAKER_TAKER,
    Feature,
    Limits,
    Mode,
    Permission,
    RelationConfig,
    Snapshot,
    VenueConfig,
)
from trading.engine.deals import Deal, DealState, excess
from trading.engine.limits import Scope
from trading.engine.naked import Tables
from trading.engine.orders import TERMINAL, BookKind, Fill, Order, OrderState, Side
from trading.engine.positions import Position
from trading.engine.proposals import PROPOSED, package_of
from trading.engine.results import Results, Trip, booked, ended, of_book
from trading.engine.scopes import Index, indexed, resolved
from trading.engine.selftest import RELATION as SELF_TEST
from trading.engine.strategies import follows, rests


class Feed(msgspec.Struct, frozen=True, gc=False):
    """Whether a venue delivers, since when, and why not."""

    up: bool
    since: Ns
    reason: str = ""


class Judgement(msgspec.Struct, frozen=True, gc=False):
    """How far a venue may be trusted, as last said; see `VenueJudged`."""

    score: int
    worst: str
    refused: str
    polled: str
    at: Ns


class Stop(msgspec.Struct, frozen=True, gc=False):
    """A halt, a pause or view-only: `scope` empty means everything, else a venue, or a strategy as
    `strategy/NAME`.
    """

    scope: str
    cause: str
    reason: str
    by: str
    at: Ns


class Health(msgspec.Struct, frozen=True, gc=False):
    """A part of our own machinery that is not well."""

    component: str
    text: str
    since: Ns


class Agreement(msgspec.Struct, frozen=True, gc=False):
    """How our books and a venue's statements of our live account stand; see `reconcile`.

    `at` is when the last statement that agreed was asked for, 0 while none did since the start.
    `text` is why the newest one did not, `doubted` a difference said once. `moved_at` is the last
    news of our orders there, `paired` what pairs held at the last comparison had given back,
    `differences` what a person accepts by resuming: stated less ours per (market, outcome).
    """

    at: Ns = Ns(0)
    moved_at: Ns = Ns(0)
    paired: Usd = Usd(0)
    text: str = ""
    doubted: str = ""
    differences: tuple[tuple[MarketId, int, Qty], ...] = ()


class Look(msgspec.Struct, frozen=True, gc=False):
    """What was last told about a relation, so that only changes are told again.

    `tops` is payout less best asks of each approved package, `gross` the largest of them. `refused`
    is the gate of the last `PlanRefused`. `short` says that the best asks alone fell short of the
    least edge.
    """

    package: int
    tops: tuple[int, ...]
    gross: Px
    net: Px
    gate: str
    refused: str
    at: Ns
    short: bool


class DealTerms(msgspec.Struct, frozen=True, gc=False):
    """What a deal began with: a later snapshot does not change it."""

    relation: Relation
    package: Package
    hedge_loss: Px
    unwind_loss: Px
    dust: Qty
    hedge_ms: int
    timeout_ms: int


class Route(msgspec.Struct, frozen=True, gc=False):
    """An approved package ready for the hot path: its legs as (market, outcome), and where it may
    go.

    `quick` says that payout less best asks bounds the edge from above. `book` is None when the
    modes allow neither paper nor money.
    """

    package: Package
    legs: tuple[tuple[MarketId, int], ...]
    payout: Px
    quick: bool
    book: BookKind | None


class Entry(msgspec.Struct, frozen=True, gc=False):
    """A relation of the running snapshot with what follows from it. `friction` is that of its
    dearest route, `lag` the longest any of its venues pays after the payout is due, in nanoseconds,
    `netting` those that give back at once what their own claims pay in any case. `limits` are those
    of the plain strategy here, `strategies` of others that have their own. `barred` is why it may
    not be traded from where we are: with any book, and with money.
    """

    config: RelationConfig
    relation: Relation
    packages: tuple[Package, ...]
    routes: tuple[Route, ...]
    markets: tuple[MarketId, ...]
    min_net: Px
    quick: bool
    friction: Px
    lag: int
    netting: tuple[VenueId, ...]
    limits: Limits = Limits()
    strategies: dict[str, Limits] = {}
    barred: tuple[str, str] = ("", "")

    def limits_of(self, strategy: str) -> Limits:
        """The limits that hold for this strategy here."""
        return self.strategies.get(strategy, self.limits)


class Watch(msgspec.Struct, frozen=True, gc=False):
    """A naked deal being watched: since when, until when its policy waits, what one contract of it
    could be sold for then.

    `adverse_at` is since when that is worse by the adverse move, 0 when it is not. `chosen` is a
    person's choice, `alerted` says that it was told to have been naked for long.
    """

    since: Ns
    due: Ns
    mark: Px
    adverse_at: Ns = Ns(0)
    chosen: str = ""
    alerted: bool = False


class Saved(msgspec.Struct):
    """The engine's memory. Keys of `cash` and of `pockets` (by shard, where
    the venue says so) are `book/venue`, of `positions` `book/market`, of
    `halts` `scope|cause`, of `excepted` `market/outcome`. `details` are the fills of `fills` as
    last told, `acks` how long first words took, by `book/venue` (see `acks`). Keys of `results` and
    `errors` (in a row) are a book, of `trips` `book/breaker`; `weighed` is how often a book's
    results had been booked when breakers last looked. The first of the running day, week and month
    ends at `turns_at`.
    """

    at: Ns = Ns(0)
    run: RunId = RunId("")
    mode: str = ""
    counter: int = 0
    config: Snapshot | None = None
    markets: dict[MarketId, Market] = {}
    states: dict[MarketId, MarketState] = {}
    books: dict[MarketId, Book] = {}
    doubts: dict[MarketId, str] = {}
    feeds: dict[VenueId, Feed] = {}
    orders: dict[OrderId, Order] = {}
    fills: dict[str, OrderId] = {}
    asks: dict[OrderId, int] = {}
    deals: dict[DealId, Deal] = {}
    terms: dict[DealId, DealTerms] = {}
    naked: dict[DealId, RelationId] = {}
    positions: dict[str, Position] = {}
    settled: dict[MarketId, tuple[Px, ...]] = {}
    cash: dict[str, Usd] = {}
    halts: dict[str, Stop] = {}
    paused: Stop | None = None
    watching: Stop | None = None
    health: dict[str, Health] = {}
    judged: dict[VenueId, Judgement] = {}
    looks: dict[RelationId, Look] = {}
    opened: dict[RelationId, Ns] = {}
    failed: dict[RelationId, Ns] = {}
    booked: dict[DealId, Usd] = {}
    proposed: dict[RelationId, tuple[tuple[int, Qty], ...]] = {}
    details: dict[str, Fill] = {}
    acks: dict[str, tuple[int, ...]] = {}
    watches: dict[DealId, Watch] = {}
    tables: Tables | None = None
    started_at: Ns = Ns(0)
    agreements: dict[VenueId, Agreement] = {}
    excepted: dict[str, Qty] = {}
    results: dict[str, Results] = {}
    turns_at: Ns = Ns(0)
    errors: dict[str, int] = {}
    trips: dict[str, Trip] = {}
    weighed: dict[str, int] = {}
    pockets: dict[str, dict[int, Usd]] = {}


class Exposure(msgspec.Struct, frozen=True, gc=False):
    """Money at work and promised in one book: in all, by relation, venue, and outcome of a market.

    `promises` is the part that orders on their way may still take, `pockets` the same by venue and
    shard; `deals` are being carried out.
    `contracts` are those held and those on their way, by market. Categories are in small letters.
    """

    total: Usd
    relations: dict[RelationId, Usd]
    venues: dict[VenueId, Usd]
    promises: dict[VenueId, Usd]
    deals: int
    outcomes: dict[tuple[MarketId, int], Usd]
    contracts: dict[MarketId, Qty]
    categories: dict[str, Usd]
    pockets: dict[tuple[VenueId, int], Usd]


class EngineState(Saved):
    """The memory with the indexes of the running snapshot.

    `quotes` are our orders with money that may rest, by market. `books` is then less those orders,
    `unmasked` as the venue shows it; see `masking`.
    """

    limits: Limits = Limits()
    venues: dict[VenueId, VenueConfig] = {}
    entries: dict[RelationId, Entry] = {}
    touched: dict[MarketId, tuple[RelationId, ...]] = {}
    trade_age: dict[VenueId, int] = {}
    dirty: dict[RelationId, None] = {}
    exposures: dict[BookKind, Exposure] = {}
    active: dict[DealId, RelationId] = {}
    venue_limits: dict[VenueId, Limits] = {}
    scoped: Index = {}
    features: dict[str, Feature] | None = None
    resting: dict[DealId, RelationId] = {}
    quotes: dict[MarketId, tuple[OrderId, ...]] = {}
    unmasked: dict[MarketId, Book] = {}

    def market_age(self, market: MarketId) -> int | None:
        """Nanoseconds since the market's book was last confirmed, None without a book."""
        book = self.books.get(market)
        return None if book is None else self.at - book.at


def saved(state: EngineState) -> Saved:
    """The memory without the indexes, its books as shown; the parts are shared, not copied."""
    memory = Saved(**{name: getattr(state, name) for name in Saved.__struct_fields__})
    if state.unmasked:
        memory.books = {**state.books, **state.unmasked}
    return memory


def restored(memory: Saved) -> EngineState:
    """The state with its indexes rebuilt."""
    state = EngineState(**{name: getattr(memory, name) for name in Saved.__struct_fields__})
    state.active = {d.id: d.relation for d in state.deals.values() if is_open(d)}
    state.resting = {
        d.id: d.relation for d in state.deals.values() if is_open(d) and rests(d.strategy)
    }
    build_indexes(state)
    return state


def build_indexes(state: EngineState) -> None:
    """Make the indexes follow the running snapshot and the run's mode."""
    config = state.config
    if config is None:
        return
    state.scoped = indexed(config.scoped, state.at)
    state.limits = resolved(config.limits, state.scoped, {Scope.EVERYTHING: ""})
    state.venues = {v.id: v for v in config.venues}
    state.venue_limits = {v.id: _limits_at(state, v) for v in config.venues}
    state.trade_age = {v: limits.trade_age_ms * MS for v, limits in state.venue_limits.items()}
    rows = config.features
    state.features = None if rows is None else {row.strategy: row for row in rows}
    state.entries = {r.relation.id: _entry(state, config, r) for r in config.relations}
    touched: dict[MarketId, list[RelationId]] = {}
    for entry in state.entries.values():
        for market in entry.markets:
            touched.setdefault(market, []).append(entry.relation.id)
    state.touched = {market: tuple(ids) for market, ids in touched.items()}
    state.dirty = dict.fromkeys(state.entries)


def _limits_at(state: EngineState, venue: VenueConfig) -> Limits:
    """The limits of one venue; its row's own age of a leg comes before the general one."""
    limits = state.limits
    if venue.trade_age_ms:
        limits = msgspec.structs.replace(limits, trade_age_ms=venue.trade_age_ms)
    return resolved(limits, state.scoped, {Scope.VENUE: venue.id})


def _limits_of(state: EngineState, relation: RelationConfig, strategy: str) -> Limits:
    """The limits of one relation under a strategy; its row's own least edge comes before those of
    wider scopes.
    """
    names = {
        Scope.STRATEGY: strategy,
        Scope.CATEGORY: relation.relation.category,
        Scope.EVENT: relation.event,
    }
    limits = resolved(state.limits, state.scoped, names)
    if relation.min_net_edge is not None:
        limits = msgspec.structs.replace(limits, min_net_edge=relation.min_net_edge)
    return resolved(limits, state.scoped, {Scope.RELATION: relation.relation.id})


def _entry(state: EngineState, config: Snapshot, relation: RelationConfig) -> Entry:
    found = packages(relation.relation)
    amounts = state.proposed.get(relation.relation.id)
    if amounts is not None:
        proposed = package_of(relation.relation, dict(amounts), PROPOSED)
        found = found if isinstance(proposed, str) else (*found, proposed)
    claims = relation.relation.claims
    routes = []
    for package in found:
        if package.index not in relation.packages:
            continue
        legs = tuple((claims[x.claim].market, claims[x.claim].outcome) for x in package.legs)
        served = [claims[claim].market for x in package.legs for claim in x.claims]
        modes = [relation.mode, *(_venue_mode(state, market) for market in served)]
        book = book_for((run_mode(state.mode), config.exec_mode, *modes))
        if relation.relation.id == SELF_TEST:
            book = BookKind.TEST
        routes.append(Route(package, legs, package.payout, package.outright, book))
    limits = _limits_of(state, relation, TAKER_TAKER)
    named = {x.target: None for x in config.scoped if x.scope is Scope.STRATEGY}
    listed = [state.markets[c.market].venue for c in claims if c.market in state.markets]
    venues = [state.venues[name] for name in dict.fromkeys(listed) if name in state.venues]
    return Entry(
        config=relation,
        relation=relation.relation,
        packages=found,
        routes=tuple(routes),
        markets=tuple(dict.fromkeys(claim.market for claim in claims)),
        min_net=Px(limits.min_net_edge),
        quick=all(route.quick for route in routes),
        friction=_friction(state, routes),
        lag=max((venue.lag_ms * MS for venue in venues), default=0),
        netting=tuple(venue.id for venue in venues if venue.nets),
        limits=limits,
        strategies={name: _limits_of(state, relation, name) for name in named},
        barred=_barred(config, venues, relation.relation.category),
    )


def _barred(config: Snapshot, venues: list[VenueConfig], category: str) -> tuple[str, str]:
    """Why these venues may not be traded from the operator's country: at all, and with money.

    A row that forbids binds play money too. With money, a venue that nobody allowed and one that
    turned us away are closed: what is not known is not allowed.
    """
    any_book = with_money = ""
    place = config.country or "an unnamed country"
    for venue in venues:
        row = permission(config.permissions, venue.id, category)
        why = ""
        if row is not None and not row.allowed:
            why = f"{venue.name} is not allowed from {place}: {row.reason}"
            any_book = any_book or why
        elif venue.geoblock:
            why = f"{venue.name} turned us away: {venue.geoblock}"
        elif row is None:
            why = f"Nobody has said that {venue.name} is allowed from {place}."
        with_money = with_money or why
    return any_book, with_money


def permission(rows: tuple[Permission, ...], venue: VenueId, category: str) -> Permission | None:
    """The row that holds for a category at a venue; None when none speaks of it."""
    best: Permission | None = None
    for row in rows:
        if row.venue not in ("", venue):
            continue
        if row.category and row.category.casefold() != category.casefold():
            continue
        mine = (bool(row.venue), bool(row.category))
        if best is None or mine > (bool(best.venue), bool(best.category)):
            best = row
    return best


def build_entry(state: EngineState, relation: RelationConfig) -> None:
    """Make one relation's entry follow what is known of it now."""
    if state.config is not None:
        state.entries[relation.relation.id] = _entry(state, state.config, relation)
        state.dirty[relation.relation.id] = None


def _friction(state: EngineState, routes: list[Route]) -> Px:
    limits = state.limits
    least, floor = Usd(limits.min_trade), Px(limits.friction)
    dearest: int = floor
    for route in routes:
        known = [state.markets.get(market) for market, _ in route.legs]
        venues = [state.venues.get(market.venue) for market in known if market]
        legs = [venue.friction for venue in venues if venue]
        dearest = max(dearest, friction_each(legs, least, floor))
    return Px(dearest)


def _venue_mode(state: EngineState, market: MarketId) -> Mode:
    known = state.markets.get(market)
    venue = state.venues.get(known.venue) if known else None
    return venue.mode if venue and venue.enabled else Mode.DETECT


def run_mode(text: str) -> Mode:
    """The mode a run was started in; anything unheard of may only look."""
    return Mode(text) if text in tuple(Mode) else Mode.DETECT


def book_for(modes: tuple[Mode, ...]) -> BookKind | None:
    """Where a package may be carried out when all of these modes apply.

    Money where every one allows money, else paper where every one allows paper. Whether the venues
    are armed is a question of time, and the gate's.
    """
    if all(mode in (Mode.LIVE, Mode.BOTH) for mode in modes):
        return BookKind.LIVE
    if all(mode in (Mode.PAPER, Mode.BOTH) for mode in modes):
        return BookKind.PAPER
    return None


def account(book: BookKind, venue: VenueId) -> str:
    """The key a venue's free money is kept under."""
    return f"{book.value}/{venue}"


def is_open(deal: Deal) -> bool:
    """Whether the deal still has orders to send or exposure a person must look at."""
    return deal.state not in (DealState.CLOSED, DealState.BALANCED)


def holds_slot(state: EngineState, deal: Deal) -> bool:
    """Whether the deal counts as one being carried out: it has orders to send or answers to wait
    for, or leaves more of a leg uncovered than `size_mismatch` and the dust. A smaller leftover
    stays flagged for a person, and in the naked set, without keeping other deals from beginning.
    """
    if deal.state is not DealState.RESIDUAL:
        return is_open(deal)
    waits = [state.orders[name] for leg in deal.legs for name in leg.orders]
    if any(order.state not in TERMINAL for order in waits):
        return True
    bound = limits_of(state, deal).size_mismatch
    terms = state.terms.get(deal.id)
    bound = max(bound, terms.dust) if terms else bound
    return any(abs(excess(leg, deal.matched)) > bound for leg in deal.legs)


def promised(state: EngineState, order: Order) -> Usd:
    """The most an order without an end can still cost, with its fee; 0 for other orders."""
    request = order.request
    if request.side is Side.SELL or order.state in TERMINAL:
        return Usd(0)
    rest = Qty(request.qty - order.filled)
    fees = state.markets[request.market].fees
    fee = trade_fee(as_maker(fees) if request.post_only else fees, request.px, rest)
    return Usd(times(request.px, rest, Rounding.UP) + fee)


def limits_of(state: EngineState, deal: Deal) -> Limits:
    """The limits that hold for a deal's relation and strategy now; the general ones when the
    relation is no longer followed.
    """
    entry = state.entries.get(deal.relation)
    return entry.limits_of(deal.strategy) if entry else state.limits


def reserved(state: EngineState, deal: Deal, index: int) -> Usd:
    """Money a leg of a deal may still take: its orders without an end, or what completing the deal
    may cost at the worst price allowed, whichever is more. Released by fact: a fill, an end.
    """
    leg = deal.legs[index]
    orders = Usd(sum(promised(state, state.orders[name]) for name in leg.orders))
    terms = state.terms.get(deal.id)
    begun = deal.state in (DealState.OPENING, DealState.RESTING)
    if terms is None or not (deal.state is DealState.HEDGING or (begun and follows(deal.strategy))):
        return orders
    held = max(other.held * MICRO // other.weight for other in deal.legs)
    whole = deal.size if follows(deal.strategy) and begun else held
    missing = Qty(divide(whole * leg.weight, MICRO, Rounding.UP) - leg.held)
    if missing <= 0:
        return orders
    leads = begun and index == deal.leader
    px = Px(min(MICRO, leg.limit + (0 if leads else terms.hedge_loss)))
    fees = state.markets[leg.market].fees
    fee = trade_fee(as_maker(fees) if leads and rests(deal.strategy) else fees, px, missing)
    return max(orders, Usd(times(px, missing, Rounding.UP) + fee))


def at_work(deal: Deal, leg: int) -> Usd:
    """Money a leg of a deal has taken and not given back, with fees; never below 0."""
    held = deal.legs[leg]
    return Usd(max(0, held.cost + held.fees))


def book_result(state: EngineState, deal: Deal) -> None:
    """Let the results follow what an ended deal has locked; the same again changes nothing."""
    before = state.booked.get(deal.id)
    state.booked[deal.id] = deal.locked
    change = Usd(deal.locked - (before or 0))
    lost = ended(before, deal.locked)
    if change or lost is not None:
        known = of_book(state.results, deal.book)
        state.results[deal.book.value] = booked(known, change, lost=lost)


def exposure(state: EngineState, book: BookKind) -> Exposure:
    """What is at stake in one book now, counted as money that could be lost.

    Kept until the next event that is not about prices.
    """
    known = state.exposures.get(book)
    if known is None:
        known = state.exposures[book] = _exposure(state, book)
    return known


def _exposure(state: EngineState, book: BookKind) -> Exposure:
    relations: dict[RelationId, Usd] = {}
    venues: dict[VenueId, Usd] = {}
    promises: dict[VenueId, Usd] = {}
    outcomes: dict[tuple[MarketId, int], Usd] = {}
    contracts: dict[MarketId, Qty] = {}
    categories: dict[str, Usd] = {}
    pockets: dict[tuple[VenueId, int], Usd] = {}
    deals = 0
    for deal in state.deals.values():
        if deal.book is not book or deal.state is DealState.CLOSED:
            continue
        deals += holds_slot(state, deal)
        for i, leg in enumerate(deal.legs):
            mine = [state.orders[name] for name in leg.orders]
            promise = reserved(state, deal, i)
            money = at_work(deal, i) + promise
            terms = state.terms.get(deal.id)
            category = terms.relation.category.casefold() if terms else ""
            categories[category] = Usd(categories.get(category, 0) + money)
            outcome = (leg.market, leg.outcome)
            outcomes[outcome] = Usd(outcomes.get(outcome, 0) + money)
            coming = sum(_coming(order) for order in mine)
            held = max(0, leg.held) + coming
            contracts[leg.market] = Qty(contracts.get(leg.market, 0) + held)
            venue = state.markets[leg.market].venue
            relations[deal.relation] = Usd(relations.get(deal.relation, 0) + money)
            venues[venue] = Usd(venues.get(venue, 0) + money)
            promises[venue] = Usd(promises.get(venue, 0) + promise)
            pocket = (venue, state.markets[leg.market].shard)
            pockets[pocket] = Usd(pockets.get(pocket, 0) + promise)
    total = Usd(sum(relations.values()))
    return Exposure(
        total, relations, venues, promises, deals, outcomes, contracts, categories, pockets
    )


def _coming(order: Order) -> int:
    """Contracts an order without an end may still buy."""
    request = order.request
    if request.side is Side.SELL or order.state in TERMINAL:
        return 0
    return request.qty - order.filled


def unresolved(state: EngineState) -> list[Order]:
    """Orders of which we do not know whether they exist, oldest first."""
    return [o for o in state.orders.values() if o.state is OrderState.UNKNOWN]
