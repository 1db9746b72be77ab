"""What deals kept, from the engine's own fills: by book, since the day, the week and the month
began, and how many lost in a row.

Money counts when a deal ends or changes after its end, at what its fills and payouts locked in: a
residual at its worst, as if nothing more came of it. The sums by deal are the database's own, to
the millionth. Also here: what a stop that acted by itself has in memory. Which sums stop what is
for `risk` to say.
"""

from enum import StrEnum

import msgspec
from msgspec.structs import replace

from markets.terms.units import Ns, Usd
from trading.engine.orders import BookKind
from trading.engine.periods import Period, bounds


class Since(msgspec.Struct, frozen=True, gc=False):
    """Where a book stood when the present period began, and when that ends. Stops count from
    `counted`: the same, until a person resets one.
    """

    ends: Ns = Ns(0)
    total: Usd = Usd(0)
    counted: Usd = Usd(0)


class Results(msgspec.Struct, frozen=True, gc=False):
    """One book's results: `total` of all time, the highest it was, and deals lost in a row.

    `count` is the number of times anything was booked.
    """

    total: Usd = Usd(0)
    peak: Usd = Usd(0)
    losses: int = 0
    count: int = 0
    day: Since = Since()
    week: Since = Since()
    month: Since = Since()


class BreakerState(StrEnum):
    """Armed: watching. Tripped: stopped until a person resets it. Cooling: stopped until a time."""

    ARMED = "armed"
    TRIPPED = "tripped"
    COOLING = "cooling"


class Trip(msgspec.Struct, frozen=True, gc=False):
    """A breaker that is not armed: since when, until when (0: until a person resets it), why."""

    state: BreakerState
    since: Ns
    until: Ns
    limit: int
    actual: int
    unit: str
    reason: str


def booked(results: Results, change: Usd, *, lost: bool | None) -> Results:
    """A deal's result changed by so much. `lost` says how it ended: with a loss, with none, or not
    worth counting (None).
    """
    total = Usd(results.total + change)
    losses = results.losses
    if lost is not None:
        losses = losses + 1 if lost else 0
    return replace(
        results,
        total=total,
        peak=Usd(max(results.peak, total)),
        losses=losses,
        count=results.count + 1,
    )


def ended(before: Usd | None, now: Usd) -> bool | None:
    """How a deal ended, as `booked` takes it: one that kept nothing and cost nothing is not
    counted, and one that was counted as lost is not counted again.
    """
    if before is None:
        return None if now == 0 else now < 0
    return True if before >= 0 > now else None


def turned(results: Results, at: Ns, timezone: str) -> Results:
    """The results with every period that is over counted from now on.

    Another time zone holds from the end of each running period: what was lost in it stays counted.
    """
    return replace(
        results,
        day=_since(results, results.day, Period.DAY, at, timezone),
        week=_since(results, results.week, Period.WEEK, at, timezone),
        month=_since(results, results.month, Period.MONTH, at, timezone),
    )


def turns_at(results: Results) -> Ns:
    """When the first of the running periods ends."""
    return min(results.day.ends, results.week.ends, results.month.ends)


def _since(results: Results, known: Since, period: Period, at: Ns, timezone: str) -> Since:
    if at < known.ends:
        return known
    return Since(bounds(period, at, timezone)[1], results.total, results.total)


def today(results: dict[str, Results]) -> Usd:
    """What all books kept since the day began."""
    return Usd(sum(x.total - x.day.total for x in results.values()))


def of_book(results: dict[str, Results], book: BookKind) -> Results:
    """One book's results; nothing yet when it has none."""
    return results.get(book.value, Results())
