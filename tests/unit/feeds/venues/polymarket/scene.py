"""A market, its fake venue and a session wired to each other by hand."""

from feeds.sim.scenario import Listed, Move
from feeds.venues.base import Drop, Emit, FakeOutput, Fault, Fetch, Hangup, Output, Send, ToClient
from feeds.venues.polymarket.adapter import PolymarketAdapter
from feeds.venues.polymarket.fake import PolymarketFake
from feeds.venues.polymarket.session import MarketSession
from markets.terms.ids import VenueId
from markets.terms.instruments import Market
from markets.terms.units import MICRO, SECOND, Ns, Px, Qty
from trading.engine.book import Levels
from trading.engine.events import BookChanged, BookStale, Event
from trading.engine.orders import Side

START = Ns(1_795_000_000 * SECOND)
YES, NO = "1" * 77, "2" * 77
NATIVE = "0x" + "ab" * 32
VENUE = VenueId("polymarket")


def listed(native: str = NATIVE, tokens: tuple[str, str] = (YES, NO)) -> Listed:
    return Listed(
        venue=VENUE,
        native=native,
        event="will-it-rain",
        event_title="Rain in Springfield",
        title="Will it rain in Springfield on Friday?",
        outcomes=("Yes", "No"),
        rules='This market will resolve to "Yes" if it rains.',
        category="weather",
        tick=Px(10_000),
        fee_rate_ppm=50_000,
        open_at=START,
        close_at=Ns(START + 86_400 * SECOND),
        twin="",
        tokens=tokens,
    )


def levels(text: str) -> Levels:
    """`0.42x100 0.41x5` as levels."""
    pairs = (part.split("x") for part in text.split())
    return tuple((Px(round(float(px) * MICRO)), Qty(int(qty) * MICRO)) for px, qty in pairs)


def move(bids: str, asks: str, trade: tuple[Px, Qty, Side] | None = None) -> Move:
    return Move(VENUE, NATIVE, levels(bids), levels(asks), trade)


class Scene:
    """One market followed over one socket. What the session put out is kept in `out`."""

    def __init__(self, bids: str = "0.42x100 0.41x50", asks: str = "0.44x80 0.45x20") -> None:
        self.fake = PolymarketFake((listed(),))
        self.at = START
        self.fake.moved(move(bids, asks), self.at)
        self.market = catalogue_of(self.fake)[0]
        self.session: MarketSession = PolymarketAdapter().session((self.market,))
        self.out: list[Output] = []

    def open(self) -> "Scene":
        self.fake.connected(1, "/ws/market", self.at)
        self.take(self.session.opened(self.at))
        return self

    def take(self, outputs: list[Output]) -> None:
        """Carry out what the session wants, the venue answering at once."""
        self.out.extend(outputs)
        for output in outputs:
            if isinstance(output, Send):
                self.hear(self.fake.received(1, output.text, self.at))
            if isinstance(output, Fetch):
                reply = self.fake.request(output.request, self.at)
                self.take(self.session.fetched(output.tag, reply, self.at))

    def hear(self, said: list[FakeOutput]) -> None:
        for part in said:
            if isinstance(part, ToClient):
                self.take(self.session.received(part.text, self.at))
            else:
                assert isinstance(part, Hangup)
                self.take(self.session.closed(self.at, part.reason))

    def moves(self, bids: str, asks: str, trade: tuple[Px, Qty, Side] | None = None) -> None:
        self.hear(self.fake.moved(move(bids, asks, trade), self.at))

    def passes(self, milliseconds: int) -> None:
        self.at = Ns(self.at + milliseconds * 1_000_000)
        self.take(self.session.ticked(self.at))

    def hears(self, frame: str) -> None:
        self.take(self.session.received(frame, self.at))

    def events(self) -> list[Event]:
        return [o.event for o in self.out if isinstance(o, Emit)]

    def faults(self) -> list[str]:
        return [o.reason for o in self.out if isinstance(o, Fault)]

    def drops(self) -> list[str]:
        return [o.reason for o in self.out if isinstance(o, Drop)]

    def fetches(self) -> int:
        return sum(isinstance(o, Fetch) for o in self.out)

    def is_live(self) -> bool:
        """Whether the engine may believe the book now."""
        said = [e for e in self.events() if isinstance(e, BookChanged | BookStale)]
        return bool(said) and isinstance(said[-1], BookChanged)

    def top(self) -> tuple[int, int]:
        """Best bid and ask the engine was last told."""
        book = [e.book for e in self.events() if isinstance(e, BookChanged)][-1]
        return book.bids(0)[0][0], book.asks(0)[0][0]


def catalogue_of(fake: PolymarketFake) -> list[Market]:
    """Every market the fake lists, read page by page."""
    catalogue = PolymarketAdapter().catalogue()
    requests = catalogue.first()
    found: list[Market] = []
    while requests:
        request = requests.pop()
        listings, more = catalogue.parse(request, fake.request(request, START))
        found.extend(listing.market for listing in listings)
        requests.extend(more)
    return found
