"""Prices of markets nobody follows yet, asked over REST: a sanity hint for the review, and what a
candidate would bring now.

Within the rates all processes share, at most once in a few seconds for each market, and never in
the trading process. A venue that does not answer gives no price, never an old one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from functools import partial
from hashlib import sha256

import msgspec
import structlog
from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import ValidationError

from feeds.books.agreement import Told
from feeds.discovery import keyless_adapter
from feeds.runtime.http import Http
from feeds.runtime.rates import Rates, client_of
from feeds.venues.base import Adapter
from markets import selectors
from markets.selectors import VenueRow
from markets.terms.ids import MarketId, VenueId
from markets.terms.instruments import Market
from markets.terms.units import MS, Ns, Px
from trading.engine.book import Book, Ladders
from trading.runtime.clock import SystemClock
from trading.runtime.gateway import VenueUnreachable

LOG = structlog.get_logger(__name__)
PATIENCE = Ns(1_500 * MS)
TIMEOUT_S = 3.0
KEPT_S = 5


def books_of(markets: Sequence[Market]) -> dict[MarketId, Book]:
    """The books of these markets now, as far as their venues answer."""
    found: dict[MarketId, Book] = {}
    by_venue: dict[VenueId, list[Market]] = {}
    for market in markets:
        by_venue.setdefault(market.venue, []).append(market)
    for venue, listed in by_venue.items():
        for told in _asked(venue, listed):
            found[told.market] = _book(told)
    return found


def _asked(venue: VenueId, markets: Sequence[Market]) -> list[Told]:
    """What a venue tells of its markets; nothing when it does not answer in time."""
    row = selectors.venue(venue)
    if row is None or not row.enabled:
        return []
    try:
        adapter = keyless_adapter(venue)
    except ValidationError:
        return []
    names = ",".join(sorted(market.id for market in markets))
    key = f"quotes:{venue}:{sha256(names.encode()).hexdigest()}"
    kept = cache.get(key)
    if kept is not None:
        return msgspec.msgpack.decode(kept, type=list[Told])
    with asyncio.Runner() as loop:
        found = loop.run(_told(adapter, row, markets))
    cache.set(key, msgspec.msgpack.encode(found), KEPT_S)
    return found


async def _told(adapter: Adapter, row: VenueRow, markets: Sequence[Market]) -> list[Told]:
    hosts = adapter.hosts | row.hosts
    rates = Rates(
        VenueId(adapter.venue),
        partial(adapter.draws, tier=row.rate_tier),
        client_of(settings.REDIS_URL),
        SystemClock(),
        job=False,
        patience=PATIENCE,
    )
    found: list[Told] = []
    async with Http(VenueId(adapter.venue), hosts, timeout_s=TIMEOUT_S, rates=rates) as http:
        try:
            for part in _parts(markets, adapter.books_at_once):
                reply = await http.send(adapter.books_request(part))
                if reply.status == 200:
                    found += adapter.told(part, reply.body)
        except (VenueUnreachable, ValueError) as problem:
            LOG.info("no prices", venue=adapter.venue, problem=str(problem))
        finally:
            await rates.close()
    return found


def _parts(markets: Sequence[Market], size: int) -> Iterable[tuple[Market, ...]]:
    return (tuple(markets[i : i + size]) for i in range(0, len(markets), size))


def _book(told: Told) -> Book:
    return Book(told.market, (Ladders(told.bids, told.asks),), Ns(0))


class Quote(msgspec.Struct, frozen=True):
    """Best prices of a market's first outcome."""

    short: str
    outcome: str
    bid: Px | None
    ask: Px | None
    problem: str = ""


class Gap(msgspec.Struct, frozen=True):
    """How far the middles of two markets of a pair are apart, polarity counted in."""

    cents: str
    is_wide: bool


WIDE = Px(100_000)


def quotes_of(slug: str) -> tuple[tuple[Quote, ...], Gap | None]:
    """Both markets' best prices, and the gap between them. Errors: `LookupError`."""
    found = selectors.pair(slug)
    if found is None:
        raise LookupError(f"There is no pair {slug!r}.")
    shorts = {v.slug: v.short for v in selectors.venues()}
    markets = selectors.market_terms(m.market_id for m in found.markets)
    by_id = {m.id: m for m in markets}
    ordered = [by_id[m.market_id] for m in found.markets if m.market_id in by_id]
    books = books_of(ordered)
    quotes = tuple(_quote(m, books.get(m.id), shorts.get(m.venue, m.venue)) for m in ordered)
    return quotes, _gap(quotes, inverse=found.inverse)


def _quote(market: Market, book: Book | None, short: str) -> Quote:
    if book is None:
        return Quote(short, market.outcomes[0], None, None, "no answer")
    bids, asks = book.bids(0), book.asks(0)
    return Quote(
        short,
        market.outcomes[0],
        bids[0][0] if bids else None,
        asks[0][0] if asks else None,
    )


def _gap(quotes: Sequence[Quote], *, inverse: bool) -> Gap | None:
    middles = [(q.bid + q.ask) // 2 for q in quotes if q.bid is not None and q.ask is not None]
    if len(middles) != 2:
        return None
    second = 1_000_000 - middles[1] if inverse else middles[1]
    apart = abs(middles[0] - second)
    return Gap(f"{apart / 10_000:.1f}", apart > WIDE)
