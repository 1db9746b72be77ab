"""Verdicts on books and feeds."""

from __future__ import annotations

import pytest

from feeds.books.health import Trouble, doubt_age, doubt_book, doubt_levels, doubt_silence
from markets.terms.ids import MarketId
from markets.terms.units import MS, Ns, Px, Qty
from trading.engine.book import Book, BookState, Ladders, binary_book

ASK = ((Px(440_000), Qty(1)),)
BID = ((Px(420_000), Qty(1)),)


def ms(count: int) -> Ns:
    return Ns(count * MS)


def test_a_book_exactly_at_the_limit_is_young() -> None:
    assert doubt_age(ms(0), ms(2_000), 2_000) is None


def test_a_book_a_nanosecond_past_the_limit_is_stale_and_says_so() -> None:
    doubt = doubt_age(ms(0), Ns(ms(2_000) + 1), 2_000)

    assert doubt is not None
    assert (doubt.trouble, doubt.limit_ms, doubt.actual_ms) == (Trouble.STALE, 2_000, 2_001)
    assert doubt.reason == "no word for 2001 ms, 2000 allowed"


def test_a_book_from_the_future_is_young() -> None:
    assert doubt_age(ms(10), ms(5), 0) is None


def test_a_feed_without_frames_is_silent() -> None:
    assert doubt_silence(ms(0), ms(30_000), 30_000) is None
    doubt = doubt_silence(ms(0), ms(30_001), 30_000)
    assert doubt is not None
    assert doubt.trouble is Trouble.SILENT


@pytest.mark.parametrize("bid", [440_000, 450_000])
def test_a_bid_at_or_above_the_ask_is_crossed(bid: int) -> None:
    book = binary_book(MarketId("k:A"), ((Px(bid), Qty(1)),), ASK, Ns(0))

    doubt = doubt_levels(book)

    assert doubt is not None
    assert doubt.trouble is Trouble.CROSSED


def test_one_sided_and_empty_books_are_well() -> None:
    for bids, asks in ((BID, ()), ((), ASK), ((), ()), (BID, ASK)):
        assert doubt_levels(binary_book(MarketId("k:A"), bids, asks, Ns(0))) is None


def test_a_book_in_doubt_at_its_source_is_doubted_however_young() -> None:
    book = Book(MarketId("k:A"), (Ladders(BID, ASK),), Ns(5), state=BookState.SUSPECT)

    doubt = doubt_book(book, Ns(5), 2_000)

    assert doubt is not None
    assert doubt.trouble is Trouble.SUSPECT


def test_crossed_is_said_before_stale_and_a_good_book_is_believed() -> None:
    crossed = binary_book(MarketId("k:A"), ASK, ASK, ms(0))
    good = binary_book(MarketId("k:A"), BID, ASK, ms(0))

    worst = doubt_book(crossed, ms(9_000), 2_000)
    stale = doubt_book(good, ms(9_000), 2_000)

    assert worst is not None
    assert worst.trouble is Trouble.CROSSED
    assert stale is not None
    assert stale.trouble is Trouble.STALE
    assert doubt_book(good, ms(1), 2_000) is None
