"""The venue's own side of the socket."""

import json
from typing import Any

from feeds.venues.base import FakeOutput, Hangup, Request, ToClient
from feeds.venues.polymarket.fake import PolymarketFake
from markets.terms.units import MICRO, Px, Qty
from tests.unit.feeds.venues.polymarket.scene import NATIVE, NO, START, YES, listed, move
from trading.engine.orders import Side

ASK = json.dumps({"assets_ids": [YES, NO], "type": "market", "custom_feature_enabled": True})


def a_venue() -> PolymarketFake:
    fake = PolymarketFake((listed(),))
    fake.moved(move("0.42x100 0.41x50", "0.44x80 0.45x20"), START)
    fake.connected(1, "/ws/market", START)
    return fake


def said(outputs: list[FakeOutput]) -> list[Any]:
    return [json.loads(part.text) for part in outputs if isinstance(part, ToClient)]


def test_a_ping_before_the_subscription_ends_the_connection() -> None:
    (end,) = a_venue().received(1, "PING", START)
    assert end == Hangup(1, 1008, "invalid subscription payload")


def test_garbage_or_another_type_ends_the_connection() -> None:
    for text in ("{", "[]", '{"type":"user","assets_ids":[]}'):
        assert isinstance(a_venue().received(1, text, START)[0], Hangup)


def test_a_subscription_is_answered_by_one_array_of_books_best_last() -> None:
    (books,) = said(a_venue().received(1, ASK, START))
    assert [book["asset_id"] for book in books] == [YES, NO]
    assert [level["price"] for level in books[0]["bids"]] == ["0.41", "0.42"]
    assert [level["price"] for level in books[0]["asks"]] == ["0.45", "0.44"]
    assert [level["price"] for level in books[1]["bids"]] == ["0.55", "0.56"]
    assert books[0]["tick_size"] == "0.01"


def test_a_ping_is_answered_by_pong_and_nothing_is_acknowledged() -> None:
    fake = a_venue()
    fake.received(1, ASK, START)
    assert fake.received(1, "PING", START) == [ToClient(1, "PONG")]
    leave = json.dumps({"operation": "unsubscribe", "assets_ids": [YES, NO]})
    assert fake.received(1, leave, START) == []
    assert fake.moved(move("0.40x1", "0.50x1"), START) == []


def test_a_later_subscription_brings_only_the_new_books() -> None:
    fake = a_venue()
    fake.received(1, json.dumps({"assets_ids": [YES], "type": "market"}), START)
    (books,) = said(
        fake.received(1, json.dumps({"operation": "subscribe", "assets_ids": [NO]}), START)
    )
    assert [book["asset_id"] for book in books] == [NO]


def test_a_change_names_both_tokens_mirrored_with_the_top_after_it() -> None:
    fake = a_venue()
    fake.received(1, ASK, START)
    (frame,) = said(fake.moved(move("0.43x7 0.42x100 0.41x50", "0.44x80 0.45x20"), START))
    yes, no = frame["price_changes"]
    assert (yes["asset_id"], yes["price"], yes["size"], yes["side"]) == (YES, "0.43", "7", "BUY")
    assert (no["asset_id"], no["price"], no["size"], no["side"]) == (NO, "0.57", "7", "SELL")
    assert (yes["best_bid"], yes["best_ask"]) == ("0.43", "0.44")
    assert (no["best_bid"], no["best_ask"]) == ("0.56", "0.57")
    assert len(yes["hash"]) == 40
    assert yes["hash"] != no["hash"]


def test_a_trade_is_followed_by_a_fresh_book_of_each_token_without_its_tick() -> None:
    fake = a_venue()
    fake.received(1, ASK, START)
    traded = (Px(440_000), Qty(3 * MICRO), Side.BUY)
    frames = said(fake.moved(move("0.42x100 0.41x50", "0.44x77 0.45x20", traded), START))
    kinds = [frame["event_type"] for frame in frames]
    assert kinds == ["price_change", "last_trade_price", "book", "book"]
    assert (frames[1]["price"], frames[1]["size"], frames[1]["side"]) == ("0.44", "3", "BUY")
    assert "tick_size" not in frames[2]


def test_over_the_cap_no_snapshot_comes_and_no_error() -> None:
    names = [YES, NO, *(str(number) for number in range(750))]
    ask = json.dumps({"assets_ids": names, "type": "market"})
    assert a_venue().received(1, ask, START) == []


def test_frames_can_be_lost_and_the_feed_frozen() -> None:
    fake = a_venue()
    fake.received(1, ASK, START)
    fake.lose(1)
    assert fake.moved(move("0.40x1", "0.50x1"), START) == []
    assert fake.moved(move("0.40x2", "0.50x1"), START) != []
    fake.freeze(on=True)
    assert fake.moved(move("0.40x3", "0.50x1"), START) == []
    assert fake.received(1, "PING", START) == [ToClient(1, "PONG")]


def test_nothing_is_sent_to_who_has_gone_or_of_who_is_unknown() -> None:
    fake = a_venue()
    fake.received(1, ASK, START)
    fake.disconnected(1, START)
    assert fake.moved(move("0.40x1", "0.50x1"), START) == []
    assert fake.received(1, "PING", START) == []
    assert PolymarketFake(()).moved(move("0.40x1", "0.50x1"), START) == []
    assert fake.ticked(START) == []


def test_a_resolution_is_heard_on_every_connection() -> None:
    fake = a_venue()
    fake.connected(2, "/ws/market", START)
    frames = said(fake.resolve(NATIVE, 0, START))
    assert [frame["winning_asset_id"] for frame in frames] == [YES, YES]


def test_only_the_two_sockets_are_let_in() -> None:
    fake = a_venue()
    assert fake.upgrade(Request("GET", "ws", "/ws/market"), START) is None
    assert fake.upgrade(Request("GET", "ws", "/ws/user"), START) is None
    refused = fake.upgrade(Request("GET", "ws", "/ws/other"), START)
    assert refused is not None
    assert refused.status == 404
