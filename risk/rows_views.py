"""How far strategies are let, where one may trade, what is blocked: previewed, then applied or
proposed, as limits are.

Forms work without scripts: what was typed comes back with the preview, and is sent again with it.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from markets import selectors as markets
from markets.roles import Role, require
from risk import changesets, pages, preview, proposals, rows, selectors, services
from risk.wanted import RowWanted

ADDRESS = "/settings/strategies/"
TYPED = (
    "kind",
    "key",
    "rollout",
    "venue",
    "share",
    "country",
    "category",
    "allowed",
    "why",
    "block",
    "value",
    "active",
)


@require_http_methods(["GET", "POST"])
def strategies(request: HttpRequest) -> HttpResponse:
    """Strategies, places and blocks; a POST previews, applies or proposes one change."""
    if request.method != "POST":
        return _page(request)
    require(request, Role.ADMIN)
    typed = {name: str(request.POST.get(name, ""))[:300] for name in TYPED}
    said = request.POST.get("base", "")
    base = int(said) if said.isascii() and said.isdigit() else markets.last_revision_number()
    reason = request.POST.get("reason", "").strip()
    try:
        wanted = read(typed, reason)
        if request.POST.get("action") == "preview":
            return _previewed(request, typed, wanted, base)
        messages.success(request, _apply(request, wanted, reason, base))
    except ValidationError as problem:
        return _page(request, problem=problem.messages)
    return HttpResponseRedirect(ADDRESS)


def read(typed: Mapping[str, str], reason: str) -> RowWanted:
    """What a form asks for. Errors: `ValidationError` for a form that asks for nothing."""
    kind = typed["kind"]
    if kind == rows.FEATURE:
        fields = {
            "rollout": typed["rollout"],
            "venue": typed["venue"],
            "share_ppm": services.share_of(typed["share"]),
        }
        return RowWanted(kind, typed["key"], fields)
    if kind == rows.PLACE:
        country = typed["country"].strip().upper()
        key = typed["key"] or f"{country}/{typed['venue']}/{typed['category'].strip()}"
        return RowWanted(kind, key, {"allowed": typed["allowed"] == "1", "why": typed["why"]})
    if kind == rows.BLOCK:
        key = typed["key"] or f"{typed['block']}/{typed['value'].strip()}"
        fields = {"active": typed["active"] == "1", "reason": reason or "no reason yet"}
        return RowWanted(kind, key, fields)
    raise ValidationError(f"There is no such form; it is one of {', '.join(rows.KINDS)}.")


def _previewed(
    request: HttpRequest, typed: dict[str, str], wanted: RowWanted, base: int
) -> HttpResponse:
    found = preview.look([wanted])
    changesets.refuse_stale([wanted], base)
    return _page(
        request,
        typed=typed,
        base=base,
        changes=pages.words_of([wanted]),
        touched=found,
        sentence=preview.sentence(found),
        two=changesets.needs_two() and not rows.narrows(wanted),
    )


def _apply(request: HttpRequest, wanted: RowWanted, reason: str, base: int) -> str:
    author = request.user.get_username()
    if changesets.needs_two() and not rows.narrows(wanted):
        number = proposals.propose([wanted], author, reason, base)
        return f"Change set {number} waits for somebody else to approve it."
    made = changesets.apply([wanted], author, reason, base)
    if made is None:
        return "It was so already."
    return f"Saved as revision {made.pk}. The engine takes it over within seconds."


def _page(request: HttpRequest, **more: object) -> HttpResponse:
    engine = selectors.engine()
    context = {
        **pages.status("strategies"),
        "features": selectors.feature_rows(),
        "stages": services.STAGES,
        "venues": markets.venues(),
        "engine": engine,
        "permissions": selectors.permissions(engine.country),
        "geoblocks": selectors.geoblocks(),
        "blocks": [
            {"key": f"{kind}/{value}", "kind": kind, "value": value, "why": why, "on": on}
            for kind, value, why, on in markets.block_rows()
        ],
        "block_kinds": rows.BLOCK_KINDS,
        "proposed": pages.proposed(),
        "base": markets.last_revision_number(),
        **more,
    }
    return render(
        request, "risk/strategies.html", context, status=422 if "problem" in more else 200
    )
