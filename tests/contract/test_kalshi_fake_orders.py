"""Kalshi sheet 3.8, 3.9, 3.12, 3.13: order writes and their outcomes, against recordings."""

from __future__ import annotations

import json
from typing import Any

import pytest

from feeds.venues.base import Request
from feeds.venues.kalshi.fakeauth import OPEN_ACCOUNT
from feeds.venues.kalshi.fakeboard import Terms
from markets.terms.units import MICRO, SECOND, Usd
from tests.contract.kalshi_fake import (
    AT,
    BALL,
    DATA,
    ORDERS,
    PREFIX,
    RAIN,
    SNOW,
    Venue,
    assert_like,
    recorded,
    side,
)


@pytest.fixture
def venue() -> Venue:
    """The book of the recording: 3 at 0.47 and 3 at 0.52."""
    venue = Venue()
    venue.show(side(("0.47", "3")), side(("0.52", "3")))
    return venue


def code(answer: tuple[int, Any]) -> tuple[int, str]:
    return answer[0], answer[1]["error"]["code"]


# 3.8 create


def test_3_8_a_resting_order_is_accepted_201(venue: Venue) -> None:
    status, body = venue.order("bid", "1.00", "0.0100")

    assert_like("orders__create_v2_maker", status, body)
    assert (body["fill_count"], body["remaining_count"]) == ("0.00", "1.00")
    assert "average_fill_price" not in body


def test_3_8_a_taker_gets_the_makers_price_and_is_told_fee_per_contract(venue: Venue) -> None:
    status, body = venue.ioc("bid", "1.00", "0.9900")

    assert_like("orders__create_v2_taker_ioc", status, body)
    theirs = recorded()["orders__create_v2_taker_ioc"]["response_body"]
    for name in ("average_fee_paid", "average_fill_price", "fill_count", "remaining_count"):
        assert body[name] == theirs[name]


def test_3_8_a_client_id_is_never_free_again(venue: Venue) -> None:
    _, first = venue.order("bid", "1.00", "0.0100", client_order_id="once")
    again = venue.order("bid", "1.00", "0.0100", client_order_id="once")
    venue.cancel(first["order_id"])
    later = venue.order("bid", "1.00", "0.0100", client_order_id="once")

    assert_like("orders__duplicate_client_order_id", *again)
    assert_like("orders__reuse_canceled_client_id", *later)


def test_3_8_fill_or_kill_that_cannot_fill_is_409_and_does_nothing(venue: Venue) -> None:
    answer = venue.order("bid", "3.01", "0.5200", time_in_force="fill_or_kill")
    whole = venue.order("bid", "3.00", "0.5200", time_in_force="fill_or_kill")

    assert code(answer) == (409, "fill_or_kill_insufficient_resting_volume")
    assert whole[1]["fill_count"] == "3.00"


def test_3_8_a_post_only_order_that_would_cross_is_refused(venue: Venue) -> None:
    assert_like("orders__post_only_cross", *venue.order("bid", "1.00", "0.9900", post_only=True))


def test_3_8_not_enough_cash(venue: Venue) -> None:
    assert_like("orders__insufficient_balance", *venue.order("bid", "101010.00", "0.9900"))


def test_3_8_a_resting_order_speaks_for_its_cash(venue: Venue) -> None:
    venue.order("bid", "100000.00", "0.4000")

    assert code(venue.order("bid", "100000.00", "0.7000"))[1] == "insufficient_balance"
    assert venue.order("bid", "100000.00", "0.0100")[0] == 201


def test_3_8_a_price_off_the_grid(venue: Venue) -> None:
    assert_like("orders__invalid_price_structure", *venue.order("bid", "1.00", "0.5150"))
    assert venue.order("bid", "1.00", "0.5150", ticker=SNOW)[0] == 201


def test_3_8_numbers_instead_of_text(venue: Venue) -> None:
    assert_like("orders__numeric_field_types", *venue.order("bid", 1, 0.01))  # type: ignore[arg-type]


def test_3_8_an_unknown_market(venue: Venue) -> None:
    assert code(venue.order("bid", "1.00", "0.5000", ticker="NONE")) == (404, "market_not_found")


def test_3_8_a_shard_never_funded() -> None:
    venue = Venue(terms=Terms())
    theirs = json.loads(_fragments())["error_user_not_found_unfunded_shard"]

    status, body = venue.order("bid", "1.00", "0.5000", exchange_index=2)

    assert status == 404
    assert body == theirs


def _fragments() -> str:
    recorded()
    return (DATA / "rest_live_2026-09-26_fragments.json").read_text()


def test_3_8_a_market_past_its_close_is_inactive_also_for_cancels(venue: Venue) -> None:
    _, order = venue.order("bid", "1.00", "0.0100")
    venue.at = type(AT)(AT + 86_400 * SECOND)

    assert venue.order("bid", "1.00", "0.0100")[1]["error"]["message"] == "MARKET_INACTIVE"
    assert venue.cancel(order["order_id"])[1]["error"]["message"] == "MARKET_INACTIVE"


@pytest.mark.parametrize(
    ("mode", "text", "cancels"),
    [("paused", "TRADING_PAUSED", 200), ("disabled", "EXCHANGE_PAUSED", 400)],
)
def test_3_8_a_pause_refuses_orders_and_an_exchange_pause_cancels_too(
    venue: Venue, mode: str, text: str, cancels: int
) -> None:
    _, order = venue.order("bid", "1.00", "0.0100")
    venue.fake.fault("mode", venue.at, mode=mode)

    assert venue.order("bid", "1.00", "0.0100")[1]["error"]["message"] == text
    assert venue.cancel(order["order_id"])[0] == cancels


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/portfolio/orders"),
        ("DELETE", "/portfolio/orders/x"),
        ("POST", "/portfolio/orders/x/amend"),
        ("POST", "/portfolio/orders/x/decrease"),
        ("POST", "/portfolio/orders/batched"),
        ("DELETE", "/portfolio/orders/batched"),
    ],
)
def test_3_8_the_old_endpoints_are_gone(venue: Venue, method: str, path: str) -> None:
    assert code(venue.ask(method, path, {})) == (410, "deprecated_v1_order_endpoint")


@pytest.mark.parametrize("count", ["0.00", "-1.00", "0.005", "many"])
def test_3_8_a_size_that_is_none(venue: Venue, count: str) -> None:
    assert code(venue.order("bid", count, "0.5000")) == (400, "invalid_order_size")


@pytest.mark.parametrize(
    "more",
    [{"side": "yes"}, {"time_in_force": "day"}, {"self_trade_prevention_type": None}],
)
def test_3_8_required_words_must_be_there(venue: Venue, more: dict[str, Any]) -> None:
    side_of = more.pop("side", "bid")

    assert venue.order(side_of, "1.00", "0.5000", **more)[0] == 400


def test_3_8_selling_what_is_not_held_opens_no(venue: Venue) -> None:
    venue.ioc("ask", "2.00", "0.4700")

    row = venue.get("/portfolio/positions")["market_positions"][0]
    assert (row["position_fp"], row["market_exposure_dollars"]) == ("-2.00", "1.060000")


def test_3_8_opening_no_needs_one_minus_p(venue: Venue) -> None:
    assert code(venue.ioc("ask", "150000.00", "0.0100"))[1] == "insufficient_balance"


def test_3_8_an_immediate_order_shows_no_remainder_after_a_partial_fill(venue: Venue) -> None:
    _, body = venue.ioc("bid", "10.00", "0.5200")

    assert (body["fill_count"], body["remaining_count"]) == ("3.00", "0.00")


def test_3_8_a_self_trade_blocked_at_the_taker_is_201_with_nothing(venue: Venue) -> None:
    resting = venue.order("bid", "1.00", "0.4800", post_only=True)
    crossing = venue.ioc("ask", "1.00", "0.4800")

    assert_like("orders__stp_setup", *resting)
    assert_like("orders__stp_self_cross", *crossing)
    assert crossing[1]["fill_count"] == crossing[1]["remaining_count"] == "0.00"
    order = venue.ask("GET", f"/portfolio/orders/{resting[1]['order_id']}")
    assert order[1]["order"]["status"] == "resting"


def test_3_8_the_other_prevention_takes_the_resting_order_away(venue: Venue) -> None:
    _, resting = venue.order("bid", "1.00", "0.4800")
    _, crossing = venue.ioc("ask", "1.00", "0.4700", self_trade_prevention_type="maker")

    assert crossing["average_fill_price"] == "0.4700"
    order = venue.get(f"/portfolio/orders/{resting['order_id']}")["order"]
    assert order["status"] == "canceled"


def test_3_8_expiry_is_in_the_future_and_only_for_orders_that_rest(venue: Venue) -> None:
    now = AT // SECOND

    assert code(venue.order("bid", "1.00", "0.0100", expiration_time=now))[0] == 400
    assert code(venue.ioc("bid", "1.00", "0.0100", expiration_time=now + 9))[0] == 400
    _, order = venue.order("bid", "1.00", "0.0100", expiration_time=now + 9)
    venue.pass_seconds(9)
    assert venue.cancel(order["order_id"])[0] == 404


def test_3_8_reduce_only_never_goes_past_the_position(venue: Venue) -> None:
    venue.ioc("bid", "2.00", "0.5200")
    _, body = venue.ioc("ask", "3.00", "0.4700", reduce_only=True)
    resting = venue.order("ask", "1.00", "0.9000", reduce_only=True)

    assert body["fill_count"] == "2.00"
    assert resting[0] == 400


# amend, decrease, cancel


def amend(venue: Venue, order: str, price: str, count: str, **more: Any) -> tuple[int, Any]:
    body = {"ticker": RAIN, "side": "bid", "price": price, "count": count, **more}
    return venue.ask("POST", f"{ORDERS}/{order}/amend", body)


def test_3_8_amends_count_is_the_total_with_what_has_filled(venue: Venue) -> None:
    _, order = venue.order("bid", "5.00", "0.5200")

    status, body = amend(venue, order["order_id"], "0.5100", "6.00")

    assert (status, body["fill_count"], body["remaining_count"]) == (200, "3.00", "3.00")
    assert amend(venue, order["order_id"], "0.5100", "3.00")[0] == 400


def test_3_8_only_a_smaller_size_keeps_the_place(venue: Venue) -> None:
    _, order = venue.order("bid", "5.00", "0.4700")
    path = f"/portfolio/orders/{order['order_id']}/queue_position"
    venue.show(side(("0.47", "2")), side(("0.52", "3")))
    amend(venue, order["order_id"], "0.4700", "4.00")
    venue.show(side(("0.47", "9")), side(("0.52", "3")))

    kept = venue.get(path)["queue_position_fp"]
    amend(venue, order["order_id"], "0.4700", "6.00")

    assert (kept, venue.get(path)["queue_position_fp"]) == ("3.00", "9.00")


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"ticker": SNOW}, "order_ticker_mismatch"),
        ({"side": "ask"}, "order_side_mismatch"),
        ({"client_order_id": "other"}, "order_id_and_client_order_id_mismatch"),
    ],
)
def test_3_8_an_amend_must_name_its_order(
    venue: Venue, more: dict[str, Any], expected: str
) -> None:
    _, order = venue.order("bid", "5.00", "0.4000")

    assert code(amend(venue, order["order_id"], "0.4000", "4.00", **more)) == (400, expected)


def test_3_8_an_amends_new_client_id_must_be_new_too(venue: Venue) -> None:
    _, order = venue.order("bid", "5.00", "0.4000")
    new = {"updated_client_order_id": "fresh"}

    assert amend(venue, order["order_id"], "0.4000", "4.00", **new)[1]["client_order_id"] == "fresh"
    assert code(amend(venue, order["order_id"], "0.4000", "3.00", **new))[0] == 409


def test_3_8_an_amend_keeps_or_removes_the_expiry(venue: Venue) -> None:
    _, order = venue.order("bid", "5.00", "0.4000", expiration_time=AT // SECOND + 9)
    amend(venue, order["order_id"], "0.4000", "4.00")
    kept = venue.fake.floor.orders[order["order_id"]].expires_at
    amend(venue, order["order_id"], "0.4000", "4.00", expiration_time=0)

    assert kept is not None
    assert venue.fake.floor.orders[order["order_id"]].expires_at is None


def test_3_8_decrease_takes_exactly_one_of_by_and_to(venue: Venue) -> None:
    _, order = venue.order("bid", "5.00", "0.4000")
    path = f"{ORDERS}/{order['order_id']}/decrease"

    assert venue.ask("POST", path, {"reduce_by": "1.00", "market_ticker": RAIN})[1][
        "remaining_count"
    ] == ("4.00")
    assert venue.ask("POST", path, {"reduce_to": "1.00"})[1]["remaining_count"] == "1.00"
    assert venue.ask("POST", path, {"reduce_to": "1.00", "reduce_by": "1.00"})[0] == 400
    assert venue.ask("POST", path, {})[0] == 400


def test_3_8_a_cancel_says_what_it_took_away(venue: Venue) -> None:
    _, order = venue.order("bid", "1.00", "0.0100")

    status, body = venue.cancel(order["order_id"])

    assert_like("orders__cancel_v2", status, body)
    assert body["reduced_by"] == "1.00"


def test_3_8_cancelled_filled_and_never_there_have_the_same_404(venue: Venue) -> None:
    _, order = venue.order("bid", "1.00", "0.0100")
    venue.cancel(order["order_id"])
    _, filled = venue.ioc("bid", "1.00", "0.9900")

    answers = [venue.cancel(one) for one in (order["order_id"], filled["order_id"], "none")]

    assert answers[0] == answers[1] == answers[2]
    assert_like("orders__cancel_already_canceled", *answers[0])
    assert_like("orders__cancel_executed", *answers[1])
    assert_like("orders__cancel_unknown_id", *answers[2])


def test_3_8_a_cancel_without_market_goes_to_shard_0(venue: Venue) -> None:
    _, order = venue.order("bid", "1.00", "0.0100", ticker=BALL)

    assert venue.cancel(order["order_id"], "")[0] == 404
    assert venue.cancel(order["order_id"], BALL)[0] == 200


def test_3_8_cancel_all_may_catch_orders_of_the_next_minute() -> None:
    venue = Venue(seed=1)
    venue.order("bid", "1.00", "0.0100")

    assert venue.ask("DELETE", ORDERS)[0] == 200
    later = [venue.order("bid", "1.00", "0.0100")[1]["order_id"] for _ in range(20)]
    venue.pass_seconds(1)

    caught = [name for name in later if venue.fake.floor.orders[name].status == "canceled"]
    assert 0 < len(caught) < 20


def test_3_8_a_batch_is_not_atomic(venue: Venue) -> None:
    good = {
        "ticker": RAIN,
        "side": "bid",
        "count": "1.00",
        "price": "0.0100",
        "time_in_force": "good_till_canceled",
        "self_trade_prevention_type": "taker_at_cross",
        "client_order_id": "one",
    }
    status, body = venue.ask("POST", f"{ORDERS}/batched", {"orders": [good, good]})
    first, second = body["orders"]

    assert status == 201
    assert first["remaining_count"] == "1.00"
    assert second["error"]["code"] == "order_already_exists"
    gone = {"orders": [{"order_id": first["order_id"]}, {"order_id": "none"}]}
    _, body = venue.ask("DELETE", f"{ORDERS}/batched", gone)
    assert body["orders"][0]["reduced_by"] == "1.00"
    assert body["orders"][1]["error"]["code"] == "not_found"


def test_3_8_the_race_of_a_cancel_against_a_fill_is_a_404_and_a_fill(venue: Venue) -> None:
    _, order = venue.order("bid", "1.00", "0.4600")
    venue.fake.fault("race", venue.at)

    assert venue.cancel(order["order_id"])[0] == 404
    assert venue.get("/portfolio/fills")["fills"][0]["order_id"] == order["order_id"]


# 3.9 shards


def test_3_9_cash_is_per_shard_and_auto_routing_goes_by_ticker(venue: Venue) -> None:
    venue.ioc("bid", "1.00", "0.5200")
    venue.show((), side(("0.50", "5")), BALL)
    venue.ioc("bid", "1.00", "0.5000", ticker=BALL)
    venue.ioc("bid", "1.00", "0.5000", ticker=BALL, exchange_index=-1)

    shards = {
        row["exchange_index"]: row["balance"]
        for row in venue.get("/portfolio/balance")["balance_breakdown"]
    }
    assert shards == {0: "99999.4625", 3: "99998.9650"}


def test_3_9_an_index_routes_exactly_there(venue: Venue) -> None:
    answer = venue.order("bid", "1.00", "0.5000", ticker=BALL, exchange_index=0)

    assert code(answer) == (404, "market_not_found")


def test_3_9_cash_moves_between_shards_pending_then_complete(venue: Venue) -> None:
    body = {
        "source": "event_contract",
        "destination": "event_contract",
        "amount": 1_000_000,
        "source_exchange_shard": 0,
        "destination_exchange_shard": 3,
        "client_transfer_id": "one",
    }
    path = "/portfolio/intra_exchange_instance_transfer"
    status, first = venue.ask("POST", path, body)
    twice = venue.ask("POST", path, body)
    venue.pass_seconds(1)

    assert (status, first["status"], twice[0]) == (200, "pending", 409)
    assert venue.get(path + "s")["transfers"][0]["status"] == "complete"
    assert venue.get("/portfolio/balance", exchange_index="3")["balance"] == 10_010_000


# 3.12 errors


def test_3_12_three_error_shapes(venue: Venue) -> None:
    _, usual = venue.order("bid", "1.00", "0.5150")
    _, flat = venue.order("bid", 1, "0.5000")  # type: ignore[arg-type]
    _, query = venue.ask("GET", "/markets", None, (("limit", "1001"),))

    assert set(usual) == {"error"}
    assert set(flat) == {"code", "message", "details"}
    assert set(query) == {"msg"}


# 3.13 groups


def group(venue: Venue, limit: int) -> str:
    body = {"contracts_limit": limit}
    status, found = venue.ask("POST", "/portfolio/order_groups/create", body)
    assert status == 201
    return str(found["order_group_id"])


def test_3_13_fills_over_the_limit_cancel_the_group_and_stop_it(venue: Venue) -> None:
    name = group(venue, 2)
    _, resting = venue.order("bid", "1.00", "0.0100", order_group_id=name)
    venue.ioc("bid", "2.00", "0.5200", order_group_id=name)
    before = venue.fake.floor.orders[resting["order_id"]].status
    venue.ioc("bid", "0.01", "0.5200", order_group_id=name)

    assert before == "resting"
    assert venue.fake.floor.orders[resting["order_id"]].status == "canceled"
    assert code(venue.order("bid", "1.00", "0.0100", order_group_id=name))[0] == 400


def test_3_13_the_window_rolls_for_15_seconds(venue: Venue) -> None:
    name = group(venue, 2)
    venue.ioc("bid", "2.00", "0.5200", order_group_id=name)
    venue.pass_seconds(15)

    venue.ioc("bid", "1.00", "0.5200", order_group_id=name)

    assert venue.order("bid", "1.00", "0.0100", order_group_id=name)[0] == 201


def test_3_13_trigger_is_a_manual_kill_until_reset(venue: Venue) -> None:
    name = group(venue, 9)
    path = f"/portfolio/order_groups/{name}"
    _, order = venue.order("bid", "1.00", "0.0100", order_group_id=name)

    assert venue.get(path)["orders"] == [order["order_id"]]
    assert venue.ask("PUT", f"{path}/trigger", {})[0] == 200
    assert venue.cancel(order["order_id"])[0] == 404
    assert venue.ask("PUT", f"{path}/reset", {})[0] == 200
    assert venue.order("bid", "1.00", "0.0100", order_group_id=name)[0] == 201
    assert venue.ask("PUT", f"{path}/limit", {"contracts_limit": 5})[0] == 200
    assert venue.get("/portfolio/order_groups")["order_groups"][0]["contracts_limit_fp"] == "5.00"
    assert venue.ask("DELETE", path)[0] == 200
    assert venue.ask("GET", path)[0] == 404


def test_3_13_an_empty_body_still_wants_braces(venue: Venue) -> None:
    name = group(venue, 9)

    assert code(venue.ask("PUT", f"/portfolio/order_groups/{name}/reset"))[1] == (
        "invalid_content_type"
    )


def test_3_1_text_of_another_kind_is_refused(venue: Venue) -> None:
    request = Request("POST", "rest", PREFIX + ORDERS, (), (("content-type", "text/plain"),), b"{}")

    assert venue.fake.request(request, AT).status == 400


def test_the_books_of_the_venue_balance_after_all_of_it(venue: Venue) -> None:
    venue.ioc("bid", "2.50", "0.5200")
    venue.ioc("ask", "1.25", "0.4700")
    venue.order("ask", "1.00", "0.5000")
    venue.show(side(("0.51", "9")), side(("0.55", "3")))

    assert venue.fake.accounts.ledger.problems() == []
    assert venue.fake.accounts.ledger.cash(f"{OPEN_ACCOUNT}/0") < Usd(100_000 * MICRO)
