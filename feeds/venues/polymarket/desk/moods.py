"""What the venue accepts at the moment: everything, cancels only, nothing, or it is restarting.

After a restart only orders that cannot trade at once are let in for two minutes.
Source: polymarket sheet 3.9, read 2026-11-20.
"""

from enum import Enum

from feeds.venues.polymarket.desk.answers import (
    CANCEL_ONLY,
    DISABLED,
    POST_ONLY_MODE,
    RESTARTING,
    Refused,
)
from markets.terms.units import SECOND, Ns

POST_ONLY_FOR = Ns(120 * SECOND)
NEVER = Ns(0)


class Mood(Enum):
    """The venue's standing mode."""

    OPEN = "open"
    CANCEL_ONLY = "cancel_only"
    DISABLED = "disabled"


class Moods:
    """The mode set by the operator, and the times of the last restart."""

    def __init__(self) -> None:
        self.mood = Mood.OPEN
        self._ends = NEVER
        self._restarting_until = NEVER
        self._post_only_until = NEVER

    def restart(self, at: Ns, lasting: Ns) -> None:
        """The engine goes away for so long, and comes back in post-only mode."""
        self._restarting_until = Ns(at + lasting)
        self._post_only_until = Ns(at + lasting + POST_ONLY_FOR)

    def post_only(self, until: Ns) -> None:
        """Only orders that rest until then."""
        self._post_only_until = until

    def switch(self, mood: Mood, at: Ns, lasting: Ns) -> None:
        """Another standing mode, for so long or (0) until the next."""
        self.mood = mood
        self._ends = Ns(at + lasting) if lasting else NEVER

    def let_cancel(self, at: Ns) -> None:
        """Whether a cancel is taken now. Errors: `Refused` 503 or 425."""
        if self._ends and at >= self._ends:
            self.switch(Mood.OPEN, at, NEVER)
        if self.mood is Mood.DISABLED:
            raise Refused(503, DISABLED)
        if at < self._restarting_until:
            raise Refused(425, RESTARTING)

    def let_order(self, at: Ns) -> None:
        """Whether orders are taken at all now. Errors: `Refused` 503 or 425."""
        self.let_cancel(at)
        if self.mood is Mood.CANCEL_ONLY:
            raise Refused(503, CANCEL_ONLY)

    def let_taker(self, at: Ns) -> None:
        """Whether an order that might trade at once is taken now. Errors: `Refused` 503."""
        if at < self._post_only_until:
            wait = -(-(self._post_only_until - at) // SECOND)
            extra: dict[str, object] = {"code": "post_only_mode", "retry_after_seconds": wait}
            raise Refused(503, POST_ONLY_MODE, extra)
