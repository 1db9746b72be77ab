"""How old a venue's messages are when they reach us, and whether the venue has become slow.

The age of a message is our time of receipt less the venue's time of it, corrected by what is known
of the clocks. The age of a snapshot is that of its last change, not of the message, and is left to
the caller to leave out. A venue is slow when every message for a while was too old: one that came
in time clears it. How old and for how long are settings (`feed_latency_ms`, `feed_latency_for_ms`).
Source: DESIGN "Ages".
"""

from collections import deque

from markets.terms.units import MS, SECOND, Ns

KEPT = 1024
LATE = Ns(2 * SECOND)
LATE_FOR = Ns(10 * SECOND)


class Ages:
    """The newest message ages of one venue."""

    def __init__(self) -> None:
        self._ages: deque[int] = deque(maxlen=KEPT)
        self._slow_since: Ns | None = None
        self._heard_at = Ns(0)
        self.offset = 0
        self.late, self.late_for = LATE, LATE_FOR

    def heard(self, at: Ns, venue_at: Ns) -> None:
        """A message the venue stamped `venue_at` came at `at`; 0 says nothing."""
        if venue_at <= 0:
            return
        age = max(0, at - venue_at + self.offset)
        self._ages.append(age)
        self._heard_at = at
        if age <= self.late:
            self._slow_since = None
        elif self._slow_since is None:
            self._slow_since = at

    def is_slow(self) -> bool:
        """Whether every message of the last `late_for` or more was over `late` old."""
        return self._slow_since is not None and self._heard_at - self._slow_since >= self.late_for

    def forget_slow(self) -> None:
        """A new connection: its messages speak for themselves."""
        self._slow_since = None

    def ms(self, percent: int) -> int | None:
        """The age below which `percent` of the newest messages were, in whole ms (down)."""
        if not self._ages:
            return None
        ordered = sorted(self._ages)
        return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] // MS
