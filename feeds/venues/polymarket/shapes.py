"""What the fake venue shows of one market, and how a move of it is said in elements.

Invariants: the NO token's levels are the YES token's mirrored; elements are ordered so that the
book is never crossed between two of them, and each states the top after it.
Source: polymarket sheet sections 5.3, 6.1 and 11, read 2026-11-20.
"""

from hashlib import sha1
from typing import Any

from feeds.sim.scenario import Listed
from markets.terms.units import MICRO, MS, Px, Qty, text_from_micros
from trading.engine.book import Levels
from trading.engine.orders import Side


class Shown:
    """One market as the fake venue has it now. `number` is its place in the catalogue."""

    def __init__(self, listed: Listed, number: int = 0) -> None:
        self.listed = listed
        self.number = number
        self.step = listed.tick
        self.bids: dict[Px, Qty] = {}
        self.asks: dict[Px, Qty] = {}
        self.said_at = listed.open_at
        self.last_trade = ""
        self.is_closed = False
        self.changes = 0

    def outcome_of(self, token: str) -> int:
        """Which outcome a token is of."""
        return self.listed.tokens.index(token)

    def sides(self, outcome: int) -> tuple[Levels, Levels]:
        """Bids ascending and asks descending, as the venue lists them: best last."""
        if outcome == 0:
            return tuple(sorted(self.bids.items())), tuple(sorted(self.asks.items(), reverse=True))
        return (
            tuple((Px(MICRO - px), qty) for px, qty in sorted(self.asks.items(), reverse=True)),
            tuple((Px(MICRO - px), qty) for px, qty in sorted(self.bids.items())),
        )

    def put(self, side: Side, px: Px, qty: Qty) -> None:
        """A level's new total; none at 0."""
        ladder = self.bids if side is Side.BUY else self.asks
        if qty:
            ladder[px] = qty
        else:
            ladder.pop(px, None)

    def top(self) -> tuple[int, int]:
        """Best bid and ask of YES; 0 and 1 dollar stand for an empty side."""
        return max(self.bids, default=0), min(self.asks, default=MICRO)


def text(value: int) -> str:
    """A decimal as the venue writes it: no trailing zeros."""
    return text_from_micros(value, 0)


def level_elements(shown: Shown, bids: Levels, asks: Levels) -> list[dict[str, Any]]:
    """Bring the market to these ladders; the elements that say so, YES then NO for each level."""
    elements: list[dict[str, Any]] = []
    for side, px, qty in _changes(shown, bids, asks):
        shown.put(side, px, qty)
        elements.extend(_both(shown, side, px, qty))
    return elements


def _changes(shown: Shown, bids: Levels, asks: Levels) -> list[tuple[Side, Px, Qty]]:
    """Levels that go first, then those that change or come: no moment between is crossed."""
    gone: list[tuple[Side, Px, Qty]] = []
    come: list[tuple[Side, Px, Qty]] = []
    for side, old, new in (
        (Side.BUY, shown.bids, dict(bids)),
        (Side.SELL, shown.asks, dict(asks)),
    ):
        gone.extend((side, px, Qty(0)) for px in old if px not in new)
        come.extend((side, px, qty) for px, qty in new.items() if old.get(px) != qty)
    return gone + come


def _both(shown: Shown, side: Side, px: Px, qty: Qty) -> tuple[dict[str, Any], dict[str, Any]]:
    bid, ask = shown.top()
    is_bid = side is Side.BUY
    yes, no = shown.listed.tokens
    return (
        _element(shown, yes, (px, qty), ("BUY" if is_bid else "SELL", bid, ask)),
        _element(
            shown,
            no,
            (MICRO - px, qty),
            ("SELL" if is_bid else "BUY", MICRO - ask, MICRO - bid),
        ),
    )


def _element(
    shown: Shown, token: str, level: tuple[int, int], rest: tuple[str, int, int]
) -> dict[str, Any]:
    (px, qty), (side, bid, ask) = level, rest
    shown.changes += 1
    sealed = f"{token}{shown.changes}{shown.said_at // MS}"
    return {
        "asset_id": token,
        "price": text(px),
        "size": text(qty),
        "side": side,
        "hash": sha1(sealed.encode(), usedforsecurity=False).hexdigest(),
        "best_bid": text(bid),
        "best_ask": text(ask),
    }
