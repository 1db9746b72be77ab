"""Reading frames and numbers."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.venues.polymarket import parse, wire
from markets.terms.units import MICRO, MS
from trading.engine.orders import Side


def test_one_object_and_an_array_of_them_are_both_read() -> None:
    one = '{"event_type":"new_market"}'
    assert [type(f) for f in parse.frames(one)] == [wire.NewMarket]
    assert [type(f) for f in parse.frames(f" [{one},{one}] ")] == [wire.NewMarket] * 2
    assert parse.frames("[]") == []


def test_the_type_may_stand_anywhere_and_unknown_keys_are_skipped() -> None:
    text = '{"asset_id":"1","bids":[],"asks":[],"version":"v2","x":{"y":[1]},"event_type":"book"}'
    assert [type(f) for f in parse.frames(text)] == [wire.BookFrame]


@pytest.mark.parametrize(
    ("text", "reason", "lost"),
    [
        ("PING?", "not_json", False),
        ('{"event_type":"book"', "undecodable", True),
        ("[{]", "undecodable", True),
        ('{"event_type":"tomorrow"}', "unknown_type", False),
        ("{}", "unknown_type", False),
        ("[7]", "malformed", False),
        ('{"event_type":7}', "malformed", True),
        ('{"event_type":"book","asset_id":"1","bids":1,"asks":[]}', "malformed", True),
        ('{"event_type":"last_trade_price","asset_id":"1"}', "malformed", False),
        ("[" * 100_000, "undecodable", True),
    ],
)
def test_a_frame_that_says_nothing_is_named(text: str, reason: str, lost: bool) -> None:
    (bad,) = parse.frames(text)
    assert isinstance(bad, parse.Bad)
    assert (bad.reason, bad.lost) == (reason, lost)


def test_a_broken_frame_says_whose_it_was_where_that_can_be_read() -> None:
    (bad,) = parse.frames('{"event_type":"book","asset_id":"12","market":"0xab","bids":1}')
    assert isinstance(bad, parse.Bad)
    assert (bad.asset, bad.market) == ("12", "0xab")


def test_prices_sizes_and_sides_are_exact() -> None:
    assert parse.price("0.0025") == 2_500
    assert parse.size("26.68") == 26_680_000
    assert parse.side("BUY") is Side.BUY
    assert parse.ladder([wire.Level("0.4", "1")]) == [(400_000, MICRO)]


@pytest.mark.parametrize("text", ["0", "1", "-0.1", "1.2", "NaN", "Infinity", "1e-2", "", " 0.5"])
def test_an_impossible_price_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse.price(text)


@pytest.mark.parametrize("text", ["-1", "NaN", "1e3", ""])
def test_an_impossible_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse.size(text)


def test_an_unknown_side_is_refused() -> None:
    with pytest.raises(ValueError, match="neither BUY nor SELL"):
        parse.side("buy")


def test_a_stated_top_knows_empty_sides_and_its_mirror() -> None:
    assert parse.top("0.42", None) is None
    assert parse.top(None, "0.42") is None
    assert parse.top("0", "1") == parse.top("", "") == parse.Top(None, None)
    said = parse.top("0.42", "0.44")
    assert said == parse.Top(parse.price("0.42"), parse.price("0.44"))
    assert said is not None
    assert said.mirrored() == parse.Top(parse.price("0.56"), parse.price("0.58"))
    assert said.mirrored().mirrored() == said
    assert parse.Top(None, None).mirrored() == parse.Top(None, None)


def test_a_time_is_milliseconds_and_anything_else_is_unsaid() -> None:
    assert parse.stamp("1795000000123") == 1_795_000_000_123 * MS
    assert parse.stamp(1_795_000_000_123) == 1_795_000_000_123 * MS
    assert parse.stamp("") == parse.stamp("soon") == parse.stamp("9" * 40) == parse.stamp(-5) == 0


def test_a_reply_of_books_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match=r"."):
        parse.books(b'{"error":"x"}')
    with pytest.raises(ValueError, match="too deeply"):
        parse.books(b'[{"x":' + b"[" * 100_000)


@settings(deadline=None)
@given(st.text(max_size=80))
def test_no_text_raises(text: str) -> None:
    assert isinstance(parse.frames(text), list)


@pytest.mark.parametrize(
    "text",
    [
        '{"event_type": 7, "market": "0x1", "changes": []}',
        '{"event_type": null}',
        '{"market": [], "asset_id": "1", "event_type": "book", "bids": [',
        '{"event_type": "best_bid_ask", "asset_id": 1, "spread": "0.03}',
    ],
)
def test_what_is_torn_or_does_not_say_its_type_may_have_carried_a_change(text: str) -> None:
    (bad,) = parse.frames(text)
    assert isinstance(bad, parse.Bad)
    assert bad.lost
