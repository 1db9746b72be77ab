"""Pages of pairs: what waits for a person, and one pair with both rule texts and its payoff table.

Texts of venues are untrusted: templates show them as text. Approving and blocking are plain forms
that `trading.views` answers; the pair appears among the live edges by itself once the engine has
taken the revision.
"""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from markets import discovery_state, pair_view, selectors
from markets.review import PayoffTable, advised, payoff_table, percent
from markets.terms.covers import MOST
from markets.terms.relations import WorldKind

WAITING = "waiting"
MOST_BUTTONS = 6
TABS = ("candidate", "suspended", "confirmed", "blocked")


@require_GET
def pairs(request: HttpRequest) -> HttpResponse:
    """Pairs by status; what waits for a person first."""
    counts = selectors.pair_counts()
    waiting = selectors.pairs_waiting()
    status = request.GET.get("status", "")
    if status not in (*TABS, WAITING, "all"):
        status = WAITING if waiting else next((t for t in TABS if counts.get(t)), "all")
    search = request.GET.get("q", "").strip()[:80]
    if status == WAITING:
        rows, following = selectors.queue(search=search), None
    else:
        rows, following = _listed(request, "" if status == "all" else status, search)
    shorts = {venue.slug: venue.short for venue in selectors.venues()}
    context = {
        "page": "pairs",
        "status": status,
        "q": search,
        "states": discovery_state.states(),
        "match": discovery_state.last_match(),
        "tabs": [{"name": WAITING, "count": waiting, "current": status == WAITING}]
        + [{"name": name, "count": counts.get(name, 0), "current": name == status} for name in TABS]
        + [{"name": "all", "count": sum(counts.values()), "current": status == "all"}],
        "pairs": [
            {"row": row, "shorts": [shorts.get(m.venue, m.venue) for m in row.markets]}
            for row in rows
        ],
        "next": following,
    }
    return render(request, "markets/pairs.html", context)


def _listed(
    request: HttpRequest, status: str, search: str
) -> tuple[tuple[selectors.RelationRow, ...], str | None]:
    try:
        found = selectors.pairs(request.GET.get("cursor"), status=status, search=search)
    except ValueError as problem:
        raise Http404(str(problem)) from None
    return found.items, found.next


@require_GET
def pair(request: HttpRequest, slug: str) -> HttpResponse:
    """One relation: both texts clause by clause, the payoff table, the decision."""
    found = selectors.pair(slug)
    if found is None:
        raise Http404("There is no such pair.")
    shorts = {venue.slug: venue.short for venue in selectors.venues()}
    terms = {m.id: m for m in selectors.market_terms(m.market_id for m in found.markets)}
    is_pair = found.kind == "pair"
    table = payoff_table(found.terms, terms, shorts, found.approved, crossing_only=is_pair)
    review = pair_view.review_of(slug, shorts)
    context = {
        "page": "pairs",
        "slug": found.slug,
        "pair": found,
        "is_pair": is_pair,
        "place": selectors.place_in_queue(slug),
        "table": table,
        **_decision(found, table),
        **pair_view.shown(found, review, shorts, request.GET.get("view", "")),
    }
    return render(request, "markets/pair.html", context)


def _decision(found: selectors.RelationRow, table: PayoffTable) -> dict[str, object]:
    """Which buttons there are, and why some are not."""
    crossing = [cover for cover in table.covers if cover.crosses][:MOST_BUTTONS]
    costly = any(c.tail_px for c in crossing)
    return {
        "crossing": crossing,
        "both": ",".join(str(cover.index) for cover in crossing),
        "advised": advised(crossing),
        "beyond": MOST if len(table.covers) == MOST else None,
        "beyond_approved": MOST in found.approved,
        "worst_tail": max(crossing, key=lambda c: c.tail_px).tail if costly else "",
        "unreadable": [m.market_id for m in found.markets if not m.rules.strip()],
        "gone": [m.market_id for m in found.markets if m.gone],
        "chances": [
            {"name": w.name, "percent": percent(w.ppm)}
            for w in found.terms.worlds
            if w.kind is WorldKind.TAIL
        ],
    }
