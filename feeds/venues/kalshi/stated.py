"""What a statement of the account says, in the engine's terms.

A position above zero is YES, below zero NO. An order that is none of ours is shown as the purchase
it is in the YES book's terms: a bid buys YES, an ask buys NO.
Source: kalshi sheet 3.10, read 2026-11-20.
"""

from collections.abc import Callable, Iterable

from feeds.venues.kalshi import replies
from feeds.venues.kalshi.ours import Known
from feeds.venues.kalshi.parse import VENUE
from markets.terms.ids import MarketId, OrderId, market_id
from markets.terms.units import MICRO, Px, Qty, micros_from_text
from trading.engine.events import StatedOrder

Holding = tuple[MarketId, int, Qty]
Find = Callable[[str, str | None], Known | None]


def holdings(rows: Iterable[replies.PositionRow]) -> tuple[Holding, ...]:
    """What is held. Errors: `ValueError`."""
    found: list[Holding] = []
    for row in rows:
        held = micros_from_text(row.position_fp)
        if held:
            outcome = 0 if held > 0 else 1
            found.append((market_id(VENUE, row.ticker), outcome, Qty(abs(held))))
    return tuple(found)


def orders(rows: Iterable[replies.OrderRow], find: Find) -> tuple[StatedOrder, ...]:
    """What rests. Errors: `ValueError`."""
    return tuple(_order(row, find(row.order_id, row.client_order_id)) for row in rows if row.rests)


def _order(row: replies.OrderRow, known: Known | None) -> StatedOrder:
    yes = Px(micros_from_text(row.yes_price_dollars))
    outcome, side, px = replies.claim(replies.direction(row), yes)
    name = OrderId("")
    if known is not None:
        request = known.request
        name, outcome, side = request.id, request.outcome, request.side
        px = yes if outcome == 0 else Px(MICRO - yes)
    left = Qty(micros_from_text(row.remaining_count_fp))
    return StatedOrder(name, row.order_id, market_id(VENUE, row.ticker), outcome, side, px, left)
