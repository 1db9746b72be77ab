"""The wire's structs read what Kalshi may send, and no more."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from feeds.venues.kalshi import wire


def test_fields_we_do_not_know_are_ignored() -> None:
    text = '{"type":"ok","id":3,"sid":1,"seq":2,"new":{"a":[1]},"msg":{"market_tickers":[]}}'

    assert msgspec.json.decode(text, type=wire.Frame) == wire.Ok(id=3, sid=1, seq=2)


@pytest.mark.parametrize("side", ["", ',"no_dollars_fp":null', ',"no_dollars_fp":[]'])
def test_a_side_may_be_absent_null_or_empty(side: str) -> None:
    body = '{"market_ticker":"A"' + side + "}"
    text = '{"type":"orderbook_snapshot","sid":1,"seq":1,"msg":' + body + "}"

    frame = msgspec.json.decode(text, type=wire.Frame)

    assert isinstance(frame, wire.Snapshot)
    assert not frame.msg.no_dollars_fp


def test_a_list_of_subscriptions_is_an_ok_too() -> None:
    text = '{"type":"ok","id":3,"msg":[{"channel":"trade","sid":2}]}'

    assert msgspec.json.decode(text, type=wire.Frame) == wire.Ok(id=3)


@pytest.mark.parametrize(
    "body",
    [
        '{"price_dollars":0.42,"delta_fp":"1.00","side":"yes","market_ticker":"A"}',
        '{"price_dollars":"0.42","delta_fp":1,"side":"yes","market_ticker":"A"}',
        '{"price":42,"delta":1,"side":"yes","market_ticker":"A"}',
    ],
)
def test_a_delta_of_another_shape_is_refused_and_never_read_as_zero(body: str) -> None:
    text = '{"type":"orderbook_delta","sid":1,"seq":1,"msg":' + body + "}"

    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(text, type=wire.Frame)


def test_a_multiplier_is_read_exactly() -> None:
    found = msgspec.json.decode(b'{"ticker":"S","fee_multiplier":0.1}', type=wire.Series)

    assert found.fee_multiplier == Decimal("0.1")
