"""Buttons of the review that only change rows of this app: teach, snooze, allow, exclude, chances.

Plain forms of staff, each with a reason; every one is safe to send twice. Approving and blocking,
which are kept as commands too, stand in `trading.views`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from markets import reviewing, services, teaching
from markets.roles import Role, require

SNOOZES = {"1h": timedelta(hours=1), "1d": timedelta(days=1), "1w": timedelta(days=7)}


@require_POST
def reject(request: HttpRequest, slug: str) -> HttpResponse:
    """Block a pair, and keep it as a case of what must be refused."""

    @transaction.atomic
    def act(author: str, reason: str) -> str:
        services.block_pair(slug, author, reason)
        teaching.teach(
            slug, "different", author, clause=request.POST.get("clause", ""), note=reason
        )
        return "Rejected, and kept as a case the matcher is measured on."

    return _carry_out(request, slug, act)


@require_POST
def teach(request: HttpRequest, slug: str) -> HttpResponse:
    """Keep a pair as a case with its label; its status stays."""

    def act(author: str, reason: str) -> str:
        label = request.POST.get("label", "")
        teaching.teach(slug, label, author, clause=request.POST.get("clause", ""), note=reason)
        return f"Kept as a case: {label}."

    return _carry_out(request, slug, act)


@require_POST
def snooze(request: HttpRequest, slug: str) -> HttpResponse:
    """Put a pair aside for a while."""

    def act(author: str, reason: str) -> str:
        length = SNOOZES.get(request.POST.get("for", "1d"), SNOOZES["1d"])
        reviewing.snooze(slug, length, author, reason)
        return "Put aside; it comes back by itself."

    return _carry_out(request, slug, act, default="decide later")


@require_POST
def invert(request: HttpRequest, slug: str) -> HttpResponse:
    """Turn the polarity of a candidate round."""

    def act(author: str, reason: str) -> str:
        reviewing.invert(slug, author, reason)
        return "Turned round. Read the payoff table again before you approve."

    return _carry_out(request, slug, act)


@require_POST
def allow_source(request: HttpRequest, slug: str) -> HttpResponse:
    """Let two classes of source stand for one another from now on."""

    def act(author: str, reason: str) -> str:
        first, second = request.POST.get("first", ""), request.POST.get("second", "")
        reviewing.allow_source(first, second, author, reason)
        return "Allowed. The next matching run judges by it."

    return _carry_out(request, slug, act)


@require_POST
def exclude(request: HttpRequest, slug: str) -> HttpResponse:
    """Forbid a market, a series, a category or titles with a pattern, for good."""

    def act(author: str, reason: str) -> str:
        kind, value = request.POST.get("kind", ""), request.POST.get("value", "")
        services.add_block_rule(kind, value, author, reason)
        return f"Blocked: {kind} {value}."

    return _carry_out(request, slug, act)


@require_POST
def chances(request: HttpRequest, slug: str) -> HttpResponse:
    """Set the probabilities of a pair's tail worlds, in percent."""

    def act(author: str, reason: str) -> str:
        said = {
            name.removeprefix("chance:"): value
            for name, value in request.POST.items()
            if name.startswith("chance:")
        }
        reviewing.set_chances(
            slug, {n: reviewing.ppm_of(str(v)) for n, v in said.items()}, author, reason
        )
        return "Saved. The tail cost of both ways is counted anew."

    return _carry_out(request, slug, act)


@require_POST
def pre_match(request: HttpRequest, slug: str) -> HttpResponse:
    """Trade a pair before its game only, in play too, or as its category says."""

    def act(author: str, reason: str) -> str:
        wanted = {"only": True, "always": False}.get(request.POST.get("when", ""))
        reviewing.set_pre_match(slug, author, reason, only=wanted)
        return "Saved; the engine takes it with its next configuration."

    return _carry_out(request, slug, act)


def _carry_out(
    request: HttpRequest, slug: str, act: Callable[[str, str], str], *, default: str = ""
) -> HttpResponse:
    require(request, Role.ADMIN)
    reason = request.POST.get("reason", "").strip()[:500] or default
    try:
        if not reason:
            raise ValidationError("Give a reason: it is kept with the decision.")
        messages.success(request, act(request.user.get_username(), reason))
    except ValidationError as problem:
        messages.error(request, " ".join(problem.messages))
    return HttpResponseRedirect(reverse("pair", args=[slug]))
