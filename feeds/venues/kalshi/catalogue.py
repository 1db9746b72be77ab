"""Walks what Kalshi lists: all series once for their fees, then the open events page by page.

A walk can begin anywhere: at the first page, at what changed since a time, at a page it was
stopped before, or at named events only; the series always come first.

A market is listed only when its fees are known: the event's override, else its series'. A series
missing from the list is asked for by itself, and one that cannot be read leaves its markets with
the schedule `unknown`. A cursor or a page seen before ends the walk with an error, because a
garbage cursor is silently answered with page one (sheet 3.1). Left-out markets are counted by
reason in `skipped`. One object is one walk.
Source: kalshi sheet 3.3, 3.4 and 6.1.
"""

from collections import Counter

import msgspec

from feeds.venues.base import Reply, Request
from feeds.venues.kalshi import parse, wire
from markets.discovery.catalog import Listing
from markets.terms.instruments import FeeSchedule
from markets.terms.units import SECOND, Ns

PAGE = 200
NAMED = 100
EVENTS = "/events"

_PAGES = msgspec.json.Decoder(wire.EventPage)
_SERIES_LIST = msgspec.json.Decoder(wire.SeriesList)
_SERIES = msgspec.json.Decoder(wire.SeriesReply)

ALL_SERIES = Request("GET", "rest", "/series")


def events_request(cursor: str = "", *, since_s: int | None = None) -> Request:
    """One page of open events with their markets and milestones; with `since_s` those of any state
    that changed after it.
    """
    which = ("status", "open") if since_s is None else ("min_updated_ts", str(since_s))
    query = (
        which,
        ("with_nested_markets", "true"),
        ("with_milestones", "true"),
        ("limit", str(PAGE)),
    )
    return Request("GET", "rest", EVENTS, query + ((("cursor", cursor),) if cursor else ()))


def named_request(events: tuple[str, ...]) -> Request:
    """The events of these tickers, whatever their state."""
    query = (
        ("tickers", ",".join(events)),
        ("with_nested_markets", "true"),
        ("with_milestones", "true"),
        ("limit", str(PAGE)),
    )
    return Request("GET", "rest", EVENTS, query)


def series_request(ticker: str) -> Request:
    """One series."""
    return Request("GET", "rest", f"/series/{ticker}")


class KalshiCatalogue:
    """One walk over the open markets."""

    def __init__(self) -> None:
        self.skipped: dict[str, int] = Counter()
        self._series: dict[str, wire.Series | None] = {}
        self._held: dict[str, list[wire.Event]] = {}
        self._cursors: set[str] = set()
        self._first_events: set[str] = set()
        self._then = [events_request()]
        self._starts: dict[str, Ns] = {}

    def first(self) -> list[Request]:
        """All series; the events follow when they are known."""
        return [ALL_SERIES]

    def since(self, at: Ns) -> list[Request] | None:
        """The way to what changed after `at`: the series, then those events."""
        self._then = [events_request(since_s=at // SECOND)]
        return [ALL_SERIES]

    def again(self, request: Request) -> list[Request]:
        """The way on from a page that was marked: the series, then that page."""
        self._then = [request]
        return [ALL_SERIES]

    def mark(self, waiting: list[Request]) -> Request | None:
        """The page from which the walk could go on if it ended here; None while events wait for
        their series.
        """
        is_page = len(waiting) == 1 and waiting[0].path == EVENTS and not self._held
        return waiting[0] if is_page else None

    def named(self, events: tuple[str, ...]) -> list[Request]:
        """The way to these events only."""
        self._then = [named_request(events[i : i + NAMED]) for i in range(0, len(events), NAMED)]
        return [ALL_SERIES]

    def parse(self, request: Request, reply: Reply) -> tuple[list[Listing], list[Request]]:
        """Markets learned from a reply and what to ask next.

        Errors: `ValueError` in one sentence when the walk cannot go on.
        """
        if request.path == ALL_SERIES.path:
            return self._all_series(reply)
        if request.path.startswith("/series/"):
            return self._one_series(request.path.removeprefix("/series/"), reply), []
        return self._page(request, reply)

    def _all_series(self, reply: Reply) -> tuple[list[Listing], list[Request]]:
        if reply.status == 200:
            try:
                found = _SERIES_LIST.decode(reply.body).series or []
            except msgspec.DecodeError:
                self.skipped["unreadable_series_list"] += 1
                found = []
            self._series = {series.ticker: series for series in found}
        return [], list(self._then)

    def _one_series(self, ticker: str, reply: Reply) -> list[Listing]:
        series: wire.Series | None = None
        if reply.status == 200:
            try:
                series = _SERIES.decode(reply.body).series
            except msgspec.DecodeError:
                self.skipped["unreadable_series"] += 1
        self._series[ticker] = series
        return [one for event in self._held.pop(ticker, ()) for one in self._listings(event)]

    def _page(self, request: Request, reply: Reply) -> tuple[list[Listing], list[Request]]:
        page = _decoded(request, reply)
        events = page.events or []
        self._note_starts(page)
        self._refuse_repeats(events, page.cursor or "")
        listings: list[Listing] = []
        asked: list[Request] = []
        for event in events:
            series = event.series_ticker or ""
            if series and series not in self._series:
                if series not in self._held:
                    asked.append(series_request(series))
                self._held.setdefault(series, []).append(event)
            else:
                listings.extend(self._listings(event))
        if page.cursor:
            asked.append(_next_page(request, page.cursor))
        return listings, asked

    def _note_starts(self, page: wire.EventPage) -> None:
        """Starts of the page's games; one event of two milestones has the earlier start."""
        self._starts.clear()
        for milestone in page.milestones or ():
            at = parse.ns_from_text(milestone.start_date)
            if at is None:
                continue
            for ticker in milestone.primary_event_tickers or ():
                self._starts[ticker] = min(at, self._starts.get(ticker, at))

    def _refuse_repeats(self, events: list[wire.Event], cursor: str) -> None:
        first = events[0].event_ticker if events else ""
        if first and first in self._first_events:
            raise ValueError(
                f"kalshi answered GET /events with a page already seen (it begins with {first}); "
                "the listing is incomplete, run it again"
            )
        self._first_events.add(first)
        if cursor and cursor in self._cursors:
            raise ValueError(
                f"kalshi gave the cursor {cursor!r} twice on GET /events; "
                "the listing is incomplete, run it again"
            )
        self._cursors.add(cursor)

    def _listings(self, event: wire.Event) -> list[Listing]:
        series = self._series.get(event.series_ticker or "")
        schedule = schedule_of(event, series)
        category = (series.category if series else None) or event.category or ""
        starts_at = self._starts.get(event.event_ticker)
        found: list[Listing] = []
        for market in event.markets or ():
            one = parse.listing(event, market, schedule, category, starts_at)
            if isinstance(one, str):
                self.skipped[one] += 1
            else:
                found.append(one)
        return found


def schedule_of(event: wire.Event, series: wire.Series | None) -> FeeSchedule:
    """The fees of an event's markets: its overrides, else its series' fields, else `unknown`."""
    if series is None and (not event.fee_type_override or event.fee_multiplier_override is None):
        return parse.fees("series unreadable", None)
    fee_type = event.fee_type_override or (series.fee_type if series else None)
    multiplier = event.fee_multiplier_override
    if multiplier is None and series is not None:
        multiplier = series.fee_multiplier
    return parse.fees(fee_type, multiplier)


def _next_page(request: Request, cursor: str) -> Request:
    """The same question, from a cursor on."""
    query = tuple((name, value) for name, value in request.query if name != "cursor")
    return Request(request.method, request.host, request.path, (*query, ("cursor", cursor)))


def _decoded(request: Request, reply: Reply) -> wire.EventPage:
    if reply.status != 200:
        raise ValueError(f"kalshi answered GET {request.path} with status {reply.status}")
    try:
        return _PAGES.decode(reply.body)
    except msgspec.DecodeError as problem:
        raise ValueError(
            f"kalshi answered GET {request.path} with a body we cannot read: {problem}"
        ) from problem
