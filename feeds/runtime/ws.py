"""One socket to a venue: text out, text in, each frame stamped when it reaches us.

Nothing venue-specific and no second try: whoever opens a socket decides what to do when it ends.
Protocol pings of the venue are answered by the library; we send none, because some venues close on
them (polymarket sheet 5.1).
"""

import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from feeds.venues.base import USER_AGENT
from markets.terms.ids import VenueId
from markets.terms.units import Ns
from trading.runtime.clock import Clock
from trading.runtime.gateway import VenueUnreachable

MAX_FRAME = 64 * 1024 * 1024
# A full queue is read without giving the loop back, so it is kept short:
# at 15 microseconds a frame this is 1 ms.
QUEUED_FRAMES = 64
OPEN_S = 10.0
CLOSE_S = 1.0
# At DEBUG the library quotes every frame and header, and the first may hold a key.
logging.getLogger("websockets.client").setLevel(logging.INFO)


class SocketClosed(Exception):
    """The socket is gone; `reason` says how, for people."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Socket:
    """An open socket. Reading and sending raise `SocketClosed` once it is gone."""

    def __init__(self, connection: ClientConnection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock

    async def send(self, text: str) -> None:
        """Send one text frame; returns when the transport has room again."""
        try:
            await self._connection.send(text)
        except ConnectionClosed as gone:
            raise SocketClosed(_reason(gone)) from gone

    async def frame(self) -> tuple[str, Ns]:
        """The next frame as text and when it reached us.

        A binary frame is read as UTF-8 with replacements.
        """
        try:
            data = await self._connection.recv()
        except ConnectionClosed as gone:
            raise SocketClosed(_reason(gone)) from gone
        at = self._clock.now()
        return (data if isinstance(data, str) else data.decode("utf-8", "replace")), at


@asynccontextmanager
async def open_socket(
    venue: VenueId, url: str, headers: Iterable[tuple[str, str]], clock: Clock
) -> AsyncIterator[Socket]:
    """A socket to `url`, closed on leaving. Errors: `VenueUnreachable` when it cannot be opened."""
    try:
        connection = await connect(
            url,
            additional_headers=list(headers),
            user_agent_header=USER_AGENT,
            compression=None,
            proxy=None,
            open_timeout=OPEN_S,
            close_timeout=CLOSE_S,
            ping_interval=None,
            max_size=MAX_FRAME,
            max_queue=QUEUED_FRAMES,
        )
    except (OSError, InvalidHandshake, InvalidURI, TimeoutError, EOFError) as problem:
        text = f"{url}: {str(problem) or type(problem).__name__}"
        raise VenueUnreachable(venue, text, sent=False) from problem
    try:
        yield Socket(connection, clock)
    finally:
        await connection.close()


def _reason(gone: ConnectionClosed) -> str:
    close = gone.rcvd or gone.sent
    if close is None:
        return "connection lost"
    return f"closed {close.code} {close.reason}".rstrip()
