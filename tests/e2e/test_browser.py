"""What a person meets in a browser: rows that move, a halt that always works, pages that fit.

The site runs as its own processes; nothing here touches its database. Screenshots are left under
`.local/screenshots/`, to be looked at.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from arbsite import local
from tests.e2e.prepare import LOGIN, PASSWORD, VIEWER
from tests.e2e.site import ROOT, Site

pytestmark = pytest.mark.browser

CHROMIUM = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--disable-gpu",
]
AXE = (Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js").read_text()
SHOTS = ROOT / ".local" / "screenshots"
Theme = Literal["dark", "light"]
PAGES = {
    "edges": "/",
    "explained": "/?open=near-miss",
    "filtered-out": "/?q=nothing-like-this",
    "deals": "/deals/",
    "deal": "/deals/r1-2/",
    "positions": "/positions/",
    "opportunities": "/opportunities/",
    "pairs": "/pairs/",
    "pair": "the first pair",
    "venues": "/venues/",
    "venues-open": "/venues/?open=kalshi",
    "venue-latency": "/venues/latency/",
    "venue-rejects": "/venues/rejects/",
    "venue-fees": "/venues/fees/",
    "venue-calendar": "/venues/calendar/",
    "settings": "/settings/?profile=S1",
    "settings-venues": "/settings/venues/",
    "strategies": "/settings/strategies/",
    "alerts": "/settings/alerts/",
    "me": "/settings/me/",
    "stops": "/settings/stops/",
    "audit": "/audit/",
    "more": "/more/",
    "resume": "/resume/",
    "styleguide": "/styleguide/",
    "login": "/accounts/login/",
}
ROWS = "tr.row:not([hidden])"


@pytest.fixture(scope="module")
def site(servers: local.Servers) -> Iterator[Site]:
    """The running site."""
    if not Path(CHROMIUM).exists():
        pytest.skip(f"There is no Chromium at {CHROMIUM}; set CHROMIUM to its path.")
    running = Site(settings.DATABASE_URL, settings.REDIS_URL, settings.DATA_DIR)
    try:
        running.start()
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def browser(site: Site) -> Iterator[Browser]:
    """One Chromium for all of it."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def cookies(site: Site, browser: Browser) -> list[Any]:
    """The session of somebody who signed in through the form."""
    return signed_in(site, browser, LOGIN)


def signed_in(site: Site, browser: Browser, name: str) -> list[Any]:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{site.base}/accounts/login/")
    page.fill("#id_username", name)
    page.fill("#id_password", PASSWORD)
    page.click("button.primary")
    page.wait_for_url(f"{site.base}/")
    kept = context.cookies()
    context.close()
    return list(kept)


class Wire:
    """What came over the page's socket."""

    def __init__(self, page: Page) -> None:
        self.patched_rows = 0
        self.opened = 0
        page.on("websocket", self._watch)

    def _watch(self, socket: Any) -> None:
        self.opened += 1
        socket.on("framereceived", self._count)

    def _count(self, frame: Any) -> None:
        if isinstance(frame, str) and frame.startswith("{"):
            read = msgspec.json.decode(frame)
            self.patched_rows += len(read.get("r", ()))

    def wait_for(self, page: Page, rows: int) -> None:
        """Until this many rows were patched from now on."""
        start = self.patched_rows
        for _ in range(600):
            if self.patched_rows - start >= rows:
                return
            page.wait_for_timeout(50)
        raise AssertionError(f"Only {self.patched_rows - start} of {rows} rows were patched.")


@pytest.fixture
def context(browser: Browser, cookies: list[Any]) -> Iterator[BrowserContext]:
    """A signed-in desk."""
    opened = browser.new_context(viewport={"width": 1440, "height": 940})
    opened.add_cookies(cookies)
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A tab of it."""
    return context.new_page()


def tops(page: Page) -> dict[str, float]:
    script = "rows => Object.fromEntries(rows.map(r => [r.id, r.getBoundingClientRect().top]))"
    found: dict[str, float] = page.locator(ROWS).evaluate_all(script)
    return found


def test_rows_move_without_a_reload(site: Site, page: Page) -> None:
    loads: list[str] = []
    page.on("load", lambda _: loads.append(page.url))
    page.goto(site.base)
    row = page.locator("#e-game-1 [data-c=n]")
    before = row.inner_text()

    expect(row).not_to_have_text(before, timeout=10_000)
    expect(page.locator("#wire-chip")).to_have_attribute("data-state", "ok")
    assert len(loads) == 1


def test_rows_stay_under_a_resting_pointer_while_numbers_change(site: Site, page: Page) -> None:
    wire = Wire(page)
    page.goto(site.base)
    wire.wait_for(page, 20)
    page.mouse.move(700, 500)
    before = tops(page)

    wire.wait_for(page, 200)

    after = tops(page)
    assert {name: top for name, top in after.items() if name in before} == before


def test_focus_and_an_open_explanation_survive_the_changes(site: Site, page: Page) -> None:
    wire = Wire(page)
    page.goto(site.base)
    wire.wait_for(page, 20)
    page.keyboard.press("j")
    page.keyboard.press("j")
    focused = page.evaluate("document.activeElement.id")
    page.keyboard.press("e")
    expect(page.locator("tr.explain .gates")).to_be_visible()

    wire.wait_for(page, 50)

    assert page.evaluate("document.activeElement.id") == focused
    assert focused.startswith("e-")
    expect(page.locator("tr.explain")).to_have_count(1)
    expect(page.locator(f"#{focused} .caret")).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Escape")
    expect(page.locator("tr.explain")).to_have_count(0)


def test_the_filter_keeps_what_was_typed_through_a_restart_of_the_site(
    site: Site, page: Page
) -> None:
    wire = Wire(page)
    page.goto(site.base)
    wire.wait_for(page, 20)
    page.fill("#filter", "half a wo")

    site.stop_web()
    expect(page.locator("#wire-chip")).to_have_attribute("data-state", "lost", timeout=10_000)
    expect(page.locator("#wire-chip")).to_contain_text("Reconnecting, showing")
    expect(page.locator("#halt")).to_be_enabled()
    site.start_web()

    expect(page.locator("#wire-chip")).to_have_attribute("data-state", "ok", timeout=30_000)
    wire.wait_for(page, 20)
    assert page.input_value("#filter") == "half a wo"
    assert page.evaluate("document.activeElement.id") == "filter"
    assert wire.opened >= 2


def test_a_paused_page_keeps_its_numbers(site: Site, page: Page) -> None:
    wire = Wire(page)
    page.goto(site.base)
    wire.wait_for(page, 20)
    page.keyboard.press("p")
    expect(page.locator("#pause")).to_have_attribute("aria-pressed", "true")
    page.wait_for_timeout(400)
    before = page.locator("[data-c=n]").all_inner_texts()
    page.wait_for_timeout(1500)

    assert page.locator("[data-c=n]").all_inner_texts() == before
    page.keyboard.press("p")
    wire.wait_for(page, 20)


def test_ones_own_ways_are_kept_in_the_browser(site: Site, page: Page) -> None:
    page.goto(site.base + "/settings/me/")
    page.get_by_role("radio", name="dark").check()
    page.get_by_label("off: a key does nothing").check()
    page.goto(site.base + "/settings/alerts/")
    page.get_by_label("Sound when money is at risk").check()
    expect(page.locator("#sound-state")).to_contain_text("Armed on this page")
    page.keyboard.press("?")

    page.goto(site.base + "/settings/alerts/")

    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator("#keys")).to_be_hidden()
    expect(page.locator("#sound-state")).to_contain_text("not armed yet")
    page.keyboard.press("q")
    expect(page.locator("#sound-state")).to_contain_text("Armed on this page")


def resume(page: Page, base: str) -> None:
    page.goto(f"{base}/resume/")
    page.fill("#reason", "the test is over")
    page.click("main .btn.primary")


def test_halt_works_on_a_phone_without_scripts(
    site: Site, browser: Browser, cookies: list[Any]
) -> None:
    phone = browser.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=False)
    phone.add_cookies(cookies)
    page = phone.new_page()
    page.goto(site.base)
    expect(page.locator(ROWS).first).to_be_visible()

    page.click("#halt")

    expect(page.locator(".messages")).to_contain_text("Halt asked")
    for _ in range(50):
        page.goto(site.base)
        if page.locator("#mode").inner_text() == "HALTED":
            break
    expect(page.locator("#mode")).to_have_text("HALTED")
    expect(page.locator("#halt")).to_be_hidden()
    page.screenshot(path=SHOTS / "halted-390-light.png")
    resume(page, site.base)
    expect(page.locator(".messages")).to_contain_text("Resume asked")
    phone.close()


def test_halt_works_by_keyboard_and_shows_by_itself(site: Site, page: Page) -> None:
    page.goto(site.base)
    expect(page.locator("html")).to_have_attribute("data-mode", "paper", timeout=10_000)

    page.keyboard.press("h")
    page.keyboard.press("Enter")

    expect(page.locator(".messages")).to_contain_text("Halt asked")
    expect(page.locator("html")).to_have_attribute("data-mode", "halted", timeout=10_000)
    expect(page.locator("#attention")).to_contain_text("Halted by")
    expect(page).to_have_title(re.compile("^HALTED · "))
    page.screenshot(path=SHOTS / "halted-1440-light.png")
    resume(page, site.base)
    expect(page.locator("html")).to_have_attribute("data-mode", "paper", timeout=10_000)


def test_the_sick_venue_opens_itself_and_is_halted_by_one_click(site: Site, page: Page) -> None:
    page.goto(f"{site.base}/venues/")
    why = page.locator("#vx-polymarket")
    expect(why).to_contain_text("No trades against Polymarket.")
    expect(page.locator("#vx-kalshi")).to_have_count(0)

    page.click("#vc-kalshi")
    expect(page.locator("#vx-kalshi")).to_contain_text("Nothing costs it a point.")
    expect(why).to_be_visible()
    page.click("#vh-kalshi")

    expect(page.locator(".messages")).to_contain_text("Halt asked")
    page.goto(f"{site.base}/more/")
    expect(page.locator("tbody tr").first).to_contain_text("halt kalshi")


def test_the_texts_of_venues_stay_texts(site: Site, page: Page) -> None:
    page.goto(site.base + first_pair(page, site))

    expect(page.locator("main")).to_contain_text("<script>document.title = 'owned'</script>")
    assert "owned" not in page.title()


def test_a_viewer_finds_no_button_that_decides(site: Site, browser: Browser) -> None:
    context = browser.new_context()
    context.add_cookies(signed_in(site, browser, VIEWER))
    page = context.new_page()

    page.goto(site.base + first_pair(page, site))

    expect(page.get_by_role("button", name=re.compile("Approve|Block"))).to_have_count(0)
    context.close()


def first_pair(page: Page, site: Site) -> str:
    page.goto(f"{site.base}/pairs/?status=candidate")
    return str(page.locator("a.rowlink").first.get_attribute("href"))


def open_page(page: Page, site: Site, name: str) -> None:
    path = first_pair(page, site) if name == "pair" else PAGES[name]
    page.goto(site.base + path)
    if name == "explained":
        page.locator("#e-near-miss").evaluate("row => row.scrollIntoView()")
    page.wait_for_timeout(300)


@pytest.mark.parametrize("width", [390, 720, 1100, 1440, 2560])
def test_no_page_is_wider_than_its_window(site: Site, context: BrowserContext, width: int) -> None:
    page = context.new_page()
    page.set_viewport_size({"width": width, "height": 900})
    wide = []
    for name in PAGES:
        open_page(page, site, name)
        over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if over > 0:
            wide.append((name, over))

    assert wide == []


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_every_page_is_accessible_and_keeps_the_policy(
    site: Site, browser: Browser, cookies: list[Any], width: int, theme: Theme
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 844 if width < 720 else 940},
        color_scheme=theme,
        reduced_motion="reduce",
    )
    context.add_cookies(cookies)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda m: said.append(m.text) if m.type in {"error", "warning"} else None)
    page.on("pageerror", lambda problem: said.append(str(problem)))
    found: list[tuple[str, str, str]] = []
    SHOTS.mkdir(parents=True, exist_ok=True)
    for name in PAGES:
        open_page(page, site, name)
        page.screenshot(path=SHOTS / f"{name}-{width}-{theme}.png")
        found += [(name, *violation) for violation in violations(page)]
    context.close()

    assert found == []
    assert said == []


def violations(page: Page) -> list[tuple[str, str]]:
    page.evaluate(AXE)
    result = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        (violation["id"], node["html"][:160])
        for violation in result["violations"]
        for node in violation["nodes"][:3]
    ]
