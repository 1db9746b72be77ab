"""Polymarket's API key before a worker trades: asked for once, kept sealed, used again.

The same private key is given the same API key every time, so losing what is kept loses a call. A
venue that does not answer stops nothing: the trader asks again for itself.
"""

from __future__ import annotations

import asyncio

import msgspec
import structlog

from feeds import keyring
from feeds.credentials import fields_of, polymarket_identity
from feeds.discovery import keyless_adapter
from feeds.keyring import POLY_API, Fields, Stored
from feeds.runtime.http import Http
from feeds.venues.errands import Ask, Heard
from feeds.venues.polymarket.account import derived
from feeds.venues.polymarket.credentials import ApiKey
from feeds.venues.polymarket.identity import Identity
from feeds.venues.secret import Secret
from markets import selectors
from markets.terms.ids import VenueId
from trading.runtime.clock import SystemClock
from trading.runtime.gateway import VenueUnreachable

VENUE = VenueId("polymarket")
TIMEOUT_S = 5.0

log = structlog.get_logger("credentials")


def with_api_key(stored: Stored) -> Stored:
    """The same, with the API key of Polymarket's account where it could be had."""
    who = polymarket_identity(fields_of(VENUE, stored), stored)
    row = selectors.venue(VENUE)
    if who is None or who.api is not None or row is None:
        return stored
    said = asyncio.run(_asked(who, keyless_adapter(VENUE).hosts | row.hosts))
    if isinstance(said, str):
        log.warning("no API key yet", problem=said)
        return stored
    key = said.reveal()
    plain = dict(zip(POLY_API, (key.api_key, key.secret, key.passphrase), strict=True))
    keyring.keep_derived(who.owner, plain)
    fields: Fields = {name: Secret(value) for name, value in plain.items()}
    return msgspec.structs.replace(stored, derived={**stored.derived, who.owner: fields})


async def _asked(who: Identity, hosts: dict[str, str]) -> Secret[ApiKey] | str:
    clock = SystemClock()
    errand = derived(who, clock.now())
    async with Http(VENUE, hosts, timeout_s=TIMEOUT_S) as http:
        try:
            step = next(errand)
            while True:
                assert isinstance(step, Ask)  # noqa: S101  it does nothing else
                try:
                    reply = await http.send(step.request)
                except VenueUnreachable as away:
                    step = errand.throw(away)
                else:
                    step = errand.send(Heard(clock.now(), reply))
        except StopIteration as end:
            said: Secret[ApiKey] | str = end.value
            return said
