from datetime import date

import pytest

from markets.terms.fees import trade_fee
from markets.terms.fees_polymarket import (
    CATEGORIES,
    affordable,
    category_fee,
    maker_rebate,
    schedule,
)
from markets.terms.units import Px, Qty, Usd, micros_from_text
from tests.unit.markets.terms.fee_records import agreed, record


def charged(rate: int, price: str, count: str, **role: bool) -> int:
    px, qty = Px(micros_from_text(price)), Qty(micros_from_text(count))
    return trade_fee(schedule(rate), px, qty, **role)


@pytest.mark.parametrize(
    ("rate", "count", "price", "fee"),
    [
        (70_000, "37.5", "0.97", 76_390),
        (70_000, "0.01", "0.99", 10),
        (50_000, "12.34", "0.815", 93_030),
        (30_000, "250", "0.335", 1_670_820),
        (40_000, "19.23", "0.52", 192_000),
        (0, "1000", "0.038", 0),
    ],
)
def test_the_taker_pays_up_to_the_hundred_thousandth(
    rate: int, count: str, price: str, fee: int
) -> None:
    assert charged(rate, price, count) == fee
    assert charged(rate, price, count, maker=True) == 0


def test_sports_markets_made_from_the_tenth_of_july_2026_charge_five_percent() -> None:
    before, after = (
        category_fee("sports", date(2026, 7, 9)),
        category_fee("sports", date(2026, 7, 10)),
    )

    assert before is not None
    assert after is not None
    assert (before.rate_ppm, before.rebate_ppm) == (30_000, 250_000)
    assert (after.rate_ppm, after.rebate_ppm) == (50_000, 150_000)


def test_neither_an_unheard_category_nor_an_early_day_has_a_rate() -> None:
    assert category_fee("curling", date(2026, 9, 1)) is None
    assert category_fee("crypto", date(2026, 3, 29)) is None


def test_a_budget_leaves_room_for_the_fee() -> None:
    assert affordable(schedule(50_000), Px(520_000), Usd(10_000_000)) == 9_760_000


@pytest.mark.parametrize("px", [Px(1_000), Px(335_000), Px(990_000)])
def test_what_a_budget_allows_never_costs_more_than_the_budget(px: Px) -> None:
    money = Usd(100_000_000)
    spend = affordable(schedule(70_000), px, money)
    fee = trade_fee(schedule(70_000), px, Qty(spend * 1_000_000 // px))

    assert money - 30_000 < spend + fee <= money + 10


def test_makers_share_the_rebate_by_their_part_and_get_nothing_below_a_dollar() -> None:
    assert maker_rebate(250_000, 1, 3, Usd(100_000_000)) == 8_333_333
    assert maker_rebate(150_000, 1, 100, Usd(600_000_000)) == 0
    assert maker_rebate(150_000, 0, 0, Usd(600_000_000)) == 0


def test_every_published_example_lies_between_the_floor_and_a_step_above_half_up() -> None:
    name = "polymarket/vectors_taker_fees.json"
    rows = record(name)["cases"]
    same = [
        row
        for row in rows
        if micros_from_text(row["fee_floor_5dp"])
        <= charged(micros_from_text(row["rate"]), row["price"], row["shares"])
        <= micros_from_text(row["fee_half_up_5dp"]) + 10
    ]
    agreed(len(same), len(rows), name)


def test_every_rate_of_the_examples_is_its_category_s() -> None:
    name = "polymarket/vectors_taker_fees.json"
    rows = record(name)["cases"]
    same = []
    for row in rows:
        day = date(2026, 7, 9) if "before" in row["category"] else date(2026, 9, 30)
        found = category_fee(row["category"].partition(" ")[0].strip(","), day)
        same += [row] if found and found.rate_ppm == micros_from_text(row["rate"]) else []
    agreed(len(same), len(rows), f"{name} categories")
    assert {x.category for x in CATEGORIES} == {
        r["category"].partition(" ")[0].strip(",") for r in rows
    }
