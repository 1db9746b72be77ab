"""What waiting relations would bring now: the best package at the books that REST tells.

A figure for the order of the review queue and nothing else: it decides nothing, and the engine
prices everything again from its own books.
"""

from __future__ import annotations

from collections.abc import Mapping

from feeds.quoting import books_of
from markets import pricing, selectors
from markets.terms.ids import MarketId
from markets.terms.instruments import Market
from markets.terms.packages import packages
from markets.terms.relations import Relation
from markets.terms.units import MICRO, Ns, Px, Usd
from risk import selectors as limits
from trading.engine.book import Book
from trading.engine.edges import Terms, find_edge

MOST = 100


def price_waiting(limit: int = MOST) -> dict[str, int]:
    """Keeps what the first relations of the queue would bring; returns counts."""
    rows = selectors.queue(limit=limit)
    ids = {m.market_id for row in rows for m in row.markets}
    markets = {m.id: m for m in selectors.market_terms(ids)}
    books = books_of(list(markets.values()))
    settings = limits.limits()
    terms = Terms(Px(settings.friction), Px(0), Usd(settings.max_trade), Ns(0))
    # A fat edge is what a false match looks like: without a derived polarity it sorts nothing.
    found = {
        row.slug: brings(row.terms, books, markets, terms) if row.derived else None for row in rows
    }
    pricing.keep(found)
    return {"asked": len(rows), "priced": sum(v is not None for v in found.values())}


def brings(
    relation: Relation,
    books: Mapping[MarketId, Book],
    markets: Mapping[MarketId, Market],
    terms: Terms,
) -> Usd | None:
    """The profit of the best package at its best size; negative by the net of a dollar where no
    size is worth it, nothing where a book is missing.
    """
    if any(c.market not in books for c in relation.claims):
        return None
    edges = [find_edge(relation, p, books, markets, terms) for p in packages(relation)]
    known = [e for e in edges if e is not None]
    if not known:
        return None
    best = max(known, key=lambda e: (e.profit, e.net))
    return best.profit if best.size else Usd(min(best.net, MICRO))
