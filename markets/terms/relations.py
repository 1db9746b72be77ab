"""Relations: claims that settle on the same facts, with a payoff table.

A cell says what one unit of a claim returns in a world: `fixed + stake * price paid`, both in
millionths
(won 1, lost 0, push 0 + 1*price, half won 1/2 + 1/2*price, half lost 1/2*price, fifty-fifty 1/2).
Worlds are decisive (must be covered), neutral (an ordinary push or refund) or tail (void, settled
apart).
A pair is the relation of two binary markets; inverse polarity is only another table, and the
tables of larger relations are built in `tables` and `lines`. No books, no money held.
"""

from enum import StrEnum

import msgspec

from markets.terms.ids import MarketId, RelationId
from markets.terms.units import MICRO, Ns, Px


class WorldKind(StrEnum):
    """How a world counts: see DESIGN, `decision 0002`."""

    DECISIVE = "decisive"
    NEUTRAL = "neutral"
    TAIL = "tail"


class World(msgspec.Struct, frozen=True, gc=False):
    """One way the facts can turn out. `ppm` is its probability, used for tail worlds only."""

    name: str
    kind: WorldKind
    ppm: int = 0


class Cell(msgspec.Struct, frozen=True, gc=False):
    """What one unit returns: `fixed` plus `stake_ppm` parts of the price paid."""

    fixed: Px
    stake_ppm: int = 0


WON = Cell(Px(MICRO))
LOST = Cell(Px(0))
PUSH = Cell(Px(0), MICRO)
HALF = Cell(Px(MICRO // 2))
HALF_WON = Cell(Px(MICRO // 2), MICRO // 2)
HALF_LOST = Cell(Px(0), MICRO // 2)


class Claim(msgspec.Struct, frozen=True, gc=False):
    """An outcome of a market as part of a relation; `pays[i]` belongs to `worlds[i]`."""

    market: MarketId
    outcome: int
    pays: tuple[Cell, ...]


class Relation(msgspec.Struct, frozen=True, gc=False):
    """Claims over common worlds. `payout_at` is the expected time of the last payout."""

    id: RelationId
    title: str
    worlds: tuple[World, ...]
    claims: tuple[Claim, ...]
    category: str = ""
    payout_at: Ns | None = None


class TailRisk(msgspec.Struct, frozen=True, gc=False):
    """A way the two venues may settle differently: its name, probability, and what YES of each
    market pays.
    """

    name: str
    ppm: int
    first_yes: Px
    second_yes: Px


def pair(  # noqa: PLR0913  a pair is exactly these facts
    id: RelationId,
    first: MarketId,
    second: MarketId,
    *,
    title: str,
    inverse: bool = False,
    tails: tuple[TailRisk, ...] = (),
    category: str = "",
    payout_at: Ns | None = None,
) -> Relation:
    """The relation of two binary markets; claims are first YES, first NO, second YES, second NO.

    With `inverse`, YES of the second market pays exactly when NO of the first does.
    """
    worlds = (
        World("yes", WorldKind.DECISIVE),
        World("no", WorldKind.DECISIVE),
        *(World(t.name, WorldKind.TAIL, t.ppm) for t in tails),
    )
    first_yes = (WON, LOST, *(Cell(t.first_yes) for t in tails))
    second_yes = (
        *((LOST, WON) if inverse else (WON, LOST)),
        *(Cell(t.second_yes) for t in tails),
    )
    return Relation(
        id=id,
        title=title,
        worlds=worlds,
        claims=(
            Claim(first, 0, first_yes),
            Claim(first, 1, opposite(first_yes)),
            Claim(second, 0, second_yes),
            Claim(second, 1, opposite(second_yes)),
        ),
        category=category,
        payout_at=payout_at,
    )


def opposite(pays: tuple[Cell, ...]) -> tuple[Cell, ...]:
    """What the other outcome of a binary market pays: what is left of the dollar.

    A part of the stake that is returned is returned to both sides.
    """
    return tuple(Cell(Px(MICRO - c.fixed - c.stake_ppm), c.stake_ppm) for c in pays)


def faults(relation: Relation) -> list[str]:
    """Sentences saying why this payoff table cannot be believed; empty when it can."""
    found = []
    if not any(world.kind is WorldKind.DECISIVE for world in relation.worlds):
        found.append(f"{relation.title} has no decisive world: name at least one.")
    names = [world.name for world in relation.worlds]
    found += [
        f"{relation.title} names the world {name} twice: give each world its own name."
        for name in dict.fromkeys(names)
        if names.count(name) > 1
    ]
    found += [
        f"World {world.name} has probability {world.ppm} ppm: it must lie between 0 and 1,000,000."
        for world in relation.worlds
        if not 0 <= world.ppm <= MICRO
    ]
    for number, claim in enumerate(relation.claims, start=1):
        found += _faults_of(
            f"Claim {number} ({claim.market}, outcome {claim.outcome})", claim, relation
        )
    return found


def _faults_of(name: str, claim: Claim, relation: Relation) -> list[str]:
    if len(claim.pays) != len(relation.worlds):
        return [
            f"{name} has {len(claim.pays)} cells for {len(relation.worlds)} worlds: "
            "say what it pays in each world."
        ]
    return [
        f"{name} pays less than nothing or more than a dollar and its stake in {world.name}."
        for cell, world in zip(claim.pays, relation.worlds, strict=True)
        if not (0 <= cell.fixed <= MICRO and 0 <= cell.stake_ppm <= MICRO - cell.fixed)
    ]
