"""A record is the same after the disk, and an answer is told apart by its bytes."""

from __future__ import annotations

import msgspec
import pytest

from markets.terms.ids import MarketId, RunId, VenueId
from markets.terms.units import Ns, Px, Qty, Usd
from tests.builders import book, gap, snapshot
from tests.fakes import START, request
from trading.engine.events import (
    BookChanged,
    CommandReceived,
    ConfigChanged,
    Event,
    MarketSettled,
    OrderCancelled,
    RunStarted,
    TimerFired,
    TradeSeen,
    TwinTold,
)
from trading.engine.intents import Intent, PlaceOrder, SetTimer
from trading.engine.orders import OrderState, Side
from trading.replay.records import (
    SCHEMA,
    Checkpoint,
    EventRecord,
    Header,
    IntentsRecord,
    Record,
    decode_record,
    encode_intents,
    encode_record,
)

EVENTS: list[Event] = [
    RunStarted(START, RunId("r"), "paper"),
    ConfigChanged(START, snapshot()),
    *(BookChanged(b.at, b) for b in gap()),
    BookChanged(START, book("kalshi:A")),
    MarketSettled(START, MarketId("kalshi:A"), (Px(1_000_000), Px(0))),
    TradeSeen(START, MarketId("kalshi:A"), 1, Px(5), Qty(6), Side.SELL),
    OrderCancelled(START, request("o").id, None, "ioc"),
    TwinTold(START, request("o").id, OrderState.PART, START, Qty(1), Usd(2), Usd(3), START, "why"),
    CommandReceived(START, 1, "halt", VenueId("kalshi"), "ann", "look"),
    TimerFired(START, "t"),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda e: type(e).__name__)
def test_every_event_is_the_same_after_the_disk(event: Event) -> None:
    record = EventRecord(7, event)

    assert decode_record(encode_record(record)) == record


@pytest.mark.parametrize(
    "record",
    [
        Header(SCHEMA, "r", START, "abc", "2026a"),
        Checkpoint(3, START, b"state", (("t", Ns(5)),)),
        IntentsRecord(4, (PlaceOrder(START, request("o")), SetTimer(START, "t", START))),
    ],
    ids=lambda r: type(r).__name__,
)
def test_every_other_record_is_the_same_after_the_disk(record: Record) -> None:
    assert decode_record(encode_record(record)) == record


def test_what_is_no_record_is_refused() -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_record(b"\x93\xa5Event")


def test_the_order_of_an_answer_counts() -> None:
    first: Intent = SetTimer(START, "a", START)
    second: Intent = SetTimer(START, "b", START)

    assert encode_intents((first, second)) != encode_intents((second, first))
    assert encode_intents((first, second)) == encode_intents((first, second))
