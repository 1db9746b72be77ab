"""Orders as they are signed and sent."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from feeds.venues.polymarket import encode
from feeds.venues.polymarket.amounts import Amounts, implied_price
from feeds.venues.polymarket.identity import identity
from feeds.venues.polymarket.signing import (
    EXCHANGE,
    EXCHANGE_V3,
    NEG_RISK_EXCHANGE,
    OrderToSign,
    WalletKind,
    order_id,
    signer_of,
)
from markets.terms.units import MICRO, SECOND, Ns, Px, Qty
from tests.unit.feeds.venues.polymarket.orders import AT, ME, POSITION, market, order
from trading.engine.orders import Side, TimeInForce


def test_the_order_id_is_a_function_of_the_request_and_the_account_alone() -> None:
    sent = encode.sealed_order(order(), market(), ME)

    assert sent == encode.sealed_order(order(), market(), ME)
    assert sent.id == encode.id_of(order(), market(), ME)
    # A finer grid, another state, another title: the id stays.
    assert sent.id == encode.id_of(order(), market(title="x", delay_ms=3_000), ME)


@pytest.mark.parametrize(
    "other",
    [
        order(name="r1-2"),
        order(px="0.43"),
        order(count="11"),
        order(outcome=1),
        order(side=Side.SELL),
        order(placed_at=Ns(AT + SECOND)),
    ],
)
def test_another_order_has_another_id(other: object) -> None:
    assert isinstance(other, type(order()))
    assert encode.id_of(other, market(), ME) != encode.id_of(order(), market(), ME)


def test_the_body_has_the_venues_keys_and_a_signature_of_the_wallets_owner() -> None:
    sent = encode.sealed_order(order(), market(), ME)
    told = json.loads(sent.body)

    assert (told["owner"], told["orderType"], told["deferExec"]) == ("0b7c-key", "GTC", False)
    assert "postOnly" not in told
    inside = told["order"]
    assert (inside["makerAmount"], inside["takerAmount"]) == ("4400000", "10000000")
    assert (inside["expiration"], inside["side"]) == ("0", "BUY")
    assert isinstance(inside["salt"], int)
    assert inside["salt"] < 1 << 53
    signed = OrderToSign(
        salt=inside["salt"],
        maker=inside["maker"],
        signer=inside["signer"],
        token=inside["tokenId"],
        maker_amount=int(inside["makerAmount"]),
        taker_amount=int(inside["takerAmount"]),
        side=Side.BUY,
        kind=WalletKind(inside["signatureType"]),
        timestamp=int(inside["timestamp"]),
    )
    exchange = encode.exchange_of(market(), 0)
    assert order_id(signed, exchange) == sent.id
    assert signer_of(inside["signature"], signed, exchange) == ME.owner


@pytest.mark.parametrize(
    ("changed", "contract", "version"),
    [
        ({}, EXCHANGE, "2"),
        ({"neg_risk": True}, NEG_RISK_EXCHANGE, "2"),
        ({"tokens": (str(POSITION), str(POSITION + 1))}, EXCHANGE_V3, "3"),
        ({"tokens": (str(POSITION), str(POSITION + 1)), "neg_risk": True}, EXCHANGE_V3, "3"),
    ],
)
def test_the_contract_follows_from_the_token_and_the_neg_risk_mark(
    changed: dict[str, object], contract: str, version: str
) -> None:
    exchange = encode.exchange_of(market(**changed), 1)

    assert (exchange.contract, exchange.version) == (contract, version)


def test_only_a_known_module_makes_a_position_id() -> None:
    assert encode.version_of(str(POSITION)) == "v2"
    assert encode.version_of("1234") == "v1"
    assert encode.version_of(str(POSITION | (9 << 248))) == "v1"
    assert encode.version_of(str(POSITION | (1 << 50))) == "v1"


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        ({}, "GTC"),
        ({"side": Side.SELL}, "FAK"),
        ({"side": Side.SELL, "px": Px(445_000), "count": "10.01"}, "GTC"),
        ({"tif": TimeInForce.FOK}, "FOK"),
        ({"tif": TimeInForce.GTC}, "GTC"),
        ({"tif": TimeInForce.GTC, "expires_at": Ns(AT + 200 * SECOND)}, "GTD"),
    ],
)
def test_each_time_in_force_has_its_kind_of_order(changed: dict[str, object], kind: str) -> None:
    px = changed.pop("px", Px(440_000))
    request = replace(order(**changed), px=px)  # type: ignore[arg-type]  # words of the table

    assert encode.type_of(request) == kind
    assert encode.leaves_rest(request) is (request.tif is TimeInForce.IOC)


def test_an_end_is_sent_a_minute_later_and_post_only_is_said() -> None:
    request = order(tif=TimeInForce.GTC, expires_at=Ns(AT + 200 * SECOND + 5), post_only=True)
    told = json.loads(encode.sealed_order(request, market(), ME).body)

    assert told["order"]["expiration"] == str(AT // SECOND + 260)
    assert told["postOnly"] is True


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (order("0.445"), "off the market's grid"),
        (order(count="10.001"), "two decimals"),
        (order(count="4"), "below the least"),
        (order("0.10", "9"), "a purchase of 900000"),
        (order(tif=TimeInForce.FOK, count="10.01"), "too many decimals"),
        (order(post_only=True), "cannot be immediate"),
        (order(expires_at=Ns(AT + 900 * SECOND)), "has no end"),
        (order(tif=TimeInForce.GTC, expires_at=Ns(AT + 119 * SECOND)), "must live 120 s"),
        (order(outcome=2), "no token"),
        (order(outcome=-1), "no token"),
    ],
)
def test_what_the_venue_would_refuse_is_refused_in_a_sentence(request_: object, words: str) -> None:
    assert isinstance(request_, type(order()))
    with pytest.raises(encode.Infeasible, match=words):
        encode.sealed_order(request_, market(), ME)


@pytest.mark.parametrize("qty", [0, 1])
def test_amounts_are_whole_millionths_or_none(qty: int) -> None:
    with pytest.raises(encode.Infeasible, match="no whole millionths"):
        encode.amounts_of(replace(order(), qty=Qty(qty)))


def test_a_sale_below_a_dollar_is_no_purchase() -> None:
    assert encode.sealed_order(order("0.10", "9", side=Side.SELL), market(), ME).id


def test_without_an_api_key_nothing_is_encoded() -> None:
    with pytest.raises(ValueError, match="no API key"):
        encode.sealed_order(order(), market(), identity("7".rjust(64, "0")))


@given(px=st.integers(1, 99), lots=st.integers(500, 10_000_000), side=st.sampled_from(Side))
def test_the_price_the_venue_reads_is_exactly_the_limit(px: int, lots: int, side: Side) -> None:
    request = replace(order(), px=Px(px * 10_000), qty=Qty(lots * 10_000), side=side)

    amounts = encode.amounts_of(request)

    assert implied_price(side, amounts, Px(10_000)) == request.px
    given_, wanted = amounts.maker, amounts.taker
    money, shares = (given_, wanted) if side is Side.BUY else (wanted, given_)
    assert (shares, money * MICRO) == (request.qty, request.px * request.qty)
    assert amounts != Amounts(0, 0)


def test_requests_have_the_venues_paths() -> None:
    sent = encode.sealed_order(order(), market(), ME)

    assert encode.place(sent).path == "/order"
    assert json.loads(encode.place_many((sent, sent)).body) == [json.loads(sent.body)] * 2
    for count in (0, 16):
        with pytest.raises(ValueError, match="1 to 15"):
            encode.place_many((sent,) * count)
    assert json.loads(encode.cancel("0x1").body) == {"orderID": "0x1"}
    assert (encode.cancel_all().method, encode.cancel_all().path) == ("DELETE", "/cancel-all")
    assert encode.order_asked("0x1").path == "/data/order/0x1"
    assert dict(encode.orders_asked("MA==").query) == {"next_cursor": "MA=="}
    assert dict(encode.trade_asked("t").query) == {"id": "t"}
    assert dict(encode.trades_asked(5, "x").query) == {"after": "5", "next_cursor": "x"}
