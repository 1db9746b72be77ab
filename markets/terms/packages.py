"""Packages: claims which together pay at least one dollar in every decisive world.

This module finds them and says what they pay; it knows no books. Weights are contracts per package,
in
millionths. So far the covers are found among two claims, which is every package of a pair: two
across the
venues, two within one. The order is fixed: across venues first, then by the place of the claims, so
that an
index can be stored as an approval.
"""

from itertools import combinations

import msgspec

from markets.terms.ids import MarketId, VenueId
from markets.terms.instruments import Market
from markets.terms.relations import Cell, Relation, WorldKind
from markets.terms.units import MICRO, ONE, ONE_CONTRACT, Px, Qty, Rounding, divide


class PackageLeg(msgspec.Struct, frozen=True, gc=False):
    """`weight` contracts (millionths) of claim number `claim` in one package."""

    claim: int
    weight: Qty


class Package(msgspec.Struct, frozen=True, gc=False):
    """Claims with weights. `payout` is the least the fixed parts pay over the decisive worlds.

    `outright` says that no cell depends on the price paid and every weight is one contract: then
    `payout` and
    `tails` (probability, payout) are the whole truth at any price, and the hot path needs nothing
    else.
    """

    index: int
    legs: tuple[PackageLeg, ...]
    payout: Px
    outright: bool = False
    tails: tuple[tuple[int, Px], ...] = ()


def packages(relation: Relation) -> tuple[Package, ...]:
    """All covers of two claims, across venues first; empty when no two claims cover every
    decisive world.
    """
    covers = [
        (i, j)
        for i, j in combinations(range(len(relation.claims)), 2)
        if _fixed_payout(relation, (i, j)) >= ONE
    ]
    covers.sort(key=lambda c: relation.claims[c[0]].market == relation.claims[c[1]].market)
    return tuple(_package(relation, index, cover) for index, cover in enumerate(covers))


def _package(relation: Relation, index: int, cover: tuple[int, ...]) -> Package:
    rows = [relation.claims[claim].pays for claim in cover]
    return Package(
        index,
        tuple(PackageLeg(claim, ONE_CONTRACT) for claim in cover),
        Px(_fixed_payout(relation, cover)),
        outright=all(cell.stake_ppm == 0 for row in rows for cell in row),
        tails=tuple(
            (world.ppm, Px(sum(row[i].fixed for row in rows)))
            for i, world in enumerate(relation.worlds)
            if world.kind is WorldKind.TAIL
        ),
    )


def _fixed_payout(relation: Relation, claims: tuple[int, ...]) -> int:
    decisive = [i for i, w in enumerate(relation.worlds) if w.kind is WorldKind.DECISIVE]
    if not decisive:
        return 0
    return min(sum(relation.claims[c].pays[w].fixed for c in claims) for w in decisive)


def payout_in(relation: Relation, package: Package, world: int, prices: tuple[Px, ...]) -> Px:
    """What one package returns in world number `world`, its legs bought at `prices`.

    Rounded down.
    """
    return Px(
        sum(
            _pays(relation.claims[leg.claim].pays[world], px, leg.weight)
            for leg, px in zip(package.legs, prices, strict=True)
        )
    )


def _pays(cell: Cell, px: Px, weight: Qty) -> int:
    each = cell.fixed * MICRO + cell.stake_ppm * px
    return divide(each * weight, MICRO * MICRO, Rounding.DOWN)


def least_payout(relation: Relation, package: Package, prices: tuple[Px, ...]) -> Px:
    """The least one package returns over the decisive worlds at these prices.

    Rounded down; 0 without such worlds.
    """
    if package.outright:
        return package.payout
    return Px(
        min(
            (
                payout_in(relation, package, i, prices)
                for i, world in enumerate(relation.worlds)
                if world.kind is WorldKind.DECISIVE
            ),
            default=0,
        )
    )


def neutral_loss(relation: Relation, package: Package, prices: tuple[Px, ...]) -> Px:
    """The most a neutral world (push, refund) costs one package bought at these prices; 0 when
    it never loses.
    """
    cost = package_cost(package, prices)
    losses = [
        cost - payout_in(relation, package, i, prices)
        for i, world in enumerate(relation.worlds)
        if world.kind is WorldKind.NEUTRAL
    ]
    return Px(max([0, *losses]))


def tail_cost(relation: Relation, package: Package, prices: tuple[Px, ...]) -> Px:
    """Expected cost of the tail worlds per package: sum of probability times loss.

    Rounded up, gains ignored.
    """
    cost = package_cost(package, prices)
    if package.outright:
        weighted = 0
        for ppm, pays in package.tails:
            if cost > pays:
                weighted += ppm * (cost - pays)
        return Px(-(-weighted // MICRO))
    weighted = sum(
        world.ppm * max(0, cost - payout_in(relation, package, i, prices))
        for i, world in enumerate(relation.worlds)
        if world.kind is WorldKind.TAIL
    )
    return Px(divide(weighted, MICRO, Rounding.UP))


def package_cost(package: Package, prices: tuple[Px, ...]) -> Px:
    """What one package costs at these prices, before fees. Rounded up."""
    if package.outright:
        return Px(sum(prices))
    total = sum(leg.weight * px for leg, px in zip(package.legs, prices, strict=True))
    return Px(divide(total, MICRO, Rounding.UP))


def label(
    relation: Relation,
    package: Package,
    markets: dict[MarketId, Market],
    shorts: dict[VenueId, str],
) -> str:
    """The package in words, such as `KA Yes + PM No`."""
    parts = []
    for leg in package.legs:
        claim = relation.claims[leg.claim]
        market = markets[claim.market]
        parts.append(f"{shorts.get(market.venue, market.venue)} {market.outcomes[claim.outcome]}")
    return " + ".join(parts)
