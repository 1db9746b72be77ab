"""Markets on one game: who plays, when, which part of it, and what the first outcome needs.

A game is read from a ticker or slug (`game_tickers`, `game_slugs`) and completed from titles and
rules. A margin is counted for the entrant that the first outcome backs. Two lists of entrants are
compared as a whole: either in order or crossed, never each on its own.
"""

import re
from datetime import date

import msgspec

from markets.matching.leagues import team
from markets.matching.quantities import Span
from markets.matching.wording import alike, name_words, plain
from markets.terms.units import MICRO

TYPES = {
    "game": ("win", "full"), "match": ("win", "full"), "fight": ("win", "full"), "bout": ("win", "full"),
    "series": ("win", "series"), "advance": ("advance", "full"), "spread": ("spread", "full"),
    "gspread": ("spread-games", "full"), "total": ("total", "full"), "gtotal": ("total-games", "full"),
    "stotal": ("total-sets", "full"), "sspread": ("spread-sets", "full"), "f5": ("win", "f5"),
    "f5spread": ("spread", "f5"), "f5total": ("total", "f5"), "map": ("win", "part"), "setwinner": ("win", "part"),
    "1h": ("win", "1h"), "1hwinner": ("win", "1h"), "1hspread": ("spread", "1h"), "1htotal": ("total", "1h"),
    "2hwinner": ("win", "2h"), "2hspread": ("spread", "2h"), "2htotal": ("total", "2h"),
    "1qwinner": ("win", "1q"), "1qspread": ("spread", "1q"), "1qtotal": ("total", "1q"),
    "btts": ("btts", "full"), "extras": ("extra-innings", "full"), "hrr": ("prop-hrr", "full"),
    "pts": ("prop-points", "full"), "reb": ("prop-rebounds", "full"), "ast": ("prop-assists", "full"),
    "ks": ("prop-strikeouts", "full"), "hr": ("prop-homeruns", "full"), "hit": ("prop-hits", "full"),
    "tb": ("prop-totalbases", "full"), "goal": ("prop-goals", "full"), "vicround": ("prop-round", "full"),
    "mov": ("prop-method", "full"), "victmov": ("prop-method", "full"), "rounds": ("prop-rounds", "full"),
    "distance": ("prop-distance", "full"), "rfi": ("prop-rfi", "full"), "exactmatch": ("prop-score", "full"),
    "score": ("prop-score", "full"), "teamtotal": ("prop-teamtotal", "full"), "totalmaps": ("total-maps", "full"),
    "3pt": ("prop-threes", "full"), "ftts": ("prop-firstscore", "full"),
}  # fmt: skip

_CLUB_WORDS = frozenset(
    [
        "fc",
        "cf",
        "sc",
        "afc",
        "fk",
        "sk",
        "bk",
        "ff",
        "cd",
        "ca",
        "cr",
        "ec",
        "sv",
        "vfl",
        "vfb",
        "tsv",
        "rcd",
        "ud",
        "ac",
        "club",
        "de",
        "futbol",
        "football",
        "esports",
        "gaming",
        "team",
        "calcio",
    ]
)


class Entrant(msgspec.Struct, frozen=True):
    """One who plays: a code and a name, either may be empty."""

    code: str = ""
    name: str = ""


class Game(msgspec.Struct, frozen=True):
    """A market on a game. `backs` is the entrant the first outcome needs to win (None: neither);
    `span` what the margin of that entrant, or the total, must be. `minute` is the start in Eastern
    time, minutes of the day, when stated.
    """

    league: str
    day: date
    entrants: tuple[Entrant, ...]
    kind: str
    period: str
    backs: int | None = None
    span: Span | None = None
    player: str = ""
    minute: int | None = None
    three_way: bool | None = None
    quote: str = ""
    number: str = ""  # of the two games that one pair plays on one day
    by_order: bool = False  # who is backed is told by the order of a slug alone, by no word


class Meeting(msgspec.Struct, frozen=True):
    """How the entrants of two games fit: `same` says whether they are the same two, `crossed`
    whether they stand the other way round; None is unknown.
    """

    same: bool | None
    crossed: bool | None
    quote: str = ""


def line_span(threshold: int, *, at_least: bool = False, kind: str = "above") -> Span:
    """The span above a line, or from it, in millionths."""
    return Span(threshold, None, at_least, False, "", kind, "")


def negated(span: Span) -> Span:
    """The same condition told of the other entrant's margin."""
    low = None if span.high is None else -span.high
    high = None if span.low is None else -span.low
    return Span(low, high, span.high_in, span.low_in, span.unit, span.kind, span.quote)


def line_from_slug(text: str) -> int | None:
    """Millionths of `2pt5` or `224`; None when it is no number."""
    match = re.fullmatch(r"(\d+)(?:pt(\d))?", text)
    if match is None:
        return None
    return int(match.group(1)) * MICRO + int(match.group(2) or 0) * MICRO // 10


def meeting(a: Game, b: Game) -> Meeting:
    """Whether the same two meet in both games."""
    if len(a.entrants) != 2 or len(b.entrants) != 2:
        return Meeting(None, None)
    league = a.league if a.league == b.league else ""
    grid = [[same_entrant(league, x, y) for y in b.entrants] for x in a.entrants]
    straight, crossed = (grid[0][0], grid[1][1]), (grid[0][1], grid[1][0])
    if False in straight and False in crossed:
        return Meeting(False, None)
    options = [
        (way, fits)
        for way, fits in ((False, straight), (True, crossed))
        if True in fits and False not in fits
    ]
    if len(options) == 2:
        full = [option for option in options if all(option[1])]
        options = full if len(full) == 1 else []
    if len(options) != 1:
        return Meeting(None, None)
    way, fits = options[0]
    return Meeting(True if all(fits) else None, way)


def dressed(league: str, codes: tuple[str, str], names: tuple[str, str]) -> tuple[Entrant, Entrant]:
    """Two codes with their names: venues do not always write both in one order."""
    straight = _fit(league, codes[0], names[0]) + _fit(league, codes[1], names[1])
    crossed = _fit(league, codes[0], names[1]) + _fit(league, codes[1], names[0])
    first, second = names if straight >= crossed else (names[1], names[0])
    return Entrant(codes[0], first), Entrant(codes[1], second)


def _fit(league: str, code: str, name: str) -> int:
    """How surely a code stands for a name: 3 by the table, 2 by its letters, 1 by a first word."""
    known = team(league, plain(name))
    if known is not None and team(league, code) is not None:
        return 3 if team(league, code) == known else -3
    parts, low = name_words(name), code.lower()
    if not parts or not low:
        return 0
    if len(low) == 6 and parts[0].startswith(low[:3]) and parts[-1].startswith(low[3:]):
        return 3
    if _in_name(code, name):
        return 2
    return 1 if any(part.startswith(low[:3]) for part in parts) else 0


def same_player(a: str, b: str) -> bool | None:
    """Whether two players are one, each a name or a venue's code (`SKWAN`, `stekwa`)."""
    if " " in a and " " in b:
        return alike(a, b)
    one, two = (_initial_and_surname(said) if said else None for said in (a, b))
    if one is None or two is None:
        return None
    agree = (one[0] == two[0], one[1] == two[1])
    return agree[0] if agree[0] == agree[1] else None


def _initial_and_surname(said: str) -> tuple[str, str] | None:
    """A first letter and three letters of the surname, from a name or a code."""
    if " " in said:
        parts = name_words(said)
        return (parts[0][0], parts[-1][:3]) if parts else None
    if said.isupper():
        return (said[0].lower(), said[1:4].lower()) if len(said) > 3 else None
    return (said[0], said[3:6]) if len(said) == 6 else None


def same_entrant(league: str, a: Entrant, b: Entrant) -> bool | None:
    """Whether two entrants are one; by the league's table, then codes, then names."""
    one, two = _known(league, a), _known(league, b)
    if one is not None and two is not None:
        return one == two
    named = alike(_club(a.name), _club(b.name)) if a.name and b.name else None
    if named is not None and not (named is False and _codes_meet(a.code, b.code)):
        return named if named or not _names_touch(a, b) else None
    if _codes_meet(a.code, b.code) or _in_name(a.code, b.name) or _in_name(b.code, a.name):
        return True
    return None


def _club(name: str) -> str:
    """A club's name without the words every club has; never what tells its teams apart."""
    kept = [w for w in name_words(name) if w not in _CLUB_WORDS]
    return " ".join(kept) or name


def _known(league: str, entrant: Entrant) -> str | None:
    for said in (entrant.name, entrant.code):
        found = team(league, plain(said)) if said else None
        if found is not None:
            return found.code
    return None


def _codes_meet(a: str, b: str) -> bool:
    """Equal codes, or the surname part of a player's longer code."""
    a, b = a.lower(), b.lower()
    if not a or not b:
        return False
    if a == b:
        return True
    short, long = sorted((a, b), key=len)
    return len(short) == 3 and len(long) == 6 and long.endswith(short)


def _in_name(code: str, name: str) -> bool:
    """Whether a code is the start of a name, of its last word, or its initials."""
    parts, code = name_words(name) if name else (), code.lower()
    if len(code) < 3 or not parts:
        return False
    initials = "".join(part[0] for part in parts)
    return "".join(parts).startswith(code) or parts[-1].startswith(code) or initials == code


def _names_touch(a: Entrant, b: Entrant) -> bool:
    """Whether two unlike names might still be one: a nickname beside a place."""
    one, two = set(name_words(a.name)), set(name_words(b.name))
    return bool(one & two) or _in_name(a.code, b.name) or _in_name(b.code, a.name)
