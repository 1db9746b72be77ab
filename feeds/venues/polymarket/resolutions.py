"""How a market ended, asked for: the socket's word does not always come, and never for half and
half.

A market has ended when exactly one token won, or none and the venue says half and
half; `closed` alone proves nothing. Asking is not here.
Source: polymarket sheet 4.3, 5.3 and 6.4, read 2026-11-30.
"""

import msgspec

from feeds.venues.base import Request
from feeds.venues.polymarket.wire import AGENT
from markets.terms.instruments import Market
from markets.terms.units import MICRO, Px

HALF = Px(MICRO // 2)


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
    return Request("GET", "clob", f"/markets/{market.native}", headers=AGENT)


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
