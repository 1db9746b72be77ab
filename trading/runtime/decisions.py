"""How long the engine takes from a change at a venue's socket to its decision.

A change is what a venue's frame made of a book, a decision is that the engine has looked at it and
said what it wants, if anything. Counted by venue over the last ten to twenty minutes, in spans a
sixteenth wide: noting one costs the same however many there were, and a percentile is at most a
sixteenth too high, never too low.
"""

from __future__ import annotations

from bisect import bisect_right

from markets.terms.ids import VenueId
from markets.terms.units import SECOND, Ns
from trading.engine.pictures import DECISION_BOUNDS_US, Decided

WINDOW = Ns(600 * SECOND)
MICROSECOND = 1_000
WIDTH = 4  # bits below the leading one that tell spans apart
SPANS = 1 << WIDTH


class _Window:
    """Counts of one stretch of time."""

    def __init__(self) -> None:
        self.fine: dict[int, int] = {}
        self.shown = [0] * (len(DECISION_BOUNDS_US) + 1)

    def note(self, took_us: int) -> None:
        span = span_of(took_us)
        self.fine[span] = self.fine.get(span, 0) + 1
        self.shown[bisect_right(DECISION_BOUNDS_US, took_us)] += 1


class Decisions:
    """Every venue's; `at` never decreases."""

    def __init__(self) -> None:
        self._now: dict[VenueId, _Window] = {}
        self._before: dict[VenueId, _Window] = {}
        self._until = Ns(0)

    def note(self, venue: VenueId, came: Ns, at: Ns) -> None:
        """What came at `came` was decided at `at`."""
        self._turn(at)
        window = self._now.get(venue)
        if window is None:
            window = self._now[venue] = _Window()
        window.note(max(0, at - came) // MICROSECOND)

    def told(self, venue: VenueId, at: Ns) -> Decided | None:
        """What is known of a venue; None where nothing was decided lately."""
        self._turn(at)
        windows = [w for kept in (self._before, self._now) if (w := kept.get(venue)) is not None]
        fine: dict[int, int] = {}
        for window in windows:
            for span, count in window.fine.items():
                fine[span] = fine.get(span, 0) + count
        total = sum(fine.values())
        if not total:
            return None
        p50, p95, p99 = (percentile(fine, total, percent) for percent in (50, 95, 99))
        shown = tuple(sum(counts) for counts in zip(*(w.shown for w in windows), strict=True))
        return Decided(total, p50, p95, p99, shown)

    def _turn(self, at: Ns) -> None:
        if at < self._until:
            return
        self._before = self._now if at < self._until + WINDOW else {}
        self._now = {}
        self._until = Ns(at + WINDOW)


def span_of(value: int) -> int:
    """The span a number of microseconds falls in: those below sixteen have one each."""
    if value < SPANS:
        return value
    shift = value.bit_length() - WIDTH - 1
    return (shift << WIDTH) + (value >> shift)


def top_of(span: int) -> int:
    """The largest number of microseconds in a span."""
    if span < SPANS:
        return span
    shift = (span >> WIDTH) - 1
    return ((span - (shift << WIDTH) + 1) << shift) - 1


def percentile(fine: dict[int, int], total: int, percent: int) -> int:
    """The top of the span below which `percent` of all lie, in microseconds."""
    wanted = -(-total * percent // 100)
    seen = 0
    for span in sorted(fine):
        seen += fine[span]
        if seen >= wanted:
            return top_of(span)
    raise ValueError("fewer were counted than there are")
