"""`manage.py leads`: which market of each pair moves first, by the journal's last minutes."""

from __future__ import annotations

from argparse import ArgumentParser
from itertools import combinations
from pathlib import Path
from typing import Any

from markets import selectors as markets
from markets.console import BAD_INPUT, NOTHING, Console
from markets.terms.units import MS, Ns
from risk import selectors
from trading import mids
from trading.journal_place import journal_directory
from trading.learning.leads import Asked, Lead, lead
from trading.runtime.segments import CorruptJournal


class Command(Console):
    """One line a pair of markets."""

    help = (
        "Say which market of each tradeable pair moves first: mid prices in bars of lead_bar_ms, "
        "correlated over windows of lead_window_ms; a leader is named when lead_stable of lead_of "
        "windows agree. Nothing trades on it. Exit 0 done, 2 the journal cannot be read, 3 no "
        "journal or no such pair."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Pairs, `--journal`, `--json`."""
        parser.add_argument("pair", nargs="*", help="slugs; without one every tradeable pair")
        parser.add_argument(
            "--journal", type=Path, metavar="DIR", help="the journal's directory; else our own"
        )
        self.add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Leaders by pair."""
        named = options["pair"]
        rows = [r for r in markets.tradeable() if not named or r.relation.id in named]
        if not rows:
            self.leave(NOTHING, "There is no such pair that may be traded.")
        asked = _asked()
        directory = options["journal"] or journal_directory()
        names = {market.id for row in rows for market in row.markets}
        try:
            _, last = mids.mids_since(directory, Ns(2**62), ())
            since = Ns(last - asked.of * asked.window)
            found, last = mids.mids_since(directory, since, names)
        except CorruptJournal as problem:
            self.leave(BAD_INPUT, str(problem))
        if not last:
            self.leave(NOTHING, f"{directory} holds no journal; start the worker, or name another.")
        told = {
            row.relation.id: [
                _told(lead((a.id, found[a.id]), (b.id, found[b.id]), last, asked))
                for a, b in combinations(row.markets, 2)
            ]
            for row in rows
        }
        if options["json"]:
            self.figures({"pairs": told}, as_json=True)
            return
        for name, leads in told.items():
            for one in leads:
                who = f"{one['leader']} leads by {one['lag_ms']} ms" if one["leader"] else "nobody"
                of = f"{one['agreed']} of {one['judged']} windows with moves agree"
                self.stdout.write(f"{name}\t{who}\t{of}")


def _asked() -> Asked:
    limits = selectors.limits()
    return Asked(
        Ns(limits.lead_bar_ms * MS),
        Ns(limits.lead_window_ms * MS),
        limits.lead_of,
        limits.lead_stable,
    )


def _told(found: Lead) -> dict[str, Any]:
    return {
        "leader": found.leader,
        "lag_ms": found.lag // MS,
        "agreed": found.agreed,
        "judged": found.judged,
    }
