"""What the user socket says, frame by frame."""

import json
from typing import Any

import pytest
from msgspec.structs import replace

from feeds.venues.base import Drop, Emit, Fault, Send
from feeds.venues.polymarket.encode import id_of
from feeds.venues.polymarket.known import Known
from feeds.venues.polymarket.userfeed import PING_EVERY, SILENT, PolymarketPrivate
from markets.terms.units import MICRO, Ns
from tests.unit.feeds.venues.polymarket.orders import API, AT, ME, market, order, remembered
from trading.engine.events import OrderCancelled
from trading.engine.orders import Finality, TimeInForce
from trading.runtime.gateway import VenueUnreachable

IOC = order()
NAME = id_of(IOC, market(), ME)


class Talk:
    """A socket's conversation, and how often it asked for a statement."""

    def __init__(self, known: Known) -> None:
        self.asked = 0
        self.known = known
        self.private = PolymarketPrivate(known, self._strange)

    def _strange(self) -> None:
        self.asked += 1

    def hear(self, *frames: dict[str, Any]) -> list[Any]:
        """The events of one frame."""
        text = json.dumps(frames[0] if len(frames) == 1 else list(frames))
        return [o.event if isinstance(o, Emit) else o for o in self.private.received(text, AT)]


def trade(status: str, name: str = "t1", taker: str = NAME) -> dict[str, Any]:
    told = {"event_type": "trade", "type": "TRADE", "id": name, "taker_order_id": taker}
    return {**told, "asset_id": "1" * 77, "size": "10", "price": "0.44", "status": status}


def said(status: str, kind: str = "UPDATE", matched: str = "0") -> dict[str, Any]:
    told = {"event_type": "order", "id": NAME, "type": kind}
    return {**told, "status": status, "size_matched": matched}


def test_the_first_frame_has_the_key_and_shows_it_to_nobody() -> None:
    first, ping = Talk(remembered()).private.opened(AT)

    assert isinstance(first, Send)
    assert json.loads(first.text)["auth"]["secret"] == API.secret
    assert API.secret not in repr(first)
    assert ping == Send("PING")


def test_without_an_api_key_no_socket_is_opened() -> None:
    known = remembered()
    known.who = replace(ME, api=None)
    talk = Talk(known)

    with pytest.raises(VenueUnreachable):
        talk.private.handshake(AT)
    assert isinstance(talk.private.opened(AT)[0], Drop)
    assert Talk(remembered()).private.handshake(AT) == ()


def test_it_is_ready_once_it_answered_and_no_more_once_it_is_gone() -> None:
    private = Talk(remembered()).private
    private.opened(AT)
    assert not private.is_ready
    assert private.received("PONG", AT) == []
    assert private.is_ready
    private.closed(AT, "gone")
    assert not private.is_ready


def test_it_pings_and_gives_up_on_silence() -> None:
    private = Talk(remembered()).private
    private.opened(AT)

    assert private.ticked(Ns(AT + PING_EVERY - 1)) == []
    assert private.ticked(Ns(AT + PING_EVERY)) == [Send("PING")]
    assert isinstance(private.ticked(Ns(AT + SILENT))[0], Drop)


def test_a_trade_is_told_when_it_is_matched_and_when_it_is_final() -> None:
    talk = Talk(remembered(IOC))
    told = [talk.hear(trade(s)) for s in ("MATCHED", "MATCHED", "MINED", "RETRYING", "CONFIRMED")]

    assert [len(events) for events in told] == [1, 0, 0, 0, 1]
    assert told[0][0].fill.finality is Finality.MATCHED
    assert told[4][0].fill.finality is Finality.FINAL
    assert talk.hear(trade("FAILED")) == []
    assert talk.asked == 0


def test_a_failed_trade_is_taken_back() -> None:
    talk = Talk(remembered(IOC))
    talk.hear(trade("MATCHED"))

    [told] = talk.hear(trade("FAILED"))
    assert told.fill.finality is Finality.FAILED


def test_what_is_none_of_ours_or_cannot_be_read_asks_for_a_statement() -> None:
    talk = Talk(remembered())
    assert talk.hear(trade("MATCHED")) == []
    assert talk.hear(said("LIVE")) == []
    assert isinstance(talk.private.received("{", AT)[0], Fault)
    assert talk.asked == 3
    assert talk.hear({"event_type": "news"}) == []
    assert talk.asked == 3


def test_frames_come_alone_or_as_a_list() -> None:
    talk = Talk(remembered(IOC))

    assert len(talk.hear(trade("MATCHED"), trade("MATCHED", "t2"))) == 2


@pytest.mark.parametrize(
    ("status", "matched", "filled", "reason"),
    [
        ("CANCELED", "4", 4 * MICRO, "The venue says CANCELED."),
        ("CANCELED_order couldn't be fully filled.", "0", 0, "order couldn't be fully filled."),
        ("INVALID", "", None, "The venue says INVALID."),
    ],
)
def test_a_cancellation_tells_the_venues_total(
    status: str, matched: str, filled: int | None, reason: str
) -> None:
    talk = Talk(remembered(IOC))
    talk.known.waiting[NAME] = None

    assert talk.hear(said(status, "CANCELLATION", matched)) == [
        OrderCancelled(AT, IOC.id, filled, reason)  # type: ignore[arg-type]  # plain numbers
    ]
    assert not talk.known.waiting


def test_a_placement_is_told_by_the_answer_to_the_sending_alone() -> None:
    assert Talk(remembered(IOC)).hear(said("LIVE", "PLACEMENT")) == []


def test_an_immediate_order_that_rests_after_its_delay_is_looked_up() -> None:
    talk = Talk(remembered(IOC))
    [delayed] = talk.hear(said("DELAYED", "PLACEMENT"))
    assert delayed.venue_order == NAME
    assert talk.hear(said("UNMATCHED")) == []
    assert talk.asked == 1


def test_a_resting_order_is_accepted_after_its_delay() -> None:
    gtc = order(tif=TimeInForce.GTC)
    talk = Talk(remembered(gtc))
    talk.hear(said("DELAYED", "PLACEMENT"))

    [told] = talk.hear(said("LIVE"))
    assert told.order == gtc.id
    assert talk.hear(said("LIVE")) == []


def test_an_order_matched_after_its_delay_is_told_by_its_trades() -> None:
    talk = Talk(remembered(IOC))
    talk.hear(said("DELAYED", "PLACEMENT"))

    assert talk.hear(said("CANCELING")) == []
    assert talk.hear(said("MATCHED", "UPDATE", "10")) == []
    assert (talk.asked, talk.known.waiting) == (0, {})
