"""Decisions of central banks: which bank, which meeting, and by how much the rate moves.

A move is a span of basis points in millionths; cuts are negative. Banks move in steps of 25, so
"more than 25" and "50 or more" are one. Read from titles and rules, or from Kalshi's decision
tickers (`-C25`, `-H0`, `-C26` for more than 25). Source: labelled pairs, FOMC.
"""

import re

import msgspec

from markets.matching.contests import atoms
from markets.matching.quantities import Span
from markets.matching.sides import Side
from markets.matching.windows import MONTHS, days
from markets.terms.units import MICRO

STEP = 25 * MICRO
_BANKS = ("fed", "ecb", "boe", "boj", "boc", "rba")
_MOVE = re.compile(
    r"(cut|decrease|lower|reduce|hike|increase|raise)\w*(?: (?:of|by|interest|rates?|its|the|key|policy|bank))* ?(>|more than |at least )? ?(\d+)(?: ?- ?(\d+))? ?(\+)? ?(?:bps?|basis points?)( or more)?"
)
_STAY = re.compile(
    r"no change|unchanged|maintain|hold(?:s|ing)? (?:rates|steady)|\b0 ?bps\b|leaves? .{0,20}rates"
)
_TICKER = re.compile(r"(?:FEDDECISION|CBDECISION\w*)-(\d\d)([A-Z]{3})\w*-([CH])(\d+)$")
_ASKED = re.compile(r"\bmeeting\b|\bdecision\b")
_DOWN = ("cut", "decrease", "lower", "reduce")


class Move(msgspec.Struct, frozen=True):
    """A rate decision: the bank, the meeting's year and month (None: not stated), the move."""

    bank: str
    meeting: tuple[int, int] | None
    span: Span
    quote: str


def move(side: Side) -> Move | None:
    """The rate move a side is about; None when it is about none."""
    match = _TICKER.search(side.id)
    asked = f"{side.title} {side.event_title}".lower()
    if match is None and not _ASKED.search(asked):
        return None
    text = " . ".join(atoms(t) for t in (side.label, side.title, _first(side.rules)) if t)
    bank = next((b for b in _BANKS if re.search(rf"\b{b}\b", text)), None)
    if match is not None:
        direction, size = match.group(3), int(match.group(4))
        meeting = (2000 + int(match.group(1)), MONTHS.get(match.group(2).lower(), 0))
        return Move(
            bank or ("fed" if "FED" in side.id else ""),
            meeting,
            _ticker_span(direction, size),
            side.title or side.id,
        )
    if bank is None:
        return None
    span = _said(text)
    return None if span is None else Move(bank, _meeting(side), span, side.title)


def _first(rules: str) -> str:
    return rules[:240]


def _ticker_span(direction: str, size: int) -> Span:
    edge = size * MICRO
    if size == 0:
        return Span(0, 0, True, True, "bp", "exactly", "0 bp")
    if size % 25 == 1:
        edge -= MICRO
        return _signed(direction == "C", edge, None, False, f"> {size - 1} bp")
    return _signed(direction == "C", edge, edge, True, f"{size} bp")


def _signed(down: bool, low: int, high: int | None, low_in: bool, quote: str) -> Span:
    if not down:
        return Span(low, high, low_in, high is not None, "bp", "move", quote)
    return Span(
        None if high is None else -high, -low, high is not None, low_in, "bp", "move", quote
    )


def _said(text: str) -> Span | None:
    match = _MOVE.search(text)
    if match is None:
        return Span(0, 0, True, True, "bp", "exactly", "no change") if _STAY.search(text) else None
    verb, more, low, high, plus, or_more = match.groups()
    size = int(low) * MICRO
    if size == 0:
        return Span(0, 0, True, True, "bp", "exactly", match.group(0))
    down = verb.startswith(_DOWN)
    if high:
        return _signed(down, size, int(high) * MICRO, True, match.group(0))
    if (more or "").strip() in (">", "more than"):
        return _signed(down, size, None, False, match.group(0))
    if plus or or_more or more:
        return _signed(down, size, None, True, match.group(0))
    return _signed(down, size, size, True, match.group(0))


def said_move(text: str) -> Span | None:
    """The move a text says by a verb and a number; nothing where it says none."""
    found = _said(atoms(text)) if _MOVE.search(atoms(text)) else None
    return found


def banks(text: str) -> frozenset[str]:
    """The central banks a text names."""
    told = atoms(text)
    return frozenset(b for b in _BANKS if re.search(rf"\b{b}\b", told))


def _meeting(side: Side) -> tuple[int, int] | None:
    named = [
        d for d in days(f"{side.title} . {_first(side.rules)}") if d.precision in ("day", "month")
    ]
    return (named[0].first.year, named[0].first.month) if named else None
