"""Which order a log line is about: its id, its deal, and the trace of the frame behind the deal.

What is carried out is a task of its own and keeps what was set when it began, so every line written
on an order's way to its venue can say it. Names are put together only when a line is written: an
order costs a dictionary's look-up and two settings of a variable, a frame nothing. Of a deal that
an earlier run opened the number of its event is not known here; its lines name the deal.
"""

from contextvars import ContextVar

import msgspec

from markets.terms.ids import DealId
from trading.engine.orders import OrderRequest
from trading.replay.traces import trace_id

KEPT = 1_000


class About(msgspec.Struct, frozen=True, gc=False):
    """An order under way, and the event that opened its deal; 0 is not known."""

    request: OrderRequest
    opened: int


_ABOUT: ContextVar[About | None] = ContextVar("about", default=None)


class Spoken:
    """Remembers which event opened a deal, of the newest deals."""

    def __init__(self) -> None:
        self._opened: dict[DealId, int] = {}

    def begin(self, seq: int, request: OrderRequest) -> None:
        """Lines from here on are about this order, asked for by the answer to event `seq`."""
        known = self._opened.get(request.deal, 0)
        # Only orders of a deal's first step are named after it.
        if not known and request.id == f"{request.deal}-{request.leg}":
            if len(self._opened) >= KEPT:
                del self._opened[next(iter(self._opened))]
            known = self._opened[request.deal] = seq
        _ABOUT.set(About(request, known))

    def end(self) -> None:
        """Lines are about no order any more; tasks begun meanwhile keep theirs."""
        _ABOUT.set(None)


def spoken_of() -> dict[str, str]:
    """What a line written now is about; empty outside of an order."""
    about = _ABOUT.get()
    if about is None:
        return {}
    said = {"order": str(about.request.id), "deal": str(about.request.deal)}
    if about.opened:
        said["trace"] = trace_id(about.request.deal, about.opened)
    return said
