"""Errands about the account: what makes a statement complete, and what bars trading."""

from typing import Any

import pytest

from feeds.venues.polymarket import account
from feeds.venues.secret import Secret
from markets.terms.units import MICRO, Qty
from tests.unit.feeds.venues.polymarket.errands import AWAY, Play, no, ok
from tests.unit.feeds.venues.polymarket.orders import (
    API,
    AT,
    ME,
    POSITION,
    market,
    order,
    remembered,
)
from trading.runtime.gateway import VenueUnreachable

MONEY = (ok({}), ok({"balance": "5000000", "allowances": {"0xE1": "7", "0xE2": "x"}}))
NO_ORDERS = ok({"data": [], "next_cursor": "LTE="})
NONE_NAMED = ok({"data": []})


def row(**changed: Any) -> dict[str, Any]:
    told = {"id": "0x9", "asset_id": "1" * 77, "side": "BUY", "price": "0.40"}
    return {**told, "original_size": "10", "size_matched": "4", **changed}


def shares(number: int) -> tuple[Any, Any]:
    return ok({}), ok({"balance": str(number)})


def test_free_money_is_what_open_purchases_have_not_spoken_for() -> None:
    orders = ok({"data": [row(), row(id="0x8", side="SELL")], "next_cursor": "LTE="})
    play = Play(account.statement(remembered(), AT), *MONEY, orders, NONE_NAMED)

    told = play.returned
    assert told.cash == 5 * MICRO - 6 * 400_000
    assert [(o.order, o.left) for o in told.orders] == [("", 6 * MICRO), ("", 6 * MICRO)]
    assert told.complete


def test_allowances_are_kept_as_far_as_they_are_numbers() -> None:
    known = remembered()
    Play(account.statement(known, AT), *MONEY, NO_ORDERS, NONE_NAMED)

    assert known.allowances == {"0xe1": 7}


def test_every_token_of_our_orders_and_of_the_indexer_is_counted_by_the_venue() -> None:
    known = remembered(order(), order(name="r1-2", market="polymarket:0xbb"))
    named = ok({"data": [{"token_id": "2" * 77}, {"token_id": "9"}]})
    play = Play(account.statement(known, AT), *MONEY, NO_ORDERS, named, *shares(3), *shares(4))

    assert play.returned.holdings == ((market().id, 0, Qty(3)), (market().id, 1, Qty(4)))
    assert dict(play.asked[-1].query)["asset_type"] == "CONDITIONAL"


def test_position_ids_are_asked_for_as_their_own_kind_and_slowly() -> None:
    known = remembered()
    ids = []
    for number in range(3):
        listed = market(
            id=f"polymarket:0x{number}",
            tokens=(str(POSITION + 512 * number), str(POSITION + 512 * number + 1)),
        )
        known.markets[listed.id] = listed
        ids += [{"token_id": token} for token in listed.tokens]
    answers = [answer for _ in range(6) for answer in shares(1)]
    play = Play(
        account.statement(known, AT), *MONEY, NO_ORDERS, ok({"data": ids}), *answers, rests=9
    )

    assert dict(play.asked[-1].query)["asset_type"] == "CONDITIONAL-V2"
    assert play.rested == [account.BETWEEN] * 2


@pytest.mark.parametrize(
    "answers",
    [
        (no(500), NONE_NAMED),
        (ok({"data": [row(asset_id="7")]}), NONE_NAMED),
        (ok({"data": [row(price="x")]}), NONE_NAMED),
        (NO_ORDERS, AWAY),
        (NO_ORDERS, ok({"data": [{"token_id": "1" * 77}]}), ok({}), no(500)),
    ],
)
def test_whatever_is_missing_makes_it_incomplete(answers: tuple[Any, ...]) -> None:
    play = Play(account.statement(remembered(), AT), *MONEY, *answers)

    assert not play.returned.complete


def test_pages_are_followed_to_their_end_and_no_cursor_is_followed_twice() -> None:
    pages = [ok({"data": [row()], "next_cursor": cursor}) for cursor in ("Mg==", "Mw==", "Mw==")]
    more = ok({"data": [], "pagination": {"has_more": True, "next_cursor": "1"}})
    play = Play(account.statement(remembered(), AT), *MONEY, *pages, more, NONE_NAMED)

    assert len(play.returned.orders) == 3
    assert dict(play.asked[-1].query)["cursor"] == "1"


def test_without_the_money_there_is_no_statement() -> None:
    for bad in (AWAY, no(401), ok({"balance": "-1"})):
        with pytest.raises(VenueUnreachable):
            Play(account.statement(remembered(), AT), ok({}), bad)


@pytest.mark.parametrize(
    ("geo", "ban", "bars"),
    [
        (ok({"blocked": False}), ok({"closed_only": False}), []),
        (ok({"blocked": True, "country": "US"}), ok({"closed_only": False}), ["geoblock"]),
        (ok({"blocked": False}), ok({"closed_only": True}), ["closed_only"]),
        (AWAY, no(500), ["geoblock", "closed_only"]),
    ],
)
def test_what_is_not_clearly_allowed_bars_new_deals(geo: Any, ban: Any, bars: list[str]) -> None:
    known = remembered()
    Play(account.may_trade(known, AT), geo, ban)

    assert list(known.bars) == bars


def test_a_venue_on_this_machine_is_asked_for_no_place() -> None:
    play = Play(account.may_trade(remembered(), AT, asks_place=False), ok({"closed_only": False}))

    assert play.paths == ["GET /auth/ban-status/closed-only"]


KEY = {"apiKey": API.api_key, "secret": API.secret, "passphrase": API.passphrase}


def test_the_api_key_is_derived_and_made_only_where_there_is_none() -> None:
    assert Play(account.derived(ME, AT), ok(KEY)).returned == Secret(API)
    play = Play(account.derived(ME, AT), no(400), ok(KEY))
    assert play.paths == ["GET /auth/derive-api-key", "POST /auth/api-key"]
    assert play.returned == Secret(API)


@pytest.mark.parametrize("answers", [(AWAY,), (ok([]),), (no(401), no(401))])
def test_without_an_api_key_a_sentence_says_why(answers: tuple[Any, ...]) -> None:
    said = Play(account.derived(ME, AT), *answers).returned

    assert isinstance(said, str)
    assert API.secret not in said


def test_a_heartbeat_goes_on_with_the_id_the_venue_expects() -> None:
    play = Play(account.beat("old", AT), no(400, {"heartbeat_id": "b"}), ok({"heartbeat_id": "c"}))
    assert play.returned == ("c", AT)
    assert b'"b"' in play.asked[1].body


@pytest.mark.parametrize(
    "answers", [(AWAY,), (no(500, {}),), (ok([]),), (no(400, {}), no(400, {}))]
)
def test_a_heartbeat_that_is_not_taken_is_none(answers: tuple[Any, ...]) -> None:
    assert Play(account.beat("a", AT), *answers).returned == (None, AT)
