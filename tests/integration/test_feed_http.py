"""Requests to a venue over loopback: what counts as a reply and what as being away."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from feeds.runtime.http import Http
from feeds.venues.base import USER_AGENT, Request
from markets.terms.ids import VenueId
from trading.runtime.gateway import VenueUnreachable

VENUE = VenueId("echo")
Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Serve = Callable[[Answer], Awaitable[str]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Starts a server that answers each connection with the given coroutine; gives its address."""
    servers: list[asyncio.Server] = []

    async def start(answer: Answer) -> str:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await answer(reader, writer)
            writer.close()

        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        servers.append(server)
        return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    yield start
    for server in servers:
        server.close()
        await server.wait_closed()


def answering(text: str) -> Answer:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(text.encode())
        await writer.drain()

    return answer


async def test_it_says_who_we_are_and_sends_headers_as_given(serve: Serve) -> None:
    heard: asyncio.Queue[bytes] = asyncio.Queue()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.put_nowait(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")

    async with Http(VENUE, {"rest": await serve(answer)}) as http:
        await http.send(Request("GET", "rest", "/a%2Fb", (("q", "x/y&z"),), (("X-Key", "k"),)))

    text = (await heard.get()).decode()
    assert text.startswith("GET /a%2Fb?q=x%2Fy%26z HTTP/1.1")
    assert f"User-Agent: {USER_AGENT}" in text
    assert "X-Key: k" in text


async def test_a_redirect_is_a_reply_and_not_followed(serve: Serve) -> None:
    base = await serve(
        answering("HTTP/1.1 302 Found\r\nLocation: http://elsewhere/\r\nContent-Length: 0\r\n\r\n")
    )

    async with Http(VENUE, {"rest": base}) as http:
        reply = await http.send(Request("GET", "rest", "/"))

    assert reply.status == 302
    assert ("location", "http://elsewhere/") in reply.headers


@pytest.mark.parametrize(
    "text",
    [
        "",
        "this is not http\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ncut off",
    ],
)
async def test_a_broken_answer_is_unreachable_and_may_have_been_sent(
    serve: Serve, text: str
) -> None:
    async with Http(VENUE, {"rest": await serve(answering(text))}) as http:
        with pytest.raises(VenueUnreachable) as raised:
            await http.send(Request("POST", "rest", "/orders"))

    assert raised.value.sent is True
    assert raised.value.venue == VENUE


async def test_no_answer_in_time_is_unreachable(serve: Serve) -> None:
    gone = asyncio.Event()

    async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await reader.read()
        gone.set()

    async with Http(VENUE, {"rest": await serve(never)}, timeout_s=0.05) as http:
        with pytest.raises(VenueUnreachable) as raised:
            await http.send(Request("GET", "rest", "/"))
    await asyncio.wait_for(gone.wait(), 10)

    assert raised.value.sent is True


async def test_a_closed_port_is_unreachable_and_surely_not_sent() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    async with Http(VENUE, {"rest": f"http://127.0.0.1:{port}"}) as http:
        with pytest.raises(VenueUnreachable) as raised:
            await http.send(Request("POST", "rest", "/orders"))

    assert raised.value.sent is False


@pytest.mark.parametrize("base", ["", "nonsense", "http://127.0.0.1:99999"])
async def test_a_wrong_address_is_unreachable_with_a_sentence(base: str) -> None:
    async with Http(VENUE, {"rest": base}) as http:
        with pytest.raises(VenueUnreachable, match=r"rest|nonsense|99999") as raised:
            await http.send(Request("GET", "rest", "/"))

    assert raised.value.sent is False


async def test_an_answer_without_end_is_cut_off(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feeds.runtime.http.MAX_BODY", 1_000)
    base = await serve(answering("HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + "x" * 2000))

    async with Http(VENUE, {"rest": base}) as http:
        with pytest.raises(VenueUnreachable, match="above 1000 bytes"):
            await http.send(Request("GET", "rest", "/"))


async def test_a_long_answer_arrives_whole(serve: Serve) -> None:
    body = "y" * 700_000
    base = await serve(answering(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}"))

    async with Http(VENUE, {"rest": base}) as http:
        reply = await http.send(Request("GET", "rest", "/"))

    assert reply.body == body.encode()
