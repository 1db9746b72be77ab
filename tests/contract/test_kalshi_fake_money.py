"""Kalshi sheet sections 6 and 7 at the fake: charged fees, lives of markets, settlement, pauses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from feeds.venues.kalshi.fakeauth import OPEN_ACCOUNT
from feeds.venues.kalshi.fakeboard import Terms
from markets.terms import fees_kalshi
from markets.terms.units import MICRO, SECOND, Ns, Usd
from tests.contract.kalshi_fake import DATA, MARKETS, RAIN, SNOW, Venue, listed, side

CENT = Usd(10_000)
FINE = listed("KXFINE-1-A", 1_000)


def lines(name: str, key: str) -> list[dict[str, Any]]:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"the recording {name} is not beside the project")
    found: list[dict[str, Any]] = json.loads(path.read_text())["payload"][key]
    return found


# 6 fees


def test_6_3_every_recorded_production_fill_is_charged_to_the_millionth() -> None:
    fills = lines("fills_prod_redacted_2026-08.json", "fills")
    charged = 0
    for fill in fills:
        is_half = fill["ticker"].startswith("KXMLB")
        terms = Terms(
            fees={"KXFINE": ("quadratic", MICRO // 2 if is_half else MICRO)},
            structures={FINE.native: "deci_cent"},
        )
        venue = Venue(markets=(FINE,), terms=terms)
        px = fill["yes_price_dollars"]
        is_yes = fill["outcome_side"] == "yes"
        offered = side((px, "1000"))
        venue.show(() if is_yes else offered, offered if is_yes else (), FINE.native)
        venue.ioc("bid" if is_yes else "ask", fill["count_fp"], px, ticker=FINE.native)
        (ours,) = venue.get("/portfolio/fills")["fills"]
        charged += ours["fee_cost"] == fill["fee_cost"]

    assert (charged, len(fills)) == (33, 33)


@pytest.mark.parametrize(
    ("number", "precision", "fee"),
    [
        (2, fees_kalshi.DIRECT, "0.003700"),
        (3, fees_kalshi.DIRECT, "0.003700"),
        (2, CENT, "0.005000"),
    ],
)
def test_6_5_the_worked_example_at_0_055_in_every_column(
    number: int, precision: Usd, fee: str
) -> None:
    terms = Terms(regime=fees_kalshi.REGIMES[number - 1], precision=precision)
    venue = Venue(terms=terms)
    venue.show((), side(("0.055", "10")), SNOW)
    venue.ioc("bid", "1.00", "0.0550", ticker=SNOW)

    (fill,) = venue.get("/portfolio/fills")["fills"]

    assert fill["fee_cost"] == fee


@pytest.mark.parametrize(
    ("fee_type", "fee"),
    [
        ("quadratic", "0.000000"),
        ("quadratic_with_maker_fees", "0.437500"),
        ("quadratic_with_combo_maker_fees", "0.875000"),
    ],
)
def test_6_1_a_maker_pays_by_the_type_of_the_series(fee_type: str, fee: str) -> None:
    venue = Venue(terms=Terms(fees={"KXRAIN": (fee_type, MICRO)}))
    venue.order("bid", "100.00", "0.5000")
    venue.show((), side(("0.50", "100")))

    (fill,) = venue.get("/portfolio/fills")["fills"]

    assert (fill["is_taker"], fill["fee_cost"]) == (False, fee)


def test_6_1_an_events_own_fee_goes_before_its_series() -> None:
    venue = Venue(terms=Terms(fees={"KXRAIN": ("quadratic", MICRO // 2)}))
    venue.show((), side(("0.50", "100")))
    venue.ioc("bid", "1.00", "0.5000")
    venue.fake.override_fee("KXRAIN-30", None, MICRO, venue.at)
    venue.ioc("bid", "1.00", "0.5000")

    newest, first = venue.get("/portfolio/fills")["fills"]

    assert (first["fee_cost"], newest["fee_cost"]) == ("0.008800", "0.017500")


def test_6_4_closing_before_settlement_pays_a_second_time() -> None:
    venue = Venue()
    venue.show(side(("0.50", "9")), side(("0.50", "9")))
    venue.show((), side(("0.50", "9")))
    venue.ioc("bid", "1.00", "0.5000")
    venue.show(side(("0.50", "9")), ())
    venue.ioc("ask", "1.00", "0.5000")

    (row,) = venue.get("/portfolio/positions")["market_positions"]

    assert (row["position_fp"], row["fees_paid_dollars"]) == ("0.00", "0.035000")


# 7 lives of markets


def settled(pays: int, count: str, price: str, of: str = "bid") -> tuple[Venue, dict[str, Any]]:
    """A market that was bought, closed, determined and paid."""
    venue = Venue(markets=(FINE,), terms=Terms(structures={FINE.native: "deci_cent"}))
    levels = side((price, "1000"))
    venue.show((), levels, FINE.native) if of == "bid" else venue.show(levels, (), FINE.native)
    venue.ioc(of, count, price, ticker=FINE.native)
    venue.hear(venue.fake.fault("settle", venue.at, market=FINE.native, pays=pays))
    venue.pass_seconds(60)
    (record,) = venue.get("/portfolio/settlements")["settlements"]
    return venue, record


def test_7_1_a_market_goes_from_active_to_finalized_and_pays_last() -> None:
    venue = Venue()
    venue.show((), side(("0.50", "9")))
    venue.ioc("bid", "2.00", "0.5000")
    venue.subscribe("market_lifecycle_v2", market_tickers=[])
    states = []
    cash = []

    def look() -> None:
        states.append(venue.get(f"/markets/{RAIN}")["market"]["status"])
        cash.append(venue.get("/portfolio/balance", exchange_index="0")["balance_dollars"])

    look()
    venue.hear(venue.fake.fault("close", venue.at, market=RAIN))
    look()
    venue.hear(venue.fake.fault("settle", venue.at, market=RAIN, pays=MICRO))
    look()
    venue.pass_seconds(59)
    look()
    venue.pass_seconds(1)
    look()

    assert states == ["active", "closed", "determined", "determined", "finalized"]
    assert cash == ["99998.9650"] * 4 + ["100000.9650"]
    events = [
        frame["msg"]["event_type"]
        for frame in venue.heard
        if frame["type"] == "market_lifecycle_v2"
    ]
    assert events == ["close_date_updated", "determined", "settled"]
    assert venue.get("/portfolio/positions")["market_positions"] == []
    assert venue.fake.accounts.ledger.problems() == []


def test_7_2_the_settlement_record_is_in_cents_with_the_sum_of_fees() -> None:
    _, record = settled(MICRO, "15.00", "0.7400")
    theirs = next(
        row
        for row in lines("settlements_prod_redacted_2026-08.json", "settlements")
        if row["yes_total_cost_dollars"] == "11.100000"
    )

    assert set(theirs) <= set(record)
    names = set(theirs) - {"event_ticker", "ticker", "settled_time"}
    assert {name: record[name] for name in names} == {name: theirs[name] for name in names}


def test_7_2_a_losing_position_pays_nothing() -> None:
    _, record = settled(0, "10.00", "0.0400")

    assert (record["market_result"], record["revenue"], record["value"]) == ("no", 0, 0)


def test_6_4_a_scalar_settlement_rounds_down_to_the_hundredth_of_a_cent() -> None:
    venue, record = settled(306_000, "100.01", "0.1000")

    assert (record["market_result"], record["value"], record["revenue"]) == ("scalar", 30, 3060)
    cash = venue.fake.accounts.ledger.cash(f"{OPEN_ACCOUNT}/0")
    assert (cash - 100_000 * MICRO + 10_631_000) % 100 == 0
    assert venue.fake.accounts.ledger.problems() == []


def test_7_2_no_gets_the_rest_of_a_scalar_value() -> None:
    _, record = settled(300_000, "10.00", "0.5000", "ask")

    assert (record["no_count_fp"], record["revenue"]) == ("10.00", 700)


def test_7_1_resting_orders_are_swept_at_the_close() -> None:
    venue = Venue()
    _, order = venue.order("bid", "1.00", "0.0100")
    venue.subscribe("user_orders", "orderbook_delta")
    venue.heard.clear()
    venue.hear(venue.fake.fault("close", venue.at, market=RAIN))
    venue.pass_seconds(2)

    (update,) = (frame for frame in venue.heard if frame["type"] == "user_order")
    assert update["msg"]["last_update_reason"] == "CloseCancel"
    assert venue.heard[-1]["type"] == "orderbook_snapshot"
    assert "yes_dollars_fp" not in venue.heard[-1]["msg"]
    assert venue.fake.floor.orders[order["order_id"]].status == "canceled"


def test_4_4_the_empty_snapshot_comes_between_0_4_and_13_seconds_after_the_close() -> None:
    venue = Venue(seed=4)
    venue.subscribe("orderbook_delta")
    venue.pass_seconds(1)
    venue.hear(venue.fake.fault("close", venue.at, market=RAIN))
    venue.heard.clear()
    venue.pass_seconds(0.39)
    early = list(venue.heard)
    venue.pass_seconds(12.7)

    assert early == []
    assert [frame["type"] for frame in venue.heard] == ["orderbook_snapshot"]


def test_7_1_leaving_a_halt_cancels_all_resting_orders() -> None:
    venue = Venue()
    _, order = venue.order("bid", "1.00", "0.0100")
    venue.fake.life.deactivate(RAIN, venue.at)
    halted = venue.order("bid", "1.00", "0.0100")
    venue.fake.life.activate(RAIN, venue.at)

    assert halted[1]["error"]["message"] == "MARKET_INACTIVE"
    assert venue.fake.floor.orders[order["order_id"]].status == "canceled"
    assert venue.order("bid", "1.00", "0.0100")[0] == 201


def test_7_1_a_closed_market_can_reopen() -> None:
    venue = Venue()
    venue.fake.fault("close", venue.at, market=RAIN)
    venue.fake.life.reopen(RAIN, MARKETS[0].close_at, venue.at)

    assert venue.order("bid", "1.00", "0.0100")[0] == 201


def test_1_thursday_from_3_to_5_eastern_trading_pauses_and_cancels_work() -> None:
    venue = Venue()
    _, order = venue.order("bid", "1.00", "0.0100")
    _, dying = venue.order("bid", "1.00", "0.0100", cancel_order_on_pause=True)
    venue.pass_seconds(0)
    noon = venue.at
    thursday = Ns(noon // (86_400 * SECOND) * 86_400 * SECOND + (24 + 8) * 3_600 * SECOND)
    venue.at = Ns(thursday - SECOND)
    before = venue.order("bid", "1.00", "0.0100")
    venue.pass_seconds(1)

    assert before[0] == 201
    assert venue.order("bid", "1.00", "0.0100")[1]["error"]["message"] == "TRADING_PAUSED"
    assert venue.cancel(dying["order_id"])[0] == 404
    assert venue.cancel(order["order_id"])[0] == 200
    assert venue.get("/exchange/status")["trading_active"] is False
    venue.at = Ns(thursday + 2 * 3_600 * SECOND)
    assert venue.order("bid", "1.00", "0.0100")[0] == 201


# faults of the venue


def test_a_partial_fill_on_demand() -> None:
    venue = Venue()
    venue.show((), side(("0.50", "10")))
    venue.fake.fault("partial", venue.at, percent=40)

    first = venue.ioc("bid", "10.00", "0.5000")[1]["fill_count"]

    assert (first, venue.ioc("bid", "1.00", "0.5000")[1]["fill_count"]) == ("4.00", "1.00")


def test_a_refusal_on_demand() -> None:
    venue = Venue()
    venue.fake.fault("reject", venue.at, code="invalid_order")

    assert venue.order("bid", "1.00", "0.0100")[0] == 400
    assert venue.order("bid", "1.00", "0.0100")[0] == 201


def test_a_fault_about_no_market_is_told() -> None:
    venue = Venue()

    with pytest.raises(ValueError, match="no market"):
        venue.fake.fault("close", venue.at, market="NONE")
    with pytest.raises(ValueError, match="no mode"):
        venue.fake.fault("mode", venue.at, mode="weird")
