from hypothesis import given
from hypothesis import strategies as st

from markets.terms.instruments import TickBand, TickLadder, even_ladder
from markets.terms.units import Px, Rounding

TAPERED = TickLadder(
    (
        TickBand(Px(0), Px(100_000), Px(1_000)),
        TickBand(Px(100_000), Px(900_000), Px(10_000)),
        TickBand(Px(900_000), Px(1_000_000), Px(1_000)),
    )
)


def test_each_band_has_its_own_step_and_edges_belong_to_both() -> None:
    assert TAPERED.is_legal(Px(99_000))
    assert TAPERED.is_legal(Px(100_000))
    assert not TAPERED.is_legal(Px(101_000))
    assert TAPERED.is_legal(Px(901_000))


def test_nothing_and_a_dollar_are_never_prices() -> None:
    assert not TAPERED.is_legal(Px(0))
    assert not TAPERED.is_legal(Px(1_000_000))


def test_rounding_crosses_into_the_neighbouring_band() -> None:
    assert TAPERED.to_legal(Px(99_500), Rounding.UP) == 100_000
    assert TAPERED.to_legal(Px(104_000), Rounding.DOWN) == 100_000
    assert TAPERED.to_legal(Px(899_000), Rounding.UP) == 900_000


def test_there_is_no_legal_price_beyond_the_last_one() -> None:
    assert even_ladder(Px(10_000)).to_legal(Px(995_000), Rounding.UP) is None
    assert even_ladder(Px(10_000)).to_legal(Px(5_000), Rounding.DOWN) is None


@given(st.integers(1, 999_999))
def test_rounding_is_legal_and_goes_the_named_way(px: int) -> None:
    up, down = TAPERED.to_legal(Px(px), Rounding.UP), TAPERED.to_legal(Px(px), Rounding.DOWN)

    assert up is None or (up >= px and TAPERED.is_legal(up))
    assert down is None or (down <= px and TAPERED.is_legal(down))
    assert up is not None or px > 999_000
