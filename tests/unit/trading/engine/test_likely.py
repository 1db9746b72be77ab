"""A level counts by how likely it is still there and ours, and never for more than it shows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from markets.terms.units import MS, Ns, Qty
from tests.builders import (
    FIRST,
    SECOND_MARKET,
    START,
    book,
    gap,
    orders,
    qty,
    show,
    snapshot,
    started,
)
from trading.engine.book import Book
from trading.engine.config import Limits
from trading.engine.events import BookChanged, TablesChanged
from trading.engine.likely import AGGRESSIVE, LIKELY, likely_book, likely_books, priors
from trading.engine.naked import Tables

LEGS = ((FIRST, 0), (SECOND_MARKET, 1))
DEEP = book(FIRST, bids="0.40x100", asks="0.42x100 0.43x100 0.44x100 0.45x100 0.46x100")


def sizes(found: Book) -> list[int]:
    return [level[1] for level in found.ladders[0].asks]


def test_a_fresh_level_counts_by_its_place_alone() -> None:
    cut = likely_book(DEEP, Tables(), START)

    assert sizes(cut) == [qty(n) for n in (30, 50, 65, 75, 75)]
    assert cut.at == DEEP.at


def test_half_is_left_after_a_half_life_and_the_floor_at_last() -> None:
    half = likely_book(DEEP, Tables(), Ns(START + 500 * MS))
    old = likely_book(DEEP, Tables(), Ns(START + 60_000 * MS))

    assert sizes(half)[:2] == [qty(15), qty(25)]
    assert sizes(old)[:2] == [qty(3), qty(5)]


def test_a_level_of_which_nothing_is_left_is_gone() -> None:
    dust = book(FIRST, asks="0.42x0.000002 0.43x100")

    assert sizes(likely_book(dust, Tables(), START)) == [qty(50)]


@given(st.lists(st.integers(1, 10**12), min_size=1, max_size=6), st.integers(0, 10**11))
def test_no_level_counts_for_more_than_it_shows(shown: list[int], age: int) -> None:
    asks = tuple((px, Qty(size)) for px, size in zip(range(400_000, 410_000), shown, strict=False))
    seen = replace(DEEP, ladders=(replace(DEEP.ladders[0], asks=asks),))

    kept = dict(likely_book(seen, Tables(), Ns(START + age)).ladders[0].asks)

    assert all(0 < size <= dict(asks)[px] for px, size in kept.items())


def test_the_books_are_those_shown_while_it_is_off() -> None:
    engine = started()
    show(engine, *gap())

    assert likely_books(engine.state, LEGS) is engine.state.books


@pytest.mark.parametrize(("model", "left"), [(1, "15"), (2, "7.5")])
def test_the_aggressive_half_life_is_another(model: int, left: str) -> None:
    engine = started(snapshot(fill_model=model, half_life_aggressive_ms=250))
    show(engine, DEEP)
    engine.state.at = Ns(START + 500 * MS)

    assert sizes(likely_books(engine.state, LEGS)[FIRST])[0] == qty(left)


def test_what_was_learnt_takes_the_place_of_the_settings() -> None:
    engine = started(snapshot(fill_model=1))
    engine.step(TablesChanged(START, Tables(500, 100_000, (1_000_000,))))
    show(engine, DEEP)

    assert sizes(likely_books(engine.state, LEGS)[FIRST])[0] == qty(100)


def test_a_plan_is_made_for_what_is_likely_there() -> None:
    whole = orders(show(started(), *gap()))
    likely = orders(show(started(snapshot(fill_model=1)), *gap()))

    assert [order.qty for order in whole] == [qty(100), qty(100)]
    assert [order.qty for order in likely] == [qty(30), qty(30)]


def test_the_page_shows_what_the_engine_would_take() -> None:
    engine = started(snapshot(fill_model=1, view_only=1))
    engine.step(BookChanged(START, gap()[0]))
    engine.step(BookChanged(START, gap()[1]))
    picture = engine.picture(next(iter(engine.state.entries)), START)

    assert picture is not None
    assert picture.packages[picture.best].qty == qty(30)


def test_priors_are_the_settings() -> None:
    assert priors(Limits(fill_model=LIKELY)) == Tables()
    assert priors(Limits(fill_model=AGGRESSIVE)) == Tables(300)
