"""The API under `/api/`: who may call, how a refusal looks, and the routers of the apps.

A caller bears a token (`Authorization: Bearer …`, `manage.py token`) or is logged in here; a
logged-in caller's changes need the CSRF token. Every refusal is `application/problem+json` with one
sentence.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError
from ninja.errors import ValidationError as Unreadable
from ninja.security import HttpBearer
from ninja.utils import check_csrf

from arbsite import rate
from arbsite.access import owes_code
from arbsite.answers import SENTENCES, problem
from arbsite.description import ABOUT, described
from arbsite.health import Health, site_health
from markets.api import router as markets_router
from markets.cursors import NoCursor
from markets.roles import SCOPES, asked_role
from markets.schemas import schema_of
from markets.wire import tell
from risk.api import router as risk_router
from trading import services
from trading.api import router as trading_router
from trading.refusals import Refused


class Caller(HttpBearer):
    """A token's bearer, or whoever is logged in."""

    def __call__(self, request: HttpRequest) -> services.Bearer | None:
        """The caller; nothing when it is nobody we know.

        Errors: `TooMany`, `HttpError`.
        """
        found = self._found(request)
        if found is not None:
            rate.count(found.counted_as, is_command=request.method == "POST")
        return found

    def _found(self, request: HttpRequest) -> services.Bearer | None:
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


class Api(NinjaAPI):
    """As ninja's, with an example of every answer and the refusals each may give."""

    def get_openapi_schema(self, **options: Any) -> Any:
        """The description at `/api/openapi.json`."""
        return described(super().get_openapi_schema(**options))


api = Api(
    title="Arbsite",
    version="1",
    description=ABOUT,
    auth=Caller(),
    docs_decorator=login_required,
    urls_namespace="api",
)
api.add_router("", markets_router)
api.add_router("", trading_router)
api.add_router("", risk_router)


@api.get("/health", tags=["site"], response=schema_of(Health))
def health(request: HttpRequest) -> dict[str, Any]:
    """Whether the stores answer, what the worker runs and when it last spoke."""
    return tell(site_health())


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
    status = 422 if getattr(found, "code", "") == services.KEY_USED else 409
    return problem(status, " ".join(found.messages))


@api.exception_handler(rate.TooMany)
def _too_many(request: HttpRequest, found: rate.TooMany) -> HttpResponse:
    answer = problem(429, str(found))
    answer.headers["Retry-After"] = str(found.wait)
    return answer


@api.exception_handler(NoCursor)
def _no_cursor(request: HttpRequest, found: NoCursor) -> HttpResponse:
    return problem(400, str(found))


@api.exception_handler(Http404)
def _missing(request: HttpRequest, found: Http404) -> HttpResponse:
    return problem(404, SENTENCES[404])


@api.exception_handler(Unreadable)
def _unreadable(request: HttpRequest, found: Unreadable) -> HttpResponse:
    first = found.errors[0]
    where = ".".join(str(part) for part in first.get("loc", ())[1:])
    return problem(422, f"{where}: {first.get('msg', 'not readable')}.")
