"""Hearing Polymarket's recordings."""

import json
from typing import Any

from feeds.venues.polymarket.tape import PolymarketEar
from feeds.venues.tape import Best, Changed, Ear, Nature, Traded, Whole
from markets.terms.ids import MarketId
from markets.terms.units import Px, Qty
from trading.engine.orders import Side

M = MarketId("polymarket:0xm")


def frame(kind: str, **more: Any) -> str:
    return json.dumps({"event_type": kind, "market": "0xm", "timestamp": "1", **more})


def book(token: str) -> str:
    bids = [{"price": "0.4", "size": "1"}, {"price": "0.41", "size": "2"}]
    return frame("book", asset_id=token, bids=bids, asks=[])


def change(*tokens: str) -> str:
    parts = [
        {
            "asset_id": token,
            "price": "0.4",
            "size": "0",
            "side": "BUY",
            "best_bid": "0.41",
            "best_ask": "1",
        }
        for token in tokens
    ]
    return frame("price_change", price_changes=parts)


def an_ear(*frames: str) -> Ear:
    ear: Ear = PolymarketEar(Nature())
    for one in frames:
        ear.learn(one, is_out=False)
    return ear


def test_the_token_whose_book_comes_first_is_outcome_0_unless_both_are_announced() -> None:
    both = [change("no", "yes"), book("yes"), book("no")]
    (found,) = an_ear(*both).markets()
    assert found.tokens == ("yes", "no")
    ear = an_ear(*both, frame("new_market", assets_ids=["no", "yes"]))
    assert ear.markets()[0].tokens == ("no", "yes")
    assert ear.remarks() == []
    assert len(an_ear(*both).remarks()) == 1


def test_a_market_that_is_only_announced_is_not_followed() -> None:
    assert an_ear(frame("new_market", assets_ids=["1", "2"])).markets() == ()


def test_one_token_alone_makes_a_market() -> None:
    (found,) = an_ear(book("yes")).markets()
    assert found.tokens == ("yes", "~yes")


def test_a_connection_begins_with_a_second_subscription_or_a_repeated_array() -> None:
    asked = json.dumps({"type": "market", "assets_ids": ["yes"]})
    more = json.dumps({"operation": "subscribe", "assets_ids": ["no"]})
    ear = an_ear()
    ear.learn(asked, is_out=True)
    assert [ear.begins(one, is_out=True) for one in (asked, more, "PING", asked)] == [
        *(False, False, False, True)
    ]
    array = f"[{book('yes')},{book('no')}]"
    assert [ear.begins(array, is_out=False) for _ in range(2)] == [False, False]
    ear = an_ear()
    arrays = (f"[{book('yes')}]", f"[{book('no')}]", book("yes"), array)
    assert [ear.begins(one, is_out=False) for one in arrays] == [False, False, False, True]


def test_what_a_frame_states() -> None:
    ear = an_ear(book("yes"), book("no"))
    ear.session(10)
    trade = frame("last_trade_price", asset_id="no", price="0.6", size="2", side="BUY")

    assert ear.said(book("no")) == [
        Whole(M, 1, ((Px(410_000), Qty(2_000_000)), (Px(400_000), Qty(1_000_000))), ())
    ]
    assert ear.said(change("yes", "other")) == [
        Changed(M, 0, Side.BUY, Px(400_000), Qty(0)),
        Best(M, 0, Px(410_000), None),
    ]
    assert ear.said(trade) == [Traded(M, Qty(2_000_000))]
    assert ear.said("PONG") == ear.said("[") == []
    assert not ear.is_counted(book("yes"))
