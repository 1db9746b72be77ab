"""The private socket's conversation, without a socket."""

import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from feeds.venues.base import Drop, Emit, Fault, Output, Send
from feeds.venues.kalshi import sign
from feeds.venues.kalshi.ours import Ours
from feeds.venues.kalshi.private import CHANNELS, PATIENCE, PROBE, KalshiPrivate
from markets.terms.ids import OrderId
from markets.terms.units import Ns
from tests.builders import qty
from tests.unit.feeds.venues.kalshi.test_encode import NOW, request
from trading.engine.events import OrderAccepted, OrderCancelled, OrderFilled
from trading.engine.orders import Order


class Talk:
    """A conversation that was opened, and whether it asked for a statement."""

    def __init__(self) -> None:
        self.asked = 0
        self.ours = Ours(nobody)
        self.known = self.ours.begin(request())
        self.ours.name(self.known, "venue")
        self.session = KalshiPrivate(None, self.ours, self.strange)
        (self.first,) = self.session.opened(NOW)

    def strange(self) -> None:
        self.asked += 1

    def ready(self) -> None:
        for number, channel in enumerate(CHANNELS):
            self.say("subscribed", channel=channel, sid=number)

    def say(self, kind: str, at: Ns = NOW, **body: Any) -> list[Output]:
        return self.session.received(json.dumps({"type": kind, "sid": 1, "msg": body}), at)

    def fill(self, trade: str = "t", count: str = "4.00", **more: Any) -> list[Output]:
        said = {
            "trade_id": trade,
            "order_id": "venue",
            "market_ticker": "KXRAIN-1",
            "yes_price_dollars": "0.4200",
            "count_fp": count,
            "fee_cost": "0.070000",
            "book_side": "bid",
        }
        return self.say("fill", **{**said, **more})

    def order(self, status: str, filled: str = "0.00", **more: Any) -> list[Output]:
        said = {
            "order_id": "venue",
            "client_order_id": "run-1-0",
            "ticker": "KXRAIN-1",
            "status": status,
            "fill_count_fp": filled,
            "book_side": "bid",
        }
        return self.say("user_order", **{**said, **more})


def events(outputs: list[Output]) -> list[object]:
    return [output.event for output in outputs if isinstance(output, Emit)]


def test_it_is_ready_when_all_three_channels_are_followed() -> None:
    talk = Talk()
    assert isinstance(talk.first, Send)
    assert json.loads(talk.first.text)["params"]["channels"] == list(CHANNELS)
    talk.say("subscribed", channel="fill", sid=1)
    assert not talk.session.is_ready

    talk.ready()

    assert talk.session.is_ready
    talk.session.closed(NOW, "gone")
    assert not talk.session.is_ready


def test_a_fill_of_ours_is_told_once() -> None:
    talk = Talk()

    (first,) = events(talk.fill())

    assert isinstance(first, OrderFilled)
    assert (first.fill.key, first.fill.qty) == ("kalshi:t:venue", qty(4))
    assert talk.fill() == []


def test_the_end_waits_for_the_fills_it_counts() -> None:
    talk = Talk()
    assert talk.order("canceled", "4.00", last_update_reason="ExpiryCancel") == []

    _, ended = events(talk.fill())

    assert ended == OrderCancelled(NOW, OrderId("run-1-0"), qty(4), "ExpiryCancel")


def test_a_resting_order_is_accepted() -> None:
    assert events(Talk().order("resting")) == [OrderAccepted(NOW, OrderId("run-1-0"), "venue")]


def test_what_is_none_of_ours_asks_for_a_statement() -> None:
    talk = Talk()

    assert talk.fill(order_id="theirs") == []
    assert talk.order("resting", order_id="theirs", client_order_id=None) == []

    assert talk.asked == 2


def test_what_cannot_be_read_asks_for_a_statement_and_counts() -> None:
    talk = Talk()

    outputs = [*talk.session.received("{", NOW), *talk.fill(count="many")]

    assert [type(output) for output in outputs] == [Fault, Fault]
    assert talk.asked == 2


def test_unknown_frames_are_passed_over() -> None:
    assert Talk().say("order_group_updates", event="x") == []


def test_an_error_ends_the_conversation() -> None:
    outputs = Talk().say("error", code=25, msg="buffer overflow")

    assert [type(output) for output in outputs] == [Fault, Drop]


def test_silence_is_questioned_and_then_dropped() -> None:
    talk = Talk()
    talk.ready()
    assert talk.session.ticked(Ns(NOW + PROBE)) == []
    (probe,) = talk.session.ticked(Ns(NOW + PROBE + 1))
    assert isinstance(probe, Send)
    assert json.loads(probe.text)["cmd"] == "list_subscriptions"

    (drop,) = talk.session.ticked(Ns(NOW + PROBE + PATIENCE + 1))
    assert isinstance(drop, Drop)


def test_an_answer_ends_the_doubt() -> None:
    talk = Talk()
    talk.ready()
    talk.say("ok", at=Ns(NOW + PROBE + PATIENCE))

    assert talk.session.ticked(Ns(NOW + PROBE + PATIENCE + 1)) == []


def test_channels_that_are_never_subscribed_are_dropped() -> None:
    (drop,) = Talk().session.ticked(Ns(NOW + PATIENCE + 1))

    assert isinstance(drop, Drop)


def test_the_handshake_is_signed_for_the_socket() -> None:
    key = Ed25519PrivateKey.generate()
    session = KalshiPrivate(("key", key), Ours(nobody), lambda: None)

    said = dict(session.handshake(NOW))

    stamp, signature = said["KALSHI-ACCESS-TIMESTAMP"], said["KALSHI-ACCESS-SIGNATURE"]
    assert sign.is_signed(key.public_key(), signature, stamp, "GET", "/trade-api/ws/v2")
    assert KalshiPrivate(None, Ours(nobody), lambda: None).handshake(NOW) == ()


def nobody(_: OrderId) -> Order | None:
    return None
