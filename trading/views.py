"""Pages of what happens now, and every button that commands: halt, resume, unwind, approve, block.

A page and its live updates render the same partials. Buttons are plain forms: they work without
scripts and without the socket.
"""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from markets.roles import Role, require
from markets.selectors import market_titles, relation_markets
from markets.selectors import venue as venue_row
from markets.services import block_pair, confirm_pair
from markets.terms.units import MS
from trading import askings, live, selectors, showcase, traces
from trading.deal_view import deal_lines, deal_view
from trading.explain import explain
from trading.naked_view import naked_panel
from trading.panels import edges_context
from trading.rows import read_view
from trading.services import NAKED, Wish, ask, carry_out
from trading.twin_view import twin_table

DEAL_TABS = {
    "": ("All", ()),
    "open": ("Open", ("opening", "resting", "hedging", "unwinding")),
    "balanced": ("Balanced", ("balanced",)),
    "residual": ("Residual", ("residual",)),
    "closed": ("Closed", ("closed",)),
}
LOG_LENGTH = 200


@require_GET
def edges(request: HttpRequest) -> HttpResponse:
    """Live edges from the newest pictures."""
    reachable = live.read()
    request.pictures_read = True  # type: ignore[attr-defined]
    asked = request.GET
    view = read_view(
        asked.get("v", ""), asked.get("sort", ""), asked.get("q", ""), asked.get("page", "")
    )
    context = edges_context(live.PICTURES, view, opened=asked.get("open", ""))
    return render(
        request, "trading/edges.html", {**context, "reachable": reachable, "page": "edges"}
    )


@require_GET
def explanation(request: HttpRequest, name: str) -> HttpResponse:
    """The explanation of one relation, to stand under its row."""
    live.read()
    picture = live.PICTURES.by_dom_id(name)
    if picture is None:
        raise Http404("This relation is gone.")
    return render(request, "trading/explanation.html", {"explanation": explain(picture)})


@require_GET
def deals(request: HttpRequest) -> HttpResponse:
    """Deals, newest first."""
    name = request.GET.get("state", "")
    name = name if name in DEAL_TABS else ""
    try:
        found = selectors.deals(request.GET.get("cursor"), states=DEAL_TABS[name][1])
    except ValueError as problem:
        raise Http404(str(problem)) from None
    counts = selectors.deal_counts()
    tabs = [
        {
            "name": key,
            "label": label,
            "count": sum(counts.get(s, 0) for s in states) if states else sum(counts.values()),
            "current": key == name,
        }
        for key, (label, states) in DEAL_TABS.items()
    ]
    context = {
        "page": "deals",
        "tabs": tabs,
        "state": name,
        "deals": deal_lines(found.items),
        "next": found.next,
    }
    return render(request, "trading/deals.html", context)


@require_GET
def deal(request: HttpRequest, deal_id: str) -> HttpResponse:
    """One deal: its life, legs and money."""
    found = selectors.deal(deal_id)
    if found is None:
        raise Http404("There is no such deal.")
    titles = market_titles(leg.market for leg in found.deal.legs)
    live.read()
    request.pictures_read = True  # type: ignore[attr-defined]
    panel = naked_panel(live.PICTURES.engine, deal_id, live.now_ns())
    context = {
        "page": "deals",
        "view": deal_view(found, titles),
        "naked": panel,
        "twins": twin_table(found),
    }
    return render(request, "trading/deal.html", context)


@require_GET
def trace(request: HttpRequest, deal_id: str) -> HttpResponse:
    """A deal's way from the decision to its fills, link by link, as rows tell it."""
    chain = traces.find(deal_id)
    if chain is None or chain.deal != deal_id:
        raise Http404("There is no such deal.")
    context = {"page": "deals", "chain": chain, "steps": traces.steps_of(chain)}
    return render(request, "trading/trace.html", context)


@require_GET
def naked(request: HttpRequest, deal_id: str) -> HttpResponse:
    """The choices about a naked deal as they stand now; empty when it is naked no more."""
    live.read()
    context = {"naked": naked_panel(live.PICTURES.engine, deal_id, live.now_ns())}
    return render(request, "trading/naked.html", context)


@require_POST
def choose(request: HttpRequest, deal_id: str) -> HttpResponse:
    """Ask the engine to do one of the four things about a naked deal."""
    require(request, Role.OPERATOR)
    kind = request.POST.get("kind", "")
    if kind not in NAKED:
        raise Http404("There is no such choice.")
    return command(request, kind, "", target=deal_id)


@require_GET
def exposed(request: HttpRequest, slug: str) -> HttpResponse:
    """What is held of a relation's markets, to stand on its review page."""
    found = selectors.positions_of(relation_markets(slug))
    titles = market_titles(row.market for row in found)
    rows = [{"row": row, "title": titles.get(row.market, row.market)} for row in found]
    return render(request, "trading/exposed.html", {"rows": rows})


@require_GET
def more(request: HttpRequest) -> HttpResponse:
    """The pages that have no tab of their own on a phone, and what was asked of the engine."""
    context = {"page": "more", "commands": askings.commands(limit=20).items}
    return render(request, "trading/more.html", context)


@require_POST
def halt(request: HttpRequest) -> HttpResponse:
    """Ask the engine to take no new orders: at once, no dialog."""
    return command(request, "halt", "halted from the page")


@require_http_methods(["GET", "POST"])
def resume(request: HttpRequest) -> HttpResponse:
    """What still stands against trading, and the form that asks to go on, everywhere or at one
    venue.
    """
    asked = request.POST if request.method == "POST" else request.GET
    venue = venue_row(asked["venue"]) if asked.get("venue") else None
    if asked.get("venue") and venue is None:
        raise Http404("There is no such venue.")
    if request.method == "POST":
        return command(request, "resume", "", target=venue.slug if venue else "")
    context = {"page": "resume", "venue": venue, "commands": askings.commands(limit=10).items}
    return render(request, "trading/resume.html", context)


@require_POST
def unwind(request: HttpRequest, deal_id: str) -> HttpResponse:
    """Ask the engine to get out of a deal."""
    return command(request, "unwind", "", target=deal_id)


@require_POST
def approve(request: HttpRequest, slug: str) -> HttpResponse:
    """Let the chosen packages of a pair trade."""
    words = [word for word in request.POST.get("packages", "").split(",") if word]

    def act(author: str, reason: str) -> str:
        if not all(word.isascii() and word.isdigit() for word in words):
            raise ValidationError("Choose which way round to approve.")
        read = request.POST.getlist("read")
        return str(confirm_pair(slug, [int(word) for word in words], author, reason, read))

    done = "Approved. It trades as soon as the engine has taken the change."
    return _decide(request, "confirm_pair", slug, act, done)


@require_POST
def block(request: HttpRequest, slug: str) -> HttpResponse:
    """Forbid a pair."""
    done = "Blocked. Running deals keep the terms they began with."
    return _decide(request, "block_pair", slug, lambda *by: str(block_pair(slug, *by)), done)


def _decide(
    request: HttpRequest, kind: str, slug: str, act: Callable[[str, str], str], done: str
) -> HttpResponse:
    """A decision about a pair, by an admin: once per key, and never without a reason."""
    require(request, Role.ADMIN)
    author = request.user.get_username()
    reason = request.POST.get("reason", "").strip()[:500]
    wish = Wish(kind, slug, author, reason, request.POST.get("key") or None)
    try:
        carry_out(wish, lambda: act(author, reason))
    except ValidationError as problem:
        messages.error(request, " ".join(problem.messages))
    else:
        messages.success(request, done)
    return HttpResponseRedirect(reverse("pair", args=[slug]))


ASKED = {
    "halt": "Halt asked. No new orders from the moment the engine answers.",
    "resume": "Resume asked. Waiting for the engine.",
    "unwind": "Unwind asked. Waiting for the engine.",
    "wait": "Waiting asked. The policy still acts when it becomes urgent.",
    "hedge": "A resting hedge asked. Waiting for the engine.",
    "cross": "Crossing asked. Waiting for the engine.",
}


def command(
    request: HttpRequest, kind: str, default_reason: str, *, target: str = ""
) -> HttpResponse:
    """Put a command before the engine and go back to the page it was asked on.

    Errors: `PermissionDenied` for who may only look.
    """
    require(request, Role.OPERATOR)
    reason = request.POST.get("reason", "").strip() or default_reason
    try:
        ask(kind, target, request.user.get_username(), reason, request.POST.get("key") or None)
    except ValidationError as problem:
        messages.error(request, " ".join(problem.messages))
        return HttpResponseRedirect(_back(request))
    messages.info(request, ASKED[kind])
    return HttpResponseRedirect(_back(request))


def _back(request: HttpRequest) -> str:
    wanted = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(wanted, {request.get_host()}, request.is_secure()):
        return wanted
    return reverse("edges")


@require_GET
def styleguide(request: HttpRequest) -> HttpResponse:
    """Every component in its states, in both themes."""
    require(request, Role.OPERATOR)
    now = live.now_ns()
    pictures = showcase.relations(now)
    context = {
        "page": "styleguide",
        "rows": showcase.rows(pictures),
        "explanation": explain(pictures[0]),
        "headers": showcase.headers(now),
        "now_ms": now // MS,
    }
    return render(request, "arbsite/styleguide.html", context)
