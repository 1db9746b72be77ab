"""What a venue's feed says of itself, and what polling may and may not do."""

import msgspec

from feeds.books.agreement import Told
from feeds.books.followed import Followed
from markets.terms.ids import MarketId, VenueId
from markets.terms.units import MS, SECOND, Ns, Px, Qty
from trading.engine.book import Book, binary_book
from trading.engine.events import BookChanged, BookSeen, BookStale, FeedDown, FeedUp, MarketClosed

START = Ns(1_795_000_000 * SECOND)
VENUE = VenueId("v")
A, B = MarketId("v:a"), MarketId("v:b")
ONE = Qty(1_000_000)


def after(seconds: float) -> Ns:
    return Ns(START + int(seconds * SECOND))


def book(market: MarketId, bid: int, at: Ns, *, epoch: int = 1, old_ms: int = 50) -> BookChanged:
    made: Book = binary_book(
        market, ((Px(bid * 10_000), ONE),), ((Px(60 * 10_000), ONE),), at, Ns(at - old_ms * MS)
    )
    return BookChanged(at, msgspec.structs.replace(made, epoch=epoch))


def told(market: MarketId, bid: int, ask: int = 60) -> Told:
    return Told(market, ((Px(bid * 10_000), ONE),), ((Px(ask * 10_000), ONE),))


def streaming() -> Followed:
    followed = Followed(VENUE, START)
    for event in (FeedUp(START, VENUE), book(A, 40, START), book(B, 40, START)):
        followed.heard(event)
    return followed


def lively() -> Followed:
    followed = streaming()
    for second in range(1, 31):
        followed.heard(book(A, 30 + second % 2, after(second)))
    return followed


def test_a_snapshot_tells_no_message_age_and_a_change_does() -> None:
    followed = Followed(VENUE, START)
    followed.heard(book(A, 40, START, old_ms=3_600_000))
    assert followed.ages.ms(50) is None

    followed.heard(book(A, 41, after(1), old_ms=70))
    assert followed.ages.ms(50) == 70

    followed.heard(book(A, 42, after(2), epoch=2, old_ms=3_600_000))
    assert followed.ages.ms(95) == 70


def test_polling_begins_two_seconds_after_the_socket_is_lost() -> None:
    followed = streaming()
    followed.heard(FeedDown(after(5), VENUE, "cut"))
    followed.heard(FeedDown(after(6), VENUE, "still away"))

    assert followed.why_poll(after(6.9)) == ""
    assert followed.why_poll(after(7)) == "its socket is away"


def test_polling_begins_when_a_lively_venue_says_nothing_for_ten_seconds() -> None:
    assert lively().why_poll(after(39)) == ""
    assert lively().why_poll(after(40)) == "its socket is silent"
    assert lively().silent_for(after(40)) == 10 * SECOND
    assert streaming().why_poll(after(3_600)) == ""
    assert streaming().silent_for(after(3_600)) == 0


def test_a_polled_book_is_stale_when_the_stream_is_back_without_it() -> None:
    followed = streaming()
    followed.heard(FeedDown(after(1), VENUE, "cut"))
    followed.poll("its socket is away", after(3))
    assert followed.take(told(A, 45), after(3)) is not None

    resumed = followed.heard(FeedUp(after(4), VENUE))

    assert resumed.stale == (BookStale(after(4), A, "waits for the stream"),)
    assert followed.polling == ""
    assert followed.take(told(A, 45), after(5)) is None


def test_a_streamed_book_that_polling_contradicts_is_doubted_when_the_stream_is_back() -> None:
    followed = lively()
    followed.poll("its socket is silent", after(41))
    followed.take(told(A, 30), after(41))
    followed.take(told(B, 39), after(41))

    resumed = followed.heard(BookSeen(after(42), A, after(42)))

    assert resumed.stale == ()
    assert resumed.doubted == (B,)


def test_a_polled_book_carries_the_time_of_its_receipt_and_the_venues_own() -> None:
    followed = streaming()
    followed.poll("its socket is away", after(3))
    changed = followed.take(msgspec.structs.replace(told(A, 45), venue_at=after(1)), after(3))
    assert changed is not None
    assert (changed.book.at, changed.book.venue_at) == (after(3), after(1))


def test_a_crossed_answer_is_no_book() -> None:
    followed = streaming()
    followed.poll("its socket is away", after(3))
    assert followed.take(told(A, 60, 60), after(3)) is None


def test_a_lost_socket_leaves_no_streamed_book() -> None:
    followed = streaming()
    followed.heard(FeedDown(after(1), VENUE, "cut"))
    assert followed.books == {}


def test_a_stale_book_is_counted_once_and_is_none_until_it_is_streamed_again() -> None:
    followed = streaming()
    for _ in range(2):
        followed.heard(BookStale(after(1), A, "gap"))
    assert followed.resyncs.total == 1
    assert A not in followed.books

    followed.heard(book(A, 40, after(2), epoch=2))
    assert A in followed.books


def test_a_closed_market_is_forgotten() -> None:
    followed = streaming()
    followed.heard(MarketClosed(after(1), A))
    assert list(followed.books) == [B]


def test_people_can_read_what_happened() -> None:
    followed = streaming()
    followed.heard(BookStale(after(1), A, "gap"))
    followed.heard(FeedDown(after(2), VENUE, "cut"))
    followed.poll("its socket is away", after(4))
    assert [text for _, text in followed.notes] == [
        "Delivers.",
        "v:a is stale: gap.",
        "Does not deliver: cut.",
        "Polling over REST: its socket is away.",
    ]
