"""Edges and deals as they change, for programs: the whole at first, then every change.

The same messages go over SSE and over a socket. A reader that comes back is told the whole again,
so nothing has to be remembered for anybody.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer

from markets.terms.ids import DealId, RelationId
from markets.terms.units import Ns, Px, Qty, Usd
from markets.wire import iso, tell
from trading import judgements, live, rows, selectors
from trading.engine.pictures import QuotePicture, RelationPicture

BEAT_S = 10.0


class Message(msgspec.Struct, frozen=True):
    """`edge` (as in /api/edges), `gone` (a relation's id), `deal` (as in /api/deals), `ready`
    after the first whole, `beat` when nothing happened.
    """

    event: str
    data: Any


class Edge(msgspec.Struct, frozen=True):
    """The best package of a relation now, and the first gate that stops it (empty: none).

    Before both books are there it has no package and no numbers. `cost` is what one package costs,
    `net` what is left of `payout` after fees, friction and tails, `profit` that of the whole `qty`.
    `deal` is the newest one being carried out. `quotes` and `title` are only told while the worker
    publishes.
    """

    relation: RelationId
    title: str
    category: str
    at: Ns
    deal: DealId | None
    quotes: tuple[QuotePicture, ...]
    gate: str
    why: str
    package: int | None
    label: str
    net: Px | None
    cost: Px | None
    payout: Px | None
    qty: Qty | None
    profit: Usd | None
    apy_ppm: int | None


def edge_of(picture: RelationPicture) -> Edge:
    """A relation's edge from its picture."""
    package = rows.best_package(picture)
    stopped = rows.blocker(package)
    return Edge(
        relation=picture.id,
        title=picture.title,
        category=picture.category,
        at=picture.at,
        deal=picture.deal,
        quotes=picture.quotes,
        gate=stopped.gate if stopped else "",
        why=rows.comparison(stopped) if stopped else "",
        package=package.package if package else None,
        label=package.label if package else "",
        net=package.net if package else None,
        cost=package.cost if package else None,
        payout=package.payout if package else None,
        qty=package.qty if package else None,
        profit=package.profit if package else None,
        apy_ppm=package.apy_ppm if package else None,
    )


def edge_of_sample(row: judgements.EdgeRow) -> Edge:
    """A relation's edge from its last sample."""
    return Edge(
        relation=row.relation,
        title="",
        category="",
        at=row.at,
        deal=None,
        quotes=(),
        gate=row.gate,
        why="",
        package=row.package,
        label="",
        net=row.net,
        cost=row.cost,
        payout=None,
        qty=row.qty,
        profit=row.profit,
        apy_ppm=row.apy_ppm,
    )


async def messages(beat: float = BEAT_S) -> AsyncIterator[Message]:
    """Every message for one reader, without end."""
    layer = get_channel_layer()
    assert layer is not None, "the site has a channel layer"  # noqa: S101  set in the settings
    channel = await layer.new_channel()
    await layer.group_add(live.GROUP, channel)
    waiting: asyncio.Task[dict[str, Any]] | None = None
    try:
        pictures = live.Pictures()
        await sync_to_async(live.read)(pictures)
        for _, picture in sorted(pictures.relations.items()):
            yield Message("edge", tell(edge_of(picture)))
        yield Message("ready", {"edges": len(pictures.relations)})
        decode = msgspec.msgpack.Decoder(RelationPicture).decode
        while True:
            # A receive that is cancelled gives its channel up: it is waited for, never cancelled.
            waiting = waiting or asyncio.ensure_future(layer.receive(channel))
            done, _ = await asyncio.wait({waiting}, timeout=beat)
            if not done:
                yield Message("beat", {"at": iso(live.now_ns())})
                continue
            event, waiting = waiting.result(), None
            for raw in event.get("pictures", ()):
                yield Message("edge", tell(edge_of(decode(raw))))
            for name in event.get("gone", ()):
                yield Message("gone", {"relation": name})
            for deal in await _deals(event.get("deals", ())):
                yield Message("deal", deal)
    finally:
        if waiting is not None:
            waiting.cancel()
        await layer.group_discard(live.GROUP, channel)


async def _deals(ids: list[str]) -> list[dict[str, Any]]:
    if not ids:
        return []
    found = await database_sync_to_async(selectors.deals_by_id)(ids)
    return [tell(deal) for deal in found]
