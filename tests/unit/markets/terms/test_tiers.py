"""Rate tiers by name: the adapters know each, and an unknown one is the lowest."""

from feeds.discovery import keyless_adapter
from feeds.venues.base import Request
from feeds.venues.kalshi import limits as kalshi
from feeds.venues.polymarket import limits as polymarket
from markets.terms.tiers import TIERS, known


def test_every_adapter_knows_the_rates_of_every_tier_in_this_order() -> None:
    assert TIERS["kalshi"] == tuple(kalshi.TIERS)
    assert TIERS["polymarket"] == tuple(polymarket.TIERS)


def test_an_unknown_tier_is_the_lowest_and_a_venue_without_any_has_none() -> None:
    assert (known("kalshi", "prime"), known("kalshi", ""), known("kalshi", "gold")) == (
        "prime",
        "basic",
        "basic",
    )
    assert known("manifold", "gold") == ""


def test_an_adapter_draws_from_the_bucket_of_its_tier() -> None:
    asked = Request(
        "POST", "rest", "/portfolio/events/orders", headers=(("KALSHI-ACCESS-KEY", "a"),)
    )
    draws = keyless_adapter("kalshi").draws
    assert draws(asked)[-1].bucket.refill == draws(asked, tier="nonsense")[-1].bucket.refill
    assert draws(asked, tier="prime")[-1].bucket.refill == 4_800_000

    order = Request("POST", "clob", "/order", headers=(("POLY_ADDRESS", "0x1"),))
    found = keyless_adapter("polymarket")
    assert found.draws(order, tier="gold")[-1].bucket.refill == 400_000
    assert found.draws(order)[-1].bucket.refill == 40_000
