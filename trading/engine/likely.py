"""The books as they will probably be found: each level counts by how likely it is still there, and
ours, when an order arrives.

What was seen some time ago is still offered with probability one half per half-life, never below a
floor; of a level only the part that its place in the queue leaves us is counted. Sizes are rounded
down, so the edge found in these books is never larger than the one shown. Switched by `fill_model`:
0 counts what is shown, 1 with `half_life_ms`, 2 with `half_life_aggressive_ms`; what was learnt of
our own fills takes the place of both. Not here: the chances of a naked leg (`naked`), which follow
the same tables.
"""

from collections import ChainMap

from markets.terms.ids import MarketId
from markets.terms.units import MICRO, Ns, Px, Qty
from trading.engine.book import Book, Ladders, Levels
from trading.engine.limits import Limits
from trading.engine.naked import Tables, offered_ppm
from trading.engine.purchases import Books
from trading.engine.state import EngineState

SHOWN, LIKELY, AGGRESSIVE = 0, 1, 2


def likely_books(state: EngineState, legs: tuple[tuple[MarketId, int], ...]) -> Books:
    """The books to size a package with: as shown while the fill model is off.

    Shape: every book of the state; those of `legs` cut where the model is on.
    """
    model = state.limits.fill_model
    if model == SHOWN:
        return state.books
    cut: dict[MarketId, Book] = {}
    for market, _ in legs:
        book = state.books.get(market)
        if book is not None:
            cut[market] = likely_book(book, fill_tables(state, market), state.at)
    return ChainMap(cut, state.books)


def likely_book(book: Book, tables: Tables, now: Ns) -> Book:
    """One book with every size cut to its likely part, rounded down; a level of nothing goes."""
    offered = offered_ppm(tables, Ns(now - book.at))
    ladders = tuple(
        Ladders(_cut(sides.bids, tables, offered), _cut(sides.asks, tables, offered))
        for sides in book.ladders
    )
    return Book(book.market, ladders, book.at, book.venue_at, book.epoch, book.state)


def _cut(levels: Levels, tables: Tables, offered: int) -> Levels:
    deepest = len(tables.queue_ppm) - 1
    found: list[tuple[Px, Qty]] = []
    for place, (px, qty) in enumerate(levels):
        left = qty * offered * tables.queue_ppm[min(place, deepest)] // (MICRO * MICRO)
        if left > 0:
            found.append((px, Qty(left)))
    return tuple(found)


def fill_tables(state: EngineState, market: MarketId) -> Tables:
    """The tables that hold for a market: what was learnt, else what its venue's settings say."""
    if state.tables is not None:
        return state.tables
    known = state.markets.get(market)
    limits = state.venue_limits.get(known.venue, state.limits) if known else state.limits
    return priors(limits)


def priors(limits: Limits) -> Tables:
    """The fill tables that the settings say, before anything was learnt."""
    is_aggressive = limits.fill_model == AGGRESSIVE
    life = limits.half_life_aggressive_ms if is_aggressive else limits.half_life_ms
    queue = (
        limits.queue_prior_1,
        limits.queue_prior_2,
        limits.queue_prior_3,
        limits.queue_prior_4,
    )
    return Tables(life, limits.fill_floor, queue)
