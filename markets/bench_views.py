"""The match bench's page, and the button that reads the venues' catalogues and matches anew."""

from __future__ import annotations

from celery import current_app
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from markets import bench as benches
from markets import discovery_state, ranker, selectors
from markets.judging import policy_row as policy
from markets.roles import Role, require


@require_http_methods(["GET", "POST"])
def bench(request: HttpRequest) -> HttpResponse:
    """The matcher measured on the stored cases, by topic, and its drift by week."""
    if request.method == "POST":
        require(request, Role.ADMIN)
        benches.run()
        messages.success(request, "Measured; the figures are kept with this week's.")
        return HttpResponseRedirect(reverse("bench"))
    found = benches.latest()
    context = {
        "page": "pairs",
        "found": found,
        "weeks": benches.drift(),
        "run": discovery_state.last_match(),
        "model": policy(),
        "spent": ranker.spent(),
    }
    return render(request, "markets/bench.html", context)


@require_POST
def discover(request: HttpRequest) -> HttpResponse:
    """Ask the jobs to read every enabled venue's catalogue now, and to match afterwards."""
    require(request, Role.ADMIN)
    venues = [v.slug for v in selectors.venues(enabled_only=True)]
    if not venues:
        messages.error(request, "No venue is enabled; enable one in Settings first.")
    for venue in venues:
        current_app.send_task(
            "feeds.sync_catalogue", args=[venue], kwargs={"at_once": True}, queue="heavy"
        )
    if venues:
        current_app.send_task("feeds.match_markets", queue="heavy", countdown=2)
        messages.success(request, f"Asked: {', '.join(venues)}. The state below follows the jobs.")
    return HttpResponseRedirect(reverse("pairs"))


@require_GET
def catalogue_state(request: HttpRequest) -> HttpResponse:
    """The catalogue's age and the running walks, for the pairs page to ask again."""
    return render(request, "markets/catalogue_state.html", {"states": discovery_state.states()})
