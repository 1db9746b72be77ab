"""`manage.py arm`: the third yes to trading with money, for a while; or taken back."""

from __future__ import annotations

import getpass
import re
import sys
from argparse import ArgumentParser
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.utils import timezone

from feeds import arming
from feeds.venues import ADAPTERS
from markets import second_factor
from markets.console import NO, NOTHING, Console
from markets.roles import Role, role_of

LENGTH = re.compile(r"(\d{1,3})(m|h)")


class Command(Console):
    """Arms venues until a time, or disarms them."""

    help = (
        "Let the running worker open deals with money at these venues for a while (at most 24 h), "
        "or with --off no more; what is open runs to its end either way. Needs LIVE=1 without "
        "DRY_RUN=1 here, and a worker started with --mode live or both. It is done in the name of "
        "--as, else of who is logged in to this machine; where an account of that name has a "
        "second factor, its code is asked for (--code, or at the prompt), and the account must be "
        "an admin's. A script gives --code, or the name of an account without a second factor. "
        "Exit codes: 0 done, 1 refused, 2 bad usage, 3 nothing was armed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """See `--help`."""
        parser.add_argument("venues", nargs="*", metavar="VENUE", help=", ".join(sorted(ADAPTERS)))
        parser.add_argument("--for", dest="length", default="8h", metavar="8h", help="or 90m")
        parser.add_argument("--off", action="store_true", help="disarm; no venue means all")
        parser.add_argument("--reason", default="", help="why; kept with the revision")
        parser.add_argument("--as", dest="name", default="", metavar="NAME", help="whose account")
        parser.add_argument("--code", default="", help="of the account's second factor")

    def handle(self, *args: Any, **options: Any) -> None:
        """Says what is armed now."""
        try:
            author = options["name"] or getpass.getuser()
            if options["off"]:
                self._disarm(author, options["venues"], options["reason"])
                return
            until = self._until(options["length"])
            arming.check(tuple(options["venues"]), until, timezone.now())
            self._ask(author, options["code"], is_named=bool(options["name"]))
            arming.arm(author, options["reason"], until, options["venues"])
            told = ", ".join(options["venues"])
            self.stdout.write(f"Armed until {until:%Y-%m-%d %H:%M} UTC: {told}.")
        except ValidationError as problem:
            self.leave(NO, " ".join(problem.messages))

    def _until(self, length: str) -> datetime:
        found = LENGTH.fullmatch(length)
        if found is None:
            self.refuse(f"--for {length}: write for example 8h or 90m.")
        hours = found[2] == "h"
        span = timedelta(hours=int(found[1])) if hours else timedelta(minutes=int(found[1]))
        return timezone.now() + span

    def _ask(self, name: str, code: str, *, is_named: bool) -> None:
        """The code of the account's second factor, where there is such an account.

        Errors: `ValidationError` for a name that is none, is no admin's, or a wrong code.
        """
        user = User.objects.filter(username=name, is_active=True).first()
        if user is None:
            if is_named:
                raise ValidationError(f"There is no account {name!r}; see `manage.py account`.")
            return
        if role_of(user) is not Role.ADMIN:
            raise ValidationError(f"{name} is no admin; an admin arms.")
        if not second_factor.has_one(user):
            return
        if not code and not sys.stdin.isatty():
            raise ValidationError(f"{name} has a second factor: give its code with --code.")
        code = code or getpass.getpass(f"Code of {name}'s second factor: ")
        problem = second_factor.check_code(user, code)
        if problem:
            raise ValidationError(problem)

    def _disarm(self, author: str, venues: list[str], reason: str) -> None:
        if arming.disarm(author, reason, venues) is None:
            self.leave(NOTHING, "Nothing was armed.")
        self.stdout.write("Disarmed.")
