"""The venues page: may I trust what each venue tells me, and stop one that I do not."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from feeds import venue_settings, venue_tabs
from feeds.quoting import quotes_of
from feeds.venue_page import venues_context
from markets import selectors
from markets.roles import Role, may, require
from markets.terms.units import DAY, Ns
from risk.pages import status
from trading import live
from trading.askings import last_self_test, worker
from trading.consumers import Reader
from trading.selectors import charged_fees, fill_times
from trading.views import command

SHOWN = 100
TABS = (
    ("health", "Health", "/venues/"),
    ("latency", "Latency", "/venues/latency/"),
    ("rejects", "Rejects", "/venues/rejects/"),
    ("fees", "Fees charged", "/venues/fees/"),
    ("calendar", "Calendar", "/venues/calendar/"),
)


@require_GET
def venues(request: HttpRequest) -> HttpResponse:
    """Every configured venue, beside what the engine sees of it."""
    live.read()
    request.pictures_read = True  # type: ignore[attr-defined]
    reader = Reader(may(request, Role.OPERATOR), request.GET.get("open", ""))
    context = {
        **venues_context(reader),
        **_tabs("health"),
        "engine": live.PICTURES.engine,
        "worker": worker(),
        "self_test": last_self_test(),
        "saved": selectors.last_revision_number(),
    }
    return render(request, "feeds/venues.html", context)


@require_GET
def latency(request: HttpRequest) -> HttpResponse:
    """How long orders of the last day took to their first fill."""
    times = fill_times(Ns(live.now_ns() - DAY))
    found = venue_tabs.latencies(selectors.venues(), times)
    decided = venue_tabs.decisions(selectors.venues(), live.truths())
    context = {**_tabs("latency"), "latencies": found, "decisions": decided}
    return render(request, "feeds/latency.html", context)


@require_GET
def rejects(request: HttpRequest) -> HttpResponse:
    """What venues sent that was not taken as it came, by reason."""
    found = venue_tabs.all_rejects(selectors.venues(), live.truths())
    return render(request, "feeds/rejects.html", {**_tabs("rejects"), "rejects": found})


@require_GET
def fees_charged(request: HttpRequest) -> HttpResponse:
    """What fills were charged beside what the fee formula says."""
    charged = charged_fees()
    markets = venue_tabs.markets_of(charged)
    sums, lines = venue_tabs.fee_lines(
        selectors.venues(),
        charged,
        selectors.fee_rows(markets),
        selectors.market_titles(markets),
    )
    context = {**_tabs("fees"), "sums": sums, "lines": lines[:SHOWN], "all": len(lines)}
    return render(request, "feeds/fees_charged.html", context)


@require_GET
def calendar(request: HttpRequest) -> HttpResponse:
    """Announced maintenance of the next days."""
    now = Ns(live.now_ns())
    found = venue_tabs.calendar(selectors.venues(), selectors.maintenance(now), now)
    return render(request, "feeds/calendar.html", {**_tabs("calendar"), "windows": found})


def _tabs(current: str) -> dict[str, Any]:
    tabs = [
        {"label": label, "address": address, "current": name == current}
        for name, label, address in TABS
    ]
    return {"page": "venues", "tabs": tabs}


@require_POST
def halt_venue(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask the engine to take no new orders at a venue: at once, no dialog."""
    require(request, Role.OPERATOR)
    if selectors.venue(slug) is None:
        raise Http404("There is no such venue.")
    return command(request, "halt", "halted from the venues page", target=slug)


@require_GET
def quotes(request: HttpRequest, slug: str) -> HttpResponse:
    """Both markets' best prices now, for the review of a pair."""
    try:
        found, gap = quotes_of(slug)
    except LookupError as problem:
        raise Http404(str(problem)) from None
    return render(request, "feeds/quotes.html", {"quotes": found, "gap": gap})


@require_GET
def settings_venues(request: HttpRequest) -> HttpResponse:
    """How far each venue is let; what is changed once a month is changed in the admin."""
    context = {**status("venues"), "venues": venue_settings.all_venues(Ns(live.now_ns()))}
    return render(request, "feeds/settings_venues.html", context)
