"""The fake's REST answers have Kalshi's shapes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from feeds.sim.scenario import Move
from feeds.venues.base import Request
from feeds.venues.kalshi.fake import KalshiFake
from feeds.venues.kalshi.fakerest import market_uuid
from markets.terms.units import Ns
from tests.contract.adapter_contract import START
from tests.contract.test_kalshi import KALSHI, LISTED
from tests.unit.feeds.venues.kalshi.test_fake import FIRST, SECOND_MARKET, side


@pytest.fixture
def fake() -> KalshiFake:
    fake = KalshiFake(LISTED)
    bids = side((42, 10), (41, 3))
    fake.moved(Move(KALSHI, FIRST, bids, side((44, 5))), START)
    return fake


def test_a_market_has_one_id_of_the_usual_form_for_ever() -> None:
    assert market_uuid("A") == market_uuid("A") != market_uuid("B")
    assert [len(part) for part in market_uuid("A").split("-")] == [8, 4, 4, 4, 12]


def rest(fake: KalshiFake, path: str, *query: tuple[str, str]) -> tuple[int, Any]:
    reply = fake.request(Request("GET", "rest", path, query), START)
    return reply.status, json.loads(reply.body)


def test_the_book_over_rest_lists_bids_of_both_sides_best_last(fake: KalshiFake) -> None:
    _, whole = rest(fake, f"/trade-api/v2/markets/{FIRST}/orderbook")
    _, best = rest(fake, f"/markets/{FIRST}/orderbook", ("depth", "1"))
    _, empty = rest(fake, f"/markets/{SECOND_MARKET}/orderbook")

    assert whole["orderbook_fp"]["yes_dollars"] == [["0.4100", "3.00"], ["0.4200", "10.00"]]
    assert best["orderbook_fp"]["yes_dollars"] == [["0.4200", "10.00"]]
    assert best["orderbook_fp"]["no_dollars"] == [["0.5600", "5.00"]]
    assert empty == {"orderbook_fp": {"yes_dollars": [], "no_dollars": []}}


def test_several_books_are_asked_for_by_repeating_the_parameter(fake: KalshiFake) -> None:
    _, found = rest(
        fake,
        "/markets/orderbooks",
        ("tickers", FIRST),
        ("tickers", "X"),
        ("tickers", SECOND_MARKET),
    )

    assert [one["ticker"] for one in found["orderbooks"]] == [FIRST, SECOND_MARKET]


def test_a_market_shows_its_quotes_its_grid_and_its_state(fake: KalshiFake) -> None:
    _, found = rest(fake, f"/markets/{FIRST}")
    market = found["market"]

    assert (market["yes_bid_dollars"], market["no_bid_dollars"]) == ("0.4200", "0.5600")
    assert market["price_ranges"] == [{"start": "0.0000", "end": "1.0000", "step": "0.0100"}]
    assert (market["status"], market["notional_value_dollars"]) == ("active", "1.0000")


def test_pages_follow_the_cursor_and_a_garbage_cursor_is_page_one() -> None:
    fake = KalshiFake(LISTED, page=2)

    _, one = rest(fake, "/events", ("limit", "200"))
    _, two = rest(fake, "/events", ("limit", "200"), ("cursor", one["cursor"]))
    _, garbage = rest(fake, "/events", ("limit", "200"), ("cursor", "garbage"))

    assert [len(page["events"]) for page in (one, two)] == [2, 1]
    assert two["cursor"] == ""
    assert garbage == one
    assert "markets" not in one["events"][0]


def test_only_events_with_an_open_market_are_open() -> None:
    fake = KalshiFake(LISTED)
    request = Request("GET", "rest", "/events", (("status", "open"),))

    late = json.loads(fake.request(request, LISTED[0].close_at).body)
    early = json.loads(fake.request(request, Ns(LISTED[0].open_at - 1)).body)

    assert late["events"] == early["events"] == []


def test_a_series_and_an_event_can_be_asked_for(fake: KalshiFake) -> None:
    _, series = rest(fake, "/series/KXRAIN")
    _, event = rest(fake, "/events/KXRAIN-30")
    _, nested = rest(fake, "/events/KXRAIN-30", ("with_nested_markets", "true"))
    _, status = rest(fake, "/exchange/status")

    assert (series["series"]["fee_type"], series["series"]["fee_multiplier"]) == ("quadratic", 1)
    assert [len(event["markets"]), len(nested["event"]["markets"])] == [2, 2]
    assert status["trading_active"] is True


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/markets/NONE", (), 404),
        ("/nowhere", (), 404),
        ("/events", (("limit", "500"),), 400),
        (f"/markets/{FIRST}/orderbook", (("depth", "x"),), 400),
    ],
)
def test_wrong_requests_are_refused_in_kalshis_shapes(
    fake: KalshiFake, path: str, query: tuple[tuple[str, str], ...], status: int
) -> None:
    found, body = rest(fake, path, *query)

    assert found == status
    assert "error" in body or "msg" in body


def test_writes_are_not_here(fake: KalshiFake) -> None:
    assert fake.request(Request("POST", "rest", "/events"), START).status == 404
