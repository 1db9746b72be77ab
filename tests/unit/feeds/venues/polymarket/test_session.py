"""The market socket's conversation against the fake venue."""

import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.venues.base import Fault, Fetch, Reply, Send
from feeds.venues.polymarket.session import MarketSession
from feeds.venues.polymarket.spot import tokens_request
from markets.terms.units import MICRO, MS, SECOND, Ns, Px, Qty
from tests.unit.feeds.venues.polymarket.scene import NATIVE, NO, START, YES, Scene
from trading.engine.events import (
    BookChanged,
    BookSeen,
    BookStale,
    MarketChanged,
    MarketClosed,
    MarketSettled,
    TradeSeen,
)
from trading.engine.orders import Side


def element(asset: str, price: str, size: str, side: str, top: tuple[str, str]) -> dict[str, str]:
    return {
        "asset_id": asset,
        "price": price,
        "size": size,
        "side": side,
        "hash": f"{asset[:2]}{price}{size}{side}",
        "best_bid": top[0],
        "best_ask": top[1],
    }


def change(*elements: dict[str, str], ms: int = 1_795_000_001_000) -> str:
    return json.dumps(
        {
            "market": NATIVE,
            "price_changes": elements,
            "timestamp": str(ms),
            "event_type": "price_change",
        }
    )


def test_the_subscription_is_the_first_frame_and_names_both_tokens() -> None:
    scene = Scene().open()
    first = scene.out[0]
    assert isinstance(first, Send)
    assert json.loads(first.text) == {
        "assets_ids": [YES, NO],
        "type": "market",
        "custom_feature_enabled": True,
    }


def test_the_initial_array_gives_one_live_book_from_the_yes_token() -> None:
    scene = Scene().open()
    assert [type(e) for e in scene.events()] == [BookChanged]
    assert scene.top() == (420_000, 440_000)
    assert scene.faults() == []


def test_levels_are_sorted_whatever_order_they_come_in() -> None:
    scene = Scene().open()
    book = {
        "market": NATIVE,
        "asset_id": YES,
        "bids": [{"price": "0.40", "size": "1"}, {"price": "0.30", "size": "1"}],
        "asks": [{"price": "0.50", "size": "1"}, {"price": "0.60", "size": "1"}],
        "event_type": "book",
    }
    scene.hears(json.dumps(book))
    assert scene.top() == (400_000, 500_000)


def test_a_move_changes_the_book_and_an_unchanged_one_only_its_age() -> None:
    scene = Scene().open()
    scene.moves("0.43x10 0.42x100", "0.44x80 0.45x20")
    assert scene.top() == (430_000, 440_000)
    scene.passes(300)
    scene.hears(
        json.dumps(
            {
                "event_type": "best_bid_ask",
                "asset_id": YES,
                "best_bid": "0.43",
                "best_ask": "0.44",
                "timestamp": "1795000001000",
            }
        )
    )
    assert isinstance(scene.events()[-1], BookSeen)


def test_size_is_the_new_total_and_zero_takes_the_level_away() -> None:
    scene = Scene().open()
    scene.hears(change(element(YES, "0.42", "7", "BUY", ("0.42", "0.44"))))
    book = scene.events()[-1]
    assert isinstance(book, BookChanged)
    assert book.book.bids(0)[0] == (420_000, 7 * MICRO)
    scene.hears(change(element(YES, "0.42", "0", "BUY", ("0.41", "0.44"))))
    assert scene.top() == (410_000, 440_000)


def test_an_exact_repeat_is_dropped_even_when_the_level_moved_on() -> None:
    scene = Scene().open()
    first = change(element(YES, "0.42", "7", "BUY", ("0.42", "0.44")))
    scene.hears(first)
    scene.hears(change(element(YES, "0.42", "9", "BUY", ("0.42", "0.44"))))
    scene.hears(first)
    book = scene.events()[-1]
    assert isinstance(book, BookChanged)
    assert book.book.bids(0)[0] == (420_000, 9 * MICRO)


def test_what_comes_without_a_hash_is_never_taken_for_a_repeat() -> None:
    scene = Scene().open()
    bare = {**element(YES, "0.42", "7", "BUY", ("0.42", "0.44")), "hash": ""}
    scene.hears(change(bare))
    scene.hears(change({**bare, "size": "9"}))
    scene.hears(change(bare))
    book = scene.events()[-1]
    assert isinstance(book, BookChanged)
    assert book.book.bids(0)[0] == (420_000, 7 * MICRO)


def test_the_older_changes_form_is_understood() -> None:
    scene = Scene().open()
    scene.hears(
        json.dumps(
            {
                "asset_id": YES,
                "changes": [{"price": "0.43", "side": "BUY", "size": "5"}],
                "event_type": "price_change",
                "hash": "aa",
                "market": NATIVE,
                "timestamp": "1795000001000",
            }
        )
    )
    assert scene.top() == (430_000, 440_000)


def test_a_lost_frame_puts_the_book_in_doubt_and_then_fetches_it() -> None:
    scene = Scene().open()
    scene.fake.lose(1)
    scene.moves("0.41x50", "0.44x80 0.45x20")
    assert scene.is_live()
    scene.moves("0.41x60", "0.44x80 0.45x20")
    assert not scene.is_live()
    assert scene.fetches() == 0
    scene.moves("0.41x70", "0.44x80 0.45x20")
    assert scene.fetches() == 1
    assert scene.is_live()
    assert scene.top() == (410_000, 440_000)


def test_doubt_that_lasts_half_a_second_fetches_the_book() -> None:
    scene = Scene().open()
    scene.fake.lose(1)
    scene.moves("0.41x50", "0.44x80 0.45x20")
    scene.moves("0.41x60", "0.44x80 0.45x20")
    scene.passes(499)
    assert scene.fetches() == 0
    scene.passes(1)
    assert scene.fetches() == 1
    assert scene.is_live()


def test_doubt_ends_when_the_stated_top_agrees_again() -> None:
    scene = Scene().open()
    scene.hears(change(element(YES, "0.30", "7", "BUY", ("0.41", "0.44"))))
    assert not scene.is_live()
    scene.hears(change(element(YES, "0.30", "8", "BUY", ("0.42", "0.44"))))
    assert scene.is_live()
    assert scene.fetches() == 0


def test_a_no_element_that_disagrees_with_the_mirror_makes_doubt() -> None:
    scene = Scene().open()
    scene.hears(change(element(NO, "0.50", "7", "BUY", ("0.57", "0.58"))))
    assert not scene.is_live()


def test_the_no_token_never_builds_the_ladder() -> None:
    scene = Scene().open()
    scene.hears(change(element(NO, "0.30", "7", "BUY", ("0.56", "0.58"))))
    book = next(e for e in scene.events() if isinstance(e, BookChanged)).book
    assert all(px != 700_000 for px, _ in book.asks(0))
    assert scene.is_live()


def test_a_crossed_book_is_fetched_at_once() -> None:
    scene = Scene().open()
    scene.hears(change(element(YES, "0.46", "7", "BUY", ("0.46", "0.47")), ms=START // MS))
    assert [type(e) for e in scene.events()] == [BookChanged, BookStale, BookChanged]
    assert scene.fetches() == 1


def test_changes_that_arrive_while_a_book_is_fetched_are_replayed_on_it() -> None:
    scene = Scene().open()
    outputs = scene.session.received(
        change(element(YES, "0.46", "7", "BUY", ("0.46", "0.47")), ms=START // MS), scene.at
    )
    fetch = next(o for o in outputs if isinstance(o, Fetch))
    reply = scene.fake.request(fetch.request, scene.at)
    scene.session.received(change(element(YES, "0.43", "3", "BUY", ("0.43", "0.44"))), scene.at)
    scene.take(scene.session.fetched(fetch.tag, reply, scene.at))
    assert scene.top() == (430_000, 440_000)


def test_a_change_of_tick_changes_the_terms_and_waits_for_a_fresh_book() -> None:
    scene = Scene().open()
    scene.hear(scene.fake.retick(NATIVE, Px(1_000), scene.at))
    changed = [e for e in scene.events() if isinstance(e, MarketChanged)]
    assert len(changed) == 1
    assert changed[0].market.ticks.bands[0].step == 1_000
    books = [e.book for e in scene.events() if isinstance(e, BookChanged)]
    assert books[-1].epoch > books[0].epoch
    assert any(isinstance(e, BookStale) for e in scene.events())


def test_a_trade_is_seen_with_the_takers_side() -> None:
    scene = Scene().open()
    traded = (Px(440_000), Qty(3 * MICRO), Side.BUY)
    scene.moves("0.42x100 0.41x50", "0.44x77 0.45x20", traded)
    trades = [e for e in scene.events() if isinstance(e, TradeSeen)]
    assert [(t.outcome, t.px, t.qty, t.side) for t in trades] == [(0, *traded)]


def test_a_resolved_market_closes_and_settles_once_and_is_not_fetched_again() -> None:
    scene = Scene().open()
    scene.hear(scene.fake.resolve(NATIVE, 1, scene.at))
    scene.hear(scene.fake.resolve(NATIVE, 1, scene.at))
    assert [e for e in scene.events() if isinstance(e, MarketClosed)] == [
        MarketClosed(scene.at, scene.market.id)
    ]
    settled = [e for e in scene.events() if isinstance(e, MarketSettled)]
    assert [e.pays for e in settled] == [(0, MICRO)]
    scene.passes(9_000)
    assert scene.fetches() == 0


def settlements(scene: Scene) -> list[MarketSettled]:
    return [event for event in scene.events() if isinstance(event, MarketSettled)]


def test_half_and_half_is_never_announced_and_settles_by_asking() -> None:
    scene = Scene().open()
    scene.hear(scene.fake.resolve(NATIVE, None, scene.at))
    assert settlements(scene) == []
    lives_through(scene, 31 * 60)
    assert [e.pays for e in settlements(scene)] == [(MICRO // 2, MICRO // 2)]
    assert sum(isinstance(e, MarketClosed) for e in scene.events()) == 1


def test_an_end_whose_announcement_was_lost_is_found_by_asking() -> None:
    scene = Scene().open()
    scene.fake.resolve(NATIVE, 0, scene.at)
    lives_through(scene, 31 * 60)
    assert [e.pays for e in settlements(scene)] == [(MICRO, 0)]
    lives_through(scene, 31 * 60)
    assert len(settlements(scene)) == 1


def test_a_resolution_without_a_winner_is_asked_about_at_once() -> None:
    scene = Scene().open()
    scene.fake.resolve(NATIVE, 1, scene.at)
    scene.hears(resolved(""))
    scene.passes(1_000)
    assert [e.pays for e in settlements(scene)] == [(0, MICRO)]


def test_a_market_that_goes_on_is_asked_about_and_stays() -> None:
    scene = Scene().open()
    lives_through(scene, 31 * 60)
    assert scene.fetches() > 0
    assert settlements(scene) == []
    assert scene.faults() == []


@pytest.mark.parametrize(
    ("reply", "fault"),
    [
        (None, "record_unavailable"),
        (Reply(500, (), b""), "record_unavailable"),
        (Reply(200, (), b"{}"), "record_malformed"),
    ],
)
def test_a_record_that_cannot_be_read_is_a_fault(reply: Reply | None, fault: str) -> None:
    scene = Scene().open()
    scene.session.received(resolved(""), scene.at)
    (asked,) = [o for o in scene.session.ticked(Ns(scene.at + SECOND)) if isinstance(o, Fetch)]
    (said,) = scene.session.fetched(asked.tag, reply, scene.at)
    assert isinstance(said, Fault)
    assert said.reason == fault


def lives_through(scene: Scene, seconds: int) -> None:
    """Time passes, the venue answering its pings and moving now and then."""
    for number in range(seconds // 10):
        scene.passes(10_000)
        if number % 3 == 0:
            scene.moves(f"0.42x{100 + number}", "0.44x80")


def test_ping_is_text_every_ten_seconds_and_a_silent_peer_is_dropped_after_thirty() -> None:
    scene = Scene().open()
    scene.passes(9_999)
    assert Send("PING") not in scene.out
    scene.passes(1)
    assert scene.out.count(Send("PING")) == 1
    session, at = MarketSession((scene.market,)), START
    session.opened(at)
    said = [session.ticked(Ns(at + seconds * SECOND)) for seconds in range(1, 31)]
    assert [type(o).__name__ for o in said[-1]] == ["Drop"]
    assert all(type(o).__name__ != "Drop" for part in said[:-1] for o in part)


def test_a_snapshot_that_does_not_come_is_fetched_after_three_seconds() -> None:
    scene = Scene()
    scene.session.opened(scene.at)
    scene.passes(2_999)
    assert scene.fetches() == 0
    scene.passes(1)
    assert scene.fetches() == 1
    assert scene.is_live()


def test_a_book_that_cannot_be_fetched_is_asked_for_again_later() -> None:
    scene = Scene()
    scene.session.opened(scene.at)
    outputs = scene.session.ticked(Ns(scene.at + 3 * SECOND))
    fetch = next(o for o in outputs if isinstance(o, Fetch))
    scene.take(scene.session.fetched(fetch.tag, None, Ns(scene.at + 4 * SECOND)))
    assert scene.faults() == ["books_unavailable"]
    scene.passes(7_999)
    assert scene.fetches() == 0
    scene.passes(1)
    assert scene.is_live()


def test_a_frozen_socket_is_noticed_by_asking_for_the_book_and_dropped() -> None:
    scene = Scene().open()
    for size in range(1, 25):
        scene.moves(f"0.42x{size}", "0.44x80")
    scene.fake.freeze(on=True)
    scene.moves("0.30x5", "0.31x5")
    for _ in range(61):
        scene.passes(1_000)
    assert scene.drops() == ["silent feed"]
    assert not scene.is_live()


def test_a_lost_connection_makes_the_book_stale_until_the_next_snapshot() -> None:
    scene = Scene().open()
    scene.take(scene.session.closed(scene.at, "1006"))
    assert not scene.is_live()
    scene.open()
    assert scene.is_live()


def test_a_reply_meant_for_an_earlier_connection_is_ignored() -> None:
    scene = Scene().open()
    outputs = scene.session.received(
        change(element(YES, "0.46", "7", "BUY", ("0.46", "0.47"))), scene.at
    )
    fetch = next(o for o in outputs if isinstance(o, Fetch))
    scene.session.closed(scene.at, "1006")
    reply = scene.fake.request(fetch.request, scene.at)
    assert scene.session.fetched(fetch.tag, reply, scene.at) == []


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        ("INVALID OPERATION", "not_json"),
        ('{"event_type":"weather_report"}', "unknown_type"),
        ('{"event_type":"book","asset_id":"' + YES + '","bids":3,"asks":[]}', "malformed"),
        ("[1]", "malformed"),
        ('{"event_type":"book","asset_id":"9","bids":[],"asks":[]}', "unknown_asset"),
        (change(element(YES, "NaN", "7", "BUY", ("0.42", "0.44"))), "impossible_value"),
        (change(element(YES, "0.42", "-7", "BUY", ("0.42", "0.44"))), "impossible_value"),
        (change(element(YES, "1.42", "7", "BUY", ("0.42", "0.44"))), "impossible_value"),
        (change(element(YES, "0.42", "7", "HOLD", ("0.42", "0.44"))), "impossible_value"),
        ('{"event_type":"price_change","price_changes":[{"asset_id":', "undecodable"),
    ],
)
def test_a_bad_frame_is_a_counted_fault(frame: str, reason: str) -> None:
    scene = Scene().open()
    scene.hears(frame)
    assert scene.faults() == [reason]


@pytest.mark.parametrize(
    "frame",
    [
        change(element(YES, "NaN", "7", "BUY", ("0.42", "0.44"))),
        change(element(YES, "0.42", "-7", "BUY", ("0.42", "0.44"))),
        '{"event_type":"book","asset_id":"' + YES + '","bids":3,"asks":[]}',
        '{"event_type":"price_change","price_changes":[{"asset_id":',
    ],
)
def test_a_frame_that_may_have_carried_a_change_makes_the_book_stale(frame: str) -> None:
    scene = Scene().open()
    scene.hears(frame)
    assert [type(e) for e in scene.events()] == [BookChanged, BookStale, BookChanged]
    assert scene.fetches() == 1


def resolved(winner: str) -> str:
    return json.dumps(
        {"event_type": "market_resolved", "assets_ids": [YES, NO], "winning_asset_id": winner}
    )


def test_a_resolution_without_a_winner_closes_and_settles_nothing() -> None:
    scene = Scene().open()
    scene.hears(resolved(""))
    assert isinstance(scene.events()[-1], MarketClosed)
    assert scene.faults() == []


def test_a_winner_that_is_no_token_of_the_market_is_a_fault() -> None:
    scene = Scene().open()
    scene.hears(resolved("5"))
    assert scene.faults() == ["unknown_winner"]
    assert not any(isinstance(e, MarketSettled) for e in scene.events())


@pytest.mark.parametrize(
    "frame",
    [
        {"event_type": "last_trade_price", "price": "2", "size": "1", "side": "BUY"},
        {"event_type": "tick_size_change", "new_tick_size": "none"},
        {"event_type": "best_bid_ask", "best_bid": "x", "best_ask": "0.44"},
    ],
)
def test_an_impossible_number_is_a_fault_and_the_book_stays(frame: dict[str, str]) -> None:
    scene = Scene().open()
    scene.hears(json.dumps({**frame, "asset_id": YES}))
    assert scene.faults() == ["impossible_value"]
    assert scene.is_live()


def test_a_best_bid_ask_that_states_nothing_is_silent() -> None:
    scene = Scene().open()
    before = len(scene.out)
    scene.hears(json.dumps({"event_type": "best_bid_ask", "asset_id": YES}))
    assert len(scene.out) == before


def books_reply(*books: dict[str, object]) -> Reply:
    return Reply(200, (), json.dumps(books).encode())


def a_book(asset: str, bid: str = "0.42") -> dict[str, object]:
    return {"asset_id": asset, "bids": [{"price": bid, "size": "1"}], "asks": []}


@pytest.mark.parametrize(
    ("reply", "faults"),
    [
        (Reply(500, (), b""), ["books_unavailable"]),
        (Reply(200, (), b"{}"), ["books_malformed"]),
        (books_reply(a_book(YES, "7")), ["impossible_value"]),
        (books_reply(a_book(NO), a_book("9")), []),
        (books_reply(), []),
    ],
)
def test_a_reply_without_our_book_leaves_it_missing(reply: Reply, faults: list[str]) -> None:
    scene = Scene()
    scene.session.opened(scene.at)
    outputs = scene.session.ticked(Ns(scene.at + 3 * SECOND))
    fetch = next(o for o in outputs if isinstance(o, Fetch))
    scene.out.extend(scene.session.fetched(fetch.tag, reply, scene.at))
    assert scene.faults() == faults
    assert not scene.is_live()


@pytest.mark.parametrize(
    ("book", "faults"), [(a_book(YES, "7"), ["impossible_value"]), (a_book("9"), [])]
)
def test_a_spot_check_that_cannot_be_read_drops_nothing(
    book: dict[str, object], faults: list[str]
) -> None:
    scene = Scene().open()
    for size in range(1, 25):
        scene.moves(f"0.42x{size}", "0.44x80")
    said = []
    for second in range(1, 62):
        at = Ns(scene.at + second * SECOND)
        scene.session.received("PONG", at)
        said += scene.session.ticked(at)
    check = next(o for o in said if isinstance(o, Fetch))
    scene.out.extend(scene.session.fetched(check.tag, books_reply(book), scene.at))
    assert scene.faults() == faults
    assert scene.drops() == []
    assert scene.is_live()


def test_a_quiet_market_whose_book_agrees_is_left_alone() -> None:
    scene = Scene().open()
    for size in range(1, 25):
        scene.moves(f"0.42x{size}", "0.44x80")
    for _ in range(130):
        scene.passes(1_000)
    assert scene.fetches() == 2
    assert scene.drops() == []


def test_a_market_without_tokens_is_named_and_not_asked_for() -> None:
    bare = msgspec.structs.replace(Scene().market, tokens=())
    session = MarketSession((bare,))
    assert Fault("no_tokens", str(bare.id)) in session.opened(START)


def test_nothing_happens_on_a_closed_socket() -> None:
    scene = Scene().open()
    scene.session.closed(scene.at, "1006")
    assert scene.session.ticked(Ns(scene.at + 90 * SECOND)) == []


def test_announcements_and_keep_alives_are_silent() -> None:
    scene = Scene().open()
    before = len(scene.out)
    for frame in ("", " \n", "PONG", '{"event_type":"new_market","id":"1","question":"?"}'):
        scene.hears(frame)
    scene.hears('{"event_type":"market_resolved","assets_ids":["5"],"winning_asset_id":"5"}')
    assert len(scene.out) == before


ROWS = st.lists(
    st.tuples(st.integers(1, 60), st.integers(1, 20), st.integers(1, 900)), min_size=1, max_size=25
)


@settings(deadline=None)
@given(ROWS, st.integers(0, 3))
def test_whatever_was_lost_a_live_book_soon_has_the_venues_top(
    rows: list[tuple[int, int, int]], lost: int
) -> None:
    scene = Scene().open()
    bids = asks = ""
    for index, (bid, gap, size) in enumerate(rows):
        if index == len(rows) // 2:
            scene.fake.lose(lost)
        bids, asks = f"0.{bid:02d}x{size}", f"0.{bid + gap:02d}x{size}"
        scene.moves(bids, asks)
        scene.passes(100)
    for size in range(1, 8):
        scene.moves(f"{bids} 0.005x{size}", asks)
        scene.passes(200)
    truth = scene.fake.request(tokens_request([YES]), scene.at)
    book = json.loads(truth.body)[0]
    best = [round(float(book[side][-1]["price"]) * MICRO) for side in ("bids", "asks")]
    assert scene.is_live()
    assert list(scene.top()) == best


@settings(deadline=None)
@given(st.text(max_size=60))
def test_no_text_raises(text: str) -> None:
    scene = Scene().open()
    scene.hears(text)
