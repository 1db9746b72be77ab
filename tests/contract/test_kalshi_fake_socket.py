"""Kalshi sheet sections 4 and 5 at the fake: private channels, own orders, order of frames."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from markets.terms.units import MS, Px, Qty
from tests.contract.kalshi_fake import ORDERS, RAIN, SNOW, Venue, side
from trading.engine.orders import Side

PRIVATE = ("fill", "user_orders", "market_positions", "order_group_updates")


@pytest.fixture
def venue() -> Venue:
    venue = Venue()
    venue.show(side(("0.47", "3"), ("0.46", "5")), side(("0.52", "3"), ("0.53", "4")))
    return venue


def of(frames: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [frame for frame in frames if frame["type"] == kind]


def test_4_3_frames_of_private_channels_have_singular_types(venue: Venue) -> None:
    said = venue.subscribe(*PRIVATE)
    venue.ioc("bid", "1.00", "0.5200")

    frames = venue.flush()

    assert [frame["msg"]["channel"] for frame in said] == list(PRIVATE)
    assert Counter(frame["type"] for frame in frames) == Counter(
        {"fill": 1, "market_position": 1, "user_order": 1}
    )
    assert all("seq" not in frame for frame in frames)
    assert all("sending_ts_ms" in frame for frame in frames)


def test_4_3_order_group_updates_are_numbered(venue: Venue) -> None:
    venue.subscribe("order_group_updates")
    venue.ask("POST", "/portfolio/order_groups/create", {"contracts_limit": 3})

    (frame,) = venue.flush()

    assert (frame["type"], frame["seq"]) == ("order_group_updates", 1)
    assert frame["msg"]["contracts_limit_fp"] == "3.00"


def test_4_4_the_own_client_id_stands_on_own_deltas_only(venue: Venue) -> None:
    venue.subscribe("orderbook_delta")
    venue.order("bid", "1.00", "0.4500", client_order_id="mine")
    own = of(venue.flush(), "orderbook_delta")
    theirs = of(venue.show(side(("0.47", "2")), side(("0.52", "3"))), "orderbook_delta")

    assert [frame["msg"]["client_order_id"] for frame in own] == ["mine"]
    assert own[0]["msg"]["delta_fp"] == "1.00"
    assert theirs
    assert all("client_order_id" not in frame["msg"] for frame in theirs)


def test_5_each_maker_met_is_one_delta_and_one_print_of_the_same_time(venue: Venue) -> None:
    venue.subscribe("orderbook_delta", "trade")
    venue.ioc("bid", "5.00", "0.5300")
    frames = venue.flush()

    deltas, prints = of(frames, "orderbook_delta"), of(frames, "trade")
    assert [(d["msg"]["price_dollars"], d["msg"]["delta_fp"]) for d in deltas] == [
        ("0.4800", "-3.00"),
        ("0.4700", "-2.00"),
    ]
    assert [(p["msg"]["yes_price_dollars"], p["msg"]["count_fp"]) for p in prints] == [
        ("0.5200", "3.00"),
        ("0.5300", "2.00"),
    ]
    assert len({frame["msg"]["ts_ms"] for frame in deltas + prints}) == 1


def test_4_6_the_delta_comes_first_about_nine_times_in_ten() -> None:
    venue = Venue(seed=5)
    while not venue.subscribe("orderbook_delta", "trade"):
        venue.pass_seconds(0.1)
        break
    first: Counter[str] = Counter()
    for number in range(300):
        venue.show(side(("0.40", f"{number + 1}")), side(("0.60", f"{number + 1}")))
        venue.ioc("bid", "0.01", "0.6000")
        first[venue.flush()[0]["type"]] += 1

    assert 240 <= first["orderbook_delta"] <= 290
    assert first["trade"] >= 10


def test_5_a_resting_order_trades_at_its_own_price_after_those_before_it(venue: Venue) -> None:
    venue.subscribe("fill")
    _, order = venue.order("bid", "2.00", "0.4700")
    ahead = venue.show(
        side(("0.47", "1")), side(("0.52", "3")), trade=(Px(470_000), Qty(3_000_000), Side.SELL)
    )
    reached = venue.show(
        side(("0.47", "1")), side(("0.52", "3")), trade=(Px(470_000), Qty(500_000), Side.SELL)
    )

    assert of(ahead, "fill") == []
    (fill,) = of(reached, "fill")
    assert fill["msg"]["order_id"] == order["order_id"]
    assert (fill["msg"]["count_fp"], fill["msg"]["is_taker"]) == ("0.50", False)


def test_4_6_an_order_says_why_it_ended(venue: Venue) -> None:
    venue.subscribe("user_orders")
    _, order = venue.order("bid", "2.00", "0.4000")
    body = {"reduce_by": "1.00", "market_ticker": RAIN}
    venue.ask("POST", f"{ORDERS}/{order['order_id']}/decrease", body)
    venue.order("bid", "1.00", "0.4900", post_only=True)
    venue.ioc("ask", "1.00", "0.4900")
    frames = [frame["msg"] for frame in venue.flush()]

    reasons = [frame.get("last_update_reason", "") for frame in frames]
    assert reasons == ["", "Decrease", "", "SelfTradeCancel"]
    assert frames[-1]["status"] == "canceled"


def test_4_2_commands_are_not_processed_in_the_order_sent() -> None:
    venue = Venue(seed=11)
    venue.fake.connected(1, "/", venue.at)
    ids: list[int] = []
    for number in range(1, 30):
        text = f'{{"id": {number}, "cmd": "list_subscriptions"}}'
        ids += [frame["id"] for frame in venue.hear(venue.fake.received(1, text, venue.at))]
    ids += [frame["id"] for frame in venue.flush()]

    assert sorted(ids) == list(range(1, 30))
    assert ids != sorted(ids)


def test_4_6_the_ticker_tells_the_top_without_a_number(venue: Venue) -> None:
    venue.subscribe("ticker")

    (frame,) = venue.show(side(("0.48", "2")), side(("0.52", "3")))

    assert "seq" not in frame
    assert (frame["msg"]["yes_bid_dollars"], frame["msg"]["yes_ask_dollars"]) == (
        "0.4800",
        "0.5200",
    )


def test_4_6_event_fees_and_price_grids_are_announced(venue: Venue) -> None:
    venue.subscribe("market_lifecycle_v2", market_tickers=[])
    fee = venue.hear(venue.fake.override_fee("KXRAIN-30", "quadratic", 1_000_000, venue.at))
    cleared = venue.hear(venue.fake.override_fee("KXRAIN-30", None, None, venue.at))
    grid = venue.hear(venue.fake.fault("tick", venue.at, market=RAIN, step=1_000))

    assert [frame["type"] for frame in (*fee, *cleared, *grid)] == [
        "event_fee_update",
        "event_fee_update",
        "market_lifecycle_v2",
    ]
    assert cleared[0]["msg"]["fee_multiplier_override"] is None
    assert grid[0]["msg"]["price_ranges"][0]["step"] == "0.0010"
    assert venue.order("bid", "1.00", "0.4550")[0] == 201


def test_5_a_finer_grid_leaves_resting_orders_where_they_are(venue: Venue) -> None:
    _, order = venue.order("bid", "1.00", "0.4500")
    venue.fake.fault("tick", venue.at, market=RAIN, step=1_000)

    assert venue.cancel(order["order_id"])[0] == 200


def test_5_the_book_is_never_shown_crossed_and_hundredths_trade(venue: Venue) -> None:
    venue.ioc("bid", "0.01", "0.5200")
    book = venue.get(f"/markets/{RAIN}/orderbook")["orderbook_fp"]

    assert book["no_dollars"][-1] == ["0.4800", "2.99"]
    assert float(book["yes_dollars"][-1][0]) + float(book["no_dollars"][-1][0]) < 1


def test_5_a_tapered_grid_is_fine_at_its_edges_only() -> None:
    from feeds.venues.kalshi.fakeboard import Terms

    venue = Venue(terms=Terms(structures={SNOW: "tapered_deci_cent"}))

    assert venue.order("bid", "1.00", "0.0990", ticker=SNOW)[0] == 201
    assert venue.order("bid", "1.00", "0.1000", ticker=SNOW)[0] == 201
    assert venue.order("bid", "1.00", "0.1010", ticker=SNOW)[0] == 400
    assert venue.order("bid", "1.00", "1.0000", ticker=SNOW)[0] == 400
    assert venue.order("ask", "1.00", "0.9990", ticker=SNOW)[0] == 201


def test_4_1_every_frame_says_when_it_was_sent(venue: Venue) -> None:
    said = venue.subscribe("orderbook_delta")

    assert {frame["sending_ts_ms"] for frame in said} == {venue.at // MS}
