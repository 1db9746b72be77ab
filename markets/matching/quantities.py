"""Numbers in market texts as ranges: at least, more than, at most, between, exactly, top.

A strike is an integer in millionths of its unit. Units are told apart (`degree`, `percent`, `bp`,
`dollar`, none); a range without a unit may mean any of them. Source: labelled pairs, hard
negatives ("58 or above" against "58 to 58.9", "6+" against "at most 5").
"""

import re
from functools import lru_cache

import msgspec

from markets.matching.wording import plain
from markets.terms.units import MICRO

_N = r"(?:\$ ?)?(-?\d[\d,]*(?:\.\d+)?) ?(k\b|m\b|b\b|t\b|thousand|million|billion|trillion)?"
_UNIT = r" ?(%|percent|bps?\b|basis points?|°[fc]?|degrees?(?: fahrenheit| celsius)?|dollars)?"
_SCALE = {"k": 3, "thousand": 3, "m": 6, "million": 6, "b": 9, "billion": 9, "t": 12,
          "trillion": 12}  # fmt: skip


class Span(msgspec.Struct, frozen=True):
    """A stretch of numbers in millionths; None is no bound. `quote` is the text it was read from,
    `kind` the way it was said.
    """

    low: int | None
    high: int | None
    low_in: bool
    high_in: bool
    unit: str
    kind: str
    quote: str

    @property
    def bounds(self) -> tuple[int | None, bool, int | None, bool]:
        """What makes two spans equal: the bounds and whether they belong to it."""
        return (
            self.low, self.low_in if self.low is not None else False,
            self.high, self.high_in if self.high is not None else False,
        )  # fmt: skip


_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        ("between", rf"(?:between|from) {_N}{_UNIT} ?(?:and|to|-) ?{_N}{_UNIT}"),
        ("between", rf"(?<![\d-]){_N}{_UNIT} ?(?:to|-) ?{_N}{_UNIT}(?![\d-])"),
        ("above", rf"(?:more than|greater than|strictly greater than|above|over|exceeds?|>) ?{_N}{_UNIT}"),
        ("below", rf"(?:less than|fewer than|strictly less than|below|under|<) ?{_N}{_UNIT}"),
        ("least", rf"(?:at least|no less than|no fewer than|not less than|minimum of|>=|≥|↑) ?{_N}{_UNIT}"),
        ("most", rf"(?:at most|no more than|not more than|up to|<=|≤|↓) ?{_N}{_UNIT}"),
        ("exactly", rf"(?:exactly|equal to) {_N}{_UNIT}"),
        ("least", rf"{_N}{_UNIT} ?(?:\+{_UNIT}|or (?:more|above|higher|greater|over|older))"),
        ("most", rf"{_N}{_UNIT} or (?:less|fewer|below|lower|under)"),
        ("least", rf"(?:reach(?:es)?|hits?) {_N}{_UNIT}"),
    )
)  # fmt: skip
_DIGIT = re.compile(r"\d")
_TOP = re.compile(r"\btop[ -](\d+|three|four|five|six|ten)\b", re.IGNORECASE)
_SPELT = {"three": 3, "four": 4, "five": 5, "six": 6, "ten": 10}


@lru_cache(maxsize=65_536)
def spans(text: str) -> tuple[Span, ...]:
    """Every range a text names, in order of reading; overlapping readings keep the longest."""
    if not _DIGIT.search(text):
        return ()
    flat = re.sub(r"(\d)\s*-\s*(?=\d{4}\b)", r"\1 - ", plain(text))
    found: list[tuple[int, int, Span]] = []
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(flat):
            if any(match.start() < end and start < match.end() for start, end, _ in found):
                continue
            span = _span(kind, match)
            if span is not None:
                found.append((match.start(), match.end(), span))
    return tuple(span for _, _, span in sorted(found, key=lambda f: f[0]))


def _span(kind: str, match: re.Match[str]) -> Span | None:
    groups = match.groups()
    first = _micros(groups[0], groups[1])
    if first is None:
        return None
    unit, quote = _unit(match), match.group(0).strip()
    if kind == "between":
        second = _micros(groups[3], groups[4] or "")
        if second is None or second <= first or _is_years(first, second):
            return None
        return Span(first, second, True, True, unit, kind, quote)
    return {
        "above": Span(first, None, False, False, unit, kind, quote),
        "least": Span(first, None, True, False, unit, kind, quote),
        "below": Span(None, first, False, False, unit, kind, quote),
        "most": Span(None, first, False, True, unit, kind, quote),
        "exactly": Span(first, first, True, True, unit, kind, quote),
    }[kind]


def _is_years(first: int, second: int) -> bool:
    return 1990 * MICRO <= first <= 2100 * MICRO and second <= 2100 * MICRO


def _micros(digits: str, scale: str | None) -> int | None:
    whole, _, part = digits.replace(",", "").partition(".")
    if len(part) > 6:
        return None
    value = abs(int(whole or "0")) * MICRO + int(part.ljust(6, "0") or "0")
    power = _SCALE.get((scale or "").lower(), 0)
    scaled: int = value * 10**power
    return -scaled if digits.startswith("-") else scaled


def _unit(match: re.Match[str]) -> str:
    said = match.group(0).lower()
    for unit, sign in (
        ("percent", r"%|percent"), ("bp", r"\bbps?\b|\d ?bps?\b|basis point"), ("degree", r"°|degree"),
        ("dollar", r"\$|dollars"),
    ):  # fmt: skip
        if re.search(sign, said):
            return unit
    return ""


def top(text: str) -> tuple[int, str] | None:
    """`top N` with its quote, or nothing."""
    match = _TOP.search(plain(text))
    if match is None:
        return None
    said = match.group(1).lower()
    return (_SPELT.get(said) or int(said), match.group(0))


def equal(a: Span, b: Span, step: int | None = None) -> bool | None:
    """Whether two spans hold the same numbers. `step` is the distance of possible values in
    millionths, when known: above 2 and at least 3 are then one. None when units cannot be told.
    """
    if a.unit and b.unit and a.unit != b.unit:
        return False
    return _closed(a, step) == _closed(b, step)


def complements(a: Span, b: Span, step: int | None = None) -> bool:
    """Whether every number lies in exactly one of the two."""
    low, high = (a, b) if a.low is None else (b, a)
    if low.low is not None or high.high is not None or low.high is None or high.low is None:
        return False
    if a.unit and b.unit and a.unit != b.unit:
        return False
    if step:
        top_of_low, bottom = _closed(low, step)[2], _closed(high, step)[0]
        return top_of_low is not None and bottom is not None and top_of_low + step == bottom
    return low.high == high.low and low.high_in != high.low_in


def disjoint(a: Span, b: Span) -> bool:
    """Whether no number lies in both."""
    for one, two in ((a, b), (b, a)):
        if one.high is not None and two.low is not None:
            if one.high < two.low:
                return True
            if one.high == two.low and not (one.high_in and two.low_in):
                return True
    return False


def contains(outer: Span, inner: Span) -> bool:
    """Whether every number of the inner span lies in the outer one."""
    low = outer.low is None or (
        inner.low is not None
        and (
            inner.low > outer.low or (inner.low == outer.low and (outer.low_in or not inner.low_in))
        )
    )
    high = outer.high is None or (
        inner.high is not None
        and (
            inner.high < outer.high
            or (inner.high == outer.high and (outer.high_in or not inner.high_in))
        )
    )
    return low and high


def _closed(span: Span, step: int | None) -> tuple[int | None, bool, int | None, bool]:
    """The bounds, made inclusive on the grid of `step` where there is one."""
    if not step:
        return span.bounds
    low, high = span.low, span.high
    if low is not None:
        up = -(-low // step) * step
        low = up + step if up == low and not span.low_in else up
    if high is not None:
        down = high // step * step
        high = down - step if down == high and not span.high_in else down
    return (low, low is not None, high, high is not None)
