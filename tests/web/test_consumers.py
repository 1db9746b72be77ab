"""The socket of a page: who may listen, what is sent, and how little of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
import pytest
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from channels.testing import WebsocketCommunicator
from django.contrib.auth import get_user_model
from django.test import Client

from arbsite import local
from arbsite.asgi import application
from tests import listings
from tests.web import live_site
from trading import consumers, live, showcase
from trading.engine.pictures import RelationPicture

pytestmark = pytest.mark.django_db(transaction=True)


class Page:
    """A browser's end of the socket."""

    def __init__(self, cookie: str = "", origin: str = "http://localhost") -> None:
        headers = [(b"origin", origin.encode()), (b"host", b"localhost")]
        if cookie:
            headers.append((b"cookie", f"sessionid={cookie}".encode()))
        self.socket = WebsocketCommunicator(application, "/ws/", headers=headers)
        self.markup: list[str] = []
        self.frames: list[dict[str, Any]] = []

    async def open(self) -> bool:
        connected, _ = await self.socket.connect()
        return connected

    async def say(self, **words: Any) -> None:
        await self.socket.send_to(text_data=msgspec.json.encode(words).decode())

    async def take(self) -> dict[str, Any]:
        """The next frame of numbers, with the markup that came before it; not acknowledged."""
        while True:
            text = str(await self.socket.receive_from(timeout=5))
            if text.startswith("<"):
                self.markup.append(text)
                continue
            frame: dict[str, Any] = msgspec.json.decode(text)
            self.frames.append(frame)
            if frame["t"] == "p":
                return frame

    async def next(self) -> dict[str, Any]:
        """As `take`, acknowledged."""
        frame = await self.take()
        await self.say(ack=frame["n"])
        return frame

    async def closed_with(self) -> int:
        """The code the server closed with, whatever it sent before."""
        while True:
            message = await self.socket.receive_output(timeout=5)
            if message["type"] == "websocket.close":
                return int(message["code"])

    async def until(self, found: Callable[[], bool]) -> None:
        """Take frames until something is there; it comes, or the test fails."""
        async with asyncio.timeout(10):
            while not found():
                await self.next()

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [frame for frame in self.frames if frame["t"] == kind]

    def patches(self) -> list[Any]:
        """Every row's numbers received so far."""
        return [row for frame in self.of("p") for row in frame["r"]]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits of a test's length."""
    monkeypatch.setattr(consumers.LivePage, "pace_seconds", lambda _: 0.02)
    monkeypatch.setattr(consumers.LivePage, "patience", 0.2)


@pytest.fixture
async def cookie(servers: local.Servers, quick: None) -> str:
    def sign_in() -> str:
        live_site.clear()
        now = live.now_ns()
        live_site.store(showcase.relations(now), showcase.engine(now))
        client = Client()
        client.force_login(get_user_model().objects.create_user("operator", password="x"))
        return client.cookies["sessionid"].value

    return await database_sync_to_async(sign_in)()


@pytest.fixture
async def page(cookie: str) -> AsyncIterator[Page]:
    """A page that shows the edges and has none of their rows yet."""
    opened = Page(cookie)
    assert await opened.open()
    yield opened
    await opened.socket.disconnect()


async def publish(*pictures: RelationPicture, gone: tuple[str, ...] = ()) -> None:
    layer = get_channel_layer()
    assert layer is not None
    raw = [live_site.encoded(picture) for picture in pictures]
    event = {"type": "live.pictures", "pictures": raw, "gone": list(gone), "engine": None}
    await layer.group_send(live.GROUP, event)


async def show_all(page: Page) -> None:
    """Have the page take every row it shows, until frames are empty."""
    await page.say(page="edges", v="all", sort="annual", have=[])
    await page.until(lambda: bool(page.of("o")))


async def test_a_stranger_is_told_to_sign_in(servers: local.Servers) -> None:
    stranger = Page()
    assert await stranger.open()

    assert await stranger.closed_with() == consumers.SIGN_IN


async def test_another_site_is_not_let_in(cookie: str) -> None:
    assert not await Page(cookie, origin="https://example.com").open()


async def test_the_first_frames_bring_greeting_header_rows_and_order(page: Page) -> None:
    await show_all(page)

    assert page.of("hello")[0]["build"] == live.BUILD
    assert any('id="head-numbers"' in part for part in page.markup)
    assert len(page.of("o")[0]["ids"]) == 10
    assert sum(part.count("<tr ") for part in page.markup) == 10


async def test_rows_the_browser_has_are_renewed_in_place(page: Page) -> None:
    await page.say(page="edges", v="all", sort="annual", have=["passed", "near-miss"])
    await page.until(lambda: bool(page.of("o")))

    rows = "".join(part for part in page.markup if "<tr " in part)
    assert rows.count('hx-swap-oob="morph"') == 2
    assert "beforeend:#rows" in rows


async def test_a_moved_price_is_sent_as_strings_alone(page: Page) -> None:
    await show_all(page)
    markup = len(page.markup)

    await publish(showcase.relation("passed", "Djokovic beats Sinner", live.now_ns(), net=25_500))
    await page.until(lambda: bool(page.patches()))

    assert [name for name, _, _ in page.patches()] == ["passed"]
    assert page.patches()[0][1]["n"] == "+2.55"
    assert [part for part in page.markup[markup:] if "<tr " in part] == []


async def test_a_changed_gate_is_sent_as_markup(page: Page) -> None:
    await show_all(page)
    page.markup.clear()

    refused = showcase.readings("min_edge", actual=2_600)
    await publish(
        showcase.relation("passed", "Djokovic beats Sinner", live.now_ns(), chain=refused)
    )
    await page.until(lambda: any('id="e-passed"' in part for part in page.markup))

    row = next(part for part in page.markup if 'id="e-passed"' in part)
    assert 'hx-swap-oob="morph"' in row
    assert "refused" in row


async def test_a_confirmed_pair_joins_and_a_gone_one_leaves(page: Page, quick: None) -> None:
    await show_all(page)
    page.frames.clear()

    await publish(
        showcase.relation("new-pair", "Rain in Oslo", live.now_ns(), net=90_000),
        gone=("no-quote",),
    )
    await page.until(lambda: bool(page.of("o")))

    assert page.of("o")[0]["ids"][0] == "new-pair"
    assert "no-quote" not in page.of("o")[0]["ids"]
    assert any("e-new-pair" in part and "hidden" in part for part in page.markup)


async def test_only_the_readers_window_is_sent(page: Page) -> None:
    await page.say(page="edges", v="all", sort="annual", q="celtics", have=[])
    await page.until(lambda: bool(page.of("o")))

    await publish(showcase.relation("passed", "Djokovic beats Sinner", live.now_ns(), net=25_500))
    near = showcase.readings("min_edge", actual=13_000)
    await publish(
        showcase.relation("near-miss", "Celtics beat Heat", live.now_ns(), net=13_300, chain=near)
    )
    await page.until(lambda: bool(page.patches()))

    assert page.of("o")[0]["ids"] == ["near-miss"]
    assert [name for name, _, _ in page.patches()] == ["near-miss"]


async def test_a_hidden_page_gets_no_rows(page: Page) -> None:
    await page.say(page="edges", v="all", sort="annual", have=[], hidden=True)

    await publish(showcase.relation("passed", "Djokovic beats Sinner", live.now_ns(), net=25_500))
    for _ in range(3):
        assert (await page.next())["r"] == []

    assert not any("<tr " in part for part in page.markup)


async def test_two_frames_are_the_most_a_silent_browser_is_owed(page: Page) -> None:
    frames = [await page.take(), await page.take()]
    await publish(showcase.relation("passed", "Djokovic beats Sinner", live.now_ns(), net=25_500))

    code = await page.closed_with()

    assert [frame["n"] for frame in frames] == [1, 2]
    assert code == consumers.TOO_SLOW


async def test_an_acknowledgement_of_what_was_never_sent_earns_nothing(page: Page) -> None:
    await page.say(ack=10_000)
    await page.take()
    await page.take()

    assert await page.closed_with() == consumers.TOO_SLOW


@pytest.mark.parametrize("text", ["null", "[]", "halt", '{"ack":"x"}', '{"open":' + "[" * 9000])
async def test_words_we_do_not_know_end_the_conversation(page: Page, text: str) -> None:
    await page.socket.send_to(text_data=text)

    assert await page.closed_with() == consumers.FORBIDDEN


async def test_deals_that_changed_are_named(page: Page) -> None:
    layer = get_channel_layer()
    assert layer is not None
    await page.say(page="deals")
    await page.next()

    await layer.group_send(live.GROUP, {"type": "live.deals", "deals": ["r1-1"]})
    await page.until(lambda: bool(page.of("d")))

    assert page.of("d")[0]["deals"] == ["r1-1"]


async def test_a_session_that_ended_is_shut_out(
    cookie: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers.LivePage, "session_every", 0.05)
    opened = Page(cookie)
    assert await opened.open()

    await database_sync_to_async(lambda: get_user_model().objects.update(is_active=False))()

    assert await opened.closed_with() == consumers.SIGN_IN


async def test_readers_of_one_process_share_one_set_of_pictures(cookie: str) -> None:
    first, second = Page(cookie), Page(cookie)
    assert await first.open()
    assert await second.open()
    await publish(showcase.relation("passed", "Djokovic beats Sinner", live.now_ns(), net=31_000))

    await asyncio.gather(show_all(first), show_all(second))

    assert consumers.LivePage.pictures is live.PICTURES
    await first.socket.disconnect()
    await second.socket.disconnect()


async def test_the_venues_page_is_renewed_when_a_venue_falls_silent(page: Page) -> None:
    def tell(*, sick: bool) -> None:
        live_site.store_truths(showcase.truth("kalshi", live.now_ns(), sick=sick))

    await database_sync_to_async(listings.two_venues)()
    await database_sync_to_async(tell)(sick=False)
    await page.say(page="venues")
    await page.until(lambda: any('id="venues"' in part for part in page.markup))
    assert "No trades against" not in page.markup[-1]

    await database_sync_to_async(tell)(sick=True)

    await page.until(lambda: any("No trades against Kalshi." in part for part in page.markup))
    assert not any("halt-kalshi" in part for part in page.markup), "a viewer was sent a button"
