"""Polymarket asked over REST: what time it is, and what some books are now.

A book is asked for by its YES token and carries the time of its last change. Tokens the venue does
not know are left out of its answer without a word.
Source: polymarket sheet 1 and 4.3, read 2026-11-21.
"""

from collections.abc import Iterable, Mapping

import msgspec

from feeds.books.agreement import Told
from feeds.venues.base import Reply, Request
from feeds.venues.polymarket import parse, wire
from markets.terms.ids import MarketId
from markets.terms.instruments import Market
from markets.terms.units import SECOND, Ns

AT_ONCE = 250
CLOCK = Request("GET", "clob", "/time")
LONGEST_TIME = 12
HEADERS = (*wire.AGENT, ("Content-Type", "application/json"))


def books_request(markets: Iterable[Market]) -> Request:
    """One question for up to `AT_ONCE` books."""
    return tokens_request(market.tokens[0] for market in markets if market.tokens)


def tokens_request(tokens: Iterable[str]) -> Request:
    """The books of these tokens. Source: polymarket sheet section 4.3 (at most 250 a call)."""
    body = msgspec.json.encode([wire.TokenAsked(token) for token in tokens])
    return Request("POST", "clob", "/books", headers=HEADERS, body=body)


def told(body: bytes, by_token: Mapping[str, MarketId]) -> list[Told]:
    """The books of the YES tokens in an answer.

    Errors: `ValueError` saying what was not understood.
    """
    found = []
    for book in parse.books(body):
        market = by_token.get(book.asset_id)
        if market is None:
            continue
        bids = (level for level in parse.ladder(book.bids) if level[1])
        asks = (level for level in parse.ladder(book.asks) if level[1])
        found.append(
            Told(
                market,
                tuple(sorted(bids, reverse=True)),
                tuple(sorted(asks)),
                parse.stamp(book.timestamp),
            )
        )
    return found


def told_time(reply: Reply) -> Ns | None:
    """The second `/time` names; None when the answer is no such number."""
    text = reply.body.strip().strip(b'"')
    is_time = reply.status == 200 and text.isdigit() and len(text) < LONGEST_TIME
    return Ns(int(text) * SECOND) if is_time else None
