"""A pair's payoff table as the review page shows it, in cents, with the sums of its packages."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from markets.terms import formats
from markets.terms.ids import MarketId, VenueId
from markets.terms.instruments import Market
from markets.terms.packages import Package, label, packages, payout_in, tail_cost
from markets.terms.relations import Relation, WorldKind
from markets.terms.units import MICRO, Px, Rounding, text_from_micros

EVEN = Px(MICRO // 2)  # cells with a stake are shown as if each leg cost 50¢


class Cover(msgspec.Struct, frozen=True):
    """One package: its number, what it buys, its least regular payout and its tail cost."""

    index: int
    label: str
    least: str
    tail: str
    tail_px: int
    approved: bool
    crosses: bool


class Sum(msgspec.Struct, frozen=True):
    """What a package pays in one world."""

    text: str
    grade: str


class WorldOfPair(msgspec.Struct, frozen=True):
    """One world: what each claim pays, what each package pays, its chance."""

    name: str
    tail: bool
    cells: tuple[str, ...]
    sums: tuple[Sum, ...]
    chance: str


class PayoffTable(msgspec.Struct, frozen=True):
    """Worlds down, claims and packages across."""

    claims: tuple[str, ...]
    covers: tuple[Cover, ...]
    worlds: tuple[WorldOfPair, ...]


def payoff_table(
    relation: Relation,
    markets: Mapping[MarketId, Market],
    shorts: Mapping[VenueId, str],
    approved: tuple[int, ...],
    *,
    crossing_only: bool = False,
) -> PayoffTable:
    """The table of one relation; claims in their order, packages across venues first.

    `crossing_only` leaves out packages that lie within one market.
    """
    found = [p for p in packages(relation) if not crossing_only or _crosses(relation, p)]
    names = tuple(
        f"{shorts.get(markets[c.market].venue, '?')} {markets[c.market].outcomes[c.outcome]}"
        for c in relation.claims
    )
    covers = []
    for package in found:
        tail = tail_cost(relation, package, _even(package))
        covers.append(
            Cover(
                index=package.index,
                label=label(relation, package, dict(markets), dict(shorts)),
                least=_cents(package.payout),
                tail=formats.exact_cents(tail),
                tail_px=tail,
                approved=package.index in approved,
                crosses=_crosses(relation, package),
            )
        )
    worlds = []
    for number, world in enumerate(relation.worlds):
        pays = [payout_in(relation, package, number, _even(package)) for package in found]
        worlds.append(
            WorldOfPair(
                name=world.name,
                tail=world.kind is WorldKind.TAIL,
                cells=tuple(
                    _cents(Px(c.pays[number].fixed + c.pays[number].stake_ppm * EVEN // MICRO))
                    for c in relation.claims
                ),
                sums=tuple(Sum(_cents(px), _grade(px)) for px in pays),
                chance=formats.probability(world.ppm)
                if world.kind is WorldKind.TAIL
                else str(world.kind),
            )
        )
    return PayoffTable(names, tuple(covers), tuple(worlds))


def _crosses(relation: Relation, package: Package) -> bool:
    return len({relation.claims[leg.claim].market for leg in package.legs}) > 1


def advised(covers: list[Cover]) -> int | None:
    """The way round whose tail costs least; nothing when all cost the same."""
    if len({cover.tail_px for cover in covers}) < 2:
        return None
    return min(covers, key=lambda cover: cover.tail_px).index


def _even(package: Package) -> tuple[Px, ...]:
    return tuple(EVEN for _ in package.legs)


def _cents(px: Px) -> str:
    return formats.cents(px, rounding=Rounding.DOWN).removesuffix(".0")


def _grade(px: Px) -> str:
    return "below" if px < MICRO else "above" if px > MICRO else ""


def percent(ppm: int) -> str:
    """Millionths as a person types them: percent without trailing zeros."""
    return text_from_micros(ppm * 100, 0)
