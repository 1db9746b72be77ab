"""Which of two markets that settle alike moves first, from their mid prices.

Each window of time is cut into bars; a bar's move is the change of the last mid known at its end.
The moves of one market are correlated with those of the other some bars later and earlier; the lag
that correlates most, either way round, says who leads there, where it correlates enough at all. A
leader is named only when enough of the last windows name it. Prices of opposite outcomes lead one
another just as well, so the sign of a correlation does not count.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import sqrt

import msgspec

from markets.terms.ids import MarketId
from markets.terms.units import Ns

Mids = Sequence[tuple[Ns, int]]
MOST_LAG = 6
LEAST = 0.3  # a weaker correlation names nobody


class Asked(msgspec.Struct, frozen=True):
    """How it is measured: a bar's length, a window's, how many windows are asked, and how many of
    them must agree.
    """

    bar: Ns
    window: Ns
    of: int
    stable: int


class Lead(msgspec.Struct, frozen=True):
    """Who leads (None: nobody stably), by how much at the median, and how many windows said so of
    those that had moves to judge.
    """

    leader: MarketId | None
    lag: Ns
    agreed: int
    judged: int


def bars(mids: Mids, begin: Ns, end: Ns, bar: Ns) -> list[int | None]:
    """The last mid known at the end of each bar; None while none was.

    Shape: `mids` oldest first; one entry for each whole bar from `begin` to `end`.
    """
    found: list[int | None] = []
    last: int | None = None
    place = 0
    for number in range((end - begin) // bar):
        until = begin + (number + 1) * bar
        while place < len(mids) and mids[place][0] <= until:
            last = mids[place][1]
            place += 1
        found.append(last)
    return found


def moves(closes: Sequence[int | None]) -> list[int]:
    """Changes from bar to bar; 0 where a price was not known yet."""
    return [0 if a is None or b is None else b - a for a, b in pairwise(closes)]


def best_lag(first: Sequence[int], second: Sequence[int]) -> tuple[int, float]:
    """The lag in bars by which `first` runs ahead (below 0: behind), and its correlation; (0, 0.0)
    where nothing moved. Of equal correlations the smaller lag holds.
    """
    scale = sqrt(sum(x * x for x in first) * sum(x * x for x in second))
    if not scale:
        return 0, 0.0
    best, most = 0, 0.0
    for lag in sorted(range(-MOST_LAG, MOST_LAG + 1), key=lambda n: (abs(n), n)):
        pairs = (
            zip(first, second[lag:], strict=False)
            if lag >= 0
            else zip(first[-lag:], second, strict=False)
        )
        found = abs(sum(a * b for a, b in pairs)) / scale
        if found > most + 1e-12:
            best, most = lag, found
    return best, most


def lead(
    first: tuple[MarketId, Mids], second: tuple[MarketId, Mids], now: Ns, asked: Asked
) -> Lead:
    """Who leads over the last `asked.of` windows, the newest ending at `now`."""
    votes: dict[MarketId, list[int]] = {first[0]: [], second[0]: []}
    judged = 0
    for number in range(asked.of):
        end = Ns(now - number * asked.window)
        begin = Ns(end - asked.window)
        sides = [moves(bars(mids, begin, end, asked.bar)) for _, mids in (first, second)]
        lag, strength = best_lag(sides[0], sides[1])
        judged += strength > 0
        if strength >= LEAST and lag:
            votes[first[0] if lag > 0 else second[0]].append(abs(lag))
    name, lags = max(votes.items(), key=lambda item: len(item[1]))
    if len(lags) < asked.stable:
        return Lead(None, Ns(0), len(lags), judged)
    middle = sorted(lags)[len(lags) // 2]
    return Lead(name, Ns(middle * asked.bar), len(lags), judged)
