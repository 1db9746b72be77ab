"""Checkups: what `manage.py doctor` asks a venue, and what it finds.

A checkup is an errand that ends with its findings; it asks and changes nothing. Each finding is one
sentence, and where all is not well the sentence says what to do.
"""

from collections.abc import Generator
from typing import Protocol, runtime_checkable

import msgspec

from feeds.venues.base import Reply, Request
from feeds.venues.errands import Ask, Heard, Step, answer_of
from markets.terms import tiers
from markets.terms.instruments import Market
from markets.terms.units import MS, SECOND, Ns
from trading.runtime.gateway import VenueUnreachable

SKEW = Ns(2 * SECOND)


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at: `clock`, `key`, `permissions`, `balance`, ..."""

    what: str
    is_well: bool
    text: str


Checkup = Generator[Step, Heard, list[Finding]]
Answer = Generator[Step, Heard, tuple[Reply | None, Ns, str]]


@runtime_checkable
class CanBeChecked(Protocol):
    """An adapter that can look at its own account. `markets` are those we would trade, `tier` the
    rate tier that is set for the venue.
    """

    def checkup(self, markets: tuple[Market, ...], tier: str, at: Ns) -> Checkup: ...
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


def clock(told: Ns | None, asked: Ns, came: Ns) -> Finding:
    """Our clock beside the venue's: `told` is the beginning of the second an answer names, which
    was out from `asked` to `came`.
    """
    if told is None:
        return ill("clock", "The answer names no time; the clock cannot be compared.")
    early, late = told - came, told + SECOND - asked
    off = early if early > 0 else min(0, late)
    if abs(off) >= SKEW:
        return ill(
            "clock", f"Ours is off by {off // MS} ms, 5 s are fatal; let NTP or chrony set it."
        )
    return well("clock", "Ours agrees to the second.")


def judged_tier(venue: str, tier: str, used: str, means: str) -> Finding:
    """The account's rate tier, which is known, beside the one that is set here.

    To use less than one may is no fault; to use more is.
    """
    used = tiers.known(venue, used)
    order = tiers.TIERS[venue]
    do = f"set it in the admin, under Venues, or with `manage.py venue {venue} --rate-tier {tier}`"
    if order.index(used) > order.index(tier):
        return ill("limits", f"The account has tier {tier}, here it is taken for {used}; {do}.")
    if used != tier:
        return well("limits", f"Tier {tier}: {means}; only {used} is used, {do}.")
    return well("limits", f"Tier {tier}: {means}.")
