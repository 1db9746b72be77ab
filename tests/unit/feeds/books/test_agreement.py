"""Streamed books against REST."""

import msgspec

from feeds.books.agreement import EVERY, Agreement, Outcome, Told
from markets.terms.ids import MarketId
from markets.terms.units import MS, SECOND, Ns, Px, Qty
from trading.engine.book import Book, BookState, binary_book

START = Ns(1_795_000_000 * SECOND)
A = MarketId("v:a")
ONE = Qty(1_000_000)


def book(bid: int = 40, ask: int = 42, market: MarketId = A) -> Book:
    return binary_book(market, ((Px(bid * 10_000), ONE),), ((Px(ask * 10_000), ONE),), START, START)


def told(bid: int = 40, ask: int = 42, venue_at: int = 0) -> Told:
    return Told(A, ((Px(bid * 10_000), ONE),), ((Px(ask * 10_000), ONE),), Ns(venue_at))


def test_the_same_top_agrees() -> None:
    agreement = Agreement()
    assert agreement.judge(book(), told(), book()) is Outcome.AGREES
    assert agreement.ppm() == 1_000_000


def test_a_difference_that_lasts_is_a_disagreement() -> None:
    agreement = Agreement()
    agreement.judge(book(), told(), book())
    assert agreement.judge(book(), told(bid=39), book()) is Outcome.DIFFERS
    assert agreement.ppm() == 500_000


def test_a_change_that_was_on_its_way_is_no_disagreement() -> None:
    agreement = Agreement()
    assert agreement.judge(book(), told(bid=39), book(bid=39)) is Outcome.AGREES
    assert agreement.judge(book(), told(bid=39), book(bid=38)) is Outcome.MOVED
    assert agreement.moved == 1


def test_an_answer_older_than_the_stream_says_nothing() -> None:
    agreement = Agreement()
    assert agreement.judge(book(), told(bid=39, venue_at=START - MS), book()) is Outcome.MOVED
    assert agreement.ppm() is None


def test_a_book_that_was_lost_meanwhile_is_not_judged() -> None:
    lost = msgspec.structs.replace(book(), state=BookState.SUSPECT)
    assert Agreement().judge(book(), told(bid=39), lost) is Outcome.MOVED
    assert Agreement().judge(book(), told(bid=39), None) is Outcome.MOVED


def test_every_market_comes_up_once_in_its_time_and_not_all_at_once() -> None:
    agreement = Agreement()
    books = {MarketId(f"v:{n}"): book(market=MarketId(f"v:{n}")) for n in range(48)}
    seen: list[MarketId] = []
    most = 0
    for second in range(EVERY // SECOND):
        due = agreement.due(books, {}, Ns(START + second * SECOND), most=100)
        most = max(most, len(due))
        seen += due

    assert sorted(seen) == sorted(books)
    assert most < 8


def test_a_suspicious_market_goes_first_once_it_stands_still() -> None:
    agreement = Agreement()
    agreement.due({A: book()}, {}, START, most=10)
    agreement.hurry(A)

    assert agreement.due({A: book()}, {A: Ns(START - 499 * MS)}, START, most=10) == []
    assert agreement.due({A: book()}, {A: Ns(START - 500 * MS)}, START, most=10) == [A]
    assert agreement.due({A: book()}, {}, START, most=10) == []


def test_a_book_that_is_not_believed_is_not_compared() -> None:
    lost = msgspec.structs.replace(book(), state=BookState.SUSPECT)
    agreement = Agreement()
    agreement.hurry(A)
    assert agreement.due({A: lost}, {}, START, most=10) == []
