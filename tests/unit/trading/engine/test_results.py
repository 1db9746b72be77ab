"""Results: booked once, counted by period, lost in a row."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from markets.terms.units import DAY, Ns, Usd
from tests.builders import START
from trading.engine.orders import BookKind
from trading.engine.results import Results, booked, ended, of_book, today, turned, turns_at


def test_a_deal_that_cost_nothing_is_neither_gain_nor_loss() -> None:
    assert ended(None, Usd(0)) is None
    assert ended(None, Usd(-1)) is True
    assert ended(None, Usd(1)) is False


def test_a_deal_counts_as_lost_once_and_late_when_it_turns() -> None:
    assert ended(Usd(-1), Usd(-2)) is None
    assert ended(Usd(5), Usd(-1)) is True
    assert ended(Usd(5), Usd(6)) is None
    assert ended(Usd(-1), Usd(6)) is None


def test_losses_in_a_row_end_with_a_gain() -> None:
    results = Results()
    for change, lost in ((-1, True), (-1, True), (3, False), (-1, True), (0, None)):
        results = booked(results, Usd(change), lost=lost)
    assert (results.losses, results.total, results.peak, results.count) == (1, 0, 1, 5)


def test_a_period_that_is_over_is_counted_from_now_and_a_longer_one_goes_on() -> None:
    results = turned(Results(), START, "UTC")
    results = booked(results, Usd(-7), lost=True)
    assert turned(results, START, "UTC") == results
    tomorrow = turned(results, Ns(turns_at(results)), "UTC")
    assert (tomorrow.day.total, tomorrow.week.total, tomorrow.month.total) == (-7, 0, 0)
    assert tomorrow.day.ends == results.day.ends + DAY


def test_another_zone_holds_from_the_end_of_the_running_day() -> None:
    results = booked(turned(Results(), START, "UTC"), Usd(-7), lost=True)
    moved = turned(results, Ns(START + 1), "Asia/Tokyo")
    assert moved == results
    after = turned(results, results.day.ends, "Asia/Tokyo")
    assert (after.day.ends - results.day.ends) % DAY == 15 * DAY // 24


def test_today_is_of_all_books() -> None:
    one = booked(turned(Results(), START, "UTC"), Usd(5), lost=False)
    assert today({"paper": one, "live": one}) == 10
    assert of_book({}, BookKind.LIVE) == Results()


@given(st.lists(st.integers(-1000, 1000), max_size=20))
def test_the_fall_from_the_highest_is_never_negative(changes: list[int]) -> None:
    results = Results()
    for change in changes:
        results = booked(results, Usd(change), lost=change < 0)
    assert results.total == sum(changes)
    assert results.peak >= max(0, results.total)
