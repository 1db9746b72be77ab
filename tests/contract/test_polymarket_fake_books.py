"""Sections 4, 6, 7 and 11 of the venue's sheet, line by line: reads, one book of two tokens,
settlement, fees, and what a simulator must imitate.
"""

import json
import re
from hashlib import sha1
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.venues.base import Request
from feeds.venues.polymarket.desk import answers
from feeds.venues.polymarket.fake import PolymarketFake
from feeds.venues.polymarket.shapes import Traits
from markets.terms.units import MICRO, Px, micros_from_text
from tests.contract.polymarket_desk import START, Client, Desk, said, whole, words
from tests.contract.test_polymarket import listed
from tests.unit.feeds.venues.polymarket.test_signing import SHARED
from trading.engine.orders import Side

NO_BOOK = (404, "No orderbook exists for the requested token id")


@pytest.fixture
def client() -> Client:
    return Client(Desk())


# 4.1


def test_pages_go_by_cursor_up_to_a_hundred_and_offsets_are_refused() -> None:
    fake = PolymarketFake(tuple(listed(n) for n in range(30)))

    def page(*query: tuple[str, str]) -> tuple[int, Any]:
        reply = fake.request(Request("GET", "gamma", "/events/keyset", query), START)
        return reply.status, said(reply)

    status, first = page(("limit", "4"))
    assert status == 200
    assert len(first["events"]) == 4
    _, second = page(("limit", "4"), ("after_cursor", first["next_cursor"]))
    assert second["events"][0]["id"] != first["events"][0]["id"]
    assert page(("offset", "0"))[0] == 422
    assert page(("limit", "101"))[0] == 422
    assert page(("limit", "100"))[0] == 200
    assert "next_cursor" not in page(("limit", "100"))[1]


@pytest.mark.parametrize(
    ("traits", "field", "value"),
    [
        (Traits(neg_risk=True), "negRisk", True),
        (Traits(version="v2"), "version", "v2"),
        (Traits(min_shares=15), "orderMinSize", 15),
    ],
)
def test_a_market_of_the_catalogue_carries_its_traits(
    traits: Traits, field: str, value: object
) -> None:
    desk = Desk(traits=traits)
    event = desk.get("/events/keyset")["events"][0]
    (market,) = [m for m in event["markets"] if m["conditionId"] == desk.native]

    assert market[field] == value


# 4.2


def test_a_market_of_the_newer_protocol_has_position_ids_and_no_clob_tokens() -> None:
    desk = Desk(traits=Traits(version="v2"))
    event = desk.get("/events/keyset")["events"][0]
    (market,) = [m for m in event["markets"] if m["conditionId"] == desk.native]

    assert market["positionIds"] == list(desk.tokens)
    assert json.loads(market["clobTokenIds"]) == []


# 4.3


def test_small_reads_answer_of_each_token(client: Client) -> None:
    desk = client.desk

    def of(path: str, outcome: int, **more: str) -> Any:
        return desk.get(path, ("token_id", desk.tokens[outcome]), *more.items())

    assert of("/midpoint", 0) == {"mid": "0.43"}
    assert of("/midpoint", 1) == {"mid": "0.57"}
    assert of("/spread", 0) == {"spread": "0.02"}
    assert of("/last-trade-price", 0) == {"price": "0.5", "side": ""}
    assert of("/tick-size", 0) == {"minimum_tick_size": 0.01}
    assert of("/neg-risk", 0) == {"neg_risk": False}
    assert of("/price", 1, side="BUY") == {"price": "0.58"}
    client.buy("0.44", "10")
    assert of("/last-trade-price", 0) == {"price": "0.44", "side": "BUY"}
    assert of("/last-trade-price", 1) == {"price": "0.56", "side": "SELL"}


def test_the_legacy_fee_rate_is_not_the_fee(client: Client) -> None:
    desk = client.desk

    assert desk.get("/fee-rate", ("token_id", desk.tokens[0])) == {"base_fee": 1_000}
    assert desk.get(f"/clob-markets/{desk.native}")["fd"] == {"r": 0.05, "e": 1, "to": True}


@pytest.mark.parametrize("path", ["/book", "/midpoint", "/spread", "/price", "/tick-size"])
def test_a_bad_token_is_a_400_and_an_unknown_one_a_404(path: str) -> None:
    desk = Desk()
    bad = desk.ask("GET", path, b"", ("token_id", "x"))
    unknown = desk.ask("GET", path, b"", ("token_id", "5"))

    assert words(bad) == (400, "Invalid token id")
    assert words(unknown) == NO_BOOK


def test_a_price_without_a_side_is_refused() -> None:
    desk = Desk()

    assert words(desk.ask("GET", "/price", b"", ("token_id", desk.tokens[0]))) == (
        400,
        "Invalid side",
    )


def test_at_most_five_hundred_books_are_asked_for_and_unknown_ones_are_left_out() -> None:
    desk = Desk()
    many = [{"token_id": str(n)} for n in range(501)]

    assert words(desk.ask("POST", "/books", json.dumps(many).encode())) == (
        400,
        "Payload exceeds the limit",
    )
    known = json.dumps([{"token_id": desk.tokens[1]}, {"token_id": "5"}]).encode()
    assert [b["asset_id"] for b in said(desk.ask("POST", "/books", known))] == [desk.tokens[1]]


def test_a_book_is_sealed_by_a_hash_over_its_own_words(client: Client) -> None:
    client.buy("0.44", "10")
    book = client.desk.get("/book", ("token_id", client.desk.tokens[0]))
    plain = json.dumps({**book, "hash": ""}, separators=(",", ":")).encode()

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
    assert book["hash"] == sha1(plain, usedforsecurity=False).hexdigest()


@pytest.mark.skipif(not SHARED.exists(), reason="../shared/data/polymarket is not here")
def test_the_hash_is_the_venues_on_a_recorded_book() -> None:
    vector = json.loads((SHARED / "vectors_book_hash.json").read_text())
    book = json.loads((SHARED / vector["book_file"]).read_text())
    ordered = {key: "" if key == "hash" else book[key] for key in vector["key_order"]}
    plain = json.dumps(ordered, separators=(",", ":")).encode()

    assert sha1(plain, usedforsecurity=False).hexdigest() == vector["expected_hash"]
    ours = Desk().get("/book", ("token_id", listed(0).tokens[0]))
    assert list(ours) == vector["key_order"]


def test_best_prices_come_last_in_a_book_with_own_orders_too(client: Client) -> None:
    client.buy("0.43", "10")
    book = client.desk.get("/book", ("token_id", client.desk.tokens[0]))

    assert [level["price"] for level in book["bids"]] == ["0.41", "0.42", "0.43"]
    assert [level["price"] for level in book["asks"]] == ["0.45", "0.44"]


def test_a_market_is_found_by_its_token(client: Client) -> None:
    desk = client.desk

    assert desk.get(f"/markets-by-token/{desk.tokens[1]}")["condition_id"] == desk.native
    assert desk.ask("GET", "/markets-by-token/5").status == 404
    assert desk.ask("GET", "/markets/0x00").status == 404


# 6.1


def test_a_bid_for_yes_is_an_ask_for_no(client: Client) -> None:
    client.buy("0.43", "10")

    assert client.desk.book(1)[1]["0.57"] == "10"


def test_buying_no_takes_the_bids_for_yes(client: Client) -> None:
    client.buy("0.58", "30", 1)

    assert client.held(1) == 30_000_000
    assert client.desk.book()[0]["0.42"] == "70"


def test_two_buyers_make_a_pair_of_one_dollar(client: Client) -> None:
    other = Client(client.desk, 8)
    client.buy("0.43", "10")
    other.buy("0.57", "10", 1)

    assert (client.held(0), other.held(1)) == (10_000_000, 10_000_000)
    assert client.desk.fake.ledger.problems() == []


def test_two_sellers_give_a_pair_back(client: Client) -> None:
    other = Client(client.desk, 8)
    client.buy("0.43", "10")
    other.buy("0.57", "10", 1)
    client.desk.passes(10)
    client.sell("0.43", "10")
    before = other.cash()
    other.sell("0.57", "10", 1)

    assert (client.held(0), other.held(1)) == (0, 0)
    assert other.cash() > before
    assert client.desk.fake.ledger.problems() == []


def test_a_buyer_meets_a_seller_of_the_same_token(client: Client) -> None:
    client.buy("0.44", "10")
    client.desk.passes(10)
    client.sell("0.43", "10")
    other = Client(client.desk, 8)
    other.buy("0.43", "10")

    assert (client.held(0), other.held(0)) == (0, 10_000_000)


def test_the_earlier_of_two_orders_at_a_price_trades_first(client: Client) -> None:
    first, second = Client(client.desk, 8), Client(client.desk, 9)
    first.buy("0.43", "10")
    second.buy("0.43", "10")
    client.buy("0.57", "10", 1)

    assert (first.held(), second.held()) == (10_000_000, 0)


# 6.4


@pytest.mark.parametrize(("winner", "yes"), [(0, 10_000_000), (1, 0), (None, 5_000_000)])
def test_holders_are_paid_what_the_outcome_pays(
    client: Client, winner: int | None, yes: int
) -> None:
    client.buy("0.44", "10")
    client.desk.passes(200)
    before = client.cash()
    client.desk.fake.resolve(client.desk.native, winner, client.desk.at)

    assert client.cash() - before == yes
    assert client.held() == 0
    assert client.desk.fake.ledger.problems() == []


def test_a_decided_market_says_its_winner_everywhere(client: Client) -> None:
    desk = client.desk
    desk.log(desk.fake.resolve(desk.native, 1, desk.at))
    told = desk.get(f"/markets/{desk.native}")

    assert [t["winner"] for t in told["tokens"]] == [False, True]
    assert (told["closed"], told["is_50_50_outcome"]) == (True, False)
    rows = desk.get("/v2/resolutions", ("condition_id", desk.native))["data"]
    assert rows[0]["payouts"] == [0, MICRO]
    closed = desk.get("/events/keyset", ("closed", "true"))["events"][0]["markets"][0]
    assert json.loads(closed["outcomePrices"]) == ["0", "1"]


def test_half_and_half_has_no_winner_and_is_not_announced(client: Client) -> None:
    desk = client.desk
    conn = desk.follow()
    desk.log(desk.fake.resolve(desk.native, None, desk.at))

    assert desk.get(f"/markets/{desk.native}")["is_50_50_outcome"] is True
    assert desk.frames(conn, "market_resolved") == []


def test_a_neg_risk_market_cannot_pay_half_and_half() -> None:
    desk = Desk(traits=Traits(neg_risk=True))

    with pytest.raises(ValueError, match="neg-risk"):
        desk.fake.resolve(desk.native, None, desk.at)


def test_a_decided_market_ends_its_orders_and_takes_no_more(client: Client) -> None:
    name = client.buy("0.40", "10")["orderID"]
    client.desk.fake.resolve(client.desk.native, 0, client.desk.at)

    assert client.get(f"/data/order/{name}")["status"] == "CANCELED"
    assert words(client.place(client.limit(Side.BUY, "0.40", "10"))) == NO_BOOK


# 7


def charged(client: Client) -> int:
    return client.desk.fake.ledger.fees


@pytest.mark.parametrize(
    ("ppm", "px", "size", "fee"),
    [
        (70_000, "0.5", "100", 1_750_000),
        (50_000, "0.5", "100", 1_250_000),
        (40_000, "0.12", "1000", 4_224_000),
        (0, "0.5", "100", 0),
    ],
)
def test_the_taker_pays_the_markets_own_rate_at_the_fills_price(
    ppm: int, px: str, size: str, fee: int
) -> None:
    client = Client(Desk(fee_ppm=ppm))
    client.desk.moves("0.01x1", f"{px}x100000")
    before = client.cash()
    client.buy("0.90", size)

    assert charged(client) == fee
    assert before - client.cash() == micros_from_text(px) * whole(size) // MICRO + fee


def test_a_fee_is_charged_for_each_fill_at_its_own_price() -> None:
    client = Client(Desk())
    client.buy("0.45", "100")

    one = 80 * 50_000 * 440_000 * 560_000 // MICRO**2
    two = 20 * 50_000 * 450_000 * 550_000 // MICRO**2
    assert charged(client) == one + two


def test_a_seller_gets_the_money_less_the_fee(client: Client) -> None:
    client.buy("0.44", "10")
    client.desk.passes(10)
    before, fees = client.cash(), charged(client)
    client.sell("0.42", "10")

    fee = charged(client) - fees
    assert fee == 121_800
    assert client.cash() - before == 4_200_000 - fee


def test_the_maker_pays_nothing(client: Client) -> None:
    maker = Client(client.desk, 8)
    maker.buy("0.43", "10")
    client.buy("0.57", "10", 1)

    assert 1_000_000_000 - maker.cash() == 4_300_000
    assert charged(client) == 122_550


@pytest.mark.parametrize(("cash", "status"), [("4.4", 400), ("4.5", 400), ("4.5232", 200)])
def test_the_whole_balance_is_not_enough_because_the_fee_comes_on_top(
    cash: str, status: int
) -> None:
    client = Client(Desk(), cash=cash)

    assert client.place(client.limit(Side.BUY, "0.44", "10")).status == status


@pytest.mark.skipif(not SHARED.exists(), reason="../shared/data/polymarket is not here")
def test_every_published_fee_is_charged_to_within_its_last_place() -> None:
    cases = json.loads((SHARED / "vectors_taker_fees.json").read_text())["cases"]
    for case in cases:
        px, size = micros_from_text(case["price"]), micros_from_text(case["shares"])
        desk = Desk(fee_ppm=micros_from_text(case["rate"]), tick=Px(100))
        client = Client(desk, cash="1000000")
        placed = client.desk.fake.office
        order = placed.book
        assert order is not None
        body = client.limit(Side.BUY, "0.01", "1000000", post_only=True)
        assert said(client.place(body))["status"] == "live"
        (resting,) = placed.book.open_of(client.address)
        fee = resting.fee(Px(px), size)  # type: ignore[arg-type]
        low, high = whole(case["fee_floor_5dp"]), whole(case["fee_half_up_5dp"])
        assert low <= fee <= high + 10


# 11


def test_the_grid_becomes_finer_near_the_ends_and_says_so_for_both_tokens() -> None:
    desk = Desk()
    conn = desk.follow()
    desk.moves("0.96x10", "0.98x10")
    said_now = desk.frames(conn, "tick_size_change")

    assert [f["asset_id"] for f in said_now] == list(desk.tokens)
    assert {(f["old_tick_size"], f["new_tick_size"]) for f in said_now} == {("0.01", "0.001")}
    assert desk.get("/tick-size", ("token_id", desk.tokens[0])) == {"minimum_tick_size": 0.001}


def test_the_grid_stays_coarse_in_the_middle() -> None:
    desk = Desk()
    conn = desk.follow()
    desk.moves("0.94x10", "0.96x10")

    assert desk.frames(conn, "tick_size_change") == []


def test_an_order_on_the_new_grid_is_taken_once_it_changed() -> None:
    client = Client(Desk())
    client.desk.moves("0.96x10", "0.98x10")

    assert client.buy("0.965", "10")["status"] == "live"


def faulty(client: Client, kind: str, **args: str | int) -> None:
    client.desk.log(client.desk.fake.fault(kind, client.desk.at, **args))


def test_faults_refuse_orders_or_let_them_find_less(client: Client) -> None:
    faulty(client, "reject", code="could not insert order")
    body = client.limit(Side.BUY, "0.44", "50")
    assert words(client.place(body)) == (400, "could not insert order")
    faulty(client, "partial", percent=25)
    told = said(client.place(body))

    assert (told["status"], told["takingAmount"]) == ("live", "20")


def test_a_fault_lets_a_cancel_come_after_the_fill(client: Client) -> None:
    name = client.buy("0.40", "10")["orderID"]
    faulty(client, "race")

    assert client.cancel(name)["not_canceled"] == {name: "order already matched"}
    assert client.held() == 10_000_000
    assert client.desk.fake.ledger.problems() == []


def test_a_fault_makes_the_next_trade_fail(client: Client) -> None:
    faulty(client, "ghost")
    client.buy("0.44", "10")
    client.desk.passes(70)
    client.desk.passes(70)

    assert client.held() == 0


def test_faults_change_the_grid_close_and_settle_in_the_middle_of_things(client: Client) -> None:
    native = client.desk.native
    faulty(client, "tick", market=native, step=1_000)
    assert client.buy("0.405", "10")["status"] == "live"
    faulty(client, "close", market=native)
    assert words(client.place(client.limit(Side.BUY, "0.40", "10"))) == (
        400,
        "the market is not yet ready to process new orders",
    )
    faulty(client, "settle", market=native, pays=MICRO)
    assert client.get("/data/orders")["data"] == []


def test_a_fault_delays_orders_of_every_market(client: Client) -> None:
    faulty(client, "delayed", ms=500, lasting=10_000_000_000)

    assert client.buy("0.44", "10")["status"] == "delayed"
    client.desk.passes(0.5)
    assert client.held() == 10_000_000


@settings(max_examples=25, deadline=None)
@given(
    steps=st.lists(
        st.tuples(
            st.integers(0, 2),
            st.booleans(),
            st.integers(0, 1),
            st.integers(38, 62),
            st.integers(5, 60),
            st.sampled_from(["GTC", "FAK", "FOK", "cancel", "move", "wait"]),
        ),
        max_size=25,
    )
)
def test_whatever_accounts_do_the_ledger_adds_up(
    steps: list[tuple[int, bool, int, int, int, str]],
) -> None:
    desk = Desk()
    clients = [Client(desk, number) for number in (7, 8, 9)]
    for who, buys, outcome, cents, size, what in steps:
        client = clients[who]
        if what == "wait":
            desk.passes(size)
        elif what == "move":
            desk.moves(f"0.{cents - 2}x{size}", f"0.{cents}x{size}")
        elif what == "cancel":
            client.call("DELETE", "/cancel-all")
        else:
            side = Side.BUY if buys else Side.SELL
            client.place(client.limit(side, f"0.{cents}", str(size), outcome, tif=what))
        assert desk.fake.ledger.problems() == []
        bids, asks = desk.book()
        assert not bids or not asks or max(map(float, bids)) < min(map(float, asks))


@pytest.mark.skipif(not SHARED.exists(), reason="../shared/data/polymarket is not here")
def test_every_refusal_is_in_the_venues_own_words() -> None:
    known = {row["message"] for row in json.loads((SHARED / "error_messages.json").read_text())}
    spoken = {
        value.replace("{}", "#")
        for name, value in vars(answers).items()
        if name.isupper() and isinstance(value, str)
    }
    plain = {re.sub(r"\{\w+\}", "#", text) for text in known}
    ours = {answers.GONE, answers.ALREADY_MATCHED, answers.STILL_DELAYED, answers.RESTARTING}
    shaped = {answers.UNDER_DOLLAR, answers.TOO_FINE}

    spoken -= ours | {text.replace("{}", "#") for text in shaped}
    assert spoken - plain == set()
    assert answers.TOO_FINE.format("buy") in known
    assert answers.UNDER_DOLLAR.replace("${}", "{x}") in known
