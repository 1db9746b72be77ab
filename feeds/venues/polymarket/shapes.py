"""What the fake venue shows of one market, and how a move of it is said in elements.

Invariants: the NO token's levels are the YES token's mirrored; elements are ordered so that the
book is never crossed between two of them, and each states the top after it.
Source: polymarket sheet sections 5.3, 6.1 and 11, read 2026-11-20.
"""

from hashlib import sha1
from typing import Any

import msgspec

from feeds.sim.matching import Matching
from feeds.sim.scenario import Listed
from markets.terms.ids import market_id
from markets.terms.instruments import even_ladder
from markets.terms.units import MICRO, MS, SECOND, Ns, Px, Qty, text_from_micros
from trading.engine.book import Levels
from trading.engine.orders import Side

SPORTS_DELAY = Ns(SECOND)
NEAR_ENDS = (Px(40_000), Px(960_000))
COARSE, FINE = Px(10_000), Px(1_000)


class Traits(msgspec.Struct, frozen=True, kw_only=True):
    """What a market of the venue is besides its listing.

    `delay` holds marketable orders as `delayed` (None: a second in sports), `taker_hold` makes
    their call take so long (`itode`). At `game_start` the venue cancels what rests.
    """

    version: str = "v1"
    neg_risk: bool = False
    delay: Ns | None = None
    taker_hold: Ns = Ns(0)
    min_shares: int = 5
    game_start: Ns | None = None


class Shown:
    """One market as the fake venue has it now. `number` is its place in the catalogue.

    `matching` is the book behind; `bids` and `asks` are what has been said of it. `pays` is what
    each outcome pays once it is decided.
    """

    def __init__(self, listed: Listed, traits: Traits | None = None) -> None:
        self.listed = listed
        self.traits = traits or Traits()
        self.id = market_id(listed.venue, listed.native)
        self.matching = Matching(self.id, even_ladder(listed.tick), Qty(1))
        self.number = 0
        self.is_accepting = True
        self.pays: tuple[Px, Px] | None = None
        self.step = listed.tick
        self.bids: dict[Px, Qty] = {}
        self.asks: dict[Px, Qty] = {}
        self.said_at = listed.open_at
        self.last_trade = ""
        self.last_px = Px(0)
        self.last_side = ""
        self.display: tuple[Levels, Levels] = ((), ())
        self.is_closed = False
        self.changes = 0

    @property
    def delay(self) -> Ns:
        """How long a marketable order is `delayed` (polymarket sheet 3.10)."""
        if self.traits.delay is not None:
            return self.traits.delay
        return SPORTS_DELAY if self.listed.category == "sports" else Ns(0)

    def traded(self, outcome: int, px: Px, qty: Qty, side: Side) -> None:
        """The last trade; the record of it is the YES token's."""
        is_yes = outcome == 0
        self.last_px = px if is_yes else Px(MICRO - px)
        self.last_trade = text(self.last_px)
        self.last_side = "BUY" if (side is Side.BUY) == is_yes else "SELL"

    def retick(self, step: Px) -> None:
        """Another grid of prices; what rests stays where it is."""
        self.step = step
        self.matching.ticks = even_ladder(step)

    def wants_finer(self) -> bool:
        """Whether the price has left the middle while the grid is still coarse."""
        bid, ask = self.top()
        if self.step != COARSE or not self.bids or not self.asks:
            return False
        return not NEAR_ENDS[0] <= (bid + ask) // 2 <= NEAR_ENDS[1]

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
