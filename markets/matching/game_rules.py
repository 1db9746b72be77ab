"""Hard rules for two markets on games: league, day, entrants, kind, part, line, draw, overtime.

Each takes both sides' facts, each with a game, and says pass, fail or unknown with the words it
rests on. A difference seen only in tickers or slugs, without a title or rule on one side, asks a
person instead of refusing: codes are conventions, not statements.
"""

from collections.abc import Callable

from markets.matching.facts import Facts
from markets.matching.games import Game, meeting, negated, same_player
from markets.matching.leagues import CODES, DRAWS
from markets.matching.quantities import Span, complements, equal
from markets.matching.verdicts import Finding, Word
from markets.terms.units import MICRO

START_APART = 180  # minutes: two starts of one game, told by two venues, are closer than this
_SAME_START = 20 * 60


def _pair(a: Facts, b: Facts) -> tuple[Game, Game]:
    if a.game is None or b.game is None:
        raise ValueError("a rule for games was asked about markets that are on none")
    return a.game, b.game


def _soft(a: Facts, b: Facts, word: Word) -> Word:
    return Word.UNKNOWN if word is Word.FAIL and (a.bare or b.bare) else word


def league(a: Facts, b: Facts) -> Finding:
    """Both games are of one league."""
    x, y = _pair(a, b)
    if x.league == y.league:
        return Finding("league", Word.PASS, x.league, y.league)
    known = x.league in CODES.values() and y.league in CODES.values()
    word = _soft(a, b, Word.FAIL) if known else Word.UNKNOWN
    return Finding(
        "league", word, x.league, y.league, "the games are of different leagues" if known else ""
    )


def day(a: Facts, b: Facts) -> Finding:
    """Both games begin on one day; start times decide where both venues state them."""
    x, y = _pair(a, b)
    one, two = _when(x), _when(y)
    gap = abs((x.day - y.day).days)
    if x.minute is not None and y.minute is not None:
        apart = abs(
            (x.day - y.day).days * 1440 * (1 if x.day > y.day else -1) + x.minute - y.minute
        )
        if apart <= START_APART:
            return Finding("day", Word.PASS, one, two)
        if apart >= _SAME_START:
            return Finding("day", Word.FAIL, one, two, "the games start on different days")
        return Finding(
            "day",
            Word.UNKNOWN,
            one,
            two,
            "the starts lie hours apart: maybe a second game that day",
        )
    if gap == 0 and x.number != y.number:
        return Finding("day", Word.UNKNOWN, one, two, "maybe the other game of that day")
    if gap == 0:
        return Finding("day", Word.PASS, one, two)
    if gap == 1:
        return Finding(
            "day",
            Word.UNKNOWN,
            one,
            two,
            "one day apart: maybe another zone's date, maybe another game",
        )
    return Finding("day", Word.FAIL, one, two, "the games are on different days")


def _when(game: Game) -> str:
    clock = (
        "" if game.minute is None else f" {game.minute // 60 % 24:02d}:{game.minute % 60:02d} ET"
    )
    return f"{game.day.isoformat()}{clock}"


def entrants(a: Facts, b: Facts) -> Finding:
    """The same two meet."""
    x, y = _pair(a, b)
    word = {True: Word.PASS, False: Word.FAIL, None: Word.UNKNOWN}[meeting(x, y).same]
    why = "others play" if word is Word.FAIL else ""
    return Finding("entrants", word, _who(x), _who(y), why)


def _who(game: Game) -> str:
    return " / ".join(e.name or e.code for e in game.entrants)


def kind(a: Facts, b: Facts) -> Finding:
    """Both ask for the same kind of thing: winner, spread, total, a player's count."""
    x, y = _pair(a, b)
    word = Word.PASS if x.kind == y.kind else _soft(a, b, Word.FAIL)
    return Finding(
        "kind", word, x.kind, y.kind, "" if word is Word.PASS else f"{x.kind} against {y.kind}"
    )


def period(a: Facts, b: Facts) -> Finding:
    """Both are about the same part of the game."""
    x, y = _pair(a, b)
    word = Word.PASS if x.period == y.period and x.period else _soft(a, b, Word.FAIL)
    return Finding(
        "period",
        word,
        x.period,
        y.period,
        "" if word is Word.PASS else f"{x.period} against {y.period}",
    )


def player(a: Facts, b: Facts) -> Finding:
    """Markets on a player's count name the same player."""
    x, y = _pair(a, b)
    if not (x.kind.startswith("prop") or y.kind.startswith("prop")):
        return Finding("player", Word.PASS, why="not about a player")
    word = {True: Word.PASS, False: Word.FAIL, None: Word.UNKNOWN}[same_player(x.player, y.player)]
    return Finding(
        "player", word, x.player, y.player, "another player" if word is Word.FAIL else ""
    )


def line(a: Facts, b: Facts) -> Finding:
    """Both need the same margin or total, or exactly the rest of it."""
    x, y = _pair(a, b)
    if not x.kind.startswith(("spread", "total", "prop-")) or x.kind != y.kind:
        return Finding("line", Word.PASS, why="no line")
    if x.span is None or y.span is None:
        return Finding("line", Word.UNKNOWN, _said(x), _said(y))
    told = oriented(x, y)
    if told is None:
        return Finding("line", Word.UNKNOWN, _said(x), _said(y), "whose margin is not known")
    one, two = told
    word = Word.PASS if equal(one, two, MICRO) or complements(one, two, MICRO) else Word.FAIL
    return Finding(
        "line", word, _said(x), _said(y), "" if word is Word.PASS else "the lines differ"
    )


def oriented(x: Game, y: Game) -> tuple[Span, Span] | None:
    """Both spans told of the first game's backed entrant; None when whose margin is unknown."""
    if x.span is None or y.span is None:
        return None
    if not x.kind.startswith("spread"):
        return x.span, y.span
    met = meeting(x, y)
    if x.backs is None or y.backs is None or met.crossed is None:
        return None
    same_entrant = (x.backs == y.backs) != met.crossed
    return x.span, y.span if same_entrant else negated(y.span)


def _said(game: Game) -> str:
    backed = (
        ""
        if game.backs is None
        else game.entrants[game.backs].name or game.entrants[game.backs].code
    )
    if game.span is None:
        return backed or game.quote
    low, _, high, _ = game.span.bounds
    ends = " to ".join("" if end is None else f"{end / MICRO:g}" for end in (low, high))
    return f"{backed} {ends}".strip()


def draw(a: Facts, b: Facts) -> Finding:
    """A level end is treated alike: it loses on both (three-way) or is returned on both."""
    x, y = _pair(a, b)
    if x.kind not in ("win", "draw") or x.kind != y.kind:
        return Finding("draw", Word.PASS, why="not about a winner")
    one, two = (_level(g) for g in (x, y))
    if (
        not {x.league, y.league} & DRAWS
        and x.period != "f5"
        and True not in (x.three_way, y.three_way)
    ):
        return Finding("draw", Word.PASS, one, two, "games of this league do not end level")
    if x.three_way is None or y.three_way is None:
        return Finding("draw", Word.UNKNOWN, one, two)
    word = Word.PASS if x.three_way == y.three_way else _soft(a, b, Word.FAIL)
    return Finding(
        "draw", word, one, two, "" if word is Word.PASS else "draw no bet against three-way"
    )


def _level(game: Game) -> str:
    return {True: "a level end loses", False: "a level end is returned", None: "not said"}[
        game.three_way
    ]


def overtime(a: Facts, b: Facts) -> Finding:
    """Both count overtime, or both do not."""
    if a.overtime and b.overtime:
        word = Word.PASS if a.overtime == b.overtime else Word.FAIL
        return Finding(
            "overtime",
            word,
            a.overtime,
            b.overtime,
            "regulation against overtime" if word is Word.FAIL else "",
        )
    x, y = _pair(a, b)
    silent = {x.league, y.league} & DRAWS and (a.overtime or b.overtime)
    if silent or "regulation" in (a.overtime, b.overtime):
        return Finding("overtime", Word.UNKNOWN, a.overtime, b.overtime, "one side does not say")
    return Finding(
        "overtime",
        Word.PASS,
        a.overtime,
        b.overtime,
        "the whole game on both, as nothing else is said",
    )


RULES: tuple[tuple[str, str, Callable[[Facts, Facts], Finding]], ...] = (
    ("league", "one league", league), ("day", "one day of play, by start times where stated", day),
    ("entrants", "the same two meet", entrants), ("kind", "winner, spread, total or count alike", kind),
    ("period", "the same part of the game", period), ("player", "the same player", player),
    ("line", "the same margin or total, or its exact rest", line), ("draw", "a level end treated alike", draw),
    ("overtime", "overtime counted alike", overtime),
)  # fmt: skip
