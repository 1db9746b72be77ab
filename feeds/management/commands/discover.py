"""`manage.py discover [VENUE…]`: reads what the venues list into the tables."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

import msgspec
from django.core.exceptions import ValidationError

from feeds import sentinel, services
from markets import selectors
from markets.console import NO, NOTHING, Console
from markets.runs import RunRow


class Command(Console):
    """Runs the catalogue sync here and now; a killed run goes on, a second one changes nothing."""

    help = (
        "Read what venues list: markets, rule texts, ticks, fees. Without a name, every enabled "
        "venue. Exit 0 done, 1 a venue did not answer, 2 unknown venue, 3 no venue is enabled."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Venues and `--json`."""
        parser.add_argument("venue", nargs="*", help="slug of a venue, e.g. kalshi")
        parser.add_argument(
            "--whole",
            action="store_true",
            help="everything, also where the venue can say what changed since the last whole walk",
        )
        parser.add_argument(
            "--watched",
            action="store_true",
            help="only the markets of confirmed and suspended pairs, as the sentinel asks for them",
        )
        self.add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Counts per venue."""
        if options["watched"]:
            self.figures(sentinel.watch_rules(), as_json=options["json"])
            return
        venues = options["venue"] or [v.slug for v in selectors.venues(enabled_only=True)]
        if not venues:
            self.leave(
                NOTHING, "No venue is enabled; enable one with `manage.py venue SLUG --enable`."
            )
        found: dict[str, Any] = {}
        away = 0
        for venue in venues:
            try:
                found[venue] = msgspec.to_builtins(
                    services.sync_catalogue(venue, whole=options["whole"], told=self._told)
                )
            except services.CatalogueUnavailable as problem:
                away += 1
                self.say(f"{venue}: {problem}")
            except ValidationError as problem:
                self.refuse(problem)
        self.figures(found, as_json=options["json"])
        if away:
            self.leave(NO)

    def _told(self, run: RunRow) -> None:
        """One line in ten pages, on stderr."""
        if run.pages % 10 == 0:
            self.say(
                f"{run.venue}: page {run.pages}, {run.listed} markets, {run.added} new, "
                f"{run.changed} changed"
            )
