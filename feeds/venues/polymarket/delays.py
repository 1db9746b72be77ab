"""How long the venue keeps an order that would trade before it looks at it.

Two kinds. The sports delay is said in the catalogue, in whole seconds. The taker delay of up/down
markets is said only in a market's own terms (`itode`), so those markets are asked for them; its
length is not said anywhere and stands here by date. Invariant: what cannot be read is the longest
ever seen, never nothing. The book may move in both, and the order cannot be cancelled meanwhile.
Source: polymarket sheet 3.10 and 4.3, read 2026-11-30.
"""

import msgspec

from feeds.venues.base import Reply, Request
from feeds.venues.polymarket import wire

TAKER_DELAY_MS = 150  # since 2026-09-04
UNREAD_MS = 250  # the longest yet: until 2026-08-17
PATH = "/clob-markets/"


class _Terms(msgspec.Struct, frozen=True):
    """A market's own terms: `c` is its name, `sd` the sports delay in seconds."""

    c: str = ""
    sd: int = 0
    itode: bool = False


_terms = msgspec.json.Decoder(_Terms)


def is_asked(market: wire.GammaMarket) -> bool:
    """Whether its terms must be read: an open market about what happens within a window."""
    return bool(market.event_start_time) and market.accepting_orders and not market.closed


def sports_ms(market: wire.GammaMarket) -> int:
    """The delay that the catalogue says, in milliseconds."""
    return 1_000 * max(0, market.seconds_delay or 0)


def request_of(native: str) -> Request:
    """A market's own terms."""
    return Request("GET", "clob", PATH + native, headers=wire.AGENT)


def native_of(request: Request) -> str | None:
    """The market whose terms a request asks for; None when it asks for something else."""
    return request.path.removeprefix(PATH) if request.path.startswith(PATH) else None


def delay_ms(said: int, native: str, reply: Reply) -> int | None:
    """Both delays together, where `said` is what the catalogue says; None when the reply is no word
    about this market.
    """
    if reply.status != 200:
        return None
    try:
        terms = _terms.decode(reply.body)
    except (msgspec.DecodeError, RecursionError):
        return None
    if terms.c != native:
        return None
    return max(said, 1_000 * max(0, terms.sd)) + (TAKER_DELAY_MS if terms.itode else 0)
