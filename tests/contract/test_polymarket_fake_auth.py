"""Section 2 of the venue's sheet, line by line: who may call, and how they prove it."""

import json
from base64 import urlsafe_b64decode

import pytest

from feeds.venues.base import Hangup
from feeds.venues.polymarket import credentials
from feeds.venues.polymarket.signing import WalletKind
from markets.terms.units import SECOND
from tests.contract.polymarket_desk import Client, Desk, said, words
from trading.engine.orders import Side

BAD_L1 = (401, "Invalid L1 Request headers")
BAD_KEY = (401, "Unauthorized/Invalid api key")


@pytest.fixture
def client() -> Client:
    return Client(Desk())


# 2.1


def test_credentials_are_a_uuid_url_safe_base64_and_hexadecimal(client: Client) -> None:
    assert [len(part) for part in client.creds.api_key.split("-")] == [8, 4, 4, 4, 12]
    assert len(urlsafe_b64decode(client.creds.secret)) == 32
    assert int(client.creds.passphrase, 16)


def test_a_nonce_that_has_credentials_cannot_be_created_again(client: Client) -> None:
    assert words(client.l1("POST", "/auth/api-key")) == (400, "Could not create api key")


def test_the_same_nonce_always_derives_the_same_credentials(client: Client) -> None:
    for _ in range(2):
        told = said(client.l1("GET", "/auth/derive-api-key"))
        assert told["apiKey"] == client.creds.api_key
        assert told["secret"] == client.creds.secret


def test_another_nonce_keeps_another_set_of_credentials(client: Client) -> None:
    assert words(client.l1("GET", "/auth/derive-api-key", 1)) == (400, "Could not derive api key!")
    other = said(client.l1("POST", "/auth/api-key", 1))
    assert other["apiKey"] != client.creds.api_key
    assert set(client.get("/auth/api-keys")["apiKeys"]) == {
        client.creds.api_key,
        other["apiKey"],
    }


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("POLY_SIGNATURE", "0x" + "11" * 65),
        ("POLY_SIGNATURE", "none"),
        ("POLY_TIMESTAMP", "1"),
        ("POLY_NONCE", "9"),
        ("POLY_NONCE", "x"),
        ("POLY_ADDRESS", "0x" + "22" * 20),
        ("POLY_ADDRESS", "somebody"),
    ],
)
def test_a_bad_l1_header_is_refused_with_the_venues_words(
    client: Client, header: str, value: str
) -> None:
    reply = client.l1("GET", "/auth/derive-api-key", changed={header: value})

    assert words(reply) == BAD_L1


# 2.2


@pytest.mark.parametrize(
    "header",
    ["POLY_ADDRESS", "POLY_SIGNATURE", "POLY_TIMESTAMP", "POLY_API_KEY", "POLY_PASSPHRASE"],
)
def test_every_one_of_the_five_l2_headers_is_verified(client: Client, header: str) -> None:
    assert client.call("GET", "/data/orders").status == 200
    assert words(client.call("GET", "/data/orders", None, **{header: "1"})) == BAD_KEY


def test_the_query_is_no_part_of_what_is_sealed(client: Client) -> None:
    assert client.call("GET", "/data/orders", None, ("market", "x")).status == 200


def test_the_seal_is_over_the_exact_bytes_of_the_body(client: Client) -> None:
    body = client.limit(Side.BUY, "0.40", "10")
    loose = json.dumps(body).encode()
    compact = json.dumps(body, separators=(",", ":")).encode()
    headers = credentials.l2_headers(
        client.creds, client.address, client.desk.at // SECOND, ("POST", "/order", compact)
    )

    assert words(client.desk.ask("POST", "/order", loose, headers=headers)) == BAD_KEY
    assert client.desk.ask("POST", "/order", compact, headers=headers).status == 200


def test_a_secret_without_padding_and_an_address_in_lower_case_do_as_well(client: Client) -> None:
    reply = client.call("GET", "/data/orders", None, POLY_ADDRESS=client.address.lower())

    assert reply.status == 200


@pytest.mark.parametrize("late_s", [-61, 61])
def test_a_seal_from_another_minute_is_refused(client: Client, late_s: int) -> None:
    headers = credentials.l2_headers(
        client.creds,
        client.address,
        client.desk.at // SECOND + late_s,
        ("GET", "/data/orders", b""),
    )

    assert words(client.desk.ask("GET", "/data/orders", headers=headers)) == BAD_KEY


def test_a_call_without_any_header_is_refused(client: Client) -> None:
    assert words(client.desk.ask("GET", "/data/orders")) == BAD_KEY
    assert words(client.desk.ask("POST", "/order")) == BAD_KEY
    assert words(client.desk.ask("POST", "/auth/api-key")) == BAD_L1


def test_a_key_can_be_deleted_and_made_again(client: Client) -> None:
    assert client.call("DELETE", "/auth/api-key").status == 200
    assert words(client.call("GET", "/auth/api-keys")) == BAD_KEY
    assert words(client.l1("GET", "/auth/derive-api-key"))[0] == 400
    assert said(client.l1("POST", "/auth/api-key"))["apiKey"] == client.creds.api_key


def test_the_ban_status_tells_whether_an_account_may_only_close(client: Client) -> None:
    path = "/auth/ban-status/closed-only"
    assert client.get(path) == {"closed_only": False}
    client.desk.fake.office.calls.closed_only[client.address] = None
    assert client.get(path) == {"closed_only": True}


# 2.3


def test_the_user_socket_wants_its_credentials_in_the_first_frame(client: Client) -> None:
    conn = client.listen()
    client.buy("0.40", "10")

    assert [f["type"] for f in client.desk.frames(conn, "order")] == ["PLACEMENT"]


def test_the_user_socket_may_be_cut_down_to_some_markets(client: Client) -> None:
    other = client.listen("0x" + "cd" * 32)
    mine = client.listen(client.desk.native)
    client.buy("0.40", "10")

    assert not client.desk.frames(other)
    assert client.desk.frames(mine)


@pytest.mark.parametrize("field", ["apiKey", "secret", "passphrase"])
def test_wrong_credentials_end_the_user_socket(client: Client, field: str) -> None:
    fake, desk = client.desk.fake, client.desk
    fake.connected(90, "/ws/user", desk.at)
    auth = {
        "apiKey": client.creds.api_key,
        "secret": client.creds.secret,
        "passphrase": client.creds.passphrase,
    }
    frame = json.dumps({"type": "user", "auth": auth | {field: "wrong"}})

    assert fake.received(90, frame, desk.at) == [Hangup(90, 1008, "invalid subscription payload")]


def test_nobody_hears_of_another_account(client: Client) -> None:
    other = Client(client.desk, 8)
    conn = other.listen()
    client.buy("0.40", "10")

    assert not client.desk.frames(conn)


# 2.5


@pytest.mark.parametrize("kind", WalletKind)
def test_every_kind_of_wallet_trades_with_its_own_kind_of_signature(kind: WalletKind) -> None:
    client = Client(Desk(), kind=kind)
    told = client.buy("0.44", "10")

    assert (told["success"], told["status"]) == (True, "matched")
    assert client.held() == 10_000_000


def test_a_plain_key_that_is_not_allow_listed_is_sent_to_the_deposit_wallet() -> None:
    client = Client(Desk(), kind=WalletKind.DEPOSIT)
    body = client.limit(
        Side.BUY, "0.40", "10", kind=WalletKind.EOA, maker=client.address, signer=client.address
    )

    assert words(client.place(body)) == (
        400,
        "maker address not allowed, please use the deposit wallet flow",
    )


def test_a_deposit_wallet_is_both_maker_and_signer() -> None:
    client = Client(Desk(), kind=WalletKind.DEPOSIT)
    body = client.limit(Side.BUY, "0.40", "10", signer=client.address)

    assert words(client.place(body)) == (
        400,
        "the order signer address has to be the address of the API KEY",
    )


def test_who_signs_must_be_whose_key_it_is(client: Client) -> None:
    other = Client(client.desk, 8)
    body = client.limit(Side.BUY, "0.40", "10", signer=other.address)

    assert words(client.place(body)) == (
        400,
        "the order signer address has to be the address of the API KEY",
    )


@pytest.mark.parametrize(
    ("has", "says"),
    [
        (WalletKind.PROXY, WalletKind.SAFE),
        (WalletKind.SAFE, WalletKind.PROXY),
        (WalletKind.EOA, WalletKind.PROXY),
    ],
)
def test_another_signature_type_than_the_wallets_is_an_invalid_signature(
    has: WalletKind, says: WalletKind
) -> None:
    client = Client(Desk(), kind=has)
    body = client.limit(Side.BUY, "0.40", "10", kind=says)

    assert words(client.place(body)) == (400, "invalid signature")


def test_somebody_elses_wallet_is_an_invalid_signature() -> None:
    desk = Desk()
    Client(desk, 8, WalletKind.PROXY)
    client = Client(desk, 9, WalletKind.SAFE)
    proxy = client.limit(Side.BUY, "0.40", "10", maker="0x" + "1" * 40, kind=WalletKind.PROXY)

    assert words(client.place(proxy)) == (400, "invalid signature")
