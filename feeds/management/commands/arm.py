"""`manage.py arm`: the third yes to trading with money, for a while; or taken back."""

from __future__ import annotations

import getpass
import re
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone

from feeds import arming
from feeds.venues import ADAPTERS
from markets.console import NO, NOTHING, Console

LENGTH = re.compile(r"(\d{1,3})(m|h)")


class Command(Console):
    """Arms venues until a time, or disarms them."""

    help = (
        "Let the running worker open deals with money at these venues for a while (at most 24 h), "
        "or with --off no more; what is open runs to its end either way. Needs LIVE=1 without "
        "DRY_RUN=1 here, and a worker started with --mode live or both. Exit codes: 0 done, 1 "
        "refused, 2 bad usage, 3 nothing was armed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """See `--help`."""
        parser.add_argument("venues", nargs="*", metavar="VENUE", help=", ".join(sorted(ADAPTERS)))
        parser.add_argument("--for", dest="length", default="8h", metavar="8h", help="or 90m")
        parser.add_argument("--off", action="store_true", help="disarm; no venue means all")
        parser.add_argument("--reason", default="", help="why; kept with the revision")

    def handle(self, *args: Any, **options: Any) -> None:
        """Says what is armed now."""
        try:
            if options["off"]:
                self._disarm(options["venues"], options["reason"])
            else:
                self._arm(options["venues"], options["length"], options["reason"])
        except ValidationError as problem:
            self.leave(NO, " ".join(problem.messages))

    def _arm(self, venues: list[str], length: str, reason: str) -> None:
        found = LENGTH.fullmatch(length)
        if found is None:
            self.refuse(f"--for {length}: write for example 8h or 90m.")
        hours = found[2] == "h"
        span = timedelta(hours=int(found[1])) if hours else timedelta(minutes=int(found[1]))
        until = timezone.now() + span
        arming.arm(getpass.getuser(), reason, until, venues)
        self.stdout.write(f"Armed until {until:%Y-%m-%d %H:%M} UTC: {', '.join(venues)}.")

    def _disarm(self, venues: list[str], reason: str) -> None:
        if arming.disarm(getpass.getuser(), reason, venues) is None:
            self.leave(NOTHING, "Nothing was armed.")
        self.stdout.write("Disarmed.")
