"""`python -m tests.crash.faulted --minutes 10`: a bad day with play money, then the ledgers.

Every few seconds a fault of the list below hits a venue, seeded. At the end trading is paused,
and cash and contracts must be what the fakes' own ledgers say. Exit codes: 0 equal, 1 not.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path
from threading import Event
from time import monotonic

from markets.terms.units import MS
from tests.crash import audit
from tests.crash.provoke import KALSHI, POLYMARKET, Provoked
from tests.crash.rig import Rig, ask, rig
from trading.engine.deals import DealState
from trading.engine.events import OrderFilled
from trading.engine.intents import DealChanged
from trading.replay.records import EventRecord, IntentsRecord
from trading.runtime.segments import Position, follow

EVERY_S = 4.0
FAULTS = (
    {"kind": "partial", "count": 2, "percent": 40},
    {"kind": "reject", "count": 1},
    {"kind": "unanswered", "count": 1},
    {"kind": "race", "count": 1},
    {"kind": "disconnect", "seconds": 1},
    {"kind": "silence", "seconds": 3},
    {"kind": "slow", "ms": 400, "seconds": 3},
    {"kind": "gap", "count": 2},
    {"kind": "duplicate", "count": 3},
    {"kind": "reorder", "count": 3},
    {"kind": "storm", "seconds": 2, "retry_after": 1},
    {"kind": "broken", "seconds": 1},
    {"kind": "error_body", "count": 1},
)


def main() -> int:
    """Says what happened, minute by minute, and whether the ledgers agree."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash.faulted", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="faulted-") as folder, rig(Path(folder), "live") as r:
        done = session(r, given.minutes * 60, given.seed)
        audit.ask_engine(r.site, "pause")
        wrong = r.audited()
        report(r, done)
    for line in wrong:
        say(f"WRONG: {line}")
    say("The ledgers agree to the cent." if not wrong else f"{len(wrong)} things do not hold.")
    return 1 if wrong else 0


def session(made: Rig, seconds: float, seed: int) -> Counter[str]:
    """Faults until the time is over; how often each was asked for."""
    chance = random.Random(seed)  # noqa: S311  which fault, no secret
    pulse, done = Event(), Counter[str]()
    until, minute = monotonic() + seconds, monotonic() + 60
    while monotonic() < until:
        venue, words = chance.choice((KALSHI, POLYMARKET)), chance.choice(FAULTS)
        if ask(made.site.folder, Provoked(venue, dict(words))):
            done[f"{venue} {words['kind']}"] += 1
        if monotonic() > minute:
            minute += 60
            deals = audit.rows(made.site, "select state, count(*) from trading_deal group by 1")
            say(f"{(until - monotonic()) / 60:4.1f} min left, deals {dict(deals)}")
        pulse.wait(EVERY_S)
    return done


def report(made: Rig, done: Counter[str]) -> None:
    """What the journal says of the session."""
    records = [r for _, r in follow(made.site.folder / "journal", Position(), audit.EVERYTHING)]
    fills = sum(isinstance(r, EventRecord) and isinstance(r.event, OrderFilled) for r in records)
    answers = [r.intents for r in records if isinstance(r, IntentsRecord)]
    told = [i for intents in answers for i in intents if isinstance(i, DealChanged)]
    states = {change.deal.id: change.deal.state.value for change in told}
    say(f"faults: {dict(done)}")
    say(f"deals by their last state: {dict(Counter(states.values()))}; fills told: {fills}")
    took = hedges(told)
    if took:
        p50, p95 = took[len(took) // 2], took[len(took) * 95 // 100]
        say(f"hedges completed: {len(took)}, p50 {p50} ms, p95 {p95} ms, longest {took[-1]} ms")


def hedges(told: list[DealChanged]) -> list[int]:
    """Milliseconds from the beginning of each hedge to its deal's balance, shortest first."""
    began: dict[str, int] = {}
    took = []
    for change in told:
        deal = change.deal
        if deal.state is DealState.HEDGING:
            began.setdefault(deal.id, change.at)
        elif deal.id in began:
            since = began.pop(deal.id)
            if deal.state is DealState.BALANCED:
                took.append((change.at - since) // MS)
    return sorted(took)


def say(line: str) -> None:
    """A line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
