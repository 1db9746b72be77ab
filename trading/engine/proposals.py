"""A purchase proposed from outside the engine, priced again exactly and made a package.

Whatever proposed it may have used floats; here every amount is an integer, every world is added
up, every fee is the venue's own. A purchase that the books do not hold, or that pays less than a
dollar in some decisive world, is no package. Not here: finding purchases, sizes of known packages
(`sizing`).
"""

from collections.abc import Mapping
from fractions import Fraction

import msgspec

from markets.terms.covers import MOST
from markets.terms.packages import Package, decisive, weighted
from markets.terms.relations import Relation
from markets.terms.units import MICRO, ONE, Px, Qty, Rounding, Usd, divide, times
from trading.engine.purchases import Books, Fill, Markets, filled, worth

PROPOSED = MOST  # the index of the proposed package of a relation, after all enumerated ones


class Priced(msgspec.Struct, frozen=True, gc=False):
    """What a purchase comes to. `payout` is the least over the decisive worlds after settlement
    fees; `smooth` the profit by the fee formula, before venues round.
    """

    amounts: tuple[tuple[int, Qty], ...]
    payout: Usd
    cost: Usd
    fees: Usd
    friction: Usd
    tail: Usd
    profit: Usd
    smooth: int


def priced(
    relation: Relation,
    amounts: Mapping[int, Qty],
    books: Books,
    markets: Markets,
    friction: Px,
) -> Priced | None:
    """The purchase of so many contracts of each claim at the present asks, rounded against us.

    Shape: None where the books hold less than that.
    """
    fills: list[Fill] = []
    for number, qty in sorted(amounts.items()):
        claim = relation.claims[number]
        if claim.market not in books or claim.market not in markets:
            return None
        schedule = markets[claim.market].fees
        left: int = qty
        for px, depth in books[claim.market].asks(claim.outcome):
            take = Qty(min(left, depth))
            if take > 0:
                fills.append(filled(schedule, (number, px, take)))
            left -= take
        if left > 0:
            return None
    cost = sum(fill.cost for fill in fills)
    fees = sum(fill.fee for fill in fills)
    formula = -(-sum(fill.formula for fill in fills) // MICRO)
    payout, tail = worth(relation, fills, cost, markets)
    shared = times(friction, Qty(max(0, payout)), Rounding.UP)
    kept = payout - shared - tail
    return Priced(
        tuple(sorted(amounts.items())),
        payout,
        Usd(cost),
        Usd(fees),
        shared,
        tail,
        Usd(kept - cost - fees),
        kept - formula,
    )


def package_of(relation: Relation, amounts: Mapping[int, Qty], index: int) -> Package | str:
    """The purchase as a package whose least fixed payout is one dollar, or why it is none.

    Only fixed parts count, since they hold at any price.
    """
    unknown = [number for number in amounts if not 0 <= number < len(relation.claims)]
    if unknown or not amounts or min(amounts.values()) <= 0:
        return f"{relation.title}: the purchase names claims that do not exist or buys nothing."
    least = min(
        (
            sum(relation.claims[n].pays[world].fixed * qty for n, qty in amounts.items())
            for world in decisive(relation)
        ),
        default=0,
    )
    if least <= 0:
        return f"{relation.title}: the purchase pays nothing in some decisive world."
    legs = [(Fraction(qty * MICRO, least), [number]) for number, qty in sorted(amounts.items())]
    package = weighted(relation, index, legs)
    if divide(package.payout, package.scale, Rounding.DOWN) < ONE:
        return f"{relation.title}: the purchase pays less than a dollar in some decisive world."
    return package
