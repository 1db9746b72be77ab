"""Tests of the two health answers."""

import json

import pytest
from django.test import Client, RequestFactory, override_settings

from arbsite.health import healthz, readyz


def test_it_is_alive_without_any_store() -> None:
    answer = healthz(RequestFactory().get("/healthz"))

    assert (answer.status_code, json.loads(answer.content)) == (200, {"alive": True})


@pytest.mark.django_db
def test_it_is_ready_for_a_visitor_who_is_not_logged_in(client: Client) -> None:
    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()) == (200, {"database": True, "redis": True})


@pytest.mark.django_db
@override_settings(REDIS_URL="redis://127.0.0.1:1/0")
def test_it_says_which_store_is_away() -> None:
    answer = readyz(RequestFactory().get("/readyz"))

    assert answer.status_code == 503
    assert json.loads(answer.content) == {"database": True, "redis": False}
