"""Trades as fills: prices, fees, finality and keys."""

import pytest
from msgspec.structs import replace

from feeds.venues.polymarket.encode import id_of
from feeds.venues.polymarket.fills import fills_of, key_of
from feeds.venues.polymarket.orderwire import MakerPart, TradeRecord
from markets.terms.units import MICRO, Px, Qty
from tests.unit.feeds.venues.polymarket.orders import AT, ME, market, order, remembered
from trading.engine.orders import Finality, Side

YES, NO = "1" * 77, "2" * 77
REQUEST = order()
NAME = id_of(REQUEST, market(), ME)


def trade(*parts: MakerPart, **changed: str) -> TradeRecord:
    told = {
        "id": "t1",
        "taker_order_id": NAME,
        "asset_id": YES,
        "side": "BUY",
        "size": "10",
        "price": "0.44",
        "status": "MATCHED",
    }
    return TradeRecord(**{**told, **changed}, maker_orders=list(parts))


def test_the_taker_pays_the_makers_own_prices_and_the_fee_of_each() -> None:
    parts = (
        MakerPart("0xa", "4", "0.43", YES),
        MakerPart("0xb", "6", "0.56", NO),  # a purchase of NO at 0.56 sells YES at 0.44
    )
    [fill] = fills_of(trade(*parts), remembered(REQUEST), AT)

    assert fill.px == Px(436_000)
    assert fill.qty == Qty(10 * MICRO)
    # 4 x 0.05 x 0.43 x 0.57 + 6 x 0.05 x 0.44 x 0.56, each up to five decimals
    assert fill.fee == 49_020 + 73_920
    assert (fill.key, fill.order, fill.at) == (key_of("t1", NAME), REQUEST.id, AT)


@pytest.mark.parametrize(("side", "px"), [(Side.BUY, 436_667), (Side.SELL, 436_666)])
def test_an_average_is_rounded_against_us(side: Side, px: int) -> None:
    mine = order(side=side, count="9")
    name = id_of(mine, market(), ME)
    parts = (MakerPart("0xa", "3", "0.43", YES), MakerPart("0xb", "6", "0.44", YES))
    [fill] = fills_of(trade(*parts, taker_order_id=name, size="9"), remembered(mine), AT)

    assert fill.px == px


@pytest.mark.parametrize("parts", [(), (MakerPart("0xa", "4", "0.43", YES),), (MakerPart("0xa"),)])
def test_parts_that_do_not_add_up_leave_the_stated_price(parts: tuple[MakerPart, ...]) -> None:
    [fill] = fills_of(trade(*parts), remembered(REQUEST), AT)

    assert (fill.px, fill.qty) == (Px(440_000), Qty(10 * MICRO))


def test_as_a_maker_we_have_our_own_token_price_and_no_fee() -> None:
    mine = order(outcome=1, px="0.56")
    name = id_of(mine, market(), ME)
    parts = (MakerPart(name, "4", "0.56", NO), MakerPart(name, "2", "0.56", NO))
    [fill] = fills_of(trade(*parts, taker_order_id="0xother"), remembered(mine), AT)

    assert (fill.outcome, fill.px, fill.qty, fill.fee) == (1, 560_000, 6 * MICRO, 0)


def test_both_sides_of_a_trade_with_ourselves_are_told() -> None:
    other = order(name="r1-2", px="0.44", side=Side.SELL)
    name = id_of(other, market(), ME)
    known = remembered(REQUEST, other)
    fills = fills_of(trade(MakerPart(name, "10", "0.44", YES)), known, AT)

    assert [f.order for f in fills] == [REQUEST.id, other.id]
    assert len({f.key for f in fills}) == 2


@pytest.mark.parametrize(
    ("status", "finality"),
    [
        ("MATCHED_NOT_BROADCASTED", Finality.MATCHED),
        ("TRADE_STATUS_MINED", Finality.MATCHED),
        ("RETRYING", Finality.MATCHED),
        ("TRADE_STATUS_CONFIRMED", Finality.FINAL),
        ("FAILED", Finality.FAILED),
    ],
)
def test_only_the_chain_makes_a_fill_final(status: str, finality: Finality) -> None:
    [fill] = fills_of(trade(status=status), remembered(REQUEST), AT)

    assert fill.finality is finality


def test_a_trade_of_others_is_no_fill() -> None:
    nobody = replace(trade(), taker_order_id="")

    assert fills_of(nobody, remembered(REQUEST), AT) == []
    assert fills_of(trade(), remembered(), AT) == []


def test_numbers_that_cannot_be_read_are_an_error() -> None:
    with pytest.raises(ValueError, match="not a decimal"):
        fills_of(trade(size="many"), remembered(REQUEST), AT)
