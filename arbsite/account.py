"""Pages of one's own account: signing in, the second factor, API tokens, the last sign-ins."""

from __future__ import annotations

from typing import Any

from axes.models import AccessLog
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView, redirect_to_login
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from arbsite.access import owes_code
from markets import second_factor
from markets.moments import ns, ns_or_none
from markets.roles import REACH, asked_role, has_shown_second_factor
from trading import askings, services

SHOWN = 10


@method_decorator(never_cache, name="dispatch")
class SignIn(LoginView):
    """Name and password; a second factor is asked for on its own page."""


def admin_login(request: HttpRequest) -> HttpResponse:
    """The admin has no login page of its own."""
    return redirect_to_login(_next(request, reverse("admin:index")))


admin_login.login_required = False  # type: ignore[attr-defined]


def locked_out(request: HttpRequest, response: Any, credentials: Any = None) -> HttpResponse:
    """What somebody sees after too many wrong passwords: 429 and what to do."""
    minutes = int(settings.AXES_COOLOFF_TIME.total_seconds() // 60)
    sentence = (
        f"Too many wrong passwords. Wait {minutes} minutes, or ask an admin to unlock the name: "
        "`manage.py axes_reset_username NAME`, or Sign-in locks in the admin."
    )
    context = {"locked": sentence, "next": request.POST.get("next", "")}
    answer = render(request, "registration/login.html", context, status=429)
    answer.headers["Retry-After"] = str(minutes * 60)
    return answer


def address(request: HttpRequest) -> str:
    """Where a request comes from: behind our proxy its last word, else the connection itself."""
    if settings.IS_LOCAL:
        return str(request.META.get("REMOTE_ADDR", ""))
    said = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")[-1].strip()
    return said or str(request.META.get("REMOTE_ADDR", ""))


@require_GET
@never_cache
def account(request: HttpRequest) -> HttpResponse:
    """Who one is here, and everything that lets one in."""
    return render(request, "account/account.html", _context(request))


def _context(request: HttpRequest) -> dict[str, Any]:
    role = asked_role(request)
    name = request.user.get_username()
    return {
        "page": "account",
        "role": role.word if role is not None else "",
        "has_factor": second_factor.has_one(request.user),
        "shown_factor": has_shown_second_factor(request),
        "tokens": askings.tokens(name),
        "scopes": [scope for scope, least in REACH.items() if role is not None and role >= least],
        "logins": [
            {
                "at": ns(row.attempt_time),
                "until": ns_or_none(row.logout_time),
                "address": row.ip_address,
                "browser": row.user_agent,
            }
            for row in AccessLog.objects.filter(username=name).order_by("-attempt_time")[:SHOWN]
        ],
    }


@require_http_methods(["GET", "POST"])
@never_cache
@sensitive_post_parameters("code")
def factor(request: HttpRequest) -> HttpResponse:
    """Set up the second factor, or give its code; then back to where one was going."""
    user = request.user
    if not isinstance(user, User):
        raise PermissionDenied("Sign in first.")
    problem = ""
    if request.method == "POST":
        problem = second_factor.try_code(request, user, request.POST.get("code", ""))
        if not problem:
            messages.success(request, "The second factor is right. It counts for this session.")
            return HttpResponseRedirect(_next(request, reverse("account")))
    has_one = second_factor.has_one(user)
    device = None if has_one else second_factor.pending(user)
    context = {
        "page": "account",
        "problem": problem,
        "owed": owes_code(request),
        "has_factor": has_one,
        "drawing": second_factor.drawing(device) if device else "",
        "secret": second_factor.secret_of(device) if device else "",
        "next": _next(request, ""),
    }
    status = 422 if problem else 200
    return render(request, "account/second_factor.html", context, status=status)


@require_POST
def remove_factor(request: HttpRequest) -> HttpResponse:
    """Forget one's second factor; only in a session that gave its code."""
    user = request.user
    if not has_shown_second_factor(request) or not isinstance(user, User):
        raise PermissionDenied("Give a code of the second factor first, then remove it.")
    second_factor.remove(user)
    messages.success(request, "The second factor is removed. Live money cannot be armed without.")
    return HttpResponseRedirect(reverse("account"))


@require_POST
@never_cache
def make_token(request: HttpRequest) -> HttpResponse:
    """A new API token, shown on this answer and never again."""
    context: dict[str, Any] = {}
    try:
        days = request.POST.get("days", "")
        if not (days.isascii() and days.isdigit() and len(days) < 5):
            raise ValidationError("Say after how many days the token ends, 1 to 3650.")
        scope = request.POST.get("scope", "read")
        services.refuse_beyond_role(request.user, scope)  # type: ignore[arg-type]  # signed in
        made = services.make_token(
            request.user.get_username(),
            scope,
            request.POST.get("name", "").strip(),
            days=int(days),
        )
        context["made"] = made
    except ValidationError as problem:
        context["problem"] = " ".join(problem.messages)
    status = 422 if "problem" in context else 201
    context = {**_context(request), **context}
    return render(request, "account/account.html", context, status=status)


@require_POST
def revoke_token(request: HttpRequest, number: int) -> HttpResponse:
    """End the use of one of one's own tokens."""
    if services.revoke_token(request.user.get_username(), number):
        messages.success(request, "The token is revoked: whoever uses it is refused from now on.")
    else:
        messages.error(request, "There is no such token of yours in use.")
    return HttpResponseRedirect(reverse("account"))


def _next(request: HttpRequest, otherwise: str) -> str:
    wanted = request.POST.get("next") or request.GET.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, request.is_secure())
    return wanted if wanted and is_ours else otherwise
