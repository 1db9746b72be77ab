"""Errands at Kalshi, driven by hand: what is asked next, and what is told, for each answer."""

import json
from collections.abc import Callable, Generator
from typing import Any

import pytest

from feeds.venues.base import Reply, Request
from feeds.venues.errands import Ask, Await, Heard, Rest, Step, Tell
from feeds.venues.kalshi import encode
from feeds.venues.kalshi.trader import EXPIRED, LISTED, KalshiTrader
from markets.terms.units import SECOND, Ns
from tests.unit.feeds.venues.kalshi.test_encode import NOW, RAIN, request
from trading.engine.events import (
    AccountReported,
    Event,
    OrderAccepted,
    OrderCancelled,
    OrderRejected,
    OrderUnknown,
)
from trading.engine.orders import Order, OrderRequest, OrderState, TimeInForce

Answer = Callable[[Request], Reply]
LATE = Ns(NOW + EXPIRED + 1)


def reply(status: int, body: Any = None) -> Reply:
    return Reply(status, (), b"" if body is None else json.dumps(body).encode())


def trader(*known: OrderRequest, venue_order: str = "") -> KalshiTrader:
    orders = {
        one.id: Order(one, OrderState.UNKNOWN, NOW, NOW, venue_order=venue_order) for one in known
    }
    made = KalshiTrader(None, orders.get)
    made.list_markets([RAIN])
    return made


def drive(
    steps: Generator[Step, Heard, Any], answer: Answer, at: Ns = NOW
) -> tuple[list[Event], list[Request], Any]:
    """Everything told and asked, and the errand's result; time passes only in its pauses."""
    told: list[Event] = []
    asked: list[Request] = []
    heard: Heard | None = None
    try:
        while True:
            step = next(steps) if heard is None else steps.send(heard)
            heard = Heard(at)
            match step:
                case Tell(event):
                    told.append(event)
                case Ask(wanted):
                    asked.append(wanted)
                    heard = Heard(at, answer(wanted))
                case Rest(length) | Await(_, length):
                    at = Ns(at + length)
                    heard = Heard(at)
    except StopIteration as done:
        return told, asked, done.value


def row(**more: Any) -> dict[str, Any]:
    return {
        "order_id": "venue",
        "client_order_id": "run-1-0",
        "ticker": "KXRAIN-1",
        "status": "canceled",
        "fill_count_fp": "0.00",
        "book_side": "bid",
        **more,
    }


def lists(*rows: dict[str, Any], as_of: str = "2026-11-18T00:00:00Z") -> Answer:
    def answer(asked: Request) -> Reply:
        if asked.path == "/portfolio/orders":
            return reply(200, {"orders": list(rows), "cursor": ""})
        if asked.path == "/exchange/user_data_timestamp":
            return reply(200, {"as_of_time": as_of})
        return reply(200, {"fills": [], "cursor": ""})

    return answer


def test_a_market_that_is_not_listed_is_never_asked_for() -> None:
    made = KalshiTrader(None, lambda order: None)

    (said,), asked, _ = drive(made.place(request(), NOW), lists())

    assert isinstance(said, OrderRejected)
    assert asked == []


def test_an_order_that_is_nobodys_cannot_be_asked_for() -> None:
    for steps in (
        trader().query(request().id, RAIN.id, NOW),
        trader().cancel(request().id, RAIN.id, NOW),
    ):
        (said,), asked, _ = drive(steps, lists())
        assert isinstance(said, OrderUnknown)
        assert asked == []


def test_it_is_found_by_our_id_in_the_markets_list() -> None:
    steps = trader(request()).query(request().id, RAIN.id, NOW)

    told, asked, _ = drive(steps, lists(row(client_order_id="another"), row()))

    assert [type(one) for one in told] == [OrderAccepted, OrderCancelled]
    assert dict(asked[0].query)["ticker"] == "KXRAIN-1"


def test_absence_is_proven_only_late_by_both_clocks() -> None:
    early, late = "2026-11-18T00:00:00Z", "2026-11-18T11:30:00Z"
    of_then = "2026-11-18T11:07:00Z"  # not yet EXPIRED after the order

    def outcome(at: Ns, as_of: str) -> Event:
        steps = trader(request()).query(request().id, RAIN.id, at)
        return drive(steps, lists(as_of=as_of), at)[0][-1]

    assert isinstance(outcome(NOW, late), OrderUnknown)
    assert isinstance(outcome(LATE, early), OrderUnknown)
    assert isinstance(outcome(LATE, of_then), OrderUnknown)
    assert isinstance(outcome(LATE, "never"), OrderUnknown)
    proven = outcome(LATE, late)
    assert isinstance(proven, OrderRejected)
    assert proven.code == "absent"


@pytest.mark.parametrize("placed_at", [Ns(0), Ns(NOW - LISTED)])
def test_an_order_too_old_to_be_listed_is_never_proven_absent(placed_at: Ns) -> None:
    old = request(placed_at=placed_at)

    told, _, _ = drive(trader(old).query(old.id, RAIN.id, NOW), lists(as_of="2026-11-18T11:30:00Z"))

    assert isinstance(told[-1], OrderUnknown)


def test_a_list_that_runs_in_circles_proves_no_absence() -> None:
    def circle(asked: Request) -> Reply:
        return reply(200, {"orders": [], "cursor": "page-1"})

    told, asked, _ = drive(trader(request()).query(request().id, RAIN.id, LATE), circle, LATE)

    assert isinstance(told[-1], OrderUnknown)
    assert len(asked) == 2


def test_a_404_of_an_order_that_was_accepted_is_a_read_that_is_behind() -> None:
    steps = trader(request(), venue_order="venue").query(request().id, RAIN.id, LATE)

    (said,), asked, _ = drive(steps, lambda _: reply(404, {"error": {"code": "not_found"}}), LATE)

    assert isinstance(said, OrderUnknown)
    assert [one.path for one in asked] == ["/portfolio/orders/venue"]


def test_an_immediate_order_that_seems_to_rest_is_a_read_that_is_behind() -> None:
    steps = trader(request(), venue_order="venue").query(request().id, RAIN.id, NOW)

    (said,), _, _ = drive(steps, lambda _: reply(200, {"order": row(status="resting")}))

    assert isinstance(said, OrderUnknown)


def test_fills_that_are_counted_and_not_listed_leave_doubt() -> None:
    def answer(asked: Request) -> Reply:
        if asked.path == "/portfolio/fills":
            return reply(200, {"fills": [], "cursor": None})
        return reply(200, {"order": row(fill_count_fp="4.00")})

    steps = trader(request(), venue_order="venue").query(request().id, RAIN.id, NOW)
    told, asked, _ = drive(steps, answer)

    assert isinstance(told[-1], OrderUnknown)
    assert not any(isinstance(one, OrderCancelled) for one in told)
    assert len(asked) == 5


def test_after_a_404_it_is_read_until_it_no_longer_seems_to_rest() -> None:
    left = iter([row(status="resting"), row(status="resting"), row(fill_count_fp="0.00")])

    def answer(asked: Request) -> Reply:
        if asked.method == "DELETE":
            return reply(404, {"error": {"code": "not_found"}})
        return reply(200, {"order": next(left)})

    resting = request(tif=TimeInForce.GTC)
    told, _, _ = drive(
        trader(resting, venue_order="venue").cancel(resting.id, RAIN.id, NOW), answer
    )

    assert [type(one) for one in told] == [OrderCancelled]


def test_after_a_404_that_no_read_explains_it_stays_unknown() -> None:
    def answer(asked: Request) -> Reply:
        return (
            reply(404) if asked.method == "DELETE" else reply(200, {"order": row(status="resting")})
        )

    resting = request(tif=TimeInForce.GTC)
    told, _, _ = drive(
        trader(resting, venue_order="venue").cancel(resting.id, RAIN.id, NOW), answer
    )

    assert [type(one) for one in told] == [OrderUnknown]


def test_a_cancel_answered_for_another_order_proves_nothing() -> None:
    resting = request(tif=TimeInForce.GTC)
    steps = trader(resting, venue_order="venue").cancel(resting.id, RAIN.id, NOW)

    (said,), _, _ = drive(steps, lambda _: reply(200, {"order_id": "x", "reduced_by": "1"}))

    assert isinstance(said, OrderUnknown)


def test_an_answer_that_is_not_understood_is_raised_for_the_gateway_to_judge() -> None:
    steps = trader(request(), venue_order="venue").query(request().id, RAIN.id, NOW)

    with pytest.raises(ValueError, match="answered 503"):
        drive(steps, lambda _: reply(503))


def test_a_statement_says_when_it_was_asked_for_and_whether_it_is_whole() -> None:
    def answer(asked: Request) -> Reply:
        if asked == encode.BALANCE:
            parts = [
                {"exchange_index": 3, "balance": "2.0000"},
                {"exchange_index": 0, "balance": "8.0950"},
            ]
            said = {"balance": 1009, "balance_dollars": "10.0950", "balance_breakdown": parts}
            return reply(200, said)
        if asked.path == "/portfolio/positions":
            return reply(200, {"market_positions": [{"ticker": "A", "position_fp": "-2.00"}]})
        return reply(200, {"orders": [], "cursor": "again"})

    _, asked, said = drive(trader().statement(NOW), answer)

    assert isinstance(said, AccountReported)
    assert (said.cash, said.holdings) == (10_095_000, (("kalshi:A", 1, 2_000_000),))
    assert said.pockets == ((0, 8_095_000), (3, 2_000_000))
    assert (said.asked_at, said.complete) == (NOW, False)
    assert len(asked) == 4


def test_without_a_key_nothing_is_signed_and_nothing_ripens() -> None:
    made = trader()
    made.ripen(Ns(NOW + SECOND))

    assert made.signed(encode.BALANCE, NOW) == encode.BALANCE
