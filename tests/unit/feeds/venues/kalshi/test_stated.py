"""A statement in the engine's terms."""

from feeds.venues.kalshi import stated
from feeds.venues.kalshi.ours import Known
from feeds.venues.kalshi.replies import OrderRow, PositionRow
from tests.builders import qty
from tests.unit.feeds.venues.kalshi.test_encode import request
from trading.engine.orders import Side


def row(**more: str) -> OrderRow:
    said = {"book_side": "ask", "yes_price_dollars": "0.60", "remaining_count_fp": "5"}
    return OrderRow("venue", "KXRAIN-1", more.pop("status", "resting"), "0", **{**said, **more})


def test_above_zero_is_yes_below_is_no_and_flat_is_nothing() -> None:
    rows = [PositionRow("A", "2.50"), PositionRow("B", "-1.00"), PositionRow("C", "0.00")]

    assert stated.holdings(rows) == (("kalshi:A", 0, qty("2.5")), ("kalshi:B", 1, qty(1)))


def test_an_order_of_ours_is_shown_as_it_was_asked_for() -> None:
    ours = Known(request(outcome=0, side=Side.SELL))

    (order,) = stated.orders([row(), row(status="canceled")], lambda *_: ours)

    assert (order.order, order.outcome, order.side, order.px) == ("run-1-0", 0, "sell", 600_000)
    assert order.left == qty(5)


def test_an_order_of_nobodys_is_shown_as_the_purchase_it_is() -> None:
    (order,) = stated.orders([row()], lambda *_: None)

    assert (order.order, order.outcome, order.side, order.px) == ("", 1, "buy", 400_000)
