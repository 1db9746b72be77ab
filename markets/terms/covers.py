"""Which rows of a payoff table, in which weights, pay at least one in every decisive world.

The covers are the vertices of {w >= 0 : every world pays >= 1}, found exactly, in fractions: for
each set of rows the worlds that are tight are solved for the weights. Where every row of a set
returns a part of its stake, only the other part must be covered, since that part of the cost comes
back. Small sets come first; the search ends at `MOST` covers or after `TRIES` sets. Not here:
claims, venues, prices; beyond these bounds a solver proposes what is worth buying.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import combinations, islice

from markets.terms.relations import Cell
from markets.terms.units import MICRO

MOST = 64
TRIES = 3_000
_TIGHT = 300

Rows = tuple[tuple[Cell, ...], ...]
Cover = tuple[tuple[int, Fraction], ...]
_Line = tuple[tuple[int, ...], int]


@lru_cache(maxsize=4096)
def covers(rows: Rows, first: tuple[tuple[int, ...], ...]) -> tuple[Cover, ...]:
    """The covers made of these rows: those of the sets named in `first`, then from small to large.

    Shape: at most `MOST`, none of them buying as much of every row as another; each names its rows
    in ascending order with weights above 0.
    """
    found: dict[Cover, None] = {}
    for support in islice(_supports(rows, first), TRIES):
        for cover in _vertices(rows, support):
            if not any(_within(other, cover) for other in found):
                found[cover] = None
        if len(found) >= MOST:
            break
    kept = [c for c in found if not any(o is not c and _within(o, c) for o in found)]
    return tuple(kept[:MOST])


def _supports(rows: Rows, first: tuple[tuple[int, ...], ...]) -> Iterator[tuple[int, ...]]:
    yield from first
    worlds = len(rows[0]) if rows else 0
    for size in range(1, min(len(rows), worlds) + 1):
        for support in combinations(range(len(rows)), size):
            if support not in first:
                yield support


def _vertices(rows: Rows, support: tuple[int, ...]) -> Iterator[Cover]:
    lines = _needed(rows, support)
    if not lines or any(not any(coefficients) for coefficients, _ in lines):
        return
    for tight in islice(combinations(lines, len(support)), _TIGHT):
        weights = _solve(tight)
        if weights is None or min(weights) <= 0:
            continue
        if all(
            sum(c * w for c, w in zip(coefficients, weights, strict=True)) >= need
            for coefficients, need in lines
        ):
            yield tuple(zip(support, weights, strict=True))


def _needed(rows: Rows, support: tuple[int, ...]) -> list[_Line]:
    """The worlds as inequalities on the weights of these rows; those that follow are left out."""
    lines: dict[_Line, None] = {}
    for world in range(len(rows[0])):
        cells = [rows[row][world] for row in support]
        need = MICRO - min(cell.stake_ppm for cell in cells)
        if need > 0:
            lines[tuple(cell.fixed for cell in cells), need] = None
    return [a for a in lines if not any(b != a and _follows(a, b) for b in lines)]


def _follows(line: _Line, other: _Line) -> bool:
    """Whether weights that satisfy `other` always satisfy `line`."""
    return line[1] <= other[1] and all(a >= b for a, b in zip(line[0], other[0], strict=True))


def _solve(lines: Sequence[_Line]) -> list[Fraction] | None:
    """The weights at which all lines are tight; None where they do not decide them."""
    size = len(lines)
    matrix = [[Fraction(c) for c in (*coefficients, need)] for coefficients, need in lines]
    for column in range(size):
        pivot = next((r for r in range(column, size) if matrix[r][column]), None)
        if pivot is None:
            return None
        matrix[column], matrix[pivot] = matrix[pivot], matrix[column]
        scale = matrix[column][column]
        matrix[column] = [Fraction(value, scale) for value in matrix[column]]
        for r in range(size):
            factor = matrix[r][column]
            if r != column and factor:
                matrix[r] = [a - factor * b for a, b in zip(matrix[r], matrix[column], strict=True)]
    return [row[size] for row in matrix]


def _within(smaller: Cover, larger: Cover) -> bool:
    weights = dict(larger)
    return all(row in weights and weight <= weights[row] for row, weight in smaller)
