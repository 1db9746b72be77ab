"""Records of orders and trades as they arrive."""

import msgspec
import pytest

from feeds.venues.polymarket.orderwire import OrderPage, OrderRecord, TradePage, amount, plain


def test_unknown_keys_are_skipped_and_absent_ones_are_empty() -> None:
    told = msgspec.json.decode(b'{"id":"0x1","new":[1],"associate_trades":null}', type=OrderRecord)

    assert (told.id, told.status, told.associate_trades, told.size_matched) == ("0x1", "", None, "")
    assert msgspec.json.decode(b'{"data":[]}', type=OrderPage).next_cursor == "LTE="
    assert (
        msgspec.json.decode(b'{"data":[{"id":"t"}]}', type=TradePage).data[0].maker_orders is None
    )


def test_amounts_may_be_empty_texts_but_no_nonsense() -> None:
    assert (amount(""), amount("12.5")) == (0, 12_500_000)
    with pytest.raises(ValueError, match="not a decimal"):
        amount("many")


def test_rests_prefix_of_a_trades_status_is_dropped() -> None:
    assert plain("TRADE_STATUS_MINED") == plain("MINED") == "MINED"
