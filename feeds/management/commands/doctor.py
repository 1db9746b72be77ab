"""`manage.py doctor [VENUE…]`: what stands between us and trading there."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

import msgspec

from feeds import doctor
from feeds.venues import ADAPTERS
from markets import selectors
from markets.console import NO, NOTHING, Console


class Command(Console):
    """One line a finding."""

    help = (
        "Ask venues whether we could trade there: hosts, clock, key, permissions, limits, balance, "
        "arming. Nothing is changed and no order is sent. One line a finding, each with what to do "
        "where all is not well. Exit codes: 0 all is well, 1 something is not, 2 no such venue, 3 "
        "no venue is enabled."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """See `--help`."""
        parser.add_argument("venues", nargs="*", metavar="VENUE", help=", ".join(sorted(ADAPTERS)))
        self.add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Says what was found."""
        venues = options["venues"] or [v.slug for v in selectors.venues(enabled_only=True)]
        unknown = [venue for venue in venues if venue not in ADAPTERS]
        if unknown:
            self.refuse(
                f"No venue is called {unknown[0]}; there are {', '.join(sorted(ADAPTERS))}."
            )
        if not venues:
            self.leave(NOTHING, "No venue is enabled; name one, or enable it with manage.py venue.")
        found = {venue: doctor.examine(venue) for venue in venues}
        is_well = all(one.is_well for findings in found.values() for one in findings)
        if options["json"]:
            rows = {v: [msgspec.structs.asdict(one) for one in fs] for v, fs in found.items()}
            self.figures({"is_well": is_well, "venues": rows}, as_json=True)
        else:
            for venue, findings in found.items():
                for one in findings:
                    mark = "ok  " if one.is_well else "FIX "
                    self.stdout.write(f"{mark}{venue} {one.what}: {one.text}")
        if not is_well:
            self.leave(NO)
