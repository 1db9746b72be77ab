"""Pages of pairs: what waits for a person, and one pair with both rule texts and its payoff table.

Texts of venues are untrusted: templates show them as text. Approving and blocking are plain forms
that `trading.views` answers; the pair appears among the live edges by itself once the engine has
taken the revision.
"""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from markets import selectors
from markets.review import advised, payoff_table

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
