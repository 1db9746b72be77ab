"""What every venue adapter offers: a sans-IO conversation.

A `Session` is one socket's state machine. It is told what happened (`opened`, `received`,
`fetched`, `ticked`,
`closed`) with the time, and answers with `Output`s: text to send, events for the engine, requests
to make, faults
counted. It never waits, reads a clock or touches a socket. `Catalogue` lists what a venue trades.
"""

from typing import Protocol, runtime_checkable

import msgspec

from feeds.books.agreement import Told
from feeds.books.rates import Draw
from feeds.sim.scenario import Move
from markets.discovery.catalog import Listing
from markets.terms.calendars import Weekly
from markets.terms.ids import MarketId, VenueId
from markets.terms.instruments import Market
from markets.terms.units import Ns
from trading.engine.events import Event
from trading.engine.orders import TimeInForce


class Request(msgspec.Struct, frozen=True):
    """An HTTP request.

    `host` names one of the venue's configured hosts (`rest`, `gamma`, `clob`, `data`). Its repr
    leaves out what the headers say: keys stand there.
    """

    method: str
    host: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def __repr__(self) -> str:
        names = ", ".join(name for name, _ in self.headers)
        return f"Request({self.method} {self.host}{self.path} {self.query} [{names}] {self.body!r})"


# What we call ourselves wherever a venue asks.
USER_AGENT = "arbsite/0.1"


class Reply(msgspec.Struct, frozen=True):
    """What came back. `headers` have lower-case names."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Send(msgspec.Struct, frozen=True):
    """Send this text frame."""

    text: str


class Emit(msgspec.Struct, frozen=True):
    """Hand this event to the engine."""

    event: Event


class Fetch(msgspec.Struct, frozen=True):
    """Make this request and answer with `fetched(tag, reply)`."""

    tag: str
    request: Request


class Drop(msgspec.Struct, frozen=True):
    """Close the socket and connect again."""

    reason: str


class Fault(msgspec.Struct, frozen=True):
    """Something the venue did wrong, counted by `reason` and shown; `detail` is for the log."""

    reason: str
    detail: str = ""


Output = Send | Emit | Fetch | Drop | Fault


class Capabilities(msgspec.Struct, frozen=True):
    """What an adapter can do, declared truthfully: the engine and the runtime rely on it.

    `nets`: YES and NO of one market held together give their dollar back at once. `tifs` and
    `post_only` are what orders can be, `cancels` whether one that rests can be taken back, and its
    end must lie at least `least_life_ms` ahead. Sizes, ticks, minimums, whole money and placement
    delays are each market's own (`Market`).
    """

    streams: bool
    sequence_numbers: bool
    max_markets_per_socket: int
    heartbeat_ms: int
    book_levels: int = 10
    nets: bool = False
    tifs: tuple[TimeInForce, ...] = (TimeInForce.IOC, TimeInForce.FOK, TimeInForce.GTC)
    post_only: bool = True
    cancels: bool = True
    least_life_ms: int = 0


class Session(Protocol):
    """One socket's conversation; `at` is when the thing reached us.

    `doubted` is told that somebody found the book of a market untrue: it may not be believed until
    it has come anew.
    """

    def opened(self, at: Ns) -> list[Output]: ...
    def received(self, frame: str, at: Ns) -> list[Output]: ...
    def fetched(self, tag: str, reply: Reply | None, at: Ns) -> list[Output]: ...
    def ticked(self, at: Ns) -> list[Output]: ...
    def closed(self, at: Ns, reason: str) -> list[Output]: ...
    def doubted(self, market: MarketId, reason: str, at: Ns) -> list[Output]: ...


class Catalogue(Protocol):
    """Pages through what a venue lists: ask `first`, then `next` with each reply until it
    returns no request.

    A walk may also begin with what changed `since` a time (None where the venue cannot say), go on
    `again` from a request that was `mark`ed, or visit the `named` events only. `skipped` counts
    what could not be listed, by reason.
    """

    skipped: dict[str, int]

    def first(self) -> list[Request]: ...
    def since(self, at: Ns) -> list[Request] | None: ...
    def again(self, request: Request) -> list[Request]: ...
    def mark(self, waiting: list[Request]) -> Request | None: ...
    def named(self, events: tuple[str, ...]) -> list[Request]: ...
    def parse(self, request: Request, reply: Reply) -> tuple[list[Listing], list[Request]]: ...


class Adapter(Protocol):
    """The parts of one venue put together.

    `hosts` are the venue's default addresses by name, `ws` its socket. `draws` says which rate
    buckets a request draws from at one of the venue's tiers, the lowest where it is none. Over REST
    a venue is asked for its time (`clock_request`, and `told_time` gives the beginning of the
    second an answer names, None when it names none) and for books (`books_request` of at most
    `books_at_once` markets, `told` of the answer's body, which raises `ValueError` when it is not
    understood).
    """

    venue: VenueId
    name: str
    short: str
    capabilities: Capabilities
    hosts: dict[str, str]
    ws: str
    books_at_once: int

    def catalogue(self) -> Catalogue: ...
    def session(self, markets: tuple[Market, ...]) -> Session: ...
    def handshake(self, at: Ns) -> tuple[tuple[str, str], ...]: ...
    def market_of(self, native: str) -> MarketId: ...
    def draws(self, request: Request, tier: str = "") -> tuple[Draw, ...]: ...
    def clock_request(self) -> Request: ...
    def told_time(self, reply: Reply) -> Ns | None: ...
    def books_request(self, markets: tuple[Market, ...]) -> Request: ...
    def told(self, markets: tuple[Market, ...], body: bytes) -> list[Told]: ...


@runtime_checkable
class SaysWhere(Protocol):
    """An adapter of a venue that says whether it takes orders from where it is asked.

    `place_hosts` are the addresses to ask, given those configured; none where the venue is on this
    machine and has no such host. `told_place` is what stands against us, empty for nothing, None
    for an answer that says nothing of it.
    """

    venue: VenueId

    def place_hosts(self, own: dict[str, str]) -> dict[str, str]: ...
    def place_request(self) -> Request: ...
    def told_place(self, reply: Reply) -> str | None: ...


class Closed(msgspec.Struct, frozen=True):
    """A time in which a venue says it does not trade: every week, or once from then to then."""

    weekly: Weekly | None = None
    once: tuple[Ns, Ns] | None = None


@runtime_checkable
class SaysHours(Protocol):
    """An adapter of a venue that publishes its hours. `told_hours` is None for an answer that says
    nothing of them.
    """

    venue: VenueId
    hosts: dict[str, str]

    def hours_request(self) -> Request: ...
    def told_hours(self, reply: Reply, at: Ns) -> tuple[Closed, ...] | None: ...


class ToClient(msgspec.Struct, frozen=True):
    """A fake sends this text frame on connection `conn`."""

    conn: int
    text: str


class Hangup(msgspec.Struct, frozen=True):
    """A fake closes connection `conn`."""

    conn: int
    code: int
    reason: str = ""


FakeOutput = ToClient | Hangup


class Fake(Protocol):
    """A venue's own side of the conversation, sans-IO: served by `feeds.runtime.fakeserver`.

    `request` answers REST (host name in `Request.host`, path and query as sent). `upgrade` judges a
    socket handshake:
    None accepts, a `Reply` refuses. `moved` is told the scenario's new ladders of one market.
    `fault` is asked to misbehave, in the ways of `feeds.sim.faults` that only the venue itself can;
    what it cannot do it ignores; `lasting` among the arguments is a time in nanoseconds,
    `seconds` the same in whole seconds. Errors:
    `ValueError` saying what is wrong with the arguments.
    """

    venue: VenueId

    def request(self, request: Request, at: Ns) -> Reply: ...
    def upgrade(self, request: Request, at: Ns) -> Reply | None: ...
    def connected(self, conn: int, path: str, at: Ns) -> list[FakeOutput]: ...
    def received(self, conn: int, text: str, at: Ns) -> list[FakeOutput]: ...
    def disconnected(self, conn: int, at: Ns) -> None: ...
    def ticked(self, at: Ns) -> list[FakeOutput]: ...
    def moved(self, move: Move, at: Ns) -> list[FakeOutput]: ...
    def fault(self, kind: str, at: Ns, **args: str | int) -> list[FakeOutput]:
        """Nothing, unless a fake has something to do."""
        return []


@runtime_checkable
class Beating(Protocol):
    """A fake whose sockets are pinged every ten seconds, with this payload."""

    heartbeat: bytes


@runtime_checkable
class Holding(Protocol):
    """A fake that keeps some calls for a while before it looks at them."""

    def hold(self, request: Request, at: Ns) -> Ns:
        """For how long."""
        ...
