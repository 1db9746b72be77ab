"""Kalshi asked over REST: what time it is, and what some books are now.

Both sides of a REST book are bids, best last, without a time and without a number. A market the
venue leaves out of its answer says nothing. A book in the cents of before 2026-03-12 is read too,
and said to be old: today it means a stale server.
Source: kalshi sheet 2.2, 3.2, 3.6 and 3.15, read 2026-11-21.
"""

from collections.abc import Iterable

import msgspec

from feeds.books.agreement import Told
from feeds.books.rates import told_second
from feeds.venues.base import Reply, Request
from feeds.venues.kalshi import parse, wire
from markets.terms.ids import market_id
from markets.terms.instruments import Market
from markets.terms.units import Ns, text_from_micros

AT_ONCE = 100
CLOCK = Request("GET", "rest", "/exchange/status")


class _Book(msgspec.Struct, frozen=True):
    ticker: str
    orderbook_fp: wire.BookSides | None = None
    orderbook: wire.OlderSides | None = None


class _Books(msgspec.Struct, frozen=True):
    orderbooks: list[_Book]


_books = msgspec.json.Decoder(_Books)


def books_request(markets: Iterable[Market]) -> Request:
    """One question for up to `AT_ONCE` books; the parameter is repeated, a list would not do."""
    query = tuple(("tickers", market.native) for market in markets)
    return Request("GET", "rest", "/markets/orderbooks", query)


def told(body: bytes) -> list[Told]:
    """The books of an answer. Errors: `ValueError` saying what was not understood."""
    try:
        found = _books.decode(body).orderbooks
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return [_told(book) for book in found]


def told_time(reply: Reply) -> Ns | None:
    """The second the answer's `Date` names; None without one."""
    date = next((value for name, value in reply.headers if name == "date"), "")
    return told_second(date) if date else None


def _told(book: _Book) -> Told:
    sides = book.orderbook_fp
    if sides is None:
        if book.orderbook is None:
            raise ValueError(f"{book.ticker[:80]} has no book")
        sides = wire.BookSides(_dollars(book.orderbook.yes), _dollars(book.orderbook.no))
    bids, asks = parse.levels(sides.yes_dollars, sides.no_dollars, use_yes_price=False)
    return Told(
        market_id(parse.VENUE, book.ticker),
        tuple(sorted((level for level in bids if level[1]), reverse=True)),
        tuple(sorted(level for level in asks if level[1])),
        older=book.orderbook_fp is None,
    )


def _dollars(rows: list[tuple[int, int]] | None) -> list[wire.Row]:
    return [(text_from_micros(cents * parse.CENT, 4), str(count)) for cents, count in rows or ()]
