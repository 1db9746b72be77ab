"""The edge of a package: the net profit the books show now, at the best size.

All legs' depth is walked together in whole packages, from the best levels on, as long as one more
package still
nets the least edge asked for. Costs are rounded up, payouts down, every level is charged its own
fee as the
venue rounds it. What is found is the worst decisive world; tail worlds are charged at their
expected cost.
Not here: ages, gates, balances, which of several packages to take.
"""

from collections.abc import Iterator, Mapping

import msgspec

from markets.terms.fees import fee_each, trade_fee
from markets.terms.ids import MarketId, RelationId
from markets.terms.instruments import Market
from markets.terms.packages import Package, least_payout, package_cost, tail_cost
from markets.terms.relations import Relation
from markets.terms.units import (
    DAY,
    MICRO,
    ONE_CONTRACT,
    Ns,
    Px,
    Qty,
    Rounding,
    Usd,
    divide,
    times,
)
from trading.engine.book import Book, Level, Levels
from trading.engine.pictures import WalkRow

_YEAR = 365 * DAY
_WIDEST = Qty(1_000_000 * MICRO)
_NO = Qty(0)
_FREE = Usd(0)


class LegEdge(msgspec.Struct, frozen=True, gc=False):
    """One leg at the edge's size: `limit` is the worst price touched, `cost` money before `fee`."""

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
    """A package at its best size. Prices are per package, money for the whole `size` (0: no size is
    worth it).

    `net` is what one package keeps on average at `size`, rounded down; with size 0 it is the top of
    the books.
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
    apy_ppm: int | None = None


class Terms(msgspec.Struct, frozen=True, gc=False):
    """What the operator asks of an edge: friction and least net per package, most money per
    leg, the time.
    """

    friction: Px
    min_net: Px
    max_leg_cost: Usd
    now: Ns
    max_size: Qty = _WIDEST


Books = Mapping[MarketId, Book]
Markets = Mapping[MarketId, Market]


class _Step(msgspec.Struct, gc=False):
    """A stretch of the walk over which no leg's price changes. `qty` is in packages."""

    prices: tuple[Px, ...]
    qty: Qty
    fees: Px
    net: Px


def find_edge(
    relation: Relation, package: Package, books: Books, markets: Markets, terms: Terms
) -> Edge | None:
    """The package at the size that takes every whole package netting at least `terms.min_net`.

    Where the top of the books nets less than that but more than nothing, the size is the top
    level's, so that a
    near miss shows what it would be. Shape: None when a leg has no ask or no known market.
    """
    tops = _tops(relation, package, books, markets)
    if tops is None:
        return None
    prices = tuple(px for px, _ in tops)
    fees = _fees_each(relation, package, prices, markets)
    tail = tail_cost(relation, package, prices)
    payout = least_payout(relation, package, prices)
    cost = package_cost(package, prices)
    top = _Step(prices, Qty(0), fees, Px(payout - cost - fees - terms.friction - tail))
    taken: list[_Step] = []
    if top.net > 0:
        floor = min(terms.min_net, top.net)
        taken = _taken(relation, package, (books, markets, terms), tail, floor)
    return _edge(relation, package, (markets, terms), tops, top, tail, taken)


def _tops(
    relation: Relation, package: Package, books: Books, markets: Markets
) -> list[Level] | None:
    tops: list[Level] = []
    claims = relation.claims
    for leg in package.legs:
        claim = claims[leg.claim]
        book = books.get(claim.market)
        if book is None or claim.market not in markets:
            return None
        level = book.best_ask(claim.outcome)
        if level is None:
            return None
        tops.append(level)
    return tops


def _fees_each(
    relation: Relation, package: Package, prices: tuple[Px, ...], markets: Markets
) -> Px:
    total = 0
    claims = relation.claims
    for leg, px in zip(package.legs, prices, strict=True):
        each = fee_each(markets[claims[leg.claim].market].fees, px)
        total += each if leg.weight == MICRO else -(-each * leg.weight // MICRO)
    return Px(total)


def _steps(
    relation: Relation, package: Package, books: Books, markets: Markets, fixed: Px
) -> Iterator[_Step]:
    """Stretches of constant price from the top of all books down;

    `fixed` is friction plus tail per package.
    """
    claims = [relation.claims[leg.claim] for leg in package.legs]
    ladders: list[Levels] = [books[c.market].asks(c.outcome) for c in claims]
    places = [0] * len(ladders)
    left = [ladder[0][1] for ladder in ladders]
    while True:
        prices = tuple(ladder[place][0] for ladder, place in zip(ladders, places, strict=True))
        size = min(
            divide(rest * MICRO, leg.weight, Rounding.DOWN)
            for rest, leg in zip(left, package.legs, strict=True)
        )
        fees = _fees_each(relation, package, prices, markets)
        payout = least_payout(relation, package, prices)
        net = Px(payout - package_cost(package, prices) - fees - fixed)
        yield _Step(prices, Qty(size), fees, net)
        for i, leg in enumerate(package.legs):
            left[i] = Qty(left[i] - divide(size * leg.weight, MICRO, Rounding.UP))
            if divide(left[i] * MICRO, leg.weight, Rounding.DOWN) > 0:
                continue
            places[i] += 1
            if places[i] == len(ladders[i]):
                return
            left[i] = Qty(max(0, left[i]) + ladders[i][places[i]][1])


def _taken(
    relation: Relation,
    package: Package,
    world: tuple[Books, Markets, Terms],
    tail: Px,
    floor: Px,
) -> list[_Step]:
    """The stretches worth taking, the last one cut to whole packages and to the money and size
    allowed.
    """
    books, markets, terms = world
    steps: list[_Step] = []
    spent = [0] * len(package.legs)
    size = 0
    for step in _steps(relation, package, books, markets, Px(terms.friction + tail)):
        if step.net < floor:
            break
        room = min(
            terms.max_size - size,
            *(
                divide((terms.max_leg_cost - money) * MICRO * MICRO, px * leg.weight, Rounding.DOWN)
                for money, px, leg in zip(spent, step.prices, package.legs, strict=True)
            ),
        )
        qty = max(0, min(step.qty, room))
        if qty:
            steps.append(_Step(step.prices, Qty(qty), step.fees, step.net))
            size += qty
        if qty < step.qty:
            break
        for i, leg in enumerate(package.legs):
            spent[i] += divide(step.prices[i] * leg.weight * qty, MICRO * MICRO, Rounding.UP)
    return _whole(steps, size)


def _whole(steps: list[_Step], size: int) -> list[_Step]:
    """The steps cut from the end so that their sum is a whole number of packages."""
    excess = size % ONE_CONTRACT
    while excess and steps:
        last = steps.pop()
        if last.qty > excess:
            steps.append(_Step(last.prices, Qty(last.qty - excess), last.fees, last.net))
            break
        excess -= last.qty
    return steps


def _edge(
    relation: Relation,
    package: Package,
    world: tuple[Markets, Terms],
    tops: list[Level],
    top: _Step,
    tail: Px,
    taken: list[_Step],
) -> Edge:
    markets, terms = world
    if not taken:
        return _unsized(relation, package, terms, tops, top, tail)
    legs = tuple(
        _leg(relation, package, i, tops[i], taken, markets) for i in range(len(package.legs))
    )
    size = sum(s.qty for s in taken)
    cost = sum(leg.cost for leg in legs)
    fees = sum(leg.fee for leg in legs)
    payouts = sum(
        times(least_payout(relation, package, s.prices), s.qty, Rounding.DOWN) for s in taken
    )
    profit = payouts - cost - fees - times(Px(terms.friction + tail), Qty(size), Rounding.UP)
    net = divide(profit * MICRO, size, Rounding.DOWN)
    return Edge(
        relation=relation.id,
        package=package.index,
        legs=legs,
        size=Qty(size),
        payout=least_payout(relation, package, top.prices),
        cost=Usd(cost),
        fees=Usd(fees),
        friction=terms.friction,
        tail=tail,
        net=Px(net),
        profit=Usd(profit),
        top_cost=package_cost(package, top.prices),
        top_fees=top.fees,
        top_net=top.net,
        apy_ppm=_apy(profit, cost + fees, relation.payout_at, terms.now),
    )


def _unsized(
    relation: Relation,
    package: Package,
    terms: Terms,
    tops: list[Level],
    top: _Step,
    tail: Px,
) -> Edge:
    claims = relation.claims
    legs = []
    for leg, (px, qty) in zip(package.legs, tops, strict=True):
        claim = claims[leg.claim]
        legs.append(
            LegEdge(
                leg.claim, claim.market, claim.outcome, leg.weight, px, qty, px, _NO, _FREE, _FREE
            )
        )
    cost = package_cost(package, top.prices)
    payout = least_payout(relation, package, top.prices)
    return Edge(
        relation.id, package.index, tuple(legs), _NO, payout, _FREE, _FREE, terms.friction, tail,
        top.net, _FREE, cost, top.fees, top.net,
    )  # fmt: skip


def _leg(
    relation: Relation,
    package: Package,
    index: int,
    top: Level,
    taken: list[_Step],
    markets: Markets,
) -> LegEdge:
    leg = package.legs[index]
    claim = relation.claims[leg.claim]
    levels: dict[Px, int] = {}
    for step in taken:
        px = step.prices[index]
        levels[px] = levels.get(px, 0) + divide(step.qty * leg.weight, MICRO, Rounding.UP)
    schedule = markets[claim.market].fees
    return LegEdge(
        claim=leg.claim,
        market=claim.market,
        outcome=claim.outcome,
        weight=leg.weight,
        best=top[0],
        best_qty=top[1],
        limit=Px(max(levels, default=top[0])),
        qty=Qty(sum(levels.values())),
        cost=Usd(sum(times(px, Qty(q), Rounding.UP) for px, q in levels.items())),
        fee=Usd(sum(trade_fee(schedule, px, Qty(q)) for px, q in levels.items())),
    )


def _apy(profit: int, capital: int, payout_at: Ns | None, now: Ns) -> int | None:
    """Simple yearly return in ppm on the money locked until the expected payout;

    None without gain or date.
    """
    if profit <= 0 or capital <= 0 or payout_at is None or payout_at <= now:
        return None
    return divide(profit * MICRO * _YEAR, capital * (payout_at - now), Rounding.DOWN)


def walk(
    relation: Relation,
    package: Package,
    books: Books,
    markets: Markets,
    terms: Terms,
    rows: int = 6,
) -> tuple[WalkRow, ...]:
    """The first `rows` stretches of the walk with running size and profit, also past where the edge
    closes.

    Shape: empty when a leg has no ask. Profit here is by the fee formula, before the venue's
    rounding.
    """
    tops = _tops(relation, package, books, markets)
    if tops is None:
        return ()
    prices = tuple(px for px, _ in tops)
    fixed = Px(terms.friction + tail_cost(relation, package, prices))
    found: list[WalkRow] = []
    size = profit = 0
    for step in _steps(relation, package, books, markets, fixed):
        size += step.qty
        profit += times(step.net, step.qty, Rounding.DOWN)
        found.append(
            WalkRow(
                prices=step.prices,
                cost=package_cost(package, step.prices),
                fees=step.fees,
                net=step.net,
                qty=Qty(size),
                profit=Usd(profit),
                taken=step.net > 0 and step.net >= terms.min_net,
            )
        )
        if len(found) == rows:
            break
    return tuple(found)
