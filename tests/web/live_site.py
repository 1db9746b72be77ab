"""What tests of the live pages share: pictures in Redis, and a clean process memory."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import redis
from django.conf import settings

from trading import live
from trading.engine.pictures import EnginePicture, RelationPicture, VenueTruth


def clear() -> None:
    """Forget every picture, in Redis and here."""
    client = redis.Redis.from_url(settings.REDIS_URL)
    client.delete(live.EDGES_KEY, live.ENGINE_KEY, live.VENUES_KEY)
    client.close()
    live.PICTURES.forget()


def store_truths(*truths: VenueTruth) -> None:
    """Write what the worker says of its feeds."""
    client = redis.Redis.from_url(settings.REDIS_URL)
    client.set(live.VENUES_KEY, msgspec.msgpack.encode(truths))
    client.close()


def store(pictures: Sequence[RelationPicture], engine: EnginePicture | None = None) -> None:
    """Write pictures as the worker's wiring does."""
    client = redis.Redis.from_url(settings.REDIS_URL)
    for picture in pictures:
        client.hset(live.EDGES_KEY, picture.id, msgspec.msgpack.encode(picture))
    if engine is not None:
        client.set(live.ENGINE_KEY, msgspec.msgpack.encode(engine))
    client.close()


def encoded(picture: RelationPicture) -> bytes:
    """A picture as it travels."""
    return msgspec.msgpack.encode(picture)
