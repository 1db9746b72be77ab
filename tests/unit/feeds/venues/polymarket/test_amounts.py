"""Amounts of orders, by hand and against every published case if present."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.venues.polymarket.amounts import (
    DECIMALS,
    Amounts,
    buy_amounts,
    implied_price,
    is_coarse,
    is_within,
    limit_amounts,
    sell_amounts,
)
from markets.terms.units import MICRO, Px, Qty, Usd, micros_from_text
from tests.unit.feeds.venues.polymarket.test_signing import SHARED
from trading.engine.orders import Side

CENT, TICKS = Px(10_000), sorted(DECIMALS)


def published() -> list[dict[str, Any]]:
    path = SHARED / "vectors_order_amounts.json"
    return list(json.loads(path.read_text())["cases"]) if path.exists() else []


def test_shares_are_cut_to_hundredths_and_spending_to_cents() -> None:
    assert limit_amounts(Side.BUY, Px(1_000), Px(56_000), Qty(21_047_000)) == Amounts(
        1_178_240, 21_040_000
    )
    assert buy_amounts(CENT, Px(560_000), Usd(3_333_000)) == Amounts(3_330_000, 5_946_400)


def test_what_a_budget_buys_is_rounded_down_so_that_an_ask_at_the_limit_still_meets() -> None:
    amounts = buy_amounts(CENT, Px(520_000), Usd(10_000_000))

    assert amounts == Amounts(10_000_000, 19_230_700)
    assert amounts.maker * MICRO > 520_000 * amounts.taker


def test_a_budget_so_small_that_it_implies_too_high_a_price_is_refused() -> None:
    with pytest.raises(ValueError, match="spend more"):
        buy_amounts(Px(100_000), Px(900_000), Usd(10_000))
    assert not is_within(Amounts(10_000, 10_099), Px(990_000))


@pytest.mark.parametrize(
    ("tick", "px", "words"),
    [(20_000, 500_000, "tick 20000 is unknown"), (10_000, 505_000, "not a step")]
    + [(10_000, px, "not a step") for px in (0, 1_000_000)],
)
def test_prices_off_the_grid_are_refused(tick: int, px: int, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        limit_amounts(Side.BUY, Px(tick), Px(px), Qty(MICRO))


def test_an_order_that_rounds_to_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="too small"):
        sell_amounts(CENT, Px(500_000), Qty(9_999))


def test_amounts_too_fine_for_an_order_that_trades_at_once_are_told() -> None:
    assert is_coarse(Side.BUY, Amounts(10_000_000, 19_230_700))
    assert not is_coarse(Side.BUY, Amounts(11_782_400, 21_040_000))
    assert not is_coarse(Side.BUY, Amounts(10_000_000, 175_438_590))


@given(tick=st.sampled_from(TICKS), step=st.integers(1, 9_999), shares=st.integers(10_000, 10**12))
def test_the_price_read_back_from_a_limit_order_is_the_price_written(
    tick: Px, step: int, shares: int
) -> None:
    px = Px(1 + step % (MICRO // tick - 1))
    px = Px(px * tick)
    for side in Side:
        amounts = limit_amounts(side, tick, px, Qty(shares))
        assert implied_price(side, amounts, tick) == px


def test_amounts_that_lie_on_no_step_have_no_price() -> None:
    assert implied_price(Side.BUY, Amounts(505_000, 1_000_000), CENT) is None
    assert implied_price(Side.SELL, Amounts(1_000_000, 505_000), CENT) is None
    assert implied_price(Side.BUY, Amounts(0, 1_000_000), CENT) is None


@pytest.mark.skipif(not published(), reason="../shared/data/polymarket is not here")
@pytest.mark.parametrize("case", published(), ids=lambda c: f"{c['kind']} {c['side']} {c['tick']}")
def test_every_published_amount_is_the_same(case: dict[str, Any]) -> None:
    side = Side.BUY if case["side"] == "BUY" else Side.SELL
    tick, px = Px(micros_from_text(case["tick"])), Px(micros_from_text(case["price"]))
    given_size = micros_from_text(case.get("size") or case["amount_or_shares"])
    if case["kind"] == "limit":
        amounts = limit_amounts(side, tick, px, Qty(given_size))
    elif side is Side.BUY:
        amounts = buy_amounts(tick, px, Usd(given_size))
    else:
        amounts = sell_amounts(tick, px, Qty(given_size))

    assert (str(amounts.maker), str(amounts.taker)) == (case["makerAmount"], case["takerAmount"])
    assert implied_price(side, amounts, tick) == px
