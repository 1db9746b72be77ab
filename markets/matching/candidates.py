"""Candidates: which markets of one venue might be those of another, without judging them.

Two ways in, joined: likeness of words (TF-IDF of what titles say, a sparse product taken in blocks)
and shared keys (a game's league, day and team; an inverted index). Nothing here confirms anything.
Shape: for each market of the first list at most `top` of the second, best first. Memory is bounded
by the block, not by the product of both lists.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache
from itertools import product
from math import log, sqrt

import msgspec
import numpy as np
from scipy.sparse import csr_matrix

from markets.matching.game_slugs import game_of_slug
from markets.matching.game_tickers import game_of_ticker
from markets.matching.games import Entrant, Game
from markets.matching.leagues import CODES, team
from markets.matching.places import districts
from markets.matching.quantities import spans
from markets.matching.rates import move
from markets.matching.sides import Side
from markets.matching.statements import condition_of, content
from markets.matching.windows import Day, days
from markets.matching.wording import name_words
from markets.terms.units import MICRO

BLOCK = 512
COMMON = 0.05  # a word in more than this part of both lists tells nothing
COMMON_LEAST = 200
_DAY_IN_SLUG = re.compile(r"(?<!\d)(\d\d)-(\d\d)-(20\d\d)(?!\d)")
_NUMBER_IN_SLUG = re.compile(r"(?<![\w.])(\d{1,4})([km])(?![a-z\d])")


class Candidate(msgspec.Struct, frozen=True):
    """Numbers of a market of each list, and their likeness (1 for a shared key)."""

    first: int
    second: int
    likeness: float


def candidates(
    first: Sequence[Side], second: Sequence[Side], top: int = 8, least: float = 0.25
) -> list[Candidate]:
    """The pairs worth judging, by first market, likeness falling."""
    keyed = _keyed(first, second, top)
    worded = _worded(first, second, top, least)
    found: list[Candidate] = []
    for number in range(len(first)):
        likeness = dict(worded[number])
        likeness.update(dict.fromkeys(keyed.get(number, ()), 1.0))
        best = sorted(likeness.items(), key=lambda pair: (-pair[1], pair[0]))
        room = max(top, len(keyed.get(number, ())))
        found += [Candidate(number, other, score) for other, score in best[:room]]
    return found


def features(side: Side) -> tuple[str, ...]:
    """The words a market is found by."""
    said = content(side.title) | content(side.event_title) | content(side.label)
    if side.is_kalshi or not side.title:
        said |= content(condition_of(side))
    parts = {part for word in said for part in word.split("-") if len(part) > 1}
    return tuple(sorted(said | parts))


def marks(side: Side) -> tuple[str, ...]:
    """Numbers, last days and districts a market names, spelt one way: what tells apart the markets
    of one question.
    """
    texts = (side.title, side.label, condition_of(side))
    found = frozenset().union(*(_marks_in(text) for text in texts if text))
    return tuple(sorted(found | _slug_marks(side)))


@lru_cache(maxsize=65_536)
def _marks_in(text: str) -> frozenset[str]:
    bounds = [b for span in spans(text) for b in (span.low, span.high) if b]
    found = {f"#{_three_digits(bound)}" for bound in bounds}
    found |= {f"@{_last(day).isoformat()}" for day in days(text)}
    return frozenset(found | {f"%{name}" for name in districts(text)})


def _three_digits(value: int) -> str:
    """A number to three digits: a strike of 149,999.99 is one of 150,000."""
    return f"{value:.2e}"


def _last(day: Day) -> date:
    """The last day that still counts: before the first of a month is by the end of the last."""
    if day.said == "before":
        return day.first - timedelta(days=1)
    return day.after - timedelta(days=1)


def _slug_marks(side: Side) -> frozenset[str]:
    """Days and round numbers in a slug: the year last, thousands and millions by their letter."""
    slug = "" if side.is_kalshi else side.slug
    found = {
        f"@{year}-{month}-{number}"
        for month, number, year in _DAY_IN_SLUG.findall(slug)
        if 1 <= int(month) <= 12 and 1 <= int(number) <= 31
    }
    for digits, scale in _NUMBER_IN_SLUG.findall(slug):
        found.add(f"#{_three_digits(int(digits) * (1_000 if scale == 'k' else MICRO) * MICRO)}")
    return frozenset(found)


def keys(side: Side) -> tuple[str, ...]:
    """What two markets share when they are on one game or one meeting: league, day and a team."""
    game = game_of_ticker(side) if side.is_kalshi else game_of_slug(side)
    if game is not None:
        return _game_keys(game, widely=side.is_kalshi)
    moving = move(side)
    if moving is not None and moving.meeting is not None:
        return (f"move {moving.bank} {moving.meeting}",)
    return ()


def _game_keys(game: Game, *, widely: bool) -> tuple[str, ...]:
    """Keys of one day, or of its neighbours too: another zone may call it the next."""
    shifts = (0, -1, 1) if widely else (0,)
    marks = {mark for e in game.entrants for mark in _marks(game.league, e)}
    # One team is enough within a known league; otherwise both must be met.
    leagues = ("", f"{game.league} ") if game.league in CODES.values() else ("",)
    return tuple(
        f"{league}{(game.day + timedelta(days=shift)).isoformat()} {mark}"
        for league, shift, mark in product(leagues, shifts, sorted(marks))
    )


def _marks(league: str, entrant: Entrant) -> set[str]:
    """Short spellings of an entrant: its code by the table, the code's letters, and beginnings of
    the name's words.
    """
    low = entrant.code.lower()
    marks = {low[:3]} if low else set()
    if len(low) == 6:
        marks.add(low[3:])
    known = team(league, entrant.name) or team(league, low)
    if known is not None:
        marks.add(known.code)
    return marks | {word[:3] for word in name_words(entrant.name) if len(word) > 2}


def _keyed(first: Sequence[Side], second: Sequence[Side], top: int) -> dict[int, list[int]]:
    """Pairs that share two keys, such as both teams of a game, best first."""
    index: dict[str, list[int]] = defaultdict(list)
    for number, side in enumerate(second):
        for key in keys(side):
            index[key].append(number)
    found: dict[int, list[int]] = {}
    for number, side in enumerate(first):
        shared: dict[int, int] = defaultdict(int)
        for key in keys(side):
            for other in index.get(key, ()):
                shared[other] += 2 if key.startswith("move") else 1
        enough = sorted((-count, other) for other, count in shared.items() if count >= 2)
        found[number] = [other for _, other in enough[: 8 * top]]
    return found


def _worded(
    first: Sequence[Side], second: Sequence[Side], top: int, least: float
) -> list[list[tuple[int, float]]]:
    """For each market of the first list, the likest of the second above `least`."""
    one, two = _found_by(first, second)
    vocabulary, weights = _weights(one, two)
    left = _matrix(one, vocabulary, weights)
    right = _matrix(two, vocabulary, weights).T.tocsr()
    found: list[list[tuple[int, float]]] = []
    for start in range(0, left.shape[0], BLOCK):
        block = (left[start : start + BLOCK] @ right).tocsr()
        for row in range(block.shape[0]):
            here = slice(block.indptr[row], block.indptr[row + 1])
            found.append(_best(block.indices[here], block.data[here], top, least))
    return found


def _best(
    others: np.ndarray, values: np.ndarray, top: int, least: float
) -> list[tuple[int, float]]:
    kept = values >= least
    others, values = others[kept], values[kept]
    if len(values) > top:
        best = np.argpartition(-values, top)[:top]
        others, values = others[best], values[best]
    return [(int(o), float(v)) for o, v in zip(others, values, strict=True)]


def _found_by(
    first: Sequence[Side], second: Sequence[Side]
) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    """What each market is found by: its rarer words and its marks; a word that many say counts only
    together with a mark.
    """
    said = [[features(side) for side in sides] for sides in (first, second)]
    seen = _counts(*said)
    limit = max(COMMON_LEAST, int(COMMON * (len(first) + len(second))))
    found: list[list[tuple[str, ...]]] = []
    for sides, rows in zip((first, second), said, strict=True):
        found.append([])
        for side, row in zip(sides, rows, strict=True):
            rare = [word for word in row if seen[word] <= limit]
            common = [word for word in row if seen[word] > limit]
            named = marks(side)
            found[-1].append((*rare, *named, *(f"{w} {m}" for w in common for m in named)))
    return found[0], found[1]


def _counts(*lists: list[tuple[str, ...]]) -> dict[str, int]:
    seen: dict[str, int] = defaultdict(int)
    for rows in lists:
        for words in rows:
            for word in words:
                seen[word] += 1
    return seen


def _weights(
    one: list[tuple[str, ...]], two: list[tuple[str, ...]]
) -> tuple[dict[str, int], np.ndarray]:
    """Words of both lists with their weight: the rarer the heavier; common ones are left out."""
    seen = _counts(one, two)
    total = len(one) + len(two)
    limit = max(COMMON_LEAST, int(COMMON * total))
    kept = [word for word, count in seen.items() if count <= limit]
    vocabulary = {word: number for number, word in enumerate(kept)}
    return vocabulary, np.array([log(1 + total / seen[word]) for word in kept], dtype=np.float32)


def _matrix(
    rows: list[tuple[str, ...]], vocabulary: dict[str, int], weights: np.ndarray
) -> csr_matrix:
    columns: list[int] = []
    ends = [0]
    values: list[float] = []
    for words in rows:
        inside = [vocabulary[w] for w in words if w in vocabulary]
        length = sqrt(sum(float(weights[c]) ** 2 for c in inside)) or 1.0
        columns += inside
        values += [float(weights[c]) / length for c in inside]
        ends.append(len(columns))
    return csr_matrix(
        (np.array(values, dtype=np.float32), np.array(columns), np.array(ends)),
        shape=(len(rows), max(1, len(vocabulary))),
    )
