"""`manage.py runfeeds`: the trading worker."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from feeds.venues import ADAPTERS
from feeds.wiring import CannotStart, Wish, run
from markets.terms.ids import VenueId
from trading.engine.config import Mode

_UNBUILT = "{what} cannot be run yet; use --role all, --shard 0/1."


class Command(BaseCommand):
    """Streams books, looks for edges and carries out deals until Ctrl-C."""

    help = (
        "Run the trading worker: stream the venues' books, look for edges, and carry out deals: in "
        "paper mode on the simulated exchange, in live mode with money. Live needs LIVE=1 in the "
        "environment and armed venues (`manage.py arm`); DRY_RUN=1 is a veto. The configuration "
        "comes from the admin and takes "
        "effect while this runs; --mode only says how far it may reach. Ctrl-C or SIGTERM takes no "
        "new deal, lets running ones end, and stops. Exit codes: 0 stopped, 1 failed, 2 cannot "
        "start."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """See `--help`."""
        parser.add_argument(
            "--mode",
            choices=[mode.value for mode in Mode],
            default=Mode.DETECT.value,
            help="how far the configured mode may reach (default: detect, nothing is traded)",
        )
        parser.add_argument(
            "--role", choices=["all", "feed", "engine"], default="all", help="which part to run"
        )
        parser.add_argument(
            "--shard", default="0/1", metavar="I/N", help="which share of relations"
        )
        parser.add_argument(
            "--venues",
            nargs="+",
            choices=sorted(ADAPTERS),
            default=[],
            metavar="VENUE",
            help="only these venues: " + ", ".join(sorted(ADAPTERS)),
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Ends the process with the worker's exit code."""
        mode = Mode(options["mode"])
        refusal = _refusal(options["role"], options["shard"])
        if refusal:
            self.stderr.write(refusal)
            sys.exit(2)
        try:
            code = run(Wish(mode, tuple(VenueId(v) for v in options["venues"])))
        except CannotStart as problem:
            self.stderr.write(f"The worker does not start: {problem}")
            sys.exit(2)
        sys.exit(code)


def _refusal(role: str, shard: str) -> str:
    if role != "all":
        return _UNBUILT.format(what=f"The separate role {role!r}")
    if shard != "0/1":
        return _UNBUILT.format(what=f"Shard {shard!r}")
    return ""
