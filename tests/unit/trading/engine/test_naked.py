"""The four choices in numbers: exact where they can be, against us where not."""

import hypothesis.strategies as st
import pytest
from hypothesis import given
from msgspec.structs import replace

from markets.terms.fees import KALSHI
from markets.terms.instruments import FeeSchedule
from markets.terms.units import MICRO, MS, Ns, Px, Qty, Usd
from tests.builders import levels, px, qty, usd
from trading.engine.naked import (
    TAIL,
    Choice,
    Option,
    Part,
    Situation,
    Tables,
    depth_within,
    offered_ppm,
    options,
    reached_ppm,
)

FREE = FeeSchedule(KALSHI, rate_ppm=0, rev="f")
TABLES = Tables()


def buy(text: str, size: str = "100", *, bound: str = "0.60", ms: int = 0) -> Part:
    return Part(qty(size), levels(text), Ns(ms * MS), px(bound), FREE)


def sell(text: str, size: str = "100", *, bound: str = "0.35", ms: int = 0) -> Part:
    return Part(qty(size), levels(text), Ns(ms * MS), px(bound), FREE)


def naked(**changes: object) -> Situation:
    """100 bought at 40 cents; the other side is offered at 55, our side wanted at 38."""
    usual = Situation(
        buys=(buy("0.55x500"),),
        sales=(sell("0.38x500"),),
        payout=usd(100),
        spent=usd(40),
        left=Ns(1000 * MS),
        drift=px("0.015"),
        drift_for=Ns(5000 * MS),
    )
    return replace(usual, **changes)


def of(choice: Choice, now: Situation) -> Option:
    return next(option for option in options(now) if option.choice is choice)


def test_crossing_keeps_the_payout_less_everything_paid() -> None:
    cross = of(Choice.CROSS, naked())
    assert (cross.px, cross.qty, cross.result, cross.allowed) == (
        px("0.55"),
        qty(100),
        usd(5),
        True,
    )
    assert cross.expected == cross.worst == usd(5)
    assert cross.left == 0


def test_unwinding_keeps_what_is_received_less_what_was_paid() -> None:
    unwind = of(Choice.UNWIND, naked())
    assert (unwind.px, unwind.result) == (px("0.38"), -usd(2))


def test_a_walk_goes_through_levels_and_tells_the_worst() -> None:
    now = naked(buys=(buy("0.55x50 0.57x80"),))
    assert (of(Choice.CROSS, now).px, of(Choice.CROSS, now).result) == (px("0.57"), usd(4))


def test_what_is_beyond_its_bound_or_not_there_is_not_allowed() -> None:
    assert not of(Choice.CROSS, naked(buys=(buy("0.61x500"),))).allowed
    assert not of(Choice.UNWIND, naked(sales=(sell("0.34x500"),))).allowed
    short = of(Choice.CROSS, naked(buys=(buy("0.55x60"),)))
    assert not short.allowed
    assert short.chance_ppm == 600_000
    assert not of(Choice.CROSS, naked(buys=(buy(""),))).allowed


def test_an_offer_seen_long_ago_is_less_likely_there_and_fails_at_a_price_that_moved() -> None:
    cross = of(Choice.CROSS, naked(buys=(buy("0.55x500", ms=500),)))
    fails = -usd("2") - usd("1.5")
    assert cross.chance_ppm == MICRO // 2
    assert cross.expected == (usd(5) + fails) // 2
    assert cross.worst == fails


def test_resting_at_the_bound_keeps_more_and_fills_less_often() -> None:
    now = naked(buys=(buy("0.62x500", bound="0.55"),))
    hedge = of(Choice.HEDGE, now)
    assert (hedge.px, hedge.result, hedge.left) == (px("0.55"), usd(5), Ns(1000 * MS))
    assert hedge.chance_ppm == 300_000 * 1000 // 1500
    assert hedge.worst < hedge.expected < hedge.result
    assert not of(Choice.HEDGE, naked(left=Ns(0))).allowed


def test_waiting_is_worth_the_best_of_now_less_half_the_drift() -> None:
    wait = of(Choice.WAIT, naked())
    drift = usd("0.3")  # 1.5 cents in 5 s, for 1 s, of 100
    assert (wait.result, wait.expected, wait.worst) == (usd(5), usd(5) - drift // 2, usd(5) - drift)
    assert (wait.px, wait.chance_ppm, wait.allowed) == (None, 0, True)


def test_several_missing_legs_have_the_chance_of_the_least_likely_one() -> None:
    now = naked(buys=(buy("0.20x500", ms=500), buy("0.30x500", ms=100)))
    assert of(Choice.CROSS, now).chance_ppm == offered_ppm(TABLES, Ns(500 * MS))


def test_nothing_to_sell_is_a_loss_of_what_was_paid() -> None:
    unwind = of(Choice.UNWIND, naked(sales=(sell(""),)))
    assert (unwind.px, unwind.result, unwind.allowed) == (None, -usd(40), False)


@pytest.mark.parametrize(
    ("ms", "ppm"), [(0, 1_000_000), (250, 750_000), (500, 500_000), (1000, 250_000),
                    (60_000, 100_000)]
)  # fmt: skip
def test_an_offer_halves_and_never_falls_below_its_floor(ms: int, ppm: int) -> None:
    assert offered_ppm(TABLES, Ns(ms * MS)) == ppm


def test_a_level_has_its_prior_and_the_last_one_holds_for_all_behind_it() -> None:
    second = Ns(500 * MS)
    assert [reached_ppm(TABLES, n, second) for n in (0, 1, 2, 3, 4, 9)] == [
        150_000, 150_000, 250_000, 325_000, 375_000, 375_000,
    ]  # fmt: skip
    assert reached_ppm(TABLES, 1, Ns(0)) == 0


def test_depth_within_a_bound_counts_the_levels_that_reach_it() -> None:
    assert depth_within(levels("0.40x5 0.39x7 0.30x9"), px("0.39"), buying=False) == qty(12)
    assert depth_within(levels("0.40x5 0.41x7 0.50x9"), px("0.41"), buying=True) == qty(12)


@given(
    ask=st.integers(1, 99), bid=st.integers(1, 99), depth=st.integers(0, 200),
    age=st.integers(0, 5000), left=st.integers(0, 10_000),
)  # fmt: skip
def test_no_choice_is_expected_to_keep_more_than_its_success(
    ask: int, bid: int, depth: int, age: int, left: int
) -> None:
    shown = Qty(depth * MICRO)
    now = naked(
        buys=(Part(qty(100), ((Px(ask * 10_000), shown),), Ns(age * MS), px("0.60"), FREE),),
        sales=(Part(qty(100), ((Px(bid * 10_000), shown),), Ns(age * MS), px("0.35"), FREE),),
        left=Ns(left * MS),
    )
    for option in options(now):
        assert (
            option.worst <= option.expected
            or option.chance_ppm >= MICRO - TAIL
            or (option.chance_ppm <= TAIL)
        )
        assert 0 <= option.chance_ppm <= MICRO
        if option.choice is not Choice.HEDGE:
            assert option.expected <= max(option.result, Usd(0)) or option.expected <= option.result
