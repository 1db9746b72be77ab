"""What a venue's feed was like, minute by minute, for a day: the worst of each minute is kept.

Pure: told what the feed is worth now and then, it keeps at most `KEPT` minutes, oldest first.
A minute nobody told of is missing, never invented.
"""

import msgspec

from markets.terms.units import SECOND, Ns
from trading.engine.pictures import VenueTruth

MINUTE = Ns(60 * SECOND)
KEPT = 24 * 60
LINE = 30
HOURS = 24


class Minute(msgspec.Struct, array_like=True, gc=False):
    """One minute: its number since 1970, its lowest score, its oldest p95 of message ages in ms,
    and whether trading was refused at any time of it.
    """

    number: int
    score: int
    age_p95_ms: int | None
    refused: bool


def noted(minutes: list[Minute], truth: VenueTruth) -> bool:
    """Takes one word about the feed into the list; True when it begins a new minute.

    A word older than the newest minute changes nothing.
    """
    number = truth.at // MINUTE
    refused = bool(truth.refused) or not truth.up
    if minutes and minutes[-1].number > number:
        return False
    if not minutes or minutes[-1].number < number:
        minutes.append(Minute(number, truth.score, truth.age_p95_ms, refused))
        del minutes[:-KEPT]
        return True
    last = minutes[-1]
    last.score = min(last.score, truth.score)
    last.refused = last.refused or refused
    if truth.age_p95_ms is not None:
        last.age_p95_ms = max(last.age_p95_ms or 0, truth.age_p95_ms)
    return False


def ages(minutes: list[Minute], now: Ns) -> tuple[int | None, ...]:
    """The p95 of the last `LINE` minutes, oldest first; None where nothing is known."""
    by_number = {minute.number: minute.age_p95_ms for minute in minutes[-LINE - 1 :]}
    last = now // MINUTE
    return tuple(by_number.get(number) for number in range(last - LINE + 1, last + 1))


def hours(minutes: list[Minute], now: Ns, needed: int, calm: int) -> tuple[str, ...]:
    """The last `HOURS` hours, oldest first: `stop` where trading was refused or the score fell
    below `needed`, `warn` below `calm`, `ok`, or empty where nothing is known.
    """
    last = now // MINUTE
    marks = [""] * HOURS
    for minute in minutes:
        place = HOURS - 1 - (last - minute.number) // 60
        if 0 <= place < HOURS:
            marks[place] = max(marks[place], _mark(minute, needed, calm), key=_ORDER.index)
    return tuple(marks)


_ORDER = ("", "ok", "warn", "stop")


def _mark(minute: Minute, needed: int, calm: int) -> str:
    if minute.refused or minute.score < needed:
        return "stop"
    return "warn" if minute.score < calm else "ok"
