"""Tests of the Content-Security-Policy header."""

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from arbsite.csp import ADMIN, HEADER, OURS, ContentSecurityPolicy


def plain(request: HttpRequest) -> HttpResponse:
    return HttpResponse("page")


def own(request: HttpRequest) -> HttpResponse:
    return HttpResponse("page", headers={HEADER: "default-src 'none'"})


@pytest.mark.parametrize(
    ("path", "policy"),
    [("/", OURS), ("/admin/", ADMIN), ("/admin/auth/user/", ADMIN), ("/administration/", OURS)],
)
def test_only_the_admin_gets_the_looser_policy(path: str, policy: str) -> None:
    answer = ContentSecurityPolicy(plain)(RequestFactory().get(path))

    assert answer.headers[HEADER] == policy


def test_no_page_runs_anything_inline_and_only_the_admin_evaluates() -> None:
    assert "unsafe" not in OURS
    assert ADMIN.replace(" 'unsafe-eval'", "") == OURS


def test_a_page_that_brings_its_own_policy_keeps_it() -> None:
    answer = ContentSecurityPolicy(own)(RequestFactory().get("/"))

    assert answer.headers[HEADER] == "default-src 'none'"
