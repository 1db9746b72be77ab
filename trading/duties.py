"""What the scribe does, duty by duty: each does in one call what is due now, and waits for nothing.

None of them keeps time or catches a database that is away; `scribe` does both. What was half done
when a duty failed is done again: rows are known by natural keys, commands by their ids.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import msgspec
import redis
import structlog
from django.db import connection

from markets import selectors as market_selectors
from markets.moments import moment
from markets.revisions import HINT_CHANNEL
from markets.terms.units import SECOND, Ns
from markets.wire import tell
from trading import store
from trading.engine.limits import SPECS
from trading.engine.pictures import EnginePicture
from trading.minutes import write_minute
from trading.runtime.clock import Clock
from trading.runtime.messages import (
    Applied,
    CommandArrived,
    ConfigLoaded,
    LeaseHeld,
    LeaseLost,
    PackageArrived,
    Status,
)

LOG = structlog.get_logger(__name__)
LEASE_TIME = 5 * SECOND
BATCH = 500
ANNOUNCE_S = 1.0

Loader = Callable[[], tuple[int, bytes]]


class LeaseKeeper:
    """The right to trade, one row renewed by compare-and-set.

    A lease of somebody who is gone is waited for until 2 s after it expired; one that is renewed
    meanwhile is somebody else's.
    """

    def __init__(self, name: str, holder: str, clock: Clock) -> None:
        self.name = name
        self.holder = holder
        self._clock = clock
        self._seen: Any = None
        self.held = False

    def renew(self) -> LeaseHeld | LeaseLost | None:
        """The lease for five more seconds, why not, or nothing while it is waited for."""
        asked_at = self._clock.now()
        with connection.cursor() as cursor:
            cursor.execute(_RENEW, [self.name, self.holder])
            if cursor.fetchone() is not None:
                self.held = True
                return LeaseHeld(Ns(asked_at + LEASE_TIME))
            cursor.execute(_HOLDER, [self.name])
            row = cursor.fetchone()
        if row is None:
            return None
        waits = not self.held and self._seen in (None, row)
        self._seen = row
        self.held = False
        if waits:
            return None
        return LeaseLost(
            f"Another trading process ({row[0]}) holds the lease {self.name}; stop it first."
        )

    def release(self) -> None:
        """Gives it back, so that a successor need not wait."""
        with connection.cursor() as cursor:
            cursor.execute(_RELEASE, [self.name, self.holder])


_RENEW = """
INSERT INTO trading_lease (name, holder, expires_at)
VALUES (%s, %s, clock_timestamp() + interval '5 seconds')
ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
WHERE trading_lease.holder = excluded.holder
   OR trading_lease.expires_at + interval '2 seconds' < clock_timestamp()
RETURNING holder
"""
_HOLDER = "SELECT holder, expires_at FROM trading_lease WHERE name = %s"
_RELEASE = """
UPDATE trading_lease SET expires_at = clock_timestamp() - interval '3 seconds'
WHERE name = %s AND holder = %s
"""


class ConfigWatch:
    """Sees that something was saved, and loads it.

    `problem` says why the newest cannot be loaded.
    """

    def __init__(self, load: Loader) -> None:
        self._load = load
        self._known = -1
        self.problem = ""

    def look(self) -> ConfigLoaded | None:
        """The saved configuration when it is another than last time."""
        newest = market_selectors.last_revision_number()
        if newest == self._known:
            return None
        try:
            revision, body = self._load()
        except (ValueError, msgspec.MsgspecError) as problem:
            self._known = newest
            self.problem = f"Revision {newest} cannot be loaded: {problem}"
            return None
        self._known, self.problem = revision, ""
        return ConfigLoaded(revision, body)


class _StatsLimits(msgspec.Struct, frozen=True):
    stats_ms: int = 60_000


class _StatsSnapshot(msgspec.Struct, frozen=True):
    limits: _StatsLimits = _StatsLimits()


def loaded_stats_ms(body: bytes) -> int:
    """How often the saved configuration wants a line of statistics, within the setting's bounds."""
    spec = SPECS["stats_ms"]
    wanted = msgspec.msgpack.decode(body, type=_StatsSnapshot).limits.stats_ms
    return max(spec.low, min(spec.high, wanted))


class CommandRelay:
    """Hands over what people asked for.

    What an earlier scribe may have handed over is said again, once the journal has told which of
    them are done; the trading process knows a command by its id.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._repeated = False

    def look(self, *, caught_up: bool) -> list[CommandArrived]:
        """New commands, oldest first."""
        again = caught_up and not self._repeated
        rows = store.waiting_commands(with_sent=again)
        self._repeated = self._repeated or caught_up
        return rows

    def told(self, commands: list[CommandArrived]) -> None:
        """They are on their way."""
        if commands:
            store.mark_sent([c.id for c in commands], moment(self._clock.now()))


class ProposalRelay:
    """Hands over what the solver proposed: each relation's newest, once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def look(self) -> list[PackageArrived]:
        """New proposals, oldest first."""
        return store.waiting_proposals()

    def told(self, proposals: list[PackageArrived]) -> None:
        """They are on their way."""
        if proposals:
            store.mark_proposed(max(p.id for p in proposals), moment(self._clock.now()))


class _Told(msgspec.Struct):
    run: str = ""
    mode: str = ""
    revision: int = 0


class Heartbeat:
    """What the trading process last said of itself, as a row."""

    def __init__(self, name: str, clock: Clock) -> None:
        self._name = name
        self._clock = clock
        self._picture: bytes | None = None
        self._told = _Told()
        self._rejected: tuple[str, ...] = ()

    def heard(self, message: Applied | Status) -> None:
        """Takes a message of the trading process in."""
        match message:
            case Applied(revision=revision, rejected=rejected):
                self._told.revision = revision
                self._rejected = rejected
            case Status(body=body):
                self._picture = body
                self._told = msgspec.msgpack.decode(body, type=_Told)

    @property
    def picture(self) -> bytes | None:
        """What the trading process last said of itself, encoded."""
        return self._picture

    def write(self, problem: str) -> None:
        """The row as of now; `problem` is why the newest configuration could not even be loaded."""
        if self._picture is None:
            return
        store.write_heartbeat(
            self._name,
            at=moment(self._clock.now()),
            run=self._told.run,
            mode=self._told.mode,
            revision_running=self._told.revision,
            rejected=[*self._rejected, *([problem] if problem else [])],
            picture=self._picture,
            pid=os.getppid(),
        )


class MinuteKeeper:
    """One row of statistics a period (`stats_ms`, a minute), and the same as a line of the log."""

    def __init__(self, name: str, clock: Clock) -> None:
        self._name = name
        self._clock = clock

    def write(self, picture: bytes | None, seq: int) -> None:
        """The minute that ends now; nothing while the trading process has not said how it is."""
        if picture is None:
            return
        seen = msgspec.msgpack.decode(picture, type=EnginePicture)
        minute = write_minute(self._name, self._clock.now(), seen, seq)
        LOG.warning("statistics", **tell(minute))


class Hints:
    """Word on Redis that something was saved. It may be missing: everything is asked for anyway."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._listener: redis.client.PubSub | None = None

    def any(self) -> bool:
        """Whether a hint came since the last call."""
        try:
            if self._listener is None:
                server = redis.Redis.from_url(
                    self._url, socket_timeout=0.5, socket_connect_timeout=0.5
                )
                self._listener = server.pubsub(  # type: ignore[no-untyped-call]
                    ignore_subscribe_messages=True
                )
                self._listener.subscribe(HINT_CHANNEL)
            found = False
            while self._listener.get_message(timeout=0) is not None:
                found = True
        except (redis.RedisError, OSError):
            self._listener = None
            raise
        return found
