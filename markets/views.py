"""Pages of pairs: what waits for a person, and one pair with both rule texts and its payoff table.

Texts of venues are untrusted: templates show them as text. Approving and blocking are plain forms;
the pair appears among the live edges by itself once the engine has taken the revision.
"""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from markets import selectors
from markets.review import advised, payoff_table
from markets.services import block_pair, confirm_pair

TABS = ("candidate", "suspended", "confirmed", "blocked")


@require_GET
def pairs(request: HttpRequest) -> HttpResponse:
    """Pairs by status; what waits for a person first."""
    counts = selectors.pair_counts()
    status = request.GET.get("status", "")
    if status not in (*TABS, "all"):
        waiting = [name for name in TABS if counts.get(name)]
        status = waiting[0] if waiting else "all"
    search = request.GET.get("q", "").strip()[:80]
    try:
        found = selectors.pairs(
            request.GET.get("cursor"), status="" if status == "all" else status, search=search
        )
    except ValueError as problem:
        raise Http404(str(problem)) from None
    shorts = {venue.slug: venue.short for venue in selectors.venues()}
    context = {
        "page": "pairs",
        "status": status,
        "q": search,
        "tabs": [
            {"name": name, "count": counts.get(name, 0), "current": name == status} for name in TABS
        ]
        + [{"name": "all", "count": sum(counts.values()), "current": status == "all"}],
        "pairs": [
            {"row": row, "shorts": [shorts.get(m.venue, m.venue) for m in row.markets]}
            for row in found.items
        ],
        "next": found.next,
    }
    return render(request, "markets/pairs.html", context)


@require_GET
def pair(request: HttpRequest, slug: str) -> HttpResponse:
    """One pair: both texts, the payoff table, the decision."""
    found = selectors.pair(slug)
    if found is None:
        raise Http404("There is no such pair.")
    shorts = {venue.slug: venue.short for venue in selectors.venues()}
    terms = {m.id: m for m in selectors.market_terms(m.market_id for m in found.markets)}
    table = payoff_table(found.terms, terms, shorts, found.approved)
    crossing = [cover for cover in table.covers if cover.crosses]
    context = {
        "page": "pairs",
        "pair": found,
        "sides": [
            {
                "market": m,
                "short": shorts.get(m.venue, m.venue),
                "changed": m.market_id in found.changed_rules,
                "url": m.url if m.url.startswith("https://") else "",
            }
            for m in found.markets
        ],
        "table": table,
        "crossing": crossing,
        "both": ",".join(str(cover.index) for cover in crossing),
        "advised": advised(crossing),
        "worst_tail": max(crossing, key=lambda c: c.tail_px).tail
        if any(c.tail_px for c in crossing)
        else "",
        "unreadable": [m.market_id for m in found.markets if not m.rules.strip()],
    }
    return render(request, "markets/pair.html", context)


@require_POST
def approve(request: HttpRequest, slug: str) -> HttpResponse:
    """Let the chosen packages of a pair trade."""
    _staff_only(request)
    words = [word for word in request.POST.get("packages", "").split(",") if word]
    try:
        if not all(word.isascii() and word.isdigit() for word in words):
            raise ValidationError("Choose which way round to approve.")
        confirm_pair(slug, [int(word) for word in words], *_signed(request))
    except ValidationError as problem:
        return _refused(request, slug, problem)
    messages.success(request, "Approved. It trades as soon as the engine has taken the change.")
    return HttpResponseRedirect(reverse("pair", args=[slug]))


@require_POST
def block(request: HttpRequest, slug: str) -> HttpResponse:
    """Forbid a pair."""
    _staff_only(request)
    try:
        block_pair(slug, *_signed(request))
    except ValidationError as problem:
        return _refused(request, slug, problem)
    messages.success(request, "Blocked. Running deals keep the terms they began with.")
    return HttpResponseRedirect(reverse("pair", args=[slug]))


def _staff_only(request: HttpRequest) -> None:
    if not getattr(request.user, "is_staff", False):
        raise PermissionDenied("Deciding about pairs needs a staff login.")


def _signed(request: HttpRequest) -> tuple[str, str]:
    """Author and reason of a decision."""
    reason = request.POST.get("reason", "").strip()
    if not reason:
        raise ValidationError("Give a reason: it is kept with the decision.")
    return request.user.get_username(), reason[:500]


def _refused(request: HttpRequest, slug: str, problem: ValidationError) -> HttpResponse:
    messages.error(request, " ".join(problem.messages))
    return HttpResponseRedirect(reverse("pair", args=[slug]))
