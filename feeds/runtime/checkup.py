"""Carries a checkup out over plain HTTP; what cannot be reached becomes a finding, not an error."""

from feeds.runtime.http import Http
from feeds.runtime.pause import pause
from feeds.venues.base import Reply
from feeds.venues.checkups import CanBeChecked, Finding, ill
from feeds.venues.errands import Ask, Heard, Rest
from markets.terms.instruments import Market
from trading.runtime.clock import Clock
from trading.runtime.gateway import VenueUnreachable


async def check(
    adapter: CanBeChecked, http: Http, clock: Clock, markets: tuple[Market, ...], tier: str = ""
) -> list[Finding]:
    """What the adapter finds at its venue, where `tier` is the rate tier that is set here."""
    steps = adapter.checkup(markets, tier, clock.now())
    heard: Heard | None = None
    problem: VenueUnreachable | None = None
    while True:
        try:
            if problem is not None:
                step = steps.throw(problem)
            else:
                step = next(steps) if heard is None else steps.send(heard)
        except StopIteration as done:
            found: list[Finding] = done.value
            return found
        except ValueError as wrong:
            return [ill("answer", f"The venue said something that is not understood: {wrong}.")]
        problem = None
        reply: Reply | None = None
        match step:
            case Ask(request):
                try:
                    reply = await http.send(adapter.signed(request, clock.now()))
                except VenueUnreachable as away:
                    problem = away
            case Rest(length):
                await pause(clock, length)
            case _:
                pass
        heard = Heard(clock.now(), reply)
