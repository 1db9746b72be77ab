"""`/api/stream` (server-sent events) and `/ws/stream` (a socket): edges and deals as they change.

A caller bears a token as everywhere in the API; a browser's session will do for SSE. A token that
was revoked, or has ended, ends its streams within a minute.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from ninja.errors import HttpError

from arbsite import rate
from arbsite.answers import problem
from trading import services
from trading.stream import messages

Who = Callable[[HttpRequest], services.Bearer | None]
NOBODY = 4401
CHECK_S = 60.0
ENCODE = msgspec.json.Encoder().encode


def view_of(who: Who) -> Callable[[HttpRequest], Any]:
    """The SSE view, which asks `who` is calling."""

    @csrf_exempt
    async def stream(request: HttpRequest) -> HttpResponseBase:
        if request.method != "GET":
            return problem(405, "A stream is read with GET.")
        try:
            bearer = await database_sync_to_async(who)(request)
        except HttpError as refused:
            return problem(refused.status_code, refused.message)
        except rate.TooMany as spent:
            answer = problem(429, str(spent))
            answer.headers["Retry-After"] = str(spent.wait)
            return answer
        if bearer is None:
            return problem(401, "Send a valid token as `Authorization: Bearer …`, or log in.")
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return StreamingHttpResponse(
            _lines(token),
            content_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    return stream


async def _lines(token: str) -> AsyncIterator[bytes]:
    loop = asyncio.get_running_loop()
    checked = loop.time()
    source = messages()
    try:
        async for message in source:
            if token and loop.time() - checked >= CHECK_S:
                checked = loop.time()
                if await database_sync_to_async(services.bearer)(token) is None:
                    return
            yield f"event: {message.event}\ndata: ".encode() + ENCODE(message.data) + b"\n\n"
    finally:
        await source.aclose()  # type: ignore[attr-defined]  # an async generator


class Stream(AsyncWebsocketConsumer):
    """The socket of a program: one JSON object `{"event", "data"}` a message; it says nothing."""

    check_every = CHECK_S

    async def connect(self) -> None:
        """Let in whoever bears a token in the header `Authorization`."""
        self.job: asyncio.Task[None] | None = None
        headers = dict(self.scope["headers"])
        said = headers.get(b"authorization", b"").decode("latin-1")
        self.token = said.removeprefix("Bearer ").strip()
        await self.accept()
        if not self.token or not await self._is_known():
            await self.close(code=NOBODY)
            return
        self.job = asyncio.get_running_loop().create_task(self._send_all())

    async def disconnect(self, code: int) -> None:
        """Stop sending."""
        if self.job is not None:
            self.job.cancel()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Nothing is said over this socket."""

    async def _is_known(self) -> bool:
        return await database_sync_to_async(services.bearer)(self.token) is not None

    async def _send_all(self) -> None:
        loop = asyncio.get_running_loop()
        checked = loop.time()
        async for message in messages():
            if loop.time() - checked >= self.check_every:
                checked = loop.time()
                if not await self._is_known():
                    await self.close(code=NOBODY)
                    return
            await self.send(text_data=ENCODE(message).decode())
