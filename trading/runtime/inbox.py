"""Two lanes in front of the engine: what concerns orders, money and people is never dropped and
goes first.

The second lane holds what venues stream. When more than `CROWD` events wait there, a book that
comes in takes the place of the same market's waiting book, before the journal sees either; how
often is counted. A waiting book is left alone once something else was said of its market or feed
after it, so the order of what the engine is told stays true. `at` never decreases from one event to
the next.
"""

import asyncio
from collections import deque

import msgspec

from markets.terms.ids import MarketId
from markets.terms.units import Ns
from trading.engine.events import (
    AccountReported,
    BookChanged,
    BookSeen,
    CommandReceived,
    ConfigChanged,
    Event,
    HealthReported,
    OrderAccepted,
    OrderCancelled,
    OrderDelayed,
    OrderFilled,
    OrderRejected,
    OrderUnknown,
    RunStarted,
    SelfTested,
    TimerFired,
    TradeSeen,
    TwinTold,
)
from trading.runtime.clock import EPOCH

CROWD = 64
_FIRST = frozenset(
    {
        RunStarted,
        ConfigChanged,
        OrderAccepted,
        OrderRejected,
        OrderFilled,
        OrderCancelled,
        OrderDelayed,
        OrderUnknown,
        AccountReported,
        CommandReceived,
        TimerFired,
        HealthReported,
        SelfTested,
        TwinTold,
    }
)


class _Slot:
    __slots__ = ("event",)

    def __init__(self, event: Event) -> None:
        self.event = event


class Inbox:
    """Where every event of the process waits for its turn."""

    def __init__(self, floor: Ns = EPOCH) -> None:
        self._first: deque[Event] = deque()
        self._second: deque[_Slot] = deque()
        self._books: dict[MarketId, _Slot] = {}
        self._last = floor
        self._filled = asyncio.Event()
        self.conflated = 0
        self.came = floor

    def __len__(self) -> int:
        return len(self._first) + len(self._second)

    def put(self, event: Event) -> None:
        """Takes an event in; never blocks."""
        if type(event) in _FIRST:
            self._first.append(event)
        elif not self._absorbed(event):
            self._append(event)
        self._filled.set()

    def take(self) -> Event | None:
        """The next event, with its time raised to the last one's where it lies before; None when
        empty. `came` is then when it really came.
        """
        event = self._pop()
        if event is None:
            self._filled.clear()
            return None
        self.came = event.at
        if event.at < self._last:
            event = msgspec.structs.replace(event, at=self._last)
        self._last = event.at
        return event

    async def wait(self) -> None:
        """Returns when something may wait here."""
        await self._filled.wait()

    def wake(self) -> None:
        """Lets `wait` return although nothing came in."""
        self._filled.set()

    def _pop(self) -> Event | None:
        if self._first:
            return self._first.popleft()
        if not self._second:
            return None
        slot = self._second.popleft()
        event = slot.event
        if type(event) is BookChanged and self._books.get(event.book.market) is slot:
            del self._books[event.book.market]
        return event

    def _absorbed(self, event: Event) -> bool:
        if len(self._second) <= CROWD:
            return False
        match event:
            case BookChanged(book=book) if (slot := self._books.get(book.market)) is not None:
                slot.event = event
            case BookSeen(market=market) if market in self._books:
                pass
            case _:
                return False
        self.conflated += 1
        return True

    def _append(self, event: Event) -> None:
        slot = _Slot(event)
        self._second.append(slot)
        match event:
            case BookChanged(book=book):
                self._books[book.market] = slot
            case BookSeen() | TradeSeen():
                pass
            case _:
                self._books.clear()
