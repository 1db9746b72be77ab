from datetime import date
from typing import Any

import pytest

from markets.terms import fees_kalshi
from markets.terms.fees import WORST, trade_fee
from markets.terms.fees_kalshi import (
    CENT,
    CHARGED,
    DIRECT,
    REGIMES,
    coefficient,
    monthly_reclaim,
    overridden,
    regime_at,
    rounding_rebate,
    schedule,
    series_fee,
    waived,
)
from markets.terms.instruments import FeeSchedule
from markets.terms.units import MICRO, Ns, Px, Qty, Usd, micros_from_text
from tests.unit.markets.terms.fee_records import agreed, record

FIRST, SECOND, THIRD = REGIMES


def charged(found: FeeSchedule, price: str, count: str, **role: bool) -> int:
    return trade_fee(found, Px(micros_from_text(price)), Qty(micros_from_text(count)), **role)


@pytest.mark.parametrize(
    ("day", "number"),
    [
        (date(2025, 1, 1), 1),
        (date(2026, 5, 27), 1),
        (date(2026, 5, 28), 2),
        (date(2026, 9, 17), 2),
        (date(2026, 9, 18), 3),
        (date(2027, 1, 1), 3),
    ],
)
def test_each_day_has_its_rounding(day: date, number: int) -> None:
    assert regime_at(day).number == number


@pytest.mark.parametrize(
    ("price", "one", "hundred"),
    [("0.01", 10_000, 70_000), ("0.35", 20_000, 1_600_000), ("0.95", 10_000, 340_000)],
)
def test_until_spring_2026_an_order_paid_up_to_the_cent(price: str, one: int, hundred: int) -> None:
    old = schedule("quadratic", MICRO, regime=FIRST)

    assert (charged(old, price, "1"), charged(old, price, "100")) == (one, hundred)


def test_an_order_of_january_2026_paid_what_the_first_rounding_says() -> None:
    assert charged(schedule("quadratic", MICRO, regime=FIRST), "0.09", "114") == 660_000


def test_the_rule_charged_is_never_below_the_newest_page() -> None:
    charging, newest = schedule("quadratic", MICRO), schedule("quadratic", MICRO, regime=THIRD)

    assert SECOND is CHARGED
    for count in ("0.01", "0.27", "1", "12.5", "227.27"):
        for price in ("0.001", "0.0131", "0.333", "0.5", "0.997"):
            gap = charged(charging, price, count) - charged(newest, price, count)
            assert gap in (0, 100), (price, count)


def test_makers_pay_by_the_type_of_the_series() -> None:
    fees = {
        kind: charged(schedule(kind, MICRO), "0.50", "100", maker=True)
        for kind in fees_kalshi.MAKER_PPM
    }

    assert fees == {
        "quadratic": 0,
        "quadratic_with_maker_fees": 437_500,
        "quadratic_with_combo_maker_fees": 875_000,
    }


@pytest.mark.parametrize("kind", ["flat", "margin_market_maker_program_fees", "", "Quadratic"])
def test_a_type_without_a_formula_is_the_worst_case(kind: str) -> None:
    found = schedule(kind, MICRO)

    assert found.kind == "unknown"
    assert charged(found, "0.50", "1") == charged(WORST, "0.50", "1") > 35_000


def test_an_event_overrides_its_series_field_by_field() -> None:
    series = ("quadratic_with_maker_fees", 500_000)

    assert overridden(series, None, None) == series
    assert overridden(series, None, MICRO) == ("quadratic_with_maker_fees", MICRO)
    assert overridden(series, "quadratic", None) == ("quadratic", 500_000)
    assert overridden(series, None, 0) == ("quadratic_with_maker_fees", 0)


def test_a_waiver_ends_at_its_moment() -> None:
    plain = schedule("quadratic", MICRO)

    assert charged(waived(plain, Ns(100), Ns(99)), "0.50", "1") == 0
    assert waived(plain, Ns(100), Ns(100)) == plain
    assert waived(plain, None, Ns(100)) == plain


def test_the_index_series_paid_half_until_july_2026() -> None:
    assert coefficient("KXINXY", date(2026, 7, 2)) == 35_000
    assert coefficient("KXNASDAQ100Y", date(2026, 7, 3)) == 70_000
    assert coefficient("KXFED", date(2026, 1, 1)) == 70_000


def test_a_series_answers_with_what_is_on_record_for_the_day() -> None:
    def on(series: str, *day: int) -> int:
        found = series_fee(series, date(*day))
        return MICRO if found is None else found.multiplier_ppm

    assert on("KXMLBGAME", 2026, 8, 9) == MICRO
    assert on("KXMLBGAME", 2026, 8, 10) == MICRO // 2
    assert on("KXBTCY", 2026, 2, 26) == MICRO
    assert on("KXBTCY", 2026, 2, 27) == 0
    assert series_fee("KXSOMETHING", date(2026, 9, 26)) is None


def test_rounding_comes_back_in_whole_cents_above_one_in_the_second_regime() -> None:
    assert rounding_rebate(Usd(9_950), Usd(50), Usd(20_000), SECOND, DIRECT) == (0, 10_000)
    assert rounding_rebate(Usd(9_950), Usd(90), Usd(20_000), SECOND, DIRECT) == (10_000, 40)


def test_rounding_comes_back_in_steps_of_the_precision_in_the_third() -> None:
    assert rounding_rebate(Usd(60), Usd(50), Usd(8_800), THIRD, DIRECT) == (100, 10)
    assert rounding_rebate(Usd(9_000), Usd(900), Usd(20_000), THIRD, CENT) == (0, 9_900)


def test_a_rebate_is_never_more_than_the_fill_was_charged() -> None:
    assert rounding_rebate(Usd(450), Usd(50), Usd(200), THIRD, DIRECT) == (200, 300)
    assert rounding_rebate(Usd(450), Usd(50), Usd(200), FIRST, DIRECT) == (0, 500)


def test_a_month_s_maker_rounding_comes_back_above_ten_dollars() -> None:
    assert monthly_reclaim(Usd(10_000_000)) == 0
    assert monthly_reclaim(Usd(12_340_000)) == 2_340_000


def example_fee(row: dict[str, str], **terms: Any) -> int:
    rate = micros_from_text(row["coefficient"])
    found = schedule("quadratic", micros_from_text(row["multiplier"]), taker_ppm=rate, **terms)
    return charged(found, row["price"], row["count"], selling=row["side"] == "sell")


@pytest.mark.parametrize(
    ("column", "terms"),
    [
        ("fee_direct_rule_2026_08_verified", {"regime": SECOND}),
        ("fee_direct_rule_2026_10", {"regime": THIRD}),
        ("fee_cent_aligned", {"regime": SECOND, "precision": CENT}),
        ("fee_cent_aligned", {"regime": THIRD, "precision": CENT}),
    ],
)
def test_every_worked_example_agrees_in_its_regime_and_precision(
    column: str, terms: dict[str, Any]
) -> None:
    name = "kalshi/fees_worked_examples.json"
    rows = record(name)["examples"]
    same = [row for row in rows if example_fee(row, **terms) == micros_from_text(row[column])]
    agreed(len(same), len(rows), f"{name} {column}")


def test_the_official_table_of_february_2026_agrees() -> None:
    name = "kalshi/fees_official_table_2026-02-05.json"
    old = schedule("quadratic", MICRO, regime=FIRST)
    rows = [
        (price, count, fee)
        for low, one, hundred in record(name)["rows"]
        for price in (low, f"{1 - float(low):.2f}")
        for count, fee in (("1", one), ("100", hundred))
    ]
    same = [r for r in rows if charged(old, r[0], r[1]) == micros_from_text(r[2])]
    agreed(len(same), len(rows), name)


def production_fee(fill: dict[str, Any]) -> int:
    series = fill["ticker"].partition("-")[0]
    known = series_fee(series, date.fromisoformat(fill["created_time"][:10]))
    kind, multiplier = (known.fee_type, known.multiplier_ppm) if known else ("quadratic", MICRO)
    price = fill[f"{fill['side']}_price_dollars"]
    return charged(schedule(kind, multiplier), price, fill["count_fp"], maker=not fill["is_taker"])


def test_every_production_fill_of_august_2026_paid_what_we_charge() -> None:
    name = "kalshi/fills_prod_redacted_2026-08.json"
    fills = record(name)["payload"]["fills"]
    same = [f for f in fills if production_fee(f) == micros_from_text(f["fee_cost"])]
    agreed(len(same), len(fills), name)


def test_every_settlement_repeats_the_trade_fee_and_adds_none() -> None:
    name = "kalshi/settlements_prod_redacted_2026-08.json"
    paid = {
        f["fee_cost"] for f in record("kalshi/fills_prod_redacted_2026-08.json")["payload"]["fills"]
    }
    rows = record(name)["payload"]["settlements"]
    # Two settlements cover several fills of one market: 20 and 1 at 13 cents; 10, 1 and 0.27 at 27.
    sums = {"0.083200": ("0.079200", "0.004000"), "0.077800": ("0.069000", "0.006900", "0.001900")}
    same = [r for r in rows if set(sums.get(r["fee_cost"], (r["fee_cost"],))) <= paid]
    agreed(len(same), len(rows), name)


def test_every_series_of_the_census_with_a_multiplier_has_it() -> None:
    name = "kalshi/fee_landscape_2026-09-26.json"
    rows = [
        (series, row["fee_type"], int(row["fee_multiplier"] * MICRO))
        for row in record(name)["by_fee"]
        for series in row.get("series_list", ())
    ]
    found = [series_fee(series, date(2026, 9, 26)) for series, _, _ in rows]
    same = [
        x for x, row in zip(found, rows, strict=True)
        if x is not None and (x.series, x.fee_type, x.multiplier_ppm) == row
    ]  # fmt: skip
    agreed(len(same), len(rows), name)


def test_every_type_of_the_census_has_a_formula() -> None:
    name = "kalshi/fee_landscape_2026-09-26.json"
    rows = record(name)["by_fee"]
    same = [row for row in rows if schedule(row["fee_type"], MICRO).kind == fees_kalshi.KIND]
    agreed(len(same), len(rows), f"{name} types")


def test_every_series_read_in_august_and_every_announced_change_is_on_record() -> None:
    read = record("kalshi/series_fee_fields_2026-08-20.json")["payloads"]
    rows = [
        (name, date(2026, 8, 20), x["series"]["fee_type"], x["series"]["fee_multiplier"])
        for name, x in read.items()
    ]
    changes = record("kalshi/series_fee_changes_2026-06-11_excerpt.json")["series_fee_change_arr"]
    rows += [
        (x["series_ticker"], date(2026, 6, 11), x["fee_type"], x["fee_multiplier"]) for x in changes
    ]
    same = []
    for name, day, kind, multiplier in rows:
        known = series_fee(name, day)
        ours = (known.fee_type, known.multiplier_ppm) if known else ("quadratic", MICRO)
        same += [name] if ours == (kind, int(multiplier * MICRO)) else []
    agreed(len(same), len(rows), "kalshi/series_fee_fields and series_fee_changes")
