"""The Content-Security-Policy header of every page.

Every page loads scripts and styles from this site alone and runs nothing inline. The admin's theme
evaluates expressions written in its markup, so its pages, and only they, may evaluate.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

HEADER = "Content-Security-Policy"
OURS = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; "
    "frame-ancestors 'none'"
)
ADMIN = OURS.replace("script-src 'self'", "script-src 'self' 'unsafe-eval'")


class ContentSecurityPolicy:
    """Puts the header on every answer that does not carry one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response.headers.setdefault(HEADER, ADMIN if is_admin(request.path) else OURS)
        return response


def is_admin(path: str) -> bool:
    """Whether an address belongs to the admin."""
    return path == "/admin" or path.startswith("/admin/")
