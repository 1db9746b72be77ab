"""Documents, tables and sampled books as frames."""

import json
from typing import Any

import pytest

from feeds.recordings.lines import BadLine, Line
from feeds.recordings.shapes import BadShape, document, is_sample, sampled, table
from markets.terms.units import MS, Ns

BOOK = {
    "bids": [{"price": "0.4", "size": "1"}],
    "asks": [],
    "local_timestamp": "1700000000900",
    "timestamp": "1700000000000",
    "asset_price": 1.5,
}


def said(raw: Line | BadLine | object) -> tuple[int, str, Any]:
    assert isinstance(raw, Line)
    return raw.at, raw.direction, json.loads(raw.frame)


def test_a_document_is_a_list_of_frames_or_of_what_holds_them() -> None:
    sent, heard = {"cmd": "subscribe", "id": 1}, {"type": "ok"}
    whole = {"note": "examples", "examples": [{"payload": sent}, {"payload": heard}, heard]}

    found = [said(one) for one in document(json.dumps(whole).encode())]

    assert found == [(1, "out", sent), (2, "in", heard), (3, "in", heard)]
    assert [said(one) for one in document(json.dumps([heard]).encode())] == [(1, "in", heard)]


@pytest.mark.parametrize("text", [b"", b"{", b"{}", b"7", b'{"a":[],"b":[]}', b"[" * 5_000])
def test_a_document_without_one_list_is_none(text: bytes) -> None:
    with pytest.raises(BadShape):
        list(document(text))


def test_a_row_of_changes_is_the_older_form_of_the_frame() -> None:
    changes = [{"price": "0.23", "side": "SELL", "size": "300"}]
    quoted = json.dumps(changes).replace('"', '""')
    lines = [
        "id,asset_id,market,timestamp,hash,changes",
        f'1,77,0xm,2025-01-25 18:15:47.925 +0100,h,"{quoted}"',
        f'2,77,0xm,yesterday,h,"{quoted}"',
        "3,77,0xm,2025-01-25 18:15:48.000 +0100,h,none",
    ]

    first, *rest = table(lines)

    at, _, frame = said(first)
    assert at == 1_737_825_347_925 * MS
    assert frame == {
        "event_type": "price_change",
        "market": "0xm",
        "asset_id": "77",
        "timestamp": "1737825347925",
        "hash": "h",
        "changes": changes,
    }
    assert [one.number for one in rest if isinstance(one, BadLine)] == [3, 4]


def test_another_table_is_refused() -> None:
    with pytest.raises(BadShape, match="has the columns asset_id, changes"):
        list(table(["timestamp,price", "1,2"]))


def test_a_sampled_book_belongs_to_the_token_its_file_is_named_after() -> None:
    raw = json.dumps(BOOK).encode()

    assert is_sample(raw, "btc_1h_books_up.jsonl.gz")
    assert not is_sample(raw, "tape.jsonl")
    assert not is_sample(b'{"type":"ok"}', "btc_1h_books_up.jsonl.gz")
    at, _, frame = said(sampled(raw, "btc_1h_books_up.jsonl.gz", 1))
    assert at == Ns(1_700_000_000_000 * MS)
    assert (frame["market"], frame["asset_id"]) == ("btc_1h", "btc_1h_up")
    assert (frame["event_type"], frame["bids"]) == ("book", BOOK["bids"])


def test_a_sampled_trade_is_a_trade_and_a_line_of_neither_is_named() -> None:
    trade = {"price": "0.5", "size": "3", "side": "buy"}
    times = {"local_timestamp": "2", "timestamp": "1"}

    _, _, frame = said(sampled(json.dumps(trade | times).encode(), "x_trades_down.jsonl", 1))

    assert frame["event_type"] == "last_trade_price"
    assert (frame["asset_id"], frame["side"]) == ("x_down", "BUY")
    assert sampled(b"{", "x_trades_down.jsonl", 9) == BadLine(
        9, "neither a book nor a trade with its time"
    )
