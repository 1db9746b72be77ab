from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from markets.terms.amm import (
    WAD,
    Curve,
    all_in_price,
    buy,
    most_worth_paying,
    prices,
    proceeds,
    sell,
)
from tests.unit.markets.terms.fee_records import agreed, record

THOUSAND = (1_000 * WAD, 1_000 * WAD)
TWO_PERCENT = WAD // 50
amounts = st.integers(1, 10**9)
reserves = st.tuples(st.integers(10**6, 10**12), st.integers(10**6, 10**12))
fees = st.integers(0, WAD // 5)


def test_a_buy_of_a_hundred_from_a_balanced_pool_pays_its_fee_first() -> None:
    swap = buy(THOUSAND, 0, 100 * WAD, TWO_PERCENT)

    assert swap.shares == 187_253_187_613_843_351_548
    assert swap.fee == 2 * WAD
    assert swap.reserves == (1_098 * WAD - swap.shares, 1_098 * WAD)


def test_six_decimals_round_for_the_pool() -> None:
    swap = buy((10**9, 10**9), 0, 12_345_678, 4 * 10**15)

    assert (swap.shares, swap.fee) == (24_443_229, 49_382)


def test_the_reserve_that_stays_is_rounded_up_twice() -> None:
    # What stays is 10**19 - 1 and a ten-millionth of a millionth of a millionth more.
    assert buy((10**19, 10**19), 0, 1, 0).shares == 1


def test_what_a_sale_returns_is_rounded_down() -> None:
    # (11 - square root of 61) / 2 = 1.59
    assert proceeds((3, 5), 0, 3, 0) == 1


def test_a_pool_is_bought_up_to_what_a_contract_is_worth() -> None:
    paid = most_worth_paying(THOUSAND, 0, 55 * WAD // 100, TWO_PERCENT)

    assert paid // 10**9 == 82_953_383_272
    assert most_worth_paying(THOUSAND, 0, WAD // 2, TWO_PERCENT) == 0


def test_more_than_the_pool_holds_cannot_be_received() -> None:
    with pytest.raises(ValueError, match="the pool holds"):
        sell((100, 100), 0, 100, 0)


@given(reserves, st.integers(0, 1), amounts, fees)
def test_a_round_trip_never_favours_us(
    pool: tuple[int, int], outcome: int, money: int, fee: int
) -> None:
    swap = buy(pool, outcome, money, fee)
    first, second = swap.reserves

    assert proceeds((first, second), outcome, swap.shares, fee) <= money
    assert first * second >= pool[0] * pool[1]


@given(reserves, st.integers(0, 1), amounts, st.integers(0, WAD // 10), st.integers(0, WAD // 10))
def test_a_dearer_pool_gives_no_more(
    pool: tuple[int, int], outcome: int, money: int, fee: int, more: int
) -> None:
    assert buy(pool, outcome, money, fee + more).shares <= buy(pool, outcome, money, fee).shares


@given(reserves, st.integers(0, 1), st.integers(1, 10**5), fees)
def test_what_a_sale_needs_returns_at_least_what_was_asked(
    pool: tuple[int, int], outcome: int, money: int, fee: int
) -> None:
    swap = sell(pool, outcome, money, fee)

    assert proceeds(pool, outcome, swap.shares, fee) >= money - 1


def wad(value: float) -> int:
    return int(Decimal(str(value)) * WAD)


def near(ours: int, theirs: float) -> bool:
    return abs(ours - wad(theirs)) <= 10**9 + abs(wad(theirs)) // 10**9


def buy_agrees(row: dict[str, Any]) -> bool:
    pool = tuple(wad(x) for x in row["reserves"])
    swap = buy(pool, row["outcome"], wad(row["amount_in"]), wad(row["fee"]))
    return (
        near(swap.shares, row["shares_out"])
        and near(swap.fee, row["fee_paid"])
        and all(map(near, swap.reserves, row["reserves_after"]))
        and all(map(near, prices(pool), row["prices_before"]))
        and all(map(near, prices(swap.reserves), row["prices_after"]))
        and near(all_in_price(swap.money, 0, swap.shares), row["avg_price_incl_fee"])
    )


def sale_agrees(row: dict[str, Any]) -> bool:
    pool = tuple(wad(x) for x in row["reserves"])
    swap = sell(pool, row["outcome"], wad(row["return_amount"]), wad(row["fee"]))
    return (
        near(swap.shares, row["shares_in"])
        and near(swap.fee, row["fee_paid"])
        and all(map(near, swap.reserves, row["reserves_after"]))
    )


def round_trip_agrees(row: dict[str, Any]) -> bool:
    first, second = (wad(x) for x in row["reserves"])
    swap = buy((first, second), 0, wad(row["amount_in"]), wad(row["fee"]))
    back = proceeds((swap.reserves[0], swap.reserves[1]), 0, swap.shares, wad(row["fee"]))
    return near(swap.shares, row["shares"]) and near(back, row["return_after_selling_all"])


def stop_agrees(row: dict[str, Any]) -> bool:
    first, second = (wad(x) for x in row["reserves"])
    fee, worth = wad(row["fee"]), wad(row["target_marginal_price_incl_fee"])
    paid = most_worth_paying((first, second), row["outcome"], worth, fee)
    swap = buy((first, second), row["outcome"], paid, fee)
    return (
        near(paid, row["amount_in"])
        and near(swap.shares, row["shares_out"])
        and near(prices(swap.reserves)[row["outcome"]], row["pool_price_after"])
    )


def quote_agrees(row: dict[str, Any]) -> bool:
    pool = tuple(wad(x) for x in row["reserves_solved"])
    swap = buy(pool, 0, 10 * WAD, 0)
    after = prices(swap.reserves)[0]
    # The reserves were solved from rounded prices, so the market's own number is met to 1e-8.
    reported = abs(after - wad(row["price_after_reported"])) < 10**10
    return (
        near(swap.shares, row["shares_formula"])
        and near(after, row["price_after_formula"])
        and reported
    )


def integers_agree(row: dict[str, Any]) -> bool:
    pool = tuple(int(x) for x in row["reserves"])
    swap = buy(pool, 0, int(row["amount_in"]), int(row["fee_wad"]))
    return (swap.shares, swap.fee) == (int(row["shares_out"]), int(row["fee_paid"]))


def gas_agrees(row: dict[str, Any]) -> bool:
    pool = tuple(wad(x) for x in row["reserves"])
    swap = buy(pool, 0, wad(row["amount_in"]), wad(row["fee"]))
    gas = wad(row["gas_usd"])
    return near(swap.shares, row["shares_out"]) and near(
        all_in_price(swap.money, gas, swap.shares), row["effective_price_with_gas"]
    )


KINDS = {
    "fpmm_buy": buy_agrees,
    "fpmm_sell_by_return": sale_agrees,
    "round_trip": round_trip_agrees,
    "fpmm_max_buy_to_marginal_price": stop_agrees,
    "real_quote_check": quote_agrees,
    "integer_buy": integers_agree,
    "buy_with_gas": gas_agrees,
}


def test_every_pool_example_agrees_to_a_billionth() -> None:
    name = "math/amm_fpmm.json"
    rows = record(name)["examples"]
    same = [row for row in rows if KINDS[row["kind"]](row)]
    assert [row["id"] for row in rows if row not in same] == []
    agreed(len(same), len(rows), name)


def curve(row: dict[str, Any]) -> Curve:
    pool = row.get("pool") or row["pool_before_solved"]
    yes, no, weight = (Decimal(repr(x)) for x in (pool["YES"], pool["NO"], row["p"]))
    return Curve(yes, no, weight)


def close(ours: Decimal, theirs: float, within: str = "1e-9") -> bool:
    return abs(ours - Decimal(repr(theirs))) <= Decimal(within) * max(Decimal(1), abs(ours))


def bought(row: dict[str, Any]) -> bool:
    is_yes = row["outcome"] == "YES"
    shares, after = curve(row).buy(is_yes, Decimal(repr(row["amount"])))
    return (
        close(curve(row).chance, row["prob_before"])
        and close(shares, row["shares"])
        and close(after.yes, row["pool_after"]["YES"])
        and close(after.no, row["pool_after"]["NO"])
        and close(after.chance, row["prob_after"])
    )


def reached(row: dict[str, Any]) -> bool:
    is_yes = row["outcome"] == "YES"
    money = curve(row).money_to(is_yes, Decimal(repr(row["target_prob"])))
    shares, after = curve(row).buy(is_yes, money)
    return (
        close(money, row["amount"])
        and close(shares, row["shares"])
        and close(after.chance, row["prob_after"])
    )


def sold(row: dict[str, Any]) -> bool:
    """The value of the sale. The pool of these rows is `shares` short on both sides, and so not on
    its own curve; ours is.
    """
    shares = Decimal(repr(row["shares"]))
    value, after = curve(row).sale(row["outcome"] == "YES", shares)
    pool = row["pool_after"]
    return (
        close(value, row["sale_value"])
        and close(after.yes - shares, pool["YES"])
        and close(after.no - shares, pool["NO"])
    )


def limited(row: dict[str, Any]) -> bool:
    money = curve(row).money_to(True, Decimal(repr(row["limitProb"])))
    shares, after = curve(row).buy(True, money)
    return (
        close(money, row["filled_amount"])
        and close(shares, row["filled_shares"])
        and close(after.chance, row["prob_after"])
    )


def with_resting(row: dict[str, Any]) -> bool:
    pool, _, last = row["fills"]
    money = curve(row).money_to(True, Decimal(repr(pool["to_prob"])))
    shares, after = curve(row).buy(True, money)
    more, end = after.buy(True, Decimal(repr(last["amount"])))
    return (
        close(money, pool["amount"])
        and close(shares, pool["shares"])
        and close(more, last["shares"])
        and close(end.chance, last["to_prob"])
    )


CURVES = {
    "cpmm_buy": bought,
    "cpmm_amount_to_reach_prob": reached,
    "cpmm_sell": sold,
    "cpmm_limit_buy_pool_only": limited,
    "cpmm_buy_with_resting_limit": with_resting,
}


def test_every_curve_example_agrees_to_a_billionth() -> None:
    name = "math/amm_manifold_cpmm.json"
    rows = record(name)["examples"]
    same = [row for row in rows if CURVES[row["kind"]](row)]
    assert [row["id"] for row in rows if row not in same] == []
    agreed(len(same), len(rows), name)


def test_every_real_bet_of_play_money_agrees() -> None:
    name = "math/amm_manifold_cpmm.json"
    rows = record(name)["real_bets_check"]["bets"]
    same = []
    for row in rows:
        shares, after = curve(row).buy(row["outcome"] == "YES", Decimal(repr(row["amount"])))
        met = close(shares, row["shares_reported"]) and close(
            after.chance, row["probAfter_reported"]
        )
        same += [row] if met else []
    agreed(len(same), len(rows), f"{name} real bets")


def test_a_sale_on_the_curve_keeps_its_invariant() -> None:
    before = Curve(Decimal(1000), Decimal(1000), Decimal("0.5"))
    value, after = before.sale(True, Decimal(50))

    assert close(value, 24.6875488129, "1e-10")
    assert abs(after.yes * after.no - before.yes * before.no) < Decimal("1e-15")
