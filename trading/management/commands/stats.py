"""`manage.py stats`: what was traded and refused so far, and the worker minute by minute."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from markets.console import NOTHING, Console
from markets.terms import formats
from markets.terms.units import Ns
from markets.wire import iso, tell
from trading import minutes, sums
from trading.minutes import Minute
from trading.runtime.clock import sleep

LOOK_S = 1.0


class Command(Console):
    """Counts and sums over all rows, and the last minute; or every minute as it ends."""

    help = (
        "Show counts of deals, orders, fills and refusals, money in dollars, and the worker's last "
        "minute. --follow prints each minute as it ends, until Ctrl-C. Exit 0 done; 3 with "
        "--minutes when the worker has not told of one yet."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """`--json`, `--follow`, `--minutes`."""
        self.add_json(parser)
        parser.add_argument("--follow", action="store_true", help="each minute as it ends")
        parser.add_argument(
            "--minutes",
            type=int,
            default=0,
            metavar="N",
            help="only the last N minutes, oldest first",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """The figures."""
        if options["minutes"] < 0:
            self.refuse("--minutes is a count: 1 or more.")
        if options["follow"] or options["minutes"]:
            self._minutes(options["minutes"] or 1, options)
            return
        found = tell(sums.stats())
        last = minutes.newest_minute()
        found["minute"] = tell(last) if last is not None else None
        if not options["json"] and last is not None:
            found["minute"] = line(last)
        self.figures(found, as_json=options["json"])

    def _minutes(self, count: int, options: dict[str, Any]) -> None:
        shown = list(minutes.minutes(limit=count).items)[::-1]
        for minute in shown:
            self._show(minute, as_json=options["json"])
        if not options["follow"]:
            if not shown:
                self.leave(NOTHING, "No minute is on record: start the worker and wait for one.")
            return
        try:
            self._follow(shown[-1].at if shown else Ns(0), as_json=options["json"])
        except KeyboardInterrupt:
            return

    def _follow(self, after: Ns, *, as_json: bool) -> None:
        while True:
            sleep(LOOK_S)
            for minute in minutes.minutes_since(after):
                self._show(minute, as_json=as_json)
                after = minute.at

    def _show(self, minute: Minute, *, as_json: bool) -> None:
        self.stdout.write(json.dumps(tell(minute)) if as_json else line(minute))
        self.stdout.flush()


def line(minute: Minute) -> str:
    """A minute in one line for people."""
    rate = "–" if minute.approval_ppm is None else f"{minute.approval_ppm / 10_000:.1f} %"
    gates = ", ".join(f"{name} {count}" for name, count in sorted(minute.gates.items()))
    return (
        f"{iso(minute.at)[:19]}Z {minute.mode} · edges {minute.edges} of {minute.relations} · "
        f"plans {minute.plans}, approved {minute.approved} ({rate}) · deals opened "
        f"{minute.opened}, ended {minute.ended}, open {minute.open_deals}, naked {minute.naked}, "
        f"losses {minute.losses} · fills {minute.fills} · P&L today "
        f"{formats.money(minute.pnl_today, gain=True)} · at work {formats.money(minute.at_work)}, "
        f"worst {formats.money(minute.worst)} · sockets {minute.sockets_up} of {minute.sockets}"
        + (f" · refused by {gates}" if gates else "")
    )
