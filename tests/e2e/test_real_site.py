"""A person's decisions on the real stack: fake venues, the worker, the scribe, the web server.

What is decided on one page is seen on another without a reload.
"""

from __future__ import annotations

import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.e2e.site import ROOT, free_port
from tests.e2e.test_browser import CHROMIUM, FLAGS, SHOTS
from tests.site import Site, demo_site, eventually

pytestmark = pytest.mark.browser

LOGIN = "operator"
PASSWORD = "a-password-for-tests"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running site."""
    if not Path(CHROMIUM).exists():
        pytest.skip(f"There is no Chromium at {CHROMIUM}; set CHROMIUM to its path.")
    folder = tmp_path_factory.mktemp("real")
    for path in (folder, *folder.parents[:3]):
        path.chmod(path.stat().st_mode | 0o755)
    with demo_site(folder) as site:
        site.environ["DJANGO_SUPERUSER_PASSWORD"] = PASSWORD
        words = ("--noinput", f"--username={LOGIN}", "--email=operator@example.com")
        site.manage("createsuperuser", *words)
        site.manage("collectstatic", "--noinput", "-v0")
        site.spawn("runfeeds", "--mode", "paper")
        yield web(site)


def web(site: Site) -> str:
    """The address of a web server of the site."""
    port = free_port()
    address = ["--bind", "127.0.0.1", "--port", str(port), "--verbosity", "0"]
    with (site.folder / "web.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "daphne", *address, "arbsite.asgi:application"],
            cwd=ROOT,
            env=site.environ,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    site.running.append(process)
    base = f"http://127.0.0.1:{port}"
    eventually(lambda: answers(base), "the web server answers")
    eventually(lambda: len(site.edges()) > 3, "the worker publishes edges")
    return base


def answers(base: str) -> bool:
    try:
        with urllib.request.urlopen(f"{base}/healthz", timeout=2):
            return True
    except OSError:  # refused, or too busy starting to answer in time
        return False


@pytest.fixture(scope="module")
def browser(base: str) -> Iterator[Browser]:
    """One Chromium."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def page(base: str, browser: Browser) -> Iterator[Page]:
    """A tab of somebody who signed in."""
    context = browser.new_context(viewport={"width": 1440, "height": 940}, color_scheme="dark")
    opened = context.new_page()
    opened.goto(f"{base}/accounts/login/")
    opened.fill("#id_username", LOGIN)
    opened.fill("#id_password", PASSWORD)
    opened.click("button.primary")
    opened.wait_for_url(f"{base}/")
    yield opened
    context.close()


def test_an_approved_pair_appears_among_the_edges_without_a_reload(base: str, page: Page) -> None:
    watching = page.context.new_page()
    loads: list[str] = []
    watching.goto(base)
    watching.on("load", lambda _: loads.append(watching.url))
    expect(watching.locator("#wire-chip")).to_have_attribute("data-state", "ok")
    page.goto(f"{base}/pairs/?status=candidate")
    link = page.locator("a.rowlink").first
    title = link.inner_text()
    expect(watching.get_by_role("row", name=re.compile(re.escape(title)))).to_have_count(0)

    link.click()
    page.fill("#reason", "read both texts")
    for box in page.locator("[name=read]").all():
        box.check()
    page.screenshot(path=SHOTS / "review-1440-dark.png", full_page=True)
    page.get_by_role("button", name=re.compile("^Approve both")).click()

    expect(page.locator(".messages")).to_contain_text("Approved.")
    row = watching.locator("tr.row:not([hidden])", has_text=title)
    expect(row).to_have_count(1, timeout=20_000)
    expect(row.locator("[data-c=n]")).to_have_text(re.compile(r"^[+−]"))
    watching.screenshot(path=SHOTS / "approved-1440-dark.png")
    assert loads == []


def test_a_changed_limit_is_seen_running(base: str, page: Page) -> None:
    page.goto(f"{base}/admin/risk/threshold/?q=min_net_edge")
    page.locator("#result_list a[href*='/change/']").first.click()
    page.fill("#id_amount", "0.9")
    page.fill("#id_reason", "a calmer day")
    page.locator("[name=_save]").first.click()

    page.goto(f"{base}/venues/")
    saved = 0
    for _ in range(200):
        found = re.search(r"saved (\d+) · running (\d+)", page.locator("main").inner_text())
        assert found is not None
        saved = int(found[1])
        if found[1] == found[2]:
            break
        page.reload()
    expect(page.locator("main")).to_contain_text(f"saved {saved} · running {saved}")
    page.goto(base)
    page.locator("tr.row:not([hidden]) .caret").first.click()
    expect(page.locator("tr.explain")).to_be_visible()
    assert saved > 1


def test_venues_are_judged_while_they_run(base: str, page: Page) -> None:
    page.goto(f"{base}/venues/?open=kalshi")

    expect(page.locator("#vx-kalshi")).to_contain_text("Books live")
    expect(page.locator("#v-kalshi")).to_contain_text("ready", timeout=20_000)
    expect(page.locator("#v-polymarket .v-score")).to_have_text(re.compile(r"^\d+$"))
    page.screenshot(path=SHOTS / "venues-real-1440-dark.png")
