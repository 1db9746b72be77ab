import pytest
from hypothesis import given
from hypothesis import strategies as st

from markets.terms.fees import (
    KALSHI,
    NONE,
    POLYMARKET,
    UNKNOWN,
    WORST,
    describe,
    fee_each,
    formula_fee,
    is_known,
    revision_of,
    stamped,
    trade_fee,
)
from markets.terms.instruments import FeeSchedule
from markets.terms.units import Px, Qty, Usd, micros_from_text

PLAIN = FeeSchedule(KALSHI, 70_000, 0)
HALF = FeeSchedule(KALSHI, 70_000, 0, multiplier_ppm=500_000)
SPORTS = FeeSchedule(POLYMARKET, 50_000, precision=Usd(10))
prices = st.integers(1, 9_999).map(lambda n: Px(n * 100))
sizes = st.integers(1, 500_000).map(lambda n: Qty(n * 10_000))


def charged(schedule: FeeSchedule, price: str, count: str, **role: bool) -> int:
    px, qty = Px(micros_from_text(price)), Qty(micros_from_text(count))
    return trade_fee(schedule, px, qty, **role)


@pytest.mark.parametrize(
    ("price", "count", "fee"),
    [
        ("0.001", "227.27", 15_930),
        ("0.15", "20", 178_500),
        ("0.52", "3", 52_500),
        ("0.28", "1", 14_200),
    ],
)
def test_kalshi_charges_what_production_fills_of_august_2026_paid(
    price: str, count: str, fee: int
) -> None:
    assert charged(PLAIN, price, count) == fee


@pytest.mark.parametrize(
    ("price", "count", "fee"),
    [("0.48", "1", 8_800), ("0.27", "0.27", 1_900), ("0.13", "20", 79_200)],
)
def test_a_series_multiplier_halves_the_fee(price: str, count: str, fee: int) -> None:
    assert charged(HALF, price, count) == fee


def test_a_cent_account_pays_up_to_the_next_cent() -> None:
    broker = FeeSchedule(KALSHI, 70_000, precision=Usd(10_000))

    assert charged(broker, "0.50", "1") == 20_000


def test_a_plain_maker_pays_nothing_and_a_charged_one_a_quarter() -> None:
    with_maker = FeeSchedule(KALSHI, 70_000, 17_500)

    assert charged(PLAIN, "0.50", "100", maker=True) == 0
    assert charged(with_maker, "0.50", "100", maker=True) == 437_500


def test_selling_rounds_against_us_too() -> None:
    assert charged(PLAIN, "0.62", "15", selling=True) == 247_400
    assert charged(PLAIN, "0.055", "3", selling=True) == 11_000


def test_polymarket_charges_in_steps_of_a_hundred_thousandth_rounded_up() -> None:
    assert charged(SPORTS, "0.335", "250") == 2_784_690
    assert charged(SPORTS, "0.50", "100") == 1_250_000


def test_an_unknown_schedule_is_the_worst_case_never_nothing() -> None:
    unknown = FeeSchedule(UNKNOWN, 0)

    assert charged(unknown, "0.50", "100") == charged(WORST, "0.50", "100") >= 3_500_000
    assert fee_each(unknown, Px(500_000)) == fee_each(WORST, Px(500_000))


@given(prices, sizes)
def test_no_known_schedule_is_dearer_than_the_worst_case(px: Px, qty: Qty) -> None:
    crypto = FeeSchedule(POLYMARKET, 70_000, precision=Usd(10))

    for schedule in (PLAIN, HALF, SPORTS, crypto):
        assert trade_fee(schedule, px, qty) <= trade_fee(WORST, px, qty)
        assert fee_each(schedule, px) <= fee_each(WORST, px)


@given(prices, sizes)
def test_a_fee_is_never_below_the_formula(px: Px, qty: Qty) -> None:
    for schedule in (PLAIN, HALF, SPORTS):
        model = schedule.rate_ppm * schedule.multiplier_ppm * qty * px * (1_000_000 - px)
        assert trade_fee(schedule, px, qty) * 10**24 >= model
        assert fee_each(schedule, px) * 10**18 >= model // qty


def test_the_worst_case_is_twice_the_dearest_coefficient_and_a_twentieth_of_the_money() -> None:
    assert charged(WORST, "0.50", "100") == 3_500_000 + 2_640_000
    assert fee_each(WORST, Px(500_000)) == 35_000 + 26_316


def test_a_fee_free_market_is_free_and_says_so() -> None:
    free = FeeSchedule(NONE, 0)

    assert charged(free, "0.50", "100") == 0
    assert fee_each(free, Px(500_000)) == 0
    assert describe(free) == "no fee"


def test_a_schedule_is_described_by_its_effective_rate() -> None:
    assert describe(PLAIN) == "taker 7%·p·(1-p)"
    assert describe(HALF) == "taker 3.5%·p·(1-p)"
    assert describe(WORST) == "schedule unknown, worst case"
    odd = FeeSchedule(UNKNOWN, 0, said="type 'flat' x 1")
    assert describe(odd) == "schedule unknown, worst case: type 'flat' x 1"


def test_a_schedule_is_named_by_its_content_and_not_by_its_name() -> None:
    named = stamped(PLAIN)

    assert named.rev == revision_of(PLAIN) == revision_of(named) == "3e3578c8"
    assert revision_of(HALF) != named.rev
    assert stamped(named) == named
    assert revision_of(FeeSchedule(KALSHI, 70_000, 0, fixed=Usd(0))) == named.rev


def test_the_bare_formula_is_told_to_the_nearest_millionth() -> None:
    def formula(schedule: FeeSchedule, price: str, count: str) -> int:
        return formula_fee(schedule, Px(micros_from_text(price)), Qty(micros_from_text(count)))

    assert formula(PLAIN, "0.48", "1") == 17_472
    assert formula(PLAIN, "0.055", "3") == 10_915
    assert formula(FeeSchedule("least_side", 50_000), "0.9", "2") == 10_000
    assert formula(FeeSchedule("unheard", 0), "0.5", "1") == formula(WORST, "0.5", "1") > 35_000


def test_a_kind_without_a_formula_is_not_known() -> None:
    assert is_known(PLAIN)
    assert not is_known(WORST)
    assert not is_known(FeeSchedule("kalshi", 70_000))
