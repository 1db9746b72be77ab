"""What reads of the Kalshi fake see: the past, between 0.2 and 1 second late.

Each write leaves a version of what it changed, visible a little later; a read takes the newest
visible one. Versions become visible in the order they were written. Without chance there is no lag.
Source: kalshi sheet 3.8 trap 8 (recorded 2026-06-11: still `resting` 0.36 s after its cancel), 9.
"""

from typing import Any

from feeds.sim.chance import Chance
from markets.terms.units import MS, Ns

LEAST_MS, MOST_MS = 200, 1_000


class View:
    """Versions of rows of one kind, by key."""

    def __init__(self) -> None:
        self._rows: dict[str, list[tuple[Ns, dict[str, Any] | None]]] = {}

    def put(self, key: str, row: dict[str, Any] | None, visible: Ns) -> None:
        """The row from `visible` on; None: it is gone."""
        versions = self._rows.setdefault(key, [])
        versions.append((visible, row))

    def get(self, key: str, at: Ns) -> dict[str, Any] | None:
        """The row as it is seen at `at`."""
        seen: dict[str, Any] | None = None
        versions = self._rows.get(key, [])
        while len(versions) > 1 and versions[1][0] <= at:
            versions.pop(0)
        if versions and versions[0][0] <= at:
            seen = versions[0][1]
        return seen

    def rows(self, at: Ns) -> list[dict[str, Any]]:
        """Every row that is seen, oldest first."""
        found = (self.get(key, at) for key in list(self._rows))
        return [row for row in found if row is not None]


class Views:
    """All that is read late."""

    def __init__(self, chance: Chance | None) -> None:
        self._chance = chance
        self._newest = Ns(0)
        self.orders, self.fills = View(), View()
        self.positions, self.settlements = View(), View()
        self.balances = View()

    def visible(self, at: Ns) -> Ns:
        """When what is written now can be read."""
        late = self._chance.between(LEAST_MS, MOST_MS) * MS if self._chance else 0
        self._newest = Ns(max(self._newest, at + late))
        return self._newest
