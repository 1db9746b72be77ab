"""The fake behaves as Kalshi's sheet says, seen from a client's side of the wire."""

from __future__ import annotations

import json
from typing import Any

import pytest

from feeds.sim.scenario import Move
from feeds.venues.base import FakeOutput, Hangup, ToClient
from feeds.venues.kalshi.fake import KalshiFake
from markets.terms.units import MS, SECOND, Ns, Px, Qty
from tests.contract.adapter_contract import START
from tests.contract.test_kalshi import KALSHI, LISTED
from trading.engine.book import Levels
from trading.engine.orders import Side

ONE = 1_000_000
FIRST, SECOND_MARKET = LISTED[0].native, LISTED[1].native


def side(*levels: tuple[int, int]) -> Levels:
    return tuple((Px(cents * 10_000), Qty(contracts * ONE)) for cents, contracts in levels)


def moved(
    fake: KalshiFake,
    bids: Levels,
    asks: Levels,
    trade: tuple[Px, Qty, Side] | None = None,
    native: str = FIRST,
) -> list[dict[str, Any]]:
    return said(fake.moved(Move(KALSHI, native, bids, asks, trade, START), START))


def said(outputs: list[FakeOutput]) -> list[dict[str, Any]]:
    return [json.loads(output.text) for output in outputs if isinstance(output, ToClient)]


def ask(fake: KalshiFake, cmd: str, number: int = 1, **params: Any) -> list[dict[str, Any]]:
    text = json.dumps({"id": number, "cmd": cmd, "params": params})
    return said(fake.received(1, text, START))


def subscribe(
    fake: KalshiFake, *tickers: str, number: int = 1, **more: Any
) -> list[dict[str, Any]]:
    return ask(
        fake,
        "subscribe",
        number,
        channels=["orderbook_delta"],
        market_tickers=list(tickers),
        **more,
    )


@pytest.fixture
def fake() -> KalshiFake:
    fake = KalshiFake(LISTED)
    assert fake.connected(1, "/trade-api/ws/v2", START) == []
    moved(fake, side((42, 10)), side((44, 5)))
    return fake


def test_an_answer_comes_before_the_snapshot_and_both_scales_are_spoken(fake: KalshiFake) -> None:
    answer, snapshot = subscribe(fake, FIRST)
    fake.connected(1, "/", START)
    _, turned = subscribe(fake, FIRST, use_yes_price=True)

    assert answer["msg"] == {"channel": "orderbook_delta", "sid": 1}
    assert "seq" not in answer
    assert (snapshot["sid"], snapshot["seq"]) == (1, 1)
    assert snapshot["msg"]["yes_dollars_fp"] == [["0.4200", "10.00"]]
    assert snapshot["msg"]["no_dollars_fp"] == [["0.5600", "5.00"]]
    assert turned["msg"]["no_dollars_fp"] == [["0.4400", "5.00"]]
    assert snapshot["sending_ts_ms"] == START // MS


def test_a_side_without_orders_is_absent(fake: KalshiFake) -> None:
    _, snapshot = subscribe(fake, SECOND_MARKET)

    assert set(snapshot["msg"]) == {"market_ticker", "market_id"}


def test_a_second_subscription_joins_the_first_and_takes_a_number(fake: KalshiFake) -> None:
    subscribe(fake, FIRST)

    answer, snapshot = subscribe(fake, SECOND_MARKET, number=2)

    assert (answer["type"], answer["id"], answer["sid"], answer["seq"]) == ("ok", 2, 1, 2)
    assert answer["msg"] == {"market_tickers": [FIRST, SECOND_MARKET]}
    assert snapshot["seq"] == 3


def test_each_level_that_differs_is_one_delta_and_what_shrinks_comes_first(
    fake: KalshiFake,
) -> None:
    subscribe(fake, FIRST)

    frames = moved(fake, side((44, 1), (42, 7)), side((45, 5)))

    assert [(one["msg"]["side"], one["msg"]["price_dollars"]) for one in frames] == [
        ("yes", "0.4200"),
        ("no", "0.5600"),
        ("yes", "0.4400"),
        ("no", "0.5500"),
    ]
    assert [one["msg"]["delta_fp"] for one in frames] == ["-3.00", "-5.00", "1.00", "5.00"]
    assert [one["seq"] for one in frames] == [2, 3, 4, 5]
    assert {one["msg"]["ts_ms"] for one in frames} == {START // MS}


def test_a_client_that_wants_yes_prices_gets_its_deltas_so(fake: KalshiFake) -> None:
    subscribe(fake, FIRST, use_yes_price=True)

    (frame,) = moved(fake, side((42, 10)), side((44, 6)))

    assert frame["msg"]["price_dollars"] == "0.4400"


def test_a_trade_has_its_own_counter_and_names_the_takers_side(fake: KalshiFake) -> None:
    ask(fake, "subscribe", channels=["trade"], market_tickers=[FIRST])

    trade = (Px(440_000), Qty(2_500_000), Side.SELL)
    (frame,) = moved(fake, side((42, 10)), side((44, 5)), trade)

    assert (frame["type"], frame["sid"], frame["seq"]) == ("trade", 1, 1)
    assert frame["msg"]["taker_outcome_side"] == "no"
    assert (frame["msg"]["yes_price_dollars"], frame["msg"]["no_price_dollars"]) == (
        "0.4400",
        "0.5600",
    )
    assert frame["msg"]["count_fp"] == "2.50"


def test_nobody_hears_of_markets_not_asked_for(fake: KalshiFake) -> None:
    subscribe(fake, FIRST)

    assert moved(fake, side((1, 1)), (), native=SECOND_MARKET) == []
    assert moved(fake, side((1, 1)), (), native="KXELSE") == []


def test_a_snapshot_can_be_asked_for_and_carries_the_commands_id(fake: KalshiFake) -> None:
    subscribe(fake, FIRST)

    (snapshot,) = ask(
        fake, "update_subscription", 9, sids=[1], action="get_snapshot", market_tickers=[FIRST]
    )

    assert (snapshot["type"], snapshot["id"], snapshot["seq"]) == ("orderbook_snapshot", 9, 2)


def test_markets_join_and_leave_a_subscription(fake: KalshiFake) -> None:
    subscribe(fake, FIRST)

    joined = ask(
        fake, "update_subscription", sid=1, action="add_markets", market_tickers=[SECOND_MARKET]
    )
    left = ask(fake, "update_subscription", sid=1, action="delete_markets", market_tickers=[FIRST])

    assert [one["type"] for one in joined] == ["ok", "orderbook_snapshot"]
    assert left[0]["msg"] == {"market_tickers": [SECOND_MARKET]}
    assert moved(fake, (), ()) == []


def test_subscriptions_are_listed_and_given_up(fake: KalshiFake) -> None:
    subscribe(fake, FIRST)

    (listed,) = ask(fake, "list_subscriptions", 3)
    (gone,) = ask(fake, "unsubscribe", 4, sids=[1])
    (unknown,) = ask(fake, "unsubscribe", 5, sids=[1])

    assert listed["msg"] == [{"channel": "orderbook_delta", "sid": 1}]
    assert (gone["type"], gone["seq"]) == ("unsubscribed", 2)
    assert unknown["msg"]["code"] == 7


@pytest.mark.parametrize(
    ("cmd", "params", "code"),
    [
        ("dance", {}, 5),
        ("subscribe", {}, 3),
        ("subscribe", {"channels": ["weather"]}, 8),
        ("subscribe", {"channels": ["orderbook_delta"]}, 14),
        ("unsubscribe", {}, 4),
        ("update_subscription", {"action": "get_snapshot"}, 12),
        ("update_subscription", {"sid": 8, "action": "get_snapshot"}, 7),
    ],
)
def test_wrong_commands_get_their_codes(
    fake: KalshiFake, cmd: str, params: dict[str, Any], code: int
) -> None:
    (error,) = ask(fake, cmd, 6, **params)

    assert (error["type"], error["id"], error["msg"]["code"]) == ("error", 6, code)


@pytest.mark.parametrize(("action", "code"), [(None, 15), ("sing", 13)])
def test_wrong_actions_get_their_codes(fake: KalshiFake, action: str | None, code: int) -> None:
    subscribe(fake, FIRST)
    more: dict[str, Any] = {} if action is None else {"action": action}

    (error,) = ask(fake, "update_subscription", sid=1, **more)

    assert error["msg"]["code"] == code


def test_text_that_is_no_command_cannot_be_processed(fake: KalshiFake) -> None:
    (error,) = said(fake.received(1, "hello", START))

    assert error["msg"]["code"] == 1


def test_a_lost_frame_takes_its_number_with_it(fake: KalshiFake) -> None:
    subscribe(fake, FIRST)

    fake.gap()
    lost = moved(fake, side((42, 11)), side((44, 5)))
    (frame,) = moved(fake, side((42, 12)), side((44, 5)))

    assert lost == []
    assert frame["seq"] == 3


def test_a_repeated_frame_has_the_same_number_twice(fake: KalshiFake) -> None:
    subscribe(fake, FIRST)

    fake.duplicate()
    frames = moved(fake, side((42, 11)), side((44, 5)))

    assert [one["seq"] for one in frames] == [2, 2]


def test_a_reader_too_slow_loses_its_subscription(fake: KalshiFake) -> None:
    subscribe(fake, FIRST)

    (error,) = said(fake.overflow(START))

    assert (error["sid"], error["msg"]["code"]) == (1, 25)
    assert moved(fake, (), ()) == []


def test_a_socket_can_be_closed_from_the_venues_side(fake: KalshiFake) -> None:
    assert fake.hang_up() == [Hangup(1, 1001, "going away")]
    fake.disconnected(1, START)
    assert fake.hang_up() == []


def test_a_while_after_its_close_a_book_is_cleared_once(fake: KalshiFake) -> None:
    subscribe(fake, FIRST)
    close = LISTED[0].close_at

    before = fake.ticked(Ns(close + SECOND))
    (snapshot,) = said(fake.ticked(Ns(close + 2 * SECOND)))
    again = fake.ticked(Ns(close + 3 * SECOND))

    assert before == again == []
    assert set(snapshot["msg"]) == {"market_ticker", "market_id"}
    assert moved(fake, side((42, 1)), ()) == []
