"""Tests of who may see a page."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.test import RequestFactory

from arbsite.access import LoginRequired


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("page")


def visit(path: str) -> HttpResponseBase | None:
    request = RequestFactory().get(path)
    request.user = AnonymousUser()
    return LoginRequired(page).process_view(request, page, (), {})


@pytest.mark.parametrize("path", ["/", "/apis/", "/trading/api/"])
def test_a_stranger_is_sent_to_the_login(path: str) -> None:
    answer = visit(path)

    assert answer is not None
    assert answer.headers["Location"].startswith("/accounts/login/?next=")


def test_the_api_asks_for_its_own_token_instead() -> None:
    assert visit("/api/pairs") is None
