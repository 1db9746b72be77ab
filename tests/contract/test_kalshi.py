"""Kalshi's adapter against its own fake, its own small payloads, and recordings where present."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from feeds.books.builder import MarketBuilder, Resync
from feeds.sim.scenario import Listed
from feeds.venues.base import Drop, Emit, Fault, Reply
from feeds.venues.kalshi import parse, wire
from feeds.venues.kalshi.adapter import KalshiAdapter
from feeds.venues.kalshi.catalogue import ALL_SERIES, KalshiCatalogue, events_request
from feeds.venues.kalshi.fake import KalshiFake
from markets.discovery.catalog import Listing
from markets.terms.ids import VenueId, market_id
from markets.terms.instruments import Market, MarketState, even_ladder
from markets.terms.units import MS, SECOND, Ns, Px, micros_from_text
from tests.contract.adapter_contract import START, SequencedContract, assert_sound, say
from trading.engine.book import Book
from trading.engine.events import BookChanged

HERE = Path(__file__).parent
SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"
KALSHI = VenueId("kalshi")


def listed(native: str, event: str, close_s: int = 86_400) -> Listed:
    return Listed(
        venue=KALSHI,
        native=native,
        event=event,
        event_title=f"Event {event}",
        title=f"Will {native} happen?",
        outcomes=("Yes", "No"),
        rules=f"If {native} happens, then the market resolves to Yes.",
        category="Weather",
        tick=Px(10_000),
        fee_rate_ppm=70_000,
        open_at=Ns(START - 86_400 * SECOND),
        close_at=Ns(START + close_s * SECOND),
        twin="",
    )


LISTED = (
    listed("KXRAIN-30-T1", "KXRAIN-30"),
    listed("KXRAIN-30-T2", "KXRAIN-30"),
    listed("KXSNOW-30-T1", "KXSNOW-30"),
    listed("KXWIND-30-T1", "KXWIND-30"),
)


class TestKalshi(SequencedContract):
    payloads = HERE / "payloads" / "kalshi"

    def adapter(self) -> KalshiAdapter:
        return KalshiAdapter()

    def fake(self, markets: tuple[Listed, ...]) -> KalshiFake:
        return KalshiFake(markets, page=2)

    def listed(self) -> tuple[Listed, ...]:
        return LISTED

    def lose_next(self, fake: object) -> None:
        assert isinstance(fake, KalshiFake)
        fake.gap()

    def repeat_next(self, fake: object) -> None:
        assert isinstance(fake, KalshiFake)
        fake.duplicate()


def payload(name: str) -> bytes:
    return (HERE / "payloads" / "kalshi" / name).read_bytes()


def test_a_page_of_events_becomes_listings_with_grids_fees_and_rules() -> None:
    catalogue = KalshiCatalogue()
    catalogue.parse(ALL_SERIES, Reply(200, (), payload("series.json")))

    found, asked = catalogue.parse(events_request(), Reply(200, (), payload("events_page.json")))
    by_ticker: dict[str, Listing] = {one.market.native: one for one in found}

    rain, ball = by_ticker["KXRAIN-26NOV30-T1"], by_ticker["KXBALL-26NOV29AB-A"]
    assert rain.market.title == "Will it rain on 30 November?: More than 1 mm"
    assert rain.market.ticks.is_legal(Px(99_000))
    assert not rain.market.ticks.is_legal(Px(101_000))
    assert rain.market.shard == 3
    assert rain.market.payout_at == Ns(1_796_137_200_500 * MS)
    assert rain.rules.endswith("\n\nThe Met Office decides.")
    assert rain.market.category == "Climate and Weather"
    assert by_ticker["KXRAIN-26NOV30-T2"].market.state is MarketState.PAUSED
    assert by_ticker["KXRAIN-26NOV30-T2"].market.payout_at == Ns(1_796_101_200 * SECOND)
    assert (ball.market.fees.multiplier_ppm, ball.market.fees.maker_rate_ppm) == (1_000_000, 17_500)
    assert by_ticker["KXODD-1-Y"].market.fees.kind == "unknown"
    assert [request.path for request in asked] == ["/series/KXNEW"]
    assert catalogue.skipped == {"not_binary": 1, "bad_price_ranges": 1, "combo": 1}


# Recordings. They are read where they are and never copied; a tape of one market of a shared
# subscription has holes in `seq`, which is why books are replayed below the counting there.


def replay(frames: Iterator[str]) -> tuple[Counter[str], dict[str, MarketBuilder]]:
    """Books rebuilt from a tape; every impossible change and crossed book is counted."""
    decoder = msgspec.json.Decoder(wire.Frame)
    seen: Counter[str] = Counter()
    builders: dict[str, MarketBuilder] = {}
    for text in frames:
        frame = decoder.decode(text)
        seen[type(frame).__name__] += 1
        if not isinstance(frame, wire.Snapshot | wire.Delta):
            continue
        ticker = frame.msg.market_ticker
        builder = builders.setdefault(ticker, MarketBuilder(market_id(KALSHI, ticker)))
        made = _apply(builder, frame)
        if isinstance(made, Resync):
            seen[made.reason] += 1
        elif made is not None:
            assert_sound(made)
            seen["books"] += 1
    return seen, builders


def _apply(builder: MarketBuilder, frame: wire.Snapshot | wire.Delta) -> Book | Resync | None:
    if isinstance(frame, wire.Snapshot):
        bids, asks = parse.levels(frame.msg.yes_dollars_fp, frame.msg.no_dollars_fp)
        return builder.snapshot(bids, asks, Ns(0))
    side = parse.side_of(frame.msg.side)
    px = parse.yes_px(side, frame.msg.price_dollars)
    return builder.change(side, px, micros_from_text(frame.msg.delta_fp), Ns(0))


_LINES = msgspec.json.Decoder(dict[str, msgspec.Raw])


def lines(file: Path, key: str) -> Iterator[str]:
    with gzip.open(file, "rt") if file.suffix == ".gz" else file.open() as opened:
        for line in opened:
            yield bytes(_LINES.decode(line)[key]).decode()


needs_recordings = pytest.mark.skipif(
    not (SHARED / "kalshi").is_dir(), reason="no recordings beside the project"
)


@needs_recordings
def test_the_tapes_of_one_market_replay_without_a_negative_or_crossed_book(
    capsys: pytest.CaptureFixture[str],
) -> None:
    files = sorted((SHARED / "streams" / "kalshi_gold15m").glob("*.ndjson.gz"))
    total: Counter[str] = Counter()

    for file in files:
        total += replay(lines(file, "event"))[0]

    say(capsys, f"kalshi gold: {len(files)} files, {dict(total)}")
    assert files
    assert total["Delta"] > 1_000
    assert not {"crossed", "negative_size", "unknown_level", "impossible_level"} & set(total)


@needs_recordings
def test_a_recorded_connection_has_no_hole_in_its_numbers_and_gives_live_books(
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = SHARED / "kalshi" / "ws_prod_mlb_wnba_2026-08-07.jsonl"
    frames = list(lines(file, "frame"))
    tickers = sorted({json.loads(text)["msg"].get("market_ticker") for text in frames} - {None})
    session = KalshiAdapter().session(tuple(a_market(ticker) for ticker in tickers))
    session.opened(START)
    outputs = [output for text in frames for output in session.received(text, START)]

    faults = Counter(output.reason for output in outputs if isinstance(output, Fault))
    books = {
        output.event.book.market: output.event.book
        for output in outputs
        if isinstance(output, Emit) and isinstance(output.event, BookChanged)
    }
    say(capsys, f"kalshi connection: {len(frames)} frames, {len(books)} books, {len(outputs)} out")
    assert not faults
    assert not [output for output in outputs if isinstance(output, Drop)]
    assert len(books) == len(tickers) == 12


@needs_recordings
def test_the_recorded_events_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    found: list[Listing] = []
    catalogue = KalshiCatalogue()
    for name in ("events_sports_nested_2026-08-06_trimmed", "events_nfl_2026-08-09_trimmed"):
        body = (SHARED / "kalshi" / f"{name}.json").read_bytes()
        listings, asked = catalogue.parse(events_request(name), Reply(200, (), body))
        found += listings
        for request in asked:
            if request.path.startswith("/series/"):
                ticker = request.path.removeprefix("/series/")
                series = json.dumps({"series": {"ticker": ticker, "fee_type": "quadratic"}})
                found += catalogue.parse(request, Reply(200, (), series.encode()))[0]

    say(capsys, f"kalshi catalogue: {len(found)} listings, left out {dict(catalogue.skipped)}")
    assert len(found) > 20
    assert all(one.market.fees.kind == parse.KIND for one in found)
    assert all(one.rules and one.market.close_at for one in found)


def a_market(native: str, close_s: int = 86_400) -> Market:
    return Market(
        id=market_id(KALSHI, native),
        venue=KALSHI,
        native=native,
        title=native,
        outcomes=("Yes", "No"),
        ticks=even_ladder(Px(10_000)),
        fees=parse.fees(None, None),
        close_at=Ns(START + close_s * SECOND),
    )
