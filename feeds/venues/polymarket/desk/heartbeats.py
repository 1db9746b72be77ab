"""The dead man's switch: once armed, a key whose heartbeats stop loses all its open orders.

Invariants: the first valid heartbeat arms it; ten seconds after the last one, at the next check of
the five-second round, everything of that key is cancelled and the switch is off again.
Source: polymarket sheet 3.9, read 2026-11-20.
"""

from feeds.venues.polymarket.desk.answers import uuid_of
from markets.terms.units import SECOND, Ns

SILENCE = Ns(10 * SECOND)
ROUND = Ns(5 * SECOND)


class Heartbeats:
    """Every armed key: the id expected next, and when it was last heard."""

    def __init__(self) -> None:
        self._armed: dict[str, tuple[str, Ns]] = {}
        self._count = 0
        self._checked = Ns(0)

    def beat(self, key: str, name: str, at: Ns) -> tuple[bool, str]:
        """Whether this heartbeat is the expected one, and the id to send next."""
        expected = self._armed[key][0] if key in self._armed else ""
        if name != expected:
            return False, expected
        self._count += 1
        following = uuid_of(f"heartbeat {key} {self._count}")
        self._armed[key] = (following, at)
        return True, following

    def lapsed(self, at: Ns) -> list[str]:
        """Keys found silent at a check; they are disarmed."""
        if at // ROUND == self._checked // ROUND:
            return []
        self._checked = at
        gone = [key for key, (_, heard) in self._armed.items() if at - heard >= SILENCE]
        for key in gone:
            del self._armed[key]
        return gone
