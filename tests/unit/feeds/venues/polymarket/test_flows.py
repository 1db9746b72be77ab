"""Errands about one order, at every answer that matters."""

from typing import Any

import pytest
from msgspec.structs import replace

from feeds.venues.base import Reply
from feeds.venues.polymarket import flows
from feeds.venues.polymarket.encode import id_of
from markets.terms.units import MICRO, SECOND, Ns, Qty
from tests.unit.feeds.venues.polymarket.errands import AWAY, Play, no, ok
from tests.unit.feeds.venues.polymarket.orders import AT, ME, market, order, remembered
from trading.engine.events import OrderCancelled, OrderDelayed, OrderRejected, OrderUnknown
from trading.engine.orders import TimeInForce
from trading.runtime.gateway import VenueUnreachable

IOC = order()
GTC = order(tif=TimeInForce.GTC)
NAME = id_of(IOC, market(), ME)
DONE = ok({"canceled": [NAME], "not_canceled": {}})


def record(status: str, matched: str = "0", *trades: str) -> Any:
    return ok(
        {"id": NAME, "status": status, "size_matched": matched, "associate_trades": list(trades)}
    )


def taken(status: str, *trades: str) -> Any:
    told = {"success": True, "errorMsg": "", "orderID": NAME, "status": status}
    return ok({**told, "tradeIDs": list(trades)})


def listed(name: str = "t1", size: str = "10", status: str = "TRADE_STATUS_MATCHED") -> Any:
    trade = {"id": name, "taker_order_id": NAME, "asset_id": "1" * 77, "size": size}
    return ok({"data": [{**trade, "price": "0.44", "status": status}], "next_cursor": "LTE="})


def test_a_sending_that_was_not_answered_is_for_the_executor_to_judge() -> None:
    with pytest.raises(VenueUnreachable):
        Play(flows.place(remembered(), IOC, AT), AWAY)


def test_a_match_tells_its_fills_and_asks_for_nothing_else() -> None:
    play = Play(flows.place(remembered(), IOC, AT), taken("matched", "t1"), listed())

    assert play.names == ["OrderAccepted", "OrderFilled"]
    assert play.paths == ["POST /order", "GET /data/trades"]


def test_a_match_without_listed_trades_is_unknown_until_they_are() -> None:
    empty = ok({"data": [], "next_cursor": "LTE="})
    play = Play(
        flows.place(remembered(), IOC, AT),
        taken("matched", "t1"),
        empty,
        record("MATCHED", "10", "t1"),
        empty,
    )

    assert play.names == ["OrderAccepted", "OrderUnknown"]


@pytest.mark.parametrize("bad", [AWAY, no(500), ok({"data": 3})])
def test_trades_that_cannot_be_read_leave_the_order_unknown(bad: Any) -> None:
    play = Play(flows.place(remembered(), IOC, AT), taken("matched", "t1"), bad)

    assert play.names == ["OrderAccepted", "OrderUnknown"]


def test_a_match_of_part_of_an_immediate_order_ends_it() -> None:
    play = Play(flows.place(remembered(), IOC, AT), taken("matched", "t1"), listed(size="4"))

    assert play.told[-1] == OrderCancelled(
        AT, IOC.id, Qty(4 * MICRO), "The rest of an immediate order was dropped."
    )


def test_the_venues_other_id_is_followed() -> None:
    other = ok({"success": True, "errorMsg": "", "orderID": "0x77", "status": "live"})
    known = remembered()
    Play(flows.place(known, GTC, AT), other)

    assert known.id(GTC.id) == "0x77"


@pytest.mark.parametrize("status", ["live", "unmatched"])
def test_a_resting_order_rests_and_an_immediate_one_does_not(status: str) -> None:
    assert Play(flows.place(remembered(), GTC, AT), taken(status)).names == ["OrderAccepted"]
    play = Play(flows.place(remembered(), IOC, AT), taken(status), DONE, record("CANCELED"))
    assert play.paths[1:] == ["DELETE /order", f"GET /data/order/{NAME}"]
    assert play.names == ["OrderAccepted", "OrderCancelled"]


@pytest.mark.parametrize(
    ("answer", "words"),
    [(AWAY, "no answer"), (no(503, {"error": "disabled"}), "answered 503 disabled")],
)
def test_a_rest_that_could_not_be_cancelled_is_unknown(answer: Any, words: str) -> None:
    play = Play(flows.place(remembered(), IOC, AT), taken("live"), answer)

    assert isinstance(play.told[-1], OrderUnknown)
    assert words in play.told[-1].reason


def test_a_rest_that_still_rests_after_its_cancel_is_unknown_and_not_cancelled_again() -> None:
    play = Play(flows.cancel(remembered(IOC), IOC, AT), DONE, record("LIVE"))

    assert play.names == ["OrderUnknown"]


def test_a_delay_ends_when_the_market_says_or_at_an_unknown_time() -> None:
    [told] = Play(flows.place(remembered(), IOC, AT), taken("delayed")).told
    assert told == OrderDelayed(AT, IOC.id, NAME, Ns(0))
    slow = remembered(listed=market(delay_ms=3_000))
    [told] = Play(flows.place(slow, IOC, AT), taken("delayed")).told
    assert told == OrderDelayed(AT, IOC.id, NAME, Ns(AT + 3 * SECOND))
    assert list(slow.waiting) == [NAME]


def test_an_order_that_waits_is_told_to_wait() -> None:
    assert Play(flows.look(remembered(IOC), IOC, AT), record("DELAYED")).names == ["OrderDelayed"]


@pytest.mark.parametrize("body", [no(404), ok(None), Reply(200, (), b"")])
def test_what_the_venue_does_not_know_is_absent_only_after_a_while(body: Any) -> None:
    young = Play(flows.look(remembered(IOC), IOC, AT), body)
    assert young.names == ["OrderUnknown"]
    old = replace(IOC, placed_at=Ns(AT - flows.ABSENT_AFTER))
    [told] = Play(flows.look(remembered(old), old, AT), body).told
    assert isinstance(told, OrderRejected)
    assert told.code == "not_found"


def test_an_order_the_venue_says_it_did_not_take_is_verified_by_its_id() -> None:
    play = Play(flows.place(remembered(), IOC, AT), no(425), no(404))
    assert isinstance(play.told[0], OrderRejected)
    assert play.told[0].code == "restarting"
    play = Play(flows.place(remembered(), GTC, AT), no(425), record("LIVE"))
    assert play.names == ["OrderAccepted"]


@pytest.mark.parametrize("bad", [AWAY, no(500), ok([1])])
def test_an_order_that_cannot_be_asked_for_stays_unknown(bad: Any) -> None:
    assert Play(flows.look(remembered(IOC), IOC, AT), bad).names == ["OrderUnknown"]


def test_a_failed_trade_is_told_as_taken_back_and_not_counted() -> None:
    play = Play(
        flows.look(remembered(IOC), IOC, AT),
        record("MATCHED", "10", "t1", "t2"),
        listed("t1", "6"),
        listed("t2", "4", "TRADE_STATUS_FAILED"),
    )

    assert play.names == ["OrderFilled", "OrderFilled", "OrderCancelled"]
    assert isinstance(play.told[-1], OrderCancelled)
    assert play.told[-1].filled == 6 * MICRO


def test_numbers_that_cannot_be_read_leave_it_unknown() -> None:
    assert Play(flows.look(remembered(IOC), IOC, AT), record("LIVE", "many")).names == [
        "OrderUnknown"
    ]


def test_a_killed_order_says_why_in_the_venues_words() -> None:
    [told] = Play(flows.look(remembered(IOC), IOC, AT), record("CANCELED_by the venue")).told
    assert isinstance(told, OrderCancelled)
    assert told.reason == "by the venue"


def test_an_order_that_could_never_be_encoded_was_never_sent() -> None:
    odd = order(outcome=5)
    [told] = Play(flows.look(remembered(odd), odd, AT)).told
    assert isinstance(told, OrderRejected)
    assert told.code == "never_sent"


def test_an_order_of_a_market_nobody_follows_never_leaves() -> None:
    [told] = Play(flows.place(remembered(), order(market="polymarket:0xbb"), AT)).told
    assert isinstance(told, OrderRejected)
    assert told.code == "infeasible"
