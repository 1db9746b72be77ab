"""Where a market's truth comes from, as classes, and which classes may stand for one another.

A source is `family:name`: `index:binance`, `station:nws`, `agency:bls`, `chart:billboard`, `calls:ap`
or one of three plain ones: `official` (the body that decides), `press` (credible reporting) and
`contest` (nothing named; the contest's own result). Data families must agree by name; the plain
ones meet through the policy's allowlist, each with its reason.
"""

import re
from functools import lru_cache

from markets.matching.sides import Side
from markets.matching.verdicts import SourceAllowance
from markets.matching.wording import sentences

_NAMED: tuple[tuple[str, str], ...] = (
    ("index:binance", r"\bbinance\b"), ("index:coinbase", r"\bcoinbase\b"), ("index:pyth", r"\bpyth\b"),
    ("index:chainlink", r"\bchainlink\b"), ("index:kraken", r"\bkraken\b(?! (?:wins?|win|make|vs))"),
    ("index:cf benchmarks", r"\bcf benchmarks\b|\bbrti\b|cf bitcoin real-time index|_rti\b"),
    ("index:cme", r"\bcme\b"), ("index:ice", r"\bice reports\b"), ("index:yahoo", r"yahoo finance"),
    ("station:nws", r"national weather service|climatological report|\bnws\b"),
    ("station:wunderground", r"wunderground|weather underground"), ("station:noaa", r"\bnoaa\b|ncei"),
    ("agency:bls", r"bureau of labor statistics|\bbls\b"), ("agency:bea", r"bureau of economic analysis|\bbea\b"),
    ("agency:cdc", r"\bcdc\b|centers for disease control"), ("agency:usgs", r"\busgs\b|geological survey"),
    ("agency:faa", r"\bfaa\b"), ("agency:eia", r"energy information administration|\beia\b"),
    ("agency:tsa", r"\btsa\b"), ("agency:fed", r"federal reserve's official website|federalreserve\.gov"),
    ("agency:spacex", r"spacex\.com/launches"), ("chart:billboard", r"\bbillboard\b"), ("chart:spotify", r"\bspotify\b"),
    ("chart:rotten tomatoes", r"rotten ?tomatoes"), ("chart:box office mojo", r"box ?office ?mojo"),
    ("chart:the numbers", r"the-numbers|the numbers\b"), ("chart:lmarena", r"lmarena|chatbot arena|lmsys"),
    ("chart:xtracker", r"xtracker"), ("calls:press", r"associated press, fox"),
)  # fmt: skip
_PATTERNS = tuple((name, re.compile(pattern, re.I)) for name, pattern in _NAMED)
_OFFICIAL = re.compile(
    r"official (?:information|results?|sources|statistics|website|site|box score|statement|data|[\w ]{0,30}rules)|"
    r"(?:information|sources?|result) from the (?:nba|nhl|nfl|mlb|mls|fifa|ufc|uefa)|"
    r"resolution source[^.]{0,60}(?:nba|nhl|nfl|mlb|mls|uefa|fifa|atp|wta|league|eurovision)|officially",
    re.I,
)
_PRESS = re.compile(r"credible (?:reporting|information|sources)|credible media", re.I)
_DATA = ("index", "station", "agency", "chart")

ALLOWED: tuple[SourceAllowance, ...] = (
    SourceAllowance(
        "contest", "official", "Official league result: a contest that names no source is settled by the body "
        "that runs it, and its own result is what the other venue names."),
    SourceAllowance(
        "contest", "press", "Official league result: credible reporting of who won repeats the organiser's own "
        "announcement; a contested result is a tail world."),
    SourceAllowance(
        "official", "press", "Official statement of the agency: reporting repeats it, and both texts put the "
        "statement first."),
    SourceAllowance(
        "contest", "calls:press", "Election result: three agreeing calls and the certified result part only in a "
        "contested election, a tail world."),
    SourceAllowance(
        "contest", "agency:fed", "Official statement of the agency: the decision is the bank's own publication."),
    SourceAllowance(
        "official", "agency:fed", "Official statement of the agency: the decision is the bank's own publication."),
)  # fmt: skip
SAME_INDEX = (
    "Named index and its methodology: two indices are never allowed for one another by class; "
    "the same name on both sides is needed."
)


def named(side: Side) -> dict[str, str]:
    """Sources a side names, each with the words it was read from; empty when it names none."""
    found: dict[str, str] = {}
    for text in (side.rules, side.more_rules, side.series_rules, side.source):
        for sentence in sentences(text):
            for name, quote in _named_in(sentence):
                found.setdefault(name, quote)
    return found


@lru_cache(maxsize=65_536)
def _named_in(sentence: str) -> tuple[tuple[str, str], ...]:
    found = []
    for name, pattern in (*_PATTERNS, ("official", _OFFICIAL), ("press", _PRESS)):
        match = pattern.search(sentence)
        if match is not None:
            found.append((name, sentence[max(0, match.start() - 30) : match.end() + 30]))
    return tuple(found)


def data_sources(names: frozenset[str]) -> frozenset[str]:
    """Those that publish figures, where another publisher is another fact."""
    return frozenset(name for name in names if name.partition(":")[0] in _DATA)


def allowance(
    a: frozenset[str], b: frozenset[str], allowed: tuple[SourceAllowance, ...]
) -> str | None:
    """The reason why the classes of two sides may meet; None when no allowance covers them."""
    if a & b:
        return f"both name {sorted(a & b)[0]}"
    for one in allowed or ALLOWED:
        if (one.a in a and one.b in b) or (one.b in a and one.a in b):
            return one.reason
    return None
