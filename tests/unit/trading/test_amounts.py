"""Settings as people write them: exact both ways, refused in a sentence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.amounts import shown, text_of, value_of
from trading.engine.config import LIMITS, Unit


@given(st.sampled_from(list(Unit)), st.integers(-(10**12), 10**12))
def test_what_is_written_is_read_again_exactly(unit: Unit, value: int) -> None:
    if unit is Unit.FLAG:
        value = abs(value) % 2
    assert value_of(text_of(value, unit), unit) == value
    assert value_of(shown(value, unit).replace("-$", "-"), unit) == value


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (25_000, Unit.CENTS, "2.5 ¢"),
        (100_000_000, Unit.USD, "$100"),
        (-1_500_000, Unit.USD, "-$1.5"),
        (150_000, Unit.PPM, "15 %"),
        (5_000, Unit.BPS, "50 bps"),
        (2_000, Unit.MS, "2000 ms"),
        (10_000, Unit.CONTRACTS, "0.01 contracts"),
        (8, Unit.COUNT, "8"),
        (1, Unit.FLAG, "on"),
    ],
)
def test_each_unit_reads_as_people_say_it(value: int, unit: Unit, text: str) -> None:
    assert shown(value, unit) == text


@pytest.mark.parametrize(
    ("text", "unit", "sentence"),
    [
        ("1e3", Unit.USD, "not a plain number"),
        ("nan", Unit.CENTS, "not a plain number"),
        ("", Unit.MS, "not a plain number"),
        ("1.5", Unit.MS, "more decimals than ms"),
        ("0.00001", Unit.CENTS, "more decimals than ¢"),
        ("perhaps", Unit.FLAG, "neither on nor off"),
    ],
)
def test_another_text_is_refused(text: str, unit: Unit, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        value_of(text, unit)


def test_every_limit_can_be_written_at_its_bounds() -> None:
    for spec in LIMITS:
        for value in (spec.low, spec.default, spec.high):
            assert value_of(text_of(value, spec.unit), spec.unit) == value
