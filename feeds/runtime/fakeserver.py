"""Serves a venue's fake on loopback: its REST paths and its sockets on one port.

The fake speaks; this carries. Sockets that read too slowly are cut. Faults for demonstrations and
tests are asked for by `POST /_faults {"kind": "disconnect"|"silence"|"refuse", "seconds": n}`:
`disconnect` cuts every socket, `silence` loses every frame meant for a socket (a gap follows),
`refuse` answers 503 to everything new. Only loopback is bound.
"""

import asyncio
from collections.abc import Mapping
from itertools import count
from typing import Literal, Protocol

import msgspec
from aiohttp import WSMsgType, web

from feeds.runtime.pause import pause
from feeds.sim.scenario import Move
from feeds.venues.base import Fake, FakeOutput, Hangup, Reply, Request
from markets.terms.units import MS, SECOND, Ns
from trading.runtime.clock import Clock

TICK = Ns(250 * MS)
STEP = Ns(20 * MS)
WAITING_FRAMES = 5_000
MAX_BODY = 4 * 1024 * 1024
LOOPBACK = "127.0.0.1"
SKIPPED_HEADERS = frozenset({"content-length", "transfer-encoding", "connection"})


class FaultAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fault somebody asks for, lasting `seconds` (a disconnect is over at once)."""

    kind: Literal["disconnect", "silence", "refuse"]
    seconds: float = 0.0


class Scripted(Protocol):
    """What moves the fakes: told the time, it answers with what has moved since."""

    def advance(self, at: Ns) -> list[Move]: ...


class _Wire:
    """One accepted socket and the frames that wait for it."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self.socket = socket
        self.waiting: asyncio.Queue[str | Hangup] = asyncio.Queue(WAITING_FRAMES)
        self.transport: asyncio.Transport | None = None

    def put(self, said: str | Hangup) -> None:
        """Queue a frame or the end; a reader that has fallen too far behind is cut."""
        try:
            self.waiting.put_nowait(said)
        except asyncio.QueueFull:
            self.cut()

    def cut(self) -> None:
        """End the connection without a word."""
        if self.transport is not None:
            self.transport.abort()

    async def write(self) -> None:
        """Send what waits until the end comes."""
        while True:
            said = await self.waiting.get()
            if isinstance(said, Hangup):
                await self.socket.close(code=said.code, message=said.reason.encode())
                return
            await self.socket.send_str(said)


class FakeServer:
    """One fake venue on one port.

    `prefixes` maps a first path part to a host name, else `host` is meant.
    """

    def __init__(
        self,
        fake: Fake,
        clock: Clock,
        port: int = 0,
        *,
        host: str = "rest",
        prefixes: Mapping[str, str] | None = None,
    ) -> None:
        self.fake = fake
        self.port = port
        self._clock = clock
        self._host = host
        self._prefixes = dict(prefixes or {})
        self._wires: dict[int, _Wire] = {}
        self._numbers = count(1)
        self._silent_until = Ns(0)
        self._refuse_until = Ns(0)
        self._runner: web.AppRunner | None = None
        self._ticker: asyncio.Task[None] | None = None

    async def start(self) -> int:
        """Listen; returns the port. Errors: `OSError` when it is taken."""
        app = web.Application(client_max_size=MAX_BODY)
        app.router.add_post("/_faults", self._faults)
        app.router.add_route("*", "/{path:.*}", self._any)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        site = web.TCPSite(runner, LOOPBACK, self.port)
        try:
            await site.start()
        except OSError:
            await runner.cleanup()
            raise
        self._runner = runner
        self.port = runner.addresses[0][1]
        self._ticker = asyncio.create_task(self._tick())
        return self.port

    async def stop(self) -> None:
        """Cut every socket and stop listening."""
        if self._ticker is not None:
            self._ticker.cancel()
            await asyncio.gather(self._ticker, return_exceptions=True)
        for wire in list(self._wires.values()):
            wire.cut()
        if self._runner is not None:
            await self._runner.cleanup()

    def moved(self, move: Move) -> None:
        """Tell the fake what its market's ladders are now."""
        self._deliver(self.fake.moved(move, self._clock.now()))

    def fault(self, asked: FaultAsked) -> None:
        """Begin a fault now."""
        until = Ns(self._clock.now() + int(asked.seconds * SECOND))
        match asked.kind:
            case "disconnect":
                for wire in list(self._wires.values()):
                    wire.cut()
            case "silence":
                self._silent_until = until
            case "refuse":
                self._refuse_until = until

    @property
    def sockets(self) -> int:
        """How many sockets are open."""
        return len(self._wires)

    async def _tick(self) -> None:
        while True:
            await pause(self._clock, TICK)
            self._deliver(self.fake.ticked(self._clock.now()))

    def _deliver(self, outputs: list[FakeOutput]) -> None:
        silent = bool(outputs) and self._clock.now() < self._silent_until
        for output in outputs:
            wire = self._wires.get(output.conn)
            if wire is None:
                continue
            if isinstance(output, Hangup):
                wire.put(output)
            elif not silent:
                wire.put(output.text)

    async def _faults(self, request: web.Request) -> web.Response:
        try:
            asked = msgspec.json.decode(await request.read(), type=FaultAsked)
        except msgspec.DecodeError as problem:
            return web.json_response({"problem": str(problem)}, status=400)
        self.fault(asked)
        return web.json_response({"kind": asked.kind, "seconds": asked.seconds})

    async def _any(self, request: web.Request) -> web.StreamResponse:
        if self._clock.now() < self._refuse_until:
            return web.Response(status=503, text="refused")
        asked = await self._request(request)
        if request.headers.get("Upgrade", "").lower() == "websocket":
            refusal = self.fake.upgrade(asked, self._clock.now())
            return await self._talk(request, asked) if refusal is None else _response(refusal)
        return _response(self.fake.request(asked, self._clock.now()))

    async def _request(self, request: web.Request) -> Request:
        path = request.rel_url.raw_path
        host = self._host
        first, _, rest = path.removeprefix("/").partition("/")
        if first in self._prefixes:
            host, path = self._prefixes[first], f"/{rest}"
        return Request(
            request.method,
            host,
            path,
            tuple(request.rel_url.query.items()),
            tuple((name.lower(), value) for name, value in request.headers.items()),
            await request.read() if request.can_read_body else b"",
        )

    async def _talk(self, request: web.Request, asked: Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False, max_msg_size=MAX_BODY, timeout=1.0)
        await socket.prepare(request)
        conn = next(self._numbers)
        wire = self._wires[conn] = _Wire(socket)
        wire.transport = request.transport
        writer = asyncio.create_task(wire.write())
        try:
            self._deliver(self.fake.connected(conn, asked.path, self._clock.now()))
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    now = self._clock.now()
                    self._deliver(self.fake.received(conn, message.data, now))
        finally:
            self._wires.pop(conn, None)
            self.fake.disconnected(conn, self._clock.now())
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)
        return socket


async def drive(scenario: Scripted, servers: Mapping[str, FakeServer], clock: Clock) -> None:
    """Move the scenario on every 20 ms and tell each venue's server, until cancelled."""
    while True:
        for move in scenario.advance(clock.now()):
            server = servers.get(move.venue)
            if server is not None:
                server.moved(move)
        await pause(clock, STEP)


def _response(reply: Reply) -> web.Response:
    headers = [(n, v) for n, v in reply.headers if n.lower() not in SKIPPED_HEADERS]
    return web.Response(status=reply.status, headers=headers, body=reply.body)
