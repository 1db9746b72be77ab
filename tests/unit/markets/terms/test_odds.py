import pytest
from hypothesis import given
from hypothesis import strategies as st

from markets.terms.odds import (
    american_from_decimal,
    decimal_from_american,
    decimal_from_px,
    overround,
    px_from_decimal,
)
from markets.terms.units import Px


@pytest.mark.parametrize(("odds", "px"), [(2.0, 500_000), (2.42, 413_224), (1.01, 990_100)])
def test_a_price_is_the_inverse_of_decimal_odds_rounded_up(odds: float, px: int) -> None:
    assert px_from_decimal(odds) == px


@given(st.floats(1.001, 1000))
def test_the_price_of_odds_never_pays_more_than_the_odds(odds: float) -> None:
    assert decimal_from_px(px_from_decimal(odds)) <= odds * (1 + 1e-9)


@pytest.mark.parametrize(("american", "decimal"), [(150, 2.5), (-150, 1 + 100 / 150), (100, 2.0)])
def test_american_odds_translate_both_ways(american: int, decimal: float) -> None:
    assert decimal_from_american(american) == pytest.approx(decimal)
    assert american_from_decimal(decimal) == american


@pytest.mark.parametrize("odds", [1.0, 0.5, float("nan"), float("inf")])
def test_impossible_decimal_odds_are_refused(odds: float) -> None:
    with pytest.raises(ValueError, match="above 1"):
        px_from_decimal(odds)
    with pytest.raises(ValueError, match="above 1"):
        american_from_decimal(odds)


def test_impossible_american_odds_and_prices_are_refused() -> None:
    with pytest.raises(ValueError, match="at least"):
        decimal_from_american(99)
    with pytest.raises(ValueError, match="between 0 and 1"):
        decimal_from_px(Px(0))


def test_overround_is_what_all_outcomes_cost_beyond_a_dollar() -> None:
    assert overround((Px(520_000), Px(530_000))) == 50_000
    assert overround((Px(420_000), Px(530_000))) == -50_000
