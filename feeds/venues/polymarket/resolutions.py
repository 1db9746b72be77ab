"""How a market ended, asked for: the socket's word does not always come, and never for half and
half.

Markets past their close are asked about every two minutes, others every half an hour, one market a
second at most. A market has ended when exactly one token won, or none and the venue says half and
half; `closed` alone proves nothing. Asking is not here.
Source: polymarket sheet 4.3, 5.3 and 6.4, read 2026-11-30.
"""

from collections.abc import Iterable

import msgspec

from feeds.venues.base import Request
from markets.terms.instruments import Market
from markets.terms.units import MICRO, SECOND, Ns, Px

OVERDUE_EVERY = Ns(120 * SECOND)
OTHERS_EVERY = Ns(1_800 * SECOND)
APART = Ns(SECOND)
HALF = Px(MICRO // 2)
HEADERS = (("User-Agent", "arbsite/0.1"),)


class _Token(msgspec.Struct, frozen=True):
    token_id: str
    winner: bool = False


class _Record(msgspec.Struct, frozen=True):
    tokens: list[_Token]
    closed: bool = False
    is_50_50_outcome: bool = False


_records = msgspec.json.Decoder(_Record)


def request_of(market: Market) -> Request:
    """The venue's own record of a market."""
    return Request("GET", "clob", f"/markets/{market.native}", headers=HEADERS)


def pays_of(market: Market, body: bytes) -> tuple[Px, ...] | None:
    """What each token pays, in the market's order; None while nothing is decided.

    Errors: `ValueError` for an answer that is no record of this market.
    """
    try:
        record = _records.decode(body)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    won = {token.token_id: token.winner for token in record.tokens}
    if set(won) != set(market.tokens):
        raise ValueError(f"the record of {market.native} names other tokens")
    winners = sum(won.values())
    if winners == 1:
        return tuple(Px(MICRO if won[token] else 0) for token in market.tokens)
    if winners > 1:
        raise ValueError(f"{winners} tokens of {market.native} won")
    is_half = record.closed and record.is_50_50_outcome
    return tuple(HALF for _ in market.tokens) if is_half else None


class Resolutions:
    """Which market to ask about next."""

    def __init__(self, markets: Iterable[Market]) -> None:
        self._markets = {market.native: market for market in markets}
        self._next: dict[str, Ns] = {}
        self._asked_at = Ns(0)

    def opened(self, at: Ns) -> None:
        """First questions, spread over their time, or soon after a market's close."""
        count = len(self._markets)
        for place, (native, market) in enumerate(self._markets.items(), start=1):
            self._next[native] = self._time(market, at, OTHERS_EVERY * place // count)

    def due(self, at: Ns) -> Market | None:
        """The market whose question is longest due, its next time set; None when none is."""
        if not self._next or at - self._asked_at < APART:
            return None
        native = min(self._next, key=lambda name: self._next[name])
        if self._next[native] > at:
            return None
        market = self._markets[native]
        self._asked_at = at
        self._next[native] = self._time(market, at, OTHERS_EVERY)
        return market

    def _time(self, market: Market, at: Ns, unless_closed: int) -> Ns:
        closes = market.close_at
        if closes is None or closes > at + unless_closed:
            return Ns(at + unless_closed)
        return Ns(max(at, closes) + OVERDUE_EVERY)

    def hurry(self, market: Market, at: Ns) -> None:
        """Ask about this one next."""
        if market.native in self._markets:
            self._next[market.native] = at

    def settled(self, market: Market) -> None:
        """Its end is known: it is asked about no more."""
        self._markets.pop(market.native, None)
        self._next.pop(market.native, None)
