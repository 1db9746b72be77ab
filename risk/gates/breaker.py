"""Breakers: what stops trading by itself, and what lets it go on.

Each row of `TABLE` measures something, has a limit and says how it ends. One that reached its limit
is *tripped* while it waits for a person, *cooling* while it ends by itself at a known time, else
*armed*. Each book has its own, so that play money never stops real money. What they remember is in
the engine's state (`trips`, `errors`, `results`, `weighed`), so that one checkpoint holds it. A
stop is about beginning: hedges, unwinds and cancels go on.
"""

from collections.abc import Callable
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from markets.terms.formats import age, amount
from markets.terms.units import MICRO, MS, Ns, Rounding, Usd, divide
from trading.engine.deals import DealState
from trading.engine.events import (
    AccountReported,
    CommandReceived,
    ConfigChanged,
    Event,
    MarketSettled,
    OrderAccepted,
    OrderCancelled,
    OrderDelayed,
    OrderFilled,
    OrderRejected,
    OrderUnknown,
    RunStarted,
    TimerFired,
)
from trading.engine.intents import BreakerChanged
from trading.engine.limits import Unit
from trading.engine.orders import BookKind
from trading.engine.plans import Plan
from trading.engine.ports import Refused
from trading.engine.results import BreakerState, Results, Since, Trip, of_book
from trading.engine.state import EngineState, account, at_work

_S = BreakerState
NEXT: dict[BreakerState, tuple[BreakerState, ...]] = {
    _S.ARMED: (_S.TRIPPED, _S.COOLING),
    _S.TRIPPED: (_S.ARMED,),
    _S.COOLING: (_S.ARMED, _S.COOLING),
}
_PERIODS = {"daily_loss": "day", "weekly_loss": "week", "monthly_loss": "month"}
# What may change a measure, a limit or the end of a stop; prices do not.
_WEIGHED_AFTER: dict[type, None] = dict.fromkeys(
    (
        AccountReported,
        CommandReceived,
        ConfigChanged,
        MarketSettled,
        OrderAccepted,
        OrderCancelled,
        OrderFilled,
        OrderRejected,
        OrderUnknown,
        RunStarted,
        TimerFired,
    )
)


class Ends(StrEnum):
    """What ends a stop."""

    DAY = "day"
    WEEK = "week"
    COOLDOWN = "cool-down"
    PERSON = "person"


class Breaker(msgspec.Struct, frozen=True):
    """One row: what is measured, where it stops (None: switched off), what ends it, and says."""

    name: str
    measure: Callable[[EngineState, BookKind], int]
    limit: Callable[[EngineState, BookKind], int | None]
    unit: Unit
    ends: Ends
    says: str


def equity(state: EngineState, book: BookKind) -> Usd:
    """Money of a book: free at venues that said so, and at work at its cost. What is locked in is
    not counted, nor a venue whose balance is not known.
    """
    free = sum(state.cash.get(account(book, venue), 0) for venue in state.venues)
    held = sum(
        at_work(deal, leg)
        for deal in state.deals.values()
        if deal.book is book and deal.state is not DealState.CLOSED
        for leg in range(len(deal.legs))
    )
    return Usd(free + held)


def _lost(state: EngineState, book: BookKind, period: str) -> int:
    results = of_book(state.results, book)
    begin: int = getattr(results, period).counted
    return max(0, begin - results.total)


def _fall(state: EngineState, book: BookKind) -> int:
    results = of_book(state.results, book)
    return max(0, results.peak - results.total)


def _share(state: EngineState, book: BookKind, ppm: int, lost: int) -> int | None:
    """A share of the equity as it was before the loss, rounded down; None when switched off."""
    if not ppm:
        return None
    return divide((equity(state, book) + lost) * ppm, MICRO, Rounding.DOWN)


def _daily_limit(state: EngineState, book: BookKind) -> int | None:
    limits, lost = state.limits, _lost(state, book, "day")
    share = _share(state, book, limits.daily_loss_share, lost)
    known = [x for x in (limits.daily_loss or None, share) if x is not None]
    return min(known, default=None)


TABLE: tuple[Breaker, ...] = (
    Breaker(
        "daily_loss",
        lambda s, b: _lost(s, b, "day"),
        _daily_limit,
        Unit.USD,
        Ends.DAY,
        "Lost {actual} today, the most is {limit}.",
    ),
    Breaker(
        "weekly_loss",
        lambda s, b: _lost(s, b, "week"),
        lambda s, b: _share(s, b, s.limits.weekly_loss_share, _lost(s, b, "week")),
        Unit.USD,
        Ends.WEEK,
        "Lost {actual} this week, the most is {limit}.",
    ),
    Breaker(
        "monthly_loss",
        lambda s, b: _lost(s, b, "month"),
        lambda s, b: _share(s, b, s.limits.monthly_loss_share, _lost(s, b, "month")),
        Unit.USD,
        Ends.PERSON,
        "Lost {actual} this month, {limit} asks for a review.",
    ),
    Breaker(
        "drawdown",
        _fall,
        lambda s, b: _share(s, b, s.limits.max_drawdown, _fall(s, b)),
        Unit.USD,
        Ends.PERSON,
        "Fell {actual} from the highest, the most is {limit}.",
    ),
    Breaker(
        "losses",
        lambda s, b: of_book(s.results, b).losses,
        lambda s, b: s.limits.max_losses or None,
        Unit.COUNT,
        Ends.PERSON,
        "{actual} deals in a row lost, the most is {limit}.",
    ),
    Breaker(
        "errors",
        lambda s, b: s.errors.get(b.value, 0),
        lambda s, b: s.limits.max_errors or None,
        Unit.COUNT,
        Ends.COOLDOWN,
        "{actual} errors in a row, the most is {limit}.",
    ),
)
NAMES = tuple(row.name for row in TABLE)


def observe(event: Event, state: EngineState) -> tuple[BreakerChanged, ...]:
    """Count errors, and move breakers after whatever may have moved them."""
    if type(event) not in _WEIGHED_AFTER:
        return ()
    _count(event, state)
    found = [*_released(state)]
    for book in BookKind:
        state.weighed[book.value] = of_book(state.results, book).count
        found += [
            _stopped(state, book, row, trip)
            for row, trip in _due(state, book)
            if f"{book.value}/{row.name}" not in state.trips
        ]
    return tuple(found)


def check(plan: Plan, state: EngineState) -> Refused | None:
    """No breaker of the plan's book is tripped or cooling, nor would be if it were asked now."""
    book = plan.book or BookKind.PAPER
    for name, trip in state.trips.items():
        if name.startswith(book.value) and (not trip.until or state.at < trip.until):
            return Refused("breaker", _words(trip, state.at), trip.limit, trip.actual, trip.unit)
    if state.weighed.get(book.value, 0) != of_book(state.results, book).count:
        for _, trip in _due(state, book):
            return Refused("breaker", _words(trip, state.at), trip.limit, trip.actual, trip.unit)
    return None


def reset(event: CommandReceived, state: EngineState) -> tuple[BreakerChanged, ...] | str:
    """Arm what a person names (`daily_loss`, `paper/daily_loss`, or nothing for all) again, and
    count from now.
    """
    last = event.target.rpartition("/")[2]
    if last and last not in NAMES:
        return f"There is no breaker {last}. They are {', '.join(NAMES)}."
    asked = [
        key
        for key in state.trips
        if not event.target or key == event.target or key.endswith(f"/{event.target}")
    ]
    if not asked:
        return "No such breaker is tripped." if event.target else "No breaker is tripped."
    reason = f"Reset by {event.author}: {event.reason}"
    return tuple(replace(_armed(state, key, reason), by=event.author) for key in asked)


def _count(event: Event, state: EngineState) -> None:
    """Errors in a row: a refused order or one nobody knows of; an answer that went well ends it."""
    match event:
        case OrderRejected(order=name) | OrderUnknown(order=name):
            step = 1
        case OrderAccepted(order=name) | OrderDelayed(order=name):
            step = 0
        case OrderFilled(fill=fill):
            name, step = fill.order, 0
        case _:
            return
    order = state.orders.get(name)
    if order is not None:
        book = order.request.book.value
        state.errors[book] = state.errors.get(book, 0) + 1 if step else 0


def _due(state: EngineState, book: BookKind) -> list[tuple[Breaker, Trip]]:
    """Breakers of a book at or over their limit, as trips."""
    found = []
    for row in TABLE:
        actual = row.measure(state, book)
        limit = row.limit(state, book) if actual > 0 else None
        if limit is not None and actual >= limit:
            found.append((row, _trip(state, book, row, limit, actual)))
    return found


def _trip(state: EngineState, book: BookKind, row: Breaker, limit: int, actual: int) -> Trip:
    until = _until(state, book, row.ends)
    to = _S.COOLING if until else _S.TRIPPED
    unit = row.unit.value
    reason = row.says.format(actual=amount(actual, unit), limit=amount(limit, unit))
    return Trip(to, state.at, until, limit, actual, unit, reason)


def _until(state: EngineState, book: BookKind, ends: Ends) -> Ns:
    results = of_book(state.results, book)
    if ends is Ends.COOLDOWN:
        return Ns(state.at + state.limits.error_cooldown_ms * MS)
    if ends is Ends.PERSON:
        return Ns(0)
    return results.day.ends if ends is Ends.DAY else results.week.ends


def _stopped(state: EngineState, book: BookKind, row: Breaker, trip: Trip) -> BreakerChanged:
    state.trips[f"{book.value}/{row.name}"] = trip
    return BreakerChanged(
        state.at, book, row.name, trip.state, trip.reason, trip.limit, trip.actual, trip.unit,
        trip.until,
    )  # fmt: skip


def _released(state: EngineState) -> list[BreakerChanged]:
    over = [key for key, trip in state.trips.items() if trip.until and state.at >= trip.until]
    return [_armed(state, key, "Its time is over.") for key in over]


def _armed(state: EngineState, key: str, reason: str) -> BreakerChanged:
    """Forget a trip and what led to it, so that only what comes now counts."""
    trip = state.trips.pop(key)
    word, _, name = key.partition("/")
    book = BookKind(word)
    results = of_book(state.results, book)
    if name == "errors":
        state.errors[word] = 0
    elif name == "losses":
        results = replace(results, losses=0)
    elif name == "drawdown":
        results = replace(results, peak=results.total)
    else:
        results = _counted_from_now(results, name)
    state.results[word] = results
    return BreakerChanged(
        state.at, book, name, _S.ARMED, reason, trip.limit, trip.actual, trip.unit
    )


def _counted_from_now(results: Results, name: str) -> Results:
    period = _PERIODS[name]
    since: Since = getattr(results, period)
    return replace(results, **{period: replace(since, counted=results.total)})


def _words(trip: Trip, at: Ns) -> str:
    end = f"Passes in {age(trip.until - at)}." if trip.until else "A person must reset it."
    return f"{trip.reason} {end}"
