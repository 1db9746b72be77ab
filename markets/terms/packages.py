"""Packages: claims which together pay at least one dollar in every decisive world.

This module makes them of the covers of the payoff table and says what they pay; it knows no books.
Claims with the same decisive row stand in for one another, whatever their venue: a leg names the
first and the `also`. Between two markets nothing is gained by that, since buying one outcome at
both venues pays only where a book is crossed; there every combination is a package of its own,
which a person approves by itself. The order is fixed: packages across markets first, then by their
number of legs, then by the place of the claims, so that an index can be stored as an approval.
"""

from fractions import Fraction
from itertools import product
from math import lcm

import msgspec

from markets.terms.covers import MOST, covers
from markets.terms.ids import MarketId, VenueId
from markets.terms.instruments import Market
from markets.terms.relations import Cell, Relation, WorldKind
from markets.terms.units import MICRO, ONE_CONTRACT, Px, Qty, Rounding, divide

_PAIR = 2


class PackageLeg(msgspec.Struct, frozen=True, gc=False):
    """`weight` contracts (millionths) of claim number `claim`, or of those in `also`, in one
    package.
    """

    claim: int
    weight: Qty
    also: tuple[int, ...] = ()

    @property
    def claims(self) -> tuple[int, ...]:
        """Every claim that may serve as this leg, in order."""
        return (self.claim, *self.also)


class Package(msgspec.Struct, frozen=True, gc=False):
    """Claims with weights. `payout` is the least the fixed parts pay over the decisive worlds.

    A package covers `scale` dollars: 1, or the smallest number that makes every weight exact in
    millionths (four exclusive NOs: one of each for 3 dollars). `outright` says that no cell depends
    on the price paid and every weight is one contract: then `payout` and `tails` (probability,
    payout) are the whole truth at any price, and the hot path needs nothing else.
    """

    index: int
    legs: tuple[PackageLeg, ...]
    payout: Px
    outright: bool = False
    tails: tuple[tuple[int, Px], ...] = ()
    scale: int = 1


def packages(relation: Relation, *, merge: bool | None = None) -> tuple[Package, ...]:
    """The packages of a relation, at most 64; empty when nothing covers every decisive world.

    With `merge` claims of one decisive row are one leg, else every choice among them is a package;
    unsaid, a relation of two markets is not merged and a larger one is.
    """
    markets = {claim.market: None for claim in relation.claims}
    merged = len(markets) > _PAIR if merge is None else merge
    groups = _groups(relation)
    rows = tuple(groups)
    members = list(groups.values())
    found = []
    for cover in covers(rows, _families(relation, members)) if rows else ():
        weights = [weight for _, weight in cover]
        choices = [members[row] for row, _ in cover]
        if merged:
            found.append((weights, choices))
        else:
            found += [(weights, [[c] for c in choice]) for choice in product(*choices)][:MOST]
    ordered = [_ordered(weights, choices) for weights, choices in found]
    ordered.sort(key=lambda legs: _place(relation, legs))
    return tuple(weighted(relation, index, legs) for index, legs in enumerate(ordered[:MOST]))


_Leg = tuple[Fraction, list[int]]


def _ordered(weights: list[Fraction], choices: list[list[int]]) -> list[_Leg]:
    return sorted(zip(weights, choices, strict=True), key=lambda leg: leg[1])


def _place(relation: Relation, legs: list[_Leg]) -> tuple[bool, int, list[list[int]]]:
    markets = {relation.claims[claim].market: None for _, choice in legs for claim in choice}
    return len(markets) == 1, len(legs), [choice for _, choice in legs]


def decisive(relation: Relation) -> tuple[int, ...]:
    """The places of the decisive worlds."""
    return tuple(i for i, w in enumerate(relation.worlds) if w.kind is WorldKind.DECISIVE)


def _groups(relation: Relation) -> dict[tuple[Cell, ...], list[int]]:
    """Claims by their decisive row, in order; rows that never pay and return nothing are left
    out.
    """
    worlds = decisive(relation)
    groups: dict[tuple[Cell, ...], list[int]] = {}
    for number, claim in enumerate(relation.claims):
        row = tuple(claim.pays[world] for world in worlds)
        if any(cell.fixed for cell in row):
            groups.setdefault(row, []).append(number)
    return groups


def _families(relation: Relation, members: list[list[int]]) -> tuple[tuple[int, ...], ...]:
    """Sets of rows worth trying before all others: all first outcomes, all second ones, and so
    on.
    """
    families: dict[int, dict[int, None]] = {}
    for row, claims in enumerate(members):
        for claim in claims:
            families.setdefault(relation.claims[claim].outcome, {})[row] = None
    return tuple(tuple(rows) for rows in families.values() if len(rows) > _PAIR)


def weighted(relation: Relation, index: int, legs: list[tuple[Fraction, list[int]]]) -> Package:
    """The package of these weights per dollar covered, each with the claims that may serve."""
    scale = _scale([weight for weight, _ in legs])
    parts = tuple(
        PackageLeg(choice[0], Qty(int(weight * scale * MICRO)), tuple(choice[1:]))
        for weight, choice in legs
    )
    return made(relation, index, parts, scale)


def made(relation: Relation, index: int, legs: tuple[PackageLeg, ...], scale: int) -> Package:
    """The package of these legs with what follows from them."""
    rows = [relation.claims[leg.claim].pays for leg in legs]
    whole = all(leg.weight == ONE_CONTRACT and not leg.also for leg in legs)
    return Package(
        index,
        legs,
        Px(min((_fixed(rows, legs, world) for world in decisive(relation)), default=0)),
        outright=whole and all(cell.stake_ppm == 0 for row in rows for cell in row),
        tails=tuple(
            (world.ppm, Px(_fixed(rows, legs, i)))
            for i, world in enumerate(relation.worlds)
            if world.kind is WorldKind.TAIL
        ),
        scale=scale,
    )


def _fixed(rows: list[tuple[Cell, ...]], legs: tuple[PackageLeg, ...], world: int) -> int:
    total = sum(row[world].fixed * leg.weight for row, leg in zip(rows, legs, strict=True))
    return divide(total, MICRO, Rounding.DOWN)


def _scale(weights: list[Fraction]) -> int:
    if all((weight * MICRO).denominator == 1 for weight in weights):
        return 1
    return lcm(*(weight.denominator for weight in weights))


def share(package: Package, leg: PackageLeg) -> Fraction:
    """Contracts of a leg for each dollar the package covers."""
    return Fraction(leg.weight, MICRO * package.scale)


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
    """The package in words, such as `KA Yes + PM No`; where a venue has several of the relation's
    markets, as `KA No (46° or less) + KA No (49° or more)`.
    """
    parts = []
    apart = _told_apart(relation, markets)
    for leg in package.legs:
        claim = relation.claims[leg.claim]
        market = markets[claim.market]
        words = f"{shorts.get(market.venue, market.venue)} {market.outcomes[claim.outcome]}"
        words += f" ({apart[market.id]})" if market.id in apart else ""
        also = dict.fromkeys(markets[relation.claims[c].market].venue for c in leg.also)
        many = "" if share(package, leg) == 1 else f"{share(package, leg)} x "
        parts.append(many + "/".join([words, *(shorts.get(venue, venue) for venue in also)]))
    return " + ".join(parts)


def _told_apart(relation: Relation, markets: dict[MarketId, Market]) -> dict[MarketId, str]:
    """What titles of one venue's markets do not share at their beginning and end, by market; only
    of venues with several.
    """
    found: dict[MarketId, str] = {}
    venues: dict[VenueId, list[Market]] = {}
    for name in dict.fromkeys(claim.market for claim in relation.claims):
        venues.setdefault(markets[name].venue, []).append(markets[name])
    for mine in venues.values():
        titles = [market.title.split() for market in mine]
        if len(mine) == 1:
            continue
        start = _shared(titles)
        end = _shared([words[start:][::-1] for words in titles])
        for market, words in zip(mine, titles, strict=True):
            own = words[start : len(words) - end]
            found[market.id] = " ".join(own or words).rstrip("?")
    return found


def _shared(lines: list[list[str]]) -> int:
    """How many words all lines begin with."""
    return next(
        (n for n, words in enumerate(zip(*lines, strict=False)) if len(set(words)) > 1),
        min(map(len, lines)),
    )
