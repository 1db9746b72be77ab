"""The fake venue's REST answers."""

import json
from hashlib import sha1
from typing import Any

import msgspec
import pytest

from feeds.venues.base import Reply, Request
from feeds.venues.polymarket.fake import PolymarketFake
from tests.unit.feeds.venues.polymarket.scene import NATIVE, NO, START, YES, listed, move


def ask(path: str, body: bytes = b"", **query: str) -> Reply:
    fake = PolymarketFake((listed(), listed("0x02", ("5" * 77, "6" * 77))))
    fake.moved(move("0.42x100 0.41x50", "0.44x80 0.45x20"), START)
    method = "POST" if body else "GET"
    return fake.request(Request(method, "clob", path, tuple(query.items()), body=body), START)


def told(path: str, body: bytes = b"", **query: str) -> Any:
    reply = ask(path, body, **query)
    assert reply.status == 200
    return json.loads(reply.body)


def test_a_book_has_the_venues_keys_and_its_hash() -> None:
    book = told("/book", token_id=YES)
    plain = json.dumps({**book, "hash": ""}, separators=(",", ":"))
    assert book["hash"] == sha1(plain.encode(), usedforsecurity=False).hexdigest()
    assert list(book) == [
        "market",
        "asset_id",
        "timestamp",
        "hash",
        "bids",
        "asks",
        "min_order_size",
        "tick_size",
        "neg_risk",
        "last_trade_price",
    ]


def test_unknown_tokens_are_left_out_of_books_and_a_404_alone() -> None:
    body = json.dumps([{"token_id": NO}, {"token_id": "9"}]).encode()
    assert [book["asset_id"] for book in told("/books", body)] == [NO]
    assert ask("/book", token_id="9").status == 404


def test_a_body_that_is_no_list_is_refused() -> None:
    assert ask("/books", b"{").status == 400


def test_terms_have_the_short_keys() -> None:
    terms = told(f"/clob-markets/{NATIVE}")
    assert terms["t"] == [{"t": YES, "o": "Yes"}, {"t": NO, "o": "No"}]
    assert (terms["mts"], terms["mos"], terms["fd"]) == (0.01, 5, {"r": 0.05, "e": 1, "to": True})
    assert ask("/clob-markets/0x99").status == 404


def test_a_free_market_names_no_fee_and_a_sports_market_its_delay() -> None:
    free = msgspec.structs.replace(listed(), fee_rate_ppm=0, category="sports")
    fake = PolymarketFake((free,))
    terms = json.loads(fake.request(Request("GET", "clob", f"/clob-markets/{NATIVE}"), START).body)
    assert "fd" not in terms
    assert terms["sd"] == 1
    page = json.loads(fake.request(Request("GET", "gamma", "/events/keyset"), START).body)
    market = page["events"][0]["markets"][0]
    assert market["feesEnabled"] is False
    assert "feeSchedule" not in market
    assert market["secondsDelay"] == 1


def test_small_questions_are_answered() -> None:
    assert told("/time") == 1_795_000_000
    assert told("/version") == {"version": 2}
    assert told("/ok") == "OK"
    assert ask("/nothing").status == 404


@pytest.mark.parametrize(
    "query",
    [
        {"offset": "100"},
        {"limit": "101"},
        {"limit": "0"},
        {"after_cursor": "@@@"},
        {"after_cursor": "_w=="},
    ],
)
def test_a_page_asked_for_wrongly_is_refused(query: dict[str, str]) -> None:
    assert ask("/events/keyset", b"", **query).status == 422


def test_lists_of_a_market_are_texts_holding_json() -> None:
    (event,) = told("/events/keyset", closed="false", limit="100")["events"]
    market = event["markets"][0]
    assert json.loads(market["outcomes"]) == ["Yes", "No"]
    assert json.loads(market["clobTokenIds"]) == [YES, NO]
    assert market["feeSchedule"]["rate"] == 0.05
    assert market["version"] == "v1"


def test_a_resolved_market_leaves_the_open_pages_and_has_no_book() -> None:
    fake = PolymarketFake((listed(),))
    fake.resolve(NATIVE, 0, START)
    page = Request("GET", "gamma", "/events/keyset", (("closed", "false"),))
    assert json.loads(fake.request(page, START).body) == {"events": []}
    book = Request("GET", "clob", "/book", (("token_id", YES),))
    assert fake.request(book, START).status == 404
