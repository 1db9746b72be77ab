"""Requests to a venue over kept-alive connections; every failure to reach it is one exception.

Nothing venue-specific: hosts are named, the addresses behind the names come from configuration. A
reply with any status is a reply; only silence, refusal and a broken connection are
`VenueUnreachable`. Redirects are not followed. With `rates` every request first draws from the
venue's rate buckets, and an answer that asks us to wait empties them.
"""

from collections.abc import Mapping
from types import TracebackType
from typing import Self
from urllib.parse import quote, urlencode

import aiohttp
from yarl import URL

from feeds.runtime.rates import Rates
from feeds.venues.base import USER_AGENT, Reply, Request
from markets.terms.ids import VenueId
from trading.runtime.gateway import VenueUnreachable

TIMEOUT_S = 10.0
CONNECT_S = 5.0
KEEP_ALIVE_S = 60.0
MAX_BODY = 64 * 1024 * 1024
_NEVER_LEFT = (aiohttp.ClientConnectorError, aiohttp.InvalidURL, aiohttp.ConnectionTimeoutError)


class Http:
    """One venue's hosts. Use it as an async context manager, or call `close` at the end."""

    def __init__(
        self,
        venue: VenueId,
        hosts: Mapping[str, str],
        *,
        timeout_s: float = TIMEOUT_S,
        rates: Rates | None = None,
    ) -> None:
        self.venue = venue
        self._rates = rates
        self.hosts = {name: url.rstrip("/") for name, url in hosts.items()}
        self._timeout = aiohttp.ClientTimeout(total=timeout_s, connect=CONNECT_S)
        self._client: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def send(self, request: Request, *, urgent: bool = False) -> Reply:
        """The venue's reply, whatever its status; `urgent` for cancels and hedges.

        Errors: `VenueUnreachable`.
        """
        url = self._address(request)
        if self._rates is None:
            return await self._send(request, url)
        await self._rates.admit(request, urgent=urgent)
        reply = await self._send(request, url)
        await self._rates.answered(request, reply)
        return reply

    async def _send(self, request: Request, url: URL) -> Reply:
        try:
            async with self._session().request(
                request.method,
                url,
                headers=list(request.headers),
                data=request.body or None,
                allow_redirects=False,
            ) as answer:
                body = await answer.content.read(MAX_BODY + 1)
                while not answer.content.at_eof() and len(body) <= MAX_BODY:
                    body += await answer.content.read(MAX_BODY + 1 - len(body))
        except (aiohttp.ClientError, TimeoutError, OSError) as problem:
            sent = not isinstance(problem, _NEVER_LEFT)
            raise self._away(
                request, f"{type(problem).__name__} {problem}".rstrip(), sent
            ) from problem
        if len(body) > MAX_BODY:
            raise self._away(request, f"answer above {MAX_BODY} bytes", sent=True)
        headers = tuple((name.lower(), value) for name, value in answer.headers.items())
        return Reply(answer.status, headers, body)

    def url(self, request: Request) -> str:
        """The address a request goes to.

        Errors: `VenueUnreachable` when its host has no address.
        """
        base = self.hosts.get(request.host)
        if not base:
            known = ", ".join(sorted(self.hosts)) or "none"
            raise VenueUnreachable(
                self.venue,
                f"no address is configured for host {request.host!r} (known: {known})",
                sent=False,
            )
        query = f"?{urlencode(request.query, quote_via=quote)}" if request.query else ""
        return f"{base}{request.path}{query}"

    async def close(self) -> None:
        """Close the kept connections."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    def _address(self, request: Request) -> URL:
        text = self.url(request)
        try:
            address = URL(text, encoded=True)
            if not address.host or address.port is None:
                raise ValueError("no host in it")
        except ValueError as problem:
            raise self._away(request, f"not an address: {problem}", sent=False) from problem
        return address

    def _away(self, request: Request, text: str, sent: bool) -> VenueUnreachable:
        where = f"{request.method} {self.hosts[request.host]}{request.path}"
        return VenueUnreachable(self.venue, f"{where}: {text}", sent=sent)

    def _session(self) -> aiohttp.ClientSession:
        if self._client is None:
            self._client = aiohttp.ClientSession(
                timeout=self._timeout,
                headers={"User-Agent": USER_AGENT},
                connector=aiohttp.TCPConnector(limit_per_host=16, keepalive_timeout=KEEP_ALIVE_S),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._client
