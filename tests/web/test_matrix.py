"""Who may do what, cell by cell: every address, socket and API operation, and who asks.

The cells come from the resolver, the sockets' routes and the API's own routers: what is new has no
place and fails here until it is given one.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from channels.db import database_sync_to_async
from channels.testing import WebsocketCommunicator
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages.storage import default_storage
from django.contrib.sessions.backends.db import SessionStore
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.test import AsyncClient, Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver, resolve

from arbsite import local
from arbsite.api import api
from arbsite.asgi import application
from arbsite.roles import give_role
from markets.roles import REACH, Role
from tests.web import live_site
from trading import services
from trading.routing import websocket_urlpatterns

V, O, A = Role.VIEWER, Role.OPERATOR, Role.ADMIN  # noqa: E741  the letters of a table
ANYBODY, NOBODY = -1, 99
WHO = {"anonymous": -1, "viewer": V, "operator": O, "admin": A}

# A page by its name: who may GET it, who may POST to it; nothing where there is no such method.
PAGES: dict[str, tuple[int | None, int | None]] = {
    "login": (ANYBODY, ANYBODY),
    "logout": (None, None),  # leads to the login page, whoever asks
    "healthz": (ANYBODY, None),
    "readyz": (ANYBODY, None),
    "tools": (ANYBODY, None),
    "tool": (ANYBODY, None),
    "account": (V, None),
    "second-factor": (V, V),
    "remove-second-factor": (None, NOBODY),  # nobody without a code; see test_account
    "make-token": (None, V),
    "revoke-token": (None, V),
    "edges": (V, None),
    "explanation": (V, None),
    "deals": (V, None),
    "deal": (V, None),
    "trace": (V, None),
    "positions": (V, None),
    "opportunities": (V, None),
    "opportunities-csv": (V, None),
    "more": (V, None),
    "pairs": (V, None),
    "pair": (V, None),
    "bench": (V, A),
    "catalogue-state": (V, None),
    "discover": (None, A),
    "exposed-pair": (V, None),
    "reject-pair": (None, A),
    "teach-pair": (None, A),
    "snooze-pair": (None, A),
    "invert-pair": (None, A),
    "allow-pair": (None, A),
    "exclude-pair": (None, A),
    "chances-pair": (None, A),
    "pre-match-pair": (None, A),
    "quotes": (V, None),
    "venues": (V, None),
    "venue-latency": (V, None),
    "venue-rejects": (V, None),
    "venue-fees": (V, None),
    "venue-calendar": (V, None),
    "styleguide": (O, None),
    "halt": (None, O),
    "halt-venue": (None, O),
    "resume": (V, O),
    "unwind": (None, O),
    "choose": (None, O),
    "naked": (V, None),
    "approve-pair": (None, A),
    "block-pair": (None, A),
    "stream": (None, None),  # asks as the API does; see the streams below
    "settings": (V, A),
    "override": (None, A),
    "use-profile": (None, A),
    "decide-change": (None, A),
    "strategies": (V, A),
    "stops": (V, O),
    "settings-venues": (V, None),
    "settings-alerts": (V, None),
    "settings-me": (V, None),
    "audit": (V, None),
    "audit-csv": (V, None),
    "revert": (A, A),
    "api:openapi-json": (V, None),
    "api:openapi-view": (V, None),
}
# A table of the admin: configuration is seen by operators and changed by admins; records are only
# seen; people are for admins.
CONFIG, RECORD, PEOPLE, TOKENS = "config", "record", "people", "tokens"
TABLES = {
    CONFIG: """
        markets_venue markets_maintenance markets_frictionpack markets_marketpair markets_relation
        markets_blockrule markets_categoryrule markets_matchpolicy markets_sourceallow
        risk_threshold risk_enginesetting feeds_credential risk_feature risk_jurisdiction
        """,
    RECORD: """
        markets_feeschedule markets_event markets_market markets_configrevision trading_deal
        trading_order trading_fill trading_position trading_decision trading_edgesample
        risk_geocheck risk_changeset
        trading_command trading_workerheartbeat trading_workerstats trading_lease
        trading_journalcursor markets_matchcandidate markets_matchrun markets_teachcase
        markets_syncrun feeds_arming
        """,
    TOKENS: "trading_apitoken",
    PEOPLE: """
        auth_user auth_group otp_totp_totpdevice axes_accesslog axes_accessfailurelog
        axes_accessattempt django_celery_beat_periodictask django_celery_beat_intervalschedule
        django_celery_beat_crontabschedule django_celery_beat_clockedschedule
        """,
}
PLACED = {name: kind for kind, names in TABLES.items() for name in names.split()}
# An admin page of a table by its last word: who may GET it.
# History is asked for row by row: of a row that is not there it leads back, whoever asks.
STEPS: dict[str, dict[str, int | None]] = {
    CONFIG: {"changelist": O, "history": None, "change": O, "delete": NOBODY, "add": A},
    RECORD: {"changelist": O, "history": None, "change": O, "delete": NOBODY, "add": NOBODY},
    TOKENS: {
        "changelist": O,
        "history": None,
        "change": O,
        "delete": NOBODY,
        "add": O,
        "revoke": O,
    },
    PEOPLE: {"delete": A, "changelist": A, "history": None, "change": A, "password_change": A},
}
# Actions and exceptions by their whole name.
ADMIN: dict[str, int | None] = {
    "index": O,
    "search": O,
    "login": None,  # shadowed by the site's own
    "logout": None,
    "password_change": O,
    "password_change_done": O,
    "autocomplete": None,  # asks for the permission of the table it completes
    "jsi18n": O,
    "view_on_site": None,
    "app_list": O,
    "": None,  # the old address of a row, and what no other address is
    "markets_marketpair_confirm": A,
    "markets_marketpair_block": A,
    "markets_relation_confirm": A,
    "markets_relation_block": A,
    "markets_venue_add": NOBODY,
    "markets_marketpair_add": NOBODY,
    "markets_relation_add": NOBODY,
    "risk_threshold_add": NOBODY,
    "feeds_arming_add": NOBODY,  # nobody without a second factor; see test_arming
    "risk_enginesetting_add": A,
    "auth_user_add": A,
    "auth_group_add": A,
    "otp_totp_totpdevice_add": NOBODY,
    "axes_accessattempt_add": NOBODY,
    "axes_accesslog_add": NOBODY,
    "axes_accesslog_delete": NOBODY,
    "axes_accessfailurelog_add": NOBODY,
    "axes_accessfailurelog_delete": NOBODY,
}


def places(
    patterns: Iterable[URLPattern | URLResolver], prefix: str = "", space: str = ""
) -> Iterator[tuple[str, str]]:
    """Every address of the site: its name, and the address with sample words."""
    for found in patterns:
        route = prefix + str(found.pattern)
        if isinstance(found, URLResolver):
            inner = f"{space}{found.namespace}:" if found.namespace else space
            yield from places(found.url_patterns, route, inner)
        else:
            yield f"{space}{found.name or ''}", "/" + sample(route)


def sample(route: str) -> str:
    """A route with words where it takes some."""
    route = re.sub(r"\^?\(\?P<app_label>(\w+)[^)]*\)/\$", r"\1/", route)
    route = re.sub(r"\(\?P<url>\.\*\)\$", "nothing-of-the-kind", route)
    route = re.sub(r"<int:\w+>|<object_id>|<id>|<path:\w*_id>", "1", route)
    return re.sub(r"<[^>]+>", "kalshi", route)


def least(name: str, method: str) -> int | None:
    """Who at least may; nothing where there is nothing to ask.

    Errors: `KeyError` for an address that has no place yet.
    """
    space, _, word = name.rpartition(":")
    if name in PAGES:
        return PAGES[name][method == "POST"]
    if space == "api" or name == "admin-login":
        return None  # the API has its own table
    if space != "admin":
        raise KeyError(name)
    if method == "POST":
        return changing(word)
    if word in ADMIN:
        return ADMIN[word]
    table, _, step = word.rpartition("_")
    if table not in PLACED and step == "change":
        table = word.removesuffix("_password_change")
    if word.endswith("_password_change"):
        table, step = word.removesuffix("_password_change"), "password_change"
    return STEPS[PLACED[table]].get(step, NOBODY if step == "delete" else A)


def changing(word: str) -> int | None:
    """Who may save a row of the admin."""
    table, _, step = word.rpartition("_")
    if step != "change" or table not in PLACED:
        return None
    return {CONFIG: A, PEOPLE: NOBODY if table.startswith(("axes", "otp")) else A}.get(
        PLACED[table], NOBODY
    )


def status_of(client: Client, user: Any, path: str, method: str) -> int:
    """What somebody gets; 401 stands for the way to the login page.

    The admin's views are asked themselves, and their heavy pages not drawn.
    """
    if not path.startswith("/admin/"):
        answer = client.generic(method, path)
    else:
        request = RequestFactory().generic(method, path)
        request.user, request.session = user, SessionStore()
        request._messages = default_storage(request)  # type: ignore[attr-defined]
        request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]
        found = resolve(path)
        try:
            answer = found.func(request, *found.args, **found.kwargs)
        except PermissionDenied:
            return 403
        except Http404:
            return 404
    return 401 if "/login/" in answer.headers.get("Location", "") else answer.status_code


CELLS = [
    (name, path, method)
    for name, path in dict.fromkeys(places(get_resolver().url_patterns))
    for method in ("GET", "POST")
]


def test_every_address_has_a_place() -> None:
    lost = set()
    for name, _, method in CELLS:
        try:
            least(name, method)
        except KeyError:
            lost.add(name)
    assert not lost, f"give these a place in this file: {sorted(lost)}"


@pytest.mark.django_db
@pytest.mark.parametrize("who", WHO)
def test_every_address_lets_in_whom_its_place_says(who: str, capsys: Any) -> None:
    client, counted = Client(), Counter[str]()
    client.raise_request_exception = False
    user = get_user_model().objects.create_user("somebody", password="x")
    if who != "anonymous":
        give_role(user, Role(WHO[who]))
    wrong = []
    for name, path, method in CELLS:
        if (needed := least(name, method)) is None:
            continue
        if who != "anonymous":
            client.force_login(user)  # also after the page that signs out
        may = WHO[who] >= needed
        status = status_of(client, user if who != "anonymous" else AnonymousUser(), path, method)
        if (status not in (401, 403)) is not may or status >= 500:
            wrong.append(f"{method} {path} ({name}): {status}, may={may}")
        counted["let in" if may else "kept out"] += 1
    with capsys.disabled():
        print(f"\n  {who}: {sum(counted.values())} cells of addresses, {dict(counted)}")  # noqa: T201  the count is the proof
    assert not wrong, "\n".join(wrong)


# --- the API --------------------------------------------------------------------------------------

OPERATIONS = sorted(
    (method, f"/api{path}")
    for _, router in api._routers
    for path, view in router.path_operations.items()
    for operation in view.operations
    for method in operation.methods
)
COMMANDS = {
    "halt": "trade",
    "resume": "trade",
    "pause": "trade",
    "reset": "trade",
    "view_only": "trade",
    "unwind": "trade",
    "wait": "trade",
    "hedge": "trade",
    "cross": "trade",
    "confirm_pair": "admin",
    "block_pair": "admin",
}
READS = (  # noqa: SIM905  a list of words
    "health venues markets pairs edges decisions deals deals/{deal_id} orders fills positions "
    "holdings "
    "stats stats/minutes limits breakers breakers/trips revisions commands commands/{number} stream"
).split()


def test_every_operation_of_the_api_has_a_place() -> None:
    placed = {("GET", f"/api/{path}") for path in READS} | {("POST", "/api/commands")}
    assert set(OPERATIONS) <= placed, sorted(set(OPERATIONS) - placed)
    assert set(services.KINDS) | set(services.DECIDED_HERE) == set(COMMANDS)


def callers() -> Iterator[tuple[str, int, dict[str, str], Client]]:
    """Everybody who may call: no token, a wrong one, each scope, each role's session."""
    yield "no token", -1, {}, Client()
    yield "a wrong token", -1, {"Authorization": "Bearer arb_wrong"}, Client()
    users = get_user_model().objects
    give_role(users.create_user("chief"), Role.ADMIN)
    for scope, role in REACH.items():
        token = services.make_token("chief", scope)
        yield f"token {scope}", role, {"Authorization": f"Bearer {token}"}, Client()
    for role in Role:
        user = users.create_user(f"session-{role.word}")
        give_role(user, role)
        client = Client()
        client.force_login(user)
        yield f"session {role.word}", role, {}, client


@pytest.mark.django_db
def test_every_operation_answers_whom_its_place_says(servers: local.Servers, capsys: Any) -> None:
    counted, wrong = Counter[str](), []
    cache.clear()
    for who, reach, headers, client in callers():
        for method, path in OPERATIONS:
            if method != "GET":
                continue
            path = path.replace("{deal_id}", "r1-1").replace("{number}", "1")
            status = client.get(path, headers=headers).status_code
            counted["reads"] += 1
            if (status not in (401, 403)) is not (reach >= 0) or status >= 500:
                wrong.append(f"{who} GET {path}: {status}")
        for number, (kind, scope) in enumerate(COMMANDS.items()):
            status = client.post(
                "/api/commands",
                json.dumps({"kind": kind, "target": "x", "reason": "a look"}),
                content_type="application/json",
                headers={**headers, "Idempotency-Key": f"{who}-{number}"},
            ).status_code
            counted["commands"] += 1
            if (status not in (401, 403)) is not (reach >= REACH[scope]) or status >= 500:
                wrong.append(f"{who} POST {kind}: {status}")
    with capsys.disabled():
        print(f"\n  API: {sum(counted.values())} cells, {dict(counted)}")  # noqa: T201  the count is the proof
    assert not wrong, "\n".join(wrong)


# --- sockets --------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
async def test_every_socket_lets_in_whom_its_place_says(
    servers: local.Servers, capsys: Any
) -> None:
    def cookie_of(who: str) -> str:
        if who == "anonymous":
            return ""
        client, user = Client(), get_user_model().objects.create_user(who)
        give_role(user, Role(WHO[who]))
        client.force_login(user)
        return f"sessionid={client.cookies['sessionid'].value}"

    cells = 0
    for pattern in websocket_urlpatterns:
        for who in WHO:
            cookie = await database_sync_to_async(cookie_of)(who)
            headers = [(b"origin", b"http://localhost"), (b"host", b"localhost")]
            first = await first_word(
                f"/{pattern.pattern}", [*headers, (b"cookie", cookie.encode())]
            )
            let_in = first["type"] == "websocket.send"
            assert let_in is (who != "anonymous"), f"{who} at /{pattern.pattern}: {first}"
            cells += 1
    with capsys.disabled():
        print(f"\n  sockets: {cells} cells")  # noqa: T201  the count is the proof


async def first_word(path: str, headers: list[tuple[bytes, bytes]]) -> Any:
    """What a socket answers first."""
    socket = WebsocketCommunicator(application, path, headers)
    await socket.connect()
    first = await socket.receive_output(timeout=5)
    await socket.disconnect()
    return first


@pytest.mark.django_db(transaction=True)
async def test_both_streams_let_in_whom_their_place_says(
    servers: local.Servers, capsys: Any
) -> None:
    """SSE takes a token or a session; the socket of programs a token only: no foreign page can
    set its header, while a browser would send its cookie along.
    """

    def everybody() -> list[tuple[str, int, dict[str, str], str]]:
        cache.clear()
        live_site.clear()
        return [
            (who, reach, headers, client.cookies["sessionid"].value if client.cookies else "")
            for who, reach, headers, client in callers()
        ]

    counted = Counter[str]()
    for who, reach, headers, session in await database_sync_to_async(everybody)():
        client = AsyncClient()
        if session:
            client.cookies["sessionid"] = session
        answer = await client.get("/api/stream", headers=headers)
        assert (answer.status_code == 200) is (reach >= 0), f"{who} at /api/stream"
        if answer.streaming:
            lines: Any = aiter(answer.streaming_content)  # type: ignore[attr-defined]
            assert (await anext(lines)).startswith(b"event: ready"), who
            await lines.aclose()
        words = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        cookie = [(b"cookie", f"sessionid={session}".encode())] if session else []
        first = await first_word("/ws/stream", [*words, *cookie])
        let_in = first["type"] == "websocket.send"
        assert let_in is (reach >= 0 and not session), f"{who} at /ws/stream: {first}"
        counted["let in"] += (reach >= 0) + let_in
        counted["kept out"] += 2 - (reach >= 0) - let_in
    with capsys.disabled():
        print(f"\n  streams: {sum(counted.values())} cells, {dict(counted)}")  # noqa: T201  the count is the proof
