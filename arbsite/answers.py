"""What every answer of the API has in common: problems in one shape, ETags, no NUL characters."""

from __future__ import annotations

import json

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.http import ConditionalGetMiddleware

PREFIX = "/api/"
PROBLEM = "application/problem+json"
TITLES = {
    400: "Bad request",
    401: "Not authenticated",
    403: "Not allowed",
    404: "Not found",
    405: "Wrong method",
    409: "Refused",
    422: "Not readable",
    429: "Too many requests",
    500: "Our mistake",
    503: "Away",
}
SENTENCES = {
    404: "There is no such address in this API; see /api/docs.",
    405: "This address does not take this method; see /api/docs.",
    500: "Something broke on our side; it is in the log of the web process.",
}


def problem(status: int, detail: str) -> HttpResponse:
    """A refusal after RFC 9457."""
    body = {"type": "about:blank", "title": TITLES.get(status, "Refused"), "status": status}
    answer = HttpResponse(
        json.dumps({**body, "detail": detail}), status=status, content_type=PROBLEM
    )
    if status == 401:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


class ApiAnswers(ConditionalGetMiddleware):
    """Under `/api/` a GET carries an ETag and answers `If-None-Match` with 304, and whatever
    refuses is a problem, also what the site itself says of an unknown address.
    """

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        """A NUL character can be no part of a filter: PostgreSQL has none."""
        asked = request.path + request.META.get("QUERY_STRING", "")
        if request.path.startswith(PREFIX) and ("\0" in asked or "%00" in asked):
            return problem(400, "A NUL character is no part of any value here; leave it out.")
        return None

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """The answer in the API's shape."""
        if not request.path.startswith(PREFIX):
            return response
        if response.status_code >= 400 and response.headers.get("Content-Type") != PROBLEM:
            said = SENTENCES.get(response.status_code, "This was refused.")
            shaped = problem(response.status_code, said)
            for name in ("Allow", "Retry-After"):
                if name in response.headers:
                    shaped.headers[name] = response.headers[name]
            return shaped
        if response.streaming:
            return response
        response.headers.setdefault("Cache-Control", "private, no-cache")
        return super().process_response(request, response)
