"""Kalshi's buckets and costs."""

import pytest

from feeds.venues.base import Request
from feeds.venues.kalshi.limits import TIERS, draws

KEY = (("KALSHI-ACCESS-KEY", "me"),)


def cost(method: str, path: str, body: bytes = b"") -> tuple[str, int]:
    (draw,) = draws(Request(method, "rest", path, headers=KEY, body=body))
    return draw.bucket.name, draw.cost


def test_reads_and_writes_have_a_bucket_each() -> None:
    assert cost("GET", "/markets") == ("read", 10)
    assert cost("POST", "/portfolio/events/orders") == ("write", 10)


def test_cancels_and_one_orders_question_are_cheap() -> None:
    assert cost("DELETE", "/portfolio/events/orders/abc") == ("write", 2)
    assert cost("GET", "/portfolio/orders/abc") == ("read", 2)
    batch = b'{"orders":[{"order_id":"a"},{"order_id":"b"}]}'
    assert cost("DELETE", "/portfolio/events/orders/batched", batch) == ("write", 4)


def test_a_request_without_a_key_uses_the_addresss_slow_bucket() -> None:
    (draw,) = draws(Request("GET", "rest", "/markets"))
    assert (draw.bucket.owner, draw.bucket.capacity, draw.cost) == ("address", 3, 1)


@pytest.mark.parametrize(
    ("tier", "reads", "writes"),
    [
        ("basic", (400, 200_000), (100, 100_000)),
        ("premier", (1_200, 1_200_000), (2_400, 1_200_000)),
    ],
)
def test_a_tier_says_how_much_and_how_fast(
    tier: str, reads: tuple[int, int], writes: tuple[int, int]
) -> None:
    (read,) = draws(Request("GET", "rest", "/markets", headers=KEY), tier)
    (write,) = draws(Request("POST", "rest", "/portfolio/orders", headers=KEY), tier)
    assert (read.bucket.capacity, read.bucket.refill) == reads
    assert (write.bucket.capacity, write.bucket.refill) == writes


def test_every_tier_keeps_tokens_for_cancels() -> None:
    for tier in TIERS:
        (write,) = draws(Request("POST", "rest", "/portfolio/orders", headers=KEY), tier)
        assert write.bucket.reserve >= 20
