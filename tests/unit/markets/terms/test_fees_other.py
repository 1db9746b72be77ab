from datetime import date
from typing import Any

import pytest

from markets.terms.fees import WORST, describe, nets_in_market, settlement_fee, trade_fee
from markets.terms.fees_other import (
    CENT_QUADRATIC,
    LEAST_SIDE,
    LEAST_SIDE_SHARES,
    POOL,
    PREDICTIT,
    commission,
    venue_fee,
)
from markets.terms.instruments import FeeSchedule
from markets.terms.units import MICRO, ONE_CONTRACT, Px, Qty, Usd
from tests.unit.markets.terms.fee_records import agreed, record


def exact(kind: str, rate: int) -> FeeSchedule:
    return FeeSchedule(kind, rate, precision=Usd(1))


def test_predictit_keeps_a_tenth_of_the_profit_and_nothing_of_a_loss() -> None:
    def kept(pays: int, cost: int) -> int:
        return settlement_fee(PREDICTIT, Usd(pays), Usd(cost), withdrawn=False)

    assert kept(MICRO, 400_000) == 60_000
    assert kept(MICRO, 950_000) == 5_000
    assert kept(0, 400_000) == 0
    assert kept(500_000, 500_000) == 0


def test_leaving_predictit_costs_a_twentieth_of_what_is_taken_out() -> None:
    assert settlement_fee(PREDICTIT, Usd(MICRO), Usd(400_000)) == 60_000 + 47_000


def test_an_exchange_takes_its_commission_on_a_market_s_net_winnings() -> None:
    exchange = commission(50_000)

    assert nets_in_market(exchange)
    assert not nets_in_market(PREDICTIT)
    assert settlement_fee(exchange, Usd(100_000_000), Usd(40_000_000)) == 3_000_000


def test_a_settlement_share_is_rounded_up() -> None:
    assert settlement_fee(commission(20_000), Usd(MICRO), Usd(999_999)) == 1


def test_an_unknown_schedule_pays_the_dearest_settlement_too() -> None:
    unknown = FeeSchedule("unheard", 0)

    assert settlement_fee(unknown, Usd(MICRO), Usd(0)) == settlement_fee(WORST, Usd(MICRO), Usd(0))
    assert settlement_fee(unknown, Usd(MICRO), Usd(0)) >= settlement_fee(
        PREDICTIT, Usd(MICRO), Usd(0)
    )


def test_kalshi_and_polymarket_take_nothing_at_settlement() -> None:
    for kind in ("kalshi_quadratic", "polymarket_taker"):
        assert settlement_fee(FeeSchedule(kind, 70_000), Usd(MICRO), Usd(0)) == 0


def test_gas_is_paid_once_per_fill_and_not_without_one() -> None:
    pool = FeeSchedule(POOL, 20_000, precision=Usd(1), fixed=Usd(10_000))

    assert trade_fee(pool, Px(490_000), Qty(100 * MICRO)) == 1_000_000 + 10_000
    assert trade_fee(pool, Px(490_000), Qty(0)) == 0
    assert describe(pool) == "taker 2% of the money paid, $0.01 a fill"


def test_a_fee_to_the_nearest_cent_is_one_cent_at_least() -> None:
    rothera = exact(CENT_QUADRATIC, 60_000)

    assert trade_fee(rothera, Px(20_000), ONE_CONTRACT) == 10_000
    assert trade_fee(rothera, Px(100_000), Qty(10 * MICRO)) == 50_000
    assert trade_fee(rothera, Px(100_000), Qty(0)) == 0


def test_a_schedule_that_leaves_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="leaves nothing"):
        trade_fee(exact(POOL, MICRO), Px(500_000), ONE_CONTRACT)


def test_a_bookmaker_charges_nothing_beside_its_price() -> None:
    found = venue_fee("bookmaker", date(2026, 11, 20))

    assert found is not None
    assert trade_fee(found.schedule, Px(500_000), ONE_CONTRACT) == 0
    assert settlement_fee(found.schedule, Usd(MICRO), Usd(0)) == 0
    assert describe(found.schedule) == "no fee"


def test_no_table_answers_for_a_day_before_it_was_read() -> None:
    assert venue_fee("gemini", date(2026, 11, 19)) is None
    assert venue_fee("nowhere") is None


RULES = {
    "ctf-2pct-shares": exact(LEAST_SIDE_SHARES, 20_000),
    "ctf-2pct": exact(LEAST_SIDE, 20_000),
    "gemini-taker": exact(LEAST_SIDE, 50_000),
    "flat040": exact(POOL, 4_000),
    "rothera": exact(CENT_QUADRATIC, 60_000),
}


def break_even(row: dict[str, Any]) -> float:
    """What a contract must be worth, in dollars, by our fees."""
    px = Px(round(row["price"] * MICRO))
    if row["id"].startswith("predictit"):
        kept = settlement_fee(
            PREDICTIT, Usd(MICRO), Usd(px), withdrawn=row["id"].startswith("predictit-w")
        )
        return px / (MICRO - kept)
    rule = next(rule for name, rule in RULES.items() if row["id"].startswith(name))
    count = int(row["id"].split("-")[2]) if row["id"].startswith("rothera") else 1
    return (px * count + trade_fee(rule, px, Qty(count * MICRO))) / (count * MICRO)


def test_every_published_break_even_agrees_to_the_millionth() -> None:
    name = "math/contract_fees.json"
    rows = record(name)["examples"]
    same = [r for r in rows if abs(break_even(r) - r["break_even_probability"]) < 1.1e-6]
    agreed(len(same), len(rows), name)
