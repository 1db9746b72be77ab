"""Looking for edges: which relation is worth a plan now, and whether the plan may be carried out.

The hot path. A relation is looked at when one of its books changed; a sum of best asks tells
most of them apart before anything is sized. The best approved package is the one that keeps the
most at the relation's least edge. What is found is told only when its gate, its sign or its net
(by 0.25 cents) changed; an approved plan becomes a deal at once. Which plans are allowed is for
`Risk` to say.
"""

from collections import ChainMap

from msgspec.structs import replace

from markets.terms.ids import MarketId
from markets.terms.units import MICRO, MS, Ns, Px, Qty, Rounding, Usd, divide
from trading.engine.book import Book
from trading.engine.caps import at_stake, contracts_cap, contracts_wanted, of_category
from trading.engine.edges import Edge, Terms, find_edge
from trading.engine.intents import EdgeSeen, Intent, PlanRefused
from trading.engine.likely import likely_books
from trading.engine.lockup import is_enough
from trading.engine.opening import open_deal, strategy_of
from trading.engine.orders import BookKind
from trading.engine.plans import Plan, charged, make_plan, narrowed, size_within_slippage
from trading.engine.pockets import free_in, needs_by_pocket
from trading.engine.ports import Approved, Refused, Risk
from trading.engine.resting import DEEP, front, offered
from trading.engine.state import EngineState, Entry, Look, Route
from trading.engine.strategies import Strategy

STEP = 2_500
_NOTHING = -1_000 * MICRO


def look(
    state: EngineState, risk: Risk, entry: Entry, out: list[Intent], moved: MarketId | None = None
) -> None:
    """Look at one relation; `moved` is the market whose book changed, None to look in any case."""
    last = state.looks.get(entry.relation.id)
    if _may_rest(entry):
        _look_to_rest(state, risk, entry, out)
    tops = route_tops(state, entry)
    gross = max(tops, default=_NOTHING)
    if gross == _NOTHING:
        if last is not None:
            del state.looks[entry.relation.id]
        return
    if moved is not None and last is not None and entry.quick and _as_before(last, tops, gross):
        return
    plan = best_plan(state, entry, tops)
    if plan is None:
        return
    verdict = risk.check(plan, state)
    _tell(state, entry, plan, verdict, (tops, moved, last), out)
    if isinstance(verdict, Approved):
        open_deal(state, plan, out)


def _may_rest(entry: Entry) -> bool:
    """Whether orders of a relation may rest: its own word first, else the setting's."""
    wanted = entry.config.strategy
    return bool(entry.limits.maker_hedge) if wanted is None else wanted is Strategy.MAKER_HEDGE


def _look_to_rest(state: EngineState, risk: Risk, entry: Entry, out: list[Intent]) -> None:
    """Begin a maker's deal where an order could rest and the package would still be worth it.

    Nothing is told of what is refused: it is no edge that could be taken.
    """
    name = entry.relation.id
    if name in state.active.values():
        return
    for route in entry.routes:
        if route.book is None or not priced(state, route):
            continue
        for leader in range(len(route.legs)):
            plan = _resting_plan(state, entry, route, leader)
            if plan is not None and isinstance(risk.check(plan, state), Approved):
                open_deal(state, plan, out)
                return


def _resting_plan(state: EngineState, entry: Entry, route: Route, leader: int) -> Plan | None:
    """The plan of a package whose leader's order rests a tick before the best bid; None where it
    keeps too little.
    """
    market, outcome = route.legs[leader]
    book = state.books[market]
    px = front(state, book, outcome, Px(MICRO))
    if px is None:
        return None
    books = ChainMap({market: offered(book, outcome, (px, DEEP))}, state.books)
    terms = terms_for(state, entry)
    claims = entry.relation.claims
    bought = [claims[number].market for leg in route.package.legs for number in leg.claims]
    markets = charged(entry.relation, state.markets, bought, market)
    edge = find_edge(entry.relation, route.package, books, markets, terms)
    if edge is None or edge.size <= 0 or edge.net < entry.min_net:
        return None
    plan = make_plan(entry.relation, route.package, edge, markets, route.book)
    room = room_for(state, plan)
    if room < plan.size:
        world = (books, markets, terms)
        edge = narrowed(entry.relation, route.package, edge, world, room)
        plan = make_plan(entry.relation, route.package, edge, markets, route.book)
    # A leg that several venues share becomes several: the one that rests is found by its name.
    rest = [i for i, x in enumerate(plan.legs) if (x.market, x.outcome) == (market, outcome)]
    return replace(plan, strategy=Strategy.MAKER_HEDGE, leader=rest[0]) if rest else None


def _as_before(last: Look, tops: tuple[int, ...], gross: int) -> bool:
    """Whether best asks alone show that nothing worth telling or trading can have come up.

    So it is while no package pays more than its asks, or while all best asks sum up to what they
    did when the net fell short: sizes alone do not lift an edge over its least.
    """
    if gross <= 0 and last.gross <= 0:
        return -STEP < gross - last.gross < STEP
    return last.short and tops == last.tops


def route_tops(state: EngineState, entry: Entry) -> tuple[int, ...]:
    """What each approved package pays over its best asks, before every cost; `_NOTHING` without
    them.
    """
    oldest = state.at - state.limits.ignore_ms * MS
    books = state.books
    tops = []
    for route in entry.routes:
        kept: int = route.payout
        for market, outcome in route.legs:
            book = books.get(market)
            px = -1 if book is None or book.at < oldest else _best_ask(book, outcome)
            if px < 0:
                kept = _NOTHING
                break
            kept -= px
        tops.append(kept)
    return tuple(tops)


def _best_ask(book: Book, outcome: int) -> int:
    """The best ask without building a level; -1 for none."""
    if outcome < len(book.ladders):
        asks = book.ladders[outcome].asks
        return asks[0][0] if asks else -1
    bids = book.ladders[0].bids
    return MICRO - bids[0][0] if bids else -1


def terms_for(state: EngineState, entry: Entry) -> Terms:
    """What the running limits ask of this relation's edges, at the present time."""
    limits = entry.limits
    return Terms(
        friction=entry.friction,
        min_net=entry.min_net,
        max_leg_cost=Usd(limits.max_trade),
        now=state.at,
        lag=entry.lag,
        netting=entry.netting,
    )


def best_plan(state: EngineState, entry: Entry, tops: tuple[int, ...]) -> Plan | None:
    """The plan for the approved package that keeps the most, at the lowest index among equals."""
    terms = terms_for(state, entry)
    best: tuple[Route, Edge] | None = None
    rank: tuple[bool, int, int] | None = None
    for route in _candidates(entry, tops):
        books = likely_books(state, route.legs)
        edge = find_edge(entry.relation, route.package, books, state.markets, terms)
        if edge is None:
            continue
        mine = (edge.net >= entry.min_net, edge.profit, edge.net)
        if rank is None or mine > rank:
            best, rank = (route, edge), mine
    return None if best is None else plan_for(state, entry, best[0], best[1], terms)


def _candidates(entry: Entry, tops: tuple[int, ...]) -> list[Route]:
    """Routes worth sizing: those that pay more than their best asks, else the nearest one."""
    if not entry.quick:
        return [r for r, top in zip(entry.routes, tops, strict=True) if top != _NOTHING]
    paying = [r for r, top in zip(entry.routes, tops, strict=True) if top > 0]
    return paying or [entry.routes[tops.index(max(tops))]]


def priced(state: EngineState, route: Route) -> bool:
    """Whether every leg has a book young enough to be priced at all."""
    oldest = state.at - state.limits.ignore_ms * MS
    for market, _ in route.legs:
        book = state.books.get(market)
        if book is None or book.at < oldest:
            return False
    return True


def plan_for(state: EngineState, entry: Entry, route: Route, edge: Edge, terms: Terms) -> Plan:
    """The edge as a plan: cut to the slippage allowed and, when worth it, to the room there is; and
    the way it would be carried out.
    """
    plan = _cut(state, entry, route, edge, terms)
    strategy, leader = strategy_of(state, plan)
    if strategy is Strategy.TAKER_TAKER:
        return plan
    return replace(plan, strategy=strategy, leader=leader)


def _cut(state: EngineState, entry: Entry, route: Route, edge: Edge, terms: Terms) -> Plan:
    books = likely_books(state, route.legs)
    world = (books, state.markets, terms)
    relation, package = entry.relation, route.package
    limits = entry.limits
    if edge.size <= 0 or not is_enough(edge.net, edge.apy_ppm, entry.min_net, limits.min_apy):
        return make_plan(relation, package, edge, state.markets, route.book)
    size = size_within_slippage(edge, books, limits.max_slippage)
    edge = narrowed(relation, package, edge, world, size)
    plan = make_plan(relation, package, edge, state.markets, route.book)
    room = room_for(state, plan)
    if room >= plan.size or plan.money * room < limits.min_trade * plan.size:
        return plan
    edge = narrowed(relation, package, edge, world, room)
    return make_plan(relation, package, edge, state.markets, route.book)


def room_for(state: EngineState, plan: Plan) -> Qty:
    """The most packages for which there is money free and exposure left.

    Rounded down, never below 0.
    """
    if plan.size <= 0:
        return Qty(0)
    book = plan.book or BookKind.PAPER
    now = at_stake(state, plan)
    limits = state.entries[plan.relation].limits_of(plan.strategy)
    held = now.relations.get(plan.relation, 0)
    rooms = [
        _share(limits.max_event_exposure - held, plan.money, plan.size),
        _share(limits.max_total_exposure - now.total, plan.money, plan.size),
        _share(limits.max_category_exposure - of_category(state, plan), plan.money, plan.size),
        *_contract_rooms(state, plan),
    ]
    needs: dict[str, int] = {}
    for leg in plan.legs:
        needs[leg.venue] = needs.get(leg.venue, 0) + leg.money
    for leg in plan.legs:
        need = needs[leg.venue]
        here = state.venue_limits.get(leg.venue, state.limits)
        left = here.venue_capital - now.venues.get(leg.venue, 0)
        rooms.append(_share(left, need, plan.size))
        left = here.per_contract_exposure - now.outcomes.get((leg.market, leg.outcome), 0)
        rooms.append(_share(left, leg.money, plan.size))
    for pocket, need in needs_by_pocket(state, book, plan.legs).items():
        free = free_in(state, book, pocket)
        if free is not None:
            rooms.append(_share(free, need, plan.size))
    return Qty(min(rooms))


def _contract_rooms(state: EngineState, plan: Plan) -> list[int]:
    """What is left of the caps on contracts: of each market, and of all."""
    held = at_stake(state, plan).contracts
    wanted = contracts_wanted(plan)
    rooms = [
        _share(contracts_cap(state, plan, market) - held.get(market, 0), qty, plan.size)
        for market, qty in wanted.items()
    ]
    left = state.limits.max_contracts_total - sum(held.values())
    return [*rooms, _share(left, sum(wanted.values()), plan.size)]


def _share(room: int, need: int, size: Qty) -> int:
    """The part of `size` that `room` pays for."""
    if need <= room:
        return size
    return divide(max(0, room) * size, need, Rounding.DOWN)


def _tell(
    state: EngineState,
    entry: Entry,
    plan: Plan,
    verdict: Approved | Refused,
    before: tuple[tuple[int, ...], MarketId | None, Look | None],
    out: list[Intent],
) -> None:
    """Say what changed since the last look, and remember what was said."""
    tops, moved, last = before
    gate = verdict.gate if isinstance(verdict, Refused) else ""
    refused = gate if plan.net > 0 else ""
    changed = _is_news(last, gate, plan.net)
    if changed:
        out.append(_edge_seen(state, plan, verdict, moved))
    if isinstance(verdict, Refused) and refused and (last is None or last.refused != refused):
        out.append(_plan_refused(state.at, plan, verdict))
    told = plan.net if changed or last is None else last.net
    at = state.at if changed or last is None else last.at
    short = plan.edge.top_net < entry.min_net
    state.looks[entry.relation.id] = Look(
        plan.package, tops, Px(max(tops)), told, gate, refused, at, short
    )


def _is_news(last: Look | None, gate: str, net: Px) -> bool:
    if last is None or last.gate != gate or (net > 0) != (last.net > 0):
        return True
    return abs(net - last.net) >= STEP


def _edge_seen(
    state: EngineState, plan: Plan, verdict: Approved | Refused, moved: MarketId | None
) -> EdgeSeen:
    edge = plan.edge
    dollars = edge.size * edge.used.scale
    cost = divide(edge.cost * MICRO, dollars, Rounding.UP) if dollars else edge.top_cost
    refused = verdict if isinstance(verdict, Refused) else Refused("", "")
    return EdgeSeen(
        at=state.at,
        relation=plan.relation,
        package=plan.package,
        net=plan.net,
        cost=Px(cost),
        qty=plan.size,
        profit=plan.profit,
        apy_ppm=edge.apy_ppm or 0,
        gate=refused.gate,
        limit=refused.limit or 0,
        actual=refused.actual or 0,
        leader=moved,
        fee_rev=",".join(state.markets[leg.market].fees.rev for leg in plan.legs),
        friction_rev=state.config.friction_rev if state.config else "",
    )


def _plan_refused(at: Ns, plan: Plan, refused: Refused) -> PlanRefused:
    return PlanRefused(
        at=at,
        relation=plan.relation,
        package=plan.package,
        gate=refused.gate,
        reason=refused.reason,
        limit=refused.limit or 0,
        actual=refused.actual or 0,
        unit=refused.unit,
        net=plan.net,
        qty=plan.size,
        profit=plan.profit,
    )
