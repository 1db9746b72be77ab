"""`manage.py seed_demo`: first rows for the demonstration against fake venues."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import msgspec
from django.conf import settings

from arbsite import local
from arbsite.management.commands.demo import SEED
from feeds.invented import Address, World, seed_demo
from feeds.runtime.recorded_world import recorded_world
from feeds.runtime.recorder import RecordingProblem
from feeds.runtime.world import LAYOUTS, world
from markets.console import Console
from markets.terms.units import Ns
from trading.runtime.clock import SystemClock

COLUMNS = {
    "rest": "rest_url",
    "clob": "rest_url",
    "gamma": "gamma_url",
    "data": "data_url",
    "site": "site_url",
}


class Command(Console):
    """Idempotent: run again it only adds what is new and follows moved ports."""

    help = (
        "Make the demonstration's rows: both venues pointed at the fakes, every limit, an armed "
        "paper profile, the fakes' markets, pairs confirmed and waiting. --seed and --pairs as "
        "given to fakevenues. Exit 0."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where the fakes are, and which world they show."""
        for venue in LAYOUTS:
            parser.add_argument(
                f"--{venue}-url", default="", help="http://host:port; default: the demo's own port"
            )
        parser.add_argument("--seed", type=int, default=SEED, help="the world, as for fakevenues")
        parser.add_argument("--pairs", type=int, default=30, help="as for fakevenues")
        parser.add_argument(
            "--at", type=int, default=0, metavar="NS", help="as for fakevenues (default: now)"
        )
        parser.add_argument(
            "--recording",
            nargs="+",
            type=Path,
            default=(),
            metavar="FILE",
            help="as for fakevenues",
        )
        self.add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Counts of what was made."""
        now = Ns(options["at"] or SystemClock().now())
        addresses = {}
        for venue in LAYOUTS:
            given = options[f"{venue}_url"]
            port = "" if given else local.kept_port(settings.DATA_DIR, venue)
            url = (given or f"http://{local.LOOPBACK}:{port}").rstrip("/")
            if not url.startswith("http://"):
                self.refuse(
                    f"--{venue}-url is {url!r}; write an address such as http://127.0.0.1:9"
                )
            addresses[venue] = address(venue, url)
        found = msgspec.to_builtins(seed_demo(self._world(options, now), addresses, now))
        if options["verbosity"] > 0:
            self.figures(found, as_json=options["json"])

    def _world(self, options: dict[str, Any], now: Ns) -> World:
        if not options["recording"]:
            return world(now, seed=options["seed"], pairs=options["pairs"])
        try:
            return recorded_world(tuple(options["recording"]), now)
        except RecordingProblem as problem:
            self.refuse(f"{problem}.")


def address(venue: str, url: str) -> Address:
    """Where a fake's parts are when its server is at `url`."""
    layout = LAYOUTS[venue]
    return Address(
        columns={COLUMNS[n]: url + path for n, path in layout.paths.items() if n in COLUMNS},
        ws_url=url.replace("http://", "ws://", 1) + layout.ws,
    )
