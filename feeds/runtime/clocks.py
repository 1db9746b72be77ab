"""Asks venues what time it is, and says when our own clock is wrong.

A venue's clock may be wrong as well as ours: ours is judged by the venue that agrees with it best,
so that it is called wrong only when every venue measured says so. One venue's own offset is for the
judgement of that venue.
"""

from collections.abc import Callable

import structlog

from feeds.books.offset import Offset, Sample, Worry, judge, narrowed, next_ask, words
from feeds.runtime.conversation import Fetcher
from feeds.runtime.pause import pause
from feeds.venues.base import Adapter
from markets.terms.ids import VenueId
from markets.terms.units import MS, Ns
from trading.engine.config import Limits
from trading.engine.events import Event, HealthReported
from trading.runtime.clock import Clock

SAMPLES = 8
NARROW = Ns(20 * MS)
COMPONENT = "clock"

log = structlog.get_logger("clock")


async def measure(
    adapter: Adapter, http: Fetcher, clock: Clock, known: Offset | None
) -> Offset | None:
    """What is known of the venue's clock after up to eight more answers; None as long as it names
    no time. Errors: `VenueUnreachable`.
    """
    travel = Ns(0)
    for _ in range(SAMPLES):
        await pause(clock, next_ask(known, clock.now(), travel))
        sent = clock.now()
        reply = await http.send(adapter.clock_request())
        got = clock.now()
        said = adapter.told_time(reply)
        if said is None:
            continue
        travel = Ns((got - sent) // 2)
        known = narrowed(known, Sample(sent, got, said))
        if known.width <= NARROW:
            break
    return known


class Clocks:
    """The offsets of all venues of a process. `emit` hears of `HealthReported("clock", ...)`."""

    def __init__(
        self, clock: Clock, emit: Callable[[Event], None], limits: Callable[[], Limits]
    ) -> None:
        self._clock = clock
        self._emit = emit
        self._limits = limits
        self._worry = Worry.NONE
        self.offsets: dict[VenueId, Offset] = {}

    def told(self, venue: VenueId, offset: Offset) -> None:
        """A venue's clock was measured."""
        self.offsets[venue] = offset
        ms = min((known.certain_ms for known in self.offsets.values()), key=abs)
        worry = self._judge(ms)
        if worry is self._worry:
            return
        before, self._worry = self._worry, worry
        text = f"The venues' clock {words(ms)}."
        log.warning("clock", worry=worry.name.lower(), offset_ms=ms)
        if Worry.HALT in (before, worry):
            ok = worry is not Worry.HALT
            self._emit(HealthReported(self._clock.now(), COMPONENT, ok, text))

    def forget(self, venue: VenueId) -> None:
        """The venue is no longer followed."""
        self.offsets.pop(venue, None)

    def worry_of(self, venue: VenueId) -> Worry:
        """What one venue's own offset means."""
        offset = self.offsets.get(venue)
        return Worry.NONE if offset is None else self._judge(offset.certain_ms)

    def _judge(self, certain_ms: int) -> Worry:
        limits = self._limits()
        return judge(
            certain_ms, limits.clock_warn_ms, limits.clock_critical_ms, limits.clock_halt_ms
        )
