"""Polymarket's catalogue: pages of open events from Gamma, walked and turned into listings.

Invariants: one odd market is skipped and counted, not the page; an up/down market is listed once
its own terms were read, for only they say how long takers wait. What a listing says of a market is
not here (`listings`), nor are books. Source: polymarket sheet sections 3.10 and 4.1, read
2026-11-30.
"""

from urllib.parse import quote

import msgspec

from feeds.venues.base import Reply, Request
from feeds.venues.polymarket import delays, wire
from feeds.venues.polymarket.listings import VENUE as VENUE
from feeds.venues.polymarket.listings import listing_of, names
from markets.discovery.catalog import Listing
from markets.terms.units import Ns

PAGE = 100
KEYSET = "/events/keyset"
BY_SLUG = "/events/slug/"

_page = msgspec.json.Decoder(wire.EventPage)
_event = msgspec.json.Decoder(wire.GammaEvent)
_market = msgspec.json.Decoder(wire.GammaMarket)


class GammaCatalogue:
    """Pages through `/events/keyset`. `skipped` counts what could not be listed, by reason."""

    def __init__(self) -> None:
        self.skipped: dict[str, int] = {}
        self._held: dict[str, Listing] = {}

    def first(self) -> list[Request]:
        """The first page of open events."""
        return [_page_request("")]

    def since(self, at: Ns) -> list[Request] | None:
        """Nothing: Gamma has no filter by time of change, so every walk is a whole one."""
        return None

    def again(self, request: Request) -> list[Request]:
        """The way on from a page that was marked."""
        return [request]

    def mark(self, waiting: list[Request]) -> Request | None:
        """The page from which the walk could go on if it ended here."""
        return waiting[0] if len(waiting) == 1 and waiting[0].path == KEYSET else None

    def named(self, events: tuple[str, ...]) -> list[Request]:
        """The way to these events only, by their slugs; also closed ones are told."""
        return [
            Request("GET", "gamma", BY_SLUG + quote(slug, safe="-._~"), headers=wire.AGENT)
            for slug in events
        ]

    def parse(self, request: Request, reply: Reply) -> tuple[list[Listing], list[Request]]:
        """Listings of one page and the request for the next, none after the last.

        Errors: `ValueError` when the reply is not a page of events.
        """
        native = delays.native_of(request)
        if native is not None:
            return self._released(native, reply), []
        if request.path.startswith(BY_SLUG):
            return self._hold(self._one(request, reply))
        if reply.status != 200:
            raise ValueError(f"Polymarket answered {reply.status} to {request.path}; try again.")
        try:
            page = _page.decode(reply.body)
        except (msgspec.DecodeError, RecursionError) as problem:
            raise ValueError(
                f"Polymarket's {request.path} is no page of events: {problem}"
            ) from None
        found = [listing for raw in page.events for listing in self._event(raw)]
        ready, asked = self._hold(found)
        if not page.next_cursor or page.next_cursor == dict(request.query).get("after_cursor"):
            return ready, asked
        return ready, [*asked, _page_request(page.next_cursor)]

    def _hold(
        self, found: list[tuple[wire.GammaMarket, Listing]]
    ) -> tuple[list[Listing], list[Request]]:
        """What can be listed now, and the questions about the rest."""
        held = {x.market.native: x for market, x in found if delays.is_asked(market)}
        self._held |= held
        ready = [x for _, x in found if x.market.native not in held]
        return ready, [delays.request_of(native) for native in held]

    def _released(self, native: str, reply: Reply) -> list[Listing]:
        listing = self._held.pop(native, None)
        if listing is None:
            return []
        said = listing.market.delay_ms
        delay = delays.delay_ms(said, native, reply)
        if delay is None:
            self._skip("terms_unread")
            delay = said + delays.UNREAD_MS
        market = msgspec.structs.replace(listing.market, delay_ms=delay)
        return [msgspec.structs.replace(listing, market=market)]

    def _one(self, request: Request, reply: Reply) -> list[tuple[wire.GammaMarket, Listing]]:
        """An event asked for by name; one that is gone is counted, not an error."""
        if reply.status == 404:
            self._skip("event_not_found")
            return []
        if reply.status != 200:
            raise ValueError(f"Polymarket answered {reply.status} to {request.path}; try again.")
        return self._event(msgspec.Raw(reply.body))

    def _event(self, raw: msgspec.Raw) -> list[tuple[wire.GammaMarket, Listing]]:
        try:
            event = _event.decode(raw)
        except (msgspec.DecodeError, RecursionError):
            self._skip("malformed_event")
            return []
        found = (self._market(event, each) for each in event.markets or ())
        return [listing for listing in found if listing is not None]

    def _market(
        self, event: wire.GammaEvent, raw: msgspec.Raw
    ) -> tuple[wire.GammaMarket, Listing] | None:
        try:
            market = _market.decode(raw)
            outcomes = names(market.outcomes)
            if len(outcomes) != 2:
                self._skip("not_two_outcomes")
                return None
            return market, listing_of(event, market, outcomes)
        except (ValueError, RecursionError):
            self._skip("malformed_market")
            return None

    def _skip(self, reason: str) -> None:
        self.skipped[reason] = self.skipped.get(reason, 0) + 1


def _page_request(cursor: str) -> Request:
    query = [("closed", "false"), ("limit", str(PAGE))]
    if cursor:
        query.append(("after_cursor", cursor))
    return Request("GET", "gamma", KEYSET, query=tuple(query), headers=wire.AGENT)
