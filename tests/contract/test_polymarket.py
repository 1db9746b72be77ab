"""Polymarket's adapter against its own fake, its own small payloads, and recordings if present."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.sim.scenario import Listed, Scenario
from feeds.venues.base import Emit, Fault, Reply
from feeds.venues.polymarket.adapter import PolymarketAdapter
from feeds.venues.polymarket.catalogue import GammaCatalogue
from feeds.venues.polymarket.fake import PolymarketFake
from markets.discovery.catalog import Listing
from markets.terms.fees import stamped
from markets.terms.ids import VenueId, market_id
from markets.terms.instruments import FeeSchedule, Market, MarketState, even_ladder
from markets.terms.units import MS, SECOND, Ns, Px, Qty, Usd
from tests.contract.adapter_contract import (
    START,
    AdapterContract,
    Dice,
    Link,
    nudged,
    random_move,
    say,
    walk,
)
from trading.engine.events import BookChanged, MarketChanged, MarketSettled, TradeSeen

HERE = Path(__file__).parent
SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"
POLYMARKET = VenueId("polymarket")


def listed(number: int, category: str = "weather") -> Listed:
    return Listed(
        venue=POLYMARKET,
        native="0x" + ("cd" * 32 if number == 1 else f"{number:064x}"),
        event=f"event-{number // 2}",
        event_title=f"Event {number // 2}",
        title=f"Will number {number} happen?",
        outcomes=("Yes", "No"),
        rules=f'This market will resolve to "Yes" if number {number} happens.',
        category=category,
        tick=Px(10_000),
        fee_rate_ppm=50_000,
        open_at=Ns(START - 86_400 * SECOND),
        close_at=Ns(START + 86_400 * SECOND),
        twin="",
        tokens=(str(2 * number + 1) * 77, str(2 * number + 2) * 77),
    )


LISTED = (listed(0), listed(1), listed(2, "sports"), listed(3))


class TestPolymarket(AdapterContract):
    payloads = HERE / "payloads" / "polymarket"

    def adapter(self) -> PolymarketAdapter:
        return PolymarketAdapter()

    def fake(self, markets: tuple[Listed, ...]) -> PolymarketFake:
        return PolymarketFake(markets)

    def listed(self) -> tuple[Listed, ...]:
        return LISTED

    # A property inherited by two venues' classes counts as one test run in two ways, which
    # hypothesis refuses; so each further venue states these two as its own.

    @settings(max_examples=150, deadline=None)
    @given(text=st.text(max_size=300))
    def test_any_text_at_all_is_survived(self, text: str) -> None:
        link = self.link()

        link.inject(text)

        link.assert_honest()

    @settings(max_examples=150, deadline=None)
    @given(at=st.integers(0, 10_000), put=st.text(max_size=4), frame=st.integers(0, 10_000))
    def test_a_frame_with_letters_changed_is_survived(self, at: int, put: str, frame: int) -> None:
        link = self.link()
        text = link.frames[frame % len(link.frames)]
        place = at % len(text)

        link.inject(text[:place] + put + text[place + len(put) :])
        link.wait(500)

        assert all(isinstance(reason, str) for reason in link.faults)

    def test_it_says_that_frames_are_not_numbered_and_how_many_markets_fit_a_socket(self) -> None:
        capabilities = self.adapter().capabilities

        assert not capabilities.sequence_numbers
        assert capabilities.max_markets_per_socket * 2 <= 400

    def test_lost_frames_end_in_a_true_book_or_none(self) -> None:
        for lost in range(1, 4):
            link = self.link()
            dice = Dice(lost)
            move = random_move(dice, LISTED[0], link.at)
            link.move(move)
            _fake_of(link).lose(lost)
            for _ in range(lost):
                move = random_move(dice, LISTED[0], link.at)
                link.move(move)
            for _ in range(8):
                link.wait(250)
                move = nudged(dice, move, link.at)
                link.move(move)

            assert set(link.believed()) == {market.native for market in link.markets}
            link.assert_honest()

    def test_the_seeded_world_is_followed_without_a_fault(self) -> None:
        scenario = Scenario(11, 6, START)
        ours = tuple(one for one in scenario.listed if one.venue == POLYMARKET)
        fake = PolymarketFake(ours)
        for move in scenario.advance(START):
            fake.moved(move, START)
        markets = tuple(one.market for one in walk(self.adapter(), fake, START))
        link = Link(self.adapter(), fake, markets)
        link.connect()
        for step in range(1, 101):
            link.at = Ns(START + step * 100 * MS)
            for move in scenario.advance(link.at):
                if move.venue == POLYMARKET:
                    link.move(move)

        assert not link.faults
        assert set(link.believed()) == {one.native for one in ours}
        link.assert_honest()
        assert any(isinstance(event, TradeSeen) for event in link.events)


def _fake_of(link: Link) -> PolymarketFake:
    assert isinstance(link.fake, PolymarketFake)
    return link.fake


def test_a_page_of_events_becomes_listings_with_ticks_fees_states_and_rules() -> None:
    body = (HERE / "payloads" / "polymarket" / "events_page.json").read_bytes()
    catalogue = GammaCatalogue()

    found, more = catalogue.parse(catalogue.first()[0], Reply(200, (), body))
    by_title: dict[str, Listing] = {one.market.title: one for one in found}

    def of(number: int) -> Market:
        return by_title[f"Question {number}?"].market

    assert dict(more[0].query)["after_cursor"] == "MTAw"
    assert catalogue.skipped == {"not_two_outcomes": 1, "malformed_market": 1, "malformed_event": 1}
    assert of(1).state is MarketState.OPEN
    assert of(1).tokens == ("1" * 77, "2" * 77)
    assert of(1).min_size == Qty(5_000_000)
    assert (of(1).min_notional, of(1).lot) == (1_000_000, 10_000)
    assert of(1).fees == stamped(FeeSchedule("polymarket_taker", 50_000, precision=Usd(10)))
    assert of(1).close_at == of(2).close_at == Ns(1_796_144_400 * SECOND)
    assert by_title["Question 1?"].rules == 'This market will resolve to "Yes" if 1.'
    assert (of(2).outcomes, of(2).delay_ms) == (("Celtics", "Knicks"), 1_000)
    assert (of(1).category, of(2).category) == ("weather", "sports")
    assert (of(3).tokens, of(3).state) == (("5" * 77, "6" * 77), MarketState.OPEN)
    assert of(4).state is MarketState.PAUSED
    assert (of(5).fees.kind, of(5).fees.rate_ppm) == ("polymarket_taker", 0)
    assert of(5).ticks == even_ladder(Px(1_000))
    assert [of(n).fees.kind for n in (6, 7, 14)] == ["unknown"] * 3
    assert of(8).state is of(12).state is MarketState.PAUSED
    assert (of(10).tokens, of(10).state) == ((), MarketState.PAUSED)
    assert of(13).state is MarketState.CLOSED


def test_the_payloads_give_a_book_a_trade_a_new_grid_and_a_settlement() -> None:
    text = (HERE / "payloads" / "polymarket" / "socket.frames.jsonl").read_text()
    fake = PolymarketFake(LISTED)
    markets = tuple(one.market for one in walk(PolymarketAdapter(), fake, START))
    link = Link(PolymarketAdapter(), fake, markets)
    link.session.opened(START)

    for line in text.splitlines():
        link.inject(line)

    kinds = Counter(type(event).__name__ for event in link.events)
    settled = [event for event in link.events if isinstance(event, MarketSettled)]
    changed = [event for event in link.events if isinstance(event, MarketChanged)]
    assert not link.faults
    assert kinds["TradeSeen"] == kinds["MarketClosed"] == 1
    assert [event.pays for event in settled] == [(1_000_000, 0)]
    assert changed[0].market.ticks == even_ladder(Px(1_000))


# Recordings. They are read where they are and never copied.

needs_recordings = pytest.mark.skipif(
    not (SHARED / "polymarket").is_dir(), reason="no recordings beside the project"
)


@needs_recordings
def test_a_recorded_socket_agrees_with_every_top_it_states(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = (SHARED / "streams" / "polymarket_ws_2026-09-07_part1.jsonl").read_text()
    frames = text.split("\n")
    first = json.loads(frames[0])
    market = a_market(first[0]["market"], (first[0]["asset_id"], first[1]["asset_id"]))
    session = PolymarketAdapter().session((market,))
    session.opened(START)
    outputs = [
        output
        for number, frame in enumerate(frames)
        for output in session.received(frame, Ns(START + number * SECOND))
    ]

    kinds = Counter(
        type(output.event if isinstance(output, Emit) else output).__name__ for output in outputs
    )
    say(capsys, f"polymarket socket: {len(frames)} frames, {dict(kinds)}")
    assert set(kinds) == {"BookChanged", "BookSeen"}
    assert kinds["BookChanged"] > 3


@needs_recordings
def test_recorded_frames_of_every_kind_are_read(capsys: pytest.CaptureFixture[str]) -> None:
    frames = list(_frames(SHARED / "polymarket" / "ws_market_frames.jsonl"))
    session = PolymarketAdapter().session(())
    session.opened(START)

    faults = Counter(
        output.reason
        for frame in frames
        for output in session.received(frame, START)
        if isinstance(output, Fault)
    )

    say(capsys, f"polymarket frames: {len(frames)}, {dict(faults)}")
    # One row of the collection has lost its event_type.
    assert set(faults) <= {"unknown_asset", "unknown_type"}
    assert faults["unknown_type"] <= 1


@needs_recordings
def test_the_older_form_of_changes_gives_the_book_it_says(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = (SHARED / "streams" / "polymarket_old_format_examples.jsonl").read_text()
    frames = [frame for frame in text.splitlines() if frame.strip()]
    first = json.loads(frames[0])
    market = a_market(first["market"], (first["asset_id"], "1"))
    session = PolymarketAdapter().session((market,))
    session.opened(START)

    outputs = [output for frame in frames for output in session.received(frame, START)]

    books = [
        output.event.book
        for output in outputs
        if isinstance(output, Emit) and isinstance(output.event, BookChanged)
    ]
    say(capsys, f"polymarket older form: {len(frames)} frames, {len(books)} books")
    assert [book.bids(0)[0][0] for book in books] == [645_000, 645_000]
    assert 644_000 not in [px for px, _ in books[1].bids(0)]


@needs_recordings
def test_the_recorded_catalogue_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    catalogue = GammaCatalogue()
    found: list[Listing] = []
    files = sorted((SHARED / "polymarket").glob("gamma_*.json"))
    for file in files:
        found += catalogue.parse(
            catalogue.first()[0], Reply(200, (), json.dumps(_page(file)).encode())
        )[0]

    say(
        capsys,
        f"polymarket catalogue: {len(files)} files, {len(found)} listings, "
        f"left out {dict(catalogue.skipped)}",
    )
    assert len(found) > 25
    assert all(one.market.tokens and one.market.fees.kind != "unknown" for one in found)
    assert all(one.market.state is not MarketState.OPEN for one in found), "none says its version"


def _frames(file: Path) -> Iterator[str]:
    for line in file.read_text().splitlines():
        yield json.dumps(json.loads(line)["frame"])


def _page(file: Path) -> dict[str, object]:
    """Whatever a recording holds (events, markets, one of either) as one page of events."""
    held = json.loads(file.read_bytes())
    rows = held.get("events", [held]) if isinstance(held, dict) and "outcomes" not in held else held
    rows = [row.get("market", row) for row in (rows if isinstance(rows, list) else [rows])]
    markets = [row for row in rows if "conditionId" in row]
    events = [row for row in rows if "markets" in row]
    return {"events": [*events, {"id": "1", "title": "recorded", "markets": markets}]}


def a_market(native: str, tokens: tuple[str, str]) -> Market:
    return Market(
        id=market_id(POLYMARKET, native),
        venue=POLYMARKET,
        native=native,
        title=native,
        outcomes=("Yes", "No"),
        ticks=even_ladder(Px(10_000)),
        fees=FeeSchedule("polymarket_taker", 0),
        tokens=tokens,
    )
