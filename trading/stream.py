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

from markets.wire import dollars, iso, size, tell
from trading import live, rows, selectors
from trading.engine.pictures import RelationPicture

BEAT_S = 10.0


class Message(msgspec.Struct, frozen=True):
    """`edge` (as in /api/edges), `gone` (a relation's id), `deal` (as in /api/deals), `ready`
    after the first whole, `beat` when nothing happened.
    """

    event: str
    data: Any


def edge_of(picture: RelationPicture) -> dict[str, Any]:
    """The best package of a relation as the API tells it."""
    package = rows.best_package(picture)
    stopped = rows.blocker(package)
    found: dict[str, Any] = {
        "relation": picture.id,
        "title": picture.title,
        "category": picture.category,
        "at": iso(picture.at),
        "deal": picture.deal,
        "quotes": [tell(q) for q in picture.quotes],
        "gate": stopped.gate if stopped else "",
        "why": rows.comparison(stopped) if stopped else "",
    }
    if package is not None:
        found |= {
            "package": package.package,
            "label": package.label,
            "net": None if package.net is None else dollars(package.net),
            "cost": None if package.cost is None else dollars(package.cost),
            "payout": dollars(package.payout),
            "qty": size(package.qty),
            "profit": dollars(package.profit),
            "apy_ppm": package.apy_ppm,
        }
    return found


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
            yield Message("edge", edge_of(picture))
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
                yield Message("edge", edge_of(decode(raw)))
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
