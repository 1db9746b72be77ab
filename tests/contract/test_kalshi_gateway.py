"""The live Kalshi gateway against the strict fake, over real sockets on loopback.

Each test is a row of the sheet's tables of outcomes and failures (kalshi sheet 3.8-3.12 and 8).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.contract.kalshi_gateway import Desk, desk
from trading.engine.events import OrderAccepted, OrderCancelled, OrderFilled, OrderRejected
from trading.engine.orders import Side, TimeInForce


@pytest.fixture
async def venue() -> AsyncIterator[Desk]:
    async with desk() as made:
        yield made


async def test_accepted_an_order_that_takes_everything_is_accepted_and_filled(venue: Desk) -> None:
    venue.show(bids="0.40x10", asks="0.42x10")

    request = await venue.place("0.42")

    assert venue.names() == ["OrderAccepted", "OrderFilled"]
    (filled,) = venue.said(OrderFilled)
    assert (filled.fill.order, filled.fill.px, filled.fill.qty) == (request.id, 420_000, 10_000_000)
    assert filled.fill.fee > 0


async def test_accepted_a_part_is_filled_and_the_rest_cancelled(venue: Desk) -> None:
    venue.show(asks="0.42x4 0.43x3")

    request = await venue.place("0.43")

    assert venue.names() == ["OrderAccepted", "OrderFilled", "OrderFilled", "OrderCancelled"]
    (ended,) = venue.said(OrderCancelled)
    assert (ended.order, ended.filled) == (request.id, 7_000_000)


async def test_buying_no_is_selling_yes_at_the_mirrored_price(venue: Desk) -> None:
    venue.show(bids="0.40x10")

    await venue.place("0.61", outcome=1)

    (filled,) = venue.said(OrderFilled)
    assert (filled.fill.outcome, filled.fill.side, filled.fill.px) == (1, Side.BUY, 600_000)


async def test_a_resting_order_is_cancelled_and_says_what_it_had_filled(venue: Desk) -> None:
    request = await venue.place("0.42", tif=TimeInForce.GTC, post_only=True)
    await venue.gateway.cancel(request.id, request.market)

    assert venue.names() == ["OrderAccepted", "OrderCancelled"]
    assert venue.said(OrderCancelled)[0].filled == 0


async def test_a_fill_of_a_resting_order_comes_over_the_private_channel_once(venue: Desk) -> None:
    running = asyncio.create_task(venue.gateway.run())
    try:
        await venue.until(lambda: venue.gateway.is_up)
        request = await venue.place("0.42", tif=TimeInForce.GTC)
        venue.fault("race")
        await venue.gateway.cancel(request.id, request.market)
        await venue.gateway.query(request.id, request.market)

        assert len(venue.said(OrderFilled)) == 1
        assert not venue.said(OrderCancelled, OrderRejected)
        assert venue.said(OrderAccepted)[0].venue_order
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
