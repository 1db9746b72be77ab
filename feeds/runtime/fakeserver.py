"""Serves a venue's fake on loopback: its REST paths and its sockets on one port.

The fake speaks; this carries. Sockets that read too slowly are cut. Faults for demonstrations and
tests (`feeds.sim.faults`) are asked for by `POST /_faults {"kind": …, "seconds": n, …}`; a `GET`
lists them. `GET /_ledger` shows a fake's own books, where it keeps some. Only loopback is bound.
"""

import asyncio
from collections.abc import Mapping
from itertools import count
from typing import Any, Protocol

import msgspec
from aiohttp import WSMsgType, web

from feeds.runtime.pause import pause
from feeds.sim.faults import ANY, KINDS, Doer, Fault, Script, fault_of
from feeds.sim.ledger import Ledger
from feeds.sim.scenario import Move
from feeds.sim.trouble import Trouble, Verdict
from feeds.venues.base import Beating, Fake, FakeOutput, Hangup, Holding, Reply, Request
from markets.terms.units import MS, SECOND, Ns
from trading.runtime.clock import Clock

TICK = Ns(250 * MS)
STEP = Ns(20 * MS)
BEAT = Ns(10 * SECOND)
WAITING_FRAMES = 5_000
MAX_BODY = 4 * 1024 * 1024
IMMEDIATELY = Ns(0)
BAD_GATEWAY = 502
LOOPBACK = "127.0.0.1"
SKIPPED_HEADERS = frozenset({"content-length", "transfer-encoding", "connection"})


def fault_asked(words: dict[str, Any]) -> Fault:
    """A fault as a person or a file writes it: `kind`, `seconds`, and what the kind understands.

    Errors: `ValueError` saying what is wrong.
    """
    rest = dict(words)
    kind, seconds = rest.pop("kind", ""), rest.pop("seconds", 0)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds != seconds:
        raise ValueError(f"{kind}: seconds must be a number, not {seconds!r}")
    return fault_of(str(kind), Ns(int(min(seconds, 1e9) * SECOND)), **rest)


class Scripted(Protocol):
    """What moves the fakes: told the time, it answers with what has moved since."""

    def advance(self, at: Ns) -> list[Move]: ...


class _Wire:
    """One accepted socket and the frames that wait for it."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self.socket = socket
        self.waiting: asyncio.Queue[tuple[Ns, str | bytes | Hangup]] = asyncio.Queue(WAITING_FRAMES)
        self.transport: asyncio.Transport | None = None

    def put(self, said: str | bytes | Hangup, due: Ns = IMMEDIATELY) -> None:
        """Queue a frame, a ping's payload or the end for `due`.

        A reader that has fallen too far behind is cut.
        """
        try:
            self.waiting.put_nowait((due, said))
        except asyncio.QueueFull:
            self.cut()

    def cut(self) -> None:
        """End the connection without a word."""
        if self.transport is not None:
            self.transport.abort()

    async def write(self, clock: Clock) -> None:
        """Send what waits, each at its time, until the end comes."""
        while True:
            due, said = await self.waiting.get()
            if due > clock.now():
                await pause(clock, Ns(due - clock.now()))
            if isinstance(said, Hangup):
                await self.socket.close(code=said.code, message=said.reason.encode())
                return
            if isinstance(said, bytes):
                await self.socket.ping(said)
            else:
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
        self._trouble = Trouble()
        self._beaten_at = clock.now()
        self._runner: web.AppRunner | None = None
        self._ticker: asyncio.Task[None] | None = None

    async def start(self) -> int:
        """Listen; returns the port. Errors: `OSError` when it is taken."""
        app = web.Application(client_max_size=MAX_BODY)
        app.router.add_post("/_faults", self._faults)
        app.router.add_get("/_faults", self._kinds)
        app.router.add_get("/_ledger", self._ledger)
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
        now = self._clock.now()
        self._deliver(self.fake.moved(self._trouble.moved(move, now), self._now()))

    def fault(self, asked: Fault) -> None:
        """Begin a fault now. Errors: `ValueError` when the fake cannot do what is asked."""
        if asked.doer is Doer.VENUE:
            args = dict(asked.args)
            if asked.lasting:
                args |= {"lasting": asked.lasting, "seconds": asked.lasting // SECOND}
            self._deliver(self.fake.fault(asked.kind, self._now(), **args))
            return
        self._trouble.begin(asked, self._clock.now())
        if asked.kind == "disconnect":
            for wire in list(self._wires.values()):
                wire.cut()

    def _now(self) -> Ns:
        """The time by the venue's clock."""
        return self._trouble.now(self._clock.now())

    @property
    def sockets(self) -> int:
        """How many sockets are open."""
        return len(self._wires)

    async def _tick(self) -> None:
        while True:
            await pause(self._clock, TICK)
            self._deliver(self.fake.ticked(self._now()))
            self._beat()

    def _beat(self) -> None:
        """Pings go on while frames are lost: they prove nothing about data."""
        now = self._clock.now()
        if isinstance(self.fake, Beating) and now - self._beaten_at >= BEAT:
            self._beaten_at = now
            for wire in list(self._wires.values()):
                wire.put(self.fake.heartbeat)

    def _deliver(self, outputs: list[FakeOutput]) -> None:
        now = self._clock.now()
        due = Ns(now + self._trouble.late(now))
        for output in outputs:
            wire = self._wires.get(output.conn)
            if wire is None:
                continue
            if isinstance(output, Hangup):
                wire.put(output, due)
                continue
            for text in self._trouble.frames(output.conn, output.text, now):
                wire.put(text, due)

    async def _faults(self, request: web.Request) -> web.Response:
        try:
            words = msgspec.json.decode(await request.read(), type=dict[str, Any])
            self.fault(fault_asked(words))
        except (msgspec.DecodeError, ValueError) as problem:
            return web.json_response({"problem": str(problem)}, status=400)
        return web.json_response(words)

    async def _kinds(self, request: web.Request) -> web.Response:
        said = {
            name: {"does": kind.meaning, "arguments": ["seconds", *kind.args]}
            for name, kind in KINDS.items()
        }
        return web.json_response(said)

    async def _ledger(self, request: web.Request) -> web.Response:
        ledger = getattr(self.fake, "ledger", None)
        if not isinstance(ledger, Ledger):
            return web.json_response({"problem": "this fake keeps no ledger"}, status=404)
        return web.json_response(ledger.statement())

    async def _any(self, request: web.Request) -> web.StreamResponse:
        now = self._clock.now()
        is_socket = request.headers.get("Upgrade", "").lower() == "websocket"
        verdict = self._trouble.request(request.method, now)
        if is_socket and self._trouble.refuses_sockets(now):
            verdict = Verdict(BAD_GATEWAY)
        if verdict.status is not None:
            return web.Response(
                status=verdict.status, headers=list(verdict.headers), body=verdict.body
            )
        asked = await self._request(request)
        if is_socket:
            refusal = self.fake.upgrade(asked, self._now())
            return await self._talk(request, asked) if refusal is None else _response(refusal)
        if isinstance(self.fake, Holding):
            held = self.fake.hold(asked, self._now())
            if held:
                await pause(self._clock, held)
        reply = self.fake.request(asked, self._now())
        self._deliver(self.fake.ticked(self._now()))
        if verdict.late:
            await pause(self._clock, verdict.late)
        if verdict.is_cut and request.transport is not None:
            request.transport.abort()
        return _response(reply)

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
        writer = asyncio.create_task(wire.write(self._clock))
        try:
            self._deliver(self.fake.connected(conn, asked.path, self._now()))
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._deliver(self.fake.received(conn, message.data, self._now()))
        finally:
            self._wires.pop(conn, None)
            self._trouble.forget(conn)
            self.fake.disconnected(conn, self._now())
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)
        return socket


async def drive(
    scenario: Scripted,
    servers: Mapping[str, FakeServer],
    clock: Clock,
    script: Script | None = None,
) -> None:
    """Move the scenario on every 20 ms and tell each venue's server, with the script's faults,
    until cancelled.
    """
    while True:
        now = clock.now()
        for move in scenario.advance(now):
            server = servers.get(move.venue)
            if server is not None:
                server.moved(move)
        for timed in script.due(now) if script else ():
            for venue, server in servers.items():
                if timed.venue in (ANY, venue):
                    server.fault(timed.fault)
        await pause(clock, STEP)


def _response(reply: Reply) -> web.Response:
    headers = [(n, v) for n, v in reply.headers if n.lower() not in SKIPPED_HEADERS]
    return web.Response(status=reply.status, headers=headers, body=reply.body)
