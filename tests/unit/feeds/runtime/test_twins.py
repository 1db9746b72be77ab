"""A twin goes with its live order, sees the market as it was, and tells what came of it."""

from __future__ import annotations

import asyncio

from msgspec.structs import replace

from feeds.runtime.twins import Twins
from feeds.sim.exchange import Account, Exchange
from markets.terms.ids import OrderId
from markets.terms.units import MS, Ns, Usd
from tests.builders import FIRST, KA, START, levels, market, px, qty, usd
from tests.fakes import FakeGateway, ManualClock, request
from trading.engine.book import binary_book
from trading.engine.events import BookChanged, Event, TradeSeen, TwinTold
from trading.engine.orders import BookKind, OrderRequest, OrderState, Side, TimeInForce

BUY = replace(
    request("o"), market=FIRST, px=px("0.42"), qty=qty(30), book=BookKind.LIVE, tif=TimeInForce.IOC
)


class Scene:
    """Twins at one venue with a round trip of 100 ms, and a live gateway that notes what passes."""

    def __init__(self, *, nets: bool = False) -> None:
        self.clock = ManualClock(START)
        self.told: list[Event] = []
        exchange = Exchange({}, {}, frozenset({KA} if nets else ()))
        exchange.list_markets((market(FIRST),))
        exchange.open_account(KA, Account(Usd(0), {}), 100)
        self.twins = Twins(exchange, self.clock, self.told.append, lambda _: True)
        self.live = FakeGateway(lambda _: None, self.clock)
        self.gateway = self.twins.beside(self.live)
        self.show("0.42x100")

    def show(self, asks: str, bids: str = "0.40x100") -> None:
        now = self.clock.now()
        shown = binary_book(FIRST, levels(bids), levels(asks), now)
        self.twins.hear(BookChanged(now, shown))

    def place(self, order: OrderRequest) -> None:
        asyncio.run(self.gateway.place(order))

    def pass_ms(self, ms: int) -> None:
        self.clock.advance_to(Ns(self.clock.now() + ms * MS))

    def last(self, name: str = "o") -> TwinTold:
        found = [e for e in self.told if isinstance(e, TwinTold) and e.order == name]
        return found[-1]


def test_a_twin_is_sent_with_its_order_and_says_what_it_filled_when_the_word_has_travelled() -> (
    None
):
    scene = Scene()

    scene.place(BUY)
    assert scene.live.placed == [BUY]
    assert scene.last() == TwinTold(START, BUY.id, OrderState.SENT, START)
    scene.pass_ms(100)

    told = scene.last()
    assert (told.state, told.filled, told.cost) == (OrderState.FILLED, qty(30), usd("12.60"))
    assert told.fees > 0
    assert told.filled_at == START + 100 * MS


def test_what_our_own_order_took_meanwhile_is_still_there_for_its_twin() -> None:
    scene = Scene()
    scene.place(BUY)
    scene.pass_ms(20)
    scene.show("0.44x10")  # the venue's book without what the live order took
    scene.twins.hear(TradeSeen(scene.clock.now(), FIRST, 0, px("0.42"), qty(30), Side.BUY))
    scene.pass_ms(80)
    assert scene.last().filled == qty(30)

    scene.place(replace(BUY, id=OrderId("p")))
    scene.pass_ms(100)
    told = scene.last("p")
    assert (told.state, told.filled) == (OrderState.CANCELLED, 0)
    assert told.reason == "immediate or cancel"


def test_a_twin_is_lent_what_it_sells_and_pays() -> None:
    for nets in (False, True):
        scene = Scene(nets=nets)
        scene.place(replace(BUY, side=Side.SELL, px=px("0.40")))
        scene.pass_ms(100)
        assert (scene.last().filled, scene.last().cost) == (qty(30), usd(12))


def test_a_resting_twin_is_withdrawn_with_its_order_and_keeps_what_it_filled() -> None:
    scene = Scene()
    rests = replace(BUY, px=px("0.41"), tif=TimeInForce.GTC, post_only=True)
    scene.place(rests)
    scene.pass_ms(100)
    scene.twins.hear(TradeSeen(scene.clock.now(), FIRST, 0, px("0.41"), qty(12), Side.SELL))
    scene.pass_ms(50)
    assert (scene.last().state, scene.last().filled) == (OrderState.PART, qty(12))

    asyncio.run(scene.gateway.cancel(rests.id, FIRST))
    scene.pass_ms(100)

    assert (scene.last().state, scene.last().filled) == (OrderState.CANCELLED, qty(12))
    assert scene.live.cancelled == [rests.id]


def test_a_venue_without_an_account_refuses_the_twin_and_not_the_order() -> None:
    scene = Scene()
    elsewhere = replace(BUY, market=market("polymarket:A").id)

    scene.place(elsewhere)
    scene.pass_ms(100)

    assert scene.last().state is OrderState.REJECTED
    assert scene.live.placed == [elsewhere]


def test_an_order_that_wants_no_twin_passes_alone() -> None:
    scene = Scene()
    scene.twins = Twins(scene.twins.exchange, scene.clock, scene.told.append, lambda _: False)
    scene.gateway = scene.twins.beside(scene.live)

    scene.place(BUY)
    asyncio.run(scene.gateway.cancel(BUY.id, FIRST))
    asyncio.run(scene.gateway.query(BUY.id, FIRST))
    scene.pass_ms(200)

    assert scene.told == []
    assert (scene.live.placed, scene.live.queried) == ([BUY], [BUY.id])
