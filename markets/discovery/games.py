"""What a game's times and state say: begun, over, postponed, another game than before.

Only the venues' own fields count: Kalshi's milestone start, Polymarket's game start and period; a
closing time is no start (kalshi sheet 7.3). A start that is not known never counts as begun, and
never as the same. Source: kalshi sheet 3.7 and 7.3, polymarket sheet 4.1 and 5.5.
"""

from collections.abc import Iterable
from enum import StrEnum

from markets.discovery.catalog import Details
from markets.terms.units import SECOND, Ns

SAME_START = Ns(30 * 60 * SECOND)  # venues round and correct a start by less than this
POSTPONED = ("POST", "PPD", "POSTPONED", "SUSP", "CAN", "CANC", "CANCELLED")


class Phase(StrEnum):
    """Where a game stands."""

    UNKNOWN = "unknown"
    BEFORE = "before"
    BEGUN = "in-play"
    POSTPONED = "postponed"
    OVER = "over"


def phase(details: Details, at: Ns) -> Phase:
    """Where the game of a market stands at `at`; unknown without a start and without a word."""
    if details.period.upper() in POSTPONED:
        return Phase.POSTPONED
    if details.ended:
        return Phase.OVER
    if details.live:
        return Phase.BEGUN
    if details.starts_at is None:
        return Phase.UNKNOWN
    return Phase.BEGUN if at >= details.starts_at else Phase.BEFORE


def furthest(phases: Iterable[Phase]) -> Phase:
    """The furthest phase that any venue tells: whoever saw it begin is believed."""
    order = (Phase.UNKNOWN, Phase.BEFORE, Phase.BEGUN, Phase.OVER, Phase.POSTPONED)
    return max(phases, key=order.index, default=Phase.UNKNOWN)


def is_moved(before: Ns | None, now: Ns | None) -> bool:
    """Whether a start that was known is another one, or unknown, now."""
    if before is None:
        return False
    return now is None or abs(now - before) > SAME_START


def is_postponed(before: Details, now: Details) -> bool:
    """Whether a game was put off since it was last listed: by word, or to a later start."""
    if now.period.upper() in POSTPONED and before.period.upper() not in POSTPONED:
        return True
    if before.starts_at is None or now.starts_at is None:
        return False
    return now.starts_at - before.starts_at > SAME_START


def are_apart(first: Ns | None, second: Ns | None) -> bool:
    """Whether two starts are of different games, as the two games of a doubleheader are."""
    return first is not None and second is not None and abs(first - second) > SAME_START
