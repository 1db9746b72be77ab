"""What to buy of a relation with more packages than can be enumerated: a programme over its worlds.

Variables are contracts of each claim at each level of its ladder, whole lots of each claim, the
least payout and the loss in each tail world; what is kept is the payout less asks, fees, friction
and tails. Fees enter level by level as the formula has them, settlement fees in the worlds they
fall in. The answer is floats, so it is only a proposal: amounts are repaired to whole lots and
everything is priced again by the engine's own integers before anybody may believe it. The linear
relaxation's prices say which leg limits. Not here: orders, limits of money beyond one leg's, when
to ask.
"""

from collections.abc import Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csr_array

from markets.terms.fees import fee_each, settlement_fee
from markets.terms.relations import Relation, WorldKind
from markets.terms.units import MICRO, ONE, Px, Qty, Usd
from trading.engine.proposals import Priced, priced
from trading.engine.purchases import Books, Markets

SECONDS = 5.0  # after that the best purchase found so far is proposed
_NOTHING = 1e-7


class Ask(msgspec.Struct, frozen=True):
    """What the operator allows: friction per dollar covered, most money per claim, most loss in a
    neutral world per dollar covered, most levels looked at.
    """

    friction: Px = Px(0)
    leg_cost: Usd = Usd(10**12)
    neutral_loss: Px = ONE
    levels: int = 20


class Proposal(msgspec.Struct, frozen=True):
    """A purchase worth looking at. `value` is what the programme says it keeps, in dollars;
    `exact` what the engine's integers say.

    `limits` is what one more contract at the last price paid would be worth, in dollars, by claim;
    `limiting` the claim where that is most, None where nothing limits.
    """

    amounts: tuple[tuple[int, Qty], ...]
    value: float
    exact: Priced
    limits: tuple[tuple[int, float], ...]
    limiting: int | None


class _Column(msgspec.Struct, frozen=True):
    claim: int
    px: Px
    depth: Qty
    cost: float
    pays: tuple[float, ...]


class _Programme(msgspec.Struct, frozen=True):
    """minimise `objective` over `low` <= x <= `high` with `rows` x <= `most` and `equal` x = 0."""

    objective: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    whole: NDArray[np.float64]
    rows: csr_array
    most: NDArray[np.float64]
    equal: csr_array


def propose(
    relation: Relation, books: Books, markets: Markets, asked: Ask | None = None
) -> Proposal | None:
    """The purchase that keeps the most on these books; None where none keeps anything."""
    terms = asked or Ask()
    columns = _columns(relation, books, markets, terms)
    if not columns:
        return None
    claims = list(dict.fromkeys(column.claim for column in columns))
    programme = _programme(relation, markets, terms, columns, claims)
    found = milp(
        programme.objective,
        integrality=programme.whole,
        bounds=Bounds(programme.low, programme.high),
        constraints=_constraints(programme),
        options={"time_limit": SECONDS, "mip_rel_gap": 0.0},
    )
    if found.x is None or -found.fun <= _NOTHING:
        return None
    amounts = _repaired(relation, markets, claims, found.x[len(columns) :])
    exact = priced(relation, amounts, books, markets, terms.friction)
    if exact is None or not amounts:
        return None
    limits = _limits(programme, columns)
    limiting = max(limits, key=lambda claim: limits[claim], default=None)
    if limiting is not None and limits[limiting] <= _NOTHING:
        limiting = None
    return Proposal(
        tuple(sorted(amounts.items())),
        -float(found.fun),
        exact,
        tuple(sorted(limits.items())),
        limiting,
    )


def _columns(relation: Relation, books: Books, markets: Markets, terms: Ask) -> list[_Column]:
    columns = []
    for number, claim in enumerate(relation.claims):
        book, market = books.get(claim.market), markets.get(claim.market)
        if book is None or market is None:
            continue
        for px, depth in book.asks(claim.outcome)[: terms.levels]:
            pays = []
            for cell in claim.pays:
                gross = Usd(cell.fixed + cell.stake_ppm * px // MICRO)
                pays.append((gross - settlement_fee(market.fees, gross, Usd(px))) / MICRO)
            cost = (px + fee_each(market.fees, px)) / MICRO
            columns.append(_Column(number, px, depth, cost, tuple(pays)))
    return columns


def _programme(
    relation: Relation, markets: Markets, terms: Ask, columns: list[_Column], claims: list[int]
) -> _Programme:
    """Columns: contracts by level, lots by claim, 0 or 1 by claim, the payout, losses by tail."""
    tails = [i for i, w in enumerate(relation.worlds) if w.kind is WorldKind.TAIL]
    levels, count = len(columns), len(claims)
    payout = levels + 2 * count
    width = payout + 1 + len(tails)
    objective = np.zeros(width)
    objective[:levels] = [column.cost for column in columns]
    objective[payout] = terms.friction / MICRO - 1
    objective[payout + 1 :] = [relation.worlds[i].ppm / MICRO for i in tails]
    high = np.full(width, np.inf)
    high[:levels] = [column.depth / MICRO for column in columns]
    high[levels + count : payout] = 1
    whole = np.zeros(width)
    whole[levels:payout] = 1
    places = _Places(levels, count, payout, width)
    rows = [
        *_world_rows(relation, terms, columns, places),
    ]
    for place, claim in enumerate(claims):
        rows += _order_rows(relation, markets, terms, columns, (places, place, claim))
    equal = []
    for place, claim in enumerate(claims):
        tied = {i: 1.0 for i, column in enumerate(columns) if column.claim == claim}
        lot = markets[relation.claims[claim].market].lot
        equal.append(_row(width, {**tied, levels + place: -lot / MICRO}))
    return _Programme(
        objective,
        np.zeros(width),
        high,
        whole,
        csr_array(np.array([row for row, _ in rows])),
        np.array([most for _, most in rows]),
        csr_array(np.array(equal)),
    )


class _Places(msgspec.Struct, frozen=True):
    """Where the columns begin: lots after the levels, the payout, and how many there are."""

    levels: int
    claims: int
    payout: int
    width: int


_Bound = tuple[NDArray[np.float64], float]


def _world_rows(
    relation: Relation, terms: Ask, columns: list[_Column], places: _Places
) -> list[_Bound]:
    """A decisive world pays the payout, a neutral one loses little, a tail one its loss."""
    rows = []
    tails = 0
    for world, described in enumerate(relation.worlds):
        row = np.zeros(places.width)
        pays = [column.pays[world] for column in columns]
        if described.kind is WorldKind.DECISIVE:
            row[: places.levels] = [-paid for paid in pays]
            row[places.payout] = 1
        else:
            row[: places.levels] = [
                column.px / MICRO - paid for column, paid in zip(columns, pays, strict=True)
            ]
            if described.kind is WorldKind.TAIL:
                tails += 1
                row[places.payout + tails] = -1
            else:
                row[places.payout] = -terms.neutral_loss / MICRO
        rows.append((row, 0.0))
    return rows


def _order_rows(
    relation: Relation,
    markets: Markets,
    terms: Ask,
    columns: list[_Column],
    where: tuple[_Places, int, int],
) -> list[_Bound]:
    """What a venue and the operator ask of one claim's order: least size, most money."""
    places, place, claim = where
    mine = [i for i, column in enumerate(columns) if column.claim == claim]
    market = markets[relation.claims[claim].market]
    lots, used = places.levels + place, places.levels + places.claims + place
    depth = sum(columns[i].depth for i in mine) // market.lot
    least = max(market.min_size, market.min_notional * MICRO // columns[mine[0]].px)
    width = places.width
    return [
        (_row(width, {lots: 1.0, used: -float(depth)}), 0.0),
        (_row(width, {lots: -market.lot / MICRO, used: least / MICRO}), 0.0),
        (_row(width, {i: columns[i].px / MICRO for i in mine}), terms.leg_cost / MICRO),
    ]


def _row(width: int, values: Mapping[int, float]) -> NDArray[np.float64]:
    row = np.zeros(width)
    for place, value in values.items():
        row[place] = value
    return row


def _constraints(programme: _Programme) -> list[LinearConstraint]:
    return [
        LinearConstraint(programme.rows, -np.inf, programme.most),
        LinearConstraint(programme.equal, 0, 0),
    ]


def _repaired(
    relation: Relation, markets: Markets, claims: list[int], lots: NDArray[np.float64]
) -> dict[int, Qty]:
    """Whole lots of each claim that is bought at all."""
    amounts = {}
    for place, claim in enumerate(claims):
        count = round(float(lots[place]))
        if count > 0:
            amounts[claim] = Qty(count * markets[relation.claims[claim].market].lot)
    return amounts


def _limits(programme: _Programme, columns: list[_Column]) -> dict[int, float]:
    """The worth of one more contract of each claim at the last price paid, without whole lots."""
    found = linprog(
        programme.objective,
        A_ub=programme.rows,
        b_ub=programme.most,
        A_eq=programme.equal,
        b_eq=np.zeros(programme.equal.shape[0]),
        bounds=np.column_stack([programme.low, programme.high]),
        method="highs",
    )
    if found.x is None:
        return {}
    worth: dict[int, float] = {}
    for place, column in enumerate(columns):
        if found.x[place] > _NOTHING:
            worth[column.claim] = max(0.0, -float(found.upper.marginals[place]))
    return worth
