"""What we hold, by the facts it hangs on: one holding per relation, with the money every world of
it would leave.

Pure. A market held belongs to one holding: to the relation that covers most of what is held, by
name among equals; a market no relation speaks of stands alone, with a world for each of its
outcomes. Money is what was paid, with fees, less what sales brought back; what a world leaves is
rounded down, and a fee charged at settlement is not known here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from markets.terms.ids import MarketId, VenueId
from markets.terms.instruments import Market
from markets.terms.relations import LOST, WON, Cell, Claim, Relation, World, WorldKind, opposite
from markets.terms.units import MICRO, Ns, Px, Qty, Rounding, Usd, divide, times
from trading.selectors import PositionRow


class Held(msgspec.Struct, frozen=True):
    """Contracts of one outcome: what they cost before fees, and the price that is each, up."""

    market: MarketId
    outcome: int
    qty: Qty
    cost: Usd

    @property
    def px(self) -> Px:
        """The average price paid."""
        return Px(divide(self.cost * MICRO, self.qty, Rounding.UP))


class InWorld(msgspec.Struct, frozen=True):
    """What a world would leave: payouts less everything paid."""

    name: str
    kind: WorldKind
    ppm: int
    result: Usd


class Holding(msgspec.Struct, frozen=True):
    """What is held on one set of facts. `cost` is the money that is still out, with `fees` and less
    what sales gained; `relation` is empty when none speaks of it.
    """

    title: str
    category: str
    relation: str
    payout_at: Ns | None
    legs: tuple[Held, ...]
    cost: Usd
    fees: Usd
    worlds: tuple[InWorld, ...]

    @property
    def worst(self) -> Usd:
        """The least a regular world (decisive or neutral) leaves."""
        return min(world.result for world in self.worlds if world.kind is not WorldKind.TAIL)

    @property
    def worst_tail(self) -> Usd:
        """The least a tail world leaves; nothing without one."""
        tails = (world.result for world in self.worlds if world.kind is WorldKind.TAIL)
        return min(tails, default=Usd(0))

    @property
    def open(self) -> Usd:
        """Net exposure: what the decisive worlds' results differ by; none when all legs match."""
        results = [w.result for w in self.worlds if w.kind is WorldKind.DECISIVE]
        return Usd(max(results, default=0) - min(results, default=0))

    @property
    def pays(self) -> Usd:
        """What comes back in the worst regular world."""
        return Usd(self.worst + self.cost)


def holdings(
    positions: Iterable[PositionRow], relations: Sequence[Relation], markets: Iterable[Market]
) -> tuple[Holding, ...]:
    """The holdings of one book, the worst first.

    A position in a market that is none of `markets` is left out: the caller gives them all.
    """
    held = {row.market: row for row in positions if row.qty_yes or row.qty_no}
    known = {market.id: market for market in markets}
    found: list[Holding] = []
    while held:
        best = min(relations, key=lambda one: (-len(_covered(one, held)), one.id), default=None)
        covered = _covered(best, held) if best is not None else []
        if best is None or not covered:
            break
        found.append(_of_relation(best, [held.pop(market) for market in covered]))
    found += [_alone(known[name], row) for name, row in held.items() if name in known]
    return tuple(sorted(found, key=lambda one: (one.worst, one.title)))


def of_venues(holding: Holding, markets: dict[MarketId, Market]) -> dict[VenueId, Usd]:
    """What a holding cost by venue, before fees."""
    costs: dict[VenueId, Usd] = {}
    for leg in holding.legs:
        venue = markets[leg.market].venue
        costs[venue] = Usd(costs.get(venue, 0) + leg.cost)
    return costs


def _covered(relation: Relation, held: dict[MarketId, PositionRow]) -> list[MarketId]:
    """Markets held of which the relation has a claim, in its own order."""
    return list(dict.fromkeys(c.market for c in relation.claims if c.market in held))


def _of_relation(relation: Relation, rows: list[PositionRow]) -> Holding:
    legs = _legs(rows)
    pays = {(claim.market, claim.outcome): claim.pays for claim in relation.claims}
    return _holding(
        (relation.title, relation.category, str(relation.id), relation.payout_at),
        rows,
        relation.worlds,
        [(leg, _cells(pays, leg)) for leg in legs],
    )


def _cells(pays: dict[tuple[MarketId, int], tuple[Cell, ...]], leg: Held) -> tuple[Cell, ...]:
    own = pays.get((leg.market, leg.outcome))
    return own if own is not None else opposite(pays[leg.market, 1 - leg.outcome])


def _alone(market: Market, row: PositionRow) -> Holding:
    worlds = tuple(World(name, WorldKind.DECISIVE) for name in market.outcomes[:2])
    claims = (Claim(market.id, 0, (WON, LOST)), Claim(market.id, 1, (LOST, WON)))
    legs = _legs([row])
    return _holding(
        (market.title, market.category, "", market.payout_at),
        [row],
        worlds,
        [(leg, claims[leg.outcome].pays) for leg in legs],
    )


def _legs(rows: Iterable[PositionRow]) -> list[Held]:
    both = (
        ((row, 0, row.qty_yes, row.cost_yes) for row in rows),
        ((row, 1, row.qty_no, row.cost_no) for row in rows),
    )
    legs = [Held(row.market, side, qty, cost) for each in both for row, side, qty, cost in each]
    return sorted((leg for leg in legs if leg.qty), key=lambda leg: (leg.market, leg.outcome))


def _holding(
    named: tuple[str, str, str, Ns | None],
    rows: list[PositionRow],
    worlds: Sequence[World],
    paid: Sequence[tuple[Held, tuple[Cell, ...]]],
) -> Holding:
    title, category, relation, payout_at = named
    fees = Usd(sum(row.fees for row in rows))
    gained = sum(row.realised for row in rows)
    cost = Usd(sum(leg.cost for leg, _ in paid) + fees - gained)
    return Holding(
        title=title,
        category=category,
        relation=relation,
        payout_at=payout_at,
        legs=tuple(leg for leg, _ in paid),
        cost=cost,
        fees=fees,
        worlds=tuple(
            InWorld(
                world.name,
                world.kind,
                world.ppm,
                Usd(sum(_returns(leg, cells[number]) for leg, cells in paid) - cost),
            )
            for number, world in enumerate(worlds)
        ),
    )


def _returns(leg: Held, cell: Cell) -> int:
    stake = divide(leg.cost * cell.stake_ppm, MICRO, Rounding.DOWN)
    return times(cell.fixed, leg.qty, Rounding.DOWN) + stake
