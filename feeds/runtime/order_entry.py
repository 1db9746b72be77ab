"""Order entry: kept-alive HTTP/1.1 connections that are open before they are needed.

One request at a time on each connection, several connections to each address, dialled again when
one ends and replaced before it has idled so long that the venue might close it under a request.
TLS is always verified; plain HTTP goes to this machine alone. A write is sent once, whatever
happens: from the moment its bytes were handed over it counts as sent. A read whose connection ended
before a byte came back is asked once more. Nothing here knows a venue.
Why not aiohttp: docs/decisions/0020-order-entry-connections.md.
"""

import asyncio
import ssl
from collections.abc import Mapping

import structlog

from feeds.runtime.connection import Address, Broken, Connection, address_of, head_of
from feeds.runtime.pause import pause
from feeds.runtime.rates import Rates
from feeds.venues.base import Reply, Request
from markets.terms.ids import VenueId
from markets.terms.units import SECOND, Ns
from trading.runtime.clock import Clock
from trading.runtime.gateway import VenueUnreachable

WARM = 2
MOST = 8
CONNECT_S = 3.0
TIMEOUT_S = 10.0
IDLE = Ns(30 * SECOND)
LOOK = Ns(1 * SECOND)
LONGEST_PAUSE = Ns(30 * SECOND)

log = structlog.get_logger("order_entry")


class _Pool:
    """The connections to one address."""

    def __init__(self, address: Address, tls: ssl.SSLContext, clock: Clock) -> None:
        self.address = address
        self._tls = tls
        self._clock = clock
        self._idle: list[Connection] = []
        self._busy = 0
        self._room = asyncio.Semaphore(MOST)
        self.wake = asyncio.Event()

    @property
    def idle(self) -> int:
        return sum(connection.is_open for connection in self._idle)

    async def take(self) -> tuple[Connection, bool]:
        """A connection, and whether it was open already. Errors: `OSError`, `TimeoutError`."""
        await self._room.acquire()
        self._busy += 1
        try:
            while self._idle:
                connection = self._idle.pop()
                if connection.is_open:
                    return connection, True
            return await self.dial(), False
        except BaseException:
            self._left()
            raise

    def give_back(self, connection: Connection) -> None:
        """It is free again, if it is still open."""
        if connection.is_open:
            connection.idle_since = self._clock.now()
            self._idle.append(connection)
        self._left()

    def _left(self) -> None:
        self._busy -= 1
        self._room.release()
        self.wake.set()

    async def dial(self) -> Connection:
        """A new connection. Errors: `OSError`; a certificate that fails its check is one."""
        address = self.address
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: Connection(self.wake),
            address.host,
            address.port,
            ssl=self._tls if address.is_tls else None,
        )
        connection.idle_since = self._clock.now()
        return connection

    async def keep(self, warm: int) -> None:
        """Keep `warm` connections open until cancelled."""
        failures = 0
        while True:
            self.wake.clear()
            try:
                await self._refresh(warm)
                failures = 0
            except (OSError, TimeoutError) as problem:
                if not failures:
                    reason = str(problem) or type(problem).__name__
                    log.warning("cannot be dialled", host=self.address.name, problem=reason)
                failures += 1
                await pause(self._clock, Ns(min(LONGEST_PAUSE, SECOND << min(failures, 5))))
                continue
            await self._woken()

    async def _refresh(self, warm: int) -> None:
        """Dial what is missing, also in place of what has idled too long."""
        old = self._clock.now() - IDLE
        kept = [c for c in self._idle if c.is_open and c.idle_since > old]
        retired = [c for c in self._idle if c not in kept]
        self._idle = kept
        for connection in retired:
            connection.close()
        while len(self._idle) + self._busy < warm:
            async with asyncio.timeout(CONNECT_S):
                self._idle.insert(0, await self.dial())

    async def _woken(self) -> None:
        """A connection came or went, or a second passed."""
        look = self._clock.call_at(Ns(self._clock.now() + LOOK), self.wake.set)
        try:
            await self.wake.wait()
        finally:
            look.cancel()

    def close(self) -> None:
        for connection in self._idle:
            connection.close()
        self._idle.clear()


class OrderEntry:
    """One venue's order connections.

    `run` keeps them warm; without it every address is dialled when it is first needed. `tls` may
    name other authorities to trust, never none. Errors: `ValueError` for an address that will not
    do.
    """

    def __init__(
        self,
        venue: VenueId,
        hosts: Mapping[str, str],
        clock: Clock,
        *,
        rates: Rates | None = None,
        tls: ssl.SSLContext | None = None,
        warm: int = WARM,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self.venue = venue
        self._rates = rates
        self._warm = warm
        self._timeout_s = timeout_s
        context = tls or ssl.create_default_context()
        if context.verify_mode is not ssl.CERT_REQUIRED or not context.check_hostname:
            raise ValueError("orders go only where the certificate and its name are checked")
        self._addresses = {name: address_of(url) for name, url in hosts.items()}
        self._pools = {
            address.origin: _Pool(address, context, clock) for address in self._addresses.values()
        }

    async def run(self) -> None:
        """Keep connections open until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for pool in self._pools.values():
                tasks.create_task(pool.keep(self._warm))

    async def send(self, request: Request, *, urgent: bool = False) -> Reply:
        """The venue's answer, whatever its status; `urgent` for cancels and hedges.

        Errors: `VenueUnreachable`; `sent` is False only when no byte was handed over.
        """
        address = self._addresses.get(request.host)
        if address is None:
            raise self._away(request, "no address is configured for this host", sent=False)
        if self._rates is not None:
            await self._rates.admit(request, urgent=urgent)
        reply = await self._answered(request, address)
        if self._rates is not None:
            await self._rates.answered(request, reply)
        return reply

    def idle(self, host: str) -> int:
        """Connections to a named host that are open and free."""
        return self._pools[self._addresses[host].origin].idle

    def close(self) -> None:
        """End the free connections; those in use end with their request."""
        for pool in self._pools.values():
            pool.close()

    async def _answered(self, request: Request, address: Address) -> Reply:
        pool = self._pools[address.origin]
        head = head_of(request, address)
        for is_last in (False, True):
            connection, was_open = await self._taken(pool, request)
            try:
                async with asyncio.timeout(self._timeout_s):
                    return await connection.ask(head, request.body)
            except TimeoutError as problem:
                text = f"no answer within {self._timeout_s:g} s"
                raise self._away(request, text, sent=True) from problem
            except Broken as broken:
                if is_last or not _may_repeat(request, broken, was_open=was_open):
                    raise self._away(request, broken.reason, sent=broken.sent) from broken
            finally:
                pool.give_back(connection)
        raise AssertionError("the last try neither answered nor broke")

    async def _taken(self, pool: _Pool, request: Request) -> tuple[Connection, bool]:
        try:
            async with asyncio.timeout(CONNECT_S):
                return await pool.take()
        except TimeoutError as problem:
            text = f"no connection within {CONNECT_S:g} s"
            raise self._away(request, text, sent=False) from problem
        except OSError as problem:
            text = f"{type(problem).__name__} {problem}".rstrip()
            raise self._away(request, text, sent=False) from problem

    def _away(self, request: Request, text: str, *, sent: bool) -> VenueUnreachable:
        return VenueUnreachable(
            self.venue, f"{request.method} {request.host} {request.path}: {text}", sent=sent
        )


def _may_repeat(request: Request, broken: Broken, *, was_open: bool) -> bool:
    """What never left, or a read whose kept connection ended before a byte came back."""
    return not broken.sent or (was_open and not broken.heard and request.method == "GET")
