"""Books as rows."""

from feeds.recordings.compare import Standing
from feeds.recordings.rows import Rows, columns
from markets.terms.ids import MarketId
from markets.terms.units import MS, Ns, Px, Qty
from trading.engine.book import Ladders

A, B = MarketId("v:A"), MarketId("v:B")
BUILT = Ladders(((Px(421_500), Qty(10_250_000)),), ((Px(450_000), Qty(7_000_000)),))


def test_the_columns_number_every_level_but_the_first() -> None:
    assert columns(2) == [
        *("at_ns", "market", "outcome", "state"),
        *("bid_px", "bid_sz", "ask_px", "ask_sz"),
        *("bid2_px", "bid2_sz", "ask2_px", "ask2_sz"),
    ]


def test_a_row_for_each_outcome_wanted_when_something_shown_changed() -> None:
    books = {A: Standing(BUILT), B: Standing(BUILT)}
    rows = Rows(books, {A: (0, 1)}, 1, Ns(0))

    assert list(rows.changed([A, B], Ns(5))) == [
        ["5", "A", "0", "live", "0.4215", "10.25", "0.45", "7.00"],
        ["5", "A", "1", "live", "0.55", "7.00", "0.5785", "10.25"],
    ]
    assert list(rows.changed([A], Ns(6))) == []
    books[A].state = "suspect"
    assert [row[3] for row in rows.changed([A], Ns(7))] == ["suspect", "suspect"]
    assert list(rows.until(Ns(10**12))) == []


def test_even_times_show_every_market_as_it_was() -> None:
    books: dict[MarketId, Standing] = {}
    rows = Rows(books, {A: (0,), B: (0,)}, 1, Ns(100 * MS))

    assert list(rows.until(Ns(250 * MS))) == []
    books[A] = Standing(BUILT)
    assert list(rows.changed([A], Ns(250 * MS))) == []
    assert [row[:2] for row in rows.until(Ns(501 * MS))] == [
        ["300000000", "A"],
        ["400000000", "A"],
        ["500000000", "A"],
    ]
