"""Errands: what a gateway must do at a venue to carry one thing out, step by step.

An errand is a generator that waits for nothing and sends nothing: it yields a step and is sent back
what came of it. So every path through a venue's failures runs in a test without a socket. Whoever
carries errands out (`feeds.runtime.live`) throws `VenueUnreachable` in at an `Ask` that was not
answered; an errand that does not catch it leaves the judgement to the executor.
"""

from collections.abc import Callable, Generator, Iterable
from typing import Protocol, runtime_checkable

import msgspec

from feeds.venues.base import Output, Reply, Request
from markets.terms.ids import MarketId, OrderId
from markets.terms.instruments import Market
from markets.terms.units import Ns
from trading.engine.events import AccountReported, Event
from trading.engine.orders import Order, OrderRequest


class Ask(msgspec.Struct, frozen=True):
    """Make this request and send back its answer; `urgent` for cancels and hedges."""

    request: Request
    urgent: bool = False


class Tell(msgspec.Struct, frozen=True):
    """Hand this to the engine."""

    event: Event


class Await(msgspec.Struct, frozen=True):
    """Go on as soon as `ready` is true after something came over the private channel, at the latest
    after `most` nanoseconds.
    """

    ready: Callable[[], bool]
    most: Ns


class Rest(msgspec.Struct, frozen=True):
    """Go on after this many nanoseconds."""

    length: Ns


Step = Ask | Tell | Await | Rest


class Heard(msgspec.Struct, frozen=True):
    """What came of a step and when; `reply` is there exactly after an `Ask`."""

    at: Ns
    reply: Reply | None = None


Errand = Generator[Step, Heard, None]
Statement = Generator[Step, Heard, AccountReported]
Orders = Callable[[OrderId], Order | None]
Every = Callable[[], Iterable[Order]]


class Private(Protocol):
    """The conversation on a private socket; `handshake` are the headers it opens with.

    `is_ready` turns true once nothing that happens to the account can be missed any more.
    """

    is_ready: bool

    def handshake(self, at: Ns) -> tuple[tuple[str, str], ...]: ...
    def opened(self, at: Ns) -> list[Output]: ...
    def received(self, frame: str, at: Ns) -> list[Output]: ...
    def ticked(self, at: Ns) -> list[Output]: ...
    def closed(self, at: Ns, reason: str) -> list[Output]: ...


class Trader(Protocol):
    """A venue's half of live trading: pure, told the time with every call.

    `signed` adds what proves who asks, at the moment a request leaves; `ripen` prepares such proofs
    ahead and is called about four times a second. `wants_statement` is set when something happened
    that only a statement explains, and taken back by whoever asks for one.
    """

    wants_statement: bool

    def list_markets(self, markets: Iterable[Market]) -> None: ...
    def signed(self, request: Request, at: Ns) -> Request: ...
    def ripen(self, at: Ns) -> None: ...
    def place(self, request: OrderRequest, at: Ns) -> Errand: ...
    def cancel(self, order: OrderId, market: MarketId, at: Ns) -> Errand: ...
    def query(self, order: OrderId, market: MarketId, at: Ns) -> Errand: ...
    def statement(self, at: Ns) -> Statement: ...
    def private(self) -> Private: ...


@runtime_checkable
class Upkept(Protocol):
    """A trader with errands that must go on for as long as it trades, such as a heartbeat."""

    def upkeep(self, at: Ns) -> tuple[Errand, ...]: ...


@runtime_checkable
class Trades(Protocol):
    """An adapter through which one can trade with money. `order_hosts` are the named hosts that
    orders go to; `private_url` is the private socket's address where the public one's is `ws`,
    empty for none. `orders` finds what the engine knows of an order, `every` gives all its live
    orders of this venue; `is_here` says that the venue is on this machine. `trader` raises
    `ValueError` in a sentence where a key is missing.
    """

    hosts: dict[str, str]
    order_hosts: tuple[str, ...]

    def trader(self, orders: Orders, every: Every, *, is_here: bool) -> Trader: ...
    def private_url(self, ws: str) -> str: ...


def answer_of(heard: Heard) -> Reply:
    """The answer to an `Ask`. Errors: `ValueError` after any other step."""
    if heard.reply is None:
        raise ValueError("nothing was asked")
    return heard.reply
