"""What a purchase comes to: its cost and fees at the levels, and what it pays in each world.

Every fee is the venue's own at the very amounts; what is taken at settlement is counted in the
world in which it falls, per position or on a market's net result as the venue has it. Everything
is rounded against us. Not here: which purchase, at which size (`sizing`, `proposals`).
"""

from collections.abc import Mapping

import msgspec

from markets.terms.fees import fee_each, is_known, nets_in_market, settlement_fee, trade_fee
from markets.terms.ids import MarketId
from markets.terms.instruments import FeeSchedule, Market
from markets.terms.relations import Relation, WorldKind
from markets.terms.units import MICRO, Px, Qty, Usd
from trading.engine.book import Book

Books = Mapping[MarketId, Book]
Markets = Mapping[MarketId, Market]
Held = dict[int, tuple[int, int]]  # contracts and cost by claim


class Fill(msgspec.Struct, frozen=True, gc=False):
    """What would be bought at one level, with the venue's fee of it.

    `formula` is cost and fee by the fee formula, unrounded, in millionths of a millionth of a
    dollar.
    """

    claim: int
    px: Px
    qty: Qty
    cost: Usd
    fee: Usd
    formula: int


def filled(schedule: FeeSchedule, what: tuple[int, Px, Qty]) -> Fill:
    """A purchase of a claim at a price, with the venue's fee of it."""
    claim, px, qty = what
    fee = trade_fee(schedule, px, qty)
    formula = (px + fee_each(schedule, px)) * qty
    return Fill(claim, px, qty, Usd(-(-px * qty // MICRO)), fee, formula)


def worth(relation: Relation, fills: list[Fill], spent: int, markets: Markets) -> tuple[Usd, Usd]:
    """The least these purchases pay over the decisive worlds after that world's settlement fees,
    rounded down, and what the tail worlds are expected to cost, rounded up.
    """
    held = holdings(fills)
    least: int | None = None
    weighted = 0
    for world, described in enumerate(relation.worlds):
        if described.kind is WorldKind.NEUTRAL:
            continue
        paid = paid_in(relation, held, world, markets)
        if described.kind is WorldKind.TAIL:
            weighted += described.ppm * max(0, spent - paid)
        elif least is None or paid < least:
            least = paid
    return Usd(least or 0), Usd(-(-weighted // MICRO))


def holdings(fills: list[Fill]) -> Held:
    """Contracts and cost of each claim."""
    held: Held = {}
    for fill in fills:
        qty, cost = held.get(fill.claim, (0, 0))
        held[fill.claim] = (qty + fill.qty, cost + fill.cost)
    return held


def paid_in(relation: Relation, held: Held, world: int, markets: Markets) -> int:
    """What claims held at a cost pay in one world, after the settlement fees of that world."""
    paid = charged = 0
    nets: dict[MarketId, tuple[int, int]] = {}
    for number, (qty, cost) in held.items():
        claim = relation.claims[number]
        cell = claim.pays[world]
        pays = (cell.fixed * qty + cell.stake_ppm * cost) // MICRO
        paid += pays
        schedule = markets[claim.market].fees
        if not charges_later(schedule):
            continue
        if nets_in_market(schedule):
            gone, back = nets.get(claim.market, (0, 0))
            nets[claim.market] = (gone + cost, back + pays)
        else:
            charged += settlement_fee(schedule, Usd(pays), Usd(cost))
    for market, (gone, back) in nets.items():
        charged += settlement_fee(markets[market].fees, Usd(back), Usd(gone))
    return paid - charged


def charges_later(schedule: FeeSchedule) -> bool:
    """Whether something is taken when the market settles."""
    return bool(schedule.settle_ppm or schedule.withdraw_ppm) or not is_known(schedule)
