"""The builder's verdicts, one by one."""

from __future__ import annotations

import pytest

from feeds.books.builder import SEEN_EVERY, MarketBuilder, Resync
from markets.terms.ids import MarketId
from markets.terms.units import Ns, Px, Qty
from trading.engine.book import Book, BookState, Levels
from trading.engine.orders import Side

MARKET = MarketId("kalshi:RAIN")
ONE = 1_000_000


def level(cents: int, contracts: int) -> tuple[Px, Qty]:
    return Px(cents * 10_000), Qty(contracts * ONE)


BIDS: Levels = (level(42, 10), level(41, 20), level(40, 30))
ASKS: Levels = (level(44, 5), level(45, 6), level(46, 7))


def live(depth: int = 10) -> MarketBuilder:
    builder = MarketBuilder(MARKET, depth)
    builder.snapshot(BIDS, ASKS, Ns(1), Ns(2))
    return builder


def px(cents: int) -> Px:
    return Px(cents * 10_000)


def test_a_snapshot_in_any_order_gives_a_live_book_best_first() -> None:
    builder = MarketBuilder(MARKET)

    book = builder.snapshot(reversed(BIDS), (ASKS[1], ASKS[0], ASKS[2]), Ns(5), Ns(4))

    assert isinstance(book, Book)
    assert (book.bids(0), book.asks(0)) == (BIDS, ASKS)
    assert (book.at, book.venue_at, book.epoch, book.state) == (5, 4, 1, BookState.LIVE)


def test_only_the_levels_kept_are_shown() -> None:
    builder = MarketBuilder(MARKET, 2)

    book = builder.snapshot(BIDS, ASKS, Ns(1))

    assert isinstance(book, Book)
    assert (book.bids(0), book.asks(0)) == (BIDS[:2], ASKS[:2])


def test_an_empty_snapshot_clears_the_book() -> None:
    builder = live()

    book = builder.snapshot((), (), Ns(9))

    assert isinstance(book, Book)
    assert (book.bids(0), book.asks(0), book.state) == ((), (), BookState.LIVE)


def test_every_snapshot_has_a_higher_epoch() -> None:
    builder = live()

    book = builder.snapshot(BIDS, ASKS, Ns(9))

    assert isinstance(book, Book)
    assert book.epoch == 2


def test_levels_of_no_size_are_left_out_of_a_snapshot() -> None:
    builder = MarketBuilder(MARKET)

    book = builder.snapshot((*BIDS, level(39, 0)), ASKS, Ns(1))

    assert isinstance(book, Book)
    assert book.bids(0) == BIDS


@pytest.mark.parametrize(
    ("bids", "asks", "reason"),
    [
        ((level(44, 1),), ASKS, "crossed"),
        ((level(50, 1),), ASKS, "crossed"),
        ((level(42, -1),), ASKS, "impossible_level"),
        ((level(0, 1),), ASKS, "impossible_level"),
        (BIDS, (level(100, 1),), "impossible_level"),
        (BIDS, (level(45, 1), level(45, 2)), "impossible_level"),
    ],
)
def test_a_snapshot_that_cannot_be_true_is_not_believed(
    bids: Levels, asks: Levels, reason: str
) -> None:
    builder = live()

    made = builder.snapshot(bids, asks, Ns(9))

    assert made == Resync(reason)
    assert (builder.state, builder.reason) == (BookState.SUSPECT, reason)
    assert builder.change(Side.BUY, px(42), ONE, Ns(10)) is None


def test_a_level_that_grows_gives_a_new_book_of_the_same_epoch() -> None:
    builder = live()

    book = builder.change(Side.BUY, px(41), 3 * ONE, Ns(7), Ns(6))

    assert isinstance(book, Book)
    assert book.bids(0) == (level(42, 10), level(41, 23), level(40, 30))
    assert (book.at, book.venue_at, book.epoch) == (7, 6, 1)


def test_a_level_that_shrinks_to_nothing_is_gone() -> None:
    builder = live()

    book = builder.change(Side.SELL, px(44), -5 * ONE, Ns(7))

    assert isinstance(book, Book)
    assert book.asks(0) == ASKS[1:]


def test_a_new_level_stands_in_its_place() -> None:
    builder = live()

    book = builder.change(Side.SELL, px(43), ONE, Ns(7))

    assert isinstance(book, Book)
    assert book.asks(0) == (level(43, 1), *ASKS)


def test_a_level_below_the_kept_ones_comes_up_when_one_above_goes() -> None:
    builder = live(2)

    assert builder.change(Side.BUY, px(40), ONE, Ns(7)) is None
    book = builder.change(Side.BUY, px(42), -10 * ONE, Ns(8))

    assert isinstance(book, Book)
    assert book.bids(0) == (level(41, 20), level(40, 31))


def test_a_change_below_the_kept_levels_is_no_news_but_refreshes_the_age() -> None:
    builder = live(2)

    assert builder.change(Side.BUY, px(40), ONE, Ns(70), Ns(69)) is None

    assert (builder.book().at, builder.book().venue_at) == (70, 69)


def test_a_change_of_nothing_is_no_news() -> None:
    builder = live()

    assert builder.change(Side.BUY, px(42), 0, Ns(7)) is None


@pytest.mark.parametrize(
    ("side", "cents", "delta", "reason"),
    [
        (Side.BUY, 42, -11 * ONE, "negative_size"),
        (Side.BUY, 39, -1, "unknown_level"),
        (Side.BUY, 44, ONE, "crossed"),
        (Side.SELL, 41, ONE, "crossed"),
        (Side.BUY, 0, ONE, "impossible_price"),
        (Side.SELL, 100, ONE, "impossible_price"),
    ],
)
def test_a_change_that_cannot_be_true_asks_for_a_snapshot(
    side: Side, cents: int, delta: int, reason: str
) -> None:
    builder = live()

    made = builder.change(side, px(cents), delta, Ns(7))

    assert made == Resync(reason)
    assert builder.book().state is BookState.SUSPECT


def test_nothing_is_believed_between_a_doubt_and_the_next_snapshot() -> None:
    builder = live()
    builder.suspect("gap")

    assert builder.change(Side.BUY, px(42), ONE, Ns(7)) is None
    assert builder.set(Side.BUY, px(42), Qty(ONE), Ns(7)) is None
    assert not builder.seen(Ns(10 * SEEN_EVERY))
    assert isinstance(builder.snapshot(BIDS, ASKS, Ns(8)), Book)


def test_nothing_is_believed_before_the_first_snapshot() -> None:
    builder = MarketBuilder(MARKET)

    assert builder.change(Side.BUY, px(42), ONE, Ns(7)) is None
    assert builder.book().state is BookState.SUSPECT


def test_a_size_can_be_set_and_taken_away() -> None:
    builder = live()

    grown = builder.set(Side.BUY, px(42), Qty(ONE), Ns(7))
    gone = builder.set(Side.BUY, px(42), Qty(0), Ns(8))

    assert isinstance(grown, Book)
    assert isinstance(gone, Book)
    assert grown.bids(0)[0] == level(42, 1)
    assert gone.bids(0) == BIDS[1:]


def test_setting_what_is_already_so_is_no_news() -> None:
    builder = live()

    assert builder.set(Side.BUY, px(42), Qty(10 * ONE), Ns(7)) is None
    assert builder.set(Side.BUY, px(1), Qty(0), Ns(8)) is None
    assert builder.book().at == 8


def test_changes_said_together_are_judged_together() -> None:
    builder = live()

    up = ((Side.BUY, px(44), Qty(ONE)), (Side.SELL, px(44), Qty(0)))
    book = builder.set_all(up, Ns(7))

    assert isinstance(book, Book)
    assert (book.bids(0)[0], book.asks(0)[0]) == (level(44, 1), level(45, 6))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ((Side.BUY, px(42), Qty(-1)), "negative_size"),
        ((Side.BUY, px(100), Qty(1)), "impossible_price"),
        ((Side.BUY, px(44), Qty(1)), "crossed"),
    ],
)
def test_a_size_that_cannot_be_true_asks_for_a_snapshot(
    change: tuple[Side, Px, Qty], reason: str
) -> None:
    builder = live()

    assert builder.set(*change, Ns(7)) == Resync(reason)


def test_a_book_is_confirmed_at_most_every_200_ms() -> None:
    builder = live()

    moments = [ms for ms in range(0, 1_000, 50) if builder.seen(Ns(1 + ms * 1_000_000))]

    assert moments == [200, 400, 600, 800]


def test_a_change_told_counts_as_a_confirmation() -> None:
    builder = live()
    builder.change(Side.BUY, px(42), ONE, Ns(SEEN_EVERY))

    assert not builder.seen(Ns(SEEN_EVERY + 1))
    assert builder.seen(Ns(2 * SEEN_EVERY))


def test_changes_said_together_that_undo_each_other_are_no_news() -> None:
    builder = live()

    there_and_back = ((Side.BUY, px(42), Qty(1)), (Side.BUY, px(42), Qty(10 * ONE)))

    assert builder.set_all(there_and_back, Ns(7)) is None
