"""Facts of one market, read from its texts, each with the words it was read from.

`extract` never guesses: what a text does not say is absent, and the rules treat absence as unknown.
The year of a date without one is the market's own closing year, when the venue states it.
"""

import re
from datetime import date
from functools import lru_cache

import msgspec

from markets.matching import clauses as clause_reader
from markets.matching import places, sources
from markets.matching.clauses import Clause
from markets.matching.game_slugs import game_of_slug
from markets.matching.game_tickers import game_of_ticker
from markets.matching.games import Game
from markets.matching.quantities import Span, spans, top
from markets.matching.rates import Move, move
from markets.matching.sides import Side
from markets.matching.statements import Statement, statement
from markets.matching.windows import WINDOW_WORDS, Window, days, window
from markets.matching.wording import plain, sentences

_SEASON = re.compile(r"\b(20\d\d)\s?[-/]\s?(?:20)?(\d\d)\b(?!-\d)")
_YEAR = re.compile(r"(?<![-/\d$])\b(20\d\d)\b(?![-/]\d)")
_TICKER_YEAR = re.compile(r"^[A-Z0-9]+-[A-Z]*(\d\d)(?:[A-Z]{3}\d\d)?(?:[A-Z]*)(?:-|$)")
_TERM = re.compile(r"for the term beginning in 20\d\d", re.I)  # an election's year is another
_PLANNED = re.compile(
    r"(?:currently )?(?:scheduled|expected)(?: to [\w ]+?)? (?:for|on|around) [^.;]*", re.I
)
_OF_CONTEST = re.compile(
    r"^(?!.*(?:cancel|not known|no winner)).*\b20\d\d\b[^.]*\b(?:election|season|elections)\b", re.I
)
_COUNT = re.compile(
    r"\b(\d+|no|zero|one|two|three|four|five|six)(?: fed)?(?: interest)?(?: rate)? (?:cuts?|hikes?|times)\b",
    re.I,
)
_OVERTIME = re.compile(
    r"(?:exclud\w+|without|not includ\w+|not count\w*) (?:any )?(?:overtime|extra|shootout|penalt)|includ\w+ (?:any )?(?:overtime|extra|shootout)|after 90 minutes|regulation (?:time|only)|does not include (?:overtime|extra)|reg time|final score includ",
    re.I,
)
_NOT = re.compile(
    r"\b(not|no(?! later| more| fewer| less| winner)|n't|never|fails? to|without|no longer|neither|unless)\b",
    re.I,
)
_WORDS = {"no": 0, "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_UNTIL_2100 = 2100


class Edition(msgspec.Struct, frozen=True):
    """The season or year a contest is of: first and last year, and its words."""

    first: int
    last: int
    quote: str


class Facts(msgspec.Struct, frozen=True):
    """Everything read from one side."""

    side: Side
    statement: Statement
    game: Game | None
    move: Move | None
    window: Window | None
    dates: frozenset[date]
    edition: Edition | None
    span: Span | None
    top: tuple[int, str] | None
    states: frozenset[str]
    districts: frozenset[str]
    stations: frozenset[str]
    sources: dict[str, str]
    clauses: tuple[Clause, ...]
    faults: tuple[tuple[str, str], ...]
    overtime: str
    negated: bool

    @property
    def has_rules(self) -> bool:
        """Whether the venue's own rule text is there."""
        return bool(self.side.rules)

    @property
    def bare(self) -> bool:
        """Whether there is nothing but a ticker or slug to read."""
        return not (self.side.title or self.side.rules or self.side.label)


@lru_cache(maxsize=65_536)
def extract(side: Side) -> Facts:
    """The facts of one side."""
    said = statement(side)
    told = f"{side.title} . {said.condition} . {side.label}"
    year = _close_year(side)
    game = game_of_ticker(side) if side.is_kalshi else game_of_slug(side)
    moving = move(side)
    return Facts(
        side=side,
        statement=said,
        game=game,
        move=moving,
        window=_window(side, said, year),
        dates=_dates(side, said, year),
        edition=_edition(side, said),
        span=None if game or moving else _span(side, said),
        top=top(told),
        states=places.states(told) | places.states(side.event_title),
        districts=places.districts(told),
        stations=_stations(side),
        sources=sources.named(side),
        clauses=clause_reader.clauses(side),
        faults=clause_reader.faults(side),
        overtime=_overtime(side),
        negated=denies(said.quote),
    )


def denies(text: str) -> bool:
    """Whether a condition or question says not, or unless."""
    return bool(_NOT.search(plain(text)))


def _stations(side: Side) -> frozenset[str]:
    """Stations named in any sentence; the same sentences stand in many markets."""
    found: set[str] = set()
    for text in (side.title, side.rules, side.more_rules, side.series_rules, side.source):
        for sentence in sentences(text):
            found |= places.stations(sentence)
    return frozenset(found)


def _close_year(side: Side) -> int | None:
    return int(side.close_at[:4]) if re.match(r"20\d\d", side.close_at) else None


def _window(side: Side, said: Statement, year: int | None) -> Window | None:
    """From the condition first: titles shorten dates."""
    for text in (said.condition, side.title, f"{side.title} {side.label}"):
        found = window(_PLANNED.sub(" ", _TERM.sub(" ", text)), year) if text else None
        if found is not None and found.cut is not None and found.cut.year < _UNTIL_2100:
            return found
    return None


def _dates(side: Side, said: Statement, year: int | None) -> frozenset[date]:
    """First days of dates that are no part of a window: of a meeting, a chart, a release."""
    told = f"{side.title} . {said.condition}"
    named = days(_PLANNED.sub(" ", _TERM.sub(" ", told)), year)
    return frozenset(
        day.first for day in named if day.precision == "day" and day.said not in WINDOW_WORDS
    )


def _edition(side: Side, said: Statement) -> Edition | None:
    told = tuple(_TERM.sub(" ", text) for text in (said.condition, side.title, side.event_title))
    for text in told:
        season = _SEASON.search(plain(text))
        if season is not None:
            return Edition(int(season.group(1)), 2000 + int(season.group(2)), season.group(0))
    for text in told:
        year = _YEAR.search(plain(text))
        if year is not None:
            return Edition(int(year.group(1)), int(year.group(1)), year.group(0))
    for sentence in sentences(side.rules):
        year = _YEAR.search(sentence) if _OF_CONTEST.search(sentence) else None
        if year is not None:
            return Edition(int(year.group(1)), int(year.group(1)), sentence[:80])
    ticker = _TICKER_YEAR.match(side.event) if side.is_kalshi else None
    if ticker is not None:
        stated = 2000 + int(ticker.group(1))
        return Edition(stated, stated, side.event)
    return None


def _span(side: Side, said: Statement) -> Span | None:
    """The range the first outcome needs; the label says it shortest, then condition and title."""
    main = (said.condition, side.title) if side.is_kalshi else (side.title, said.condition)
    for text in (side.label, *main):
        found = [s for s in spans(text) if s.kind != "most" or "up to" not in s.quote]
        if found:
            return found[0]
    counted = _COUNT.search(f"{said.condition} . {side.title}")
    if counted is not None:
        word = counted.group(1).lower()
        number = (_WORDS[word] if word in _WORDS else int(word)) * 1_000_000
        return Span(number, number, True, True, "", "count", counted.group(0))
    return None


def _overtime(side: Side) -> str:
    """`regulation`, `overtime` or nothing: whether time after the ordinary end counts."""
    for text in (side.rules, side.more_rules, side.label):
        for sentence in sentences(text):
            told = _overtime_in(sentence)
            if told:
                return told
    return ""


@lru_cache(maxsize=65_536)
def _overtime_in(sentence: str) -> str:
    match = _OVERTIME.search(sentence)
    if match is None:
        return ""
    ordinary = re.match(
        r"after 90|regulation|does not include|reg time|exclud|without|not ", match.group(0), re.I
    )
    return "regulation" if ordinary else "overtime"
