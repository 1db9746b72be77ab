"""One socket's conversation, frame by frame."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from feeds.venues.base import Drop, Emit, Fault, Fetch, Output, Reply, Send
from feeds.venues.kalshi import parse
from feeds.venues.kalshi.numbers import Numbering, Reading
from feeds.venues.kalshi.session import MAX_UNREADABLE, KalshiSession
from markets.terms.ids import market_id
from markets.terms.instruments import Market, MarketState, even_ladder
from markets.terms.units import MS, SECOND, Ns, Px, Qty
from trading.engine.book import Book
from trading.engine.events import (
    BookChanged,
    BookSeen,
    BookStale,
    Event,
    MarketChanged,
    MarketClosed,
    MarketSettled,
    TradeSeen,
)
from trading.engine.orders import Side

START = Ns(1_795_000_000 * SECOND)


def market(native: str, *, close_s: int = 86_400) -> Market:
    return Market(
        id=market_id(parse.VENUE, native),
        venue=parse.VENUE,
        native=native,
        title=native,
        outcomes=("Yes", "No"),
        ticks=even_ladder(Px(10_000)),
        fees=parse.fees(None, None),
        close_at=Ns(START + close_s * SECOND),
    )


class Talk:
    """A session and a venue played by hand: numbers its frames on subscription 1 by itself."""

    def __init__(self, *markets: Market) -> None:
        self.markets = markets or (market("A"), market("B"))
        self.session = KalshiSession(self.markets)
        self.at = START
        self.seq = 0
        self.first = self.session.opened(self.at)

    def say(self, frame: dict[str, Any], after_ms: int = 0) -> list[Output]:
        self.at = Ns(self.at + after_ms * MS)
        return self.session.received(json.dumps(frame), self.at)

    def numbered(self, kind: str, msg: object, after_ms: int = 0, **named: int) -> list[Output]:
        self.seq = named.pop("seq", self.seq + 1)
        return self.say({"type": kind, "sid": 1, "seq": self.seq, "msg": msg, **named}, after_ms)

    def snapshot(self, ticker: str, after_ms: int = 0, **sides: Any) -> list[Output]:
        body = {"market_ticker": ticker, **(sides or {"yes_dollars_fp": [["0.4200", "10.00"]]})}
        return self.numbered("orderbook_snapshot", body, after_ms)

    def delta(
        self, ticker: str, px: str, qty: str, side: str = "yes", **named: int
    ) -> list[Output]:
        body = {"market_ticker": ticker, "price_dollars": px, "delta_fp": qty, "side": side}
        return self.numbered("orderbook_delta", {**body, "ts_ms": self.at // MS}, **named)

    def subscribed(self) -> Talk:
        for sid, channel in enumerate(("orderbook_delta", "trade", "market_lifecycle_v2"), 1):
            self.say({"type": "subscribed", "id": 1, "msg": {"channel": channel, "sid": sid}})
        for one in self.markets:
            self.snapshot(one.native)
        return self

    def tick(self, after_ms: int) -> list[Output]:
        self.at = Ns(self.at + after_ms * MS)
        return self.session.ticked(self.at)

    def life(self, ticker: str, event_type: str, **more: Any) -> list[Output]:
        body = {"market_ticker": ticker, "event_type": event_type, **more}
        return self.say({"type": "market_lifecycle_v2", "sid": 3, "msg": body})


def events(outputs: list[Output]) -> list[Event]:
    return [output.event for output in outputs if isinstance(output, Emit)]


def books(outputs: list[Output]) -> list[Book]:
    return [event.book for event in events(outputs) if isinstance(event, BookChanged)]


def stale(outputs: list[Output]) -> set[str]:
    return {event.market for event in events(outputs) if isinstance(event, BookStale)}


def faults(outputs: list[Output]) -> list[str]:
    return [output.reason for output in outputs if isinstance(output, Fault)]


def drops(outputs: list[Output]) -> list[str]:
    return [output.reason for output in outputs if isinstance(output, Drop)]


def sent(outputs: list[Output]) -> list[dict[str, Any]]:
    return [json.loads(output.text) for output in outputs if isinstance(output, Send)]


def answered(body: object) -> Reply:
    return Reply(200, (), msgspec.json.encode(body))


def test_it_subscribes_to_books_and_trades_with_the_price_scale_spelled_out() -> None:
    books_command, life_command = sent(Talk().first)

    assert books_command == {
        "id": 1,
        "cmd": "subscribe",
        "params": {
            "channels": ["orderbook_delta", "trade"],
            "market_tickers": ["A", "B"],
            "use_yes_price": False,
        },
    }
    assert life_command["params"] == {"channels": ["market_lifecycle_v2"]}


def test_a_bid_for_no_is_an_ask_of_yes() -> None:
    talk = Talk().subscribed()

    (book,) = books(
        talk.snapshot("A", yes_dollars_fp=[["0.4200", "1"]], no_dollars_fp=[["0.5000", "2.50"]])
    )

    assert book.bids(0) == ((420_000, 1_000_000),)
    assert book.asks(0) == ((500_000, 2_500_000),)


def test_no_prices_on_the_yes_scale_end_all_belief_until_the_next_connection() -> None:
    talk = Talk().subscribed()

    no = [["0.4400", "1"], ["0.9900", "1"]]
    outputs = talk.snapshot("A", yes_dollars_fp=[["0.4200", "1"]], no_dollars_fp=no)
    after = [*talk.snapshot("B"), *talk.tick(30_000)]
    talk.session.closed(talk.at, "reset")
    talk.session.opened(talk.at)
    talk.seq = 0

    assert faults(outputs) == ["price_scale"]
    assert stale(outputs) == {"kalshi:A", "kalshi:B"}
    assert after == []
    assert books(talk.snapshot("A"))


def test_a_delta_changes_the_book_at_the_exchanges_time() -> None:
    talk = Talk().subscribed()

    (book,) = books(talk.delta("A", "0.5500", "3.00", "no"))

    assert book.asks(0) == ((450_000, 3_000_000),)
    assert (book.at, book.venue_at) == (talk.at, talk.at)


def test_acknowledgements_take_numbers_in_whatever_order_they_come() -> None:
    talk = Talk().subscribed()

    for command in (7, 5, 6):
        assert not faults(talk.numbered("ok", {"market_tickers": ["A", "B"]}, id=command))
    outputs = talk.delta("A", "0.4200", "1.00")

    assert not faults(outputs)
    assert books(outputs)


def test_a_hole_makes_every_book_stale_at_once_and_asks_for_all_of_them() -> None:
    talk = Talk().subscribed()
    talk.at = Ns(talk.at + SECOND)

    outputs = talk.delta("A", "0.4200", "1.00", seq=9)

    assert faults(outputs) == ["sequence_gap"]
    assert stale(outputs) == {"kalshi:A", "kalshi:B"}
    assert not books(outputs)
    assert sent(outputs)[0]["params"] == {
        "sids": [1],
        "market_tickers": ["A", "B"],
        "action": "get_snapshot",
    }


def test_the_frame_after_a_hole_is_the_new_base_and_a_snapshot_is_trusted_again() -> None:
    talk = Talk().subscribed()
    talk.delta("A", "0.4200", "1.00", seq=9)

    ignored = talk.delta("A", "0.4200", "1.00")
    (book,) = books(talk.snapshot("A", yes_dollars_fp=[["0.1000", "4.00"]]))

    assert not faults(ignored)
    assert not books(ignored)
    assert book.bids(0) == ((100_000, 4_000_000),)


def test_an_old_snapshot_said_again_is_not_believed() -> None:
    talk = Talk().subscribed()
    talk.delta("A", "0.4200", "1.00")

    again = {"market_ticker": "A", "yes_dollars_fp": [["0.4200", "10.00"]]}
    outputs = talk.numbered("orderbook_snapshot", again, seq=1)

    assert faults(outputs) == ["sequence_repeat"]
    assert not books(outputs)
    assert stale(outputs) == {"kalshi:A", "kalshi:B"}


def test_the_trade_channel_counts_by_itself() -> None:
    talk = Talk().subscribed()

    body = {"market_ticker": "A", "yes_price_dollars": "0.4200", "count_fp": "2.00"}
    frame = {"type": "trade", "sid": 2, "seq": 5, "msg": {**body, "taker_outcome_side": "no"}}
    outputs = talk.say(frame)

    assert faults(outputs) == ["sequence_gap"]
    assert not stale(outputs)
    assert events(outputs) == [
        TradeSeen(talk.at, market_id(parse.VENUE, "A"), 1, Px(580_000), Qty(2_000_000), Side.BUY)
    ]


def test_a_block_trade_is_no_print() -> None:
    talk = Talk().subscribed()
    body = {"market_ticker": "A", "yes_price_dollars": "0.4200", "count_fp": "2.00"}

    outputs = talk.say(
        {"type": "trade", "msg": {**body, "taker_side": "no", "is_block_trade": True}}
    )

    assert outputs == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"type":"orderbook_delta","sid":1,"se', "malformed_frame"),
        ('{"type":"orderbook_delta","sid":1,"seq":3,"msg":{}}', "malformed_frame"),
        ("x" * 9_000_000, "huge_frame"),
    ],
)
def test_what_cannot_be_read_puts_every_book_in_doubt(text: str, reason: str) -> None:
    talk = Talk().subscribed()
    talk.at = Ns(talk.at + SECOND)

    outputs = talk.session.received(text, talk.at)

    assert faults(outputs) == [reason]
    assert stale(outputs) == {"kalshi:A", "kalshi:B"}
    assert sent(outputs)[0]["params"]["action"] == "get_snapshot"


def test_what_cannot_be_read_on_another_subscription_leaves_the_books_alone() -> None:
    talk = Talk().subscribed()

    outputs = talk.say({"type": "trade", "sid": 2, "seq": 1, "msg": {}})

    assert faults(outputs) == ["malformed_frame"]
    assert not stale(outputs)


def test_a_venue_that_goes_on_being_unreadable_is_left() -> None:
    talk = Talk().subscribed()

    outputs = [talk.session.received("{", talk.at) for _ in range(MAX_UNREADABLE)]

    assert [drops(one) for one in outputs[-2:]] == [[], ["unreadable"]]


def test_a_kind_of_frame_we_do_not_know_is_counted_and_let_by() -> None:
    talk = Talk().subscribed()

    outputs = talk.numbered("orderbook_poem", {"market_ticker": "A"})
    after = talk.delta("A", "0.4200", "1.00")

    assert faults(outputs) == ["unknown_frame"]
    assert not stale(outputs)
    assert books(after)
    assert not faults(after)


@pytest.mark.parametrize(
    ("px", "qty", "side", "reason"),
    [
        ("0.4200", "-11.00", "yes", "negative_size"),
        ("0.4100", "-1.00", "yes", "unknown_level"),
        ("0.5800", "1.00", "no", "crossed"),
        ("1.0000", "1.00", "yes", "impossible_price"),
        ("cheap", "1.00", "yes", "bad_number"),
        ("0.4200", "1e3", "yes", "bad_number"),
        ("0.4200", "1.00", "maybe", "bad_number"),
    ],
)
def test_a_change_that_cannot_be_true_puts_one_book_in_doubt(
    px: str, qty: str, side: str, reason: str
) -> None:
    talk = Talk().subscribed()
    talk.at = Ns(talk.at + SECOND)

    outputs = talk.delta("A", px, qty, side)

    assert faults(outputs) == [reason]
    assert stale(outputs) == {"kalshi:A"}
    assert sent(outputs)[0]["params"]["market_tickers"] == ["A"]


def test_a_book_of_a_market_we_did_not_ask_for_is_counted() -> None:
    talk = Talk().subscribed()

    assert faults(talk.snapshot("C")) == ["unknown_market"]
    assert faults(talk.delta("C", "0.4200", "1.00")) == ["unknown_market"]


@pytest.mark.parametrize("code", [10, 17, 25])
def test_a_dead_subscription_ends_the_socket_with_no_book_believed(code: int) -> None:
    talk = Talk().subscribed()

    outputs = talk.say({"type": "error", "sid": 1, "msg": {"code": code, "msg": "no"}})

    assert len(drops(outputs)) == 1
    assert stale(outputs) == {"kalshi:A", "kalshi:B"}


def test_another_error_is_counted_and_survived() -> None:
    talk = Talk().subscribed()

    outputs = talk.say({"type": "error", "id": 9, "msg": {"code": 27, "msg": "too many"}})

    assert outputs == [Fault("error_27", "too many")]


def test_a_market_the_venue_does_not_know_is_left_out_of_the_subscription() -> None:
    talk = Talk()
    body = {"code": 16, "msg": "Market not found", "market_ticker": "A"}

    outputs = talk.say({"type": "error", "id": 1, "msg": body})

    assert sent(outputs)[0]["params"]["market_tickers"] == ["B"]
    assert drops(talk.say({"type": "error", "id": 3, "msg": {"code": 9}})) == [
        "subscription_refused"
    ]


def test_a_subscription_taken_away_ends_the_socket() -> None:
    talk = Talk().subscribed()

    outputs = talk.say({"type": "unsubscribed", "id": 9, "sid": 1, "seq": 3})

    assert drops(outputs) == ["unsubscribed"]
    assert stale(outputs) == {"kalshi:A", "kalshi:B"}


def test_a_frame_in_sequence_confirms_the_books_it_does_not_name() -> None:
    talk = Talk().subscribed()

    outputs = talk.delta("A", "0.4200", "1.00", after_ms=600)

    seen = [event for event in events(outputs) if isinstance(event, BookSeen)]
    assert [event.market for event in seen] == ["kalshi:B"]


def test_quiet_books_are_confirmed_at_most_twice_a_second() -> None:
    talk = Talk().subscribed()
    moments: list[int] = []

    for _ in range(200):
        outputs = talk.delta("A", "0.4200", "1.00", after_ms=10)
        moments += [event.at for event in events(outputs) if isinstance(event, BookSeen)]

    assert [(at - START) // MS for at in moments] == [500, 1_000, 1_500, 2_000]


def test_a_resting_subscription_is_asked_for_one_snapshot() -> None:
    talk = Talk().subscribed()

    early, late = talk.tick(900), talk.tick(250)

    assert not sent(early)
    (command,) = sent(late)
    assert command["params"]["action"] == "get_snapshot"
    assert len(command["params"]["market_tickers"]) == 1


def test_a_subscription_that_answers_nothing_for_ten_seconds_is_left() -> None:
    talk = Talk().subscribed()

    outputs = [talk.tick(1_000) for _ in range(11)]

    assert [drops(one) for one in outputs[-2:]] == [[], ["silent"]]


def test_a_snapshot_that_does_not_come_is_asked_for_five_times() -> None:
    talk = Talk().subscribed()
    talk.delta("A", "0.4100", "-1.00")
    asked = 0
    lost: list[str] = []

    for _ in range(30):
        outputs = [*talk.tick(1_000), *talk.delta("B", "0.4200", "1.00")]
        asked += sum("A" in one["params"]["market_tickers"] for one in sent(outputs))
        lost += faults(outputs)

    assert asked == 5
    assert lost == ["no_snapshot"]


def test_snapshots_are_asked_for_at_most_four_times_a_second() -> None:
    talk = Talk().subscribed()
    talk.at = Ns(talk.at + SECOND)
    asked = 0

    for _ in range(100):
        asked += len(sent(talk.delta("A", "0.4200", "1.00", seq=talk.seq + 2, after_ms=10)))

    assert asked == 4


def test_a_market_is_closed_by_the_clock_once_and_without_a_word_from_the_venue() -> None:
    talk = Talk(market("A", close_s=5)).subscribed()

    outputs = [event for _ in range(40) for event in events(talk.tick(250))]
    later = [talk.tick(1_000) for _ in range(30)]

    assert [event for event in outputs if isinstance(event, MarketClosed)] == [
        MarketClosed(Ns(START + 5 * SECOND), market_id(parse.VENUE, "A"))
    ]
    assert not any(drops(one) or sent(one) for one in later)


def test_a_closed_market_reopens_when_its_close_is_moved() -> None:
    talk = Talk(market("A", close_s=1)).subscribed()
    talk.tick(1_000)

    outputs = talk.life("A", "close_date_updated", close_ts=START // SECOND + 900)

    (event,) = events(outputs)
    assert isinstance(event, MarketChanged)
    assert event.market.close_at == START + 900 * SECOND
    assert sent(outputs)[0]["params"]["market_tickers"] == ["A"]
    assert books(talk.snapshot("A"))


def test_an_empty_snapshot_clears_the_book() -> None:
    talk = Talk().subscribed()

    (book,) = books(talk.numbered("orderbook_snapshot", {"market_ticker": "A"}))

    assert (book.bids(0), book.asks(0)) == ((), ())


def test_a_halt_and_its_end_are_told() -> None:
    talk = Talk().subscribed()

    (halted,) = events(talk.life("A", "deactivated", is_deactivated=True))
    (again,) = events(talk.life("A", "activated"))

    assert isinstance(halted, MarketChanged)
    assert isinstance(again, MarketChanged)
    assert (halted.market.state, again.market.state) == (MarketState.PAUSED, MarketState.OPEN)


def test_a_finer_grid_is_told_and_the_book_taken_anew() -> None:
    talk = Talk().subscribed()
    talk.at = Ns(talk.at + SECOND)
    bands = [{"start": "0.0000", "end": "1.0000", "step": "0.0010"}]

    outputs = talk.life("A", "price_level_structure_updated", price_ranges=bands)

    (event,) = events(outputs)
    assert isinstance(event, MarketChanged)
    assert event.market.ticks == even_ladder(Px(1_000))
    assert sent(outputs)[0]["params"]["market_tickers"] == ["A"]


def test_a_grid_that_makes_no_sense_is_a_fault() -> None:
    talk = Talk().subscribed()

    outputs = talk.life("A", "price_level_structure_updated", price_ranges=[])

    assert faults(outputs) == ["bad_lifecycle"]


def test_the_life_of_other_markets_is_not_ours() -> None:
    talk = Talk().subscribed()

    assert talk.life("C", "settled") == []
    assert talk.life("A", "metadata_updated", yes_sub_title="other") == []


def test_a_result_ends_trading_and_the_payout_is_looked_up_when_settled() -> None:
    talk = Talk().subscribed()

    determined = events(talk.life("A", "determined", result="yes"))
    settled = talk.life("A", "settled")
    (fetch,) = [output for output in settled if isinstance(output, Fetch)]
    found = {"market": {"ticker": "A", "result": "scalar", "settlement_value_dollars": "0.3060"}}
    (event,) = events(talk.session.fetched(fetch.tag, answered(found), talk.at))

    assert [type(event) for event in determined] == [MarketChanged, MarketClosed]
    assert fetch.request.path == "/markets/A"
    assert event == MarketSettled(talk.at, market_id(parse.VENUE, "A"), (Px(306_000), Px(694_000)))


def asked_about(talk: Talk, seconds: int) -> list[Fetch]:
    """What is asked over REST while time passes and the books go on being confirmed."""
    found: list[Fetch] = []
    for _ in range(seconds // 5):
        found += [output for output in talk.tick(5_000) if isinstance(output, Fetch)]
        talk.snapshot("B")
    return found


@pytest.mark.parametrize("status", ["finalized", "settled"])
def test_a_payout_nobody_told_of_is_found_by_asking_after_the_close(status: str) -> None:
    talk = Talk(replace(market("A"), close_at=Ns(START + 60 * SECOND)), market("B")).subscribed()

    (asked,) = asked_about(talk, 60 + 125)
    found = {"market": {"ticker": "A", "status": status, "result": "no"}}
    paid = events(talk.session.fetched(asked.tag, answered(found), talk.at))

    assert asked.request.path == "/markets/A"
    assert paid == [MarketSettled(talk.at, market_id(parse.VENUE, "A"), (Px(0), Px(1_000_000)))]
    assert asked_about(talk, 300) == []


@pytest.mark.parametrize("status", ["active", "closed", "determined", "disputed", "amended"])
def test_a_result_that_may_still_be_disputed_pays_nothing(status: str) -> None:
    talk = Talk(replace(market("A"), close_at=Ns(START + 60 * SECOND)), market("B")).subscribed()
    (asked,) = asked_about(talk, 60 + 125)

    found = {"market": {"ticker": "A", "status": status, "result": "yes"}}

    assert talk.session.fetched(asked.tag, answered(found), talk.at) == []
    assert len(asked_about(talk, 125)) == 1


def test_a_frame_without_a_number_is_read_and_counts_nothing() -> None:
    talk = Talk().subscribed()
    body = {"market_ticker": "A", "price_dollars": "0.4100", "delta_fp": "5.00", "side": "yes"}

    unnumbered = talk.say({"type": "orderbook_delta", "sid": 1, "msg": body})
    next_one = talk.delta("A", "0.4200", "1.00")

    assert len(books(unnumbered)) == len(books(next_one)) == 1
    assert faults(unnumbered + next_one) == []


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (None, "no_answer"),
        (Reply(502, (), b""), "no_answer"),
        (Reply(200, (), b""), "unreadable_answer"),
        (answered({"market": {"ticker": "A", "result": "perhaps"}}), "unknown_result"),
        (answered({"market": {"ticker": "Z", "result": "yes"}}), "unknown_market"),
    ],
)
def test_a_payout_that_cannot_be_looked_up_is_a_fault(reply: Reply | None, reason: str) -> None:
    talk = Talk().subscribed()

    assert faults(talk.session.fetched("settled:A", reply, talk.at)) == [reason]


def test_an_events_new_fees_reach_its_markets() -> None:
    talk = Talk().subscribed()
    update = {"event_ticker": "E", "fee_multiplier_override": 0.5}
    event = {"event_ticker": "E", "series_ticker": "S", "fee_multiplier_override": 0.5}

    (first,) = talk.say({"type": "event_fee_update", "sid": 3, "msg": update})
    assert isinstance(first, Fetch)
    listed = {"event": {**event, "markets": [{"ticker": "B"}]}}
    (second,) = talk.session.fetched(first.tag, answered(listed), talk.at)
    assert isinstance(second, Fetch)
    series = {"series": {"ticker": "S", "fee_type": "quadratic", "fee_multiplier": 1}}
    (changed,) = events(talk.session.fetched(second.tag, answered(series), talk.at))

    assert (first.request.path, second.request.path) == ("/events/E", "/series/S")
    assert isinstance(changed, MarketChanged)
    assert (changed.market.native, changed.market.fees.multiplier_ppm) == ("B", 500_000)


def test_another_events_new_fees_are_not_ours() -> None:
    talk = Talk().subscribed()

    listed = {"event": {"event_ticker": "E"}, "markets": [{"ticker": "C"}]}

    assert talk.session.fetched("event:E", answered(listed), talk.at) == []


def test_a_second_connection_starts_its_numbers_and_its_books_anew() -> None:
    talk = Talk().subscribed()
    (before,) = books(talk.delta("A", "0.4200", "1.00"))

    gone = talk.session.closed(talk.at, "reset")
    talk.at = Ns(talk.at + SECOND)
    talk.seq = 0
    talk.session.opened(talk.at)
    ignored = talk.delta("A", "0.4200", "1.00")
    (after,) = books(talk.snapshot("A"))

    assert stale(gone) == {"kalshi:A", "kalshi:B"}
    assert not books(ignored)
    assert after.epoch > before.epoch


def test_a_later_session_never_gives_a_book_the_epoch_of_an_earlier_one() -> None:
    earlier, later = Talk().subscribed(), Talk()
    later.at = Ns(START + SECOND)
    later.session.opened(later.at)

    (before,) = books(earlier.snapshot("A"))
    (after,) = books(later.snapshot("A"))

    assert after.epoch > before.epoch


def test_a_snapshot_with_a_number_we_cannot_read_puts_one_book_in_doubt() -> None:
    talk = Talk().subscribed()

    outputs = talk.snapshot("A", yes_dollars_fp=[["0.42", "many"]])

    assert faults(outputs) == ["bad_number"]
    assert stale(outputs) == {"kalshi:A"}


def test_a_closed_market_is_not_brought_back_by_frames_about_it() -> None:
    talk = Talk(market("A", close_s=1), market("B")).subscribed()
    talk.tick(1_000)

    outputs = [
        *talk.snapshot("A"),
        *talk.delta("A", "0.4200", "1.00"),
        *talk.delta("A", "odd", "1.00"),
    ]

    assert not books(outputs)
    assert not stale(outputs)


def test_another_subscription_taken_away_is_only_counted() -> None:
    talk = Talk().subscribed()

    outputs = talk.say({"type": "unsubscribed", "id": 9, "sid": 2, "seq": 1})

    assert outputs == [Fault("unsubscribed", "sid 2")]


def test_a_print_that_names_no_side_is_a_fault() -> None:
    talk = Talk().subscribed()
    body = {"market_ticker": "A", "yes_price_dollars": "0.4200", "count_fp": "2.00"}

    assert faults(talk.say({"type": "trade", "msg": body})) == ["bad_trade"]
    assert faults(talk.say({"type": "trade", "msg": {**body, "market_ticker": "C"}})) == [
        "unknown_market"
    ]


def test_fees_nobody_asked_about_are_a_fault() -> None:
    talk = Talk().subscribed()

    outputs = talk.session.fetched("series:E", answered({"series": {"ticker": "S"}}), talk.at)

    assert faults(outputs) == ["unknown_event"]


@pytest.mark.parametrize(
    ("numbering", "wrong"),
    [
        (Numbering.WHOLE, ["sequence_gap", "sequence_gap", "sequence_repeat"]),
        (Numbering.MIDWAY, ["sequence_gap", "sequence_repeat"]),
        (Numbering.CUT, ["sequence_repeat"]),
    ],
)
def test_a_recording_may_begin_midway_or_be_cut_out_of_others(
    numbering: Numbering, wrong: list[str]
) -> None:
    talk = Talk(market("A"))
    talk.session = KalshiSession(talk.markets, reading=Reading(numbering))
    talk.session.opened(START)
    said: list[list[Output]] = []
    for seq in (50, 51, 60, 22):
        talk.seq = seq - 1
        said.append(talk.snapshot("A"))

    assert [reason for outputs in said for reason in faults(outputs)] == wrong
    # A cut recording is told of a new connection by nothing but the fallen number.
    assert bool(books(said[-1])) == (numbering is Numbering.CUT)


def test_a_recording_on_the_other_price_scale_is_read_on_it() -> None:
    talk = Talk(market("A"))
    talk.session = KalshiSession(talk.markets, reading=Reading(use_yes_price=True))
    assert sent(talk.session.opened(START))[0]["params"]["use_yes_price"] is True

    (book,) = books(
        talk.snapshot("A", yes_dollars_fp=[["0.4700", "3.00"]], no_dollars_fp=[["0.5200", "1.00"]])
    )
    assert book.best_ask(0) == (520_000, 1_000_000)
    (book,) = books(talk.delta("A", "0.5000", "2.00", side="no"))
    assert book.best_ask(0) == (500_000, 2_000_000)
