"""Hearing Kalshi's recordings."""

import json
from typing import Any

import pytest

from feeds.venues.kalshi.tape import KalshiEar
from feeds.venues.tape import Changed, Ear, Nature, Traded, Whole
from markets.terms.ids import MarketId
from markets.terms.units import Px, Qty
from trading.engine.orders import Side

A = MarketId("kalshi:A")


def heard(kind: str, msg: object, **more: Any) -> str:
    return json.dumps({"type": kind, "msg": msg, **more})


def sent(number: int, tickers: list[str], cmd: str = "subscribe") -> str:
    params = {"channels": ["orderbook_delta"], "market_tickers": tickers}
    return json.dumps({"id": number, "cmd": cmd, "params": params})


def an_ear(nature: Nature | None = None) -> Ear:
    return KalshiEar(nature or Nature())


SNAPSHOT = heard(
    "orderbook_snapshot",
    {"market_ticker": "A", "yes_dollars_fp": [["0.40", "1"], ["0.41", "0"], ["0.42", "2"]]},
    sid=3,
    seq=1,
)


def test_markets_are_those_of_commands_acknowledgements_and_frames_in_order() -> None:
    ear = an_ear()
    ear.learn(sent(1, ["B"]), is_out=True)
    ear.learn(heard("ok", {"market_tickers": ["B", "C"]}), is_out=False)
    ear.learn(heard("ok", [{"channel": "trade", "sid": 1}]), is_out=False)
    ear.learn(SNAPSHOT, is_out=False)
    assert [market.native for market in ear.markets()] == ["B", "C", "A"]


def test_terms_in_the_recording_are_used() -> None:
    ear = an_ear()
    ear.learn(SNAPSHOT, is_out=False)
    (found,) = ear.markets()
    ear.know(type(found)(**{**_fields(found), "title": "Will it?"}))
    assert ear.markets()[0].title == "Will it?"


def test_a_command_whose_id_does_not_grow_begins_a_connection() -> None:
    ear = an_ear()
    commands = [sent(1, ["A"]), sent(2, ["B"]), sent(1, ["A"]), sent(1, ["A"], "get")]
    assert [ear.begins(one, is_out=True) for one in commands] == [False, False, True, False]


def test_a_channel_subscribed_again_begins_a_connection() -> None:
    ear = an_ear()
    frames = [
        heard("subscribed", {"channel": channel, "sid": 1})
        for channel in ("orderbook_delta", "trade", "orderbook_delta", "trade")
    ]
    assert [ear.begins(one, is_out=False) for one in frames] == [False, False, True, False]


def test_what_a_frame_states() -> None:
    ear = an_ear()
    change = {"market_ticker": "A", "price_dollars": "0.4", "delta_fp": "1", "side": "no"}
    trade = {"market_ticker": "A", "yes_price_dollars": "0.4", "count_fp": "2.5"}

    assert ear.said(SNAPSHOT) == [
        Whole(A, 0, ((Px(420_000), Qty(2_000_000)), (Px(400_000), Qty(1_000_000))), ())
    ]
    assert ear.said(heard("orderbook_delta", change, sid=1)) == [Changed(A, 0, Side.SELL)]
    assert ear.said(heard("trade", trade)) == [Traded(A, Qty(2_500_000))]
    assert ear.said(heard("ok", None)) == ear.said("{") == []


def test_only_the_books_counter_counts() -> None:
    ear = an_ear()
    ear.learn(SNAPSHOT, is_out=False)
    assert ear.is_counted(heard("ok", None, sid=3, seq=2))
    assert not ear.is_counted(heard("trade", None, sid=4, seq=2))


@pytest.mark.parametrize(
    "frame",
    [
        heard("ticker", {"price": 12, "yes": 1}),
        heard("orderbook_delta", {"price": "12", "delta": 1}),
        heard("orderbook_snapshot", {"yes": 7}),
        '{"yes":',
    ],
)
def test_what_is_no_book_in_cents_stays_as_it_is(frame: str) -> None:
    assert an_ear().present(frame) == frame


def _fields(market: Any) -> dict[str, Any]:
    return {name: getattr(market, name) for name in market.__struct_fields__}
