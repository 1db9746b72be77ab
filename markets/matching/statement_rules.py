"""Hard rules for two markets that are not on one game: subject, deed, contest, place, number,
window, edition, and the words that are left.

Each takes both sides' facts and says pass, fail or unknown with the words it rests on. A subject is
refused only when neither side's texts know the other's name.
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache

from markets.matching.contests import atoms
from markets.matching.facts import Edition, Facts
from markets.matching.leagues import LEAGUES, team
from markets.matching.lexicon import HARD, OFFICES, SPANNING, STATEWIDE
from markets.matching.quantities import Span, complements, equal
from markets.matching.statements import Statement, left_over, same_subject, untold
from markets.matching.verdicts import Finding, Word
from markets.matching.windows import Window
from markets.matching.wording import name_words, plain

_APART = (
    {"nominee", "win"}, {"run", "nominee"}, {"run", "win"}, {"place", "win"}, {"qualify", "win"}, {"advance", "win"},
    {"seed", "win"}, {"purchase", "invade"}, {"acquire", "invade"}, {"nominated", "confirmed"}, {"nominee", "inaugurated"},
    {"relegated", "win"}, {"lead", "win"}, {"eliminated", "win"}, {"annex", "purchase"}, {"pardon", "leave"},
    {"run", "inaugurated"}, {"qualify", "place"}, {"announce", "release"}, {"impeach", "leave"}, {"draft", "win"},
)  # fmt: skip
PARTIES = ("democrats", "republicans")
_POST = re.compile(r"\b(president|presidency|primeminister|secretary|chair)")
_JOINS = frozenset(
    [
        "the",
        "of",
        "and",
        "de",
        "da",
        "do",
        "dos",
        "von",
        "van",
        "der",
        "la",
        "le",
        "el",
        "al",
        "bin",
        "party",
    ]
)
_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)


def subject(a: Facts, b: Facts) -> Finding:
    """Both are about the same person, team, country, party or thing."""
    x, y = a.statement, b.statement
    found = same_subject(x, y)
    if found is not True:
        found = _as_teams(a, b) if _as_teams(a, b) is not None else found
    one, two = x.subject or x.quote, y.subject or y.quote
    if _parties(a, b):
        return Finding("subject", Word.UNKNOWN, one, two, "the two parties of one race")
    if _parties_in(x) != _parties_in(y) and max(len(_parties_in(x)), len(_parties_in(y))) > 1:
        return Finding("subject", Word.UNKNOWN, x.quote, y.quote, "the parties stand otherwise")
    if found is True:
        return Finding("subject", Word.PASS, one, two)
    if not x.subject and not y.subject and x.core and x.core == y.core:
        return Finding("subject", Word.PASS, x.quote, y.quote, "the same words")
    named = _is_name(x.subject) and _is_name(y.subject)
    if found is False and named and not _known_there(x, y) and not _known_there(y, x):
        return Finding("subject", Word.FAIL, one, two, "about another")
    return Finding("subject", Word.UNKNOWN, one, two)


def _is_name(subject: str) -> bool:
    """Whether a subject is a name: not a thing described in words, and not a post somebody holds."""
    if _POST.search(atoms(subject)):
        return False
    return all(word[:1].isupper() or word.lower() in _JOINS for word in plain(subject).split())


def _as_teams(a: Facts, b: Facts) -> bool | None:
    words = a.statement.support | b.statement.support | a.statement.core | b.statement.core
    for league in LEAGUES:
        if league in words:
            one, two = team(league, a.statement.subject), team(league, b.statement.subject)
            if one is not None and two is not None:
                return one == two
    return None


def _known_there(one: Statement, other: Statement) -> bool:
    """Whether the other side's statement holds the surname or last word of this subject."""
    parts = name_words(one.subject)
    there = set(name_words(other.quote)) | set(name_words(other.subject))
    return bool(parts) and parts[-1] in there and parts[0] in there


def act(a: Facts, b: Facts) -> Finding:
    """The same deed: winning is not being nominated, running, finishing second."""
    x, y = a.statement.acts, b.statement.acts
    one, two = _deed(a), _deed(b)
    if not x and not y:
        return Finding("act", Word.PASS, one, two, "no deed but the same words decide")
    if not x or not y:
        return Finding("act", Word.UNKNOWN, one, two)
    if x[0] == y[0]:
        return Finding("act", Word.PASS, one, two)
    if {x[0], y[0]} in _APART:
        return Finding("act", Word.FAIL, one, two, f"{x[0]} against {y[0]}")
    return Finding("act", Word.UNKNOWN, one, two, f"{x[0]} beside {y[0]}")


def _deed(facts: Facts) -> str:
    return ", ".join(facts.statement.acts) or facts.statement.quote


def contest(a: Facts, b: Facts) -> Finding:
    """The same competition, prize, post and stage."""
    left, right = (words & HARD for words in left_over(a.statement, b.statement))
    offices = left & OFFICES and right & OFFICES
    one, two = _named(left, a), _named(right, b)
    if (a.bare or b.bare) and (left or right):
        return Finding("contest", Word.UNKNOWN, one, two)
    if offices:
        return Finding("contest", Word.FAIL, one, two, "another post")
    if left or right:
        named = ", ".join(sorted(left | right))
        return Finding("contest", Word.FAIL, one, two, f"only one side says: {named}")
    left, right = (words & HARD for words in untold(a.statement, b.statement))
    if left or right:
        one, two = _named(left, a), _named(right, b)
        return Finding("contest", Word.UNKNOWN, one, two, "said in one side's rules only")
    return Finding("contest", Word.PASS, a.statement.quote, b.statement.quote)


def _named(words: frozenset[str], facts: Facts) -> str:
    return ", ".join(sorted(words)) or facts.statement.quote


def place(a: Facts, b: Facts) -> Finding:
    """The same district, state and weather station."""
    for name, x, y in (
        ("station", a.stations, b.stations), ("district", a.districts, b.districts), ("state", a.states, b.states),
    ):  # fmt: skip
        one, two = ", ".join(sorted(x)), ", ".join(sorted(y))
        if x and y and not x & y:
            return Finding("place", Word.FAIL, one, two, f"another {name}")
        if bool(x) != bool(y) and not _within(name, a, b):
            word = Word.FAIL if _local_post(name, a, b) else Word.UNKNOWN
            return Finding("place", word, one, two, f"only one side names a {name}")
    return Finding("place", Word.PASS, _where(a), _where(b))


def _within(name: str, a: Facts, b: Facts) -> bool:
    """Whether a state is only the one a shared district lies in."""
    inside = frozenset(d[:2] for d in a.districts | b.districts)
    return name == "state" and bool(a.districts & b.districts or a.states | b.states <= inside)


def _local_post(name: str, a: Facts, b: Facts) -> bool:
    """Whether one side is about a seat or state and the other about the whole country."""
    if name == "station" or a.bare or b.bare:
        return False
    if name == "district":
        return not (a.states and b.states) and not (a.states | b.states)
    return bool(a.statement.core & STATEWIDE and b.statement.core & STATEWIDE)


def _where(facts: Facts) -> str:
    return ", ".join(sorted(facts.stations | facts.districts | facts.states))


def number(a: Facts, b: Facts) -> Finding:
    """The same range of the same number, or exactly the rest of it."""
    x, y = a.span, b.span
    if a.top != b.top and (a.top or b.top):
        both = a.top is not None and b.top is not None and a.top[0] == b.top[0]
        if not both:
            return Finding(
                "number",
                Word.FAIL if a.top and b.top else Word.UNKNOWN,
                _top(a),
                _top(b),
                "another rank",
            )
    if x is None and y is None:
        return Finding("number", Word.PASS, why="no number decides")
    if x is None or y is None:
        return Finding("number", Word.UNKNOWN, _quote(x), _quote(y), "only one side names a number")
    if equal(x, y) or complements(x, y):
        return Finding("number", Word.PASS, x.quote, y.quote)
    return Finding("number", Word.FAIL, x.quote, y.quote, "the ranges differ")


def _top(facts: Facts) -> str:
    return facts.top[1] if facts.top else ""


def _quote(span: Span | None) -> str:
    return span.quote if span else ""


def window(a: Facts, b: Facts) -> Finding:
    """Facts count in the same stretch of time."""
    x, y = a.window, b.window
    if a.dates != b.dates:
        return _other_dates(a, b)
    if x is None and y is None:
        return Finding("window", Word.PASS, why="no date decides")
    if x is None or y is None:
        return _one_window(x or y, a, b)
    if x.cut is None or y.cut is None:
        return Finding("window", Word.UNKNOWN, x.quote, y.quote)
    apart = abs(x.cut - y.cut)
    if apart >= _DAY:
        return Finding("window", Word.FAIL, x.quote, y.quote, "another cut-off")
    if apart > _MINUTE:
        return Finding("window", Word.UNKNOWN, x.quote, y.quote, "cut-offs hours apart")
    return _forms(x, y, a, b)


def _other_dates(a: Facts, b: Facts) -> Finding:
    """Dates beside the window, such as that of a meeting, differ."""
    one, two = (", ".join(sorted(day.isoformat() for day in f.dates)) for f in (a, b))
    apart = bool(a.dates and b.dates) and not a.dates & b.dates
    word = Word.FAIL if apart else Word.UNKNOWN
    return Finding(
        "window", word, one, two, "another date" if apart else "only one side says a date"
    )


def _one_window(only: Window | None, a: Facts, b: Facts) -> Finding:
    quoted = (a.window.quote if a.window else "", b.window.quote if b.window else "")
    if only is not None and only.form == "in" and _whole_year(only) and _same_edition(a, b):
        return Finding("window", Word.PASS, *quoted, "the year of the contest")
    return Finding("window", Word.UNKNOWN, *quoted, "only one side names a date")


def _whole_year(window: Window) -> bool:
    return (
        window.start is not None
        and window.cut is not None
        and (window.cut - window.start).days >= 360
    )


def _forms(x: Window, y: Window, a: Facts, b: Facts) -> Finding:
    forms = {x.form, y.form}
    if len(forms) == 1:
        both = x.start is not None and y.start is not None
        if both and abs(_gap(x.start, y.start)) >= _DAY and "on" not in forms:
            return Finding("window", Word.UNKNOWN, x.quote, y.quote, "other starts")
        return Finding("window", Word.PASS, x.quote, y.quote)
    if forms == {"by", "in"}:
        inside = x if x.form == "in" else y
        word = Word.UNKNOWN if _whole_year(inside) else Word.FAIL
        return Finding(
            "window", word, x.quote, y.quote, "by against in: one begins with its period"
        )
    word = Word.FAIL if a.span is not None and b.span is not None else Word.UNKNOWN
    return Finding("window", word, x.quote, y.quote, f"{x.form} against {y.form}")


def _gap(one: datetime | None, two: datetime | None) -> timedelta:
    return timedelta() if one is None or two is None else one - two


def edition(a: Facts, b: Facts) -> Finding:
    """The same season, year or meeting."""
    x, y = a.edition, b.edition
    quoted = (x.quote if x else "", y.quote if y else "")
    if a.window is not None and b.window is not None:
        return Finding("edition", Word.PASS, *quoted, "the window says it")
    if x is None or y is None:
        if x is None and y is None and a.window is None and b.window is None:
            return Finding("edition", Word.UNKNOWN, *quoted, "no year is named")
        return Finding("edition", Word.UNKNOWN, *quoted)
    if (x.first, x.last) == (y.first, y.last) or _spanning(a, b, x, y):
        return Finding("edition", Word.PASS, *quoted)
    if x.last < y.first or y.last < x.first:
        from_ticker = x.quote == a.side.event or y.quote == b.side.event
        return Finding(
            "edition", Word.UNKNOWN if from_ticker else Word.FAIL, *quoted, "another year"
        )
    counted = (
        a.span is not None or b.span is not None or "lead" in (*a.statement.acts, *b.statement.acts)
    )
    return Finding(
        "edition",
        Word.FAIL if counted else Word.UNKNOWN,
        *quoted,
        "a season against a calendar year",
    )


def _spanning(a: Facts, b: Facts, x: Edition, y: Edition) -> bool:
    words = a.statement.core | b.statement.core | a.statement.support | b.statement.support
    return x.last == y.last and x.last - x.first + y.last - y.first == 1 and bool(words & SPANNING)


def _same_edition(a: Facts, b: Facts) -> bool:
    return edition(a, b).word is Word.PASS


def residue(a: Facts, b: Facts) -> Finding:
    """No word of one statement is left that the other side does not say."""
    left, right = untold(a.statement, b.statement)
    word = (
        Word.PASS
        if not left and not right and (a.statement.core or b.statement.core)
        else Word.UNKNOWN
    )
    return Finding(
        "residue",
        word,
        ", ".join(sorted(left)),
        ", ".join(sorted(right)),
        "" if word is Word.PASS else "words only one side says",
    )


def _neutral(a: Facts, b: Facts) -> frozenset[str]:
    """Words that one venue adds to a deed both name."""
    both = set(a.statement.acts[:1]) & set(b.statement.acts[:1])
    return frozenset(["primary"]) if "nominee" in both else frozenset()


def _parties(a: Facts, b: Facts) -> bool:
    """Whether the two sides are about the two parties."""
    one, two = _party(a.statement.subject), _party(b.statement.subject)
    return bool(one and two) and one != two


def _parties_in(said: Statement) -> tuple[str, ...]:
    """The parties of a statement in their order: of several together, order tells who wins what."""
    return tuple(word for word in atoms(said.quote).split() if word in PARTIES)


@lru_cache(maxsize=65_536)
def _party(subject: str) -> str:
    """The one party a subject names; empty when it names none or both."""
    found = [party for party in PARTIES if party in atoms(subject).split()]
    return found[0] if len(found) == 1 else ""


def opposite_parties(a: Facts, b: Facts) -> bool:
    """Whether the two parties are asked about control of one chamber, where one has it exactly when
    the other has not; in a single race a third may win.
    """
    local = a.states | b.states | a.districts | b.districts
    chambers = a.statement.core & b.statement.core & frozenset(["senate", "house", "presidency"])
    return _parties(a, b) and not local and bool(chambers)


RULES: tuple[tuple[str, str, Callable[[Facts, Facts], Finding]], ...] = (
    ("subject", "the same person, team, country or party", subject), ("act", "the same deed", act),
    ("contest", "the same competition, prize, post and stage", contest),
    ("place", "the same station, district and state", place), ("number", "the same range, or its exact rest", number),
    ("window", "the same cut-off, start and way of saying it", window), ("edition", "the same season or year", edition),
    ("residue", "no word is left that only one side says", residue),
)  # fmt: skip
