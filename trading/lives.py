"""Lives of edges: from the first sample above nothing to the first that is not, per relation.

Made of edge samples, which are kept when gate, sign or a quarter of a cent changes: between two of
them the earlier one holds. What was forgone is the profit of the sample that held so long after the
beginning; what a fill would really have come to depends on who else wanted it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from markets.terms.ids import RelationId
from markets.terms.units import MS, Ns, Px, Usd
from trading.judgements import DecisionRow, EdgeRow

AFTER_MS = (50, 200, 500)
NEAR = 5  # a miss is near when less than a fifth of the limit is missing


class Life(msgspec.Struct, frozen=True):
    """One life; `ended` is nothing while it goes on, `after` the profit at each of `AFTER_MS`.

    `gate` is the first sample's, empty when all passed; `deal` the deal opened meanwhile.
    """

    relation: RelationId
    began: Ns
    ended: Ns | None
    net: Px
    profit: Usd
    gate: str
    leader: str
    is_near: bool
    after: tuple[Usd, ...]
    points: tuple[tuple[Ns, Px], ...]
    deal: str = ""

    @property
    def is_taken(self) -> bool:
        """Whether a deal was opened on it."""
        return bool(self.deal)


def lives_of(samples: Iterable[EdgeRow], approved: Sequence[DecisionRow] = ()) -> list[Life]:
    """Lives, the newest first. `samples` in the order of time; `approved` are plans taken."""
    running: dict[RelationId, list[EdgeRow]] = {}
    found: list[Life] = []
    for sample in samples:
        begun = running.get(sample.relation)
        if sample.net > 0:
            running.setdefault(sample.relation, []).append(sample)
        elif begun:
            found.append(_life(begun, sample.at))
            del running[sample.relation]
    found += [_life(begun, None) for begun in running.values()]
    taken = [_with_deal(life, approved) for life in found]
    return sorted(taken, key=lambda life: (-life.began, life.relation))


def _life(samples: list[EdgeRow], ended: Ns | None) -> Life:
    first, best = samples[0], max(samples, key=lambda s: s.net)
    return Life(
        relation=first.relation,
        began=first.at,
        ended=ended,
        net=best.net,
        profit=best.profit,
        gate=first.gate,
        leader=first.leader,
        is_near=any(near(s.gate, s.limit, s.actual) for s in samples),
        after=tuple(_profit_at(samples, ended, Ns(first.at + ms * MS)) for ms in AFTER_MS),
        points=tuple((s.at, s.net) for s in samples),
    )


def _profit_at(samples: list[EdgeRow], ended: Ns | None, at: Ns) -> Usd:
    if ended is not None and ended <= at:
        return Usd(0)
    held = [s for s in samples if s.at <= at]
    return held[-1].profit


def _with_deal(life: Life, approved: Sequence[DecisionRow]) -> Life:
    for row in approved:
        until = life.ended is None or row.at <= life.ended
        if row.relation == life.relation and life.began <= row.at and until:
            return msgspec.structs.replace(life, deal=row.deal)
    return life


def near(gate: str, limit: int, actual: int) -> bool:
    """Whether the least edge refused by less than a fifth of itself."""
    return gate == "min_edge" and limit - actual > 0 and (limit - actual) * NEAR < limit
