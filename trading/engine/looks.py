"""Pictures of the engine for people: pure functions of the state, the time, and the gates' words.

A picture shows what the next look would decide, with every number a row and its explanation
need. Making one changes nothing: it works on a copy of the state's surface whose time is the
time asked about. Only the best package carries its walk, worlds and gates; the others are there
to be compared.
"""

import copy

from markets.terms.fees import describe, fee_each
from markets.terms.formats import age, count
from markets.terms.ids import MarketId, RelationId, VenueId
from markets.terms.packages import Package, label, payout_in
from markets.terms.relations import World, WorldKind
from markets.terms.units import MICRO, MS, Ns, Px, Qty, Rounding, Usd, divide
from trading.engine.book import BookState
from trading.engine.config import Mode
from trading.engine.deals import Deal, DealState, excess
from trading.engine.edges import Edge, Terms, find_edge
from trading.engine.legs import leg_name
from trading.engine.likely import likely_books
from trading.engine.naked_looks import naked_pictures, results
from trading.engine.orders import BookKind
from trading.engine.pictures import (
    AlertPicture,
    BreakerPicture,
    EnginePicture,
    KeptPicture,
    LegPicture,
    PackagePicture,
    QuotePicture,
    Reading,
    RelationPicture,
    VenuePicture,
    WalkRow,
    WorldRow,
)
from trading.engine.plans import Plan
from trading.engine.ports import Risk
from trading.engine.reconcile import missing
from trading.engine.results import of_book, today
from trading.engine.scan import plan_for, priced, terms_for
from trading.engine.selftest import RELATION
from trading.engine.selftest import VENUE as SELF_TEST
from trading.engine.state import (
    EngineState,
    Entry,
    Route,
    account,
    book_for,
    exposure,
    run_mode,
    unresolved,
)
from trading.engine.stops import STAYING, VENUE, scope_name
from trading.engine.walks import walk

_NOTHING: tuple[tuple[Reading, ...], tuple[WalkRow, ...]] = ((), ())


def relation_picture(
    state: EngineState, risk: Risk, name: RelationId, now: Ns
) -> RelationPicture | None:
    """One relation as it stands at `now`; None for one that is not in the running snapshot."""
    entry = state.entries.get(name)
    if entry is None:
        return None
    view = _at(state, now)
    terms = terms_for(view, entry)
    edges = {p.index: _edge(view, entry, p, terms) for p in entry.packages}
    best = _best(entry, edges)
    deal = _deal_of(state, name)
    last = state.looks.get(name)
    return RelationPicture(
        id=name,
        title=entry.relation.title,
        category=entry.relation.category,
        payout_at=entry.relation.payout_at,
        at=view.at,
        min_edge=entry.min_net,
        quotes=tuple(_quote(view, market) for market in entry.markets),
        packages=tuple(
            _package(view, risk, entry, (p, edges[p.index], terms), best == p.index)
            for p in entry.packages
        ),
        best=best,
        deal=deal.id if deal else None,
        deal_state=deal.state.value if deal else "",
        changed_at=last.at if last else Ns(0),
    )


def _at(state: EngineState, now: Ns) -> EngineState:
    view = copy.copy(state)
    view.at = max(state.at, now)
    return view


def _edge(view: EngineState, entry: Entry, package: Package, terms: Terms) -> Edge | None:
    route = _route(view, entry, package)
    if not priced(view, route):
        return None
    books = likely_books(view, route.legs)
    return find_edge(entry.relation, package, books, view.markets, terms)


def _route(view: EngineState, entry: Entry, package: Package) -> Route:
    """The package's route; one that leads nowhere when nobody approved it."""
    for route in entry.routes:
        if route.package.index == package.index:
            return route
    claims = entry.relation.claims
    legs = tuple((claims[x.claim].market, claims[x.claim].outcome) for x in package.legs)
    return Route(package, legs, package.payout, package.outright, None)


def _best(entry: Entry, edges: dict[int, Edge | None]) -> int:
    """The package the engine would take: approved ones first, then what keeps most."""
    approved = {route.package.index: None for route in entry.routes}
    best, rank = 0, (False, False, 0, -MICRO * 1_000)
    for index, edge in edges.items():
        if edge is None:
            continue
        mine = (index in approved, edge.net >= entry.min_net, int(edge.profit), int(edge.net))
        if mine > rank:
            best, rank = index, mine
    return best


def _quote(view: EngineState, name: MarketId) -> QuotePicture:
    market = view.markets[name]
    book = view.books.get(name)
    bids = book.bids(0) if book else ()
    asks = book.asks(0) if book else ()
    return QuotePicture(
        market=name,
        venue=market.venue,
        short=_short(view, market.venue),
        title=market.title,
        outcomes=market.outcomes,
        bid=bids[0][0] if bids else None,
        bid_qty=bids[0][1] if bids else Qty(0),
        ask=asks[0][0] if asks else None,
        ask_qty=asks[0][1] if asks else Qty(0),
        at=book.at if book else None,
        state=book.state.value if book else "missing",
        age_limit_ms=_age_limit(view, market.venue),
        tick=_tick(view, name),
    )


def _leg(view: EngineState, name: MarketId, outcome: int) -> LegPicture:
    market = view.markets[name]
    book = view.books.get(name)
    level = book.best_ask(outcome) if book else None
    return LegPicture(
        market=name,
        venue=market.venue,
        short=_short(view, market.venue),
        outcome=market.outcomes[outcome],
        ask=level[0] if level else None,
        ask_qty=level[1] if level else Qty(0),
        at=book.at if book else None,
        state=book.state.value if book else "missing",
        age_limit_ms=_age_limit(view, market.venue),
        fee=fee_each(market.fees, level[0]) if level else Px(0),
        fee_text=describe(market.fees),
        tick=_tick(view, name),
        stale_ms=max(_age_limit(view, market.venue), view.limits.stale_ms),
    )


def _package(
    view: EngineState,
    risk: Risk,
    entry: Entry,
    found: tuple[Package, Edge | None, Terms],
    is_best: bool,
) -> PackagePicture:
    package, edge, terms = found
    route = _route(view, entry, package)
    approved = any(r is route for r in entry.routes)
    readings, rows = _NOTHING
    plan: Plan | None = None
    if edge is not None and is_best:
        plan = plan_for(view, entry, route, edge, terms)
        edge = plan.edge
        readings = risk.readings(plan, view) if approved else ()
        books = likely_books(view, route.legs)
        rows = walk(entry.relation, package, books, view.markets, terms)
    cost = None if edge is None else _cost(edge)
    net = None if edge is None else edge.net
    return PackagePicture(
        package=package.index,
        label=label(
            entry.relation, package, view.markets, {v.id: v.short for v in view.venues.values()}
        ),
        approved=approved,
        legs=tuple(_leg(view, market, outcome) for market, outcome in route.legs),
        payout=edge.payout if edge else package.payout,
        cost=cost,
        fees=_fees(edge) if edge else Px(0),
        friction=terms.friction,
        tail=edge.tail if edge else Px(0),
        net=net,
        net_ppm=divide(net * MICRO, cost, Rounding.DOWN) if net is not None and cost else 0,
        qty=plan.size if plan else edge.size if edge else Qty(0),
        profit=edge.profit if edge else Usd(0),
        apy_ppm=edge.apy_ppm if edge else None,
        readings=readings,
        walk=rows,
        worlds=_worlds(entry, edge.used if edge else package, edge) if is_best else (),
    )


def _cost(edge: Edge) -> Px:
    """Cost of one package before fees: on average over the size, or at the best asks.

    Rounded up.
    """
    if edge.size:
        return Px(divide(edge.cost * MICRO, edge.size * edge.used.scale, Rounding.UP))
    return edge.top_cost


def _fees(edge: Edge) -> Px:
    """Fees of one package such that payout, cost, fees, friction, tail and net add up exactly."""
    return Px(edge.payout - _cost(edge) - edge.friction - edge.tail - edge.net)


def _worlds(entry: Entry, package: Package, edge: Edge | None) -> tuple[WorldRow, ...]:
    prices = tuple(leg.best for leg in edge.legs) if edge else (Px(0),) * len(package.legs)
    return tuple(
        _world(entry, package, i, world, prices) for i, world in enumerate(entry.relation.worlds)
    )


def _world(
    entry: Entry, package: Package, index: int, world: World, prices: tuple[Px, ...]
) -> WorldRow:
    relation = entry.relation
    pays = []
    for leg, px in zip(package.legs, prices, strict=True):
        cell = relation.claims[leg.claim].pays[index]
        each = cell.fixed + divide(cell.stake_ppm * px, MICRO, Rounding.DOWN)
        pays.append(Px(divide(each * leg.weight, MICRO, Rounding.DOWN)))
    total = payout_in(relation, package, index, prices)
    ppm = world.ppm if world.kind is WorldKind.TAIL else 0
    return WorldRow(world.name, world.kind.value, tuple(pays), total, ppm)


def _deal_of(state: EngineState, name: RelationId) -> Deal | None:
    """The newest deal of a relation that is still being carried out or stuck."""
    for deal, relation in reversed(state.active.items()):
        if relation == name:
            return state.deals[deal]
    return None


def _short(view: EngineState, venue: VenueId) -> str:
    config = view.venues.get(venue)
    return config.short if config else venue[:2].upper()


def _age_limit(view: EngineState, venue: VenueId) -> int:
    return view.trade_age.get(venue, view.limits.trade_age_ms * MS) // MS


def _tick(view: EngineState, name: MarketId) -> Px:
    return Px(min(band.step for band in view.markets[name].ticks.bands))


def overview(state: EngineState, now: Ns) -> EnginePicture:
    """The whole engine at `now`: mode, money, venues, and what needs a person, worst first."""
    view = _at(state, now)
    kind = _kind(view)
    stakes = exposure(view, kind)
    stop = next((s for s in view.halts.values() if s.cause in STAYING and not s.scope), None)
    config = view.config
    return EnginePicture(
        at=view.at,
        run=view.run,
        revision=config.revision if config else 0,
        mode=_mode(view),
        halted=stop.reason or "no reason given" if stop else "",
        halted_by=stop.by if stop else "",
        halted_at=stop.at if stop else None,
        paused=bool(view.paused or view.limits.scanning_paused),
        view_only=bool(view.watching or view.limits.view_only),
        today=today(view.results),
        at_work=stakes.total,
        worst=Usd(sum(worst_result(view, deal) for deal in view.deals.values())),
        free=_free(view),
        open_deals=sum(
            d.state is not DealState.CLOSED and d.book is not BookKind.TEST
            for d in view.deals.values()
        ),
        naked=len(view.naked),
        venues=_venues(view),
        alerts=tuple(sorted(_alerts(view), key=lambda a: (not a.critical, a.since))),
        relations=len(view.entries) - (RELATION in view.entries),
        breakers=tuple(_breakers(view)),
        halts=tuple(s.scope for s in view.halts.values() if s.scope and s.cause in STAYING),
        naked_deals=naked_pictures(view),
        book=kind.value,
        pace_ms=view.limits.dashboard_ms,
        kept=tuple(_kept(view, book) for book in (BookKind.LIVE, BookKind.PAPER)),
    )


def _kept(view: EngineState, book: BookKind) -> KeptPicture:
    results = of_book(view.results, book)
    return KeptPicture(
        book.value,
        results.total,
        Usd(results.total - results.day.total),
        Usd(results.total - results.week.total),
        Usd(results.total - results.month.total),
        results.day.ends,
        results.week.ends,
        results.month.ends,
    )


def _breakers(view: EngineState) -> list[BreakerPicture]:
    """Breakers that stop something at this moment."""
    found = []
    for key, trip in view.trips.items():
        if trip.until and view.at >= trip.until:
            continue
        book, _, name = key.partition("/")
        until = trip.until or None
        state = trip.state.value
        found.append(BreakerPicture(book, name, state, trip.since, until, trip.reason))
    return found


def _mode(view: EngineState) -> str:
    """What is really possible: the run's mode and the engine's together."""
    if view.config is None:
        return Mode.DETECT.value
    book = book_for((run_mode(view.mode), view.config.exec_mode))
    return book.value if book else Mode.DETECT.value


def _kind(view: EngineState) -> BookKind:
    """Whose money is shown: real money wherever it may be spent."""
    return BookKind.LIVE if _mode(view) == Mode.LIVE else BookKind.PAPER


def _free(view: EngineState) -> Usd:
    kind = _kind(view)
    promises = exposure(view, kind).promises
    return Usd(
        sum(
            view.cash.get(account(kind, venue), Usd(0)) - promises.get(venue, 0)
            for venue in view.venues
        )
    )


def worst_result(state: EngineState, deal: Deal) -> Usd:
    """What a deal keeps in its worst regular world (decisive or neutral); 0 once it is closed.

    Tail worlds are priced in its edge and shown by its payoff table. Rounded down.
    """
    if deal.id not in state.terms or deal.state is DealState.CLOSED:
        return Usd(0)
    spent = sum(leg.cost + leg.fees for leg in deal.legs)
    return min(results(state, deal), default=Usd(-spent))


def _venues(view: EngineState) -> tuple[VenuePicture, ...]:
    books: dict[VenueId, list[tuple[bool, Ns]]] = {}
    for name, book in view.books.items():
        live = book.state is BookState.LIVE
        books.setdefault(view.markets[name].venue, []).append((live, book.at))
    shown = []
    for venue in view.venues.values():
        if venue.id == SELF_TEST:
            continue
        feed = view.feeds.get(venue.id)
        mine = books.get(venue.id, [])
        stops = [s for s in view.halts.values() if s.scope == venue.id]
        shown.append(
            VenuePicture(
                venue=venue.id,
                short=venue.short,
                name=venue.name,
                up=bool(feed and feed.up),
                mode=venue.mode.value,
                books=len(mine),
                live_books=sum(live for live, _ in mine),
                last_at=max((at for _, at in mine), default=None),
                cash=view.cash.get(account(_kind(view), venue.id)),
                halted=next((s.reason or s.cause for s in stops if s.cause in STAYING), ""),
                text=feed.reason if feed and not feed.up else "",
            )
        )
    return tuple(shown)


def _alerts(view: EngineState) -> list[AlertPicture]:
    return [
        *_naked(view),
        *_unknown(view),
        *_halted(view),
        *_tripped(view),
        *_unreconciled(view),
        *_machinery(view),
    ]


def _tripped(view: EngineState) -> list[AlertPicture]:
    found = []
    for trip in _breakers(view):
        what = trip.name.replace("_", " ")
        end = f"Passes in {age(trip.until - view.at)}." if trip.until else "A person must reset it."
        text = f"Stopped by {what} ({trip.book}): {trip.reason} {end}"
        found.append(AlertPicture("tripped", True, text, trip.since, "/settings/stops/"))
    return found


def _naked(view: EngineState) -> list[AlertPicture]:
    found = []
    for name in view.naked:
        deal = view.deals[name]
        over = [(leg, excess(leg, deal.matched)) for leg in deal.legs]
        words = ", ".join(f"{count(q)} sh of {leg_name(view, leg)}" for leg, q in over if q > 0)
        title = view.terms[name].relation.title
        kept = view.watches.get(name)
        residual = deal.state is DealState.RESIDUAL
        since = kept.since if kept else deal.changed_at
        what = "left over. A person must look" if residual else f"unhedged, {deal.state.value}"
        text = f"Naked leg: {title}, {words} {what}."
        found.append(
            AlertPicture(
                "naked", residual or bool(kept and kept.alerted), text, since, f"/deals/{name}/"
            )
        )
    return found


def _unknown(view: EngineState) -> list[AlertPicture]:
    found = []
    for order in unresolved(view):
        request = order.request
        attempt = view.asks.get(request.id, 1)
        text = (
            f"We do not know if order {request.id} exists. Asking again, attempt {attempt}. "
            "Nothing else is sent for this deal until we know."
        )
        link = f"/deals/{request.deal}/"
        found.append(AlertPicture("unknown", True, text, order.changed_at, link))
    return found


def _halted(view: EngineState) -> list[AlertPicture]:
    found = []
    for stop in view.halts.values():
        what = scope_name(view, stop.scope) if stop.scope else "Halted"
        if stop.cause in STAYING:
            where = f"{what} halted" if stop.scope else "Halted"
            text = f"{where} by {stop.by}, “{stop.reason}”. No new orders. Hedges still pass."
            found.append(AlertPicture("halted", True, text, stop.at, "/resume/"))
        elif stop.cause == VENUE:
            text = f"{what} does not deliver: {stop.reason}. Its books are not traded."
            found.append(AlertPicture("venue", False, text, stop.at, "/venues/"))
    return found


def _unreconciled(view: EngineState) -> list[AlertPicture]:
    """Live accounts that were heard of and in which nothing may be begun now."""
    found = []
    for venue, known in view.agreements.items():
        why = missing(view, venue)
        if why:
            name = view.venues[venue].name if venue in view.venues else venue
            text = f"{name} does not agree with our books: {why.rstrip('.')}. No new live deals."
            found.append(
                AlertPicture("reconcile", True, text, known.at or view.started_at, "/venues/")
            )
    return found


def _machinery(view: EngineState) -> list[AlertPicture]:
    return [
        AlertPicture(
            "infrastructure",
            True,
            f"{part.component.capitalize()} is not well: {part.text.rstrip('.')}. No new deals.",
            part.since,
            "/venues/",
        )
        for part in view.health.values()
    ]
