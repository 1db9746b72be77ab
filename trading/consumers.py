"""The socket of a page: it says what it shows, and is sent what changed of that.

Two lanes: markup for structure (a row appears, changes its gate; the header), ready-made strings
for numbers. The first change after quiet goes out at once, then the newest state at the pace the
operator sets (`dashboard_ms`). The browser acknowledges frames; two unacknowledged ones are the
most it is owed, and after 20 s without a word it is dropped. Nothing is commanded over the socket.
A browser may close for any reason: everything here is rebuilt from the pictures on the next
connection.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import msgspec
from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.contrib.auth import get_user
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection

from markets.roles import Role, role_of
from markets.second_factor import is_owed
from markets.session_age import is_over
from markets.terms.units import MS, SECOND
from trading import live, panels
from trading.frames import EdgeFrames, Shown

COME_BACK = 4000
RELOAD = 4001
SIGN_IN = 4401
FORBIDDEN = 4403
TOO_SLOW = 4408
PACE_MS = 250
IDLE_SECONDS = 1.0
CREDIT = 2
PATIENCE_SECONDS = 20.0
SESSION_SECONDS = 60.0
LONGEST_MESSAGE = 8192
SLOW_NS = SECOND


class Reader(msgspec.Struct, frozen=True):
    """Who looks at a slow page, as far as it matters to what is shown."""

    may_act: bool = False
    open: str = ""


# Pages whose one region is rendered anew at most once a second: name to region.
SLOW_PAGES: dict[str, Callable[[Reader], str]] = {}


class Said(msgspec.Struct):
    """What a browser may say: an acknowledgement, or what it shows."""

    ack: int | None = None
    page: str = ""
    v: str = ""
    sort: str = ""
    q: str = ""
    n: int = 1
    have: list[str] = []
    open: list[str] = []
    hidden: bool = False


class LivePage(AsyncWebsocketConsumer):
    """One open page."""

    pictures = live.PICTURES
    patience = PATIENCE_SECONDS
    session_every = SESSION_SECONDS

    async def connect(self) -> None:
        """Let in whoever is signed in; the others are told to sign in."""
        await self.accept()
        self.frames: EdgeFrames | None = None
        self.sent = self.acknowledged = 0
        self.head_html = self.slow_html = ""
        self.slow_page = ""
        self.slow_at = 0
        self.opened = ""
        self.may_act = False
        self.hidden = False
        self.deals: set[str] = set()
        self.wake = asyncio.Event()
        self.credit = asyncio.Event()
        self.jobs: list[asyncio.Task[None]] = []
        if not await self._is_signed_in():
            await self.close(code=SIGN_IN)
            return
        await self.channel_layer.group_add(live.GROUP, self.channel_name)
        await sync_to_async(live.read)(self.pictures)
        await self._send_json({"t": "hello", "build": live.BUILD})
        loop = asyncio.get_running_loop()
        self.jobs = [loop.create_task(self._send_frames()), loop.create_task(self._watch_session())]

    async def disconnect(self, code: int) -> None:
        """Leave the group and stop sending."""
        for job in self.jobs:
            job.cancel()
        await self.channel_layer.group_discard(live.GROUP, self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """An acknowledgement or a new view; anything else ends the conversation."""
        if text_data is None or len(text_data) > LONGEST_MESSAGE:
            await self.close(code=FORBIDDEN)
            return
        try:
            said = msgspec.json.decode(text_data, type=Said)
        except msgspec.MsgspecError:
            await self.close(code=FORBIDDEN)
            return
        if said.ack is not None:
            self.acknowledged = max(self.acknowledged, min(said.ack, self.sent))
            self.credit.set()
            return
        self._show(said)

    def _show(self, said: Said) -> None:
        self.hidden = said.hidden
        if said.page == "edges":
            shown = Shown(said.v, said.sort, said.q, said.n, tuple(said.open))
            if self.frames is None or said.have:
                self.frames = EdgeFrames(self.pictures, set(said.have))
            self.frames.show(shown)
        else:
            self.frames = None
        self.slow_page = said.page if said.page in SLOW_PAGES else ""
        self.opened = said.open[0] if said.open else ""
        self.slow_at = 0
        self.wake.set()

    async def live_pictures(self, event: dict[str, Any]) -> None:
        """A batch of pictures from the worker."""
        self.pictures.absorb(event["pictures"], event["gone"], event["engine"])
        self.wake.set()

    async def live_deals(self, event: dict[str, Any]) -> None:
        """Deals whose rows changed."""
        self.deals.update(event["deals"])
        self.wake.set()

    async def _send_frames(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.wake.wait(), IDLE_SECONDS)
            self.wake.clear()
            if not await self._has_credit():
                await self.close(code=TOO_SLOW)
                return
            await self._send_one()
            await asyncio.sleep(self.pace_seconds())

    def pace_seconds(self) -> float:
        """How long to wait before the next frame, as the running settings say."""
        engine = self.pictures.engine
        return (engine.pace_ms if engine is not None else PACE_MS) / 1000

    async def _has_credit(self) -> bool:
        if self.sent - self.acknowledged < CREDIT:
            return True
        try:
            async with asyncio.timeout(self.patience):
                while self.sent - self.acknowledged >= CREDIT:
                    self.credit.clear()
                    await self.credit.wait()
        except TimeoutError:
            return False
        return True

    async def _send_one(self) -> None:
        """Markup first, then the numbers that belong to it, all from one state."""
        head = live.make_header(self.pictures.engine, live.now_ns())
        markup = panels.header_html(head)
        if markup != self.head_html:
            self.head_html = markup
            await self.send(text_data=markup)
        if self.slow_page and not self.hidden:
            await self._send_slow(SLOW_PAGES[self.slow_page])
        rows: list[Any] = []
        if self.frames is not None and not self.hidden:
            for part in self.frames.markup(head, live.now_ns()):
                await self.send(text_data=part)
            order = self.frames.order
            if order is not None:
                await self._send_json({"t": "o", "ids": order})
            rows = self.frames.patches
        if self.deals:
            await self._send_json({"t": "d", "deals": sorted(self.deals)})
            self.deals = set()
        self.sent += 1
        await self._send_json({"t": "p", "n": self.sent, "r": rows})

    async def _send_slow(self, render: Callable[[Reader], str]) -> None:
        """The page's region, when a second has gone by and it changed."""
        now = live.now_ns()
        if now - self.slow_at < SLOW_NS:
            return
        self.slow_at = now
        reader = Reader(self.may_act, self.opened)
        markup = await database_sync_to_async(_rendered)(render, reader)
        if markup != self.slow_html:
            self.slow_html = markup
            await self.send(text_data=markup)

    async def _send_json(self, frame: dict[str, Any]) -> None:
        frame["at"] = live.now_ns() // MS
        await self.send(text_data=msgspec.json.encode(frame).decode())

    async def _watch_session(self) -> None:
        while True:
            await asyncio.sleep(self.session_every)
            if not await self._is_signed_in():
                await self.close(code=SIGN_IN)
                return

    async def _is_signed_in(self) -> bool:
        session = self.scope.get("session")
        user, role = await database_sync_to_async(reader_of)(getattr(session, "session_key", None))
        self.may_act = role is not None and role >= Role.OPERATOR
        return user is not None


def _rendered(render: Callable[[Reader], str], reader: Reader) -> str:
    try:
        return render(reader)
    finally:
        connection.close()


def reader_of(session_key: str | None) -> tuple[User | None, Role | None]:
    """A session's user who may still see pages, and their role, as the database has it now."""
    if not session_key:
        return None, None
    session = SessionStore(session_key)
    try:
        user = get_user(SimpleNamespace(session=session))  # type: ignore[arg-type]
        role = role_of(user)
        if not isinstance(user, User) or role is None or is_owed(session, user):
            return None, None
        if is_over(session, role, live.now_ns() // SECOND):
            return None, None
        return user, role
    finally:
        connection.close()
