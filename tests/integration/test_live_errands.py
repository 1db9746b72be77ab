"""What an errand that breaks off half-way says of the order it was about."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from feeds.runtime.live import Line, LiveGateway
from feeds.venues.base import Reply, Request
from feeds.venues.errands import Ask, Errand, Private, Statement, Tell
from markets.terms.ids import MarketId, OrderId
from markets.terms.instruments import Market
from markets.terms.units import Ns
from tests.builders import KA
from tests.fakes import START, ManualClock, request
from trading.engine.events import Event, OrderAccepted
from trading.engine.orders import OrderRequest
from trading.runtime.gateway import VenueUnreachable

PLACE = Request("POST", "rest", "/orders")
FILLS = Request("GET", "rest", "/fills")


class Trader:
    """Places an order, and reads its fills afterwards or before."""

    wants_statement = False

    def __init__(self, first: Request, second: Request) -> None:
        self.steps = (first, second)

    def list_markets(self, markets: Iterable[Market]) -> None: ...
    def ripen(self, at: Ns) -> None: ...

    def signed(self, request: Request, at: Ns) -> Request:
        return request

    def place(self, request: OrderRequest, at: Ns) -> Errand:
        yield Ask(self.steps[0])
        yield Tell(OrderAccepted(at, request.id, "v1"))
        yield Ask(self.steps[1])

    def cancel(self, order: OrderId, market: MarketId, at: Ns) -> Errand:
        raise NotImplementedError

    def query(self, order: OrderId, market: MarketId, at: Ns) -> Errand:
        raise NotImplementedError

    def statement(self, at: Ns) -> Statement:
        raise NotImplementedError

    def private(self) -> Private:
        raise NotImplementedError


class Entry:
    """Answers everything but one kind of request, whose rate bucket is empty."""

    def __init__(self, empty: str) -> None:
        self.empty = empty

    async def send(self, request: Request, *, urgent: bool = False) -> Reply:
        if request.method == self.empty:
            raise VenueUnreachable(KA, "its rate bucket is empty", sent=False)
        return Reply(200, (), b"{}")

    async def run(self) -> None: ...


def gateway(first: Request, second: Request, empty: str) -> LiveGateway:
    heard: list[Event] = []
    line = Line(KA, Trader(first, second), Entry(empty))
    return LiveGateway(line, ManualClock(START), heard.append, list)


async def test_an_order_that_left_is_in_doubt_when_its_fills_cannot_be_read() -> None:
    with pytest.raises(VenueUnreachable) as found:
        await gateway(PLACE, FILLS, "GET").place(request("o1"))
    assert found.value.sent


async def test_an_order_that_never_left_is_surely_not_sent() -> None:
    with pytest.raises(VenueUnreachable) as found:
        await gateway(FILLS, PLACE, "POST").place(request("o1"))
    assert not found.value.sent
