"""The venue's per-signer limits: one bucket for orders, one for cancels, refilled evenly.

Invariants: a batch is let in whole or not at all; cancel-all and cancel-market pay for what they
cancelled afterwards, and up to Gold may owe; every answer carries the state of its bucket.
Not here: the CDN's limits per address of the network, which slow calls down and refuse none.
Source: polymarket sheet 3.12 (b), read 2026-11-20.
"""

from enum import Enum

import msgspec

from feeds.venues.base import Reply
from feeds.venues.polymarket.desk.answers import TOO_MANY_REQUESTS, refuse
from markets.terms.units import SECOND, Ns

Headers = tuple[tuple[str, str], ...]


class Lane(Enum):
    """Which bucket a call draws from."""

    ORDER = "order"
    CANCEL = "cancel"


class Tier(msgspec.Struct, frozen=True):
    """Tokens a second and the most a bucket holds."""

    name: str
    order: tuple[int, int]
    cancel: tuple[int, int]
    may_owe: bool = True

    def of(self, lane: Lane) -> tuple[int, int]:
        """Rate and burst of one bucket."""
        return self.order if lane is Lane.ORDER else self.cancel


TIERS = {
    tier.name: tier
    for tier in (
        Tier("Standard", (40, 60), (80, 120)),
        Tier("Copper", (60, 90), (120, 180)),
        Tier("Bronze", (80, 120), (160, 240)),
        Tier("Silver", (200, 300), (400, 600)),
        Tier("Gold", (400, 600), (800, 1_200)),
        Tier("Platinum", (450, 675), (900, 1_350), may_owe=False),
        Tier("Diamond", (525, 787), (1_050, 1_575), may_owe=False),
        Tier("Elite", (600, 900), (1_200, 1_800), may_owe=False),
    )
}


class _Bucket:
    """`level` is in tokens times a second of nanoseconds, so that nothing is rounded."""

    def __init__(self, rate: int, burst: int, at: Ns) -> None:
        self.rate, self.full = rate, burst * SECOND
        self.level, self.at = self.full, at

    def refill(self, at: Ns) -> None:
        self.level = min(self.full, self.level + max(0, at - self.at) * self.rate)
        self.at = max(self.at, at)


class Limiter:
    """Every signer's buckets. With `enforced` off it only warns, as the venue began."""

    def __init__(self, *, enforced: bool = True) -> None:
        self._enforced = enforced
        self._buckets: dict[tuple[str, Lane], _Bucket] = {}
        self._tiers: dict[str, Tier] = {}

    def promote(self, signer: str, tier: str) -> None:
        """A signer's tier from now on."""
        self._tiers[signer] = TIERS[tier]
        for lane in Lane:
            self._buckets.pop((signer, lane), None)

    def tier(self, signer: str) -> Tier:
        """A signer's tier."""
        return self._tiers.get(signer, TIERS["Standard"])

    def admit(self, signer: str, lane: Lane, cost: int, at: Ns) -> Reply | None:
        """Draw tokens; a 429 when there are not enough, or when the bucket owes."""
        bucket = self._bucket(signer, lane, at)
        if bucket.level >= cost * SECOND or not self._enforced:
            bucket.level -= cost * SECOND
            return None
        wait = -(-(cost * SECOND - bucket.level) // (bucket.rate * SECOND))
        said = refuse(429, TOO_MANY_REQUESTS)
        headers = (*said.headers, *self.headers(signer, lane, at), ("Retry-After", str(wait)))
        return msgspec.structs.replace(said, headers=headers)

    def debit(self, signer: str, lane: Lane, cost: int, at: Ns) -> None:
        """Pay for what a sweeping cancel did; only tiers that may owe go below nothing."""
        bucket = self._bucket(signer, lane, at)
        bucket.level -= cost * SECOND
        if not self.tier(signer).may_owe:
            bucket.level = max(0, bucket.level)

    def headers(self, signer: str, lane: Lane, at: Ns) -> Headers:
        """What every order and cancel answer says of its bucket."""
        bucket = self._bucket(signer, lane, at)
        full_at = at + -(-(bucket.full - bucket.level) // bucket.rate)
        said = (
            ("Poly-RateLimit-Remaining", str(max(0, bucket.level // SECOND))),
            ("Poly-RateLimit-Reset", str(-(-full_at // SECOND))),
            ("Poly-RateLimit-Tier", self.tier(signer).name),
        )
        if bucket.level < 0 and not self._enforced:
            return (*said, ("Poly-RateLimit-Warning", "true"))
        return said

    def _bucket(self, signer: str, lane: Lane, at: Ns) -> _Bucket:
        bucket = self._buckets.get((signer, lane))
        if bucket is None:
            bucket = self._buckets[signer, lane] = _Bucket(*self.tier(signer).of(lane), at)
        bucket.refill(at)
        return bucket
