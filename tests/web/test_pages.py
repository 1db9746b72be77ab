"""The pages: what they show, who may see them, what their buttons do."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.test import Client

from arbsite import local
from markets import selectors
from markets.matching.aligned import LABELS
from markets.terms.units import SECOND
from tests import listings, records
from tests.web import live_site
from trading import live, showcase
from trading.askings import commands

pytestmark = pytest.mark.django_db

ALL_READ = ["polarity", *(kind for kind, _ in LABELS)]
PAGES = (
    "/",
    "/deals/",
    "/positions/",
    "/opportunities/",
    "/pairs/",
    "/venues/",
    "/venues/latency/",
    "/venues/rejects/",
    "/venues/fees/",
    "/venues/calendar/",
    "/more/",
    "/resume/",
    "/styleguide/",
)


@pytest.fixture(autouse=True)
def pictures(servers: local.Servers) -> Iterator[None]:
    live_site.clear()
    yield
    live_site.clear()


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(get_user_model().objects.create_superuser("operator", password="x"))
    return client


@pytest.fixture
def viewer(client: Client) -> Client:
    client.force_login(get_user_model().objects.create_user("viewer", password="x"))
    return client


def text_of(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


@pytest.mark.parametrize("address", [*PAGES, "/edges/x/explain/", "/pairs/x/", "/deals/x/"])
def test_a_visitor_is_sent_to_the_login(client: Client, address: str) -> None:
    answer = client.get(address)

    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("address", PAGES)
def test_every_page_opens_on_an_empty_site(operator: Client, address: str) -> None:
    assert "ENGINE SILENT" in text_of(operator, address)


@pytest.mark.parametrize("address", PAGES)
def test_every_page_has_each_id_once(operator: Client, address: str) -> None:
    now = live.now_ns()
    live_site.store(showcase.relations(now), showcase.engine(now))
    listings.confirmed()
    records.a_deal()

    ids = Counter(re.findall(r'\sid="([^"]*)"', text_of(operator, address)))

    assert [name for name, times in ids.items() if times > 1 or not name] == []


def test_the_edges_page_shows_the_pictures_redis_holds(operator: Client) -> None:
    now = live.now_ns()
    live_site.store(showcase.relations(now), showcase.engine(now))

    page = text_of(operator, "/")

    assert 'data-mode="paper"' in page
    assert "no real orders" in page
    assert "Celtics beat Heat" in page
    assert "1.30¢ &lt; 1.50¢" in page
    assert page.count('class="row ') == 10


def test_an_edge_explains_itself_without_scripts(operator: Client) -> None:
    now = live.now_ns()
    live_site.store(showcase.relations(now), showcase.engine(now))

    page = text_of(operator, "/?open=near-miss")

    assert "Not taken: min edge." in page
    assert "Price walk" in page
    assert text_of(operator, "/edges/near-miss/explain/").strip() in page


def test_filter_sort_and_view_are_in_the_address(operator: Client) -> None:
    now = live.now_ns()
    live_site.store(showcase.relations(now), showcase.engine(now))

    page = text_of(operator, "/?q=beat&sort=title&v=tradeable")

    assert re.findall(r'data-row="([^"]*)"', page) == ["in-deal", "passed"]
    assert 'aria-sort="ascending"' in page


def test_an_engine_silent_for_three_seconds_claims_nothing(operator: Client) -> None:
    then = live.now_ns() - 4 * SECOND
    live_site.store(showcase.relations(then), showcase.engine(then, mode="live"))

    page = text_of(operator, "/")

    assert 'data-mode="silent"' in page
    assert "The engine has not reported for 4" in page
    assert "LIVE</span>" not in page


def test_halt_becomes_one_command_however_often_the_form_is_sent(operator: Client) -> None:
    for _ in range(2):
        answer = operator.post("/halt/", {"key": "k1", "next": "/deals/"})
        assert (answer.status_code, answer.headers["Location"]) == (302, "/deals/")

    asked = commands().items
    assert [(c.kind, c.author, c.state) for c in asked] == [("halt", "operator", "asked")]
    assert "Halt asked" in text_of(operator, "/")


def test_halt_needs_the_sites_own_form(operator: Client) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = operator.cookies

    assert strict.post("/halt/", {"key": "k1"}).status_code == 403
    assert commands().items == ()


def test_a_command_never_leads_off_the_site(operator: Client) -> None:
    answer = operator.post("/halt/", {"key": "k", "next": "https://example.com/"})

    assert answer.headers["Location"] == "/"


def test_resume_needs_a_reason(operator: Client) -> None:
    operator.post("/resume/", {"key": "k", "reason": " "})
    assert commands().items == ()

    operator.post("/resume/", {"key": "k", "reason": "lines agree again"})
    assert [c.kind for c in commands().items] == ["resume"]


def test_a_deal_shows_its_life_legs_and_money(operator: Client) -> None:
    records.a_deal()

    page = text_of(operator, "/deals/r1-1/")

    assert "Rain in Oslo" in page
    assert "Filled 10" in page
    assert "+$0.13" in page
    assert "47.50¢" in page
    assert operator.get("/deals/none/").status_code == 404


def test_a_configuration_that_was_saved_and_does_not_run_is_an_alert_on_every_page(
    operator: Client,
) -> None:
    now = live.now_ns()
    rejected = ("max_edge is below min_net_edge.",)
    live_site.store([], msgspec.structs.replace(showcase.engine(now), rejected=rejected))

    for address in ("/", "/deals/", "/pairs/"):
        page = text_of(operator, address)
        assert "The saved configuration is not applied: max_edge is below" in page


def test_a_deal_leads_to_its_trace(operator: Client) -> None:
    records.a_deal()

    assert "/deals/r1-1/trace/" in text_of(operator, "/deals/r1-1/")
    page = text_of(operator, "/deals/r1-1/trace/")
    assert "r1-1-0" in page
    assert "manage.py trace r1-1" in page
    assert operator.get("/deals/none/trace/").status_code == 404


def test_deals_are_listed_by_state(operator: Client) -> None:
    records.a_deal()

    assert "r1-1" in text_of(operator, "/deals/?state=balanced")
    assert "r1-1" not in text_of(operator, "/deals/?state=open")


def test_opportunities_say_why_not(operator: Client) -> None:
    records.a_deal()

    assert "too thin" in text_of(operator, "/opportunities/?tab=decisions&period=all")


def test_a_pair_shows_both_texts_and_never_runs_them(operator: Client) -> None:
    listings.two_venues()
    slug = listings.candidate(rules="Yes if <script>alert(1)</script> & rain").slug

    page = text_of(operator, f"/pairs/{slug}/?view=text")

    assert page.count("Yes if &lt;script&gt;alert(1)&lt;/script&gt; &amp; rain") >= 2
    assert "<script>alert" not in page
    assert "settled apart" in page


def test_approving_one_way_confirms_that_package_alone(operator: Client) -> None:
    listings.two_venues()
    slug = listings.candidate().slug

    words = {"packages": "1", "reason": "read both", "read": ALL_READ}
    operator.post(f"/pairs/{slug}/approve/", words)

    found = selectors.pair(slug)
    assert found is not None
    assert (found.status, found.approved, found.confirmed_by) == ("confirmed", (1,), "operator")


@pytest.mark.parametrize(
    "words", [{"packages": "1"}, {"packages": "x", "reason": "y"}, {"packages": "9", "reason": "y"}]
)
def test_an_approval_that_does_not_hold_changes_nothing(
    operator: Client, words: dict[str, str]
) -> None:
    listings.two_venues()
    slug = listings.candidate().slug

    answer = operator.post(f"/pairs/{slug}/approve/", words, follow=True)

    found = selectors.pair(slug)
    assert found is not None
    assert found.status == "candidate"
    assert 'class="message error"' in answer.content.decode()


def test_candidates_that_are_switched_off_are_not_shown(operator: Client) -> None:
    listings.two_venues()
    row = listings.candidate()
    assert row.title in text_of(operator, "/pairs/?status=all")

    row.active = False
    row.save()

    assert row.title not in text_of(operator, "/pairs/?status=all")
    assert selectors.pairs_waiting() == 0


def test_blocking_a_pair_keeps_the_reason(operator: Client) -> None:
    listings.two_venues()
    slug = listings.candidate().slug

    operator.post(f"/pairs/{slug}/block/", {"reason": "other gauge"})

    found = selectors.pair(slug)
    assert found is not None
    assert (found.status, found.status_reason) == ("blocked", "other gauge")


def test_a_viewer_sees_pairs_without_buttons(viewer: Client) -> None:
    listings.two_venues()
    slug = listings.candidate().slug

    assert "/approve/" not in text_of(viewer, f"/pairs/{slug}/")
    assert viewer.get("/styleguide/").status_code == 403


@pytest.mark.parametrize(
    "address",
    ["approve", "block", "/halt/", "/resume/", "/deals/r1-1/unwind/", "/venues/kalshi/halt/"],
)
def test_a_viewer_commands_and_decides_nothing(viewer: Client, address: str) -> None:
    listings.two_venues()
    records.a_deal()
    slug = listings.candidate().slug
    path = address if address.startswith("/") else f"/pairs/{slug}/{address}/"

    answer = viewer.post(path, {"packages": "0", "reason": "y"})

    assert answer.status_code == 403
    assert commands().items == ()
    found = selectors.pair(slug)
    assert found is not None
    assert found.status == "candidate"


@pytest.mark.parametrize("address", ["/", "/venues/", "/resume/", "/deals/r1-1/"])
def test_a_viewer_finds_no_button_that_commands(viewer: Client, address: str) -> None:
    listings.two_venues()
    records.a_deal()
    now = live.now_ns()
    live_site.store((), showcase.engine(now))
    live_site.store_truths(showcase.truth("kalshi", now))

    page = text_of(viewer, address)

    assert not re.search(r'(action|href)="[^"]*(halt|resume|unwind)/|form="halt', page)


def test_a_decision_sent_twice_is_made_once(operator: Client) -> None:
    listings.two_venues()
    slug = listings.candidate().slug
    before = selectors.last_revision_number()
    words = {"packages": "1", "reason": "read both", "key": "a-key", "read": ALL_READ}

    operator.post(f"/pairs/{slug}/approve/", words)
    operator.post(f"/pairs/{slug}/approve/", words)

    assert selectors.last_revision_number() == before + 1
    assert len(commands().items) == 1


def test_venues_show_what_the_engine_sees(operator: Client) -> None:
    listings.two_venues()
    now = live.now_ns()
    live_site.store((), showcase.engine(now))
    live_site.store_truths(showcase.truth("kalshi", now), showcase.truth("polymarket", now))

    page = text_of(operator, "/venues/?open=kalshi")

    assert "$1,204.00" in page
    assert "wss://kalshi.example/ws" in page
    assert "wss://polymarket.example/ws" not in page
    assert page.count("ready") == 2


def test_a_sick_venue_opens_itself_and_says_what_it_costs(operator: Client) -> None:
    listings.two_venues()
    now = live.now_ns()
    live_site.store(showcase.relations(now), showcase.engine(now))
    live_site.store_truths(
        showcase.truth("kalshi", now), showcase.truth("polymarket", now, sick=True)
    )

    page = text_of(operator, "/venues/")

    assert "No trades against Polymarket." in page
    assert "Nothing has come over its socket for 41s." in page
    assert "Message age p95, 41s against 500ms" in page
    assert "Stream against REST, 91.0% against 99.0%" in page
    assert '<span class="out stop">41s' in page
    assert 'id="vx-kalshi"' not in page


def test_an_old_word_about_a_venue_claims_nothing(operator: Client) -> None:
    listings.two_venues()
    now = live.now_ns()
    live_site.store_truths(showcase.truth("kalshi", now - 10 * SECOND))

    page = text_of(operator, "/venues/")

    assert "not heard" in page
    assert "ready" not in page


def test_a_venue_is_halted_by_one_click_and_resumed_with_a_reason(operator: Client) -> None:
    listings.two_venues()

    operator.post("/venues/kalshi/halt/", {"key": "k"})
    operator.post("/venues/kalshi/halt/", {"key": "k"})
    operator.post("/resume/", {"venue": "kalshi", "reason": "lines are right again"})

    asked = [(row.kind, row.target) for row in commands().items]
    assert asked == [("resume", "kalshi"), ("halt", "kalshi")]
    assert "Resume Kalshi" in text_of(operator, "/resume/?venue=kalshi")
    assert operator.post("/venues/none/halt/").status_code == 404


def test_pictures_of_another_shape_are_counted_and_left() -> None:
    kept = live.Pictures()

    kept.absorb([b"\x00", b"not msgpack"], (), b"\xc1")

    assert (kept.malformed, kept.relations, kept.engine) == (3, {}, None)


def test_an_older_picture_never_replaces_a_newer_one() -> None:
    kept = live.Pictures()
    new = showcase.relation("a", "A", 2 * SECOND, net=20_000)
    old = showcase.relation("a", "A", 1 * SECOND, net=10_000)

    kept.absorb([live_site.encoded(new), live_site.encoded(old)])

    assert kept.rows[new.id].net == "+2.00"


def test_a_relation_that_is_gone_leaves() -> None:
    kept = live.Pictures()
    kept.absorb([live_site.encoded(showcase.relation("a", "A", SECOND))])

    kept.absorb((), ["a"])

    assert kept.rows == {}


TEMPLATES = sorted((Path(settings.BASE_DIR) / "templates").rglob("*.html"))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_needs_more_than_the_strict_policy(path: Path) -> None:
    source = path.read_text()

    assert not re.search(r"\sstyle=|\son[a-z]+=\"|hx-on|js:|<style|\|safe\b", source)
    assert not re.search(r"<script(?![^>]*\ssrc=)", source)


def naked_now(**changes: Any) -> None:
    now = live.now_ns()
    naked = msgspec.structs.replace(showcase.naked_deal(now, records.a_deal()), **changes)
    engine = msgspec.structs.replace(showcase.engine(now), naked_deals=(naked,))
    live_site.store((), engine)


def test_a_naked_deal_shows_its_four_choices_with_their_numbers(operator: Client) -> None:
    naked_now()

    page = text_of(operator, "/deals/r1-1/")

    assert "Naked leg: 120 sh of KA Yes" in page
    for words in ("Rest a hedge at 54.6¢", "Cross now at 55.2¢", "Unwind now at 40.6¢", "96%"):
        assert words in page
    assert len(re.findall(r'form="naked-form" name="kind"', page)) == 4


def test_a_choice_is_a_command_with_its_reason(operator: Client) -> None:
    naked_now()
    wish = {"kind": "cross", "reason": "prices run", "key": "k1", "next": "/deals/r1-1/"}

    answer = operator.post("/deals/r1-1/choose/", wish)

    assert answer["Location"] == "/deals/r1-1/"
    asked = commands(limit=1).items[0]
    assert (asked.kind, asked.target, asked.reason) == ("cross", "r1-1", "prices run")
    assert operator.post("/deals/r1-1/choose/", {**wish, "kind": "hold"}).status_code == 404


def test_a_viewer_sees_the_choices_and_no_button(viewer: Client) -> None:
    naked_now()

    page = text_of(viewer, "/deals/r1-1/")

    assert "Cross now at 55.2¢" in page
    assert "naked-form" not in page
    assert viewer.post("/deals/r1-1/choose/", {"kind": "cross"}).status_code == 403


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"waits": True, "open": False}, "An order is on its way."),
        ({"chosen": "wait"}, "Asked: wait."),
        ({"state": "residual", "policy": ""}, "A person must choose."),
    ],
)
def test_the_panel_says_what_it_waits_for(
    operator: Client, changes: dict[str, Any], words: str
) -> None:
    naked_now(**changes)

    panel = text_of(operator, "/deals/r1-1/naked/")

    assert words in panel
    assert ("disabled" in panel) == ("waits" in changes)


def test_a_deal_that_is_not_naked_has_an_empty_panel(operator: Client) -> None:
    panel = text_of(operator, f"/deals/{records.a_deal()}/naked/")

    assert panel.strip() == '<div id="naked"></div>'
