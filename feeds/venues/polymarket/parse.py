"""Reads Polymarket's frames: text in, typed frames and named faults out; never raises on bad text.

Invariants: a price is above 0 and below 1 dollar, a size is not negative, both come from text.
Which book a frame belongs to, and what is done about a fault, is not here. Source: polymarket sheet
section 5, read 2026-11-20.
"""

import msgspec

from feeds.venues.polymarket import wire
from markets.terms.units import MICRO, MS, Ns, Px, Qty, micros_from_text
from trading.engine.book import Level
from trading.engine.orders import Side

SIDES = {"BUY": Side.BUY, "SELL": Side.SELL}
DETAIL = 200

# Not JSON, lone surrogates, or nested deeper than the decoder goes.
UNREADABLE = (msgspec.DecodeError, UnicodeEncodeError, RecursionError)

_frame: msgspec.json.Decoder[wire.Frame] = msgspec.json.Decoder(wire.Frame)
_parts = msgspec.json.Decoder(list[msgspec.Raw])
_books = msgspec.json.Decoder(list[wire.BookBody])


class Bad(msgspec.Struct, frozen=True, gc=False):
    """A frame that says nothing usable. `lost` means a book may have missed a change.

    `market` and `asset` say whose, where that could still be read; both empty means anybody's.
    """

    reason: str
    detail: str
    lost: bool = False
    market: str = ""
    asset: str = ""


class Top(msgspec.Struct, frozen=True, gc=False):
    """Best prices of one outcome; None is an empty side."""

    bid: Px | None
    ask: Px | None

    def mirrored(self) -> "Top":
        """The same top seen from the other outcome."""
        return Top(
            None if self.ask is None else Px(MICRO - self.ask),
            None if self.bid is None else Px(MICRO - self.bid),
        )


def top_of(bids: list[Level], asks: list[Level]) -> Top:
    """The best of each side, levels without a size left out."""
    return Top(
        max((px for px, qty in bids if qty), default=None),
        min((px for px, qty in asks if qty), default=None),
    )


def frames(text: str) -> list[wire.Frame | Bad]:
    """The frames of one message, in order: a single object or an array of them."""
    body = text.strip()
    if body.startswith("{"):
        return [_one(body)]
    if not body.startswith("["):
        return [Bad("not_json", body[:DETAIL])]
    try:
        parts = _parts.decode(body)
    except UNREADABLE:
        return [Bad("undecodable", body[:DETAIL], lost=True)]
    return [_one(bytes(part)) for part in parts]


def books(body: bytes) -> list[wire.BookBody]:
    """The books of a `/books` reply. Errors: `ValueError` saying what was not understood."""
    try:
        return _books.decode(body)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def price(text: str) -> Px:
    """Errors: `ValueError` naming the text unless it is a decimal strictly between 0 and 1."""
    px = micros_from_text(text)
    if not 0 < px < MICRO:
        raise ValueError(f"price outside 0..1: {text!r}")
    return Px(px)


def size(text: str) -> Qty:
    """Errors: `ValueError` naming the text unless it is a decimal of at least 0."""
    qty = micros_from_text(text)
    if qty < 0:
        raise ValueError(f"negative size: {text!r}")
    return Qty(qty)


def ladder(levels: list[wire.Level]) -> list[Level]:
    """Levels in the order given. Errors: `ValueError` naming the first impossible text."""
    return [(price(level.price), size(level.size)) for level in levels]


def top(best_bid: str | None, best_ask: str | None) -> Top | None:
    """The top a frame states, None when it states none. An empty side is "0", "1" or empty text.

    Errors: `ValueError` naming a text that is no decimal.
    """
    if best_bid is None or best_ask is None:
        return None
    return Top(_best(best_bid), _best(best_ask))


def side(text: str) -> Side:
    """Errors: `ValueError` naming a text that is neither BUY nor SELL."""
    found = SIDES.get(text)
    if found is None:
        raise ValueError(f"neither BUY nor SELL: {text!r}")
    return found


def stamp(text: wire.Text) -> Ns:
    """Unix milliseconds as nanoseconds; 0 when the venue's text is no such number."""
    plain = str(text)
    return Ns(int(plain) * MS) if plain.isascii() and plain.isdigit() and len(plain) < 15 else Ns(0)


def _best(text: str) -> Px | None:
    px = micros_from_text(text) if text else 0
    return Px(px) if 0 < px < MICRO else None


def _one(body: str | bytes) -> wire.Frame | Bad:
    try:
        return _frame.decode(body)
    except UNREADABLE as problem:
        return _explain(body, str(problem))


def _explain(body: str | bytes, problem: str) -> Bad:
    """Why a frame did not fit its type; one that fits no type we know is none of our business.

    What is torn, or does not even say its type, may have carried a change.
    """
    try:
        seen = msgspec.json.decode(body)
    except UNREADABLE:
        return Bad("undecodable", problem[:DETAIL], lost=True)
    if not isinstance(seen, dict):
        return Bad("malformed", problem[:DETAIL])
    kind = seen.get("event_type", "")
    if isinstance(kind, str) and kind not in wire.KNOWN:
        return Bad("unknown_type", kind[:DETAIL])
    lost = kind in ("book", "price_change") or not isinstance(kind, str)
    market, asset = _text(seen.get("market")), _text(seen.get("asset_id"))
    return Bad("malformed", problem[:DETAIL], lost=lost, market=market, asset=asset)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
