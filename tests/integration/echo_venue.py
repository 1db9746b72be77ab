"""The smallest venue there is, both sides of it: lines of words over a real socket.

The client says `follow A B`, the venue answers `book A 40` for each (best bid 40, best ask 42
cents) and again at each move. `junk` is malformed, `leave` asks the client to drop the socket,
`ask` makes it fetch `/detail`.
"""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from feeds.books.agreement import Told
from feeds.books.rates import Draw
from feeds.sim.scenario import Move
from feeds.venues.base import (
    Capabilities,
    Catalogue,
    Drop,
    Emit,
    FakeOutput,
    Fault,
    Fetch,
    Hangup,
    Output,
    Reply,
    Request,
    Send,
    ToClient,
)
from markets.terms.ids import MarketId, VenueId, market_id
from markets.terms.instruments import FeeSchedule, Market, even_ladder
from markets.terms.units import SECOND, Ns, Px, Qty
from trading.engine.book import binary_book
from trading.engine.events import BookChanged, BookStale, Event
from trading.runtime.clock import EventClock, Handle

ECHO = VenueId("echo")
START = Ns(1_700_000_000 * SECOND)
KEY = ("x-key", "let me in")
PATIENCE_S = 10

E = TypeVar("E", bound=Event)


def market(native: str) -> Market:
    """A market of the echo venue."""
    return Market(
        market_id(ECHO, native),
        ECHO,
        native,
        native,
        ("Yes", "No"),
        even_ladder(Px(10_000)),
        FeeSchedule("none", 0),
    )


def move(native: str, cents: int) -> Move:
    """Best bid at `cents`, best ask two above."""
    bid, ask = Px(cents * 10_000), Px((cents + 2) * 10_000)
    return Move(ECHO, native, ((bid, Qty(1_000_000)),), ((ask, Qty(1_000_000)),))


class EchoSession:
    """The client's side of one socket."""

    def __init__(self, markets: tuple[Market, ...]) -> None:
        self._markets = markets

    def opened(self, at: Ns) -> list[Output]:
        return [Send("follow " + " ".join(m.native for m in self._markets))]

    def received(self, frame: str, at: Ns) -> list[Output]:
        match frame.split():
            case ["book", native, cents]:
                return [Emit(self._book(native, int(cents), at))]
            case ["leave"]:
                return [Drop("asked to leave")]
            case ["ask"]:
                return [Fetch("detail", Request("GET", "rest", "/detail"))]
            case ["crash"]:
                raise KeyError("a bug of ours")
            case _:
                return [Fault("malformed", frame)]

    def fetched(self, tag: str, reply: Reply | None, at: Ns) -> list[Output]:
        text = "nothing" if reply is None else f"{reply.status} {reply.body.decode()}"
        return [Send(f"got {tag} {text}")]

    def ticked(self, at: Ns) -> list[Output]:
        return [Send(f"tick {at - START}")]

    def closed(self, at: Ns, reason: str) -> list[Output]:
        return [Emit(BookStale(at, m.id, reason)) for m in self._markets]

    def doubted(self, market: MarketId, reason: str, at: Ns) -> list[Output]:
        native = market.partition(":")[2]
        return [Emit(BookStale(at, market, reason)), Send(f"again {native}")]

    def _book(self, native: str, cents: int, at: Ns) -> BookChanged:
        moved = move(native, cents)
        return BookChanged(at, binary_book(market_id(ECHO, native), moved.bids, moved.asks, at))


class EchoAdapter:
    """The echo venue as the runtime sees it."""

    venue = ECHO
    name = "Echo"
    short = "EC"

    def __init__(self, ws: str, *, per_socket: int = 10) -> None:
        self.ws = ws
        self.hosts: dict[str, str] = {}
        self.books_at_once = 2
        self.capabilities = Capabilities(
            streams=True,
            sequence_numbers=False,
            max_markets_per_socket=per_socket,
            heartbeat_ms=0,
        )

    def catalogue(self) -> Catalogue:
        raise NotImplementedError

    def session(self, markets: tuple[Market, ...]) -> EchoSession:
        return EchoSession(markets)

    def handshake(self, at: Ns) -> tuple[tuple[str, str], ...]:
        return (KEY,)

    def market_of(self, native: str) -> MarketId:
        return market_id(ECHO, native)

    def draws(self, request: Request, tier: str = "") -> tuple[Draw, ...]:
        return ()

    def clock_request(self) -> Request:
        return Request("GET", "rest", "/time")

    def told_time(self, reply: Reply) -> Ns | None:
        return Ns(int(reply.body) * SECOND)

    def books_request(self, markets: tuple[Market, ...]) -> Request:
        return Request("GET", "rest", "/books", tuple(("m", m.native) for m in markets))

    def told(self, markets: tuple[Market, ...], body: bytes) -> list[Told]:
        prices = [part.split("=") for part in body.decode().split()]
        moves = [move(native, int(cents)) for native, cents in prices]
        return [Told(market_id(ECHO, m.native), m.bids, m.asks) for m in moves]


class EchoFake:
    """The venue's side: knows each market's price and who follows it.

    `heard` keeps what clients said.
    """

    venue = ECHO

    def __init__(self) -> None:
        self.prices: dict[str, int] = {}
        self.followers: dict[int, list[str]] = {}
        self.heard: asyncio.Queue[str] = asyncio.Queue()
        self.moves: asyncio.Queue[str] = asyncio.Queue()
        self.ticks = 0
        self.ahead = 0
        self.rest: dict[str, int] = {}
        self.asked: list[str] = []
        self.told_at = START
        self.venue_at = Ns(0)
        self.ledger: object = None

    def request(self, request: Request, at: Ns) -> Reply:
        self.asked.append(f"{request.method} {request.path}")
        self.told_at = at
        if request.path == "/time":
            return Reply(200, (), str((at + self.ahead) // SECOND).encode())
        if request.path == "/books":
            names = [value for _, value in request.query]
            said = " ".join(f"{n}={self.rest.get(n, self.prices.get(n, 50))}" for n in names)
            return Reply(200, (), said.encode())
        said = f"{request.method} {request.host} {request.path} {dict(request.query)}"
        status = 200 if request.path != "/missing" else 404
        return Reply(status, (("x-venue", "echo"),), said.encode() + request.body)

    def upgrade(self, request: Request, at: Ns) -> Reply | None:
        return None if KEY in request.headers else Reply(401, (), b"no key")

    def connected(self, conn: int, path: str, at: Ns) -> list[FakeOutput]:
        self.followers[conn] = []
        return []

    def received(self, conn: int, text: str, at: Ns) -> list[FakeOutput]:
        self.heard.put_nowait(text)
        verb, *natives = text.split()
        if verb == "again":
            return [ToClient(conn, f"book {n} {self.prices.get(n, 50)}") for n in natives]
        if verb == "bye":
            return [Hangup(conn, 4000, "as asked")]
        if verb != "follow":
            return []
        self.followers[conn] = natives
        return [ToClient(conn, f"book {n} {self.prices.get(n, 50)}") for n in natives]

    def disconnected(self, conn: int, at: Ns) -> None:
        self.followers.pop(conn)
        self.heard.put_nowait("gone")

    def ticked(self, at: Ns) -> list[FakeOutput]:
        self.ticks += 1
        return []

    def moved(self, move: Move, at: Ns) -> list[FakeOutput]:
        cents = move.bids[0][0] // 10_000
        self.venue_at = move.venue_at
        self.prices[move.native] = cents
        self.moves.put_nowait(f"{move.native} {cents}")
        return [
            ToClient(conn, f"book {move.native} {cents}")
            for conn, natives in self.followers.items()
            if move.native in natives
        ]

    def fault(self, kind: str, at: Ns, **args: str | int) -> list[FakeOutput]:
        if args.get("market") == "wrong":
            raise ValueError("there is no market 'wrong'")
        return self.say(f"fault {kind} {sorted(args.items())}")

    def say(self, text: str) -> list[FakeOutput]:
        """Any text to everybody."""
        return [ToClient(conn, text) for conn in self.followers]


class WatchedClock(EventClock):
    """A clock moved by hand that tells which waits were asked of it."""

    def __init__(self) -> None:
        super().__init__(START)
        self.asked: asyncio.Queue[Ns] = asyncio.Queue()

    def call_at(self, due: Ns, callback: Callable[[], None]) -> Handle:
        self.asked.put_nowait(Ns(due - self.now()))
        return super().call_at(due, callback)

    def pass_by(self, length: int) -> None:
        """Let `length` nanoseconds pass."""
        self.advance_to(Ns(self.now() + length))


class Heard:
    """Collects what a feed emits; a test waits for the kind it needs."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._queue: asyncio.Queue[Event] = asyncio.Queue()

    def __call__(self, event: Event) -> None:
        self.events.append(event)
        self._queue.put_nowait(event)

    async def next(self, kind: type[E]) -> E:
        """The next event of this kind; others on the way are skipped."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                event = await self._queue.get()
                if isinstance(event, kind):
                    return event


async def soon(queue: "asyncio.Queue[str]", text: str) -> str:
    """The next text in the queue that begins with `text`."""
    async with asyncio.timeout(PATIENCE_S):
        while not (said := await queue.get()).startswith(text):
            pass
        return said


async def wait_of(clock: WatchedClock, *, other_than: int) -> Ns:
    """The next wait asked of the clock that is not of the given length."""
    async with asyncio.timeout(PATIENCE_S):
        while (length := await clock.asked.get()) == other_than:
            pass
        return length
