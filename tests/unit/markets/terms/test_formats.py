import pytest

from markets.terms import formats
from markets.terms.units import Ns, Px, Qty, Rounding, Usd

S = 1_000_000_000


@pytest.mark.parametrize(
    ("px", "tick", "text"),
    [
        (420_000, 10_000, "42.0"),
        (423_500, 1_000, "42.4"),
        (423_500, 100, "42.35"),
        (4_000, 1_000, "0.4"),
    ],
)
def test_a_price_shows_as_many_decimals_as_its_tick_needs(px: int, tick: int, text: str) -> None:
    assert formats.cents(Px(px), Px(tick)) == text


def test_asks_are_rounded_up_and_bids_down() -> None:
    assert formats.price(Px(423_512), Px(1_000)) == "42.4¢"
    assert formats.price(Px(423_512), Px(1_000), Rounding.DOWN) == "42.3¢"


def test_an_edge_always_carries_its_sign_and_is_rounded_down() -> None:
    assert formats.edge_cents(Px(13_099)) == "+1.30¢"
    assert formats.edge_cents(Px(-701)) == "−0.08¢"
    assert formats.edge(Px(0)) == "+0.00"


@pytest.mark.parametrize(
    ("usd", "text"),
    [(4_030_000, "$4.03"), (-51_480_000, "−$51.48"), (0, "$0.00"), (12_345_678_901, "$12,345")],
)
def test_money_has_cents_below_ten_thousand_dollars(usd: int, text: str) -> None:
    assert formats.money(Usd(usd)) == text


def test_a_claimed_gain_has_a_plus_and_zero_has_none() -> None:
    assert formats.money(Usd(41_180_000), gain=True) == "+$41.18"
    assert formats.money(Usd(0), gain=True) == "$0.00"


@pytest.mark.parametrize(
    ("usd", "text"),
    [(884_000_000, "$884"), (12_412_000_000, "$12.4k"), (1_200_000_000_000, "$1.2m")],
)
def test_short_money_names_thousands_and_millions(usd: int, text: str) -> None:
    assert formats.money_short(Usd(usd)) == text
    assert formats.money_short(Usd(-usd)).startswith("−$")


def test_counts_show_decimals_only_where_there_are_some() -> None:
    assert formats.count(Qty(1_150_000_000)) == "1,150"
    assert formats.count(Qty(250_000)) == "0.25"


@pytest.mark.parametrize(
    ("ppm", "text"), [(156_400, "+15.6%"), (12_000_000, ">999%"), (-15_000, "−1.5%"), (None, "–")]
)
def test_annual_returns_have_one_decimal_and_a_ceiling(ppm: int | None, text: str) -> None:
    assert formats.annual(ppm) == text


@pytest.mark.parametrize(
    ("ppm", "text"), [(380_000, "38%"), (15_000, "1.5%"), (500, "0.05%"), (None, "–")]
)
def test_probabilities_gain_decimals_as_they_shrink(ppm: int | None, text: str) -> None:
    assert formats.probability(ppm) == text


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (400_000_000, "0.4s"),
        (41 * S, "41s"),
        (125 * S, "2m 05s"),
        (11_520 * S, "3h 12m"),
        (5 * 86_400 * S, "5d"),
        (-5, "0.0s"),
        (None, "–"),
    ],
)
def test_ages_get_coarser_as_they_grow(ns: int | None, text: str) -> None:
    assert formats.age(ns) == text


@pytest.mark.parametrize(
    ("ns", "text"),
    [(2_400 * S, "40m"), (9 * 3600 * S, "9h"), (19 * 86_400 * S, "19d"), (0, "now"), (None, "–")],
)
def test_what_lies_ahead_is_told_in_one_unit(ns: int | None, text: str) -> None:
    assert formats.until(ns) == text


def test_latencies_are_milliseconds_until_a_second() -> None:
    assert formats.latency(Ns(57_900_000)) == "57ms"
    assert formats.latency(Ns(5_210_000_000)) == "5.2s"


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (25_000, "¢", "2.50¢"),
        (100_000_000, "USD", "$100.00"),
        (150_000, "%", "15.00%"),
        (5_000, "bps", "50 bps"),
        (2_000, "ms", "2.0s"),
        (310_000_000, "contracts", "310"),
        (1, "on/off", "on"),
        (8, "count", "8"),
        (None, "¢", "–"),
    ],
)
def test_every_unit_of_a_setting_has_its_form(value: int | None, unit: str, text: str) -> None:
    assert formats.amount(value, unit) == text


def test_nothing_is_a_dash_everywhere() -> None:
    shown = [
        formats.cents(None), formats.price(None), formats.exact_cents(None), formats.edge(None),
        formats.edge_cents(None), formats.money(None), formats.money_short(None),
        formats.count(None), formats.percent(None), formats.bps(None), formats.latency(None),
    ]  # fmt: skip

    assert shown == ["–"] * len(shown)


def test_costs_and_shares_have_two_decimals() -> None:
    assert formats.exact_cents(Px(955_001)) == "95.51"
    assert formats.percent(13_650) == "+1.36%"
    assert formats.percent(-700) == "−0.07%"
