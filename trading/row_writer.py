"""The journal becomes rows, lines of the log and word to the pages: in batches, each once.

Nothing here keeps time or catches a database that is away; what was half done is done again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import redis
import structlog
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction

from markets.wire import iso
from trading import store
from trading.replay.records import Record
from trading.replay.traces import Link, Tracer
from trading.runtime.crash import crash_point
from trading.runtime.segments import Position, follow, name_of, segments
from trading.runtime.shown import GROUP

LOG = structlog.get_logger(__name__)
TRACE = structlog.get_logger("trace")
BATCH = 500
ANNOUNCE_S = 1.0


class RowWriter:
    """Brings the journal of `directory` into rows, in batches of one transaction each."""

    def __init__(self, directory: Path, cursor: str = "journal") -> None:
        self.directory = directory
        self._cursor = cursor
        self._names = store.Names()
        self._position: Position | None = None
        self._tracer = Tracer()
        self.seq = 0

    def work(self, limit: int = BATCH) -> int:
        """Writes what is new, at most `limit` records; how many there were.

        Errors: those of `AWAY` while the database is away, `CorruptJournal`.
        """
        if self._position is not None and not follow(self.directory, self._position, 1):
            return 0
        with transaction.atomic():
            cursor = store.read_cursor(self._cursor, lock=True)
            found = follow(self.directory, self._begin(cursor), limit)
            deals = store.write((record for _, record in found), self._names, cursor.journal)
            lines = self._trace(record for _, record in found)
            if found:
                position, record = found[-1]
                cursor = store.Cursor(
                    position.segment,
                    position.offset,
                    getattr(record, "seq", cursor.seq),
                    cursor.journal,
                )
                store.move_cursor(self._cursor, cursor)
            crash_point("before_commit")
        crash_point("after_commit")
        self._position = Position(cursor.segment, cursor.offset)
        self.seq = cursor.seq
        for line in lines:
            TRACE.info(line.pop("step"), **line)
        if deals:
            tell_pages(deals)
        return len(found)

    def _trace(self, records: Iterable[Record]) -> list[dict[str, Any]]:
        """Lines of the log, one for each link of a deal's way from frame to fill."""
        links = [link for record in records for link in self._tracer.take(record)]
        if not links:
            return []
        deals = store.deals_of(link.order for link in links if not link.deal)
        traces = store.traces_of([*deals.values(), *(link.deal for link in links)])
        told = ((link, link.deal or deals.get(link.order, "")) for link in links)
        return [_line(link, deal, traces[deal]) for link, deal in told if deal in traces]

    @property
    def position(self) -> Position:
        """How far the rows are written."""
        return self._position or Position()

    def _begin(self, cursor: store.Cursor) -> Position:
        newest = segments(self.directory)[-1:]
        if newest and name_of(newest[0]) < cursor.segment:
            LOG.warning("journal was replaced", was=cursor.segment)
            cursor.journal += 1
            return Position()
        return Position(cursor.segment, cursor.offset)


def tell_pages(deals: list[str]) -> None:
    """Says on the channel layer which deals changed; without Redis pages find out when asked."""
    layer = get_channel_layer()
    if layer is None:
        return

    async def send() -> None:
        # Rows must not wait for a Redis that hangs.
        async with asyncio.timeout(ANNOUNCE_S):
            await layer.group_send(GROUP, {"type": "live.deals", "deals": deals})

    try:
        async_to_sync(send)()
    except (redis.RedisError, OSError) as problem:
        LOG.info("deals not announced", problem=type(problem).__name__)


def _line(link: Link, deal: str, trace: str) -> dict[str, Any]:
    line = {
        "step": link.step,
        "trace": trace,
        "deal": deal,
        "seq": link.seq,
        "at": iso(link.at),
        "text": link.text,
    }
    return line | ({"order": link.order} if link.order else {})
