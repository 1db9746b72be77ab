"""Checkups: what `manage.py doctor` asks a venue, and what it finds.

A checkup is an errand that ends with its findings; it asks and changes nothing. Each finding is one
sentence, and where all is not well the sentence says what to do.
"""

from collections.abc import Generator
from typing import Protocol, runtime_checkable

import msgspec

from feeds.venues.base import Reply, Request
from feeds.venues.errands import Ask, Heard, Step, answer_of
from markets.terms.instruments import Market
from markets.terms.units import Ns
from trading.runtime.gateway import VenueUnreachable


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at: `clock`, `key`, `permissions`, `balance`, ..."""

    what: str
    is_well: bool
    text: str


Checkup = Generator[Step, Heard, list[Finding]]
Answer = Generator[Step, Heard, tuple[Reply | None, Ns, str]]


@runtime_checkable
class CanBeChecked(Protocol):
    """An adapter that can look at its own account. `markets` are those we would trade."""

    def checkup(self, markets: tuple[Market, ...], at: Ns) -> Checkup: ...
    def signed(self, request: Request, at: Ns) -> Request: ...


def ask(request: Request) -> Answer:
    """The answer and when it came, or None and why there is none."""
    try:
        heard = yield Ask(request)
    except VenueUnreachable as problem:
        return None, Ns(0), problem.reason
    return answer_of(heard), heard.at, ""


def well(what: str, text: str) -> Finding:
    """All is well."""
    return Finding(what, True, text)


def ill(what: str, text: str) -> Finding:
    """Something is to be done, and the text says what."""
    return Finding(what, False, text)
