"""Payoff tables of a match: results, handicaps and totals as claims on one whole number.

The worlds are the values of the difference (or the sum) of the scores as far as any line tells
them apart; the two ends stand for everything beyond. A quarter line is two half stakes on its
neighbours. A world is neutral only where every claim is refunded: where one refunds and another
wins or loses, the package must cover it. Source: odds sheet section 4, November 2026.
"""

from collections.abc import Sequence

import msgspec

from markets.terms.ids import MarketId
from markets.terms.relations import PUSH, Cell, Relation, World, WorldKind
from markets.terms.tables import Row, Subject, table
from markets.terms.units import MICRO, Px

HOME, AWAY = 1, -1


class Line(msgspec.Struct, frozen=True, gc=False):
    """A market whose first outcome backs a side with a handicap, in quarters of a goal (-1 is
    -0.25).

    `side` is `HOME` or `AWAY`; 0 quarters is draw no bet. For a total, `HOME` is over: over 2.5
    has -10 quarters.
    """

    market: MarketId
    side: int
    quarters: int


class Result(msgspec.Struct, frozen=True, gc=False):
    """A market whose first outcome pays when the match ends so; two of them are a double chance."""

    market: MarketId
    home: bool = False
    draw: bool = False
    away: bool = False


def settle(quarters: int, difference: int) -> Cell:
    """What a side with this handicap pays when it scored `difference` more than the other."""
    halves = [quarters, quarters] if quarters % 2 == 0 else [quarters - 1, quarters + 1]
    fixed = stake = 0
    for half in halves:
        x = 4 * difference + half
        fixed += MICRO // 2 if x > 0 else 0
        stake += MICRO // 2 if x == 0 else 0
    return Cell(Px(fixed), stake)


def match(subject: Subject, bets: Sequence[Line | Result], *, total: bool = False) -> Relation:
    """The relation of these markets of one match; the worlds are the differences of the scores.

    With `total` the worlds are sums of the scores, so none is below 0. Errors: `ValueError` for a
    result that covers nothing or everything, and for a result on a total.
    """
    for bet in bets:
        _check(bet, total=total)
    lines = [bet for bet in bets if isinstance(bet, Line)]
    edges = [-bet.side * bet.quarters for bet in lines] or [0]
    low = min(edges) // 4 - 1
    high = -(-max(edges) // 4) + 1
    values = list(range(max(low, 0), high + 1) if total else range(min(low, -1), max(high, 1) + 1))
    rows = [Row(bet.market, tuple(_cell(bet, x) for x in values)) for bet in bets]
    worlds = []
    for i, x in enumerate(values):
        idle = all(row.pays[i] == PUSH for row in rows)
        kind = WorldKind.NEUTRAL if idle else WorldKind.DECISIVE
        worlds.append(World(_name(x, values, total=total), kind))
    return table(subject, worlds, rows)


def _check(bet: Line | Result, *, total: bool) -> None:
    if isinstance(bet, Line):
        return
    if total:
        raise ValueError(f"{bet.market} is a result and cannot stand beside totals: take it out.")
    if (bet.home, bet.draw, bet.away) in ((True,) * 3, (False,) * 3):
        raise ValueError(f"{bet.market} covers all results or none: name one or two of them.")


def _cell(bet: Line | Result, x: int) -> Cell:
    if isinstance(bet, Line):
        return settle(bet.quarters, bet.side * x)
    pays = bet.home if x > 0 else bet.away if x < 0 else bet.draw
    return Cell(Px(MICRO if pays else 0))


def _name(x: int, values: list[int], *, total: bool) -> str:
    beyond = " or less" if x == values[0] and not (total and x == 0) else ""
    beyond = " or more" if x == values[-1] else beyond
    if total:
        return f"total {x}{beyond}"
    if x == 0:
        return "draw"
    return f"home by {x}{beyond}" if x > 0 else f"away by {-x}{' or more' if beyond else ''}"
