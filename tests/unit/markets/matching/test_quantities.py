import pytest
from hypothesis import given
from hypothesis import strategies as st

from markets.matching.quantities import (
    Span,
    complements,
    contains,
    disjoint,
    equal,
    spans,
    top,
)
from markets.terms.units import MICRO


def one(text: str) -> Span:
    return spans(text)[0]


@pytest.mark.parametrize(
    ("text", "low", "high", "unit"),
    [
        ("58° or above", (58, True), None, "degree"),
        ("58-58.9°F", (58, True), (58.9, True), "degree"),
        ("<45°", None, (45, False), "degree"),
        ("between 4000 and 4199.99", (4000, True), (4199.99, True), ""),
        ("44° or below", None, (44, True), "degree"),
        ("6+", (6, True), None, ""),
        ("at least 12,500 cases", (12_500, True), None, ""),
        ("above $1.5 million", (1_500_000, False), None, "dollar"),
        ("50+ bps", (50, True), None, "bp"),
        ("at most 5", None, (5, True), ""),
        ("exactly 2.0%", (2, True), (2, True), "percent"),
        ("reach $80,000", (80_000, True), None, "dollar"),
    ],
)
def test_a_range_is_read(
    text: str, low: tuple[float, bool] | None, high: tuple[float, bool] | None, unit: str
) -> None:
    found = one(text)

    assert (found.low, found.low_in) == ((round(low[0] * MICRO), low[1]) if low else (None, False))
    assert (found.high, found.high_in) == (
        (round(high[0] * MICRO), high[1]) if high else (None, False)
    )
    assert found.unit == unit


@pytest.mark.parametrize("text", ["no number", "the 2025-26 season", "in 2026", "Game 7"])
def test_years_and_numbers_by_themselves_are_no_range(text: str) -> None:
    assert spans(text) == ()


def test_above_25_and_at_least_50_are_one_only_on_a_grid_of_25() -> None:
    assert equal(one("more than 25 bps"), one("50+ bps"), 25 * MICRO)
    assert not equal(one("more than 25 bps"), one("50+ bps"))


def test_the_rest_of_a_range_is_its_complement() -> None:
    assert complements(one("above 5"), one("at most 5"))
    assert not complements(one("at least 5"), one("at most 5"))
    assert complements(one("at least 6"), one("at most 5"), MICRO)


def test_units_that_differ_are_never_equal() -> None:
    assert not equal(one("above 5%"), one("above $5"))


def test_ranges_that_share_no_number_are_disjoint() -> None:
    assert disjoint(one("above 5"), one("at most 5"))
    assert not disjoint(one("at least 5"), one("at most 5"))


def test_top_n_is_read_in_figures_and_words() -> None:
    assert top("a Top 4 Finisher") == (4, "Top 4")
    assert top("the top five") == (5, "top five")
    assert top("the top") is None


@st.composite
def ranges(draw: st.DrawFn) -> Span:
    low, high = (draw(st.none() | st.integers(-50, 50)) for _ in range(2))
    ends = sorted(x for x in (low, high) if x is not None)
    if low is not None and high is not None:
        low, high = ends
    return Span(low, high, draw(st.booleans()), draw(st.booleans()), "", "", "")


@given(ranges(), ranges())
def test_equal_complement_and_disjoint_do_not_hang_on_the_order(a: Span, b: Span) -> None:
    assert equal(a, b) == equal(b, a)
    assert complements(a, b) == complements(b, a)
    assert disjoint(a, b) == disjoint(b, a)


@given(ranges(), ranges())
def test_two_ranges_that_contain_one_another_are_equal(a: Span, b: Span) -> None:
    assert not (contains(a, b) and contains(b, a)) or equal(a, b)
