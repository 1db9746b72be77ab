"""What is read of one market; the fields of a listing are held by the contract's payloads."""

from decimal import Decimal

from feeds.venues.polymarket import wire
from feeds.venues.polymarket.listings import fees, when
from markets.terms.fees import revision_of
from markets.terms.units import SECOND
from tests.unit.feeds.venues.polymarket.scene import Scene


def market(**said: object) -> wire.GammaMarket:
    return wire.GammaMarket("0x1", "?", **said)  # type: ignore[arg-type]


def schedule(rate: str, exponent: str = "1", *, taker_only: bool | None = True) -> wire.FeeSchedule:
    return wire.FeeSchedule(Decimal(rate), Decimal(exponent), taker_only)


def test_only_an_explicit_no_is_free() -> None:
    free = fees(market(fees_enabled=False))
    assert (free.kind, free.rate_ppm) == ("polymarket_taker", 0)
    assert fees(market()).kind == "unknown"
    assert free.rev == revision_of(free) != fees(market()).rev != ""


def test_a_fee_rule_is_read_exactly_or_called_unknown() -> None:
    assert fees(market(fees_enabled=True, fee_schedule=schedule("0.0725"))).rate_ppm == 72_500
    for odd in (
        None,
        wire.FeeSchedule(None, Decimal(1), True),
        schedule("0.05", "2"),
        schedule("0.05", taker_only=False),
        schedule("0.05", taker_only=None),
        schedule("-0.05"),
        schedule("7"),
    ):
        assert fees(market(fees_enabled=True, fee_schedule=odd)).kind == "unknown"


def test_dates_are_read_in_every_form_the_venue_uses() -> None:
    moment = 1_784_851_216 * SECOND
    assert when("2026-07-24 00:00:16+00") == moment
    assert when("2026-07-24T00:00:16Z") == moment
    assert when("2026-07-24T00:00:16") == moment
    assert when("2026-07-24T00:00:16.5Z") == moment + SECOND // 2
    assert when("2026-07-24") == moment - 16 * SECOND
    assert when("soon") is when("") is when(None) is None


def test_no_order_that_is_planned_needs_whole_cents() -> None:
    """Purchases leave as limit orders, exact at any size and price (polymarket sheet 3.4)."""
    found = Scene().market
    assert (found.lot, found.min_size, found.min_notional) == (10_000, 5_000_000, 1_000_000)
    assert found.money_step == 0
