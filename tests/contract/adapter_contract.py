"""What every venue's adapter must do, driven by that venue's own fake.

A venue's test subclasses `AdapterContract` (and `SequencedContract` when frames are numbered) and
says how to make its adapter and fake. Everything here is sans-IO: `Link` carries outputs between
the two, can lose or mangle frames on the way, and keeps the books an engine would believe.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.sim.scenario import Listed, Move
from feeds.venues.base import (
    Adapter,
    Drop,
    Emit,
    Fake,
    FakeOutput,
    Fault,
    Fetch,
    Output,
    Send,
    ToClient,
)
from markets.discovery.catalog import Listing
from markets.terms.ids import MarketId
from markets.terms.instruments import Market
from markets.terms.units import MS, SECOND, Ns, Px, Qty
from trading.engine.book import Book, BookState, Ladders, Levels
from trading.engine.events import BookChanged, BookSeen, BookStale, Event
from trading.engine.orders import Side

START = Ns(1_795_000_000 * SECOND)
DEPTH = 10
Mangle = Callable[[str], list[str]]


def untouched(text: str) -> list[str]:
    """Frames as sent."""
    return [text]


class Dice:
    """Numbers that look random and are the same every time."""

    def __init__(self, seed: int) -> None:
        self.state = seed

    def below(self, limit: int) -> int:
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 33) % limit


def ladder(dice: Dice, best: int, step: int, levels: int) -> Levels:
    """Levels away from the best price, with holes, sizes in hundredths of a contract."""
    found: list[tuple[Px, Qty]] = []
    px = best
    for _ in range(levels):
        if 0 < px < 1_000_000:
            found.append((Px(px), Qty((1 + dice.below(90_000)) * 10_000)))
        px += step * (1 + dice.below(2))
    return tuple(found)


def random_move(dice: Dice, listed: Listed, at: Ns) -> Move:
    """Any uncrossed pair of ladders on the market's grid, sometimes one-sided or empty."""
    middle = 20 + dice.below(60)
    bids = ladder(dice, (middle - 1 - dice.below(3)) * 10_000, -10_000, dice.below(15))
    asks = ladder(dice, (middle + dice.below(3)) * 10_000, 10_000, dice.below(15))
    trade = (Px(middle * 10_000), Qty(1_500_000), Side.BUY) if dice.below(4) == 0 else None
    return Move(listed.venue, listed.native, bids, asks, trade, venue_at=at)


def nudged(dice: Dice, move: Move, at: Ns) -> Move:
    """The same market with one size different, as most changes are."""
    if not move.bids:
        return random_move(dice, _anew(move), at)
    index = dice.below(len(move.bids))
    px, qty = move.bids[index]
    level = (px, Qty(qty + 10_000 * (1 + dice.below(500))))
    bids = (*move.bids[:index], level, *move.bids[index + 1 :])
    return Move(move.venue, move.native, bids, move.asks, None, venue_at=at)


def _anew(move: Move) -> Listed:
    return Listed(
        venue=move.venue,
        native=move.native,
        event="",
        event_title="",
        title="",
        outcomes=("Yes", "No"),
        rules="",
        category="",
        tick=Px(10_000),
        fee_rate_ppm=0,
        open_at=Ns(0),
        close_at=Ns(0),
        twin="",
    )


def walk(adapter: Adapter, fake: Fake, at: Ns) -> list[Listing]:
    """Everything the venue lists, asked for as a job would."""
    catalogue = adapter.catalogue()
    waiting = list(catalogue.first())
    listings: list[Listing] = []
    for _ in range(1_000):
        if not waiting:
            return listings
        request = waiting.pop(0)
        found, more = catalogue.parse(request, fake.request(request, at))
        listings += found
        waiting += more
    raise AssertionError("the walk does not end")


class Link:
    """An adapter's session and its venue's fake on one imaginary socket."""

    def __init__(self, adapter: Adapter, fake: Fake, markets: tuple[Market, ...]) -> None:
        self.adapter, self.fake, self.markets = adapter, fake, markets
        self.session = adapter.session(markets)
        self.at = START
        self.conn = 0
        self.books: dict[MarketId, Book] = {}
        self.stale: dict[MarketId, str] = {}
        self.events: list[Event] = []
        self.faults: Counter[str] = Counter()
        self.drops: list[str] = []
        self.frames: list[str] = []
        self.mangle: Mangle = untouched
        self.truth: dict[str, Ladders] = {}

    def connect(self) -> None:
        self.conn += 1
        self._hear(self.fake.connected(self.conn, "/", self.at))
        self._carry(self.session.opened(self.at))

    def disconnect(self, reason: str = "reset") -> None:
        self.fake.disconnected(self.conn, self.at)
        self._carry(self.session.closed(self.at, reason))

    def move(self, move: Move) -> None:
        self.truth[move.native] = Ladders(move.bids, move.asks)
        self._hear(self.fake.moved(move, self.at))

    def inject(self, text: str) -> None:
        """A frame the venue's fake never sent."""
        self._carry(self.session.received(text, self.at))

    def wait(self, ms: int) -> None:
        """Time passes in the ticks of a runtime."""
        for _ in range(max(1, ms // 250)):
            self.at = Ns(self.at + min(ms, 250) * MS)
            self._hear(self.fake.ticked(self.at))
            self._carry(self.session.ticked(self.at))

    def believed(self) -> dict[str, Ladders]:
        """Books an engine would trade on now, by the venue's own id."""
        return {
            market.native: self.books[market.id].ladders[0]
            for market in self.markets
            if market.id in self.books
            and market.id not in self.stale
            and self.books[market.id].state is BookState.LIVE
        }

    def assert_honest(self) -> None:
        """What is believed is what is true; what is not may be missing."""
        for native, found in self.believed().items():
            assert found == top(self.truth.get(native, Ladders((), ())))

    def _hear(self, outputs: list[FakeOutput]) -> None:
        for output in outputs:
            if not isinstance(output, ToClient) or output.conn != self.conn:
                continue
            self.frames.append(output.text)
            for text in self.mangle(output.text):
                self._carry(self.session.received(text, self.at))

    def _carry(self, outputs: list[Output]) -> None:
        for output in outputs:
            match output:
                case Emit(event=event):
                    self._note(event)
                case Send(text=text):
                    self._hear(self.fake.received(self.conn, text, self.at))
                case Fetch(tag=tag, request=request):
                    reply = self.fake.request(request, self.at)
                    self._carry(self.session.fetched(tag, reply, self.at))
                case Fault(reason=reason):
                    self.faults[reason] += 1
                case Drop(reason=reason):
                    self.drops.append(reason)

    def _note(self, event: Event) -> None:
        self.events.append(event)
        if isinstance(event, BookChanged):
            self.books[event.book.market] = event.book
            self.stale.pop(event.book.market, None)
            assert_sound(event.book)
        elif isinstance(event, BookStale):
            self.stale[event.market] = event.reason


def top(ladders: Ladders) -> Ladders:
    """What is visible of a book: the best levels of each side."""
    return Ladders(ladders.bids[:DEPTH], ladders.asks[:DEPTH])


def assert_sound(book: Book) -> None:
    """No book is crossed, negative, out of order or out of range."""
    for ladders in book.ladders:
        bids, asks = [px for px, _ in ladders.bids], [px for px, _ in ladders.asks]
        assert bids == sorted(set(bids), reverse=True)
        assert asks == sorted(set(asks))
        assert all(0 < px < 1_000_000 for px in bids + asks)
        assert all(qty > 0 for _, qty in ladders.bids + ladders.asks)
        assert not (bids and asks and bids[0] >= asks[0])


def say(capsys: pytest.CaptureFixture[str], text: str) -> None:
    """A line on the terminal, so that a run shows what recordings it saw."""
    with capsys.disabled():
        sys.stdout.write(f"\n{text}\n")


def garbage() -> Iterator[str]:
    """Frames no venue should send."""
    yield from ("", " ", "{", "}", "[]", "[1]", "null", "true", "123", '"text"', "{}", "\x00", "é")
    yield '{"type":null}'
    yield '{"type":7,"sid":"x","seq":[]}'
    yield '{"type":"a kind of 2031","sid":99,"seq":1,"msg":{}}'
    yield '{"event_type":"a kind of 2031","market":"0x0","price_changes":3}'
    yield "[" * 100_000
    yield '{"a":' * 100_000
    yield '{"type":"orderbook_delta","pad":"' + "x" * 9_000_000
    yield "9" * 10_000


class AdapterContract:
    """Subclasses give `adapter`, `fake`, `listed` and the folder of their payloads."""

    payloads: Path

    def adapter(self) -> Adapter:
        raise NotImplementedError

    def fake(self, markets: tuple[Listed, ...]) -> Fake:
        raise NotImplementedError

    def listed(self) -> tuple[Listed, ...]:
        raise NotImplementedError

    def link(self, *, books: bool = True) -> Link:
        """Connected, with a first book in every market."""
        adapter, fake = self.adapter(), self.fake(self.listed())
        markets = tuple(one.market for one in walk(adapter, fake, START))
        link = Link(adapter, fake, markets)
        if books:
            dice = Dice(7)
            for listed in self.listed():
                link.move(random_move(dice, listed, START))
        link.connect()
        return link

    def test_it_declares_hosts_for_every_request_it_makes(self) -> None:
        adapter = self.adapter()

        hosts = {request.host for request in adapter.catalogue().first()}

        assert hosts <= set(adapter.hosts)
        assert adapter.ws.startswith("wss://")
        assert all(url.startswith("https://") for url in adapter.hosts.values())
        assert adapter.capabilities.max_markets_per_socket > 0

    def test_it_lists_what_the_venue_lists(self) -> None:
        adapter, fake = self.adapter(), self.fake(self.listed())

        found = {one.market.native: one for one in walk(adapter, fake, START)}

        assert set(found) == {listed.native for listed in self.listed()}
        for listed in self.listed():
            one = found[listed.native]
            assert one.market.id == adapter.market_of(listed.native)
            assert one.market.ticks.is_legal(Px(listed.tick * 3))
            assert one.market.fees.kind != "unknown"
            assert one.market.close_at == listed.close_at
            assert listed.rules in one.rules
            assert len(one.market.outcomes) == 2

    def test_a_snapshot_gives_the_book_of_every_market(self) -> None:
        link = self.link()

        assert set(link.believed()) == {market.native for market in link.markets}
        link.assert_honest()

    def test_changes_give_the_same_books_as_the_venue(self) -> None:
        link = self.link()
        dice = Dice(11)
        last: dict[str, Move] = {}

        for _ in range(400):
            link.at = Ns(link.at + dice.below(30) * MS)
            listed = self.listed()[dice.below(len(self.listed()))]
            known = last.get(listed.native)
            is_new = known is None or dice.below(3) == 0
            move = random_move(dice, listed, link.at) if is_new or known is None else known
            move = move if is_new else nudged(dice, move, link.at)
            last[listed.native] = move
            link.move(move)
            link.assert_honest()

        assert set(link.believed()) == {market.native for market in link.markets}
        assert not link.faults
        assert not link.drops

    def test_the_same_book_again_changes_nothing(self) -> None:
        link = self.link()
        native, ladders = next(iter(link.truth.items()))
        before = len([event for event in link.events if isinstance(event, BookChanged)])

        link.wait(1)
        venue = link.adapter.venue
        link.move(Move(venue, native, ladders.bids, ladders.asks, None, venue_at=link.at))

        after = len([event for event in link.events if isinstance(event, BookChanged)])
        assert after == before

    def test_confirmations_come_at_most_every_200_ms_a_market(self) -> None:
        link = self.link()
        dice = Dice(3)
        move = random_move(dice, self.listed()[0], link.at)

        for _ in range(300):
            link.at = Ns(link.at + 10 * MS)
            move = nudged(dice, move, link.at)
            link.move(move)

        seen: dict[MarketId, list[Ns]] = {}
        for event in link.events:
            if isinstance(event, BookSeen):
                seen.setdefault(event.market, []).append(event.at)
        for moments in seen.values():
            gaps = [after - before for before, after in pairwise(moments)]
            assert all(gap >= 200 * MS for gap in gaps)

    def test_a_lost_connection_makes_every_book_stale_and_a_new_one_heals_it(self) -> None:
        link = self.link()

        link.disconnect()
        believed = link.believed()
        dice = Dice(5)
        for listed in self.listed():
            link.move(random_move(dice, listed, link.at))
        link.connect()

        assert believed == {}
        assert set(link.believed()) == {market.native for market in link.markets}
        link.assert_honest()

    def test_events_never_go_back_in_time(self) -> None:
        link = self.link()
        link.wait(3_000)
        link.disconnect()

        times = [event.at for event in link.events]

        assert times == sorted(times)

    @pytest.mark.parametrize("text", list(garbage()), ids=lambda text: ascii(text[:24]))
    def test_a_frame_nobody_should_send_is_a_fault_and_never_an_exception(self, text: str) -> None:
        link = self.link()

        link.inject(text)
        link.assert_honest()
        link.wait(1_000)

        link.assert_honest()
        assert set(link.believed()) == {market.native for market in link.markets}

    def test_a_frame_cut_anywhere_is_a_fault_and_the_books_recover(self) -> None:
        whole = self.link()
        dice = Dice(13)
        for listed in self.listed():
            whole.move(random_move(dice, listed, whole.at))
        samples = whole.frames[:6] + whole.frames[-6:]

        for text in samples:
            for cut in {1, len(text) // 3, len(text) // 2, len(text) - 1}:
                link = self.link()
                link.inject(text[:cut])
                link.assert_honest()
                assert sum(link.faults.values()) > 0
                link.wait(1_000)
                link.assert_honest()
                assert set(link.believed()) == {market.native for market in link.markets}

    def test_a_frame_cut_on_its_way_never_leaves_a_wrong_book(self) -> None:
        link = self.link()
        dice = Dice(17)
        count = 0

        def cut(text: str) -> list[str]:
            nonlocal count
            count += 1
            return [text[: len(text) // 2]] if count % 40 == 0 else [text]

        link.mangle = cut
        for _ in range(100):
            link.at = Ns(link.at + 100 * MS)
            listed = self.listed()[dice.below(len(self.listed()))]
            link.move(random_move(dice, listed, link.at))
            link.assert_honest()
            if link.drops:
                link.drops.clear()
                link.disconnect()
                link.connect()

        assert sum(link.faults.values()) > 0

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

    def test_every_payload_on_file_is_read(self) -> None:
        files = sorted(self.payloads.glob("*.frames.jsonl"))
        assert files, f"no payloads under {self.payloads}"

        for file in files:
            link = self.link(books=False)
            for line in file.read_text().splitlines():
                link.inject(line)
            bad = {name for name in link.faults if "malformed" in name or "unreadable" in name}
            assert not bad, f"{file.name}: {bad}"


class SequencedContract(AdapterContract):
    """For venues that number their frames."""

    def lose_next(self, fake: Fake) -> None:
        """Have the venue lose its next numbered frame of every book subscription."""
        raise NotImplementedError

    def repeat_next(self, fake: Fake) -> None:
        """Have the venue send its next numbered frame of every book subscription twice."""
        raise NotImplementedError

    def test_it_says_that_frames_are_numbered(self) -> None:
        assert self.adapter().capabilities.sequence_numbers

    def test_a_lost_frame_makes_every_book_stale_and_fresh_snapshots_heal_them(self) -> None:
        link = self.link()
        dice = Dice(19)
        first, second = self.listed()[0], self.listed()[1]
        link.wait(500)
        link.mangle = _hold_snapshots

        self.lose_next(link.fake)
        link.move(nudged(dice, _as_move(link, first), link.at))
        link.move(nudged(dice, _as_move(link, second), link.at))
        doubted = link.believed()
        link.mangle = untouched
        link.wait(5_000)

        assert doubted == {}
        assert sum(link.faults.values()) > 0
        link.assert_honest()
        assert set(link.believed()) == {market.native for market in link.markets}

    def test_a_repeated_frame_makes_every_book_stale_and_fresh_snapshots_heal_them(self) -> None:
        link = self.link()
        dice = Dice(23)
        link.wait(500)
        link.mangle = _hold_snapshots

        self.repeat_next(link.fake)
        link.move(nudged(dice, _as_move(link, self.listed()[0]), link.at))
        doubted = link.believed()
        link.mangle = untouched
        link.wait(5_000)

        assert doubted == {}
        link.assert_honest()
        assert set(link.believed()) == {market.native for market in link.markets}


def _hold_snapshots(text: str) -> list[str]:
    return [] if "snapshot" in text else [text]


def _as_move(link: Link, listed: Listed) -> Move:
    ladders = link.truth[listed.native]
    return Move(listed.venue, listed.native, ladders.bids, ladders.asks)
