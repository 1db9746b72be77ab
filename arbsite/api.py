"""The API under `/api/`: who may call, how a refusal looks, and the routers of the apps.

A caller bears a token (`Authorization: Bearer …`, `manage.py token`) or is logged in here; a
logged-in caller's changes need the CSRF token. Every refusal is `application/problem+json` with one
sentence.
"""

from __future__ import annotations

import json
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError
from ninja.errors import ValidationError as Unreadable
from ninja.security import HttpBearer
from ninja.utils import check_csrf

from arbsite.access import owes_code
from arbsite.health import redis_answers
from markets import selectors as markets
from markets.api import router as markets_router
from markets.cursors import NoCursor
from markets.moments import ns
from markets.roles import SCOPES, asked_role
from markets.terms.units import SECOND
from markets.wire import iso
from risk import selectors as risk
from trading import selectors as trading
from trading import services
from trading.api import router as trading_router
from trading.refusals import Refused

SILENT = 5 * SECOND
TITLES = {
    400: "Bad request",
    401: "Not authenticated",
    403: "Not allowed",
    404: "Not found",
    409: "Refused",
    422: "Not readable",
}


class Caller(HttpBearer):
    """A token's bearer, or whoever is logged in."""

    def __call__(self, request: HttpRequest) -> services.Bearer | None:
        """The caller; nothing when it is nobody we know."""
        if "Authorization" in request.headers:
            return super().__call__(request)
        user = request.user
        if not user.is_authenticated:
            return None
        if check_csrf(request):
            raise HttpError(403, "The CSRF token is missing or wrong; send it as X-CSRFToken.")
        role = asked_role(request)
        if role is None:
            return None
        if owes_code(request):
            raise HttpError(403, "Enter the code of your second factor first, under Account.")
        return services.Bearer(user.get_username(), SCOPES[role], f"user:{user.pk}")

    def authenticate(self, request: HttpRequest, token: str) -> services.Bearer | None:
        """The bearer of a token."""
        return services.bearer(token)


api = NinjaAPI(
    title="Arbsite",
    version="1",
    description="Edges, decisions, deals and commands. Money in dollars, sizes in contracts, UTC.",
    auth=Caller(),
    docs_decorator=login_required,
    urls_namespace="api",
)
api.add_router("", markets_router)
api.add_router("", trading_router)


@api.get("/health", tags=["site"], response=dict[str, Any])
def health(request: HttpRequest) -> dict[str, Any]:
    """Whether the stores answer, what the worker runs and when it last spoke."""
    worker = trading.worker()
    return {
        "at": iso(ns(timezone.now())),
        "redis": redis_answers(),
        "mode": risk.engine().exec_mode,
        "revision_saved": markets.last_revision_number(),
        "worker": worker
        and {
            "name": worker.name,
            "run": worker.run,
            "mode": worker.mode,
            "at": iso(worker.at),
            "silent": ns(timezone.now()) - worker.at > SILENT,
            "revision_running": worker.revision_running,
            "rejected": list(worker.rejected),
        },
    }


def problem(status: int, detail: str) -> HttpResponse:
    """A refusal after RFC 9457."""
    body = {"type": "about:blank", "title": TITLES.get(status, "Refused"), "status": status}
    answer = HttpResponse(
        json.dumps({**body, "detail": detail}),
        status=status,
        content_type="application/problem+json",
    )
    if status == 401:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


@api.exception_handler(AuthenticationError)
def _unknown(request: HttpRequest, found: AuthenticationError) -> HttpResponse:
    return problem(401, "Send a valid token as `Authorization: Bearer …`, or log in.")


@api.exception_handler(HttpError)
def _http(request: HttpRequest, found: HttpError) -> HttpResponse:
    return problem(found.status_code, found.message)


@api.exception_handler(Refused)
def _refused(request: HttpRequest, found: Refused) -> HttpResponse:
    return problem(found.status, found.sentence)


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, found: ValidationError) -> HttpResponse:
    return problem(409, " ".join(found.messages))


@api.exception_handler(NoCursor)
def _no_cursor(request: HttpRequest, found: NoCursor) -> HttpResponse:
    return problem(400, str(found))


@api.exception_handler(Http404)
def _missing(request: HttpRequest, found: Http404) -> HttpResponse:
    return problem(404, "There is no such address in this API; see /api/docs.")


@api.exception_handler(Unreadable)
def _unreadable(request: HttpRequest, found: Unreadable) -> HttpResponse:
    first = found.errors[0]
    where = ".".join(str(part) for part in first.get("loc", ())[1:])
    return problem(422, f"{where}: {first.get('msg', 'not readable')}.")
