"""Rare worlds in which two equal markets settle apart, read from their clauses, with a price.

A difference of fall-back clauses is no reason to refuse: it is a world with a probability and a
loss. Probabilities are stated priors in millionths, to be replaced by what settled pairs show
(`PRIORS`, each with its reason). The loss is what a dollar held across both venues gives up at
worst, in cents. Not here: the payoff table (`decide`).
"""

from markets.matching.clauses import Clause
from markets.matching.facts import Facts
from markets.matching.verdicts import TailLoss
from markets.terms.units import MICRO

PRIORS: dict[str, tuple[int, str]] = {
    "void": (2_000, "about one game or contest in five hundred is never finished"),
    "tie": (1_000, "a tie that both texts break differently"),
    "postponed": (3_000, "postponed beyond one venue's limit while the other waits"),
    "unread": (5_000, "a clause that one side has and the other does not"),
}
_CENTS = {"half": 50, "fair": 100, "other": 100, "no": 0, "refund": 100, "open": 100, "": 100}


def tail_worlds(a: Facts, b: Facts) -> tuple[TailLoss, ...]:
    """The worlds of both sides' clauses, most costly first; the same clause on both sides is none.

    Shape: at most one world for each kind of clause. Order of the sides does not matter to losses.
    """
    found = []
    for kind in ("void", "postponed", "tie"):
        one, two = _ways(a.clauses, kind), _ways(b.clauses, kind)
        if one == two:
            continue
        found.append(_world(kind, one, two))
    return tuple(sorted(found, key=lambda w: (-w.loss_cents, w.name)))


def _ways(clauses: tuple[Clause, ...], kind: str) -> frozenset[str]:
    return frozenset(c.settles for c in clauses if c.kind == kind)


def _world(kind: str, one: frozenset[str], two: frozenset[str]) -> TailLoss:
    ppm, _ = PRIORS[kind]
    loss = max(_CENTS[way] for way in one | two)
    first = {"half": MICRO // 2}
    pays = [max((first.get(way, 0) for way in side), default=0) for side in (one, two)]
    said = " against ".join(
        sorted(
            " or ".join(sorted(w or "not said" for w in side)) or "silent" for side in (one, two)
        )
    )
    return TailLoss(f"{kind}: {said}", ppm, max(loss, 1), pays[0], pays[1])
