"""Section 5 of the venue's sheet, line by line: what both sockets say of orders and trades."""

import json
from typing import Any

import pytest

from feeds.venues.base import Hangup, ToClient
from feeds.venues.polymarket.desk.office import Habits
from feeds.venues.polymarket.desk.settlement import Pace
from feeds.venues.polymarket.desk.wallets import Vault
from feeds.venues.polymarket.shapes import Traits
from markets.terms.units import MS, SECOND, Ns, Px, Qty
from tests.contract.polymarket_desk import START, Client, Desk, whole, words
from tests.unit.feeds.venues.polymarket.test_signing import SHARED
from trading.engine.orders import Side

FAILING = Habits(pace=Pace(failed_per_mille=1_000))
RETRYING = Habits(pace=Pace(failed_per_mille=0, retried_per_mille=1_000))


@pytest.fixture
def client() -> Client:
    return Client(Desk())


# 5.1 to 5.3, own orders


def test_an_own_resting_order_is_one_price_change_for_both_tokens(client: Client) -> None:
    conn = client.desk.follow()
    client.buy("0.43", "10")
    (frame,) = client.desk.frames(conn, "price_change")
    yes, no = frame["price_changes"]

    assert (yes["asset_id"], yes["side"], yes["price"], yes["size"]) == (
        client.desk.tokens[0],
        "BUY",
        "0.43",
        "10",
    )
    assert (no["asset_id"], no["side"], no["price"], no["size"]) == (
        client.desk.tokens[1],
        "SELL",
        "0.57",
        "10",
    )
    assert (yes["best_bid"], yes["best_ask"]) == ("0.43", "0.44")
    assert (no["best_bid"], no["best_ask"]) == ("0.56", "0.57")
    assert [len(part["hash"]) for part in (yes, no)] == [40, 40]


def test_a_cancelled_level_is_said_with_its_new_total(client: Client) -> None:
    conn = client.desk.follow()
    name = client.buy("0.42", "10")["orderID"]
    client.cancel(name)
    said = [f["price_changes"][0]["size"] for f in client.desk.frames(conn, "price_change")]

    assert said == ["110", "100"]


def test_a_level_that_is_gone_has_size_nought(client: Client) -> None:
    conn = client.desk.follow()
    client.cancel(client.buy("0.43", "10")["orderID"])

    assert client.desk.frames(conn, "price_change")[-1]["price_changes"][0]["size"] == "0"


def test_an_own_trade_is_followed_by_a_fresh_book_of_each_token(client: Client) -> None:
    conn = client.desk.follow()
    client.buy("0.44", "10")
    kinds = [f["event_type"] for f in client.desk.frames(conn)][2:]

    assert kinds == ["price_change", "last_trade_price", "book", "book"]
    fresh = client.desk.frames(conn, "book")[-2:]
    assert [f["asset_id"] for f in fresh] == list(client.desk.tokens)
    assert not any("tick_size" in f or "last_trade_price" in f for f in fresh)


def test_a_last_trade_names_the_takers_token_and_side(client: Client) -> None:
    conn = client.desk.follow()
    client.buy("0.58", "10", 1)
    (frame,) = client.desk.frames(conn, "last_trade_price")

    assert (frame["asset_id"], frame["side"]) == (client.desk.tokens[1], "BUY")
    assert (frame["price"], frame["size"], frame["fee_rate_bps"]) == ("0.58", "10", "0")
    assert len(frame["transaction_hash"]) == 66


def test_a_book_of_the_newer_protocol_says_so() -> None:
    desk = Desk(traits=Traits(version="v2"))
    conn = desk.follow()

    assert [f["version"] for f in desk.frames(conn, "book")] == ["v2", "v2"]


# 5.5, the channel


def test_the_user_socket_answers_ping_with_pong_once_subscribed(client: Client) -> None:
    conn = client.listen()
    fake, at = client.desk.fake, client.desk.at

    assert fake.received(conn, "PING", at) == [ToClient(conn, "PONG")]
    fake.connected(77, "/ws/user", at)
    assert isinstance(fake.received(77, "PING", at)[0], Hangup)


def test_markets_are_added_and_taken_away_while_connected(client: Client) -> None:
    conn = client.listen("0x" + "cd" * 32)

    def change(operation: str) -> None:
        frame = {"operation": operation, "markets": [client.desk.native]}
        client.desk.fake.received(conn, json.dumps(frame), client.desk.at)

    client.buy("0.40", "10")
    assert client.desk.frames(conn) == []
    change("subscribe")
    client.buy("0.40", "10")
    assert len(client.desk.frames(conn)) == 1
    change("unsubscribe")
    client.buy("0.40", "10")
    assert len(client.desk.frames(conn)) == 1


def test_nothing_is_replayed_after_a_reconnect(client: Client) -> None:
    first = client.listen()
    client.desk.fake.disconnected(first, client.desk.at)
    client.buy("0.40", "10")

    assert client.desk.frames(first) == []
    assert client.desk.frames(client.listen()) == []


# 5.5, orders


def test_a_resting_order_is_a_placement_with_the_venues_fields(client: Client) -> None:
    conn = client.listen()
    name = client.buy("0.40", "10")["orderID"]
    (frame,) = client.desk.frames(conn)

    assert frame == {
        "event_type": "order",
        "type": "PLACEMENT",
        "id": name,
        "owner": client.creds.api_key,
        "order_owner": client.creds.api_key,
        "market": client.desk.native,
        "asset_id": client.desk.tokens[0],
        "side": "BUY",
        "original_size": "10",
        "size_matched": "0",
        "price": "0.4",
        "associate_trades": None,
        "outcome": "Yes",
        "created_at": str(START // SECOND),
        "expiration": "0",
        "order_type": "GTC",
        "status": "LIVE",
        "maker_address": client.address,
        "timestamp": str(START // MS),
    }


def test_a_fill_is_an_update_that_names_its_trade(client: Client) -> None:
    conn = client.listen()
    told = client.buy("0.44", "100")
    update = client.desk.frames(conn, "order")[-1]

    assert (update["type"], update["status"], update["size_matched"]) == ("UPDATE", "LIVE", "80")
    assert update["associate_trades"] == told["tradeIDs"]


def test_a_whole_fill_is_matched(client: Client) -> None:
    conn = client.listen()
    client.buy("0.44", "10")

    assert client.desk.frames(conn, "order")[-1]["status"] == "MATCHED"


def test_a_cancel_is_a_cancellation(client: Client) -> None:
    conn = client.listen()
    client.cancel(client.buy("0.40", "10")["orderID"])
    last = client.desk.frames(conn, "order")[-1]

    assert (last["type"], last["status"]) == ("CANCELLATION", "CANCELED")


@pytest.mark.parametrize("tif", ["FOK", "FAK"])
def test_a_killed_order_is_a_cancellation_with_a_sentence(client: Client, tif: str) -> None:
    conn = client.listen()
    body = client.limit(Side.BUY, "0.40", "10", tif=tif)
    text = words(client.place(body))[1]
    (frame,) = client.desk.frames(conn)

    assert (frame["type"], frame["status"]) == ("CANCELLATION", f"CANCELED_{text}")


def test_the_original_size_of_a_bought_budget_is_money(client: Client) -> None:
    conn = client.listen()
    client.place(client.spend("0.44", "11"))
    frames = client.desk.frames(conn, "order")

    assert {f["original_size"] for f in frames} == {"11"}
    assert frames[-1]["size_matched"] == "25"


def test_the_end_of_a_gtd_order_is_a_cancellation(client: Client) -> None:
    conn = client.listen()
    client.buy("0.40", "10", tif="GTD", expiration=str(START // SECOND + 180))
    client.desk.passes(120)

    assert client.desk.frames(conn, "order")[-1]["type"] == "CANCELLATION"


def test_a_delayed_order_is_said_to_be_delayed_then_matched_or_unmatched() -> None:
    client = Client(Desk(category="sports"))
    conn = client.listen()
    client.buy("0.44", "10")
    client.buy("0.44", "100")
    client.desk.passes(1)
    statuses = [f["status"] for f in client.desk.frames(conn, "order")]

    assert statuses[:2] == ["DELAYED", "DELAYED"]
    assert "MATCHED" in statuses


# 5.5, trades


def trades(client: Client, conn: int) -> list[dict[str, Any]]:
    return client.desk.frames(conn, "trade")


def test_a_trade_goes_matched_mined_confirmed(client: Client) -> None:
    conn = client.listen()
    client.buy("0.44", "10")
    client.desk.passes(6)
    client.desk.passes(60)
    told = trades(client, conn)

    assert [t["status"] for t in told] == ["MATCHED", "MINED", "CONFIRMED"]
    assert len({t["id"] for t in told}) == 1
    assert [bool(t["transaction_hash"]) for t in told] == [False, True, True]


def test_mining_takes_two_to_six_seconds_and_confirming_ten_to_sixty_more(client: Client) -> None:
    conn = client.listen()
    client.buy("0.44", "10")
    client.desk.passes(1.99)
    assert len(trades(client, conn)) == 1
    client.desk.passes(4.01)
    assert len(trades(client, conn)) == 2
    client.desk.passes(5.99)
    assert len(trades(client, conn)) == 2


def test_the_life_of_a_trade_is_the_same_for_the_same_seed() -> None:
    lives = []
    for _ in range(2):
        client = Client(Desk())
        conn = client.listen()
        client.buy("0.44", "10")
        for _ in range(400):
            client.desk.passes(0.2)
        lives.append([t["timestamp"] for t in trades(client, conn)])

    assert lives[0] == lives[1]
    assert len(lives[0]) == 3


def test_a_failed_trade_did_not_happen() -> None:
    client = Client(Desk(habits=FAILING))
    conn = client.listen()
    before = client.cash()
    client.buy("0.44", "10")
    assert client.held() == 10_000_000
    client.desk.passes(70)
    client.desk.passes(70)

    assert [t["status"] for t in trades(client, conn)] == ["MATCHED", "RETRYING", "FAILED"]
    assert (client.cash(), client.held()) == (before, 0)
    assert client.desk.fake.ledger.problems() == []
    assert client.get("/data/trades")["data"][0]["status"] == "TRADE_STATUS_FAILED"


def test_a_trade_may_be_tried_again_and_succeed() -> None:
    client = Client(Desk(habits=RETRYING))
    conn = client.listen()
    client.buy("0.44", "10")
    for _ in range(5):
        client.desk.passes(60)

    said = [t["status"] for t in trades(client, conn)]
    assert said == ["MATCHED", "RETRYING", "MINED", "CONFIRMED"]
    assert client.held() == 10_000_000


def test_one_trade_is_one_taker_against_its_makers_at_one_price(client: Client) -> None:
    maker = Client(client.desk, 8)
    maker.buy("0.42", "30")
    client.desk.moves("0.42x100 0.41x50", "0.44x80 0.45x20")
    conn = client.listen()
    client.buy("0.58", "120", 1)
    (told,) = trades(client, conn)

    assert told["size"] == "120"
    assert sum(whole(m["matched_amount"]) for m in told["maker_orders"]) == 120_000_000
    assert told["trader_side"] == "TAKER"


def test_a_maker_finds_its_part_by_its_order_and_the_top_is_the_takers(client: Client) -> None:
    maker = Client(client.desk, 8)
    conn = maker.listen()
    name = maker.buy("0.43", "30")["orderID"]
    client.buy("0.57", "10", 1)
    (told,) = trades(maker, conn)
    mine = [m for m in told["maker_orders"] if m["order_id"] == name]

    assert told["trader_side"] == "MAKER"
    assert (told["side"], told["outcome"], told["price"]) == ("BUY", "No", "0.57")
    assert (mine[0]["outcome"], mine[0]["side"], mine[0]["price"]) == ("Yes", "BUY", "0.43")
    assert mine[0]["asset_id"] == client.desk.tokens[0]
    assert mine[0]["matched_amount"] == "10"
    assert told["owner"] == client.creds.api_key
    assert told["trade_owner"] == maker.creds.api_key


def test_a_resting_order_reached_by_the_world_is_filled_as_maker_and_pays_no_fee(
    client: Client,
) -> None:
    conn = client.listen()
    name = client.buy("0.43", "10")["orderID"]
    client.desk.moves("0.40x100", "0.42x100")
    (told,) = trades(client, conn)

    assert told["trader_side"] == "MAKER"
    assert client.get(f"/data/order/{name}")["status"] == "MATCHED"
    assert 1_000_000_000 - client.cash() == 4_300_000


def test_a_resting_order_waits_behind_what_was_shown_before_it(client: Client) -> None:
    client.buy("0.42", "10")
    half = (Px(420_000), Qty(50_000_000), Side.SELL)
    client.desk.moves("0.42x50 0.41x50", "0.44x80", half)
    assert client.held() == 0
    rest = (Px(420_000), Qty(60_000_000), Side.SELL)
    client.desk.moves("0.41x50", "0.44x80", rest)

    assert client.held() == 10_000_000


@pytest.mark.skipif(not SHARED.exists(), reason="../shared/data/polymarket is not here")
def test_frames_have_the_fields_of_the_documented_examples(client: Client) -> None:
    examples = json.loads((SHARED / "http_payloads_docs.json").read_text())
    conn = client.listen()
    client.buy("0.44", "10")
    order, trade = client.desk.frames(conn, "order")[0], trades(client, conn)[0]

    assert set(order) == set(examples["user_ws_order"])
    assert set(trade) == set(examples["user_ws_trade"])
    assert set(trade["maker_orders"][0]) == set(examples["user_ws_trade"]["maker_orders"][0])
    told = client.get(f"/data/order/{order['id']}")
    assert set(told) == set(examples["open_order"])


def test_a_balance_lags_behind_a_trade_until_it_is_mined_or_asked_for(client: Client) -> None:
    yes = client.desk.tokens[0]
    client.buy("0.44", "20")
    refused = client.place(client.limit(Side.SELL, "0.50", "10"))

    assert client.balance(yes) == 0
    assert words(refused) == (400, "not enough balance / allowance")
    client.update(yes)
    assert client.balance(yes) == 20_000_000
    assert client.sell("0.50", "10")["status"] == "live"


def test_the_lag_ends_when_the_trade_is_mined(client: Client) -> None:
    client.buy("0.44", "20")
    client.desk.passes(6)

    assert client.balance(client.desk.tokens[0]) == 20_000_000


def test_an_unknown_wallet_is_found_nowhere() -> None:
    assert Vault({}).find("nobody") is None
    assert Vault({}).find("0x" + "1" * 40) is None
    assert Ns(0) == 0
