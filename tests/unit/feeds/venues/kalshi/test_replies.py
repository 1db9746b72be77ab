"""What answers prove, and what they leave open."""

import json
from typing import Any

import pytest

from feeds.venues.base import Reply
from feeds.venues.kalshi import replies
from markets.terms.units import Px
from tests.builders import qty
from tests.unit.feeds.venues.kalshi.test_encode import request
from trading.engine.orders import Side

CREATED = {
    "order_id": "97ec18b7",
    "client_order_id": "run-1-0",
    "fill_count": "1.00",
    "remaining_count": "0.00",
    "average_fill_price": "0.5200",
    "average_fee_paid": "0.0175",
    "ts_ms": 1781159370164,
}


def reply(status: int, body: Any = None) -> Reply:
    return Reply(status, (), b"" if body is None else json.dumps(body).encode())


def error(code: str, message: str = "", details: str = "") -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "details": details}}


def test_the_recorded_answer_is_an_order_with_a_fill() -> None:
    said = replies.placed(reply(201, CREATED), request())

    assert said == replies.Placed("97ec18b7", "run-1-0", qty(1), rests=False)


@pytest.mark.parametrize(
    "answer",
    [
        reply(201),
        reply(201, {}),
        reply(200, error("internal")),
        reply(201, CREATED | {"client_order_id": "another"}),
        reply(201, CREATED | {"fill_count": "13"}),
        reply(201, CREATED | {"fill_count": "-1"}),
        reply(201, CREATED | {"fill_count": "one"}),
        reply(302),
        reply(408),
        reply(500, error("internal_error")),
        reply(502),
        reply(503),
        reply(504, {"error": "gateway"}),
    ],
)
def test_what_proves_nothing_is_unsure(answer: Reply) -> None:
    assert isinstance(replies.placed(answer, request()), replies.Unsure)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (reply(400, error("insufficient_balance")), "insufficient_balance"),
        (reply(400, {"code": "bad_request", "message": "bad request"}), "bad_request"),
        (reply(400, {"msg": "Parameter validation failed"}), "400"),
        (reply(400, error("bad", "TRADING_PAUSED")), "trading_paused"),
        (reply(403, error("forbidden")), "forbidden"),
        (reply(404, error("user_not_found", "", "sharding")), "user_not_found"),
        (reply(409, error("fill_or_kill_insufficient_resting_volume")), None),
        (reply(409), "409"),
        (reply(410, error("deprecated_v1_order_endpoint")), None),
        (reply(429, {"error": "too many requests"}), "too_many_requests"),
        (reply(429), "429"),
    ],
)
def test_a_4xx_is_a_sure_no(answer: Reply, code: str | None) -> None:
    said = replies.placed(answer, request())

    assert isinstance(said, replies.Refused)
    assert said.code == (code or json.loads(answer.body)["error"]["code"])


def test_a_duplicate_is_ours() -> None:
    said = replies.placed(reply(409, error("order_already_exists")), request())

    assert isinstance(said, replies.Exists)


def test_a_known_code_says_what_to_do_beside_the_venues_words() -> None:
    _, text = replies.error_of(reply(404, error("user_not_found", "", "see sharding")))

    assert text == "The market's shard was never funded; move cash there. (see sharding)"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (reply(200, {"order_id": "a", "reduced_by": "3.00"}), replies.Gone),
        (reply(200, {"order_id": "b", "reduced_by": "3.00"}), replies.Unsure),
        (reply(200, {"order_id": "a", "reduced_by": "x"}), replies.Unsure),
        (reply(200), replies.Unsure),
        (reply(404, error("not_found")), replies.NotResting),
        (reply(400, error("exchange_paused")), replies.Refused),
        (reply(429), replies.Refused),
        (reply(502), replies.Unsure),
    ],
)
def test_a_cancel_is_believed_only_for_its_own_order(answer: Reply, kind: type) -> None:
    assert isinstance(replies.cancelled(answer, "a"), kind)


def test_the_two_trusted_fields_say_the_direction() -> None:
    row = replies.OrderRow("a", "T", "resting", "0", outcome_side="no")

    assert replies.direction(row) == "ask"
    assert replies.claim("ask", Px(400_000)) == (1, Side.BUY, Px(600_000))
    with pytest.raises(ValueError, match="no direction"):
        replies.direction(replies.OrderRow("a", "T", "resting", "0"))


def test_a_fill_is_named_the_same_in_every_copy() -> None:
    read = replies.FillRow("o", "1", "0.42", "0", fill_id="t", ticker="T")
    streamed = replies.FillRow("o", "1", "0.42", "0", trade_id="t", market_ticker="T")

    assert read.key == streamed.key == "kalshi:t:o"
    with pytest.raises(ValueError, match="without an id"):
        _ = replies.FillRow("o", "1", "0.42", "0").key


def test_only_a_whole_200_is_read() -> None:
    answer = reply(200, {"balance_dollars": "10.0900", "balance_breakdown": None})
    assert replies.read(answer, replies.Balance).cash == 10_090_000

    for bad in (reply(200, {}), reply(200), reply(503), reply(429, {"error": "too many"})):
        with pytest.raises(ValueError, match=r"answer"):
            replies.read(bad, replies.Balance)
