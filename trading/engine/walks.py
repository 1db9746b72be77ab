"""The walk down the books, stretch by stretch, as people read it.

Each row is a stretch over which no leg's price changes, with running size and profit, also past
where the edge closes. Profit here is by the fee formula, before the venues round the fees of their
fills and before settlement fees; the exact figure is the edge's. Not here: the size to take
(`sizing`).
"""

from collections.abc import Iterator

import msgspec

from markets.terms.packages import Package, least_payout, package_cost, tail_cost
from markets.terms.relations import Relation
from markets.terms.units import MICRO, Px, Qty, Rounding, Usd, divide, times
from trading.engine.edges import Terms, best_levels, each_dollar, fees_each
from trading.engine.pictures import WalkRow
from trading.engine.purchases import Books, Markets
from trading.engine.sizing import Ladder, ladder


class _Step(msgspec.Struct, gc=False):
    """A stretch of the walk over which no leg's price changes. `qty` is in packages."""

    prices: tuple[Px, ...]
    qty: Qty
    cost: Px
    fees: Px
    net: Px


def _steps(
    relation: Relation, package: Package, books: Books, markets: Markets, friction: Px
) -> Iterator[_Step]:
    """Stretches of constant price from the top of all books down, per dollar covered."""
    ladders: list[Ladder] = [ladder(relation, leg, books, markets) for leg in package.legs]
    places = [0] * len(ladders)
    left = [asks[0].qty for asks in ladders]
    while True:
        tops = [asks[place] for asks, place in zip(ladders, places, strict=True)]
        prices = tuple([ask.px for ask in tops])
        size = min(
            divide(rest * MICRO, leg.weight, Rounding.DOWN)
            for rest, leg in zip(left, package.legs, strict=True)
        )
        fees = fees_each(relation, [(a.claim, a.px, a.qty) for a in tops], package, markets)
        payout, cost, fees, tail = each_dollar(
            package.scale,
            (
                least_payout(relation, package, prices),
                package_cost(package, prices),
                fees,
                tail_cost(relation, package, prices),
            ),
        )
        yield _Step(prices, Qty(size), cost, fees, Px(payout - cost - fees - friction - tail))
        for i, leg in enumerate(package.legs):
            left[i] = Qty(left[i] - divide(size * leg.weight, MICRO, Rounding.UP))
            if divide(left[i] * MICRO, leg.weight, Rounding.DOWN) > 0:
                continue
            places[i] += 1
            if places[i] == len(ladders[i]):
                return
            left[i] = Qty(max(0, left[i]) + ladders[i][places[i]].qty)


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
    if best_levels(relation, package, books, markets) is None:
        return ()
    found: list[WalkRow] = []
    size = profit = 0
    for step in _steps(relation, package, books, markets, terms.friction):
        size += step.qty
        profit += times(Px(step.net * package.scale), step.qty, Rounding.DOWN)
        found.append(
            WalkRow(
                prices=step.prices,
                cost=step.cost,
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
