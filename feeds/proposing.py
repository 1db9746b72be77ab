"""The solver asked by a job: purchases of relations with more packages than can be enumerated.

For every confirmed relation of which a person approved what the solver proposes, the books are
asked over REST, the programme is solved outside the trading process, and what its integers say
keeps something is put before the engine, which prices it again on its own books and by its own
gates. Nothing here trades.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec
from django.utils import timezone

from feeds.quoting import books_of
from markets import selectors
from markets.selectors import Tradeable
from markets.terms.ids import MarketId
from markets.terms.instruments import Market
from markets.terms.units import Px, Usd
from risk import selectors as limits
from trading import services
from trading.engine.book import Book
from trading.engine.proposals import PROPOSED
from trading.solver.propose import Ask, Proposal, propose

MOST = 20  # relations asked about in one run; a programme may take seconds


class Proposing(msgspec.Struct, frozen=True):
    """What a run came to, in numbers of relations."""

    asked: int
    proposed: int
    without_books: int


def propose_packages(
    limit: int = MOST, ask: Callable[[Sequence[Market]], Mapping[MarketId, Book]] = books_of
) -> Proposing:
    """Proposes a purchase for every relation whose proposals are approved, where one pays."""
    wanted = [row for row in selectors.tradeable() if PROPOSED in row.packages][:limit]
    listed = {market.id: market for row in wanted for market in row.markets}
    books = ask(list(listed.values()))
    settings = limits.limits()
    asked = Ask(
        friction=Px(settings.friction),
        leg_cost=Usd(settings.max_trade),
        neutral_loss=Px(settings.max_neutral_loss),
    )
    proposed = blind = 0
    for row in wanted:
        if any(market.id not in books for market in row.markets):
            blind += 1
            continue
        found = purchase(row, books, asked)
        if found is not None:
            proposed += services.propose_package(
                row.relation.id, found.amounts, found.exact.profit, timezone.now()
            )
    return Proposing(len(wanted), proposed, blind)


def purchase(row: Tradeable, books: Mapping[MarketId, Book], asked: Ask) -> Proposal | None:
    """The purchase that keeps the most on these books, by integers; nothing where none does."""
    markets = {market.id: market for market in row.markets}
    found = propose(row.relation, dict(books), markets, asked)
    return found if found is not None and found.exact.profit > 0 else None
