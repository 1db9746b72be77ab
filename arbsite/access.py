"""Who may see a page: everybody signed in, with the code of their second factor if they have one.

The API asks for its own token instead of a session. A session ends after a time without a request
and, however busy, after a longest time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth import logout
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from markets.roles import Role, asked_role, has_shown_second_factor, may
from markets.second_factor import is_owed
from markets.session_age import BEGAN, SEEN, is_over

API_PREFIX = "/api/"
# What somebody may still do before the code is given.
WITHOUT_CODE = frozenset(("second-factor", "login", "logout", "healthz", "readyz"))
NOTICE_SECONDS = 60


class LoginRequired(LoginRequiredMiddleware):
    """Sends a visitor to the login page, except from views that say otherwise and from the API."""

    def process_view(
        self,
        request: HttpRequest,
        view_func: Callable[..., HttpResponseBase],
        view_args: Any,
        view_kwargs: Any,
    ) -> HttpResponseBase | None:
        """Nothing when the view may run, else the way to the login page, or to the code's."""
        if request.path.startswith(API_PREFIX):
            return None
        refusal = super().process_view(request, view_func, view_args, view_kwargs)
        if refusal is not None or not request.user.is_authenticated or _may_go_on(request):
            return refusal
        way = urlencode({"next": request.get_full_path()})
        return HttpResponseRedirect(f"{reverse('second-factor')}?{way}")


def _may_go_on(request: HttpRequest) -> bool:
    found = request.resolver_match
    if found is not None and found.view_name in WITHOUT_CODE:
        return True
    return not owes_code(request)


def owes_code(request: HttpRequest) -> bool:
    """Whether this session still owes the code of a second factor."""
    return not has_shown_second_factor(request) and is_owed(request.session, request.user)


class SessionLength:
    """Looks at a session at most once a minute: ends one that is over, notes that it is used."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.session.session_key and request.user.is_authenticated:
            self._look(request)
        return self.get_response(request)

    def _look(self, request: HttpRequest) -> None:
        now = int(timezone.now().timestamp())
        request.session.setdefault(BEGAN, now)
        if now - request.session.get(SEEN, 0) < NOTICE_SECONDS:
            return
        if is_over(request.session, asked_role(request), now):
            logout(request)
        else:
            # Saved anew, a session lives another idle time.
            request.session[SEEN] = now


def powers(request: HttpRequest) -> dict[str, bool]:
    """For templates: what who asks may do."""
    if getattr(request, "user", None) is None:
        return {}
    return {"may_operate": may(request, Role.OPERATOR), "may_administer": may(request, Role.ADMIN)}
