"""Whether the texts of one market agree with one another.

A market is read from its title, its ticker or slug, and the sentence of its rules that decides it.
Where these say different things, no reading of one of them can be trusted: a person must look. Each
check answers with what is wrong, in a few words, or with nothing. Not here: anything about the
other market of a pair; games and rate decisions (`own_games`).
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache

from markets.matching.contests import atoms
from markets.matching.facts import Facts, denies, extract
from markets.matching.lexicon import HARD
from markets.matching.own_games import GAMES, RATES, SET, UNDONE
from markets.matching.quantities import equal, spans
from markets.matching.sides import Side
from markets.matching.statements import acts, conditions, content
from markets.matching.windows import days, window
from markets.matching.wording import alike, name_words, plain, sentences, words

_SEASON = re.compile(r"\b(20\d\d)\s?[-/]\s?(?:20)?(\d\d)\b(?!-\d)")
_YEAR = re.compile(r"(?<![-/\d$.,])\b(20\d\d)\b(?![-/]\d|%|\.\d|,\d)")
_UNTIL = re.compile(
    r"\b(?:by|before|until|through|prior to|no later than|after|since|as of)\b", re.I
)
_LISTED = re.compile(
    r"\b(?:listed|named|specified) (?:division|conference|group|state|district|city|category|award)\b"
)
_NAMES_NOBODY = re.compile(r"\b(?:listed|named|this|that|the)\b", re.I)
_SUBJECT_SET = re.compile(
    r"^(?:The|An?) (.{4,80}?) (?:is|are|was|were|will be|will take) (?:currently )?"
    r"(?:scheduled|expected|set|held|place)\b"
)
Years = frozenset[tuple[int, int]]


def disagreements(facts: Facts) -> tuple[str, ...]:
    """What one market's texts contradict one another about; empty when nothing is seen."""
    return _disagreements(facts.side) if facts.side.rules else ()


@lru_cache(maxsize=65_536)
def _disagreements(side: Side) -> tuple[str, ...]:
    """The same by market: each is compared with several others."""
    facts = extract(side)
    if facts.game is not None:
        found = [check(facts, facts.game) for check in GAMES]
    elif facts.move is not None:
        found = [check(facts, facts.move) for check in RATES]
    else:
        found = [check(facts) for check in _STATEMENT]
    return tuple(said for said in found if said)


def _decides(facts: Facts) -> str:
    found = conditions(facts.side)
    if not found:
        return "no sentence of the rules says what decides"
    if len({atoms(one) for one in found}) > 1:
        return f"the rules pay in more than one way: {found[1][:80]}"
    return ""


def _years(facts: Facts) -> str:
    """Title, event and condition, and what the rules say is scheduled, name one year or season."""
    side = facts.side
    told = [_years_of(text) for text in (facts.statement.condition, side.title, side.event_title)]
    told += [
        _years_of(sentence, dated=True)
        for sentence in sentences(side.rules)
        if SET.search(sentence) and not UNDONE.search(sentence) and not _UNTIL.search(sentence)
    ]
    named = [years for years in told if years]
    for one in named:
        for other in named:
            if not any(_meet(x, y) for x in one for y in other):
                return f"years apart: {_spell(one)} and {_spell(other)}"
    return ""


@lru_cache(maxsize=65_536)
def _years_of(text: str, *, dated: bool = False) -> Years:
    """Seasons and years a text names; without `dated`, not those of dates and of cut-offs."""
    flat = plain(text)
    found = {(int(m.group(1)), 2000 + int(m.group(2))) for m in _SEASON.finditer(flat)}
    flat = _SEASON.sub(" ", flat)
    if not dated:
        for day in days(flat):
            if day.said in ("before", "by") or day.precision != "year":
                flat = flat.replace(day.quote, " ")
    return frozenset(found | {(int(y), int(y)) for y in _YEAR.findall(flat)})


def _meet(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Two seasons are one; a year lies in its season."""
    if one[0] < one[1] and other[0] < other[1]:
        return one == other
    return one[0] <= other[1] and other[0] <= one[1]


def _spell(years: Years) -> str:
    return ", ".join(f"{a}" if a == b else f"{a}-{b % 100:02d}" for a, b in sorted(years))


def _deeds(facts: Facts) -> str:
    """Title and condition name the same deed first."""
    title, told = _acts(facts.side.title), _acts(facts.statement.condition)
    one, other = title[0] if title else "", told[0] if told else ""
    if one == other or not facts.side.title or {one, other} <= {"", "win"}:
        return ""
    return f"{one or 'nothing'} in the title, {other or 'nothing'} in the rules"


def _acts(text: str) -> tuple[str, ...]:
    return acts(f"{atoms(text)} | {plain(text).lower()}") if text else ()


def _denials(facts: Facts) -> str:
    told = facts.statement.condition
    if told and facts.side.title and denies(told) != denies(facts.side.title):
        return "only one of title and rules says not"
    return ""


def _words(facts: Facts) -> str:
    """Every word of the title that says something stands in the rules too.

    Rules that speak of "the listed division" leave its name to the title.
    """
    side, names = facts.side, set(name_words(facts.statement.subject))
    known = {*content(side.rules), *content(side.more_rules)}
    parts = {part for word in known for part in word.split("-")} | names
    if _LISTED.search(facts.statement.condition):
        parts |= {part for word in content(side.title) - HARD for part in word.split("-")}
    known |= names | set(words(atoms(facts.statement.subject)))
    alone = facts.statement.told & content(side.title)
    stems = {_stem(word) for word in known | parts}
    left = sorted(w for w in alone if _stem(w) not in stems and not set(w.split("-")) <= parts)
    return f"only the title says {', '.join(left)}" if left else ""


def _stem(word: str) -> str:
    """A word without its ending: visits, visited and visiting are one deed of one market."""
    return re.sub(r"(?:ing|ed|es|s|d|e)$", "", word) if len(word) > 4 else word


def _what_is_held(facts: Facts) -> str:
    """What the rules say is scheduled is what title, event and condition speak of."""
    said = facts.statement.support | facts.statement.told
    for sentence in sentences(facts.side.rules):
        match = _SUBJECT_SET.match(sentence)
        left = sorted(content(match.group(1)) - said) if match is not None else []
        if left:
            return f"the rules speak of {match.group(1) if match else ''}"
    return ""


def _cutoffs(facts: Facts) -> str:
    year = int(facts.side.close_at[:4]) if facts.side.close_at[:4].isdigit() else None
    title, told = window(facts.side.title, year), window(facts.statement.condition, year)
    if title is None or told is None or title.cut is None or told.cut is None:
        return ""
    if abs((title.cut - told.cut).days) > 1:
        return f"until {_until(title.cut)} in the title, {_until(told.cut)} in the rules"
    return ""


def _until(cut: datetime) -> str:
    return (cut - timedelta(minutes=1)).date().isoformat()


def _numbers(facts: Facts) -> str:
    """A range in the title or label is the one of the condition."""
    told = spans(facts.statement.condition)
    for text in (facts.side.label, facts.side.title):
        shown = spans(text)
        if shown and told and not any(equal(x, y) for x in shown for y in told):
            return f"{shown[0].quote} beside {told[0].quote}"
    return ""


def _subjects(facts: Facts) -> str:
    label = facts.side.label
    if not label or label.startswith("::") or re.search(r"\d", label):
        return ""
    for text in (facts.side.title, facts.statement.condition):
        asked = re.match(r"(?:Will )?(?:the )?(.+?) (?:wins?|be|become|has won)\b", plain(text))
        if asked is None or len(asked.group(1)) > 40 or _NAMES_NOBODY.search(asked.group(1)):
            continue
        if asked.group(1)[:1].isupper() and alike(asked.group(1), label) is False:
            return f"{label} on the label, {asked.group(1)} in the text"
    return ""


_STATEMENT: tuple[Callable[[Facts], str], ...] = (
    _decides, _years, _deeds, _denials, _words, _what_is_held, _cutoffs, _numbers, _subjects,
)  # fmt: skip
