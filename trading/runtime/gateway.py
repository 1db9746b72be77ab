"""What carries orders out must offer, and how it says that a venue cannot be reached.

A gateway delivers what it learns as events through the `emit` it was built with; its methods return
when the venue has answered. It decides nothing and retries nothing.
"""

from collections.abc import Callable
from typing import Protocol

from markets.terms.ids import MarketId, OrderId, VenueId
from trading.engine.events import AccountReported, Event
from trading.engine.orders import OrderRequest

Emit = Callable[[Event], None]


class VenueUnreachable(Exception):
    """The venue could not be reached. `sent` says whether the request may have left: only False is
    a sure no.
    """

    def __init__(
        self, venue: VenueId, reason: str, *, sent: bool, retry_after: float | None = None
    ) -> None:
        super().__init__(f"{venue} cannot be reached: {reason}")
        self.venue = venue
        self.reason = reason
        self.sent = sent
        self.retry_after = retry_after


class Gateway(Protocol):
    """One venue's order entry for one book (live or paper)."""

    async def place(self, request: OrderRequest) -> None: ...
    async def cancel(self, order: OrderId, market: MarketId) -> None: ...
    async def query(self, order: OrderId, market: MarketId) -> None: ...


class Account(Protocol):
    """One venue's live account beside its order entry.

    `statement` asks for cash, holdings and resting orders: one `AccountReported`, `complete` only
    when every page came. `run` keeps the private channel and what else must be kept alive, until it
    is cancelled; what it learns goes through `emit`.
    """

    async def statement(self) -> AccountReported: ...
    async def run(self) -> None: ...
