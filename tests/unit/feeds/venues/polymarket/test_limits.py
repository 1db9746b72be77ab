"""Polymarket's windows and buckets."""

import pytest

from feeds.venues.base import Request
from feeds.venues.polymarket.limits import TIERS, draws

SIGNER = (("POLY_ADDRESS", "0xabc"),)


def names(method: str, host: str, path: str) -> list[str]:
    return [draw.bucket.name for draw in draws(Request(method, host, path, headers=SIGNER))]


@pytest.mark.parametrize(
    ("host", "path", "found"),
    [
        ("clob", "/books", ["all", "clob", "clob/books"]),
        ("clob", "/book", ["all", "clob", "clob/book"]),
        ("clob", "/time", ["all", "clob"]),
        ("gamma", "/events/keyset", ["all", "gamma", "gamma/events", "gamma listings"]),
        ("data", "/v2/positions", ["all", "data", "data/v2/positions"]),
    ],
)
def test_a_request_draws_from_its_endpoint_its_host_and_all(
    host: str, path: str, found: list[str]
) -> None:
    assert names("GET", host, path) == found


def test_orders_and_cancels_draw_from_the_signers_own_buckets() -> None:
    order = draws(Request("POST", "clob", "/order", headers=SIGNER))[-1]
    cancel = draws(Request("DELETE", "clob", "/order", headers=SIGNER))[-1]

    assert (order.bucket.name, order.bucket.owner, order.bucket.capacity) == ("orders", "0xabc", 60)
    assert (cancel.bucket.name, cancel.bucket.capacity) == ("cancels", 120)
    assert order.bucket.reserve == 12


def test_a_batch_costs_its_orders() -> None:
    body = b'[{"order":{"signature":"1"}},{"order":{"signature":"2"}}]'
    assert draws(Request("POST", "clob", "/orders", body=body))[-1].cost == 2


def test_reading_orders_is_no_order() -> None:
    assert names("GET", "clob", "/data/orders") == ["all", "clob", "clob/data/orders"]


def test_tiers_grow() -> None:
    rates = list(TIERS.values())
    assert rates == sorted(rates)
