"""What is known of our own orders, whatever road it comes by."""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.venues.kalshi.ours import Ours, fill_of
from feeds.venues.kalshi.replies import FillRow, OrderRow
from markets.terms.ids import OrderId
from tests.builders import qty
from tests.unit.feeds.venues.kalshi.test_encode import NOW, request
from trading.engine.events import OrderCancelled
from trading.engine.orders import Order, OrderState, Side


def row(trade: str, count: str = "4", **more: Any) -> FillRow:
    said = {"trade_id": trade, "ticker": "KXRAIN-1", "book_side": "bid"}
    return FillRow("venue", count, "0.40", "0.0123", **{**said, **more})


def nobody(_: OrderId) -> Order | None:
    return None


def test_an_end_is_told_once_and_after_every_counted_fill() -> None:
    ours = Ours(nobody)
    known = ours.begin(request())
    ours.end(known, "nothing more to take", qty(8))
    assert ours.ending(known, NOW) is None

    ours.fill(known, row("a"), NOW)
    assert ours.ending(known, NOW) is None
    ours.fill(known, row("b"), NOW)

    ended = OrderCancelled(NOW, request().id, qty(8), "nothing more to take")
    assert ours.ending(known, NOW) == ended
    assert ours.ending(known, NOW) is None


def test_a_fill_is_handed_out_once_whichever_copy_comes_first() -> None:
    ours = Ours(nobody)
    known = ours.begin(request())

    assert ours.fill(known, row("a"), NOW) is not None
    assert ours.fill(known, row("a", ticker="", market_ticker="KXRAIN-1"), NOW) is None
    assert known.seen == qty(4)


def test_a_full_order_needs_no_word_of_its_end() -> None:
    ours = Ours(nobody)
    known = ours.begin(request())

    ours.fill(known, row("a", "12.5"), NOW)

    assert known.is_settled
    assert ours.ending(known, NOW) is None


def test_an_old_read_adds_and_never_takes_back() -> None:
    ours = Ours(nobody)
    known = ours.begin(request())
    ours.end(known, "cancelled by us", qty(8))

    ours.row(known, OrderRow("venue", "KXRAIN-1", "resting", "2.00"))

    assert (known.total, known.ended) == (qty(8), True)


def test_an_order_of_an_earlier_run_is_found_by_either_name() -> None:
    asked = request()
    order = Order(asked, OrderState.OPEN, NOW, NOW, venue_order="venue")
    ours = Ours({asked.id: order}.get)

    by_client = ours.of("venue", asked.id)

    assert by_client is not None
    assert ours.of("venue", None) is by_client
    assert ours.of("another", "not-ours") is None


def test_a_fill_in_our_direction_is_one_of_what_was_asked_for() -> None:
    bought = fill_of(request(outcome=1), row("a", book_side="ask"), NOW)
    assert (bought.outcome, bought.side, bought.px) == (1, Side.BUY, 600_000)

    sold = fill_of(request(outcome=1, side=Side.SELL), row("a"), NOW)
    assert (sold.outcome, sold.side, sold.px, sold.fee) == (1, Side.SELL, 600_000, 12_300)


def test_a_fill_in_the_other_direction_shows_that_it_is() -> None:
    fill = fill_of(request(outcome=0), row("a", book_side="ask"), NOW)

    assert (fill.outcome, fill.side) == (1, Side.BUY)


@given(st.permutations(["fill a", "fill b", "end", "row", "fill a"]))
def test_in_any_order_of_words_the_fills_come_once_and_the_end_last(words: list[str]) -> None:
    ours = Ours(nobody)
    known = ours.begin(request())
    said: list[object] = []
    for word in words:
        if word == "end":
            ours.end(known, "gone", qty(8))
        elif word == "row":
            ours.row(known, OrderRow("venue", "KXRAIN-1", "canceled", "8.00"))
        elif (fill := ours.fill(known, row(word), NOW)) is not None:
            said.append(fill)
        if (ending := ours.ending(known, NOW)) is not None:
            said.append(ending)

    assert [type(one).__name__ for one in said] == ["Fill", "Fill", "OrderCancelled"]


@pytest.mark.parametrize("count", ["x", "", "1e3"])
def test_an_unreadable_number_is_no_fill(count: str) -> None:
    with pytest.raises(ValueError, match="not a decimal"):
        fill_of(request(), row("a", count), NOW)


def test_what_is_over_is_forgotten_before_what_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feeds.venues.kalshi.ours.KEPT", 4)
    ours = Ours(nobody)
    numbers = itertools.count()
    first = ours.begin(request(id=OrderId("open")))
    for _ in range(8):
        over = ours.begin(request(id=OrderId(f"over-{next(numbers)}")))
        over.said = True

    assert ours.find(OrderId("open")) is first
    assert ours.find(OrderId("over-0")) is None
