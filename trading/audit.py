"""A second pair of eyes: a venue's statement compared with the rows, not with the engine's memory.

It shares nothing with the worker's own reconciliation but the statement's form. What it finds is
a sentence; whoever asks decides what to do with it. It compares contracts: what is free in cash the
rows alone do not say.
"""

from __future__ import annotations

from markets.terms.formats import count
from markets.terms.units import Qty
from trading import selectors
from trading.engine.events import AccountReported

DUST = 10_000


def differing(said: AccountReported, *, nets: bool) -> list[str]:
    """What the venue holds otherwise than our positions say; empty where that proves nothing.

    A venue that nets is compared by the difference of a market's two outcomes.
    """
    if not said.complete or selectors.has_live_orders(said.venue, unended=True):
        return []
    theirs: dict[tuple[str, int], int] = {}
    for market, outcome, qty in said.holdings:
        theirs[market, outcome] = theirs.get((market, outcome), 0) + qty
    ours = selectors.live_holdings(said.venue)
    if nets:
        theirs, ours = _net(theirs), _net(ours)
    return [
        f"{said.venue} says {count(Qty(theirs.get(key, 0)))} of {key[0]} (outcome {key[1]}), "
        f"the rows say {count(Qty(ours.get(key, 0)))}."
        for key in sorted(theirs.keys() | ours.keys())
        if abs(theirs.get(key, 0) - ours.get(key, 0)) > DUST
    ]


def _net(held: dict[tuple[str, int], int]) -> dict[tuple[str, int], int]:
    """One number a market: what is held of the first outcome less of the second."""
    net: dict[tuple[str, int], int] = {}
    for (market, outcome), qty in held.items():
        net[market, 0] = net.get((market, 0), 0) + (qty if outcome == 0 else -qty)
    return net
