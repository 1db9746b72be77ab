"""When a market counts: cut-offs with their zone, starts, and how it was said (by, before, in, on).

A cut-off is a minute in Eastern time (`datetime` without zone), exclusive: "before April 1", "by
March 31, 11:59 PM ET" and "by March 31" are all 1 April 00:00. Other zones are moved there by fixed
offsets with the United States' summer rule. Clock-free: a date without a year is unknown unless the
caller gives a year.
"""

import re
from datetime import date, datetime, timedelta
from functools import lru_cache

import msgspec

from markets.matching.wording import plain

MONTHS = {
    name: number
    for number, names in enumerate(
        ("jan january", "feb february", "mar march", "apr april", "may", "jun june", "jul july",
         "aug august", "sep sept september", "oct october", "nov november", "dec december"), 1,
    )
    for name in names.split()
}  # fmt: skip
_MONTH = r"(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
_YEAR = r"(?:'(\d\d)|(20\d\d))"
_CLOCK = re.compile(
    r"(\d{1,2})(?::(\d\d))? ?([ap])\.?m\.?(?: ?\(?(e[ds]?t|p[ds]?t|c[ds]?t|m[ds]?t|utc|gmt)\b)?",
    re.I,
)
_ZONE = re.compile(r"\b(e[ds]?t|p[ds]?t|utc|gmt)\b", re.I)
_DATES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern, re.I))
    for kind, pattern in (
        ("mdy", rf"\b{_MONTH} (\d{{1,2}})(?:st|nd|rd|th)?(?:,? {_YEAR})?(?!\d)"),
        ("dmy", rf"\b(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? {_MONTH},? {_YEAR}"),
        ("iso", r"\b(20\d\d)-(\d\d)-(\d\d)\b"),
        ("slash", r"\b(\d{1,2})/(\d{1,2})/(20\d\d)\b"),
        ("my", rf"\b{_MONTH},? {_YEAR}"),
        ("y", r"(?<![-/\d$])\b(20\d\d)\b(?![-/]\d|\d)"),
        ("m", rf"\b(?:in|during|end of|before|month of) {_MONTH}(?! ?\d)\b"),
    )
)  # fmt: skip
_BEFORE = re.compile(
    r"\b(before|prior to|by|on or before|no later than|until|through|after|following|since|starting|from|"
    r"between|in|during|on|at the end of|end of|as of)\b(?: (?:the|end|of|issuance|and|month|year))* ?$",
    re.I,
)
_HINT = re.compile(r"\d|\b(?:in|during|of|before) (?:[JFMASOND][a-z]{2,})")
WINDOW_WORDS = frozenset(["before", "by", "start", "in", "on", "end", "between", "and"])
_OFFSET = {"p": 3, "m": 2, "c": 1, "e": 0}


class Day(msgspec.Struct, frozen=True):
    """A date as said: its first day, the first day after it, precision, preposition and text."""

    first: date
    after: date
    precision: str  # day, month, year
    said: str
    quote: str
    minute: int | None = None  # of its day, Eastern time
    year_given: bool = True


class Window(msgspec.Struct, frozen=True):
    """When facts count. `form` is by (until a cut-off), in (within a period) or on (at a moment)."""

    form: str
    start: datetime | None
    cut: datetime | None
    quote: str


@lru_cache(maxsize=65_536)
def days(text: str, year: int | None = None) -> tuple[Day, ...]:
    """Every date a text names, in order; years are never guessed beyond `year`."""
    flat = plain(text)
    if not _HINT.search(flat):
        return ()
    found: list[tuple[int, int, Day | None]] = []
    for kind, pattern in _DATES:
        for match in pattern.finditer(flat):
            if any(match.start() < end and start < match.end() for start, end, _ in found):
                continue
            # A day that does not exist still takes its place: its year alone is not what is said.
            found.append((match.start(), match.end(), _day(kind, match, flat, year)))
    return tuple(day for _, _, day in sorted(found, key=lambda f: f[0]) if day is not None)


def window(text: str, year: int | None = None) -> Window | None:
    """The window of one statement, or nothing when it names no date that can be read."""
    named = [d for d in days(text, year) if d.said not in ("after", "following", "since")]
    by = [d for d in named if d.said in ("before", "by")]
    if by:
        start = next(
            (d for d in named if d.said in ("start", "in") and d.first <= by[-1].first), None
        )
        return Window("by", _at(start), _cut(by[-1]), by[-1].quote)
    between = [d for d in named if d.said == "between"]
    if between:
        later = [d for d in named if d.first >= between[0].first and d is not between[0]]
        last = later[0] if later else between[0]
        return Window(
            "in" if _full_period(between[0], last) else "by",
            _at(between[0]),
            _cut(last),
            last.quote,
        )
    inside = [d for d in named if d.said == "in" and d.precision != "day"]
    if inside:
        day = max(inside, key=lambda d: d.precision == "month")
        return Window("in", datetime.combine(day.first, datetime.min.time()), _cut(day), day.quote)
    on = [d for d in named if d.said in ("on", "end")]
    if on:
        return Window("on", _at(on[0]), _moment(on[0]), on[0].quote)
    return None


def _full_period(first: Day, last: Day) -> bool:
    whole_year = (first.first.month, first.first.day) == (1, 1) and (
        last.after.month,
        last.after.day,
    ) == (1, 1)
    return (
        first.first.day == 1
        and last.after.day == 1
        and (whole_year or first.first.month == last.first.month)
    )


def _at(day: Day | None) -> datetime | None:
    if day is None:
        return None
    return datetime.combine(day.first, datetime.min.time()) + timedelta(minutes=day.minute or 0)


def _cut(day: Day) -> datetime:
    """The first minute that no longer counts."""
    midnight = datetime.min.time()
    if day.said == "before" and day.minute is None:
        return datetime.combine(day.first, midnight)
    if day.minute is not None:
        at = datetime.combine(day.first, midnight) + timedelta(minutes=day.minute)
        return at + timedelta(minutes=1) if at.minute == 59 else at
    return datetime.combine(day.after, midnight)


def _moment(day: Day) -> datetime:
    if day.said == "end":
        return _cut(day)
    return datetime.combine(day.first, datetime.min.time()) + timedelta(minutes=day.minute or 0)


def _day(kind: str, match: re.Match[str], text: str, year: int | None) -> Day | None:
    parts = _parts(kind, match, year)
    if parts is None:
        return None
    first, after, precision, given = parts
    said = _said(kind, match, text)
    minute, moved = _clock(text, match, first) if precision == "day" else (None, 0)
    first, after = first + timedelta(days=moved), after + timedelta(days=moved)
    start = max(0, match.start() - 12)
    return Day(first, after, precision, said, text[start : match.end() + 18].strip(), minute, given)


def _parts(
    kind: str, match: re.Match[str], year: int | None
) -> tuple[date, date, str, bool] | None:
    g = match.groups()
    given = True
    try:
        if kind == "mdy":
            stated = _full_year(g[2], g[3])
            given = stated is not None
            if stated is None and year is None:
                return None
            day = date(stated or year or 1, MONTHS[g[0].lower()], int(g[1]))
        elif kind == "dmy":
            day = date(_full_year(g[2], g[3]) or 1, MONTHS[g[1].lower()], int(g[0]))
        elif kind == "iso":
            day = date(int(g[0]), int(g[1]), int(g[2]))
        elif kind == "slash":
            day = date(int(g[2]), int(g[0]), int(g[1]))
        else:
            return _period(kind, g, year)
    except ValueError:
        return None
    return day, day + timedelta(days=1), "day", given


def _period(
    kind: str, g: tuple[str | None, ...], year: int | None
) -> tuple[date, date, str, bool] | None:
    if kind == "y":
        stated = int(g[0] or 0)
        return date(stated, 1, 1), date(stated + 1, 1, 1), "year", True
    stated_year = _full_year(g[1], g[2]) if kind == "my" else year
    if stated_year is None:
        return None
    first = date(stated_year, MONTHS[(g[0] or "").lower()], 1)
    return first, (first + timedelta(days=32)).replace(day=1), "month", kind == "my"


def _full_year(short: str | None, full: str | None) -> int | None:
    if full:
        return int(full)
    return 2000 + int(short) if short else None


def _said(kind: str, match: re.Match[str], text: str) -> str:
    """The preposition before a date, in one of a few words; empty when there is none."""
    if kind == "m":
        word = match.group(0).split()[0].lower()
        return {"before": "before", "end": "end"}.get(word, "in")
    ahead = text[max(0, match.start() - 60) : match.start()]
    timed = re.search(r"\b(by|before)\b [\d:]+ ?[ap]\.?m\.?[^,.;]*$", ahead, re.I)
    if timed is not None:
        return timed.group(1).lower()
    if re.search(r"between (market creation|issuance|now|the creation)[^,.;]* and $", ahead, re.I):
        return "by"
    found = _BEFORE.search(ahead)
    if found is None:
        return ""
    word = found.group(1).lower()
    if "end of" in found.group(0).lower():
        return "end"
    groups = {
        "by": ("by", "on or before", "no later than", "until", "through"),
        "before": ("before", "prior to"), "start": ("starting", "from"), "in": ("in", "during"),
        "on": ("on", "as of"), "end": ("at the end of", "end of"),
    }  # fmt: skip
    return next((name for name, names in groups.items() if word in names), word)


def _clock(text: str, match: re.Match[str], day: date) -> tuple[int | None, int]:
    """Minute of the day in Eastern time, and by how many days the zone moves the date."""
    behind = text[match.end() : match.end() + 26]
    ahead = text[max(0, match.start() - 24) : match.start()]
    found = _CLOCK.match(behind.lstrip(" ,;(at")) or next(
        (m for m in _CLOCK.finditer(ahead) if re.fullmatch(r"[ ,a-z()]*", ahead[m.end() :], re.I)),
        None,
    )
    if found is None:
        return None, 0
    hour, minute = int(found.group(1)) % 12, int(found.group(2) or 0)
    if found.group(3).lower() == "p":
        hour += 12
    zone = (found.group(4) or "et").lower()
    shift = _OFFSET.get(zone[0], 0) if zone not in ("utc", "gmt") else (-4 if summer(day) else -5)
    total = (hour + shift) * 60 + minute
    return total % 1440, total // 1440


def summer(day: date) -> bool:
    """Whether the United States keep summer time on this day: second Sunday of March to first
    Sunday of November.
    """
    march, november = date(day.year, 3, 8), date(day.year, 11, 1)
    begins = march + timedelta(days=(6 - march.weekday()) % 7)
    ends = november + timedelta(days=(6 - november.weekday()) % 7)
    return begins <= day < ends
