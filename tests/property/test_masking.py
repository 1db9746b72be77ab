"""Any books and any orders of ours: never more depth than shown, never taken away twice."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import given
from msgspec.structs import replace

from markets.terms.ids import DealId, OrderId
from markets.terms.units import MICRO, Px, Qty
from tests.builders import FIRST, START
from trading.engine.book import Book, binary_book
from trading.engine.masking import follow, keep_book, masked, rebuild, shown, shown_of
from trading.engine.orders import (
    BookKind,
    Order,
    OrderRequest,
    OrderState,
    Purpose,
    Side,
    TimeInForce,
)
from trading.engine.state import EngineState, saved

CENT = MICRO // 100


@st.composite
def books(draw: st.DrawFn) -> Book:
    """Few prices, so that orders meet levels."""
    split = draw(st.integers(46, 54))
    sizes = st.integers(1, 9)
    bids = {c: draw(sizes) for c in range(split - 1, 44, -1) if draw(st.booleans())}
    asks = {c: draw(sizes) for c in range(split, 56) if draw(st.booleans())}
    return binary_book(
        FIRST,
        tuple((Px(c * CENT), Qty(n)) for c, n in bids.items()),
        tuple((Px(c * CENT), Qty(n)) for c, n in asks.items()),
        START,
    )


@st.composite
def own(draw: st.DrawFn) -> Order:
    size = draw(st.integers(1, 6))
    request = OrderRequest(
        id=OrderId(f"r-{draw(st.integers(1, 3))}-0"),
        deal=DealId("r-1"),
        leg=0,
        market=FIRST,
        outcome=draw(st.integers(0, 1)),
        side=draw(st.sampled_from(Side)),
        px=Px(draw(st.integers(45, 55)) * CENT),
        qty=Qty(size),
        tif=draw(st.sampled_from([TimeInForce.GTC, TimeInForce.GTC, TimeInForce.IOC])),
        book=draw(st.sampled_from([BookKind.LIVE, BookKind.LIVE, BookKind.PAPER])),
        purpose=Purpose.OPEN,
    )
    done = Qty(draw(st.integers(0, size)))
    return Order(request, draw(st.sampled_from(OrderState)), START, START, filled=done)


def turned(order: Order) -> Order:
    """The same order in the words of the other outcome."""
    request = order.request
    side = Side.SELL if request.side is Side.BUY else Side.BUY
    price = Px(MICRO - request.px)
    there = replace(request, outcome=1 - request.outcome, side=side, px=price)
    return replace(order, request=there)


ORDERS = st.lists(own(), max_size=4)


@given(books(), ORDERS)
def test_no_level_is_deeper_than_shown_and_no_more_goes_than_is_ours(
    book: Book, orders: list[Order]
) -> None:
    after = masked(book, orders)
    gone = 0
    for outcome in (0, 1):
        for side in (Book.bids, Book.asks):
            before, left = dict(side(book, outcome)), dict(side(after, outcome))
            assert all(0 < qty <= before[px] for px, qty in left.items())
            assert list(left) == [px for px in before if px in left]
            gone += sum(before.values()) - sum(left.values())
    assert gone <= 2 * sum(shown_of(order) for order in orders)


@given(books(), ORDERS)
def test_an_order_masks_the_same_in_the_words_of_either_outcome(
    book: Book, orders: list[Order]
) -> None:
    after = masked(book, orders)
    assert after == masked(book, [turned(order) for order in orders])
    assert after == masked(book, orders[::-1])


@given(books(), ORDERS)
def test_without_orders_that_may_rest_the_book_is_the_same(book: Book, orders: list[Order]) -> None:
    assert masked(book, [o for o in orders if not shown_of(o)]) is book


@given(st.lists(st.one_of(books(), own()), max_size=12))
def test_the_mask_kept_is_the_one_made_from_all_orders_at_once(moves: list[Book | Order]) -> None:
    state = EngineState()
    last: Book | None = None
    for move in moves:
        if isinstance(move, Book):
            last = move
            keep_book(state, move)
            keep_book(state, move)  # twice is once
        else:
            known = state.orders.get(move.request.id)
            request = move.request if known is None else known.request
            order = state.orders[request.id] = replace(move, request=request)
            follow(state, order)
            follow(state, order)
        assert shown(state, FIRST) == last
        assert bool(state.quotes) == any(shown_of(o) for o in state.orders.values())
        if last is not None:
            assert state.books[FIRST] == masked(last, state.orders.values())
            assert saved(state).books == {FIRST: last}
    kept = dict(state.books)
    rebuild(state)
    assert state.books == kept
