"""Kalshi sheet 3.1, 3.2, 3.10 and 3.11: reads, their lag, lists, and what requests cost."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from feeds.venues.base import Request
from feeds.venues.kalshi import sign
from feeds.venues.kalshi.fake import KalshiFake
from feeds.venues.kalshi.fakeauth import Key
from feeds.venues.kalshi.fakeboard import Terms
from markets.terms.units import MICRO, SECOND, Ns, Usd
from tests.contract.kalshi_fake import (
    AT,
    BALL,
    DATA,
    MARKETS,
    ORDERS,
    PREFIX,
    RAIN,
    Venue,
    assert_like,
    recorded,
    side,
)

KEY = ed25519.Ed25519PrivateKey.generate()


@pytest.fixture
def venue() -> Venue:
    venue = Venue()
    venue.show(side(("0.47", "3")), side(("0.52", "3")))
    return venue


# 3.1 conventions and pages


def test_3_1_a_limit_over_the_most_is_400_in_the_recorded_words(venue: Venue) -> None:
    answer = venue.ask("GET", "/markets", None, (("limit", "1001"),))

    assert_like("markets__limit_over_max", *answer)
    assert answer[1] == recorded()["markets__limit_over_max"]["response_body"]


@pytest.mark.parametrize("name", ["orders", "fills", "settlements", "positions"])
def test_3_1_account_lists_have_at_most_a_thousand(venue: Venue, name: str) -> None:
    assert venue.ask("GET", f"/portfolio/{name}", None, (("limit", "1000"),))[0] == 200
    assert venue.ask("GET", f"/portfolio/{name}", None, (("limit", "1001"),))[0] == 400


def test_3_1_a_garbage_cursor_is_silently_page_one(venue: Venue) -> None:
    for number in range(3):
        venue.order("bid", "1.00", f"0.0{number + 1}")

    one = venue.get("/portfolio/orders", limit="2")
    two = venue.get("/portfolio/orders", limit="2", cursor=one["cursor"])
    garbage = venue.get("/portfolio/orders", limit="2", cursor="!!")

    assert (len(one["orders"]), len(two["orders"]), two["cursor"]) == (2, 1, "")
    assert garbage == one


def test_3_1_markets_come_in_pages(venue: Venue) -> None:
    one = venue.get("/markets", limit="2")
    two = venue.get("/markets", limit="2", cursor=one["cursor"])

    assert (len(one["markets"]), len(two["markets"]), two["cursor"]) == (2, 1, "")


# 3.2, 3.5, 3.6 public reads


def test_3_2_the_status_has_flags_for_each_shard(venue: Venue) -> None:
    _, body = venue.ask("GET", "/exchange/status")
    rows = body["exchange_index_statuses"]

    assert_like("exchange__status", 200, body)
    assert [row["exchange_index"] for row in rows] == [0, 3]


def test_3_2_the_status_says_a_pause(venue: Venue) -> None:
    venue.fake.fault("mode", venue.at, mode="paused")

    body = venue.get("/exchange/status")

    assert (body["exchange_active"], body["trading_active"]) == (True, False)


def test_3_2_thursday_has_a_hole_in_the_schedule(venue: Venue) -> None:
    (hours,) = venue.get("/exchange/schedule")["schedule"]["standard_hours"]

    assert [row["close_time"] for row in hours["thursday"]] == ["03:00", "00:00"]
    assert hours["monday"] == [{"open_time": "00:00", "close_time": "00:00"}]


def test_3_2_fee_changes_of_series_and_events_are_listed(venue: Venue) -> None:
    venue.fake.override_fee("KXRAIN-30", "quadratic", 500_000, venue.at)

    (row,) = venue.get("/events/fee_changes")["event_fee_change_arr"]

    assert_like("series__fee_changes", *venue.ask("GET", "/series/fee_changes"))
    assert (row["event_ticker"], row["fee_multiplier_override"]) == ("KXRAIN-30", 0.5)


@pytest.mark.parametrize(
    "name", ["markets__single", "markets__single_filter_lastpage", "orderbook__base"]
)
def test_3_5_markets_have_every_field_that_was_recorded_and_still_is(
    venue: Venue, name: str
) -> None:
    path = {
        "markets__single": f"/markets/{RAIN}",
        "markets__single_filter_lastpage": "/markets",
        "orderbook__base": f"/markets/{RAIN}/orderbook",
    }[name]
    removed = ("fractional_trading_enabled", "liquidity_dollars", "response_price_units")
    query = (("tickers", RAIN),) if path == "/markets" else ()

    status, body = venue.ask("GET", path, None, query)

    assert_like(name, status, body, gone=(*removed, "custom_strike", "strike_type"))


def test_3_5_a_status_filter_knows_five_words(venue: Venue) -> None:
    assert len(venue.get("/markets", status="open")["markets"]) == 3
    assert venue.get("/markets", status="closed")["markets"] == []
    assert venue.ask("GET", "/markets", None, (("status", "weird"),))[0] == 400


def test_3_6_a_comma_list_of_books_is_not_understood(venue: Venue) -> None:
    two = (("tickers", RAIN), ("tickers", BALL))

    assert len(venue.ask("GET", "/markets/orderbooks", None, two)[1]["orderbooks"]) == 2
    comma = venue.get("/markets/orderbooks", tickers=f"{RAIN},{BALL}")
    assert comma["orderbooks"] == []


def test_3_6_public_trades_are_newest_first_with_the_takers_side(venue: Venue) -> None:
    venue.ioc("bid", "1.00", "0.5200")
    venue.ioc("ask", "1.00", "0.4700")
    venue.flush()

    rows = venue.get("/markets/trades", ticker=RAIN)["trades"]

    assert [row["taker_outcome_side"] for row in rows] == ["no", "yes"]
    theirs = recorded()["trades__public_recorded"]["response_body"]["trades"][0]
    assert set(theirs) <= set(rows[0])


def test_1_the_market_list_may_be_15_seconds_old(venue: Venue) -> None:
    before = venue.get("/markets", tickers=RAIN)
    venue.show(side(("0.30", "1")), side(("0.40", "1")))
    venue.pass_seconds(14)
    stale = venue.get("/markets", tickers=RAIN)
    venue.pass_seconds(1)

    assert stale == before != venue.get("/markets", tickers=RAIN)
    assert venue.get(f"/markets/{RAIN}")["market"]["yes_ask_dollars"] == "0.4000"


# 3.10 portfolio


def test_3_10_the_balance_in_cents_is_truncated(venue: Venue) -> None:
    venue.ioc("bid", "1.00", "0.9900")

    body = venue.get("/portfolio/balance", exchange_index="0")

    assert body["balance_dollars"] == "99999.4625"
    assert (body["balance"], body["portfolio_value"]) == (9_999_946, 52)


def test_3_10_an_order_reads_as_recorded(venue: Venue) -> None:
    _, order = venue.order("bid", "1.00", "0.0100")
    path = f"/portfolio/orders/{order['order_id']}"

    assert_like("orders__get_after_create", *venue.ask("GET", path))


def test_3_10_a_fill_reads_as_recorded_and_has_no_client_id(venue: Venue) -> None:
    venue.ioc("bid", "1.00", "0.9900")

    (row,) = venue.get("/portfolio/fills")["fills"]

    theirs = recorded()["fills__after_taker"]["response_body"]["fills"][0]
    assert set(theirs) <= set(row)
    assert "client_order_id" not in row
    for name in ("yes_price_dollars", "no_price_dollars", "fee_cost", "outcome_side", "is_taker"):
        assert row[name] == theirs[name]


def test_3_10_an_immediate_order_filled_in_part_ends_canceled(venue: Venue) -> None:
    venue.ioc("bid", "10.00", "0.5200")

    (row,) = venue.get("/portfolio/orders")["orders"]

    assert (row["status"], row["fill_count_fp"]) == ("canceled", "3.00")


def test_3_10_lists_read_as_recorded(venue: Venue) -> None:
    venue.ioc("bid", "1.00", "0.9900")

    assert_like("portfolio__orders_list", *venue.ask("GET", "/portfolio/orders"))
    assert_like("portfolio__positions", *venue.ask("GET", "/portfolio/positions"))
    assert_like("settlements__page", *venue.ask("GET", "/portfolio/settlements"))
    for name, key in (
        ("portfolio__orders_list", "orders"),
        ("portfolio__positions", "market_positions"),
        ("portfolio__positions", "event_positions"),
    ):
        theirs = recorded()[name]["response_body"][key][0]
        assert set(theirs) <= set(venue.get(recorded()[name]["path"][13:].split("?")[0])[key][0])


def test_3_10_yes_and_no_net_at_once_to_the_cent_as_recorded() -> None:
    """The two accounts of the recording: one rests, the other takes, twice."""
    steps = _netting()
    keys = tuple(Key(name, KEY.public_key(), name) for name in ("maker", "requester"))
    fake = KalshiFake(MARKETS, keys=keys)
    for key in keys:
        fake.fund(key.account, Usd(1_000 * MICRO))

    _signed_order(fake, "maker", "bid", "0.4800", "good_till_canceled")
    _signed_order(fake, "requester", "ask", "0.4800", "immediate_or_cancel")
    middle = {key.id: _state(fake, key.id) for key in keys}
    _signed_order(fake, "maker", "ask", "0.5200", "good_till_canceled")
    _signed_order(fake, "requester", "bid", "0.5200", "immediate_or_cancel")
    end = {key.id: _state(fake, key.id) for key in keys}

    for name in ("maker", "requester"):
        first, last = (step for step in steps if step["step"] == f"after_{name}")
        assert middle[name] == _wanted(first["data"])
        assert end[name] == _wanted(last["data"])


def _netting() -> list[dict[str, Any]]:
    path = DATA / "netting_ground_truth_demo_2026-07-06.jsonl"
    if not path.exists():
        pytest.skip("the netting recording is not beside the project")
    return [json.loads(line) for line in path.read_text().splitlines() if line]


def _call(fake: KalshiFake, who: str, method: str, path: str, body: bytes = b"") -> Any:
    headers = sign.headers(who, KEY, AT, method, PREFIX + path)
    more = (("content-type", "application/json"),) if body else ()
    request = Request(method, "rest", PREFIX + path, (), (*headers, *more), body)
    return json.loads(fake.request(request, AT).body)


def _signed_order(fake: KalshiFake, who: str, side_of: str, price: str, tif: str) -> Any:
    body = {
        "ticker": RAIN,
        "side": side_of,
        "count": "1.00",
        "price": price,
        "time_in_force": tif,
        "self_trade_prevention_type": "taker_at_cross",
    }
    return _call(fake, who, "POST", ORDERS, json.dumps(body).encode())


def _state(fake: KalshiFake, who: str) -> dict[str, Any]:
    return _wanted(
        {
            "balance": _call(fake, who, "GET", "/portfolio/balance"),
            "positions": _call(fake, who, "GET", "/portfolio/positions"),
            "fills": _call(fake, who, "GET", "/portfolio/fills"),
        }
    )


def _wanted(data: dict[str, Any]) -> dict[str, Any]:
    """Everything but names and times."""
    names = ("ticker", "last_updated_ts", "event_ticker", "exchange_index")
    rows = [*data["positions"]["market_positions"], *data["positions"]["event_positions"]]
    fill = data["fills"]["fills"][0]
    fields = ("action", "book_side", "count_fp", "fee_cost", "is_taker", "outcome_side")
    return {
        "balance": (data["balance"]["balance"], data["balance"]["balance_dollars"]),
        "worth": data["balance"]["portfolio_value"],
        "positions": [{k: v for k, v in row.items() if k not in names} for row in rows],
        "fill": {name: fill[name] for name in (*fields, "yes_price_dollars", "no_price_dollars")},
    }


def test_3_8_reads_lag_writes_by_a_fifth_to_a_whole_second() -> None:
    venue = Venue(seed=7)
    _, order = venue.order("bid", "1.00", "0.0100")
    path = f"/portfolio/orders/{order['order_id']}"
    venue.pass_seconds(2)
    venue.cancel(order["order_id"])

    venue.pass_seconds(0.199)
    soon = venue.get(path)["order"]["status"]
    venue.pass_seconds(0.801)

    assert (soon, venue.get(path)["order"]["status"]) == ("resting", "canceled")


def test_3_10_queue_positions_count_contracts_ahead(venue: Venue) -> None:
    _, order = venue.order("bid", "1.00", "0.4700")

    (row,) = venue.get("/portfolio/orders/queue_positions", market_tickers=RAIN)["queue_positions"]

    assert row["queue_position_fp"] == "3.00"
    assert row["order_id"] == order["order_id"]


def test_3_10_resting_value_is_told_in_cents(venue: Venue) -> None:
    venue.order("bid", "10.00", "0.4700")

    body = venue.get("/portfolio/summary/total_resting_order_value")

    assert body["total_resting_order_value"] == 470


# 3.11 rate limits


def metered(**tiers: str) -> KalshiFake:
    return KalshiFake(
        MARKETS,
        keys=(Key("ann", KEY.public_key(), "ann"),),
        terms=Terms(tiers=tiers, shards={"KXBALL-30": 3}),
        seed=3,
    )


def spend(
    fake: KalshiFake,
    method: str,
    path: str,
    body: dict[str, Any] | None = None,
    *,
    at: Ns = AT,
) -> int:
    """How many such requests are let through at once."""
    raw = b"" if body is None else json.dumps(body).encode()
    more = (("content-type", "application/json"),) if raw else ()
    headers = (*sign.headers("ann", KEY, at, method, PREFIX + path), *more)
    request = Request(method, "rest", PREFIX + path, (), headers, raw)
    for number in range(1_000):
        if fake.request(request, at).status == 429:
            return number
    return 1_000


def test_3_11_limits_and_costs_are_told_as_recorded() -> None:
    fake = metered()
    lines = _lines("account_limits_costs_demo_2026-07-06.jsonl")

    assert _call(fake, "ann", "GET", "/account/limits") == lines[1]["data"]
    ours = _call(fake, "ann", "GET", "/account/endpoint_costs")
    theirs = lines[0]["data"]
    assert ours["default_cost"] == theirs["default_cost"]
    assert all(row in theirs["endpoint_costs"] for row in ours["endpoint_costs"])


def _lines(name: str) -> list[dict[str, Any]]:
    if not (DATA / name).exists():
        pytest.skip(f"the recording {name} is not beside the project")
    return [json.loads(line) for line in (DATA / name).read_text().splitlines() if line]


@pytest.mark.parametrize(
    ("method", "path", "count"),
    [
        ("GET", "/portfolio/balance", 40),
        ("GET", "/portfolio/orders/x", 200),
        ("POST", ORDERS, 10),
        ("DELETE", f"{ORDERS}/x", 50),
        ("DELETE", ORDERS, 50),
        ("POST", f"{ORDERS}/x/amend", 10),
    ],
)
def test_3_11_a_basic_bucket_holds_so_many(method: str, path: str, count: int) -> None:
    assert spend(metered(), method, path, {} if method == "POST" else None) == count


def test_3_11_buckets_refill_continuously_and_apart() -> None:
    fake = metered()
    spend(fake, "POST", ORDERS, {})

    assert spend(fake, "POST", ORDERS, {}, at=Ns(AT + SECOND // 2)) == 5
    assert spend(fake, "GET", "/portfolio/balance") > 0


def test_3_11_a_batch_costs_each_item_and_must_fit_whole() -> None:
    assert spend(metered(), "POST", f"{ORDERS}/batched", {"orders": [{}] * 11}) == 0
    assert spend(metered(), "POST", f"{ORDERS}/batched", {"orders": [{}] * 5}) == 2
    assert spend(metered(), "DELETE", f"{ORDERS}/batched", {"orders": [{}] * 25}) == 2


def test_3_11_an_explicit_shard_has_a_bucket_of_its_own() -> None:
    fake = metered()
    spend(fake, "POST", ORDERS, {})

    assert spend(fake, "POST", ORDERS, {"exchange_index": 3}) == 10
    assert spend(fake, "POST", ORDERS, {"exchange_index": 0}) == 0


def test_3_11_higher_tiers_hold_more() -> None:
    assert spend(metered(ann="advanced"), "POST", ORDERS, {}) == 60


def test_3_11_429_has_no_retry_after_and_one_of_two_bodies() -> None:
    fake = metered()
    spend(fake, "POST", ORDERS, {})
    headers = sign.headers("ann", KEY, AT, "POST", PREFIX + ORDERS)
    request = Request("POST", "rest", PREFIX + ORDERS, (), headers)
    replies = [fake.request(request, AT) for _ in range(40)]

    assert {reply.status for reply in replies} == {429}
    assert all(name != "retry-after" for reply in replies for name, _ in reply.headers)
    bodies = {reply.body for reply in replies}
    assert b'{"error":"too many requests"}' in bodies
    assert len(bodies) == 2


def test_3_11_an_upgrade_needs_an_order_made_over_the_api() -> None:
    fake = metered()
    fake.fund("ann", Usd(MICRO))
    path = "/account/api_usage_level/upgrade"

    assert "error" in _call(fake, "ann", "POST", path)
    _signed_order(fake, "ann", "bid", "0.0100", "good_till_canceled")
    assert _call(fake, "ann", "POST", path)["usage_tier"] == "advanced"
