"""The venues page: may I trust what each venue tells me."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from markets import selectors
from trading import live
from trading.selectors import worker


@require_GET
def venues(request: HttpRequest) -> HttpResponse:
    """Every configured venue, beside what the engine sees of it."""
    live.read()
    engine = live.PICTURES.engine
    seen = {picture.venue: picture for picture in engine.venues} if engine else {}
    context = {
        "page": "venues",
        "rows": [{"row": row, "seen": seen.get(row.slug)} for row in selectors.venues()],
        "engine": engine,
        "worker": worker(),
        "saved": selectors.last_revision_number(),
    }
    return render(request, "feeds/venues.html", context)
