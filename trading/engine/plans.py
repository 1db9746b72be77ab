"""A plan: the trade we would like, sized and priced so that every order in it could be sent as it
stands.

Every leg buys its whole share of the same number of packages, in the venue's lots, at a legal
limit price no worse than the worst level the edge was found on, and no leg's average price is
worse than its best ask by more than `max_slippage`. Where a room (money free, exposure left) is
smaller than the edge's size, the plan takes the room. What must not be traded at all is for the
gates to say. No balances, ages or orders here.
"""

from collections.abc import Sequence
from math import gcd

import msgspec
from msgspec.structs import replace

from markets.terms.fees import as_maker, trade_fee
from markets.terms.ids import MarketId, RelationId, VenueId
from markets.terms.packages import Package
from markets.terms.relations import Relation, WorldKind
from markets.terms.units import (
    MICRO,
    Px,
    Qty,
    Rounding,
    Usd,
    divide,
    times,
)
from trading.engine.book import Book
from trading.engine.edges import Edge, LegEdge, Terms, find_edge
from trading.engine.orders import BookKind
from trading.engine.purchases import Books, Markets, filled, holdings, paid_in, worth
from trading.engine.strategies import Strategy


class PlanLeg(msgspec.Struct, frozen=True, gc=False):
    """One order to be: `limit` is the worst price it may carry, `money` the most it can cost with
    its fee.

    `expected` is the average price the books showed, rounded up.
    """

    market: MarketId
    venue: VenueId
    outcome: int
    weight: Qty
    qty: Qty
    limit: Px
    expected: Px
    money: Usd


class Plan(msgspec.Struct, frozen=True, gc=False):
    """A package of a relation at a size, as orders. `book` is None where no mode allows carrying it
    out.

    `net` is per package, `profit` and `money` for the whole; `money` is the most all legs can
    cost with fees. `strategy` is how it would be carried out, `leader` the leg it orders first.
    """

    relation: RelationId
    package: int
    book: BookKind | None
    edge: Edge
    size: Qty
    legs: tuple[PlanLeg, ...]
    net: Px
    profit: Usd
    money: Usd
    strategy: Strategy = Strategy.TAKER_TAKER
    leader: int = 0


def charged(
    relation: Relation, markets: Markets, bought: Sequence[MarketId], resting: MarketId | None
) -> Markets:
    """The markets with the fees a purchase in those `bought`, one a claim, is charged: the maker's
    where an order rests, the taker's everywhere else, also there if another claim is bought in the
    same market. None: nothing rests.

    Shape: the relation's markets alone where something rests.
    """
    if resting is None or bought.count(resting) > 1:
        return markets
    own = {x.market: markets[x.market] for x in relation.claims if x.market in markets}
    market = own[resting]
    own[resting] = replace(market, fees=as_maker(market.fees))
    return own


def make_plan(
    relation: Relation, package: Package, edge: Edge, markets: Markets, book: BookKind | None
) -> Plan:
    """The edge as orders.

    The size may be 0: then the gates have something to say no to, and nothing is sent.
    """
    size = _legal_size(package, edge, markets) if edge.size > 0 else edge.size
    if size > 0:
        legs = tuple(_leg(edge, i, size, markets) for i in range(len(edge.legs)))
    else:
        legs = tuple(_no_leg(leg, markets) for leg in edge.legs)
    return Plan(
        relation=relation.id,
        package=package.index,
        book=book,
        edge=edge,
        size=size,
        legs=legs,
        net=edge.net,
        profit=edge.profit,
        money=Usd(sum(leg.money for leg in legs)),
    )


def _leg(edge: Edge, index: int, size: Qty, markets: Markets) -> PlanLeg:
    leg = edge.legs[index]
    market = markets[leg.market]
    qty = Qty(divide(size * leg.weight, MICRO, Rounding.DOWN))
    money = times(leg.limit, qty, Rounding.UP) + trade_fee(market.fees, leg.limit, qty)
    expected = Px(divide(leg.cost * MICRO, leg.qty, Rounding.UP)) if leg.qty else leg.best
    return PlanLeg(
        leg.market, market.venue, leg.outcome, leg.weight, qty, leg.limit, expected, Usd(money)
    )


def _no_leg(leg: LegEdge, markets: Markets) -> PlanLeg:
    """A leg of a plan without a size."""
    venue = markets[leg.market].venue
    return PlanLeg(leg.market, venue, leg.outcome, leg.weight, Qty(0), leg.limit, leg.best, Usd(0))


def _legal_size(package: Package, edge: Edge, markets: Markets) -> Qty:
    """The edge's size cut to whole lots of every leg; 0 where a leg would be below its venue's
    smallest order.
    """
    step = 1
    for leg in edge.legs:
        step = _lcm(step, _package_step(markets[leg.market].lot, leg.weight))
    size = Qty(edge.size // step * step)
    for leg in edge.legs:
        market = markets[leg.market]
        qty = divide(size * leg.weight, MICRO, Rounding.DOWN)
        notional = times(leg.best, Qty(qty), Rounding.DOWN)
        if qty < market.min_size or notional < market.min_notional:
            return Qty(0)
    return size


def _package_step(lot: Qty, weight: Qty) -> int:
    """The smallest number of packages (millionths) that makes `weight` whole lots."""
    whole = lot * MICRO
    return whole // gcd(whole, weight)


def _lcm(a: int, b: int) -> int:
    return a * b // gcd(a, b)


def worst_at_limits(plan: Plan, relation: Relation, markets: Markets) -> tuple[Px, Px]:
    """What the plan keeps in its worst decisive world if every leg fills at its limit, and the most
    a neutral world then costs, both for each dollar covered and rounded against us.

    Fees of trade and settlement, friction and tails are counted. A plan of no size is judged as one
    package.
    """
    fills = [
        filled(markets[leg.market].fees, (shown.claim, leg.limit, leg.qty or leg.weight))
        for leg, shown in zip(plan.legs, plan.edge.legs, strict=True)
    ]
    dollars = (plan.size or MICRO) * plan.edge.used.scale
    cost = sum(fill.cost for fill in fills)
    spent = cost + sum(fill.fee for fill in fills)
    payout, tail = worth(relation, fills, cost, markets)
    kept = payout - spent - tail - times(plan.edge.friction, Qty(dollars), Rounding.UP)
    held = holdings(fills)
    losses = [
        spent - paid_in(relation, held, number, markets)
        for number, world in enumerate(relation.worlds)
        if world.kind is WorldKind.NEUTRAL
    ]
    return (
        Px(divide(kept * MICRO, dollars, Rounding.DOWN)),
        Px(divide(max([0, *losses]) * MICRO, dollars, Rounding.UP)),
    )


def size_within_slippage(edge: Edge, books: Books, slippage_ppm: int) -> Qty:
    """The most packages of the edge at which no leg's average price is `slippage_ppm` worse than
    its best ask.
    """
    size = edge.size
    for leg in edge.legs:
        if leg.limit == leg.best:
            continue
        qty = _within(books[leg.market], leg.outcome, slippage_ppm)
        size = Qty(min(size, divide(qty * MICRO, leg.weight, Rounding.DOWN)))
    return size


def _within(book: Book, outcome: int, slippage_ppm: int) -> Qty:
    """Contracts that can be bought before their average price passes the best ask times one plus
    the slippage.
    """
    asks = book.asks(outcome)
    # In millionths of a millionth, so that the budget of a level is exact.
    cap = asks[0][0] * (MICRO + slippage_ppm)
    qty = spent = 0
    for px, depth in asks:
        over = px * MICRO - cap
        if over > 0:
            room = cap * qty - spent
            depth = Qty(min(depth, room // over))
        qty += depth
        spent += px * MICRO * depth
        if over > 0 and spent + over >= cap * qty:
            break
    return Qty(qty)


def narrowed(
    relation: Relation,
    package: Package,
    edge: Edge,
    world: tuple[Books, Markets, Terms],
    size: Qty,
) -> Edge:
    """The edge found again with at most `size` packages; the edge itself where that changes
    nothing.
    """
    if size >= edge.size:
        return edge
    books, markets, terms = world
    whole = divide(size * edge.used.scale, package.scale, Rounding.DOWN)
    smaller = replace(terms, max_size=Qty(whole))
    return find_edge(relation, package, books, markets, smaller) or edge
