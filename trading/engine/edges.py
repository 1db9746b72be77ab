"""The edge of a package: the net profit the books show now, at the best size.

The best levels of all legs say at once whether there is anything to gain; only then the depth is
walked and sized exactly (`sizing`). What is found is the worst decisive world; tail worlds are
charged at their expected cost. Prices are for each dollar the package covers, rounded against us.
Not here: ages, gates, balances, which of several packages to take.
"""

from math import gcd

import msgspec

from markets.terms.fees import fee_each
from markets.terms.ids import MarketId, RelationId, VenueId
from markets.terms.packages import (
    Package,
    PackageLeg,
    least_payout,
    made,
    package_cost,
    tail_cost,
)
from markets.terms.relations import Relation
from markets.terms.units import (
    MICRO,
    Ns,
    Px,
    Qty,
    Rounding,
    Usd,
    divide,
    times,
)
from trading.engine.lockup import Bought, locked, yearly
from trading.engine.purchases import Books, Fill, Markets, charges_later, worth
from trading.engine.sizing import Trial, best_size, first_mark, ladder, search_of

_WIDEST = Qty(1_000_000 * MICRO)
_NO = Qty(0)
_FREE = Usd(0)


class LegEdge(msgspec.Struct, frozen=True, gc=False):
    """One claim to buy at the edge's size: `limit` is the worst price touched, moved up to a legal
    one, `cost` money before `fee`.
    """

    claim: int
    market: MarketId
    outcome: int
    weight: Qty
    best: Px
    best_qty: Qty
    limit: Px
    qty: Qty
    cost: Usd
    fee: Usd


class Edge(msgspec.Struct, frozen=True, gc=False):
    """A package at its best size. Prices are per dollar covered, money for the whole `size` (0: no
    size is worth it).

    `net` is what one dollar keeps on average at `size`, rounded down; with size 0 it is the top of
    the books. `rounding` is what ticks, lots and rounded fees cost, against the best size without
    them. `used` is the package with the claims that are bought, one for each of `legs`.
    """

    relation: RelationId
    package: int
    legs: tuple[LegEdge, ...]
    size: Qty
    payout: Px
    cost: Usd
    fees: Usd
    friction: Px
    tail: Px
    net: Px
    profit: Usd
    top_cost: Px
    top_fees: Px
    top_net: Px
    used: Package
    apy_ppm: int | None = None
    rounding: Usd = _FREE


class Terms(msgspec.Struct, frozen=True, gc=False):
    """What the operator asks of an edge: friction and least net per dollar covered, most money per
    leg, the time.

    `lag` is how long after the relation's payout the slowest venue pays, disputes included;
    `netting` are the venues that give back at once what their own claims pay in any case.
    """

    friction: Px
    min_net: Px
    max_leg_cost: Usd
    now: Ns
    max_size: Qty = _WIDEST
    lag: int = 0
    netting: tuple[VenueId, ...] = ()


class _Top(msgspec.Struct, gc=False):
    """What one package comes to at the best levels, per dollar covered."""

    levels: list[tuple[int, Px, Qty]]
    payout: Px
    cost: Px
    fees: Px
    tail: Px
    net: Px


def find_edge(
    relation: Relation, package: Package, books: Books, markets: Markets, terms: Terms
) -> Edge | None:
    """The package at the size that keeps the most beyond `terms.min_net` for each dollar covered.

    Where the best levels net less than that but more than nothing, only they are sized, so that a
    near miss shows what it would be. Shape: None when a leg has no ask or no known market.
    """
    levels = best_levels(relation, package, books, markets)
    if levels is None:
        return None
    prices = tuple([level[1] for level in levels])
    fees = fees_each(relation, levels, package, markets)
    tail = tail_cost(relation, package, prices)
    payout = least_payout(relation, package, prices)
    cost = package_cost(package, prices)
    if _settles(relation, levels, markets):
        payout, tail = _after_settlement(relation, package, levels, cost, markets)
    if package.scale != 1:
        payout, cost, fees, tail = each_dollar(package.scale, (payout, cost, fees, tail))
    net = Px(payout - cost - fees - terms.friction - tail)
    top = _Top(levels, payout, cost, fees, tail, net)
    if net <= 0:
        return _unsized(relation, package, terms, top)
    return _sized(relation, package, (books, markets, terms), top)


def _settles(relation: Relation, levels: list[tuple[int, Px, Qty]], markets: Markets) -> bool:
    for claim, _, _ in levels:  # noqa: SIM110  asked at every look, and a loop is faster
        if charges_later(markets[relation.claims[claim].market].fees):
            return True
    return False


def _after_settlement(
    relation: Relation,
    package: Package,
    levels: list[tuple[int, Px, Qty]],
    cost: Px,
    markets: Markets,
) -> tuple[Px, Px]:
    """The least payout and the tail cost of one package where a venue charges at settlement."""
    fills = [
        Fill(claim, px, leg.weight, times(px, leg.weight, Rounding.UP), _FREE, 0)
        for leg, (claim, px, _) in zip(package.legs, levels, strict=True)
    ]
    payout, tail = worth(relation, fills, cost, markets)
    return Px(payout), Px(tail)


def each_dollar(scale: int, values: tuple[Px, Px, Px, Px]) -> tuple[Px, Px, Px, Px]:
    """Payout, cost, fees and tail of a package for each dollar it covers, against us."""
    payout, cost, fees, tail = values
    return (
        Px(payout // scale),
        Px(-(-cost // scale)),
        Px(-(-fees // scale)),
        Px(-(-tail // scale)),
    )


def _sized(
    relation: Relation, package: Package, world: tuple[Books, Markets, Terms], top: _Top
) -> Edge:
    books, markets, terms = world
    search = search_of(relation, package, books, markets, terms.friction)
    trial: Trial | None = None
    ideal = 0
    if top.net >= terms.min_net:
        trial, ideal = best_size(search, terms.min_net, terms.max_size, terms.max_leg_cost)
        least = terms.min_net * package.scale
        if trial is not None and trial.profit * MICRO < least * trial.size:
            trial = None
    if trial is None:
        most = Qty(min(first_mark(search), terms.max_size))
        trial, ideal = best_size(search, 0, most, terms.max_leg_cost)
    if trial is None or trial.profit <= 0:
        return _unsized(relation, package, terms, top)
    return _edge(
        relation, package, (markets, terms), top, (trial, Usd(max(0, ideal - trial.profit)))
    )


def best_levels(
    relation: Relation, package: Package, books: Books, markets: Markets
) -> list[tuple[int, Px, Qty]] | None:
    """The claim, price and size of each leg's best level; None where a leg has none."""
    tops: list[tuple[int, Px, Qty]] = []
    claims = relation.claims
    for leg in package.legs:
        if leg.also:
            asks = ladder(relation, leg, books, markets)
            if not asks:
                return None
            tops.append((asks[0].claim, asks[0].px, asks[0].qty))
            continue
        claim = claims[leg.claim]
        book = books.get(claim.market)
        if book is None or claim.market not in markets:
            return None
        level = book.best_ask(claim.outcome)
        if level is None:
            return None
        tops.append((leg.claim, level[0], level[1]))
    return tops


def fees_each(
    relation: Relation, levels: list[tuple[int, Px, Qty]], package: Package, markets: Markets
) -> Px:
    """The trade fees of one package at these levels by the fee formula, rounded up."""
    total = 0
    claims = relation.claims
    for leg, (claim, px, _) in zip(package.legs, levels, strict=True):
        each = fee_each(markets[claims[claim].market].fees, px)
        total += each if leg.weight == MICRO else -(-each * leg.weight // MICRO)
    return Px(total)


def _edge(
    relation: Relation,
    package: Package,
    world: tuple[Markets, Terms],
    top: _Top,
    found: tuple[Trial, Usd],
) -> Edge:
    markets, terms = world
    trial, rounding = found
    parts = _by_claim(package, trial)
    used, size = _used(relation, package, trial, parts)
    legs = tuple(
        _leg(relation, weighted, fills, (markets, top))
        for weighted, fills in zip(used.legs, parts.values(), strict=True)
    )
    dollars = trial.size * package.scale
    capital = locked(
        relation, [Bought(x.claim, x.qty, x.cost, x.fee) for x in legs], markets, terms.netting
    )
    until = None if relation.payout_at is None else Ns(relation.payout_at + terms.lag)
    return Edge(
        relation=relation.id,
        package=package.index,
        legs=legs,
        size=size,
        payout=top.payout,
        cost=trial.cost,
        fees=trial.fees,
        friction=terms.friction,
        tail=Px(divide(trial.tail * MICRO, dollars, Rounding.UP)),
        net=Px(divide(trial.profit * MICRO, dollars, Rounding.DOWN)),
        profit=trial.profit,
        top_cost=top.cost,
        top_fees=top.fees,
        top_net=top.net,
        used=used,
        apy_ppm=yearly(trial.profit, capital, until, terms.now),
        rounding=rounding,
    )


def _by_claim(package: Package, trial: Trial) -> dict[int, list[Fill]]:
    """The fills of each claim that is bought, in the order of the legs and their claims."""
    parts: dict[int, list[Fill]] = {}
    for leg, fills in zip(package.legs, trial.fills, strict=True):
        for claim in leg.claims:
            mine = [fill for fill in fills if fill.claim == claim]
            if mine:
                parts.setdefault(claim, []).extend(mine)
    return parts


def _used(
    relation: Relation, package: Package, trial: Trial, parts: dict[int, list[Fill]]
) -> tuple[Package, Qty]:
    """The package with the claims really bought, and its size.

    Where a leg is bought at several venues its weight is split; where the split is not exact in
    millionths the package becomes the largest part of the purchase that is.
    """
    if all(not leg.also for leg in package.legs):
        return package, trial.size
    amounts = {claim: sum(fill.qty for fill in fills) for claim, fills in parts.items()}
    unit: int = trial.size
    scale = package.scale
    if any(qty * MICRO % unit for qty in amounts.values()):
        unit = gcd(unit, *amounts.values())
        scale = package.scale * trial.size // unit
    legs = tuple(PackageLeg(claim, Qty(qty * MICRO // unit)) for claim, qty in amounts.items())
    return made(relation, package.index, legs, scale), Qty(unit)


def _leg(
    relation: Relation, leg: PackageLeg, fills: list[Fill], world: tuple[Markets, _Top]
) -> LegEdge:
    markets, top = world
    claim = relation.claims[leg.claim]
    best = min(fills, key=lambda fill: fill.px)
    shown = [qty for number, _, qty in top.levels if number == leg.claim]
    worst = Px(max(fill.px for fill in fills))
    return LegEdge(
        claim=leg.claim,
        market=claim.market,
        outcome=claim.outcome,
        weight=leg.weight,
        best=best.px,
        best_qty=shown[0] if shown else best.qty,
        limit=markets[claim.market].ticks.to_legal(worst, Rounding.UP) or worst,
        qty=Qty(sum(fill.qty for fill in fills)),
        cost=Usd(sum(fill.cost for fill in fills)),
        fee=Usd(sum(fill.fee for fill in fills)),
    )


def _unsized(relation: Relation, package: Package, terms: Terms, top: _Top) -> Edge:
    claims = relation.claims
    legs = []
    for leg, (number, px, qty) in zip(package.legs, top.levels, strict=True):
        claim = claims[number]
        legs.append(
            LegEdge(number, claim.market, claim.outcome, leg.weight, px, qty, px, _NO, _FREE, _FREE)
        )
    return Edge(
        relation.id, package.index, tuple(legs), _NO, top.payout, _FREE, _FREE, terms.friction,
        top.tail, top.net, _FREE, top.cost, top.fees, top.net, package,
    )  # fmt: skip
