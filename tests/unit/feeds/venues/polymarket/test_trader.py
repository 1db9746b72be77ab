"""Polymarket's half of live trading, put together."""

from typing import Any

import pytest
from msgspec.structs import replace

from feeds.venues.base import Request
from feeds.venues.polymarket.encode import id_of
from feeds.venues.polymarket.trader import BEAT_AGAIN, BEAT_EVERY, PolymarketTrader
from markets.terms.ids import MarketId, OrderId
from markets.terms.units import SECOND, Ns
from tests.unit.feeds.venues.polymarket.errands import AWAY, Play, no, ok
from tests.unit.feeds.venues.polymarket.orders import API, AT, ME, market, order
from trading.engine.orders import Order, OrderState
from trading.runtime.gateway import VenueUnreachable

IOC = order()
NAME = id_of(IOC, market(), ME)
KEY = {"apiKey": API.api_key, "secret": API.secret, "passphrase": API.passphrase}
NO_TRADES = ok({"data": [], "next_cursor": "LTE="})
MONEY = (ok({}), ok({"balance": "5000000"}))
REST = (ok({"data": [], "next_cursor": "LTE="}), ok({"data": []}))


def trader(*known: Order, **changed: Any) -> PolymarketTrader:
    orders = {o.request.id: o for o in known}
    made = PolymarketTrader(replace(ME, **changed), orders.get, lambda: list(orders.values()))
    made.list_markets([market(), market(id=MarketId("kalshi:A"), venue="kalshi")])
    made.known.bars = {}
    return made


def test_only_this_venues_markets_are_listed() -> None:
    assert list(trader().known.markets) == [market().id]


def test_private_calls_are_sealed_and_nothing_else_is() -> None:
    made = trader()
    asked = Request("POST", "clob", "/order", body=b"{}")
    names = [name for name, _ in made.signed(asked, AT).headers]

    assert "POLY_SIGNATURE" in names
    assert names[-1] == "Content-Type"
    assert "Content-Type" not in dict(made.signed(Request("GET", "clob", "/x"), AT).headers)
    for plain in (
        Request("GET", "data", "/x"),
        Request("GET", "clob", "/x", headers=(("A", "b"),)),
    ):
        assert made.signed(plain, AT) == plain
    made.ripen(AT)


def test_without_an_api_key_nothing_leaves_and_nothing_is_concluded() -> None:
    made = trader(api=None)

    assert Play(made.place(IOC, AT)).names == ["OrderRejected"]
    made.known.add(IOC, NAME)
    assert Play(made.cancel(IOC.id, IOC.market, AT)).names == ["OrderUnknown"]
    assert Play(made.query(IOC.id, IOC.market, AT)).names == ["OrderUnknown"]
    with pytest.raises(VenueUnreachable):
        Play(made.statement(AT), AWAY)


def test_an_order_nobody_knows_is_unknown() -> None:
    assert Play(trader().query(OrderId("x"), IOC.market, AT)).names == ["OrderUnknown"]
    assert Play(trader().cancel(OrderId("x"), IOC.market, AT)).names == ["OrderUnknown"]


def test_a_statement_derives_the_key_first_and_reads_trades_before_it_counts() -> None:
    made = trader(api=None)
    made.wants_statement = True
    play = Play(made.statement(AT), ok(KEY), NO_TRADES, *MONEY, *REST)

    assert play.paths[:2] == ["GET /auth/derive-api-key", "GET /data/trades"]
    assert made.known.who.api is not None
    assert not made.wants_statement
    assert play.returned.complete


def test_trades_are_read_since_the_oldest_open_order_page_by_page() -> None:
    old = replace(IOC, placed_at=Ns(AT - 5_000 * SECOND))
    made = trader(Order(old, OrderState.OPEN, old.placed_at, old.placed_at))
    name = id_of(old, market(), ME)
    trade = {"id": "t1", "taker_order_id": name, "size": "10", "price": "0.44", "status": "FAILED"}
    pages = (ok({"data": [trade], "next_cursor": "Mg=="}), ok({"data": [], "next_cursor": "LTE="}))
    play = Play(made.statement(AT), *pages, *MONEY, *REST, ok({}), ok({"balance": "0"}))

    assert dict(play.asked[0].query)["after"] == str(AT // SECOND - 5_001)
    assert play.names == ["OrderFilled"]


def test_trades_that_cannot_be_read_leave_no_statement() -> None:
    for bad in (AWAY, no(500)):
        with pytest.raises(VenueUnreachable):
            Play(trader().statement(AT), bad)


def test_a_trade_that_is_old_and_not_final_is_asked_for_by_its_id() -> None:
    made = trader()
    made.known.note("t1", "MATCHED")
    made.known.add(IOC, NAME)
    told = {"id": "t1", "taker_order_id": NAME, "size": "10", "price": "0.44", "status": "FAILED"}
    play = Play(made.statement(AT), NO_TRADES, ok({"data": [told]}), *MONEY, *REST)

    assert dict(play.asked[1].query) == {"id": "t1"}
    assert play.names == ["OrderFilled"]
    assert made.known.unsettled() == []


def test_heartbeats_go_on_and_a_gap_in_them_asks_for_a_statement() -> None:
    made = trader()
    beating, _ = made.upkeep(AT)
    first, second = ok({"heartbeat_id": "a"}), ok({"heartbeat_id": "b"})
    play = Play(beating, first, *[AWAY] * 6, second, rests=7)

    assert play.rested == [BEAT_EVERY, *[BEAT_AGAIN] * 6, BEAT_EVERY]
    assert b'"a"' in play.asked[-1].body
    assert made.wants_statement


def test_heartbeats_in_time_ask_for_nothing() -> None:
    made = trader()
    beating, _ = made.upkeep(AT)
    Play(beating, ok({"heartbeat_id": "a"}), ok({"heartbeat_id": "b"}), rests=1)

    assert not made.wants_statement


def test_nothing_is_kept_up_before_there_is_a_key() -> None:
    beating, asking = trader(api=None).upkeep(AT)

    assert Play(beating, rests=2).asked == []
    assert Play(asking, rests=2).asked == []


def test_the_place_is_asked_again_sooner_while_something_bars() -> None:
    made = trader()
    _, asking = made.upkeep(AT)
    barred = (ok({"blocked": True}), ok({"closed_only": False}))
    free = (ok({"blocked": False}), ok({"closed_only": False}))
    play = Play(asking, *barred, *free, rests=1)

    assert play.rested[0] < play.rested[1]
    assert made.known.bars == {}


def test_the_same_conversation_is_kept_for_every_socket() -> None:
    made = trader()
    assert made.private() is made.private()
    made.private().received("{", AT)
    assert made.wants_statement
