"""Settings, stops and the audit: what runs, what is saved, what a change would do, who changed it.

Every form works without scripts: preview, then apply. Changing what the engine may do needs the
role admin, arming a breaker again the role operator.
"""

from __future__ import annotations

from typing import Any

import msgspec
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from markets import selectors as markets
from markets.revisions import verify
from markets.roles import Role, require
from risk import changesets, pages, preview, proposals, selectors, services
from risk.pages import Asked, Place, status
from risk.profiles import PROFILES
from risk.wanted import Item, Wanted
from trading import askings, live, trips
from trading.engine.config import SPECS
from trading.engine.limits import Scope
from trading.engine.pictures import EnginePicture
from trading.services import ask

FIELD = "limit-"
AUDIT_LENGTH = 200
TRIPS_SHOWN = 20


@require_http_methods(["GET", "POST"])
def limits(request: HttpRequest) -> HttpResponse:
    """Every limit of a place; a POST previews, applies or proposes what differs."""
    place = _place(request)
    if request.method == "POST":
        require(request, Role.ADMIN)
        return _change(request, place)
    return _limits(request, place, {}, {})


def _place(request: HttpRequest) -> Place:
    asked = request.POST if request.method == "POST" else request.GET
    scope, target = asked.get("scope", ""), asked.get("target", "").strip()[:240]
    if not scope or not target:
        return Place()
    if scope not in tuple(Scope):
        raise Http404("There is no such scope.")
    return Place(scope, target)


def _limits(
    request: HttpRequest, place: Place, typed: dict[str, str], errors: dict[str, str], **more: Any
) -> HttpResponse:
    profile = request.GET.get("profile", "")
    context = {
        **status("limits"),
        "place": place,
        "places": pages.places(),
        "scopes": [scope.value for scope in Scope if scope],
        "groups": pages.groups(place, typed, errors, profile),
        "overrides": pages.overrides(),
        "profile": profile if profile in PROFILES else "",
        "profiles": list(PROFILES.values()),
        "proposed": pages.proposed(),
        "two": changesets.needs_two(),
        "base": more.pop("base", markets.last_revision_number()),
        **more,
    }
    return render(request, "risk/limits.html", context, status=422 if errors else 200)


def _change(request: HttpRequest, place: Place) -> HttpResponse:
    sent = request.POST
    typed = {k.removeprefix(FIELD): str(sent[k]) for k in sent if k.startswith(FIELD)}
    said = sent.get("base", "")
    base = int(said) if said.isascii() and said.isdigit() else 0
    wanted, errors = pages.read_form(place, typed, pages.saved_texts(place))
    if errors:
        return _limits(request, place, typed, errors, base=base)
    if not wanted:
        messages.info(request, "Nothing differs from what is saved.")
        return HttpResponseRedirect(_address(place))
    try:
        if request.POST.get("action") != "apply":
            return _previewed(request, place, typed, wanted, base)
        said = _apply(request, wanted, base)
    except ValidationError as problem:
        return _limits(
            request, place, typed, {"": " ".join(problem.messages)}, problem=problem.messages
        )
    messages.success(request, said)
    return HttpResponseRedirect(_address(place))


def _apply(request: HttpRequest, wanted: list[Wanted], base: int) -> str:
    author, reason = request.user.get_username(), request.POST.get("reason", "")
    if changesets.needs_two():
        number = proposals.propose(wanted, author, reason, base)
        return f"Change set {number} waits for somebody else to approve it."
    made = changesets.apply(wanted, author, reason, base)
    if made is None:
        return "Nothing differs from what is saved."
    return f"Saved as revision {made.pk}. The engine takes it over within seconds."


def _previewed(
    request: HttpRequest, place: Place, typed: dict[str, str], wanted: list[Wanted], base: int
) -> HttpResponse:
    found = preview.look(wanted)
    changesets.refuse_stale(wanted, base)
    shown = {"touched": found, "sentence": preview.sentence(found), "base": base}
    return _limits(request, place, typed, {}, changes=pages.words_of(wanted), **shown)


def _address(place: Place) -> str:
    if not place.scope:
        return "/settings/"
    return f"/settings/?{urlencode({'scope': place.scope, 'target': place.target})}"


@require_POST
def override(request: HttpRequest) -> HttpResponse:
    """A value for a time, with its reason."""
    require(request, Role.ADMIN)
    return _answered(request, "/settings/", _override)


def _override(request: HttpRequest) -> str:
    spec = SPECS.get(request.POST.get("key", ""))
    if spec is None:
        raise ValidationError("Choose the limit that is to be overridden.")
    item = changesets.override(spec, request.POST.get("value", ""), request.POST.get("minutes", ""))
    made = changesets.apply([item], request.user.get_username(), request.POST.get("reason", ""))
    return f"Overridden until {item.until:%H:%M} UTC." if made else "It was so already."


@require_POST
def use_profile(request: HttpRequest) -> HttpResponse:
    """A profile is taken over whole."""
    require(request, Role.ADMIN)
    return _answered(request, "/settings/", _use_profile)


def _use_profile(request: HttpRequest) -> str:
    name, reason = request.POST.get("profile", ""), request.POST.get("reason", "").strip()
    if not reason:
        raise ValidationError("Give a reason: it is kept with the change.")
    made = services.use_profile(name, request.user.get_username(), reason)
    return f"Profile {name} is saved as revision {made.pk}." if made else "Nothing differs."


@require_POST
def decide(request: HttpRequest, number: int) -> HttpResponse:
    """A proposed change set is approved or withdrawn."""
    require(request, Role.ADMIN)

    def act(request: HttpRequest) -> str:
        who = request.user.get_username()
        if request.POST.get("action") == "withdraw":
            proposals.withdraw(number, who)
            return f"Change set {number} is withdrawn."
        made = proposals.approve(number, who)
        return f"Approved and saved as revision {made.pk}." if made else "It was so already."

    return _answered(request, "/settings/", act)


def _answered(request: HttpRequest, address: str, act: Any) -> HttpResponse:
    try:
        messages.success(request, act(request))
    except ValidationError as problem:
        messages.error(request, " ".join(problem.messages))
    return HttpResponseRedirect(address)


@require_http_methods(["GET", "POST"])
def stops(request: HttpRequest) -> HttpResponse:
    """What stops trading now, and the buttons that let it go on."""
    if request.method == "POST":
        require(request, Role.OPERATOR)
        return _answered(request, "/settings/stops/", _command)
    live.read()
    context = {
        **status("stops"),
        "engine": live.PICTURES.engine,
        "breakers": selectors.breakers(live.PICTURES.engine),
        "switches": _switches(live.PICTURES.engine),
        "trips": [pages.trip(row) for row in trips.trips(limit=TRIPS_SHOWN).items],
        "commands": askings.commands(limit=5).items,
    }
    return render(request, "risk/stops.html", context)


def _switches(engine: EnginePicture | None) -> list[tuple[str, str, bool, str, str]]:
    """What people can stop: the command, its word, whether it is on, its target, the way back."""
    halts = engine.halts if engine else ()
    found = [
        ("halt", "Halt everything", bool(engine and engine.halted), "", "Resume trading"),
        ("pause", "Pause scanning", bool(engine and engine.paused), "scanning", "Scan again"),
        ("view_only", "View only", bool(engine and engine.view_only), "view_only", "Trade again"),
    ]
    scopes = [(str(venue.slug), venue.name) for venue in markets.venues(enabled_only=True)]
    scopes += [(f"strategy/{x.strategy}", x.strategy) for x in selectors.feature_rows()]
    return found + [
        ("halt", f"Halt {name}", scope in halts, scope, f"Resume {name}") for scope, name in scopes
    ]


KINDS = ("halt", "resume", "pause", "view_only", "reset")


def _command(request: HttpRequest) -> str:
    kind, target = request.POST.get("kind", ""), request.POST.get("target", "")
    if kind not in KINDS:
        raise ValidationError(f"There is no such button; it is one of {', '.join(KINDS)}.")
    who, why = request.user.get_username(), request.POST.get("reason", "")
    asked = ask(kind, target, who, why, request.POST.get("key") or None)
    return f"Asked the engine: {asked.kind.replace('_', ' ')} {asked.target}."


@require_GET
def audit(request: HttpRequest) -> HttpResponse:
    """Every change of configuration, and whether the record is whole."""
    asked = Asked.of(request.GET)
    everything = pages.entries("", "", "", pages.LOOKED_BACK)
    context = {
        **status("audit"),
        "checked": verify()[0],
        "entries": pages.entries(asked.who, asked.kind, asked.q, AUDIT_LENGTH),
        "authors": pages.authors(everything),
        "kinds": sorted({kind for entry in everything for kind in entry.kinds}),
        "who": asked.who,
        "kind": asked.kind,
        "q": asked.q,
        "csv": urlencode({"who": asked.who, "kind": asked.kind, "q": asked.q}),
        "commands": askings.commands(limit=20).items,
    }
    return render(request, "risk/audit.html", context)


@require_http_methods(["GET", "POST"])
def revert(request: HttpRequest, number: int) -> HttpResponse:
    """What taking a revision back, or going back to it, would do; a POST does it."""
    require(request, Role.ADMIN)
    try:
        revision = markets.revision(number)
    except LookupError as problem:
        raise Http404(str(problem)) from None
    if request.method == "POST":
        return _answered(request, "/audit/", lambda r: _revert(r, number))
    ways = {"this": changesets.taken_back(revision.changes), "to": changesets.as_of(number)}
    found = {name: _looked(items) for name, items in ways.items()}
    context = {**status("audit"), "revision": revision, "ways": found}
    return render(request, "risk/revert.html", context)


class Looked(msgspec.Struct, frozen=True):
    """A way back: its changes in words, what they touch, or why they cannot be."""

    changes: tuple[str, ...]
    sentence: str
    problem: str = ""


def _looked(wanted: list[Item]) -> Looked:
    if not wanted:
        return Looked((), "")
    words = pages.words_of(wanted)
    try:
        return Looked(words, preview.sentence(preview.look(wanted)))
    except ValidationError as problem:
        return Looked(words, "", " ".join(problem.messages))


def _revert(request: HttpRequest, number: int) -> str:
    author, reason = request.user.get_username(), request.POST.get("reason", "")
    if request.POST.get("way") == "to":
        made = changesets.apply(changesets.as_of(number), author, reason)
        return f"Everything stands as at revision {number}." if made else "It did already."
    made = changesets.revert(number, author, reason)
    return f"Revision {number} is taken back by revision {made.pk}."
