"""The Kalshi fake's token buckets: every request costs, an empty bucket answers 429.

Each account has a read and a write bucket, refilled continuously; a single order write that names
a shard above 0 draws from that shard's own. 429 has no `Retry-After`, no penalty and one of two
bodies. A batch must fit whole. Unsigned reads are not counted, as no limit is published.
Source: kalshi sheet 3.11; costs as recorded 2026-07-06, tiers as of 2026-09-24.
"""

import msgspec

from feeds.sim.chance import Chance
from feeds.venues.base import Reply, Request
from feeds.venues.kalshi.fakesay import PREFIX, failure, json_reply
from feeds.venues.kalshi.limits import CHEAP_COST, DEFAULT_COST, TIERS, UPGRADE_COST
from markets.terms.units import SECOND, Ns

ORDERS = "/portfolio/events/orders"
COSTS: tuple[tuple[str, str, int], ...] = (
    ("POST", "/account/api_usage_level/upgrade", UPGRADE_COST),
    ("DELETE", f"{ORDERS}/:order_id", CHEAP_COST),
    ("DELETE", f"{ORDERS}/batched", CHEAP_COST),
    ("GET", "/portfolio/orders/:order_id", CHEAP_COST),
)
_WRITES = (ORDERS, "/portfolio/order_groups", "/communications")
_NOT_AN_ORDER = ("queue_positions", "batched")


class _Bucket:
    """Tokens in billionths, so that a nanosecond's refill is a whole number."""

    def __init__(self, rate: int, capacity: int, at: Ns) -> None:
        self.rate = rate
        self.full = capacity * SECOND
        self.level = self.full
        self.at = at

    def take(self, cost: int, at: Ns) -> bool:
        self.level = min(self.full, self.level + self.rate * max(0, at - self.at))
        self.at = max(self.at, at)
        if self.level < cost * SECOND:
            return False
        self.level -= cost * SECOND
        return True


class Meter:
    """Counts what accounts ask. `tiers` names the tier of those that are not basic."""

    def __init__(self, tiers: dict[str, str], chance: Chance | None) -> None:
        self._tiers = dict(tiers)
        self._chance = chance
        self._buckets: dict[tuple[str, str, int], _Bucket] = {}

    def charge(self, account: str, request: Request, at: Ns) -> Reply | None:
        """None when it may go on, else 429."""
        if not account:
            return None
        kind = "write" if is_write(request) else "read"
        bucket = self._bucket(account, kind, _shard(request) if kind == "write" else 0, at)
        if bucket.take(cost_of(request), at):
            return None
        if self._chance is not None and self._chance.one_in(2):
            return failure(429, "too_many_requests")
        return json_reply(429, {"error": "too many requests"})

    def limits(self, account: str) -> dict[str, object]:
        """The body of `GET /account/limits`."""
        rates = TIERS[self._tier(account)]
        return {
            "usage_tier": self._tier(account),
            "read": _said(rates.read, rates.read_seconds),
            "write": _said(rates.write, rates.write_seconds),
            "grants": [],
        }

    def upgrade(self, account: str) -> None:
        """Basic becomes advanced for ever; a higher tier stays."""
        if self._tier(account) == "basic":
            self._tiers[account] = "advanced"
            for key in [key for key in self._buckets if key[0] == account]:
                del self._buckets[key]

    def _tier(self, account: str) -> str:
        return self._tiers.get(account, "basic")

    def _bucket(self, account: str, kind: str, shard: int, at: Ns) -> _Bucket:
        key = (account, kind, shard)
        if key not in self._buckets:
            rates = TIERS[self._tier(account)]
            rate = rates.write if kind == "write" else rates.read
            seconds = rates.write_seconds if kind == "write" else rates.read_seconds
            self._buckets[key] = _Bucket(rate, rate * seconds, at)
        return self._buckets[key]


def endpoint_costs() -> dict[str, object]:
    """The body of `GET /account/endpoint_costs`: only what differs from the default."""
    rows = [{"method": m, "path": PREFIX + path, "cost": cost} for m, path, cost in COSTS]
    return {"default_cost": DEFAULT_COST, "endpoint_costs": rows}


def is_write(request: Request) -> bool:
    """Whether it draws from the write bucket: orders, groups and quotes; all else reads."""
    path = request.path.removeprefix(PREFIX)
    return request.method != "GET" and path.startswith(_WRITES)


def cost_of(request: Request) -> int:
    """Tokens of a request; a batch pays for each of its orders."""
    path = request.path.removeprefix(PREFIX)
    if path == f"{ORDERS}/batched":
        each = CHEAP_COST if request.method == "DELETE" else DEFAULT_COST
        return each * max(1, len(_orders(request.body)))
    if request.method == "DELETE" and path.startswith(ORDERS):
        return CHEAP_COST
    head, _, last = path.rpartition("/")
    if request.method == "GET" and head == "/portfolio/orders" and last not in _NOT_AN_ORDER:
        return CHEAP_COST
    return UPGRADE_COST if path == "/account/api_usage_level/upgrade" else DEFAULT_COST


def _shard(request: Request) -> int:
    """The shard a single order write names, 0 for none."""
    path = request.path.removeprefix(PREFIX)
    if not path.startswith(ORDERS) or path.endswith("/batched"):
        return 0
    named = dict(request.query).get("exchange_index", "")
    if named.isascii() and named.isdigit():
        return int(named)
    said = _body(request.body).get("exchange_index")
    return said if isinstance(said, int) and said > 0 else 0


def _orders(body: bytes) -> list[object]:
    said = _body(body).get("orders")
    return said if isinstance(said, list) else []


def _body(body: bytes) -> dict[str, object]:
    try:
        return msgspec.json.decode(body, type=dict[str, object])
    except msgspec.DecodeError:
        return {}


def _said(rate: int, seconds: int) -> dict[str, int]:
    return {"refill_rate": rate, "bucket_capacity": rate * seconds}
