"""What makes a transition happen: faults asked of the fakes while the worker is to pass it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from trading.runtime.crash import AFTER, BEFORE, FIXED, POINTS

KALSHI, POLYMARKET = "kalshi", "polymarket"


@dataclass(frozen=True)
class Provoked:
    """A fault at one venue, asked for again every second while its point is waited for."""

    venue: str
    words: dict[str, Any]


def _fault(venue: str, kind: str, **words: Any) -> Provoked:
    return Provoked(venue, {"kind": kind, **words})


REJECT = (_fault(KALSHI, "reject", count=1),)
REJECT_ALL = (_fault(KALSHI, "reject", count=8),)
PARTIAL = (_fault(KALSHI, "partial", count=1, percent=50),)
PARTIAL_ALL = (_fault(KALSHI, "partial", count=8, percent=30),)
UNANSWERED = (_fault(KALSHI, "unanswered", count=1), _fault(POLYMARKET, "unanswered", count=1))
UNANSWERED_PARTIAL = (*UNANSWERED, *PARTIAL)
DELAYED = (_fault(POLYMARKET, "delayed", ms=600, seconds=2),)
GHOST = (_fault(POLYMARKET, "ghost", count=1),)

PROVOKED: dict[str, tuple[Provoked, ...]] = {
    "order:sent->open": DELAYED,
    "order:sent->part": PARTIAL,
    "order:sent->rejected": REJECT,
    "order:sent->cancelled": PARTIAL_ALL,
    "order:sent->unknown": UNANSWERED,
    "order:open->unknown": (*DELAYED, *UNANSWERED),
    "order:open->part": (*DELAYED, *PARTIAL_ALL),
    "order:open->filled": DELAYED,
    "order:open->cancelled": (*DELAYED, *PARTIAL_ALL),
    "order:part->part": PARTIAL,
    "order:part->cancelled": PARTIAL,
    "order:unknown->open": UNANSWERED,
    "order:unknown->part": UNANSWERED_PARTIAL,
    "order:unknown->filled": UNANSWERED,
    "order:unknown->rejected": (*UNANSWERED, *REJECT),
    "order:unknown->cancelled": UNANSWERED_PARTIAL,
    "deal:opening->hedging": PARTIAL,
    "deal:opening->unwinding": REJECT_ALL,
    "deal:opening->closed": (*REJECT_ALL, _fault(POLYMARKET, "reject", count=8)),
    "deal:hedging->balanced": PARTIAL,
    "deal:hedging->unwinding": REJECT_ALL,
    "deal:hedging->closed": REJECT_ALL,
    "deal:unwinding->closed": REJECT_ALL,
    "deal:unwinding->balanced": PARTIAL_ALL,
    "deal:unwinding->residual": (*REJECT_ALL, _fault(POLYMARKET, "reject", count=8)),
    "deal:hedging->residual": (*REJECT_ALL, _fault(POLYMARKET, "reject", count=8)),
    "deal:balanced->residual": GHOST,
}
BOOTING = ("journal_rotate", "journal_checkpoint")
RELAYED = ("before_relay", "after_relay", "after_told")
SCRIBES = ("before_commit", "after_commit", *RELAYED)


def provocations(point: str) -> tuple[Provoked, ...]:
    """What is asked of the fakes while `point` is waited for; often nothing."""
    return PROVOKED.get(point.removesuffix(BEFORE).removesuffix(AFTER), ())


def points(words: list[str]) -> list[str]:
    """The points whose name contains one of the words, all without words, as the tables stand.

    Errors: `ValueError` for a word that names none.
    """
    for word in words:
        if not any(word in point for point in POINTS):
            raise ValueError(f"No crash point contains {word!r}; the fixed ones are {FIXED}.")
    return [point for point in POINTS if not words or any(word in point for word in words)]
