"""Which markets normally move, and which of those have fallen silent while the venue goes on.

A market is lively once it has changed often and at short intervals. It is suspiciously silent when
it has not changed for ten times its usual interval (at least 30 s, at most 120 s) while others of
its venue moved lately: then one look at REST tells whether the socket has frozen. Whether a book is
true is not judged here.
Source: polymarket sheet 5.4 item 5, kalshi sheet 4.1, read 2026-11-21.
"""

import msgspec

from markets.terms.ids import MarketId
from markets.terms.units import SECOND, Ns

LIVELY_CHANGES = 20
LIVELY_INTERVAL = Ns(10 * SECOND)
TIMES = 10
SHORTEST = Ns(30 * SECOND)
LONGEST = Ns(120 * SECOND)
LATELY = Ns(10 * SECOND)
WEIGHT = 8


class _Pace(msgspec.Struct, gc=False):
    moved_at: Ns
    changes: int = 1
    interval: int = LONGEST
    asked_at: Ns = Ns(0)


class Activity:
    """The pace of one venue's markets."""

    def __init__(self) -> None:
        self._paces: dict[MarketId, _Pace] = {}
        self._moved_at = Ns(0)

    def moved(self, market: MarketId, at: Ns) -> None:
        """The market's book changed."""
        self._moved_at = at
        pace = self._paces.get(market)
        if pace is None:
            self._paces[market] = _Pace(at)
            return
        pace.changes += 1
        pace.interval += (max(0, at - pace.moved_at) - pace.interval) // WEIGHT
        pace.moved_at = at

    def forget(self, market: MarketId) -> None:
        """It is closed or no longer followed."""
        self._paces.pop(market, None)

    def is_lively(self) -> bool:
        """Whether any market of the venue normally moves."""
        return any(self._is_lively(pace) for pace in self._paces.values())

    def silent(self, at: Ns) -> list[MarketId]:
        """Markets to look at now; each is named once until it moves or as long again has passed."""
        if at - self._moved_at > LATELY:
            return []
        found = []
        for market, pace in self._paces.items():
            patience = min(LONGEST, max(SHORTEST, pace.interval * TIMES))
            quiet_since = max(pace.moved_at, pace.asked_at)
            if self._is_lively(pace) and at - quiet_since >= patience:
                pace.asked_at = at
                found.append(market)
        return found

    def _is_lively(self, pace: _Pace) -> bool:
        return pace.changes >= LIVELY_CHANGES and pace.interval <= LIVELY_INTERVAL
