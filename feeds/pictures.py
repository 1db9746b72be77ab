"""Where a worker's pictures go: Redis, and the channel layer of the web processes."""

from __future__ import annotations

from typing import Any

import msgspec
import redis.asyncio
import redis.exceptions
from channels.layers import get_channel_layer
from django.conf import settings

from trading.runtime.publish import Batch, SendFailed
from trading.runtime.shown import EDGES_KEY, ENGINE_KEY, GROUP


class Pictures:
    """Where pictures go: a hash in Redis for who opens a page, a group message for open ones."""

    def __init__(self) -> None:
        self._redis: Any = redis.asyncio.from_url(settings.REDIS_URL)
        self._layer: Any = get_channel_layer()
        self._begun = False

    async def send(self, batch: Batch) -> None:
        """Errors: `SendFailed` while Redis is away."""
        bodies = {p.id: msgspec.msgpack.encode(p) for p in batch.pictures}
        engine = msgspec.msgpack.encode(batch.engine) if batch.engine else None
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                if not self._begun:
                    pipe.delete(EDGES_KEY)
                if bodies:
                    pipe.hset(EDGES_KEY, mapping=bodies)
                if batch.gone:
                    pipe.hdel(EDGES_KEY, *batch.gone)
                if engine is not None:
                    pipe.set(ENGINE_KEY, engine)
                await pipe.execute()
            self._begun = True
            message = {
                "type": "live.pictures",
                "pictures": list(bodies.values()),
                "gone": list(batch.gone),
                "engine": engine,
            }
            await self._layer.group_send(GROUP, message)
        except redis.exceptions.RedisError as problem:
            raise SendFailed(str(problem)) from problem

    async def close(self) -> None:
        await self._redis.aclose()
