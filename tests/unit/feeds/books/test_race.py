"""Several lines of one venue: the first counts, none goes back, a doubt is handed over."""

from hypothesis import given
from hypothesis import strategies as st

from feeds.books.race import Race
from markets.terms.ids import MarketId, VenueId
from markets.terms.units import Ns, Px, Qty
from trading.engine.book import Levels, binary_book
from trading.engine.events import (
    BookChanged,
    BookSeen,
    BookStale,
    Event,
    FeedDown,
    FeedUp,
    TradeSeen,
)
from trading.engine.orders import Side

A = MarketId("kalshi:A")
KA = VenueId("kalshi")


def book(step: int, at: int = 0) -> BookChanged:
    """The truth after step number `step`, as the venue dates it."""
    bids: Levels = ((Px(400_000), Qty(step)),)
    return BookChanged(Ns(at or step), binary_book(A, bids, (), Ns(at or step), Ns(step)))


def steps(said: list[Event]) -> list[int]:
    return [e.book.ladders[0].bids[0][1] for e in said if isinstance(e, BookChanged)]


def test_the_first_to_show_a_book_is_handed_on_and_the_second_is_counted() -> None:
    race = Race()

    assert steps(race.heard(0, book(1))) == [1]
    assert race.heard(1, book(1)) == []
    assert (race.agreed, race.differed) == (1, 0)


def test_a_line_that_shows_something_later_takes_the_lead() -> None:
    race = Race()
    race.heard(0, book(1))
    race.heard(1, book(1))

    assert steps(race.heard(1, book(2))) == [2]
    assert race.heard(0, book(2)) == []
    assert race.led == {0: 1, 1: 1}


def test_a_laggard_never_undoes_what_is_known() -> None:
    race = Race()
    race.heard(0, book(5))

    assert race.heard(1, book(4)) == []
    assert race.differed == 1


def test_changes_of_the_same_moment_come_from_the_leader_alone() -> None:
    race = Race()
    race.heard(0, book(1))
    later = BookChanged(Ns(2), binary_book(A, ((Px(400_000), Qty(9)),), (), Ns(2), Ns(1)))

    assert race.heard(0, later) == [later]
    assert race.heard(1, book(1)) == []


def test_a_doubt_of_the_leader_is_silent_where_another_line_shows_the_same() -> None:
    race = Race()
    race.heard(0, book(1))
    race.heard(1, book(1))

    assert race.heard(0, BookStale(Ns(3), A, "gap")) == []
    assert steps(race.heard(1, book(2))) == [2]


def test_a_doubt_with_nobody_else_is_handed_on_until_a_line_vouches_again() -> None:
    race = Race()
    race.heard(0, book(2))
    race.heard(1, book(1))
    stale = BookStale(Ns(3), A, "gap")

    assert race.heard(0, stale) == [stale]
    said = race.heard(1, BookSeen(Ns(4), A, Ns(3)))
    assert steps(said) == [1]
    assert isinstance(said[0], BookChanged)
    assert (said[0].book.at, said[0].book.venue_at) == (4, 3)


def test_a_doubt_of_a_line_that_does_not_lead_changes_nothing() -> None:
    race = Race()
    race.heard(0, book(1))
    race.heard(1, book(1))

    assert race.heard(1, BookStale(Ns(3), A, "gap")) == []
    assert race.heard(0, BookSeen(Ns(4), A, Ns(4))) == [BookSeen(Ns(4), A, Ns(4))]


def test_whoever_shows_the_same_book_keeps_it_young() -> None:
    race = Race()
    race.heard(0, book(1))
    race.heard(1, book(1))

    assert len(race.heard(1, BookSeen(Ns(4), A, Ns(4)))) == 1
    race.heard(0, book(2))
    assert race.heard(1, BookSeen(Ns(5), A, Ns(5))) == []


def test_the_venue_is_up_with_the_first_line_and_down_with_the_last() -> None:
    race = Race()
    up, down = FeedUp(Ns(1), KA), FeedDown(Ns(2), KA, "cut")

    assert race.heard(0, up) == [up]
    assert race.heard(1, up) == []
    race.heard(0, book(1))
    race.heard(1, book(1))
    assert race.heard(0, down) == []
    assert race.heard(1, down) == [down]
    assert steps(race.heard(0, book(1, at=9))) == [1]


def test_a_trade_told_by_every_line_is_handed_on_once_and_two_like_trades_twice() -> None:
    race = Race()
    trade = TradeSeen(Ns(1), A, 0, Px(400_000), Qty(5), Side.BUY)

    said = [race.heard(line, trade) for line in (0, 0, 1, 1, 1)]
    assert [len(s) for s in said] == [1, 1, 0, 0, 1]


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 5)), min_size=1, max_size=80))
def test_without_doubt_the_newest_of_all_lines_is_what_counts(turns: list[tuple[int, int]]) -> None:
    race, place, shown = Race(), [0, 0, 0], 0
    for line, advance in turns:
        place[line] += advance
        for step in steps(race.heard(line, book(place[line]))):
            shown = step
        assert shown == max(place)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 5)), max_size=80))
def test_only_a_doubt_that_was_handed_on_lets_an_older_book_follow(
    turns: list[tuple[int, int]],
) -> None:
    """Each turn a line advances and shows where it is, or (0) falls into doubt."""
    race, place, newest = Race(), [0, 0, 0], 0
    for line, advance in turns:
        place[line] += advance
        said = race.heard(line, book(place[line]) if advance else BookStale(Ns(1), A, "doubt"))
        for event in said:
            if isinstance(event, BookChanged):
                assert event.book.venue_at >= newest
                newest = event.book.venue_at
            else:
                newest = 0
