"""Sections 3.8 to 3.12 of the sheet, line by line: cancels, reads, modes, delays, limits."""

from typing import Any

import msgspec
import pytest

from feeds.venues.base import Request
from feeds.venues.polymarket.desk.limiter import TIERS, Lane, Limiter
from feeds.venues.polymarket.desk.moods import Mood
from feeds.venues.polymarket.desk.office import Habits
from feeds.venues.polymarket.shapes import Traits
from markets.terms.units import MS, SECOND, Ns
from tests.contract.polymarket_desk import CALM, START, Client, Desk, said, words
from tests.unit.feeds.venues.polymarket.test_signing import SHARED
from trading.engine.orders import Side

NO_BALANCE = (400, "not enough balance / allowance")
UNKNOWN = "0x" + "ab" * 32


@pytest.fixture
def client() -> Client:
    return Client(Desk())


# 3.8


def test_one_order_is_cancelled_by_its_id(client: Client) -> None:
    name = client.buy("0.40", "10")["orderID"]

    assert client.cancel(name) == {"canceled": [name], "not_canceled": {}}
    assert client.get(f"/data/order/{name}")["status"] == "CANCELED"


def test_a_cancel_of_what_is_gone_is_answered_200_with_a_reason(client: Client) -> None:
    matched = client.buy("0.44", "10")["orderID"]
    gone = client.buy("0.40", "10")["orderID"]
    client.cancel(gone)
    reply = client.call("DELETE", "/orders", [matched, gone, UNKNOWN])

    assert reply.status == 200
    assert said(reply)["canceled"] == []
    assert said(reply)["not_canceled"][matched] == "order already matched"
    assert set(said(reply)["not_canceled"]) == {matched, gone, UNKNOWN}


@pytest.mark.parametrize(
    "body", [{"orderID": "5"}, {"orderID": 5}, {}, {"orderID": "0x" + "g" * 64}]
)
def test_what_is_no_order_id_is_refused(client: Client, body: dict[str, Any]) -> None:
    assert words(client.call("DELETE", "/order", body)) == (400, "Invalid orderID")


def test_at_most_a_thousand_ids_are_cancelled_at_once() -> None:
    client = Client(Desk())
    client.desk.fake.office.calls.limiter.promote(client.address, "Elite")
    names = ["0x" + f"{n:064x}" for n in range(1_001)]

    assert words(client.call("DELETE", "/orders", names)) == (
        400,
        "Too many orders in payload, max allowed: 1000",
    )
    assert client.call("DELETE", "/orders", names[:-1]).status == 200


def test_nobody_cancels_another_accounts_order(client: Client) -> None:
    name = client.buy("0.40", "10")["orderID"]
    other = Client(client.desk, 8)

    assert list(other.cancel(name)["not_canceled"]) == [name]
    assert other.call("GET", f"/data/order/{name}").status == 404


@pytest.mark.parametrize("by", ["market", "asset_id", "both"])
def test_orders_of_a_market_or_a_token_are_cancelled_together(client: Client, by: str) -> None:
    yes = client.buy("0.40", "10")["orderID"]
    no = client.buy("0.40", "10", 1)["orderID"]
    asked = {"market": client.desk.native, "asset_id": client.desk.tokens[1]}
    body = asked if by == "both" else {by: asked[by]}
    told = said(client.call("DELETE", "/cancel-market-orders", body))

    assert set(told["canceled"]) == ({yes, no} if by == "market" else {no})


def test_cancel_all_takes_every_order_of_the_account(client: Client) -> None:
    names = {client.buy("0.40", "10", outcome)["orderID"] for outcome in (0, 1)}
    other = Client(client.desk, 8)
    kept = other.buy("0.40", "10")["orderID"]

    assert set(said(client.call("DELETE", "/cancel-all"))["canceled"]) == names
    assert other.get(f"/data/order/{kept}")["status"] == "LIVE"


def test_open_orders_are_read_in_pages_from_the_first_cursor_to_the_end_mark() -> None:
    client = Client(Desk(habits=Habits(pace=CALM.pace, page=2)))
    names = [client.buy("0.40", "10")["orderID"] for _ in range(5)]
    found: list[str] = []
    cursor = "MA=="
    while cursor != "LTE=":
        page = client.get("/data/orders", ("next_cursor", cursor))
        found += [order["id"] for order in page["data"]]
        cursor = page["next_cursor"]

    assert found == names


@pytest.mark.parametrize("name", ["market", "asset_id", "id"])
def test_open_orders_are_filtered(client: Client, name: str) -> None:
    client.buy("0.40", "10")
    order = client.get("/data/order/" + client.buy("0.40", "10", 1)["orderID"])
    found = client.get("/data/orders", (name, order[name]))["data"]

    assert len(found) == (2 if name == "market" else 1)
    assert client.get("/data/orders", (name, "nothing"))["data"] == []


def test_a_cursor_that_is_none_is_refused(client: Client) -> None:
    reply = client.call("GET", "/data/orders", None, ("next_cursor", "?"))

    assert words(reply) == (400, "invalid order params payload")


def test_an_order_record_has_the_venues_fields(client: Client) -> None:
    told = client.get("/data/order/" + client.buy("0.40", "10", 1)["orderID"])

    assert told == {
        "id": told["id"],
        "market": client.desk.native,
        "asset_id": client.desk.tokens[1],
        "owner": client.creds.api_key,
        "maker_address": client.address,
        "side": "BUY",
        "price": "0.4",
        "original_size": "10",
        "size_matched": "0",
        "outcome": "No",
        "order_type": "GTC",
        "status": "LIVE",
        "associate_trades": [],
        "created_at": START // SECOND,
        "expiration": "0",
    }


def test_trades_are_read_with_prefixed_statuses_and_filters(client: Client) -> None:
    client.buy("0.44", "10")
    (trade,) = client.get("/data/trades")["data"]

    assert trade["status"] == "TRADE_STATUS_MATCHED"
    for name in ("market", "asset_id", "id", "maker_address"):
        assert client.get("/data/trades", (name, trade[name]))["data"]
        assert not client.get("/data/trades", (name, "nothing"))["data"]
    second = START // SECOND
    assert not client.get("/data/trades", ("after", str(second)))["data"]
    assert not client.get("/data/trades", ("before", str(second)))["data"]
    assert client.get("/data/trades", ("after", str(second - 1)))["data"]


def test_a_balance_is_in_base_units_and_an_unknown_kind_of_asset_is_refused(
    client: Client,
) -> None:
    assert client.balance() == 1_000_000_000
    reply = client.call("GET", "/balance-allowance", None, ("asset_type", "GOLD"))
    assert words(reply) == (400, "invalid order params payload")


def test_the_largest_order_is_the_balance_less_what_open_orders_have_spoken_for(
    client: Client,
) -> None:
    client.buy("0.40", "2000")

    assert words(client.place(client.limit(Side.BUY, "0.40", "500.01"))) == NO_BALANCE
    assert client.buy("0.40", "500")["status"] == "live"


def test_what_is_spoken_for_comes_back_with_a_cancel(client: Client) -> None:
    name = client.buy("0.40", "2500")["orderID"]
    assert words(client.place(client.limit(Side.BUY, "0.40", "10"))) == NO_BALANCE
    client.cancel(name)

    assert client.buy("0.40", "10")["status"] == "live"


def test_nobody_sells_what_they_do_not_hold(client: Client) -> None:
    assert words(client.place(client.limit(Side.SELL, "0.50", "10"))) == NO_BALANCE


def test_an_order_that_loses_its_backing_is_cancelled_by_the_venue(client: Client) -> None:
    conn = client.listen()
    name = client.buy("0.40", "2500")["orderID"]
    client.desk.fake.fund(client.wallet, -1, client.desk.at)
    client.desk.passes(0)

    assert client.get(f"/data/order/{name}")["status"] == "INVALID"
    last = client.desk.frames(conn, "order")[-1]
    assert (last["type"], last["status"]) == ("CANCELLATION", "INVALID")


def test_a_wallet_that_has_not_approved_the_exchange_has_no_allowance() -> None:
    client = Client(Desk())
    vault = client.desk.fake.office.vault
    wallet = vault.find(client.wallet)
    assert wallet is not None
    vault.open(msgspec.structs.replace(wallet, is_approved=False))

    assert words(client.place(client.limit(Side.BUY, "0.40", "10"))) == NO_BALANCE


def test_no_order_of_the_fake_scores_for_rewards(client: Client) -> None:
    assert client.get("/order-scoring", ("order_id", UNKNOWN)) == {"scoring": False}


# 3.9


def beat(client: Client, name: str) -> tuple[int, dict[str, Any]]:
    reply = client.call("POST", "/v1/heartbeats", {"heartbeat_id": name})
    return reply.status, said(reply)


def test_heartbeats_that_stop_take_every_open_order_away(client: Client) -> None:
    name = client.buy("0.40", "10")["orderID"]
    _, told = beat(client, "")
    client.desk.passes(9)
    assert client.get(f"/data/order/{name}")["status"] == "LIVE"
    client.desk.passes(6)

    assert told["heartbeat_id"]
    assert client.get(f"/data/order/{name}")["status"] == "CANCELED"


def test_heartbeats_every_five_seconds_keep_the_orders(client: Client) -> None:
    name = client.buy("0.40", "10")["orderID"]
    told = ""
    for _ in range(6):
        status, body = beat(client, told)
        assert status == 200
        told = body["heartbeat_id"]
        client.desk.passes(5)

    assert client.get(f"/data/order/{name}")["status"] == "LIVE"


def test_a_stale_heartbeat_is_answered_with_the_expected_one(client: Client) -> None:
    _, told = beat(client, "")
    status, refused = beat(client, "")

    assert status == 400
    assert refused == {"error_msg": "Invalid Heartbeat ID", "heartbeat_id": told["heartbeat_id"]}
    assert beat(client, refused["heartbeat_id"])[0] == 200


def test_who_never_sent_a_heartbeat_loses_nothing(client: Client) -> None:
    name = client.buy("0.40", "10")["orderID"]
    client.desk.passes(60)

    assert client.get(f"/data/order/{name}")["status"] == "LIVE"


def test_a_restart_answers_425_and_then_takes_only_post_only_orders(client: Client) -> None:
    name = client.buy("0.40", "10")["orderID"]
    client.desk.fake.fault("mode", client.desk.at, mode="restart", lasting=10 * SECOND)
    body = client.limit(Side.BUY, "0.40", "10")

    assert client.place(body).status == 425
    assert client.call("DELETE", "/order", {"orderID": name}).status == 425
    client.desk.passes(50)
    reply = client.place(body)
    assert words(reply) == (503, "post-only mode: only post-only orders and cancels are allowed")
    assert said(reply)["code"] == "post_only_mode"
    assert said(reply)["retry_after_seconds"] == 80
    assert ("Retry-After", "80") in reply.headers
    assert client.buy("0.40", "10", post_only=True)["status"] == "live"
    assert client.cancel(name)["canceled"] == [name]
    client.desk.passes(80)
    assert said(client.place(body))["status"] == "live"


def test_in_a_batch_post_only_mode_is_an_error_of_the_entry(client: Client) -> None:
    client.desk.fake.fault("mode", client.desk.at, mode="post_only", lasting=60 * SECOND)
    bodies = [
        client.limit(Side.BUY, "0.40", "10"),
        client.limit(Side.BUY, "0.40", "10", post_only=True),
    ]
    first, second = said(client.call("POST", "/orders", bodies))

    assert first["errorMsg"] == "post-only mode: only post-only orders and cancels are allowed"
    assert second["status"] == "live"


def test_cancel_only_mode_still_cancels(client: Client) -> None:
    name = client.buy("0.40", "10")["orderID"]
    client.desk.fake.office.calls.moods.mood = Mood.CANCEL_ONLY

    assert words(client.place(client.limit(Side.BUY, "0.40", "10"))) == (
        503,
        "Trading is currently cancel-only. New orders are not accepted, but cancels are allowed.",
    )
    assert client.cancel(name)["canceled"] == [name]


def test_when_trading_is_disabled_nothing_works(client: Client) -> None:
    client.desk.fake.office.calls.moods.mood = Mood.DISABLED
    text = "Trading is currently disabled. Check polymarket.com for updates"

    assert words(client.place(client.limit(Side.BUY, "0.40", "10"))) == (503, text)
    assert words(client.call("DELETE", "/cancel-all")) == (503, text)


def test_a_banned_or_closed_only_address_is_named(client: Client) -> None:
    calls = client.desk.fake.office.calls
    client.buy("0.44", "10")
    client.desk.passes(10)
    calls.closed_only[client.address] = None
    assert words(client.place(client.limit(Side.BUY, "0.40", "10"))) == (
        400,
        f"'{client.address}' address in closed only mode",
    )
    assert client.sell("0.60", "10")["status"] == "live"
    calls.banned[client.address] = None
    assert words(client.place(client.limit(Side.BUY, "0.40", "10"))) == (
        400,
        f"'{client.address}' address banned",
    )


# 3.10


def test_a_taker_delay_holds_the_call_itself_and_answers_the_final_result() -> None:
    client = Client(Desk(traits=Traits(taker_hold=Ns(150 * MS))))
    fake, at = client.desk.fake, client.desk.at

    def held(px: str) -> int:
        raw = msgspec.json.encode(client.limit(Side.BUY, px, "10"))
        return fake.hold(Request("POST", "clob", "/order", body=raw), at)

    assert held("0.44") == 150 * MS
    assert held("0.43") == 0
    assert fake.hold(Request("POST", "clob", "/order", body=b"{"), at) == 0
    assert fake.hold(Request("DELETE", "clob", "/order"), at) == 0
    assert client.buy("0.44", "10")["status"] == "matched"


def test_the_taker_delay_stands_in_the_markets_terms_only_where_there_is_one() -> None:
    slow, plain = Desk(traits=Traits(taker_hold=Ns(150 * MS))), Desk()

    assert slow.get(f"/clob-markets/{slow.native}")["itode"] is True
    assert "itode" not in plain.get(f"/clob-markets/{plain.native}")


def test_a_delayed_order_cannot_be_cancelled() -> None:
    client = Client(Desk(category="sports"))
    name = client.buy("0.44", "10")["orderID"]

    assert name in client.cancel(name)["not_canceled"]
    assert said(client.call("DELETE", "/cancel-all"))["canceled"] == []
    client.desk.passes(1)
    assert client.get(f"/data/order/{name}")["status"] == "MATCHED"


def test_a_delayed_order_meets_the_book_as_it_is_at_its_end() -> None:
    client = Client(Desk(category="sports"))
    name = client.buy("0.44", "10")["orderID"]
    client.desk.moves("0.30x10", "0.35x100")
    client.desk.passes(1)

    (trade,) = client.get("/data/trades")["data"]
    assert (trade["taker_order_id"], trade["price"]) == (name, "0.35")


def test_a_delayed_order_is_judged_again_and_may_be_rejected() -> None:
    client = Client(Desk(category="sports"))
    conn = client.listen()
    name = client.buy("0.44", "10")["orderID"]
    client.desk.fake.fund(client.wallet, -999_000_000, client.desk.at)
    client.desk.passes(1)

    assert client.get(f"/data/order/{name}")["status"] == "INVALID"
    assert client.desk.frames(conn, "order")[-1]["status"].startswith("INVALID")
    assert client.held() == 0


def test_a_delayed_order_has_spoken_for_its_money() -> None:
    client = Client(Desk(category="sports"), cash="8")
    client.buy("0.44", "10")

    assert words(client.place(client.limit(Side.BUY, "0.40", "10"))) == NO_BALANCE


def test_a_resting_order_in_a_sports_market_is_not_delayed() -> None:
    assert Client(Desk(category="sports")).buy("0.43", "10")["status"] == "live"


def test_the_delay_is_read_per_market() -> None:
    desk = Desk(traits=Traits(delay=Ns(3 * SECOND)))

    assert desk.get(f"/clob-markets/{desk.native}")["sd"] == 3
    assert Client(desk).buy("0.44", "10")["status"] == "delayed"


def test_resting_orders_are_cancelled_when_the_game_starts() -> None:
    start = Ns(START + 60 * SECOND)
    client = Client(Desk(traits=Traits(game_start=start)))
    name = client.buy("0.40", "10")["orderID"]
    client.desk.passes(60)

    assert client.get(f"/data/order/{name}")["status"] == "CANCELED"


# 3.11


def test_an_order_below_the_minimum_is_told_its_size_and_the_minimum(client: Client) -> None:
    body = client.limit(Side.BUY, "0.40", "4.99")

    assert words(client.place(body)) == (
        400,
        f"order {client.id_of(body)} is invalid. Size (4.99) lower than the minimum: 5",
    )


def test_a_marketable_buy_needs_a_dollar_and_a_resting_one_does_not(client: Client) -> None:
    client.desk.moves("0.05x100", "0.10x100")

    assert words(client.place(client.limit(Side.BUY, "0.10", "9"))) == (
        400,
        "invalid amount for a marketable BUY order ($0.9), min size: $1",
    )
    assert client.buy("0.09", "9")["status"] == "live"
    assert client.buy("0.10", "10")["status"] == "matched"


def test_resting_orders_on_the_old_grid_stay_when_the_tick_changes(client: Client) -> None:
    client.desk.fake.retick(client.desk.native, 1_000, client.desk.at)  # type: ignore[arg-type]
    fine = client.buy("0.405", "10")["orderID"]
    client.desk.fake.retick(client.desk.native, 10_000, client.desk.at)  # type: ignore[arg-type]

    assert client.get(f"/data/order/{fine}")["status"] == "LIVE"
    assert "0.405" in client.desk.book()[0]


def test_there_is_no_maximum_size() -> None:
    client = Client(Desk(), cash="100000000")

    assert client.buy("0.40", "200000000")["status"] == "live"


# 3.12


def headers(reply: Any) -> dict[str, str]:
    return dict(reply.headers)


def test_every_order_and_cancel_answer_tells_the_state_of_its_bucket(client: Client) -> None:
    told = headers(client.place(client.limit(Side.BUY, "0.40", "10")))

    assert told["Poly-RateLimit-Remaining"] == "59"
    assert told["Poly-RateLimit-Tier"] == "Standard"
    assert int(told["Poly-RateLimit-Reset"]) == START // SECOND + 1
    cancel = headers(client.call("DELETE", "/order", {"orderID": UNKNOWN}))
    assert cancel["Poly-RateLimit-Remaining"] == "119"


def test_an_empty_bucket_is_a_429_with_the_time_to_wait(client: Client) -> None:
    body = client.limit(Side.BUY, "0.40", "5")
    for _ in range(60):
        client.place(body)
    reply = client.place(body)

    assert words(reply) == (429, "Too Many Requests")
    assert headers(reply)["Retry-After"] == "1"
    client.desk.passes(0.025)
    assert client.place(body).status == 400
    assert client.place(body).status == 429


def test_a_batch_costs_its_orders_and_is_let_in_whole_or_not(client: Client) -> None:
    bodies = [client.limit(Side.BUY, "0.40", "5") for _ in range(15)]
    for _ in range(3):
        client.call("POST", "/orders", bodies)
    client.place(bodies[0])

    assert client.call("POST", "/orders", bodies).status == 429
    assert client.call("POST", "/orders", bodies[:14]).status == 200


def test_cancel_many_costs_its_ids_and_orders_have_their_own_bucket(client: Client) -> None:
    names = ["0x" + f"{n:064x}" for n in range(100)]

    assert client.call("DELETE", "/orders", names).status == 200
    assert client.call("DELETE", "/orders", names).status == 429
    assert client.place(client.limit(Side.BUY, "0.40", "10")).status == 200


def test_cancel_all_pays_afterwards_and_may_owe(client: Client) -> None:
    for _ in range(4):
        bodies = [client.limit(Side.BUY, "0.01", "5") for _ in range(15)]
        client.call("POST", "/orders", bodies)
        client.desk.passes(1)
    names = ["0x" + f"{n:064x}" for n in range(110)]
    client.call("DELETE", "/orders", names)

    assert len(said(client.call("DELETE", "/cancel-all"))["canceled"]) == 60
    assert client.call("DELETE", "/order", {"orderID": UNKNOWN}).status == 429


def test_from_platinum_on_a_bucket_does_not_owe() -> None:
    limiter = Limiter()
    limiter.promote("a", "Platinum")
    limiter.debit("a", Lane.CANCEL, 5_000, START)

    assert limiter.admit("a", Lane.CANCEL, 1, Ns(START + 2_000_000)) is None


def test_a_limiter_that_only_warns_says_so_and_refuses_nothing() -> None:
    limiter = Limiter(enforced=False)

    assert limiter.admit("a", Lane.ORDER, 61, START) is None
    assert ("Poly-RateLimit-Warning", "true") in limiter.headers("a", Lane.ORDER, START)


def test_a_signer_can_ask_for_its_tier(client: Client) -> None:
    assert client.get("/v1/user/rate-limit-tier") == {"tier": "Standard"}


@pytest.mark.skipif(not SHARED.exists(), reason="../shared/data/polymarket is not here")
def test_the_tiers_are_the_published_ones() -> None:
    known = msgspec.json.decode((SHARED / "rate_limits.json").read_bytes())["signer_tiers"]

    assert len(known) == len(TIERS)
    for row in known:
        tier = TIERS[row["tier"]]
        assert tier.order == (row["order_rate"], row["order_burst"])
        assert tier.cancel == (row["cancel_rate"], row["cancel_burst"])
        assert tier.may_owe == row["negative_cancel_balance"]
