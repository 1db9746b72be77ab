"""What holds for the whole API: ETags, budgets, one shape of refusals, streams."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import jsonschema_rs
import msgspec
import pytest
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from channels.testing import WebsocketCommunicator
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.test import AsyncClient, Client

from arbsite import local, rate, streams
from arbsite.api import api
from arbsite.asgi import application
from tests.records import a_deal
from tests.web import live_site
from trading import live, services, showcase

pytestmark = pytest.mark.django_db


def bearer(scope: str = "read") -> dict[str, str]:
    get_user_model().objects.get_or_create(username="chief", defaults={"is_superuser": True})
    return {"Authorization": f"Bearer {services.make_token('chief', scope)}"}


# --- ETags ----------------------------------------------------------------------------------------


def test_an_unchanged_answer_is_304_and_a_changed_one_is_told() -> None:
    headers = bearer()
    a_deal(1)
    first = Client().get("/api/deals", headers=headers)
    etag = {"If-None-Match": first.headers["ETag"]}
    again = Client().get("/api/deals", headers={**headers, **etag})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")

    a_deal(2)
    assert Client().get("/api/deals", headers={**headers, **etag}).status_code == 200


# --- budgets --------------------------------------------------------------------------------------


@pytest.fixture
def small_budget(servers: local.Servers, settings: Any) -> None:
    cache.clear()
    settings.API_READS_PER_MINUTE = 2
    settings.API_COMMANDS_PER_MINUTE = 1


@pytest.mark.usefixtures("small_budget")
def test_a_token_beyond_its_budget_is_told_when_to_come_back() -> None:
    headers, other = bearer(), bearer()
    answers = [Client().get("/api/deals", headers=headers) for _ in range(3)]
    assert [a.status_code for a in answers] == [200, 200, 429]
    assert answers[2].headers["Content-Type"] == "application/problem+json"
    assert 1 <= int(answers[2].headers["Retry-After"]) <= 60
    assert answers[2].json()["detail"].startswith("2 a minute are allowed")
    assert Client().get("/api/deals", headers=other).status_code == 200


@pytest.mark.usefixtures("small_budget")
def test_reads_take_nothing_from_the_budget_of_commands() -> None:
    for _ in range(5):
        try:
            rate.count("token:1", is_command=False)
        except rate.TooMany:
            continue
    rate.count("token:1", is_command=True)
    with pytest.raises(rate.TooMany):
        rate.count("token:1", is_command=True)


def test_without_redis_nothing_is_counted_so_that_a_halt_gets_through(
    settings: Any, servers: local.Servers
) -> None:
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:1/0",
        }
    }
    settings.API_COMMANDS_PER_MINUTE = 1
    for _ in range(3):
        rate.count("token:1", is_command=True)


# --- refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/nothing", 404),
        ("DELETE", "/api/deals", 405),
        ("GET", "/api/commands/99999999999999999999999", 422),
        ("GET", "/api/deals?limit=0", 422),
        ("GET", "/api/deals?limit=abc", 422),
        ("GET", "/api/markets?search=%00", 400),
        ("GET", "/api/deals?cursor=x", 400),
        ("GET", "/api/deals/nothing", 404),
    ],
)
def test_every_refusal_has_the_same_shape(method: str, path: str, status: int) -> None:
    answer = Client().generic(method, path, headers=bearer())
    assert (answer.status_code, answer.headers["Content-Type"]) == (
        status,
        "application/problem+json",
    )
    assert set(answer.json()) == {"type", "title", "status", "detail"}


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"kind": "halt", "reason": "a\\u0000b"}', b'{"kind": 1}']
)
def test_a_command_that_cannot_be_read_is_a_problem(body: bytes) -> None:
    answer = Client().post(
        "/api/commands",
        body,
        content_type="application/json",
        headers={**bearer("admin"), "Idempotency-Key": "k"},
    )
    assert answer.status_code in (400, 422)
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_an_error_of_ours_is_a_problem_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise RuntimeError("inner")

    headers = bearer()
    monkeypatch.setattr("trading.sums.stats", broken)
    client = Client(raise_request_exception=False)
    answer = client.get("/api/stats", headers=headers)
    assert (answer.status_code, answer.json()["title"]) == (500, "Our mistake")
    assert "inner" not in answer.content.decode()


def test_limits_and_revisions_are_told_in_their_units() -> None:
    headers = bearer()
    limits = Client().get("/api/limits", headers=headers).json()["items"]
    least = next(item for item in limits if item["key"] == "min_net_edge")
    assert (least["value"], least["unit"], least["is_shipped"]) == ("2.5", "¢", True)
    assert Client().get("/api/revisions", headers=headers).json()["items"] is not None
    assert Client().get("/api/stats/minutes", headers=headers).json() == {"items": [], "next": None}


@pytest.fixture
def description() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(api.get_openapi_schema()))
    return found


def answers_of(description: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every good answer: its operation, and its content."""
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            for status, answer in operation["responses"].items():
                if status.startswith("2"):
                    yield f"{method.upper()} {path} {status}", answer["content"]


def test_every_operation_of_the_description_has_its_refusals(description: dict[str, Any]) -> None:
    for path, methods in description["paths"].items():
        for operation in methods.values():
            assert {"401", "403", "404", "422", "429"} <= set(operation["responses"]), path


def test_every_answer_has_an_example_that_fits_its_schema(description: dict[str, Any]) -> None:
    for name, content in answers_of(description):
        for kind, told in content.items():
            assert "example" in told, name
            if kind == "application/json":
                whole = {**told["schema"], "components": description["components"]}
                jsonschema_rs.validate(whole, told["example"])


def test_no_answer_is_an_object_of_anything(description: dict[str, Any]) -> None:
    loose: list[str] = []

    def look(schema: Any, where: str) -> None:
        if isinstance(schema, list):
            for part in schema:
                look(part, where)
        if not isinstance(schema, dict):
            return
        if schema.get("type") == "object":
            more = schema.get("additionalProperties", "properties" not in schema)
            if more is True or more == {}:
                loose.append(where)
        for name, part in schema.items():
            look(part, f"{where}.{name}")

    look([content for _, content in answers_of(description)], "an answer")
    look(description["components"]["schemas"], "a schema")
    assert not loose, loose


def test_a_list_that_is_no_table_has_pages_too() -> None:
    headers, keys, cursor = bearer(), [], ""
    whole = Client().get("/api/limits", headers=headers).json()
    while cursor is not None:
        found = Client().get(f"/api/limits?limit=50&cursor={cursor}", headers=headers).json()
        assert len(found["items"]) <= 50
        keys += [item["key"] for item in found["items"]]
        cursor = found["next"]
    assert keys == [item["key"] for item in whole["items"]] == sorted(keys)
    assert whole["next"] is None


# --- streams --------------------------------------------------------------------------------------


@pytest.fixture
async def token(servers: local.Servers) -> str:
    def prepare() -> str:
        live_site.clear()
        now = live.now_ns()
        live_site.store(showcase.relations(now), showcase.engine(now))
        return bearer()["Authorization"]

    return await database_sync_to_async(prepare)()


async def announce(event: dict[str, Any]) -> None:
    layer = get_channel_layer()
    assert layer is not None
    await layer.group_send(live.GROUP, event)


async def next_event(lines: AsyncIterator[bytes]) -> tuple[str, Any]:
    text = (await asyncio.wait_for(anext(lines), 5)).decode()
    event, data = text.strip().split("\n")
    return event.removeprefix("event: "), json.loads(data.removeprefix("data: "))


@pytest.mark.django_db(transaction=True)
async def test_the_stream_tells_the_whole_first_and_then_what_changes(token: str) -> None:
    answer = await AsyncClient().get("/api/stream", headers={"Authorization": token})
    assert answer.headers["Content-Type"] == "text/event-stream"
    lines: Any = aiter(answer.streaming_content)  # type: ignore[attr-defined]

    told = [await next_event(lines)]
    while told[-1][0] != "ready":
        told.append(await next_event(lines))
    assert {event for event, _ in told[:-1]} == {"edge"}
    assert told[-1][1] == {"edges": len(told) - 1}

    changed = showcase.relations(live.now_ns())[0]
    pictures = {"type": "live.pictures", "pictures": [msgspec.msgpack.encode(changed)]}
    await announce({**pictures, "gone": ["old"], "engine": None})
    event, data = await next_event(lines)
    assert (event, data["relation"]) == ("edge", changed.id)
    assert await next_event(lines) == ("gone", {"relation": "old"})

    deal = await database_sync_to_async(a_deal)()
    await announce({"type": "live.deals", "deals": [deal]})
    event, data = await next_event(lines)
    assert (event, data["id"], data["planned_profit"]) == ("deal", deal, "0.13")
    await lines.aclose()


@pytest.mark.django_db(transaction=True)
async def test_a_quiet_stream_beats(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from trading import stream

    quick = stream.messages
    monkeypatch.setattr(streams, "messages", lambda: quick(beat=0.01))
    answer = await AsyncClient().get("/api/stream", headers={"Authorization": token})
    lines: Any = aiter(answer.streaming_content)  # type: ignore[attr-defined]
    event = ""
    while event != "beat":
        event, _ = await next_event(lines)
    await lines.aclose()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("words", [{}, {"Authorization": "Bearer arb_wrong"}])
async def test_nobody_streams_without_a_token(
    servers: local.Servers, words: dict[str, str]
) -> None:
    answer = await AsyncClient().get("/api/stream", headers=words)
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.django_db(transaction=True)
async def test_a_program_reads_the_same_over_a_socket(token: str) -> None:
    headers = [(b"authorization", token.encode())]
    socket = WebsocketCommunicator(application, "/ws/stream", headers=headers)
    assert (await socket.connect())[0]
    told = json.loads(str(await socket.receive_from(timeout=5)))
    assert told["event"] == "edge"
    await socket.disconnect()


@pytest.mark.django_db(transaction=True)
async def test_a_socket_without_a_token_is_closed(servers: local.Servers) -> None:
    socket = WebsocketCommunicator(application, "/ws/stream", headers=[])
    await socket.connect()
    message = await socket.receive_output(timeout=5)
    assert (message["type"], message["code"]) == ("websocket.close", streams.NOBODY)
