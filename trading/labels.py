"""Titles and labels as they stand beside a deal, copied from the catalogue with its row."""

from __future__ import annotations

from markets import selectors as market_selectors
from markets.terms.ids import MarketId, RelationId
from markets.terms.packages import label, packages

_NAMES_KEPT = 5_000


class Names:
    """Titles and labels as they stand beside a deal, asked of the database once per relation."""

    def __init__(self) -> None:
        self._labels: dict[tuple[RelationId, int], tuple[str, str]] = {}
        self._outcomes: dict[MarketId, tuple[str, ...]] = {}

    def of(self, relation: RelationId, package: int) -> tuple[str, str]:
        """Title of the relation and label of the package; the relation's id and nothing when
        unknown.
        """
        key = (relation, package)
        if key not in self._labels:
            if len(self._labels) >= _NAMES_KEPT:
                self._labels.clear()
            self._labels[key] = self._look_up(relation, package)
        return self._labels[key]

    def outcome(self, market: MarketId, outcome: int) -> str:
        """The outcome's name, empty when unknown. The relation must have been asked for."""
        names = self._outcomes.get(market, ())
        return names[outcome] if outcome < len(names) else ""

    def _look_up(self, relation: RelationId, package: int) -> tuple[str, str]:
        row = market_selectors.pair(relation)
        if row is None:
            return relation, ""
        self._outcomes.update((m.market_id, m.outcomes) for m in row.markets)
        markets = {m.id: m for m in market_selectors.market_terms(m.market_id for m in row.markets)}
        shorts = {v.slug: v.short for v in market_selectors.venues()}
        found = next((p for p in packages(row.terms) if p.index == package), None)
        known = found is not None and all(c.market in markets for c in row.terms.claims)
        words = label(row.terms, found, markets, shorts) if found is not None and known else ""
        return row.title, words
