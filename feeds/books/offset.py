"""How far our clock is from a venue's, from answers that tell its time only to the second.

One such answer says no more than that the venue's clock showed some moment of that second while we
waited: an interval. Several answers, each asked for near the turn of a second, cut the interval
down to about the travel time. Offsets are venue minus us: positive means that our clock is behind.
Invariant: only what is certain is judged; an offset that may be zero is no offset. Asking and
waiting are not here.
Source: kalshi sheet 2.2 and polymarket sheet 1 (`Date` header, `GET /time`), read 2026-11-21.
"""

from enum import IntEnum

import msgspec

from markets.terms.units import MS, SECOND, Ns

# A quartz clock drifts less than this part of the time between two looks.
DRIFT_PPM = 100


class Worry(IntEnum):
    """What a clock's offset means, worst last."""

    NONE = 0
    WARN = 1
    CRITICAL = 2
    HALT = 3


class Sample(msgspec.Struct, frozen=True, gc=False):
    """We asked at `sent`, had the answer at `got`, and it named the second that began at `said`."""

    sent: Ns
    got: Ns
    said: Ns


class Offset(msgspec.Struct, frozen=True, gc=False):
    """The venue's clock is between `low` and `high` nanoseconds ahead of ours, as of `at`."""

    low: int
    high: int
    at: Ns

    @property
    def middle(self) -> int:
        """The best guess, in nanoseconds."""
        return (self.low + self.high) // 2

    @property
    def width(self) -> int:
        """How much is still unknown, in nanoseconds."""
        return self.high - self.low

    @property
    def certain_ms(self) -> int:
        """The least offset that is certain, in whole ms towards 0; 0 when there may be none."""
        if self.low > 0:
            return self.low // MS
        return -(-self.high // MS) if self.high < 0 else 0


def measured(sample: Sample) -> Offset:
    """What one answer says."""
    return Offset(sample.said - sample.got, sample.said + SECOND - sample.sent, sample.got)


def narrowed(known: Offset | None, sample: Sample) -> Offset:
    """What is known after one more answer; where both cannot be true the newer one counts."""
    new = measured(sample)
    if known is None:
        return new
    slack = max(0, sample.got - known.at) * DRIFT_PPM // 1_000_000
    low, high = max(known.low - slack, new.low), min(known.high + slack, new.high)
    return Offset(low, high, sample.got) if low <= high else new


def next_ask(known: Offset | None, at: Ns, travel: Ns) -> Ns:
    """How long to wait so that the answer is stamped where the venue's second should turn.

    `travel` is the time a question takes to arrive. Such an answer halves the interval.
    """
    if known is None:
        return Ns(0)
    return Ns(-(at + travel + known.middle) % SECOND)


def judge(certain_ms: int, warn_ms: int, critical_ms: int, halt_ms: int) -> Worry:
    """What a certain offset means; each limit itself already counts."""
    size = abs(certain_ms)
    if size >= halt_ms:
        return Worry.HALT
    if size >= critical_ms:
        return Worry.CRITICAL
    return Worry.WARN if size >= warn_ms else Worry.NONE


def words(certain_ms: int) -> str:
    """An offset for people."""
    if certain_ms == 0:
        return "agrees with ours"
    return f"is at least {abs(certain_ms)} ms {'ahead of' if certain_ms > 0 else 'behind'} ours"
