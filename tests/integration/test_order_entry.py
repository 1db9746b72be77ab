"""Order connections over loopback: warm, reused, dialled again; what was surely not sent; TLS."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from feeds.runtime.connection import address_of, head_of
from feeds.runtime.order_entry import IDLE, WARM, OrderEntry
from feeds.venues.base import USER_AGENT, Request
from markets.terms.ids import VenueId
from markets.terms.units import SECOND, Ns
from trading.runtime.clock import EventClock, SystemClock
from trading.runtime.gateway import VenueUnreachable

VENUE = VenueId("echo")
GET = Request("GET", "rest", "/a")
POST = Request("POST", "rest", "/orders", headers=(("X-Key", "k"),), body=b"{}")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Server:
    """A server of one talk a connection; counts connections and keeps what it heard."""

    def __init__(self) -> None:
        self.connections = 0
        self.heard: list[bytes] = []
        self.writers: list[asyncio.StreamWriter] = []
        self.server: asyncio.Server | None = None

    async def start(self, talk: Talk, tls: ssl.SSLContext | None = None) -> str:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.connections += 1
            self.writers.append(writer)
            try:
                await talk(reader, writer)
            except (asyncio.IncompleteReadError, ConnectionError):
                pass
            finally:
                writer.close()

        self.server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
        port = self.server.sockets[0].getsockname()[1]
        return f"{'https' if tls else 'http'}://127.0.0.1:{port}"

    async def request(self, reader: asyncio.StreamReader) -> bytes:
        """One request, head and body."""
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            (int(x.split(b":")[1]) for x in head.split(b"\r\n") if x.startswith(b"Content-Length")),
            0,
        )
        body = await reader.readexactly(length)
        self.heard.append(head + body)
        return head + body

    def answering(self, answer: bytes, times: int = 1_000) -> Talk:
        """Answers so many requests of a connection alike, then closes."""

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            for _ in range(times):
                await self.request(reader)
                writer.write(answer)

        return talk

    async def stop(self) -> None:
        if self.server is not None:
            self.server.close()
            for writer in self.writers:
                writer.close()
            await self.server.wait_closed()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    yield made
    await made.stop()


def entry(url: str, **more: float) -> OrderEntry:
    return OrderEntry(VENUE, {"rest": url}, SystemClock(), timeout_s=more.get("timeout_s", 2.0))


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110  connections have no event of their own
            await asyncio.sleep(0.005)


async def test_one_connection_serves_one_request_after_another(server: Server) -> None:
    made = entry(await server.start(server.answering(OK)))

    replies = [await made.send(POST), await made.send(GET)]

    assert [(reply.status, reply.body) for reply in replies] == [(200, b"hi")] * 2
    assert server.connections == 1
    first = server.heard[0].decode()
    assert first.startswith("POST /orders HTTP/1.1\r\nHost: 127.0.0.1:")
    assert f"\r\nUser-Agent: {USER_AGENT}\r\nX-Key: k\r\nContent-Length: 2\r\n\r\n{{}}" in first
    made.close()


async def test_requests_at_the_same_time_have_a_connection_each(server: Server) -> None:
    gate = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await server.request(reader)
            await gate.wait()
            writer.write(OK)

    made = entry(await server.start(talk))
    both = asyncio.gather(made.send(POST), made.send(GET))
    await until(lambda: len(server.heard) == 2)
    gate.set()

    assert [reply.status for reply in await both] == [200, 200]
    assert server.connections == 2
    made.close()


async def test_connections_are_open_before_they_are_needed_and_opened_again(
    server: Server,
) -> None:
    made = entry(await server.start(server.answering(OK)))
    running = asyncio.create_task(made.run())
    await until(lambda: made.idle("rest") == WARM)
    for writer in list(server.writers):
        writer.close()

    await until(lambda: server.connections == 2 * WARM and made.idle("rest") == WARM)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    made.close()


async def test_a_connection_that_idled_long_is_replaced(server: Server) -> None:
    clock = EventClock(Ns(SECOND))
    made = OrderEntry(VENUE, {"rest": await server.start(server.answering(OK))}, clock)
    running = asyncio.create_task(made.run())
    await until(lambda: made.idle("rest") == WARM)

    clock.advance_to(Ns(clock.now() + IDLE + SECOND))

    await until(lambda: server.connections == 2 * WARM)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    made.close()


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK,
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi",
        b"HTTP/1.0 200 OK\r\n\r\nhi",
    ],
)
async def test_every_way_to_end_an_answer_is_understood(server: Server, answer: bytes) -> None:
    made = entry(await server.start(server.answering(answer, times=1)))

    reply = await made.send(POST)

    assert (reply.status, reply.body) == (200, b"hi")
    made.close()


async def test_nobody_there_means_that_nothing_was_sent(server: Server) -> None:
    url = await server.start(server.answering(OK))
    await server.stop()

    with pytest.raises(VenueUnreachable) as away:
        await entry(url).send(POST)

    assert not away.value.sent


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Len", b"nonsense\r\n\r\n"])
async def test_a_write_that_breaks_off_may_have_been_done_and_is_not_repeated(
    server: Server, answer: bytes
) -> None:
    made = entry(await server.start(server.answering(answer, times=1)))

    with pytest.raises(VenueUnreachable) as away:
        await made.send(POST)

    assert away.value.sent
    assert len(server.heard) == 1
    made.close()


async def test_no_answer_in_time_may_have_been_done_and_ends_the_connection(
    server: Server,
) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await server.request(reader)
        await reader.read()

    made = entry(await server.start(talk), timeout_s=0.05)

    with pytest.raises(VenueUnreachable) as away:
        await made.send(POST)

    assert away.value.sent
    assert made.idle("rest") == 0


async def test_a_read_on_a_kept_connection_that_had_ended_is_asked_again(server: Server) -> None:
    made = entry(await server.start(server.answering(OK, times=2)))
    await made.send(GET)
    await made.send(GET)  # the server closes behind this answer
    reply = await made.send(GET)

    assert reply.status == 200
    assert server.connections == 2
    made.close()


async def test_what_comes_unasked_is_never_the_next_answer(server: Server) -> None:
    made = entry(await server.start(server.answering(OK + OK)))
    await made.send(GET)

    await until(lambda: made.idle("rest") == 0)
    assert (await made.send(GET)).body == b"hi"
    assert server.connections == 2
    made.close()


async def test_a_cancelled_request_ends_its_connection(server: Server) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await server.request(reader)
        await reader.read()

    made = entry(await server.start(talk))
    sending = asyncio.create_task(made.send(POST))
    await until(lambda: len(server.heard) == 1)
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)

    assert made.idle("rest") == 0


async def test_a_host_without_an_address_is_said(server: Server) -> None:
    made = entry(await server.start(server.answering(OK)))

    with pytest.raises(VenueUnreachable, match="no address"):
        await made.send(Request("GET", "elsewhere", "/"))


@pytest.mark.parametrize(
    "url", ["http://example.com", "ftp://127.0.0.1", "https://", "https://a/b?c=d", "nonsense"]
)
def test_orders_go_nowhere_unencrypted_or_odd(url: str) -> None:
    with pytest.raises(ValueError, match=url.split("?")[0]):
        address_of(url)


def test_a_line_break_never_makes_another_header() -> None:
    with pytest.raises(ValueError, match="line break"):
        head_of(Request("GET", "rest", "/", headers=(("A", "b\r\nC: d"),)), address_of("https://a"))


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context with a certificate for `name`, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.fromtimestamp(SystemClock().now() // SECOND, UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(name))]), False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "both.pem"
    pem = serialization.Encoding.PEM
    file.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(pem)
    )
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(file)
    trusting = ssl.create_default_context(cadata=made.public_bytes(pem).decode())
    return serving, trusting


async def test_a_certificate_nobody_vouches_for_gets_no_order(
    server: Server, tmp_path: Path
) -> None:
    serving, _ = certificate(tmp_path, "127.0.0.1")
    made = entry(await server.start(server.answering(OK), serving))

    with pytest.raises(VenueUnreachable, match="certificate") as away:
        await made.send(POST)

    assert not away.value.sent
    assert server.heard == []


async def test_a_certificate_of_another_name_gets_no_order(server: Server, tmp_path: Path) -> None:
    serving, trusting = certificate(tmp_path, "127.0.0.2")
    url = await server.start(server.answering(OK), serving)
    made = OrderEntry(VENUE, {"rest": url}, SystemClock(), tls=trusting)

    with pytest.raises(VenueUnreachable, match="certificate"):
        await made.send(POST)

    assert server.heard == []


async def test_a_trusted_certificate_gets_the_order(server: Server, tmp_path: Path) -> None:
    serving, trusting = certificate(tmp_path, "127.0.0.1")
    url = await server.start(server.answering(OK), serving)
    made = OrderEntry(VENUE, {"rest": url}, SystemClock(), tls=trusting)

    assert (await made.send(POST)).status == 200
    made.close()


def test_a_context_that_does_not_check_is_refused() -> None:
    loose = ssl.create_default_context()
    loose.check_hostname = False

    with pytest.raises(ValueError, match="checked"):
        OrderEntry(VENUE, {}, SystemClock(), tls=loose)
