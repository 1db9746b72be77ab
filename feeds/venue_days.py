"""The last day of each venue's feed, as the worker keeps it in Redis; read once a minute."""

from __future__ import annotations

from typing import cast

import msgspec
import redis

from feeds.books.minutes import MINUTE, Minute
from markets.terms.ids import VenueId
from trading import live
from trading.runtime.shown import MINUTES_KEY

_DAY = msgspec.msgpack.Decoder(list[Minute])


class Days:
    """What was last read, kept until the minute is over."""

    def __init__(self) -> None:
        self._read_in = -1
        self._days: dict[VenueId, list[Minute]] = {}

    def forget(self) -> None:
        """Read again at the next question."""
        self._read_in = -1

    def at(self, now: int) -> dict[VenueId, list[Minute]]:
        """Minutes by venue, oldest first; what was known before while Redis does not answer."""
        if now // MINUTE != self._read_in:
            found = _read()
            if found is not None:
                self._days, self._read_in = found, now // MINUTE
        return self._days


DAYS = Days()


def _read() -> dict[VenueId, list[Minute]] | None:
    client = live.connect()
    try:
        days = cast(dict[bytes, bytes], client.hgetall(MINUTES_KEY))
        return {VenueId(name.decode()): _DAY.decode(raw) for name, raw in days.items()}
    except (redis.RedisError, msgspec.MsgspecError):
        return None
    finally:
        client.close()
