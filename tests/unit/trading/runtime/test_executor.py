"""What left and was not answered is unknown, never failed; cancels always pass."""

from __future__ import annotations

import asyncio

import pytest

from markets.terms.ids import MarketId, OrderId, VenueId
from markets.terms.units import Ns
from tests.fakes import START, FakeGateway, ManualClock, request, settle
from trading.engine.events import Event, OrderAccepted, OrderRejected, OrderUnknown
from trading.engine.intents import CancelOrder, Intent, PlaceOrder, QueryOrder, SetTimer
from trading.engine.orders import BookKind, Purpose
from trading.runtime.executor import Executor, Lease
from trading.runtime.gateway import VenueUnreachable

KALSHI = VenueId("kalshi")


class Desk:
    """An executor with one silent or talking gateway, and what came of it."""

    def __init__(self, lease: Lease | None = None) -> None:
        self.clock = ManualClock()
        self.events: list[Event] = []
        self.bugs: list[BaseException] = []
        self.gateway = FakeGateway(self.events.append, self.clock)
        self.lease = lease or Lease(required=False)
        self.executor = Executor(
            {(KALSHI, BookKind.PAPER): self.gateway},
            self.events.append,
            self.clock,
            self.lease,
            self.bugs.append,
        )

    async def carry(self, *intents: Intent) -> None:
        for intent in intents:
            self.executor.carry(intent)
        await settle()

    def codes(self) -> list[str]:
        return [e.code for e in self.events if isinstance(e, OrderRejected)]


def place(name: str = "o", purpose: Purpose = Purpose.OPEN, market: str = "kalshi:A") -> Intent:
    return PlaceOrder(START, request(name, market, purpose))


def cancel(name: str = "o", market: str = "kalshi:A") -> Intent:
    return CancelOrder(START, OrderId(name), MarketId(market), BookKind.PAPER)


def query(name: str = "o", market: str = "kalshi:A") -> Intent:
    return QueryOrder(START, OrderId(name), MarketId(market), BookKind.PAPER)


async def test_each_intent_reaches_the_gateway_of_its_venue_and_book() -> None:
    desk = Desk()

    await desk.carry(place("a"), cancel("b"), query("c"), SetTimer(START, "t", START))

    assert [r.id for r in desk.gateway.placed] == ["a"]
    assert (desk.gateway.cancelled, desk.gateway.queried) == (["b"], ["c"])
    assert desk.events == [OrderAccepted(START, OrderId("a"), "v-a")]
    assert desk.executor.in_flight == 0


@pytest.mark.parametrize("intent", [place(), cancel(), query()])
async def test_a_request_without_an_answer_leaves_the_order_unknown(intent: Intent) -> None:
    desk = Desk()
    desk.gateway.silent = True
    await desk.carry(intent)
    desk.clock.advance(4_999)
    await settle()
    assert desk.events == []

    desk.clock.advance(1)
    await settle()

    assert desk.events == [
        OrderUnknown(Ns(START + 5_000_000_000), OrderId("o"), "no answer within 5000 ms")
    ]
    assert desk.executor.in_flight == 0


async def test_an_answer_in_time_ends_the_deadline() -> None:
    desk = Desk()
    await desk.carry(place())

    desk.clock.advance(10_000)

    assert [type(e) for e in desk.events] == [OrderAccepted]


async def test_a_venue_lost_after_sending_leaves_the_order_unknown() -> None:
    desk = Desk()
    desk.gateway.raises = VenueUnreachable(KALSHI, "reset by peer", sent=True)

    await desk.carry(place())

    assert desk.events == [
        OrderUnknown(START, OrderId("o"), "kalshi cannot be reached: reset by peer")
    ]


async def test_an_order_that_surely_never_left_is_rejected() -> None:
    desk = Desk()
    desk.gateway.raises = VenueUnreachable(KALSHI, "connection refused", sent=False)

    await desk.carry(place())

    assert desk.codes() == ["unreachable"]


@pytest.mark.parametrize("intent", [cancel(), query()])
async def test_a_cancel_or_query_that_never_left_says_nothing_sure_of_the_order(
    intent: Intent,
) -> None:
    desk = Desk()
    desk.gateway.raises = VenueUnreachable(KALSHI, "connection refused", sent=False)

    await desk.carry(intent)

    assert [type(e) for e in desk.events] == [OrderUnknown]


async def test_a_bug_in_a_gateway_is_not_swallowed() -> None:
    desk = Desk()
    desk.gateway.raises = KeyError("field")

    await desk.carry(place())

    assert [type(b) for b in desk.bugs] == [KeyError]
    assert desk.events == []


async def test_a_stopped_executor_passes_cancels_and_queries_and_no_order() -> None:
    desk = Desk()
    desk.executor.stop("a person pressed halt")

    await desk.carry(place("a", Purpose.HEDGE), cancel("b"), query("c"))

    assert desk.gateway.placed == []
    assert (desk.gateway.cancelled, desk.gateway.queried) == (["b"], ["c"])
    assert desk.events == [
        OrderRejected(START, OrderId("a"), "stopped", "Orders are stopped: a person pressed halt")
    ]
    desk.executor.resume()
    await desk.carry(place("d"))
    assert [r.id for r in desk.gateway.placed] == ["d"]


async def test_an_order_for_a_book_nobody_carries_is_rejected_and_its_cancel_unknown() -> None:
    desk = Desk()

    await desk.carry(place("a", market="other:X"), cancel("b", "other:X"), query("c", "other:X"))

    assert desk.codes() == ["gateway"]
    assert [type(e) for e in desk.events[1:]] == [OrderUnknown, OrderUnknown]


@pytest.mark.parametrize(
    ("ms", "passed"),
    [
        (2_499, ["open", "hedge", "unwind"]),
        (2_500, ["hedge", "unwind"]),
        (3_999, ["hedge", "unwind"]),
        (4_000, []),
    ],
)
async def test_a_lease_that_is_not_renewed_stops_new_deals_first_and_then_everything(
    ms: int, passed: list[str]
) -> None:
    desk = Desk(Lease())
    desk.lease.renewed(START)
    desk.clock.advance(ms)

    await desk.carry(*(place(p.value, p) for p in Purpose), cancel("c"))

    assert [r.id for r in desk.gateway.placed] == passed
    assert desk.codes() == ["lease"] * (3 - len(passed))
    assert desk.gateway.cancelled == ["c"]


async def test_without_a_lease_or_with_a_lost_one_nothing_is_sent() -> None:
    desk = Desk(Lease())
    await desk.carry(place("a", Purpose.HEDGE))
    desk.lease.renewed(START)
    desk.lease.lost()
    await desk.carry(place("b", Purpose.HEDGE))

    assert desk.codes() == ["lease", "lease"]


async def test_an_older_renewal_does_not_shorten_the_lease() -> None:
    lease = Lease()
    lease.renewed(Ns(START + 5))
    lease.renewed(START)

    assert lease.age(Ns(START + 7)) == 2


async def test_finishing_waits_for_what_is_in_flight() -> None:
    desk = Desk()
    desk.gateway.silent = True
    await desk.carry(place())
    ending = asyncio.create_task(desk.executor.finish())
    await settle()
    assert not ending.done()

    desk.clock.advance(5_000)
    await ending

    assert desk.executor.in_flight == 0
