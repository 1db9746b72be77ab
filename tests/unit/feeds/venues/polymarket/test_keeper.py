"""One market's book on one socket; the ordinary ways are held by the session's tests."""

from feeds.venues.base import Emit, Output
from feeds.venues.polymarket.keeper import KEPT_CHANGES, KEPT_KEYS, BookKeeper
from feeds.venues.polymarket.parse import Top
from markets.terms.units import MICRO, MS, SECOND, Ns, Px, Qty
from tests.unit.feeds.venues.polymarket.scene import START, Scene, levels
from trading.engine.events import BookChanged
from trading.engine.orders import Side

BIDS, ASKS = levels("0.42x100"), levels("0.44x80")
OURS = Top(Px(420_000), Px(440_000))
OTHER = Top(Px(410_000), Px(440_000))


def a_keeper() -> tuple[BookKeeper, list[BookKeeper]]:
    lost: list[BookKeeper] = []
    keeper = BookKeeper(Scene().market, 10, lost)
    keeper.restart(START, Ns(3 * SECOND))
    return keeper, lost


def live() -> BookKeeper:
    keeper, _ = a_keeper()
    keeper.snapshot(BIDS, ASKS, START, START)
    return keeper


def kinds(outputs: list[Output]) -> list[str]:
    return [type(output.event).__name__ for output in outputs if isinstance(output, Emit)]


def test_a_crossed_snapshot_is_never_shown_and_joins_the_lost() -> None:
    keeper, lost = a_keeper()
    assert keeper.snapshot(levels("0.5x1"), levels("0.4x1"), START, START) == []
    assert keeper.waiting
    assert lost == [keeper]


def test_the_same_snapshot_again_is_no_change() -> None:
    keeper = live()
    again = keeper.snapshot(BIDS, ASKS, Ns(START + SECOND), START)
    assert "BookChanged" not in kinds(again)
    other = keeper.snapshot(BIDS, levels("0.44x81"), Ns(START + SECOND), START)
    assert kinds(other) == ["BookChanged"]


def test_stale_is_said_once_however_often_the_book_is_lost() -> None:
    keeper = live()
    assert kinds(keeper.lose("one", START)) == ["BookStale"]
    assert keeper.lose("two", START) == []


def test_doubt_without_a_stated_top_waits_and_then_gives_up() -> None:
    keeper = live()
    assert kinds(keeper.check([OTHER], START, START)) == ["BookStale"]
    change = [(Side.BUY, Px(300_000), Qty(MICRO))]
    assert keeper.change(change, [], Ns(START + 100 * MS), START) == []
    assert not keeper.waiting
    keeper.change([], [], Ns(START + 500 * MS), START)
    assert keeper.waiting


def test_three_wrong_tops_in_one_frame_are_enough() -> None:
    keeper = live()
    keeper.check([OTHER, OTHER, OTHER], START, START)
    assert keeper.waiting


def test_fetches_are_at_least_a_second_apart_and_wait_longer_each_time() -> None:
    keeper = live()
    keeper.lose("one", START)
    assert keeper.is_due(START)
    keeper.asked(START)
    assert keeper.fetch_at == START + 5 * SECOND
    keeper.asked(START)
    assert keeper.fetch_at == START + 10 * SECOND
    for _ in range(9):
        keeper.asked(START)
    assert keeper.fetch_at == START + 60 * SECOND
    keeper.lose("two", START)
    assert keeper.fetch_at == START + SECOND


def test_a_fetched_book_is_brought_up_by_what_came_at_or_after_it() -> None:
    keeper = live()
    keeper.lose("one", START)
    keeper.change([(Side.BUY, Px(430_000), Qty(MICRO))], [], START, Ns(START + 10))
    keeper.change([(Side.SELL, Px(440_000), Qty(0))], [], START, Ns(START + 20))
    (told,) = keeper.reseed(BIDS, levels("0.44x80 0.46x1"), START, Ns(START + 20))
    assert isinstance(told, Emit)
    assert isinstance(told.event, BookChanged)
    assert told.event.book.bids(0) == BIDS
    assert told.event.book.asks(0) == levels("0.46x1")


def test_a_fetched_book_that_the_later_changes_cross_is_lost_again() -> None:
    keeper = live()
    keeper.lose("one", START)
    keeper.change([(Side.BUY, Px(450_000), Qty(MICRO))], [], START, Ns(START + 10))
    assert keeper.reseed(BIDS, ASKS, START, Ns(START + 5)) == []
    assert keeper.waiting


def test_a_fetched_book_that_is_crossed_itself_is_lost_again() -> None:
    keeper, _ = a_keeper()
    assert keeper.reseed(levels("0.5x1"), levels("0.4x1"), START, START) == []
    assert keeper.waiting


def test_a_fetched_book_older_than_what_was_thrown_away_is_not_believed() -> None:
    keeper, lost = a_keeper()
    many = [(Side.BUY, Px(300_000), Qty(MICRO))] * (KEPT_CHANGES + 1)
    keeper.change(many, [], START, Ns(100))
    assert keeper in lost
    assert keeper.reseed(BIDS, ASKS, START, Ns(99)) == []
    assert keeper.waiting
    assert kinds(keeper.reseed(BIDS, ASKS, START, Ns(100))) == ["BookChanged"]


def test_repeats_are_remembered_for_a_while() -> None:
    keeper = live()
    assert not keeper.is_repeat("0 BUY 0.4 1 h")
    assert keeper.is_repeat("0 BUY 0.4 1 h")
    for number in range(KEPT_KEYS):
        keeper.is_repeat(f"0 BUY 0.4 1 {number}")
    assert not keeper.is_repeat("0 BUY 0.4 1 h")


def test_the_same_whole_book_a_second_later_is_told_as_seen() -> None:
    keeper = live()
    later = Ns(START + SECOND)
    assert kinds(keeper.snapshot(BIDS, ASKS, later, later)) == ["BookSeen"]
    assert keeper.snapshot(BIDS, ASKS, Ns(later + 1), Ns(later + 1)) == []


def test_an_ended_market_stays_silent() -> None:
    keeper = live()
    keeper.ended = True
    keeper.lose("resolved", START)
    assert keeper.snapshot(BIDS, ASKS, START, START) == []
    assert not keeper.is_due(Ns(START + 60 * SECOND))


def test_the_same_grid_again_changes_nothing() -> None:
    keeper = live()
    assert keeper.retick(Px(10_000), START) == []
    assert kinds(keeper.retick(Px(1_000), START)) == ["BookStale", "MarketChanged"]
    assert isinstance(keeper.top(), Top)
    assert keeper.top() == OURS


def test_a_change_from_before_the_last_one_means_the_order_was_lost() -> None:
    keeper = live()
    keeper.change([(Side.BUY, Px(300_000), Qty(MICRO))], [OURS], START, Ns(START + 20))
    told = keeper.change([(Side.BUY, Px(300_000), Qty(5))], [OURS], START, Ns(START + 10))
    assert kinds(told) == ["BookStale"]
    assert keeper.builder.reason == "out_of_order"


def test_an_old_snapshot_does_not_replace_a_newer_book() -> None:
    keeper = live()
    keeper.change([(Side.BUY, Px(300_000), Qty(MICRO))], [OURS], START, Ns(START + 20))
    assert kinds(keeper.snapshot(BIDS, ASKS, START, Ns(START + 10))) == ["BookStale"]


def test_news_older_than_the_fetched_book_is_in_it_already() -> None:
    keeper = live()
    keeper.lose("one", START)
    keeper.reseed(BIDS, ASKS, START, Ns(START + 30))
    assert keeper.change([(Side.BUY, Px(420_000), Qty(5))], [OTHER], START, Ns(START + 20)) == []
    assert keeper.check([OTHER], START, Ns(START + 20)) == []
    assert keeper.builder.book().bids(0) == BIDS


def test_a_fetched_book_from_before_the_loss_gets_the_changes_we_had_already() -> None:
    keeper = live()
    top = Top(Px(430_000), Px(440_000))
    keeper.change([(Side.BUY, Px(430_000), Qty(7))], [top], START, Ns(START + 20))
    keeper.lose("one", START)
    (told,) = keeper.reseed(BIDS, ASKS, START, Ns(START + 10))
    assert isinstance(told, Emit)
    assert isinstance(told.event, BookChanged)
    assert told.event.book.bids(0)[0] == (430_000, 7)
    assert told.event.book.venue_at == START + 20


def test_a_time_far_ahead_of_our_clock_orders_nothing() -> None:
    keeper = live()
    late = Ns(START + 3_600 * SECOND)
    keeper.change([(Side.BUY, Px(300_000), Qty(MICRO))], [OURS], START, late)
    assert kinds(keeper.change([], [OURS], START, Ns(START + 20))) != ["BookStale"]


def test_a_snapshot_from_before_what_came_while_waiting_is_not_believed() -> None:
    keeper = live()
    keeper.lose("one", START)
    keeper.change([(Side.BUY, Px(430_000), Qty(7))], [], START, Ns(START + 20))
    assert keeper.snapshot(BIDS, ASKS, START, Ns(START + 10)) == []
    assert keeper.waiting
