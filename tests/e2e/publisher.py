"""Stands in for the worker: moving pictures to Redis and the pages, an answer to halt and resume.

Run as `python -m tests.e2e.publisher [relations]`; it ends when its standard input does.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

django.setup()

import msgspec  # noqa: E402
import redis.asyncio  # noqa: E402
from asgiref.sync import sync_to_async  # noqa: E402
from channels.layers import get_channel_layer  # noqa: E402
from django.conf import settings  # noqa: E402

from feeds.books.minutes import MINUTE, Minute  # noqa: E402
from trading import askings, live, showcase  # noqa: E402
from trading.engine.pictures import RelationPicture, VenueTruth, Verdict  # noqa: E402
from trading.runtime.shown import MINUTES_KEY  # noqa: E402

TICK_SECONDS = 0.2
TEAMS = ("Celtics", "Heat", "Suns", "Lakers", "Bulls", "Nets", "Jazz", "Kings", "Spurs", "Magic")
CHAINS = ("", "min_edge", "min_depth", "cooldown", "token_check", "min_edge")


class Market:
    """One relation on its way through the day."""

    def __init__(self, number: int, chance: random.Random) -> None:
        self.name = f"game-{number}"
        first, second = chance.sample(TEAMS, 2)
        self.title = f"{first} beat {second}, game {number}"
        self.days = chance.randint(1, 60)
        self.ask = chance.randint(1500, 7000)
        self.net = chance.randint(-150, 260) * 100
        self.size = chance.randint(40, 1800)
        self.stop = CHAINS[number % len(CHAINS)]

    def move(self, chance: random.Random) -> None:
        """One small step."""
        self.ask = min(max(self.ask + chance.randint(-20, 20), 300), 9000)
        self.net = min(max(self.net + chance.randint(-12, 12) * 100, -20_000), 32_000)
        self.size = max(self.size + chance.randint(-30, 30), 10)

    def picture(self, now: int, chance: random.Random) -> RelationPicture:
        """How it looks now; the second price follows from the net edge."""
        second = 10_000 - self.ask - (self.net + 32_000) // 100
        stops = {"min_edge": self.net, "min_depth": 30_000_000, "token_check": 88_000_000}
        is_stopped = self.net > 0 and self.stop and (self.stop != "min_edge" or self.net < 15_000)
        verdict = Verdict.WAITING if self.stop == "cooldown" else Verdict.REFUSED
        chain = (
            showcase.readings(self.stop, verdict, stops.get(self.stop, 0)) if is_stopped else None
        )
        ages = (chance.randint(20, 900), chance.randint(20, 900))
        return showcase.relation(
            self.name,
            self.title,
            now,
            category="Basketball",
            asks=(self.ask, second),
            net=self.net,
            chain=chain,
            ages_ms=ages,
            size=self.size,
            pays_in_days=self.days,
        )


def day(truth: VenueTruth, chance: random.Random) -> list[Minute]:
    """Twenty hours of a feed that ended as it is now."""
    last = truth.at // MINUTE
    return [
        Minute(
            number,
            truth.score if number > last - 90 else 62 if number // 60 % 9 == 0 else 97,
            (truth.age_p95_ms or 0) + chance.randint(0, 120),
            number > last - 90 and truth.score < 50,
        )
        for number in range(last - 20 * 60, last + 1)
        if number % 97
    ]


async def tell_truths(store: redis.asyncio.Redis, now: int, chance: random.Random) -> None:
    """One venue in order and a sick one, each with its day."""
    truths = [showcase.truth("kalshi", now), showcase.truth("polymarket", now, sick=True)]
    await store.set(live.VENUES_KEY, msgspec.msgpack.encode(truths))
    days = {truth.venue: msgspec.msgpack.encode(day(truth, chance)) for truth in truths}
    await store.hset(MINUTES_KEY, mapping=days)  # type: ignore[arg-type]


def last_order() -> str:
    """`halt` or `resume` of everything, whichever was asked last."""
    for command in askings.commands(limit=20).items:
        if command.kind in {"halt", "resume"} and not command.target:
            return command.kind
    return ""


async def publish(count: int) -> None:
    """Publish until cancelled, as the worker's wiring does."""
    chance = random.Random(7)  # noqa: S311  a script of prices, not a secret
    store = redis.asyncio.Redis.from_url(settings.REDIS_URL)
    layer = get_channel_layer()
    assert layer is not None
    markets = [Market(number, chance) for number in range(count)]
    await store.delete(live.EDGES_KEY, live.ENGINE_KEY, live.VENUES_KEY)
    first = True
    while True:
        now = live.now_ns()
        moved = markets if first else chance.sample(markets, max(1, count // 2))
        pictures = []
        first = False
        pictures += list(showcase.relations(now))
        for market in moved:
            market.move(chance)
            pictures.append(market.picture(now, chance))
        halted = await sync_to_async(last_order)() == "halt"
        engine = showcase.engine(now, halted="asked from the page" if halted else "")
        engine = msgspec.structs.replace(
            engine, relations=count + 10, naked_deals=(showcase.naked_deal(now),)
        )
        raw = [msgspec.msgpack.encode(picture) for picture in pictures]
        body = msgspec.msgpack.encode(engine)
        named = dict(zip((p.id for p in pictures), raw, strict=True))
        await store.hset(live.EDGES_KEY, mapping=named)  # type: ignore[arg-type]
        await store.set(live.ENGINE_KEY, body)
        await tell_truths(store, now, chance)
        event = {"type": "live.pictures", "pictures": raw, "gone": [], "engine": body}
        await layer.group_send(live.GROUP, event)
        await asyncio.sleep(TICK_SECONDS)


async def main() -> None:
    """Publish until whoever started us is gone."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 24
    publisher = asyncio.ensure_future(publish(count))
    ended = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await asyncio.wait({publisher, asyncio.ensure_future(ended)}, return_when="FIRST_COMPLETED")
    publisher.cancel()


if __name__ == "__main__":
    asyncio.run(main())
