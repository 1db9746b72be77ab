"""The live Kalshi gateway against the strict fake, over real sockets on loopback.

Each test is a row of the sheet's tables of outcomes and failures (kalshi sheet 3.8-3.12 and 8).
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from feeds.venues.kalshi.trader import KalshiTrader
from markets.terms.instruments import even_ladder
from markets.terms.units import Px
from tests.contract.kalshi_gateway import BALL, KEY, MARKETS, RAIN, Desk, desk, market
from trading.engine.events import (
    AccountReported,
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
    OrderRejected,
    OrderUnknown,
)
from trading.engine.orders import OrderState, Purpose, Side, TimeInForce
from trading.runtime.gateway import VenueUnreachable


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
    async with venue.running():
        request = await venue.place("0.42", tif=TimeInForce.GTC)
        venue.fault("race")
        await venue.gateway.cancel(request.id, request.market)
        await venue.gateway.query(request.id, request.market)

        assert len(venue.said(OrderFilled)) == 1
        assert not venue.said(OrderCancelled, OrderRejected)
        assert venue.said(OrderAccepted)[0].venue_order


# answers that refuse


async def test_fok_that_cannot_fill_is_refused_409(venue: Desk) -> None:
    venue.show(asks="0.42x4")

    await venue.place("0.42", tif=TimeInForce.FOK)

    assert refused(venue) == "fill_or_kill_insufficient_resting_volume"


async def test_post_only_that_would_cross_is_refused(venue: Desk) -> None:
    venue.show(asks="0.42x4")

    await venue.place("0.42", tif=TimeInForce.GTC, post_only=True)

    assert refused(venue) == "invalid_order"


async def test_not_enough_cash_on_the_shard_is_refused(venue: Desk) -> None:
    await venue.place("0.90", "2000", tif=TimeInForce.GTC)

    assert refused(venue) == "insufficient_balance"


async def test_a_shard_that_was_never_funded_is_refused_404() -> None:
    async with desk(funded=(0,)) as venue:
        venue.show(asks="0.42x4", ticker=BALL)

        await venue.place("0.42", market=MARKETS[1].id)

        (said,) = venue.said(OrderRejected)
        assert (said.code, "move cash" in said.text) == ("user_not_found", True)


async def test_an_unknown_market_is_refused_404(venue: Desk) -> None:
    venue.trader.list_markets((market("KXGONE-1"),))

    await venue.place("0.42", market=market("KXGONE-1").id)

    assert refused(venue) == "market_not_found"


async def test_a_price_off_the_venues_grid_is_refused_400(venue: Desk) -> None:
    fine = replace(MARKETS[0], ticks=even_ladder(Px(1_000)))
    venue.trader.list_markets((fine,))

    await venue.place("0.421")

    assert refused(venue) == "invalid_price"


async def test_what_never_fits_is_refused_before_anything_is_sent(venue: Desk) -> None:
    await venue.place("0.425")
    await venue.place("0.42", "0.005")

    assert [said.code for said in venue.said(OrderRejected)] == [
        "invalid_price",
        "invalid_order_size",
    ]
    assert not venue.fake.floor.orders


@pytest.mark.parametrize("mode", ["paused", "cancel_only", "post_only"])
async def test_in_a_trading_pause_orders_are_refused_and_cancels_pass(
    venue: Desk, mode: str
) -> None:
    resting = await venue.place("0.10", tif=TimeInForce.GTC)
    venue.fault("mode", mode=mode)
    # An order that may die with the pause is gone already; its cancel then proves that.
    await venue.place("0.42")
    await venue.gateway.cancel(resting.id, resting.market)

    assert refused(venue) == "trading_paused"
    assert venue.said(OrderCancelled)[0].order == resting.id


async def test_in_an_exchange_pause_nothing_is_taken_and_a_refused_cancel_leaves_doubt(
    venue: Desk,
) -> None:
    resting = await venue.place("0.10", tif=TimeInForce.GTC)
    venue.fake.floor.orders[venue.said(OrderAccepted)[0].venue_order].dies_on_pause = False
    venue.fault("mode", mode="disabled")
    await venue.place("0.42")
    await venue.gateway.cancel(resting.id, resting.market)

    assert refused(venue) == "exchange_paused"
    assert "refused" in venue.said(OrderUnknown)[0].reason


async def test_a_closed_market_refuses_orders(venue: Desk) -> None:
    venue.fault("close", market=RAIN)

    await venue.place("0.42")

    assert refused(venue) == "market_inactive"


async def test_a_key_that_may_only_read_is_refused_403() -> None:
    async with desk(scopes=("read",)) as venue:
        await venue.place("0.42")

        assert refused(venue) == "forbidden"


async def test_a_clock_that_is_off_is_refused_401(venue: Desk) -> None:
    venue.fault("clock", ms=60_000, seconds=30)

    await venue.place("0.42")

    assert refused(venue) == "header_timestamp_expired"


# what may have been done


async def test_429_with_the_time_to_wait_means_that_nothing_was_taken(venue: Desk) -> None:
    venue.fault("storm", seconds=5, retry_after=1)

    await venue.place("0.42")

    assert refused(venue)
    assert not venue.fake.floor.orders


async def test_429_without_headers_means_that_nothing_was_taken(venue: Desk) -> None:
    await venue.place("0.01", tif=TimeInForce.GTC)
    venue.drain()

    await venue.place("0.01", tif=TimeInForce.GTC)

    assert refused(venue) == "too_many_requests"
    assert len(venue.fake.floor.orders) == 1


async def test_a_5xx_leaves_the_order_unknown_and_a_late_look_proves_it_absent(
    venue: Desk,
) -> None:
    request = venue.remember(venue.request("0.42"), placed_before=50)
    venue.fault("broken", seconds=30, status=502)
    await venue.gateway.place(request)
    assert venue.names() == ["OrderUnknown"]

    venue.fault("broken", seconds=0, status=502)
    venue.events.clear()
    await venue.gateway.query(request.id, request.market)

    assert refused(venue) == "absent"


async def test_while_it_could_still_arrive_an_order_that_is_not_listed_stays_unknown(
    venue: Desk,
) -> None:
    request = venue.remember(venue.request("0.42"))

    await venue.gateway.query(request.id, request.market)

    assert venue.names() == ["OrderUnknown"]


async def test_a_timeout_after_the_send_is_unknown_and_asking_finds_the_fills(
    venue: Desk,
) -> None:
    venue.show(asks="0.42x4")
    venue.fault("unanswered")
    request = venue.remember(venue.request("0.42"))
    with pytest.raises(VenueUnreachable) as away:
        await venue.gateway.place(request)
    assert away.value.sent

    await venue.gateway.query(request.id, request.market)

    assert venue.names() == ["OrderAccepted", "OrderFilled", "OrderCancelled"]
    assert venue.said(OrderCancelled)[0].filled == 4_000_000
    assert len(venue.fake.floor.orders) == 1


async def test_a_200_with_an_error_in_it_is_unknown(venue: Desk) -> None:
    venue.fault("error_body")

    await venue.place("0.42")

    assert venue.names() == ["OrderUnknown"]


async def test_409_duplicate_means_that_ours_is_there_and_it_is_looked_up(venue: Desk) -> None:
    venue.show(asks="0.42x10")
    request = await venue.place("0.42", "4")
    venue.events.clear()

    await venue.gateway.place(request)

    assert venue.names() == ["OrderAccepted", "OrderFilled"]
    assert len(venue.fake.floor.orders) == 1
    assert len({said.fill.key for said in venue.said(OrderFilled)}) == 1


async def test_a_venue_that_does_not_listen_says_that_nothing_was_sent(venue: Desk) -> None:
    await venue.server.stop()

    with pytest.raises(VenueUnreachable) as away:
        await venue.place("0.42")

    assert not away.value.sent


# cancels


async def test_404_on_a_cancel_after_the_fill_finds_the_fill(venue: Desk) -> None:
    request = await venue.place("0.42", tif=TimeInForce.GTC)
    venue.fault("race")

    await venue.gateway.cancel(request.id, request.market)

    assert venue.names() == ["OrderAccepted", "OrderFilled"]


async def test_404_on_a_second_cancel_says_that_it_was_cancelled(venue: Desk) -> None:
    request = await venue.place("0.42", tif=TimeInForce.GTC)
    await venue.gateway.cancel(request.id, request.market)
    again = KalshiTrader(("key", KEY), venue.orders.get)
    again.list_markets(MARKETS)
    venue.know(request, OrderState.OPEN, venue.said(OrderAccepted)[0].venue_order)
    venue.gateway.trader = again
    venue.events.clear()

    await venue.gateway.cancel(request.id, request.market)

    assert venue.names() == ["OrderCancelled"]


async def test_a_cancel_of_an_order_whose_answer_was_lost_finds_it_first(venue: Desk) -> None:
    venue.fault("unanswered")
    request = venue.remember(venue.request("0.42", tif=TimeInForce.GTC))
    with pytest.raises(VenueUnreachable):
        await venue.gateway.place(request)

    await venue.gateway.cancel(request.id, request.market)

    assert venue.names() == ["OrderAccepted", "OrderCancelled"]


async def test_a_cancel_whose_answer_was_lost_is_unknown_and_asking_ends_it(venue: Desk) -> None:
    request = await venue.place("0.42", tif=TimeInForce.GTC)
    venue.fault("unanswered")
    with pytest.raises(VenueUnreachable):
        await venue.gateway.cancel(request.id, request.market)
    venue.events.clear()

    await venue.gateway.query(request.id, request.market)

    assert venue.names() == ["OrderAccepted", "OrderCancelled"]


# reads that lag, copies, self-trades, statements


async def test_reads_that_lag_never_take_back_what_the_answer_said() -> None:
    async with desk(seed=7) as venue:
        venue.show(asks="0.42x4 0.43x3")

        request = await venue.place("0.43")

        await venue.gateway.query(request.id, request.market)
        assert sum(said.fill.qty for said in venue.said(OrderFilled)) == 7_000_000
        assert len({said.fill.key for said in venue.said(OrderFilled)}) == 2
        assert {said.filled for said in venue.said(OrderCancelled)} == {7_000_000}


async def test_a_fill_counts_once_whether_the_stream_or_the_list_says_it_first(
    venue: Desk,
) -> None:
    async with venue.running():
        venue.show(asks="0.42x4 0.43x3")
        request = await venue.place("0.43")
        again = KalshiTrader(("key", KEY), venue.orders.get)
        again.list_markets(MARKETS)
        streamed = {said.fill.key: said.fill.qty for said in venue.said(OrderFilled)}
        assert len(venue.said(OrderFilled)) == 2

    venue.know(request, OrderState.UNKNOWN, "")
    venue.gateway.trader = again
    venue.events.clear()
    await venue.gateway.query(request.id, request.market)

    assert {said.fill.key: said.fill.qty for said in venue.said(OrderFilled)} == streamed


async def test_an_opening_order_that_would_meet_our_own_is_cancelled_itself(venue: Desk) -> None:
    await venue.place("0.42", tif=TimeInForce.GTC)
    venue.events.clear()

    await venue.place("0.58", outcome=1)

    assert venue.names() == ["OrderAccepted", "OrderCancelled"]


async def test_a_hedge_that_would_meet_our_own_takes_that_away(venue: Desk) -> None:
    async with venue.running():
        resting = await venue.place("0.42", tif=TimeInForce.GTC)
        venue.show(bids="0.41x10")
        await venue.place("0.60", outcome=1, purpose=Purpose.HEDGE)

        await venue.until(lambda: bool(venue.said(OrderCancelled)))
        assert venue.said(OrderCancelled)[0].order == resting.id
        assert len(venue.said(OrderFilled)) == 1


async def test_the_statement_is_the_ledger(venue: Desk) -> None:
    venue.show(bids="0.40x10", asks="0.42x4")
    await venue.place("0.42", "4")
    await venue.place("0.61", "3", outcome=1)
    resting = await venue.place("0.10", "5", tif=TimeInForce.GTC)

    said = await venue.gateway.statement()

    pockets = venue.fake.ledger.pockets("trader/0")
    assert said.cash == sum(venue.fake.ledger.free("trader/0", shard) for shard in pockets)
    assert said.holdings == ((MARKETS[0].id, 0, 1_000_000),)
    (order,) = said.orders
    assert (order.order, order.outcome, order.px, order.left) == (
        resting.id,
        0,
        100_000,
        5_000_000,
    )
    assert said.complete
    assert said.asked_at < said.at


async def test_what_others_do_in_our_account_asks_for_a_statement(venue: Desk) -> None:
    async with venue.running():
        await venue.elsewhere("bid", "5", "0.10")

        await venue.until(lambda: any(said.orders for said in venue.said(AccountReported)))
        assert venue.said(AccountReported)[-1].orders[0].order == ""


async def test_when_the_private_channel_is_back_open_orders_are_looked_up(venue: Desk) -> None:
    request = venue.remember(venue.request("0.42", tif=TimeInForce.GTC))
    async with venue.running():
        await venue.gateway.place(request)
        venue.watched = ((request.id, request.market),)
        venue.fault("disconnect")
        await venue.until(lambda: not venue.gateway.is_up)
        venue.events.clear()

        await venue.until(lambda: "AccountReported" in venue.names())
        assert venue.names()[0] == "OrderAccepted"


def refused(venue: Desk) -> str:
    """The code of the one refusal."""
    (said,) = venue.said(OrderRejected)
    return str(said.code)
