"""Sections 3.1 to 3.7 of the venue's sheet, line by line: orders and what becomes of them."""

from typing import Any

import pytest

from feeds.venues.polymarket.amounts import Amounts
from feeds.venues.polymarket.shapes import Traits
from feeds.venues.polymarket.signing import WalletKind, exchange_for
from markets.terms.units import SECOND, Px
from tests.contract.polymarket_desk import Client, Desk, said, whole, words
from trading.engine.orders import Side

V1, NEG_RISK, V2 = (
    Traits(),
    Traits(neg_risk=True),
    Traits(version="v2"),
)
BAD_ORDER = (400, "Invalid order payload")


@pytest.fixture
def client() -> Client:
    return Client(Desk())


# 3.1


@pytest.mark.parametrize("kind", [WalletKind.EOA, WalletKind.DEPOSIT])
@pytest.mark.parametrize("traits", [V1, NEG_RISK, V2], ids=["normal", "neg-risk", "v2"])
def test_each_of_the_three_exchanges_takes_orders_signed_for_it(
    traits: Traits, kind: WalletKind
) -> None:
    client = Client(Desk(traits=traits), kind=kind)

    assert client.buy("0.40", "10")["status"] == "live"


@pytest.mark.parametrize("kind", [WalletKind.EOA, WalletKind.DEPOSIT])
@pytest.mark.parametrize(
    ("traits", "signed_for", "text"),
    [
        (V1, ("v1", True), "invalid signature"),
        (NEG_RISK, ("v1", False), "invalid signature"),
        (V1, ("v2", False), "order_version_mismatch"),
        (V2, ("v1", False), "order_version_mismatch"),
        (V2, ("v1", True), "order_version_mismatch"),
    ],
)
def test_an_order_signed_for_another_exchange_is_refused(
    traits: Traits, signed_for: tuple[str, bool], text: str, kind: WalletKind
) -> None:
    client = Client(Desk(traits=traits), kind=kind)
    version, neg_risk = signed_for
    wrong = exchange_for(version, neg_risk=neg_risk)

    assert words(client.place(client.limit(Side.BUY, "0.40", "10", exchange=wrong))) == (400, text)


def test_a_signature_by_another_key_is_invalid(client: Client) -> None:
    body = client.limit(Side.BUY, "0.40", "10", key=(9).to_bytes(32))

    assert words(client.place(body)) == (400, "invalid signature")


def test_an_amount_changed_after_signing_makes_the_signature_invalid(client: Client) -> None:
    body = client.limit(Side.BUY, "0.40", "10")
    body["order"]["makerAmount"] = "3900000"

    assert words(client.place(body)) == (400, "invalid signature")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("salt", "123"),
        ("salt", 2**53),
        ("salt", -1),
        ("tokenId", 5),
        ("makerAmount", 4_000_000),
        ("makerAmount", "4.0"),
        ("side", "buy"),
        ("side", 0),
        ("signatureType", 4),
        ("timestamp", 1),
        ("metadata", "0x00"),
        ("maker", None),
        ("expiration", 0),
    ],
)
def test_a_field_of_the_wrong_kind_is_an_invalid_payload(
    client: Client, field: str, value: object
) -> None:
    body = client.limit(Side.BUY, "0.40", "10")
    body["order"][field] = value

    status, text = words(client.place(body))
    assert status in (400, 404)
    if field not in ("tokenId",):
        assert text in ("Invalid order payload", "invalid signature")


@pytest.mark.parametrize("field", ["order", "owner", "orderType"])
def test_a_body_without_one_of_its_keys_is_an_invalid_payload(client: Client, field: str) -> None:
    body = client.limit(Side.BUY, "0.40", "10")
    del body[field]

    assert words(client.place(body)) == BAD_ORDER


def test_an_unknown_token_has_no_book(client: Client) -> None:
    body = client.limit(Side.BUY, "0.40", "10", token="5")

    assert words(client.place(body)) == (
        404,
        "No orderbook exists for the requested token id",
    )


# 3.2


@pytest.mark.parametrize("kind", WalletKind)
def test_the_order_id_is_the_digest_known_before_sending(kind: WalletKind) -> None:
    client = Client(Desk(), kind=kind)
    body = client.limit(Side.BUY, "0.40", "10")
    known = client.id_of(body)

    assert said(client.place(body))["orderID"] == known
    assert client.get(f"/data/order/{known}")["status"] == "LIVE"


# 3.3


def test_a_deposit_wallets_plain_signature_is_invalid() -> None:
    client = Client(Desk(), kind=WalletKind.DEPOSIT)
    nested = client.limit(Side.BUY, "0.40", "10")
    plain = nested["order"]["signature"][:132]
    nested["order"]["signature"] = plain

    assert words(client.place(nested)) == (400, "invalid signature")


@pytest.mark.parametrize("place", [140, 210, 300, 634])
def test_every_part_of_the_nested_signature_is_verified(place: int) -> None:
    client = Client(Desk(), kind=WalletKind.DEPOSIT)
    body = client.limit(Side.BUY, "0.40", "10")
    text = body["order"]["signature"]
    other = "0" if text[place] != "0" else "1"
    body["order"]["signature"] = text[:place] + other + text[place + 1 :]

    assert words(client.place(body)) == (400, "invalid signature")


# 3.4


def test_a_price_off_the_grid_names_the_order_the_price_and_the_tick(client: Client) -> None:
    body = client.body(Side.BUY, Amounts(4_050_000, 10_000_000))

    assert words(client.place(body)) == (
        400,
        f"order {client.id_of(body)} is invalid. Price (0.405) breaks minimum tick size rule: 0.01",
    )


@pytest.mark.parametrize("maker", [0, 10_000_000, 10_100_000])
def test_a_price_of_nothing_or_a_dollar_is_refused(client: Client, maker: int) -> None:
    assert client.place(client.body(Side.BUY, Amounts(maker, 10_000_000))).status == 400


def test_a_finer_grid_takes_finer_prices() -> None:
    client = Client(Desk(tick=Px(1_000)))
    amounts = Amounts(4_050_000, 10_000_000)

    assert said(client.place(client.body(Side.BUY, amounts)))["status"] == "live"


def test_a_limit_order_whose_price_is_a_hair_above_its_step_is_off_the_grid(
    client: Client,
) -> None:
    body = client.body(Side.BUY, Amounts(10_000_000, 19_230_700))

    assert "breaks minimum tick size rule" in words(client.place(body))[1]


def test_a_budget_whose_price_is_a_hair_above_its_step_still_meets_the_ask(
    client: Client,
) -> None:
    client.desk.moves("0.50x10", "0.52x100")
    told = said(client.place(client.spend("0.52", "10")))

    assert told["status"] == "matched"
    assert whole(told["takingAmount"]) == 10_000_000 * 1_000_000 // 520_000


@pytest.mark.parametrize(
    ("side", "amounts"),
    [
        (Side.BUY, Amounts(5_005_000, 11_375_000)),
        (Side.BUY, Amounts(4_444_444, 10_101_009)),
        (Side.SELL, Amounts(10_001_000, 4_200_420)),
    ],
)
def test_an_order_that_trades_at_once_may_not_be_too_fine(
    client: Client, side: Side, amounts: Amounts
) -> None:
    for tif in ("FOK", "FAK"):
        status, text = words(client.place(client.body(side, amounts, tif=tif)))
        assert status == 400
        assert "supports a max accuracy of 2 decimals, taker amount a max of 4 decimals" in text


def test_a_bought_budget_gives_more_shares_at_a_better_price_not_less_money(
    client: Client,
) -> None:
    client.desk.moves("0.30x10", "0.40x1000")
    before = client.cash()
    told = said(client.place(client.spend("0.50", "20", tif="FOK")))

    assert told["status"] == "matched"
    assert client.held() == 50_000_000
    assert before - client.cash() - client.desk.fake.ledger.fees == 20_000_000


def test_a_gtc_buys_its_number_of_shares_at_the_better_price(client: Client) -> None:
    client.desk.moves("0.30x10", "0.40x1000")
    client.buy("0.50", "20")

    assert client.held() == 20_000_000
    assert 1_000_000_000 - client.cash() - client.desk.fake.ledger.fees == 8_000_000


def test_shares_of_a_budget_are_rounded_down_for_each_fill(client: Client) -> None:
    client.desk.moves("0.10x10", "0.43x7 0.44x100")
    told = said(client.place(client.spend("0.44", "10")))
    left = 10_000_000 - 3_010_000

    assert client.held() == 7_000_000 + left * 1_000_000 // 440_000
    assert len(told["tradeIDs"]) == 2


# 3.5


def test_the_owner_is_the_api_key_and_not_an_address(client: Client) -> None:
    body = client.limit(Side.BUY, "0.40", "10", owner=client.address)

    assert words(client.place(body)) == (
        400,
        "the order owner has to be the owner of the API KEY",
    )


def test_gtc_rests_what_it_cannot_fill(client: Client) -> None:
    told = client.buy("0.44", "100")

    assert (told["status"], len(told["tradeIDs"])) == ("live", 1)
    order = client.get(f"/data/order/{told['orderID']}")
    assert (order["size_matched"], order["original_size"]) == ("80", "100")
    assert client.desk.book()[0]["0.44"] == "20"


def test_gtd_ends_a_minute_before_its_expiration(client: Client) -> None:
    ends = client.desk.at // SECOND + 200
    name = client.buy("0.40", "10", tif="GTD", expiration=str(ends))["orderID"]

    client.desk.passes(139)
    assert client.get(f"/data/order/{name}")["status"] == "LIVE"
    client.desk.passes(1)
    assert client.get(f"/data/order/{name}")["status"] == "CANCELED"
    assert "0.4" not in client.desk.book()[0]


@pytest.mark.parametrize(
    ("tif", "ahead"), [("GTD", 179), ("GTD", None), ("GTC", 300), ("FAK", 300)]
)
def test_an_expiration_less_than_three_minutes_ahead_or_out_of_place_is_invalid(
    client: Client, tif: str, ahead: int | None
) -> None:
    ends = 0 if ahead is None else client.desk.at // SECOND + ahead
    body = client.limit(Side.BUY, "0.40", "10", tif=tif, expiration=str(ends))

    assert words(client.place(body)) == (400, "invalid expiration")


def test_fok_fills_all_or_nothing(client: Client) -> None:
    killed = client.place(client.limit(Side.BUY, "0.44", "100", tif="FOK"))
    filled = client.buy("0.44", "50", tif="FOK")

    assert words(killed) == (
        400,
        "order couldn't be fully filled. FOK orders are fully filled or killed.",
    )
    assert filled["status"] == "matched"
    assert client.held() == 50_000_000


def test_fak_fills_what_is_there_and_drops_the_rest(client: Client) -> None:
    told = client.buy("0.44", "100", tif="FAK")

    assert told["status"] == "matched"
    assert client.held() == 80_000_000
    assert client.get("/data/orders")["data"] == []


def test_fak_that_fills_nothing_is_an_error(client: Client) -> None:
    assert words(client.place(client.limit(Side.BUY, "0.40", "10", tif="FAK"))) == (
        400,
        "no orders found to match with FAK order. "
        "FAK orders are partially filled or killed if no match is found.",
    )


def test_post_only_is_refused_when_it_would_cross(client: Client) -> None:
    assert words(client.place(client.limit(Side.BUY, "0.44", "10", post_only=True))) == (
        400,
        "invalid post-only order: order crosses book",
    )
    assert client.buy("0.43", "10", post_only=True)["status"] == "live"


@pytest.mark.parametrize("tif", ["FOK", "FAK"])
def test_post_only_goes_with_resting_orders_only(client: Client, tif: str) -> None:
    body = client.limit(Side.BUY, "0.40", "10", tif=tif, post_only=True)

    assert words(client.place(body)) == BAD_ORDER


def test_price_improvement_goes_to_the_taker(client: Client) -> None:
    told = client.buy("0.50", "10")

    assert whole(told["makingAmount"]) == 4_400_000


def batch(client: Client, *bodies: dict[str, Any]) -> Any:
    return said(client.call("POST", "/orders", list(bodies)))


def test_a_batch_is_answered_in_its_order_and_its_entries_stand_alone(client: Client) -> None:
    told = batch(
        client,
        client.limit(Side.BUY, "0.40", "10"),
        client.limit(Side.BUY, "0.40", "9999"),
        client.limit(Side.BUY, "0.44", "10"),
    )

    assert [entry["status"] for entry in told] == ["live", "", "matched"]


def test_a_refused_entry_says_success_with_its_words_and_no_id(client: Client) -> None:
    (entry,) = batch(client, client.limit(Side.BUY, "0.40", "9999"))

    assert entry["success"] is True
    assert entry["errorMsg"] == "not enough balance / allowance"
    assert entry["orderID"] == ""


@pytest.mark.parametrize(("count", "text"), [(0, "Invalid order payload")])
def test_an_empty_batch_is_an_invalid_payload(client: Client, count: int, text: str) -> None:
    assert words(client.call("POST", "/orders", [])) == (400, text)


def test_a_batch_has_at_most_fifteen_orders(client: Client) -> None:
    bodies = [client.limit(Side.BUY, "0.40", "10") for _ in range(16)]

    assert words(client.call("POST", "/orders", bodies)) == (
        400,
        "Too many orders in payload: 16, max allowed: 15",
    )
    assert [e["status"] for e in batch(client, *bodies[:15])] == ["live"] * 15


# 3.6


def test_an_answer_has_the_venues_eight_fields(client: Client) -> None:
    assert set(client.buy("0.40", "10")) == {
        "success",
        "errorMsg",
        "orderID",
        "status",
        "makingAmount",
        "takingAmount",
        "transactionsHashes",
        "tradeIDs",
    }


def test_a_matched_order_names_its_trades_and_no_transaction_hashes(client: Client) -> None:
    told = client.buy("0.44", "10")

    assert told["transactionsHashes"] == []
    assert [t["id"] for t in client.get("/data/trades")["data"]] == told["tradeIDs"]


def test_an_order_in_a_sports_market_is_delayed_with_empty_amounts() -> None:
    client = Client(Desk(category="sports"))
    told = client.buy("0.44", "10")

    assert (told["status"], told["makingAmount"], told["tradeIDs"]) == ("delayed", "", [])


def test_a_delayed_order_that_finds_nothing_rests_as_unmatched() -> None:
    client = Client(Desk(category="sports"))
    name = client.buy("0.44", "10")["orderID"]
    client.desk.moves("0.42x100", "0.50x10")
    client.desk.passes(1)

    assert client.get(f"/data/order/{name}")["status"] == "UNMATCHED"
    assert client.desk.book()[0]["0.44"] == "10"
    assert client.cancel(name)["canceled"] == [name]


# 3.7


def test_the_same_signed_order_sent_again_is_duplicated(client: Client) -> None:
    body = client.limit(Side.BUY, "0.40", "10")
    name = said(client.place(body))["orderID"]

    assert words(client.place(body)) == (400, f"order {name} is invalid. Duplicated.")
    assert len(client.get("/data/orders")["data"]) == 1


def test_a_new_salt_is_a_new_order(client: Client) -> None:
    assert client.buy("0.40", "10")["orderID"] != client.buy("0.40", "10")["orderID"]


def test_what_was_refused_for_want_of_money_may_be_sent_again(client: Client) -> None:
    body = client.limit(Side.BUY, "0.40", "9999")
    assert words(client.place(body))[1] == "not enough balance / allowance"
    client.desk.fake.fund(client.wallet, 9_000_000_000, client.desk.at)

    assert said(client.place(body))["status"] == "live"
