"""Orders and people first and never dropped; books give way to newer ones when they crowd."""

from __future__ import annotations

from markets.terms.ids import MarketId, OrderId, VenueId
from markets.terms.units import Ns, Px, Qty
from tests.fakes import START
from trading.engine.book import binary_book
from trading.engine.events import (
    BookChanged,
    BookSeen,
    BookStale,
    Event,
    FeedDown,
    OrderAccepted,
    TimerFired,
)
from trading.runtime.inbox import CROWD, Inbox


def book(market: str, size: int = 1) -> Event:
    levels = ((Px(400_000), Qty(size)),)
    return BookChanged(START, binary_book(MarketId(market), levels, (), START))


def sizes(inbox: Inbox, market: str) -> list[int]:
    """Takes everything out; the sizes of the market's books in order."""
    found = []
    while (event := inbox.take()) is not None:
        if isinstance(event, BookChanged) and event.book.market == market:
            found.append(event.book.ladders[0].bids[0][1])
    return [int(size) for size in found]


def crowded() -> Inbox:
    """More than `CROWD` books of different markets wait, the first one of `k:0`."""
    inbox = Inbox()
    for n in range(CROWD + 1):
        inbox.put(book(f"k:{n}"))
    return inbox


def test_what_concerns_orders_goes_before_books_that_came_earlier() -> None:
    inbox = Inbox()
    order = OrderAccepted(START, OrderId("o"), "v")
    inbox.put(book("k:A"))
    inbox.put(order)

    assert inbox.take() == order
    assert isinstance(inbox.take(), BookChanged)
    assert inbox.take() is None


def test_when_an_event_really_came_is_known_though_its_time_was_raised() -> None:
    inbox = Inbox()
    late = OrderAccepted(Ns(START + 5), OrderId("o"), "v")
    inbox.put(book("k:A"))
    inbox.put(late)

    assert (inbox.take(), inbox.came) == (late, late.at)
    raised = inbox.take()
    assert raised is not None
    assert (raised.at, inbox.came) == (late.at, START)


def test_few_waiting_books_are_all_kept() -> None:
    inbox = Inbox()
    for size in range(1, CROWD + 2):
        inbox.put(book("k:A", size))

    assert sizes(inbox, "k:A") == list(range(1, CROWD + 2))
    assert inbox.conflated == 0


def test_in_a_crowd_the_newest_book_takes_the_place_of_the_waiting_one() -> None:
    inbox = crowded()
    inbox.put(book("k:0", 7))
    inbox.put(book("k:0", 8))

    first = inbox.take()

    assert isinstance(first, BookChanged)
    assert first.book == binary_book(MarketId("k:0"), ((Px(400_000), Qty(8)),), (), START)
    assert inbox.conflated == 2
    assert len(inbox) == CROWD


def test_a_market_without_a_waiting_book_is_not_dropped_in_a_crowd() -> None:
    inbox = crowded()
    inbox.put(book("k:new", 3))

    assert sizes(inbox, "k:new") == [3]


def test_a_book_that_came_after_word_of_doubt_stays_after_it() -> None:
    inbox = crowded()
    inbox.put(BookStale(START, MarketId("k:0"), "gap"))
    inbox.put(book("k:0", 9))

    events = []
    while (event := inbox.take()) is not None:
        events.append(event)

    assert [type(e) for e in events[-2:]] == [BookStale, BookChanged]
    assert inbox.conflated == 0


def test_a_feed_that_went_down_separates_books_before_from_books_after() -> None:
    inbox = crowded()
    inbox.put(FeedDown(START, VenueId("k"), "closed"))
    inbox.put(book("k:0", 9))
    inbox.put(book("k:0", 10))

    assert sizes(inbox, "k:0") == [1, 10]


def test_in_a_crowd_a_mere_sighting_of_a_waiting_book_is_dropped_and_counted() -> None:
    inbox = crowded()
    inbox.put(BookSeen(START, MarketId("k:0"), START))

    assert len(inbox) == CROWD + 1
    assert inbox.conflated == 1


def test_in_a_crowd_nothing_of_the_first_lane_is_dropped() -> None:
    inbox = crowded()
    for n in range(500):
        inbox.put(TimerFired(START, f"t{n}"))

    taken = [inbox.take() for _ in range(500)]

    assert taken == [TimerFired(START, f"t{n}") for n in range(500)]


def test_time_never_goes_back_from_one_event_to_the_next() -> None:
    inbox = Inbox(Ns(5))
    for at in (3, 9, 7, 12):
        inbox.put(TimerFired(Ns(at), "t"))

    times = []
    while (event := inbox.take()) is not None:
        times.append(event.at)

    assert times == [5, 9, 9, 12]
