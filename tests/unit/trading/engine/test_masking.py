"""Our own resting orders are taken out of the books we judge, and nothing else is."""

import pytest
from msgspec.structs import replace

from markets.terms.ids import DealId, OrderId
from markets.terms.units import MICRO, Ns, Px, Qty
from risk.gates.chain import Chain
from tests.builders import (
    FIRST,
    RELATION,
    SECOND_MARKET,
    at,
    book,
    cancelled,
    filled,
    gap,
    orders,
    px,
    qty,
    relation,
    show,
    snapshot,
    started,
    tick,
)  # fmt: skip
from tests.deals import DEAL, made
from trading.engine import events as ev
from trading.engine.book import Book, BookState, Ladders
from trading.engine.deals import DealState
from trading.engine.engine import Engine
from trading.engine.intents import CancelOrder
from trading.engine.masking import masked, shown, shown_of
from trading.engine.orders import (
    TERMINAL,
    BookKind,
    Order,
    OrderRequest,
    OrderState,
    Purpose,
    Side,
    TimeInForce,
)

OURS = OrderId("r-9-0")


def order(
    price: str = "0.60",
    size: int = 100,
    *,
    outcome: int = 0,
    side: Side = Side.BUY,
    state: OrderState = OrderState.OPEN,
    kind: BookKind = BookKind.LIVE,
    tif: TimeInForce = TimeInForce.GTC,
    purpose: Purpose = Purpose.OPEN,
) -> Order:
    request = OrderRequest(
        id=OURS,
        deal=DealId("r-9"),
        leg=0,
        market=FIRST,
        outcome=outcome,
        side=side,
        px=px(price),
        qty=qty(size),
        tif=tif,
        book=kind,
        purpose=purpose,
    )
    return Order(request, state, at(0), at(0))


def rest(engine: Engine, ours: Order) -> None:
    """An order of ours is known to rest."""
    engine.state.orders[ours.request.id] = ours
    engine.step(ev.OrderAccepted(at("0.01"), ours.request.id, "k"))


def edge(engine: Engine) -> int:
    """What the last look at the pair would keep."""
    return engine.state.looks[RELATION].net


def test_a_purchase_leaves_the_bids_at_its_price() -> None:
    before = book(FIRST, "0.60x150 0.59x20", "0.62x30")
    assert masked(before, [order()]) == book(FIRST, "0.60x50 0.59x20", "0.62x30")


def test_a_level_with_nothing_left_is_gone_and_none_is_below_zero() -> None:
    for displayed in ("100", "40"):
        before = book(FIRST, f"0.60x{displayed} 0.59x20", "0.62x30")
        assert masked(before, [order()]) == book(FIRST, "0.59x20", "0.62x30")


def test_a_purchase_of_no_stands_among_the_asks_of_yes() -> None:
    before = book(FIRST, "0.60x150", "0.62x130")
    after = masked(before, [order("0.38", outcome=1)])
    assert after == book(FIRST, "0.60x150", "0.62x30")
    assert after.bids(1) == ((px("0.38"), qty(30)),)
    assert masked(before, [order("0.62", side=Side.SELL)]) == after


def test_an_outcome_with_ladders_of_its_own_is_not_mirrored() -> None:
    side = Ladders(((px("0.38"), qty(130)),), ((px("0.40"), qty(10)),))
    before = replace(book(FIRST, "0.60x150", "0.62x130"), ladders=(side, side, side))
    after = masked(before, [order("0.38", outcome=1)])
    left = Ladders(((px("0.38"), qty(30)),), side.asks)
    assert after.ladders == (side, left, side)


def test_orders_at_one_price_add_up_and_elsewhere_nothing_is_taken() -> None:
    before = book(FIRST, "0.60x150", "0.62x130")
    two = [order(size=100), order(size=20), order("0.61", size=5)]
    assert masked(before, two) == book(FIRST, "0.60x30", "0.62x130")


def test_what_cannot_rest_with_money_masks_nothing() -> None:
    before = book(FIRST, "0.60x150", "0.62x130")
    others = [
        order(kind=BookKind.PAPER),
        order(kind=BookKind.TEST),
        order(tif=TimeInForce.IOC),
        *[order(state=state) for state in TERMINAL],
    ]
    assert masked(before, others) is before


@pytest.mark.parametrize("state", [s for s in OrderState if s not in TERMINAL])
def test_whatever_has_not_ended_may_be_shown(state: OrderState) -> None:
    assert shown_of(order(state=state)) == qty(100)


def test_what_was_filled_or_taken_back_is_shown_no_more() -> None:
    part = replace(order(), filled=qty(30), taken_back=qty(10))
    assert shown_of(part) == qty(60)
    assert shown_of(replace(part, filled=qty(95))) == 0


def test_our_own_best_bid_alone_is_no_edge() -> None:
    quote = book(FIRST, "0.60x100 0.47x100", "0.62x100", at("0.02"))
    second = book(SECOND_MARKET, "0.40x100", "0.52x100", at("0.02"))
    unmasked = started()
    assert orders(show(unmasked, quote, second))
    engine = started()
    rest(engine, order())
    assert not orders(show(engine, quote, second))
    assert edge(engine) < 0
    assert engine.state.books[FIRST].best_ask(1) == (Px(MICRO - px("0.47")), qty(100))
    paper = started()
    rest(paper, order(kind=BookKind.PAPER))
    assert orders(show(paper, quote, second))


def with_money(**limits: int) -> tuple[Engine, OrderRequest]:
    """A maker's deal as if it were of the live book, its order accepted."""
    engine, first = made(**limits)
    first = replace(first, book=BookKind.LIVE)
    known = engine.state.orders[first.id]
    engine.state.orders[first.id] = replace(known, request=first)
    engine.state.deals[DEAL] = replace(engine.state.deals[DEAL], book=BookKind.LIVE)
    engine.step(ev.OrderAccepted(at("0.01"), first.id, "k"))
    return engine, first


def test_a_maker_does_not_outbid_its_own_quote() -> None:
    quote = book(FIRST, "0.41x100 0.40x100", "0.44x100", at("0.6"))
    engine, first = with_money(profit_fell=500_000)
    assert not [i for i in show(engine, quote) if isinstance(i, CancelOrder)]
    more = book(FIRST, "0.41x101 0.40x100", "0.44x100", at("0.7"))
    assert [i.order for i in show(engine, more) if isinstance(i, CancelOrder)] == [first.id]


def test_the_mask_follows_fills_and_ends_before_the_next_book() -> None:
    engine, first = with_money()
    as_shown = book(FIRST, "0.41x120 0.40x100", "0.44x100", at("0.1"))
    show(engine, as_shown)
    state = engine.state
    assert state.books[FIRST].bids(0)[0] == (px("0.41"), qty(20))
    engine.step(filled(first, "30", key="a", when=at("0.15")))
    assert state.books[FIRST].bids(0)[0] == (px("0.41"), qty(50))
    engine.step(cancelled(first, "30", when=at("0.2")))
    assert state.books[FIRST] == as_shown
    assert (state.quotes, state.unmasked) == ({}, {})


def test_an_order_masks_from_when_it_is_sent() -> None:
    engine, first = with_money(profit_fell=500_000)
    show(engine, book(FIRST, "0.41x150 0.40x100", "0.44x100", at("0.6")))
    engine.step(cancelled(first, "0", when=at("0.65")))
    show(engine, gap(at("0.85"))[1], book(FIRST, "0.41x50 0.40x100", "0.44x100", at("0.85")))
    (again,) = orders(engine.step(tick("rest/r-1", at("0.9"))))
    assert (again.px, again.book) == (px("0.42"), BookKind.LIVE)
    show(engine, book(FIRST, "0.42x100 0.41x50", "0.44x100", at("0.95")))
    assert engine.state.books[FIRST].bids(0) == ((px("0.41"), qty(50)),)


def test_an_order_that_is_forgotten_masks_no_more() -> None:
    engine, first = with_money()
    show(engine, book(FIRST, "0.41x120", "0.44x100", at("0.1")))
    deal = engine.state.deals[DEAL]
    engine.state.deals[DEAL] = replace(deal, state=DealState.CLOSED)
    engine.state.active.clear()
    engine.state.resting.clear()
    later = book(FIRST, "0.41x120", "0.44x100", at(4000))
    show(engine, later)
    engine.step(tick("relook", at(4000)))
    assert first.id not in engine.state.orders
    assert engine.state.books[FIRST] == later
    show(engine, later)
    assert engine.state.books[FIRST] is later


def test_an_order_in_doubt_masks_until_it_has_ended() -> None:
    engine, first = with_money()
    show(engine, book(FIRST, "0.41x120", "0.44x100", at("0.1")))
    engine.step(ev.OrderUnknown(at("0.2"), first.id, "timeout"))
    assert engine.state.books[FIRST].bids(0) == ((px("0.41"), qty(20)),)
    engine.step(ev.OrderRejected(at("0.3"), first.id, "never", "never arrived"))
    assert engine.state.books[FIRST].bids(0) == ((px("0.41"), qty(120)),)


def test_what_else_happens_to_a_book_happens_to_both() -> None:
    engine, _ = with_money()
    show(engine, book(FIRST, "0.41x120", "0.44x100", at("0.1")))
    state = engine.state
    engine.step(ev.BookSeen(at("0.2"), FIRST, at("0.2")))
    engine.step(ev.BookStale(at("0.3"), FIRST, "gap"))
    for kept, left in ((state.books, 20), (state.unmasked, 120)):
        one: Book = kept[FIRST]
        assert (one.at, one.state) == (at("0.2"), BookState.SUSPECT)
        assert one.bids(0) == ((px("0.41"), qty(left)),)
    engine.step(ev.MarketClosed(at("0.4"), FIRST))
    assert {state.books[FIRST].state, state.unmasked[FIRST].state} == {BookState.CLOSED}
    assert state.unmasked[FIRST].bids(0) == ((px("0.41"), qty(120)),)
    engine.step(tick("relook", Ns(at(0) + 10**15)))
    assert (FIRST in state.books, FIRST in state.unmasked) == (False, False)
    assert shown(state, FIRST) is None


def test_a_checkpoint_holds_the_books_as_shown_and_gives_the_same_masks() -> None:
    engine, first = with_money()
    quote = book(FIRST, "0.41x120 0.40x100", "0.44x100", at("0.1"))
    show(engine, quote)
    again = Engine.load(engine.dump(), Chain())
    assert again.dump() == engine.dump()
    for name in ("books", "unmasked", "quotes"):
        assert getattr(again.state, name) == getattr(engine.state, name)
    assert shown(again.state, FIRST) == quote
    tail: list[ev.Event] = [
        filled(first, "30", when=at("0.15")),
        cancelled(first, "30", when=at("0.2")),
    ]
    for event in tail:
        assert again.step(event) == engine.step(event)
    assert again.state.books == engine.state.books


def test_a_market_nobody_follows_any_more_loses_its_book() -> None:
    engine = started()
    show(engine, book(FIRST, "0.60x150", "0.90x1"))
    rest(engine, order(purpose=Purpose.HEDGE))
    assert engine.state.books[FIRST].bids(0) == ((px("0.60"), qty(50)),)
    other = snapshot(relation("b", "kalshi:B", "polymarket:C"), revision=2)
    engine.step(ev.ConfigChanged(at(1), other))
    assert (engine.state.books, engine.state.unmasked) == ({}, {})


def test_nothing_is_made_anew_where_nothing_of_ours_rests() -> None:
    engine = started()
    one = book(FIRST, "0.20x1", "0.90x1")
    show(engine, one)
    assert engine.state.books[FIRST] is one
    assert (engine.state.quotes, engine.state.unmasked) == ({}, {})
    assert Qty(0) == shown_of(order(state=OrderState.FILLED))
