"""Strategies are rows of waves."""

import pytest

from trading.engine.strategies import WAVES, Size, Strategy, When, Who, follows, opens_with, rests


@pytest.mark.parametrize("strategy", list(Strategy))
def test_a_strategy_opens_at_its_planned_size_and_follows_with_what_is_missing(
    strategy: Strategy,
) -> None:
    first, *later = WAVES[strategy]
    assert (first.when, first.size) == (When.OPENING, Size.PLANNED)
    assert all(wave.who is Who.OTHERS and wave.size is Size.MISSING for wave in later)
    assert follows(strategy) == bool(later)


def test_only_takers_order_every_leg_at_once() -> None:
    opening = {s: [opens_with(s, leg, 1) for leg in range(3)] for s in Strategy}
    assert opening[Strategy.TAKER_TAKER] == [True, True, True]
    assert opening[Strategy.LEADER_FIRST] == opening[Strategy.MAKER_HEDGE] == [False, True, False]
    assert [s for s in Strategy if rests(s)] == [Strategy.MAKER_HEDGE]
