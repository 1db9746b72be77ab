"""One HTTP/1.1 connection for orders, and what goes over it.

One request at a time, parsed by llhttp (`httptools`). Whatever comes unasked ends the connection,
so that it can never be taken for the next answer. Plain HTTP goes to this machine alone.
"""

import asyncio
from ipaddress import ip_address
from typing import cast
from urllib.parse import quote, urlencode, urlsplit

import httptools
import msgspec

from feeds.venues.base import USER_AGENT, Reply, Request
from markets.terms.units import Ns

MAX_BODY = 16 * 1024 * 1024
NEVER = Ns(0)


class Address(msgspec.Struct, frozen=True):
    """Where a named host is. `base` is what stands before every path there."""

    host: str
    port: int
    is_tls: bool
    base: str = ""

    @property
    def origin(self) -> tuple[str, int, bool]:
        """What a connection is made to."""
        return (self.host, self.port, self.is_tls)

    @property
    def name(self) -> str:
        """The `Host` header: the port only where it is not the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.is_tls else 80) else f"{host}:{self.port}"


def address_of(url: str) -> Address:
    """The address a URL names.

    Errors: `ValueError` in one sentence: it is none, or plain HTTP to another machine.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment:
        raise ValueError(f"{url} is not an http address with nothing but a path behind it")
    is_tls = parts.scheme == "https"
    if not is_tls and not _is_loopback(host):
        raise ValueError(f"{url} is not encrypted; orders go over https, except on this machine")
    return Address(host, parts.port or (443 if is_tls else 80), is_tls, parts.path.rstrip("/"))


def head_of(request: Request, address: Address) -> bytes:
    """Everything of the request before its body, as it goes over the wire.

    Errors: `ValueError` when a header would end its own line.
    """
    query = f"?{urlencode(request.query, quote_via=quote)}" if request.query else ""
    lines = [
        f"{request.method} {address.base}{request.path}{query} HTTP/1.1",
        f"Host: {address.name}",
        f"User-Agent: {USER_AGENT}",
        *(f"{name}: {value}" for name, value in request.headers),
    ]
    if request.body or request.method != "GET":
        lines.append(f"Content-Length: {len(request.body)}")
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("a line of the request's head holds a line break")
    return "\r\n".join((*lines, "", "")).encode("latin-1")


class Broken(Exception):
    """The connection ended. `sent`: a request was handed over; `heard`: bytes came back since."""

    def __init__(self, reason: str, *, sent: bool, heard: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.sent = sent
        self.heard = heard


class Connection(asyncio.Protocol):
    """One connection and the answer that is awaited on it."""

    def __init__(self, wake: asyncio.Event) -> None:
        self._wake = wake
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Reply] | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._headers: list[tuple[str, str]] = []
        self._body: list[bytes] = []
        self._size = 0
        self._heard = False
        self._until_end = False
        self.idle_since = NEVER

    @property
    def is_open(self) -> bool:
        """Whether a request may be sent on it."""
        return self._transport is not None and not self._transport.is_closing()

    async def ask(self, head: bytes, body: bytes) -> Reply:
        """Send a request and wait for its answer. Errors: `Broken`."""
        if not self.is_open or self._transport is None:
            raise Broken("the connection is closed", sent=False)
        self._parser = httptools.HttpResponseParser(self)
        self._headers, self._body, self._size = [], [], 0
        self._heard = self._until_end = False
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(head + body)
        try:
            return await self._answer
        finally:
            if not self._answer.done() or self._answer.cancelled():
                self.close()
            self._answer = None

    def close(self) -> None:
        """End it at once; what is awaited on it breaks."""
        if self._transport is not None:
            self._transport.abort()

    # what asyncio tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if self._answer is None:
            # Nothing was asked: whatever this is, it must not be taken for the next answer.
            self.close()
            return
        self._heard = True
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as problem:
            self._fail(f"not an HTTP answer: {problem}")

    def connection_lost(self, problem: Exception | None) -> None:
        if self._until_end and problem is None:
            self._finish()
        self._fail(str(problem or "the venue closed the connection"))
        self._wake.set()

    # what the parser tells

    def on_message_begin(self) -> None:
        if self._answer is None or self._answer.done():
            self.close()  # a second answer behind the first: nothing here can be trusted

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.decode("latin-1").lower(), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        known = any(name in ("content-length", "transfer-encoding") for name, _ in self._headers)
        status = self._parser.get_status_code()
        self._until_end = not known and status >= 200 and status not in (204, 304)

    def on_body(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > MAX_BODY:
            self._fail(f"an answer above {MAX_BODY} bytes")
        else:
            self._body.append(data)

    def on_message_complete(self) -> None:
        if self._parser.get_status_code() < 200:
            self._headers = []  # an interim answer; the real one follows
            return
        keeps = self._parser.should_keep_alive()
        self._finish()
        if not keeps:
            self.close()

    def _finish(self) -> None:
        if self._answer is not None and not self._answer.done():
            status = self._parser.get_status_code()
            self._answer.set_result(Reply(status, tuple(self._headers), b"".join(self._body)))

    def _fail(self, reason: str) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(Broken(reason, sent=True, heard=self._heard))
        self.close()


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
