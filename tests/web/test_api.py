"""The API: shapes, units, pages, refusals, commands that happen once."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
import redis
from django.conf import settings
from django.contrib.auth import get_user_model
from django.test import Client

from arbsite.roles import give_role
from markets import selectors
from markets.models import Relation
from markets.roles import Role
from markets.terms.ids import RelationId
from markets.terms.units import Ns, Px, Qty, Usd
from tests.listings import candidate, confirmed, two_venues
from tests.records import a_deal
from trading import services
from trading.engine.pictures import (
    PackagePicture,
    Reading,
    RelationPicture,
    Verdict,
)
from trading.live import EDGES_KEY
from trading.models import Command

pytestmark = pytest.mark.django_db
HALT = {"kind": "halt", "target": "", "reason": "odd prices"}


class Caller:
    """A client that bears a token of one scope."""

    def __init__(self, scope: str) -> None:
        user, _ = get_user_model().objects.get_or_create(username="alice")
        give_role(user, Role.ADMIN)
        self.headers = {"Authorization": f"Bearer {services.make_token('alice', scope)}"}
        self.user = user
        self.client = Client(enforce_csrf_checks=True)

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(f"/api/{path}", query, headers=self.headers)

    def post(self, body: dict[str, Any], key: str = "key-1") -> Any:
        return self.client.post(
            "/api/commands",
            json.dumps(body),
            content_type="application/json",
            headers={**self.headers, "Idempotency-Key": key},
        )


@pytest.fixture
def reader() -> Caller:
    return Caller("read")


@pytest.fixture
def trader() -> Caller:
    return Caller("trade")


@pytest.fixture
def chief() -> Caller:
    return Caller("admin")


@pytest.fixture
def no_pictures(servers: object) -> None:
    with redis.Redis.from_url(settings.REDIS_URL) as server:
        server.delete(EDGES_KEY)


def test_a_deal_is_told_in_dollars_contracts_and_utc(reader: Caller) -> None:
    deal = a_deal()

    found = reader.get("deals").json()

    assert found["next"] is None
    told = found["items"][0]
    assert (told["id"], told["size"], told["planned_net"]) == (deal, "10", "0.013")
    assert (told["planned_profit"], told["locked"]) == ("0.13", "0.13")
    assert told["opened_at"] == "2026-11-20T12:00:00.000000Z"
    assert told["legs"][0]["held"] == "10"
    assert told["legs"][0]["cost"] == "4.75"


def test_one_deal_comes_with_steps_orders_and_fills(reader: Caller) -> None:
    deal = a_deal()
    found = reader.get(f"deals/{deal}").json()
    assert [s["text"] for s in found["steps"]] == ["All filled."]
    assert [o["px"] for o in found["orders"]] == ["0.48", "0.48"]
    assert [f["fee"] for f in found["fills"]] == ["0.03", "0.03"]


def test_a_refusal_is_told_in_the_unit_of_its_gate(reader: Caller) -> None:
    a_deal()
    told = reader.get("decisions", gate="min_edge").json()["items"][0]
    assert (told["actual"], told["limit"], told["unit"]) == ("1.3", "2.5", "¢")


def test_what_is_not_there_is_a_problem_with_a_sentence(reader: Caller) -> None:
    answer = reader.get("deals/none")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json() == {
        "type": "about:blank",
        "title": "Not found",
        "status": 404,
        "detail": "There is no deal 'none'.",
    }


def test_pages_follow_their_cursor_to_the_end_without_a_gap(reader: Caller) -> None:
    deals = [a_deal(number) for number in range(1, 6)]
    seen, cursor = [], ""
    while cursor is not None:
        found = reader.get("deals", limit=2, cursor=cursor).json()
        seen += [item["id"] for item in found["items"]]
        cursor = found["next"]
    assert seen == deals[::-1]


@pytest.mark.parametrize("cursor", ["abc", "-1", "1e3", "9" * 30])
def test_a_cursor_that_is_none_is_refused(reader: Caller, cursor: str) -> None:
    answer = reader.get("deals", cursor=cursor)
    assert answer.status_code == 400
    assert "is no cursor" in answer.json()["detail"]


@pytest.mark.parametrize(
    "path", ["venues", "markets", "pairs", "decisions", "orders", "fills", "positions", "commands"]
)
def test_every_list_is_a_page(reader: Caller, path: str) -> None:
    confirmed()
    a_deal()
    services.ask("halt", "", "alice", "odd")
    found = reader.get(path).json()
    assert set(found) == {"items", "next"}
    assert found["items"]


def test_a_pair_shows_what_each_claim_pays(reader: Caller) -> None:
    confirmed()
    pair = reader.get("pairs", status="confirmed").json()["items"][0]
    assert pair["approved"] == [0, 1]
    assert [m["market_id"] for m in pair["markets"]] == ["kalshi:RAIN", "polymarket:RAIN"]
    assert pair["terms"]["claims"][0]["pays"][0] == {"fixed": "1.00", "stake_ppm": 0}


@pytest.mark.usefixtures("no_pictures")
def test_edges_are_the_last_samples_while_no_picture_is_there(reader: Caller) -> None:
    a_deal(1)
    a_deal(2)
    found = reader.get("edges").json()["items"]
    assert [(e["relation"], e["net"], e["gate"]) for e in found] == [("rain", "0.013", "min_edge")]


@pytest.mark.usefixtures("no_pictures")
def test_edges_are_the_pictures_the_worker_publishes(reader: Caller) -> None:
    picture = RelationPicture(
        id=RelationId("rain"),
        title="Rain in Oslo",
        category="Weather",
        payout_at=None,
        at=Ns(1_795_000_000_000_000_000),
        min_edge=Px(25_000),
        quotes=(),
        packages=(
            PackagePicture(
                package=0,
                label="KA Yes + PM No",
                approved=True,
                legs=(),
                payout=Px(1_000_000),
                cost=Px(955_000),
                fees=Px(20_000),
                friction=Px(500),
                tail=Px(0),
                net=Px(13_000),
                net_ppm=13_600,
                qty=Qty(10_000_000),
                profit=Usd(130_000),
                apy_ppm=None,
                readings=(Reading("min_edge", Verdict.REFUSED, 25_000, 13_000, "¢"),),
                walk=(),
                worlds=(),
            ),
        ),
        best=0,
    )
    with redis.Redis.from_url(settings.REDIS_URL) as server:
        server.hset(EDGES_KEY, "rain", msgspec.msgpack.encode(picture))

    edge = reader.get("edges").json()["items"][0]

    assert (edge["net"], edge["cost"], edge["qty"], edge["profit"]) == (
        "0.013",
        "0.955",
        "10",
        "0.13",
    )
    assert (edge["gate"], edge["why"]) == ("min_edge", "1.30¢ < 2.50¢")


def test_health_says_what_is_saved_and_what_runs(reader: Caller) -> None:
    a_deal()
    found = reader.get("health").json()
    assert found["redis"] is True
    assert found["worker"]["revision_running"] == 1
    assert found["worker"]["rejected"] == ["too odd"]
    assert found["worker"]["silent"] is False


def test_stats_are_in_dollars(reader: Caller) -> None:
    a_deal()
    found = reader.get("stats").json()
    assert (found["locked"], found["fees"], found["fills"]) == ("0.13", "0.06", 2)
    assert found["deals"] == {"balanced": 1}
    assert found["refusals"] == {"min_edge": 1}


# --- commands -------------------------------------------------------------------------------------


def test_the_same_key_gives_the_same_command(trader: Caller) -> None:
    first, again = trader.post(HALT), trader.post(HALT)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert (first.json()["author"], first.json()["state"]) == ("alice", "asked")
    assert Command.objects.count() == 1


def test_a_key_used_for_another_command_is_refused(trader: Caller) -> None:
    trader.post(HALT)
    for other in ({**HALT, "kind": "resume"}, {**HALT, "reason": "another"}):
        answer = trader.post(other)
        assert answer.status_code == 422
        assert "another command" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "key", "status", "sentence"),
    [
        (HALT, "", 400, "Send an Idempotency-Key header"),
        ({**HALT, "kind": "dance"}, "k", 409, "There is no command 'dance'"),
        ({**HALT, "reason": " "}, "k", 409, "Give a reason"),
        ({"kind": "halt"}, "k", 422, "reason"),
        ({**HALT, "kind": "confirm_pair"}, "k", 403, "needs the scope admin"),
    ],
)
def test_a_command_that_makes_no_sense_is_a_problem(
    trader: Caller, body: dict[str, Any], key: str, status: int, sentence: str
) -> None:
    answer = trader.post(body, key)
    assert (answer.status_code, answer.headers["Content-Type"]) == (
        status,
        "application/problem+json",
    )
    assert sentence in answer.json()["detail"]
    assert not Command.objects.exists()


def test_a_reader_may_not_halt(reader: Caller) -> None:
    answer = reader.post(HALT)
    assert answer.status_code == 403
    assert not Command.objects.exists()


def test_a_pair_is_confirmed_once_and_the_answer_names_the_revision(chief: Caller) -> None:
    two_venues()
    pair = candidate()
    body: dict[str, Any] = {"kind": "confirm_pair", "target": pair.slug, "reason": "the same gauge"}

    unread = chief.post(body)
    assert unread.status_code == 409
    assert "Tick what you have read first: which outcomes pay" in unread.json()["detail"]
    assert not Command.objects.exists()

    body["read"] = ["polarity"]
    first = chief.post(body)
    saved = selectors.last_revision_number()
    again = chief.post(body)

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["answer"] == f"revision {saved}"
    assert first.json()["state"] == "done"
    assert selectors.last_revision_number() == saved
    assert Relation.objects.get(pk=pair.pk).approved_packages == [0, 1]


def test_a_refused_confirmation_leaves_no_command(chief: Caller) -> None:
    two_venues()
    pair = candidate(rules="")
    answer = chief.post({"kind": "confirm_pair", "target": pair.slug, "reason": "alike"})
    assert answer.status_code == 409
    assert "rule text of kalshi:RAIN is missing" in answer.json()["detail"]
    assert not Command.objects.exists()


def test_a_pair_is_blocked(chief: Caller) -> None:
    slug = confirmed()
    answer = chief.post({"kind": "block_pair", "target": slug, "reason": "odd"})
    assert answer.status_code == 201
    assert Relation.objects.get(slug=slug).status == "blocked"


def test_whoever_is_logged_in_needs_the_csrf_token_to_change_something() -> None:
    user = get_user_model().objects.create_user("bob")
    give_role(user, Role.OPERATOR)
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    headers = {"Idempotency-Key": "key-1"}

    def post(more: dict[str, str]) -> Any:
        return client.post(
            "/api/commands",
            json.dumps(HALT),
            content_type="application/json",
            headers={**headers, **more},
        )

    assert client.get("/api/deals").status_code == 200
    refused = post({})
    assert refused.status_code == 403
    assert "CSRF" in refused.json()["detail"]

    client.cookies["csrftoken"] = "a" * 32
    assert post({"X-CSRFToken": "a" * 32}).status_code == 201


def test_the_description_lists_every_path(reader: Caller) -> None:
    client = Client()
    client.force_login(reader.user)
    paths = client.get("/api/openapi.json").json()["paths"]
    wanted = (
        "health venues markets pairs edges decisions deals orders fills positions stats commands"
    )
    assert {f"/api/{name}" for name in wanted.split()} <= set(paths)
