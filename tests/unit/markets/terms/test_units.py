import pytest
from hypothesis import given
from hypothesis import strategies as st

from markets.terms.units import (
    Px,
    Qty,
    Rounding,
    divide,
    micros_from_text,
    round_to,
    text_from_micros,
    times,
)


@given(st.integers(-(10**15), 10**15), st.integers(1, 10**9))
def test_up_is_never_below_and_down_never_above_the_true_quotient(
    numerator: int, denominator: int
) -> None:
    up = divide(numerator, denominator, Rounding.UP)
    down = divide(numerator, denominator, Rounding.DOWN)

    assert down * denominator <= numerator <= up * denominator
    assert up - down == (0 if numerator % denominator == 0 else 1)


@given(st.integers(0, 10**6), st.integers(0, 10**12))
def test_buying_and_selling_back_at_one_price_never_favours_us(px: int, qty: int) -> None:
    paid = times(Px(px), Qty(qty), Rounding.UP)
    received = times(Px(px), Qty(qty), Rounding.DOWN)

    assert received <= paid


def test_money_is_price_times_size() -> None:
    assert times(Px(420_000), Qty(310_000_000), Rounding.UP) == 130_200_000
    assert times(Px(1), Qty(1), Rounding.UP) == 1
    assert times(Px(1), Qty(1), Rounding.DOWN) == 0


def test_values_move_to_a_step_in_the_named_direction() -> None:
    assert round_to(423_500, 10_000, Rounding.UP) == 430_000
    assert round_to(423_500, 10_000, Rounding.DOWN) == 420_000
    assert round_to(-5, 10, Rounding.DOWN) == -10


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.4200", 420_000),
        ("-9.12", -9_120_000),
        ("100", 100_000_000),
        (".5", 500_000),
        ("1.", 1_000_000),
        ("0.12345600000", 123_456),
        ("0", 0),
    ],
)
def test_plain_decimals_are_read_exactly(text: str, value: int) -> None:
    assert micros_from_text(text) == value


@pytest.mark.parametrize(
    "text", ["", ".", "-", "1e3", "NaN", "+1", " 1", "1 ", "0.1234567", "1,0", "--1", "٣", "0x1"]
)
def test_anything_but_a_plain_decimal_is_refused_with_its_text(text: str) -> None:
    with pytest.raises(ValueError, match="decimal"):
        micros_from_text(text)


@given(st.integers(-(10**15), 10**15))
def test_text_and_back_is_the_same_value(value: int) -> None:
    assert micros_from_text(text_from_micros(value)) == value


def test_text_keeps_what_a_shorter_form_would_lose() -> None:
    assert text_from_micros(420_000, 4) == "0.4200"
    assert text_from_micros(423_512, 4) == "0.423512"
    assert text_from_micros(7_000_000, 0) == "7"
