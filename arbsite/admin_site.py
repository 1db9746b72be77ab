"""What the admin shows of the running system: the mode pill, the number of pairs waiting."""

from __future__ import annotations

from django.http import HttpRequest

from markets import selectors as markets
from risk import selectors as risk
from trading.engine.config import Mode

PILLS = {
    Mode.DETECT: ("DETECT", "info"),
    Mode.PAPER: ("PAPER", "info"),
    Mode.LIVE: ("LIVE", "danger"),
    Mode.BOTH: ("LIVE + PAPER", "danger"),
}


def environment(request: HttpRequest) -> list[str]:
    """The saved mode and its colour."""
    text, colour = PILLS[risk.engine().exec_mode]
    return [text, colour]


def pairs_waiting(request: HttpRequest) -> int | None:
    """Pairs that need a person; nothing when there are none."""
    return markets.pairs_waiting() or None
