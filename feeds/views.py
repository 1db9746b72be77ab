"""The venues page: may I trust what each venue tells me, and stop one that I do not."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from feeds.venue_page import venues_context
from markets import selectors
from trading import live
from trading.consumers import Reader
from trading.selectors import worker
from trading.views import command


@require_GET
def venues(request: HttpRequest) -> HttpResponse:
    """Every configured venue, beside what the engine sees of it."""
    live.read()
    request.pictures_read = True  # type: ignore[attr-defined]
    reader = Reader(bool(getattr(request.user, "is_staff", False)), request.GET.get("open", ""))
    context = {
        **venues_context(reader),
        "page": "venues",
        "engine": live.PICTURES.engine,
        "worker": worker(),
        "saved": selectors.last_revision_number(),
    }
    return render(request, "feeds/venues.html", context)


@require_POST
def halt_venue(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask the engine to take no new orders at a venue: at once, no dialog."""
    if selectors.venue(slug) is None:
        raise Http404("There is no such venue.")
    return command(request, "halt", "halted from the venues page", target=slug)
