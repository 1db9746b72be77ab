"""Whether the texts of one market on a game, or on a rate decision, agree with its ticker or slug.

Tickers and slugs say which game or meeting a market is on; the rules say what pays. Each check
answers with what is wrong, in a few words, or with nothing. Not here: markets of other kinds
(`own_texts`).
"""

import re
from collections.abc import Callable

from markets.matching.contests import atoms
from markets.matching.facts import Facts
from markets.matching.games import Game
from markets.matching.leagues import CODES
from markets.matching.quantities import equal
from markets.matching.rates import STEP, Move, banks, said_move
from markets.matching.statements import content, undated
from markets.matching.windows import days
from markets.matching.wording import name_words, sentences, words

SET = re.compile(r"\b(?:scheduled|expected|set|held|take place|takes place|begins?)\b", re.I)
UNDONE = re.compile(
    r"\b(?:cancel|postpone|not been|is not|isn't|not known|no winner|if for any)", re.I
)
_NEVER = re.compile(r"\b(?:not|unless|never)\b|n't\b", re.I)
_PART = re.compile(
    r"\b(?:(?:first|second|1st|2nd) half|half-?time|(?:first|second|third|fourth|1st|2nd|3rd|4th) "
    r"(?:quarter|period|set|map|innings?)|first (?:five|5) innings|map \d|game \d|set \d)\b",
    re.I,
)
_OTHER_GAMES = re.compile(
    r"\b(?:college|g league|summer league|cup|pre-?season|all-?star|exhibition|friendly|futures|women's)\b",
    re.I,
)
_BIG = ("nba", "nhl", "nfl", "mlb")
_WINS = re.compile(r"\b(?:wins?|winner|won|beats?|defeats?)\b", re.I)
_PAYING = re.compile(r",?\.? (?:then )?(?:the|this) (?:poly)?market (?:will )?resolves? to", re.I)
_LEVEL = re.compile(r"\b(?:tie|draw|tied|drawn|postponed|rescheduled|level)\b", re.I)
_IN_A_WIN_TEXT = """if the a wins win won winner of is declared at vs versus v in game match professional pro men's
    mens men basketball hockey football baseball soccer tennis cricket rugby originally scheduled for
    on and against pm am et est edt utc season series their his her this upcoming after minutes plus
    stoppage time best map maps esports league team club who which one
    """
_IN_A_WIN = frozenset(_IN_A_WIN_TEXT.split())
_IN_A_MOVE_TEXT = """meeting interest rates rate versus bound level amount upper changed points prior basis funds
    federal target hike cut decrease increase lower raise reduce bps change policy unchanged maintain
    hold short-term bank central decision leave leaves lowers raises reduces cuts hikes decreases
    increases holds maintains range according statement
    """
_IN_A_MOVE = frozenset(_IN_A_MOVE_TEXT.split())
_BESIDE = re.compile(r"\([^)]*(?:include|extra time|penalt)[^)]*\)", re.I)


# --- games ----------------------------------------------------------------------------------------


def _game_day(facts: Facts, game: Game) -> str:
    """A day the rules name for the game is the game's own."""
    for text in (*sentences(facts.side.rules), facts.side.title):
        if not SET.search(text) or UNDONE.search(text):
            continue
        named = [day for day in days(text, game.day.year) if day.precision == "day"]
        if named and all(day.first != game.day for day in named):
            return f"{named[0].first.isoformat()} in the rules, {game.day.isoformat()} by name"
    return ""


def _game_league(facts: Facts, game: Game) -> str:
    """No league but the game's own is named."""
    if game.league not in CODES.values():
        return ""
    told = words(atoms(f"{facts.side.rules} {facts.side.title}"))
    named = {CODES[word] for word in told if word in CODES and len(word) > 2}
    if named and game.league not in named:
        return f"{', '.join(sorted(named))} in the rules, {game.league} by name"
    other = _OTHER_GAMES.search(f"{facts.side.rules} {facts.side.title} {facts.side.event_title}")
    if other is not None and game.league in _BIG:
        return f"{other.group(0)} in the texts, {game.league} by name"
    return ""


def _game_part(facts: Facts, game: Game) -> str:
    if game.period != "full":
        return ""
    found = _PART.search(f"{facts.side.rules} {facts.side.title}")
    return f"the whole game by name, {found.group(0)} in the texts" if found else ""


def _game_outcome(facts: Facts, game: Game) -> str:
    """Each sentence that says what pays a winner speaks of winning that game, and of nothing else."""
    if game.kind != "win":
        return ""
    paying = [s for s in sentences(facts.side.rules) if _PAYING.search(s)]
    if facts.side.is_kalshi and not facts.statement.condition:
        return "no sentence of the rules says what pays"
    for sentence in paying:
        told = _PAYING.split(sentence)[0]
        if sentence.startswith("Otherwise") or UNDONE.search(told) or _LEVEL.search(told):
            continue
        more = _unplain(told, facts)
        if more or not _WINS.search(told):
            return f"not a plain win: {', '.join(more) or told[:80]}"
    return ""


def _unplain(told: str, facts: Facts) -> list[str]:
    """Words of a condition beyond the entrants, names of competitions, the day and the win."""
    texts = (facts.side.title, facts.side.event_title, facts.side.label, *facts.side.outcomes)
    names = {word for text in texts for word in name_words(text)}
    left = [
        w
        for part in undated(_BESIDE.sub(" ", told)).split()
        for w in re.split(r"[-/]", part.strip("\"'(),.:;"))
    ]
    return [
        w.lower()
        for w in left
        if w.islower() and w.isalpha() and w not in _IN_A_WIN and not set(name_words(w)) <= names
    ]


# --- rate decisions -------------------------------------------------------------------------------


def _rate_move(facts: Facts, move: Move) -> str:
    """A move the condition names is the one of the title or ticker."""
    for text in (facts.statement.condition, facts.side.title, facts.side.label):
        told = said_move(text)
        if told is not None and not equal(told, move.span, STEP):
            return f"{told.quote} in the texts, {move.span.quote} by name"
    return ""


def _rate_bank(facts: Facts, move: Move) -> str:
    """No bank but the market's own is named in title and condition."""
    for text in (facts.side.title, facts.statement.condition, facts.side.event_title):
        named = banks(text)
        if named and move.bank not in named:
            return f"{', '.join(sorted(named))} in the texts, {move.bank} by name"
    return ""


def _rate_decides(facts: Facts, move: Move) -> str:
    """The condition is there, denies nothing, and speaks of the move of one meeting alone."""
    told = facts.statement.condition
    if not told:
        return "no sentence of the rules says what decides"
    if _NEVER.search(told) or _NEVER.search(facts.side.title):
        return "the question or the condition denies"
    said = content(facts.side.title) | content(told)
    left = sorted(w for w in said - _IN_A_MOVE - banks(" ".join(said)) if w.isalpha())
    return f"more than a move: {', '.join(left)}" if left else ""


def _rate_meeting(facts: Facts, move: Move) -> str:
    """Every meeting that title, condition and schedule name is the market's."""
    if move.meeting is None:
        return ""
    texts = [facts.side.title, facts.statement.condition]
    texts += [s for s in sentences(facts.side.rules) if "meeting" in s and SET.search(s)]
    for text in texts:
        named = [d for d in days(text, move.meeting[0]) if d.precision in ("day", "month")]
        months = {(d.first.year, d.first.month) for d in named}
        if months and move.meeting not in months:
            return f"{named[0].first.isoformat()} in the texts, another meeting by name"
    return ""


GAMES: tuple[Callable[[Facts, Game], str], ...] = (
    _game_day, _game_league, _game_part, _game_outcome,
)  # fmt: skip
RATES: tuple[Callable[[Facts, Move], str], ...] = (
    _rate_decides, _rate_bank, _rate_move, _rate_meeting,
)  # fmt: skip
