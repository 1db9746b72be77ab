"""What Kalshi lets an account ask a second, and what each request costs.

Reads and writes have a bucket each; anything that changes something is a write. Requests without a
key share a slow bucket of the address, because none is published for them. The reserve of the write
bucket is for cancels and hedges. The socket's own limits (10,000 commands a second, 500,000
subscriptions a session, about 200 sessions a user) are far above what we send: 200 markets a socket
and at most four commands a second.
Source: kalshi sheet 3.11, read 2026-11-21.
"""

import msgspec

from feeds.books.rates import Bucket, Draw
from feeds.venues.base import Request

KEY_HEADER = "kalshi-access-key"
DEFAULT_COST = 10
CHEAP_COST = 2
UPGRADE_COST = 30
UNSIGNED_PER_SECOND = 3
RESERVE_PART = 5


class Tier(msgspec.Struct, frozen=True, gc=False):
    """Tokens a second, and how many seconds of them a full bucket holds."""

    read: int
    write: int
    read_seconds: int = 1
    write_seconds: int = 2


TIERS: dict[str, Tier] = {
    "basic": Tier(200, 100, read_seconds=2, write_seconds=1),
    "advanced": Tier(300, 300, read_seconds=2),
    "expert": Tier(600, 600),
    "premier": Tier(1_200, 1_200),
    "paragon": Tier(2_400, 2_400),
    "prime": Tier(4_800, 4_800),
    "prestige": Tier(12_000, 9_600),
}


def draws(request: Request, tier: str = "basic") -> tuple[Draw, ...]:
    """The bucket a request draws from, and its cost. Errors: `KeyError` for an unknown tier."""
    owner = next((value for name, value in request.headers if name.lower() == KEY_HEADER), "")
    if not owner:
        return (Draw(Bucket("unsigned", UNSIGNED_PER_SECOND, UNSIGNED_PER_SECOND * 1_000)),)
    rates = TIERS[tier]
    if request.method == "GET":
        full = rates.read * rates.read_seconds
        return (Draw(Bucket("read", full, rates.read * 1_000, owner=owner), _cost(request)),)
    full = rates.write * rates.write_seconds
    bucket = Bucket("write", full, rates.write * 1_000, rates.write // RESERVE_PART, owner)
    return (Draw(bucket, _cost(request)),)


def _cost(request: Request) -> int:
    path = request.path.removeprefix("/trade-api/v2")
    is_order = path.startswith(("/portfolio/orders/", "/portfolio/events/orders/"))
    if request.method == "DELETE" and path.endswith("/batched"):
        return CHEAP_COST * max(1, request.body.count(b'"order_id"'))
    if is_order and request.method in ("GET", "DELETE"):
        return CHEAP_COST
    if path == "/account/api_usage_level/upgrade":
        return UPGRADE_COST
    return DEFAULT_COST
