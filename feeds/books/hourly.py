"""How often something happened within the last hour, to the minute, and in all."""

from collections import deque

from markets.terms.units import SECOND, Ns

MINUTE = 60 * SECOND
MINUTES = 60


class Hourly:
    """Counts by minute; older ones are forgotten, `total` is not."""

    def __init__(self) -> None:
        self._minutes: deque[list[int]] = deque()
        self.total = 0

    def add(self, at: Ns, times: int = 1) -> None:
        """It happened `times` times."""
        if times <= 0:
            return
        minute = at // MINUTE
        if not self._minutes or self._minutes[-1][0] != minute:
            self._minutes.append([minute, 0])
        self._minutes[-1][1] += times
        self.total += times

    def upto(self, total: int, at: Ns) -> None:
        """It happened `total` times in all by now."""
        self.add(at, total - self.total)

    def count(self, at: Ns) -> int:
        """How often within the sixty minutes that end with this one."""
        while self._minutes and self._minutes[0][0] <= at // MINUTE - MINUTES:
            self._minutes.popleft()
        return sum(times for _, times in self._minutes)
