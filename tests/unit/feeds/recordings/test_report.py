"""Figures of a backtest, by hand."""

from __future__ import annotations

from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.recordings.report import Booked, drawdown, interval, per_day, report, sharpe, slippage
from markets.terms.ids import DealId, MarketId, RelationId
from markets.terms.units import DAY, MICRO, Ns, Px, Qty, Usd
from trading.engine.deals import Deal, DealLeg, DealState
from trading.engine.orders import BookKind


def leg(cost: int, fees: int = 0, held: int = 10, expected: int = 400_000) -> DealLeg:
    return DealLeg(
        MarketId("kalshi:A"),
        0,
        Qty(MICRO),
        Qty(10 * MICRO),
        Px(500_000),
        Px(expected),
        held=Qty(held * MICRO),
        cost=Usd(cost),
        fees=Usd(fees),
    )


def deal(number: int, locked: int, *legs: DealLeg, matched: int = 10) -> Deal:
    return Deal(
        id=DealId(f"d-{number}"),
        relation=RelationId("a"),
        package=0,
        book=BookKind.PAPER,
        state=DealState.BALANCED,
        opened_at=Ns(0),
        changed_at=Ns(0),
        size=Qty(10 * MICRO),
        legs=legs,
        planned_net=Px(30_000),
        planned_profit=Usd(300_000),
        revision=0,
        matched=Qty(matched * MICRO),
        locked=Usd(locked),
    )


def booked(*changes: tuple[int, int]) -> list[Booked]:
    return [Booked(DealId("d"), Ns(day * DAY + 5), Usd(money)) for day, money in changes]


def test_days_run_from_the_first_event_to_the_last_with_empty_ones_between() -> None:
    found = per_day(booked((3, 10), (3, -4), (5, 7), (6, 1)), (Ns(3 * DAY), Ns(5 * DAY + 1)))
    assert found == [6, 0, 8]


def test_the_ratio_is_mean_over_deviation_for_365_days() -> None:
    assert sharpe([1, 2, 3]) == pytest.approx(2 * sqrt(365))
    assert sharpe([5]) is None
    assert sharpe([5, 5]) is None


def test_the_interval_holds_the_ratio_and_comes_from_the_seed_alone() -> None:
    daily = [3, -1, 4, 1, -5, 9, 2, 6, -5, 3]
    found = interval(daily, 7)
    assert found == interval(daily, 7)
    assert found is not None
    ratio = sharpe(daily)
    assert ratio is not None
    assert found[0] < ratio < found[1]
    assert interval([1, 1, 1], 7) is None


def test_the_deepest_fall_is_from_the_highest_sum_so_far() -> None:
    assert drawdown(booked((0, 10), (1, -4), (2, 3), (3, -8), (4, 20))) == 9
    assert drawdown(booked((0, -5))) == 5
    assert drawdown([]) == 0


def test_slippage_is_what_a_balanced_package_cost_above_its_plan() -> None:
    # Ten at 41 instead of 40 cents, and ten at the price expected.
    assert slippage(deal(1, 0, leg(4_100_000), leg(4_000_000))) == 10_000
    assert slippage(deal(1, 0, leg(3_900_000), leg(4_000_000))) == -10_000
    assert slippage(deal(1, 0, leg(4_000_000), matched=0)) is None


def test_a_deal_that_bought_nothing_is_no_trade() -> None:
    deals = [
        deal(1, 500_000, leg(4_000_000, fees=20_000)),
        deal(2, -100_000, leg(100_000, held=0), matched=0),
        deal(3, 0, leg(0, held=0), matched=0),
    ]
    found = report(deals, booked((0, 500_000), (0, -100_000)), (Ns(0), Ns(10)))
    assert (found.trades, found.days) == (2, 1)
    assert (found.pnl_net, found.fees) == (400_000, 20_000)
    assert found.hit_rate == 0.5
    assert found.avg_entry_edge == 30_000
    assert found.max_drawdown == 100_000
    nothing = report([], [], (Ns(0), Ns(10)))
    assert (nothing.trades, nothing.hit_rate, nothing.avg_entry_edge) == (0, None, None)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(-100, 100))))
def test_days_keep_every_cent_and_a_fall_is_never_negative(moves: list[tuple[int, int]]) -> None:
    changes = booked(*moves)
    assert sum(per_day(changes, (Ns(0), Ns(10 * DAY)))) == sum(money for _, money in moves)
    assert drawdown(changes) >= 0
