"""What each answer to an order means."""

import json

import pytest

from feeds.venues.base import Reply
from feeds.venues.polymarket.replies import (
    Absent,
    Answer,
    Doubled,
    Killed,
    Refused,
    Taken,
    Unsure,
    read_batch,
    read_placed,
    words_of,
)

LIMITED = (("poly-ratelimit-remaining", "0"), ("retry-after", "2"))


def reply(status: int, body: object = None, headers: tuple[tuple[str, str], ...] = ()) -> Reply:
    return Reply(status, headers, b"" if body is None else json.dumps(body).encode())


def yes(**changed: object) -> dict[str, object]:
    told: dict[str, object] = {
        "success": True,
        "errorMsg": "",
        "orderID": "0x1",
        "status": "matched",
        "tradeIDs": ["t1"],
    }
    return {**told, **changed}


@pytest.mark.parametrize("status", ["live", "matched", "delayed", "unmatched", "LIVE"])
def test_a_clear_yes_is_taken(status: str) -> None:
    assert read_placed(reply(200, yes(status=status))) == Taken("0x1", status.lower(), ("t1",))


@pytest.mark.parametrize(
    ("told", "meaning"),
    [
        (
            reply(200, yes(orderID="", errorMsg="invalid signature")),
            Refused("signature", "invalid signature"),
        ),
        (reply(200, yes(success=False, orderID="", errorMsg="no")), Refused("refused", "no")),
        (reply(200, yes(orderID="", errorMsg="x Duplicated.")), Doubled()),
        (
            reply(200, yes(orderID="", errorMsg="post-only mode: no")),
            Refused("post_only", "post-only mode: no"),
        ),
        (reply(200, yes(errorMsg="odd")), Unsure("the answer contradicts itself")),
        (reply(200, yes(orderID="")), Unsure("the answer contradicts itself")),
        (reply(200, yes(success=False)), Unsure("the answer contradicts itself")),
        (reply(200, yes(status="new")), Unsure("status 'new' is unknown")),
        (reply(200, yes(tradeIDs=None)), Taken("0x1", "matched", ())),
        (Reply(200, (), b"<html>"), Unsure("the answer could not be read")),
        (reply(400, {"error": "order 0x1 is invalid. Duplicated."}), Doubled()),
        (
            reply(400, {"error": "not enough balance / allowance"}),
            Refused("no_balance", "not enough balance / allowance"),
        ),
        (
            reply(400, {"error": "no orders found to match with FAK order."}),
            Killed("no orders found to match with FAK order."),
        ),
        (
            reply(401, {"error": "Unauthorized/Invalid api key"}),
            Refused("key", "Unauthorized/Invalid api key"),
        ),
        (reply(403), Unsure("403 without a clear word")),
        (reply(408, {"error": "timeout"}), Unsure("408 without a clear word")),
        (reply(302, {"error": "moved"}), Unsure("302 without a clear word")),
        (reply(425, {"error": "engine restarting"}), Absent("restarting", "engine restarting")),
        (reply(425), Absent("restarting", "the engine is restarting")),
        (
            reply(429, {"error": "Too Many Requests"}, LIMITED),
            Refused("rate_limited", "Too Many Requests"),
        ),
        (reply(429, None, LIMITED), Refused("rate_limited", "too many orders; wait as told")),
        (reply(429, {"error": "Too Many Requests"}), Unsure("429 without the limiter's headers")),
        (reply(500, {"error": "order timed out"}), Unsure("500 order timed out")),
        (reply(500, {"error": "cancel-only"}), Unsure("500 cancel-only")),
        (reply(502), Unsure("502")),
        (
            reply(503, {"error": "Trading is currently cancel-only. x"}),
            Refused("cancel_only", "Trading is currently cancel-only. x"),
        ),
        (
            reply(503, {"error": "Trading is currently disabled. x"}),
            Refused("disabled", "Trading is currently disabled. x"),
        ),
        (reply(503, {"error": "overloaded"}), Unsure("503 overloaded")),
    ],
)
def test_each_row_of_the_failure_tables_has_its_meaning(told: Reply, meaning: Answer) -> None:
    assert read_placed(told) == meaning


def test_the_entries_of_a_batch_stand_alone() -> None:
    bad = yes(orderID="", errorMsg="not enough balance / allowance")
    told = read_batch(reply(200, [yes(), bad]), 2)

    assert [type(t) for t in told] == [Taken, Refused]


@pytest.mark.parametrize("body", [b"[]", b"x", b'{"a":1}'])
def test_a_batch_answered_otherwise_is_unsure_for_each(body: bytes) -> None:
    assert [type(t) for t in read_batch(Reply(200, (), body), 2)] == [Unsure, Unsure]


def test_a_refused_batch_refuses_each_alike() -> None:
    told = read_batch(reply(400, {"error": "Too many orders in payload: 16"}), 16)

    assert len(told) == 16
    assert all(isinstance(t, Refused) for t in told)


def test_words_are_found_wherever_they_stand_and_shortened() -> None:
    assert words_of(reply(400, {"error_msg": "Invalid Heartbeat ID"})) == "Invalid Heartbeat ID"
    assert words_of(reply(400, {"errorMsg": "a"})) == "a"
    assert words_of(Reply(400, (), b"[1]")) == ""
    assert len(words_of(reply(400, {"error": "x" * 999}))) == 300
