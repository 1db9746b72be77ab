"""The API against its own description: generated requests, never an answer outside of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
import schemathesis
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.test import Client
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.core.result import Ok

from arbsite import local
from arbsite.api import api
from arbsite.description import REFUSALS
from tests.listings import confirmed
from tests.records import a_deal
from tests.web import live_site
from trading import services

pytestmark = pytest.mark.django_db
EACH = 8
COUNTED: dict[str, int] = {}


def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(api.get_openapi_schema()))
    del found["paths"]["/api/stream"]  # it never ends; see test_api_rules
    return found


SCHEMA = schemathesis.openapi.from_dict(document())
OPERATIONS = [found.ok() for found in SCHEMA.get_all_operations() if isinstance(found, Ok)]


@pytest.fixture
def headers(servers: local.Servers) -> dict[str, str]:
    cache.clear()
    live_site.clear()
    confirmed()
    a_deal()
    get_user_model().objects.create_superuser("chief", password="x")
    return {"Authorization": f"Bearer {services.make_token('chief', 'admin')}"}


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: f"{o.method.upper()} {o.path}")
def test_no_answer_is_outside_the_description(
    operation: Any, mode: GenerationMode, headers: dict[str, str]
) -> None:
    client = Client(raise_request_exception=False)
    allowed = {"200", "201", *REFUSALS}

    @seed(7)
    @settings(
        max_examples=EACH,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode), key=st.uuids())
    def ask(case: Any, key: Any) -> None:
        wanted = case.as_transport_kwargs(base_url="http://testserver")
        path = wanted["url"].removeprefix("http://testserver")
        body = wanted.get("json", wanted.get("data"))
        answer = client.generic(
            operation.method.upper(),
            path,
            body if isinstance(body, bytes | str) else json.dumps(body),
            content_type="application/json",
            query_params=wanted.get("params") or {},
            headers={**headers, "Idempotency-Key": str(key)},
        )
        COUNTED[str(answer.status_code)] = COUNTED.get(str(answer.status_code), 0) + 1
        assert str(answer.status_code) in allowed, (answer.status_code, path, body)
        kind = "application/json" if answer.status_code < 400 else "application/problem+json"
        assert answer.headers["Content-Type"].split(";")[0] == kind
        answer.json()

    ask()


def test_the_example_client_reads_a_site_and_halts_it(
    headers: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    import importlib.util
    import io
    import urllib.request
    from contextlib import closing
    from pathlib import Path

    path = Path(__file__).parents[2] / "docs" / "examples" / "client.py"
    assert len(path.read_text().splitlines()) <= 62
    spec = importlib.util.spec_from_file_location("client", path)
    assert spec is not None
    assert spec.loader is not None
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)

    def urlopen(asked: urllib.request.Request, timeout: float) -> Any:
        answer = Client().generic(
            asked.get_method(),
            asked.full_url.removeprefix(example.URL),
            asked.data or b"",
            content_type="application/json",
            headers=dict(asked.header_items()),
        )
        assert answer.status_code < 400, answer.content
        return closing(io.BytesIO(answer.content))

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    monkeypatch.setattr(example, "TOKEN", headers["Authorization"].removeprefix("Bearer "))
    monkeypatch.setattr("sys.argv", ["client.py", "halt"])
    example.main()
    printed = capsys.readouterr().out
    assert "is asked" in printed
    assert "1 deals, locked in $0.13" in printed
