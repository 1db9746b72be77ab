"""Rate buckets shared by every process of the site: one script in Redis, by its clock.

All processes that ask a venue draw from the same buckets there, each request from all of its own or
from none. With Redis away a worker goes on with half of each bucket to itself, and a job waits: the
two together stay within the venue's limits. What a request costs is the venue's to say
(`feeds/venues/<venue>/limits.py`); the arithmetic is that of `feeds.books.rates`.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import redis.asyncio
import redis.exceptions
import structlog

from feeds.books.rates import Draw, LocalBuckets, hold_of, need_of
from feeds.runtime.pause import pause
from feeds.venues.base import Reply, Request
from markets.terms.ids import VenueId
from markets.terms.units import SECOND, Ns
from trading.runtime.clock import Clock
from trading.runtime.gateway import VenueUnreachable

PREFIX = "arbsite:rate:"
AWAY = Ns(1 * SECOND)
PATIENCE = Ns(10 * SECOND)
HALF = 2
TIMEOUT_S = 0.25

# KEYS: a bucket each. ARGV: for each bucket capacity, refill, need, cost; tokens are in billionths,
# times in microseconds of the server, refill in thousandths of a token a second. Returns the
# microseconds to wait, 0 when the tokens were taken.
_TAKE = """
local t = redis.call('TIME')
local at = t[1] * 1000000 + t[2]
local wait, left = 0, {}
for i, key in ipairs(KEYS) do
  local full = tonumber(ARGV[4*i-3]) * 1000000000
  local refill = tonumber(ARGV[4*i-2])
  local need = tonumber(ARGV[4*i-1]) * 1000000000
  local held = redis.call('HMGET', key, 'tokens', 'at', 'until')
  local tokens = tonumber(held[1]) or full
  local since = math.max(0, at - (tonumber(held[2]) or at))
  tokens = math.min(full, tokens + since * refill)
  left[i] = tokens
  wait = math.max(wait, (tonumber(held[3]) or 0) - at)
  if tokens < need then wait = math.max(wait, math.ceil((need - tokens) / refill)) end
end
if wait > 0 then return wait end
for i, key in ipairs(KEYS) do
  local tokens = left[i] - tonumber(ARGV[4*i]) * 1000000000
  redis.call('HSET', key, 'tokens', string.format('%.0f', tokens), 'at', string.format('%.0f', at))
  redis.call('EXPIRE', key, 7200)
end
return 0
"""

# KEYS: one bucket. ARGV: microseconds to leave it alone.
_HOLD = """
local t = redis.call('TIME')
local till = t[1] * 1000000 + t[2] + tonumber(ARGV[1])
if till > (tonumber(redis.call('HGET', KEYS[1], 'until')) or 0) then
  redis.call('HSET', KEYS[1], 'until', string.format('%.0f', till))
  redis.call('EXPIRE', KEYS[1], 7200)
end
return 0
"""

log = structlog.get_logger("rates")


class Rates:
    """The buckets of one venue as one process uses them.

    A `job` waits for as long as it takes, also for Redis. A worker waits at most `patience` and
    then says that the request never left.
    """

    def __init__(
        self,
        venue: VenueId,
        draws_of: Callable[[Request], tuple[Draw, ...]],
        client: "redis.asyncio.Redis",
        clock: Clock,
        *,
        job: bool,
        patience: Ns = PATIENCE,
    ) -> None:
        self.venue = venue
        self._draws_of = draws_of
        self._clock = clock
        self._job = job
        self._patience = patience
        self._client = client
        self._take_script: Any = client.register_script(_TAKE)
        self._hold_script: Any = client.register_script(_HOLD)
        self._local = LocalBuckets(HALF)
        self._away_until: Ns | None = None
        self._refusals = 0
        self.waited = Ns(0)

    async def admit(self, request: Request, *, urgent: bool = False) -> None:
        """Returns when the request may leave. `urgent` is a cancel or a hedge.

        Errors: `VenueUnreachable` when a worker would have to wait too long.
        """
        draws = self._draws_of(request)
        begun = self._clock.now()
        while wait := await self._take(draws, urgent=urgent):
            over = self._clock.now() + wait - begun
            if not self._job and over > self._patience:
                empty = f"its rate bucket is empty for {over // SECOND} s"
                text = f"{request.method} {request.path}: {empty}"
                raise VenueUnreachable(self.venue, text, sent=False)
            await pause(self._clock, wait)
        self.waited = Ns(self.waited + self._clock.now() - begun)

    async def answered(self, request: Request, reply: Reply) -> None:
        """Leave the endpoint alone for as long as the answer asks."""
        length = hold_of(reply.status, reply.headers, self._clock.now(), self._refusals)
        self._refusals = self._refusals + 1 if reply.status == 429 else 0
        draws = self._draws_of(request)[-1:]
        if not length or not draws:
            return
        now = self._clock.now()
        self._local.hold(draws, now, Ns(now + length))
        log.warning("venue asks us to wait", venue=self.venue, bucket=draws[0].bucket.name)
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await self._hold_script(keys=[self._key(draws[0])], args=[length // 1_000])
        except (redis.exceptions.RedisError, OSError) as problem:
            self._missed(problem)

    async def close(self) -> None:
        """Close the connection it was given."""
        await self._client.aclose()

    async def _take(self, draws: tuple[Draw, ...], *, urgent: bool) -> Ns:
        now = self._clock.now()
        if self._away_until is None or now >= self._away_until:
            try:
                return await self._take_shared(draws, urgent=urgent)
            except (redis.exceptions.RedisError, OSError) as problem:
                self._missed(problem)
        return AWAY if self._job else self._local.take(draws, now, urgent=urgent)

    async def _take_shared(self, draws: tuple[Draw, ...], *, urgent: bool) -> Ns:
        args: list[int] = []
        for draw in draws:
            bucket = draw.bucket
            args += [bucket.capacity, bucket.refill, need_of(draw, urgent=urgent), draw.cost]
        async with asyncio.timeout(TIMEOUT_S):
            wait: int = await self._take_script(keys=[self._key(draw) for draw in draws], args=args)
        if self._away_until is not None:
            self._away_until = None
            log.warning("rate buckets are shared again", venue=self.venue)
        return Ns(wait * 1_000)

    def _missed(self, problem: Exception) -> None:
        if self._away_until is None:
            then = "jobs wait" if self._job else "half of each rate is used"
            log.warning("rate buckets are away", venue=self.venue, then=then, problem=str(problem))
        self._away_until = Ns(self._clock.now() + AWAY)

    def _key(self, draw: Draw) -> str:
        return f"{PREFIX}{self.venue}:{draw.bucket.owner}:{draw.bucket.name}"


def client_of(url: str) -> "redis.asyncio.Redis":
    """A connection without time limits of its own, for whoever limits each call.

    The library's own limits can swallow a cancellation (`asyncio.wait_for` of Python 3.11 does),
    and a worker that is told to stop would go on.
    """
    return redis.asyncio.from_url(url, socket_timeout=None, socket_connect_timeout=None)
