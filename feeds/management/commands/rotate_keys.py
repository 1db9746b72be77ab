"""Seals every stored credential anew under the current master key."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from feeds.keyring import master_keys, rotate
from feeds.vault import BadSeal


class Command(BaseCommand):
    """Exit codes: 0 done, 1 one cannot be opened (nothing was changed), 3 there is none."""

    help = (
        "Seals every stored credential anew under ARBSITE_MASTER_KEY; name the key before it in "
        "ARBSITE_MASTER_KEY_OLD until this has run."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Only the form of the answer."""
        parser.add_argument("--json", action="store_true", help="one JSON object as the last line")

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints how many and under which key."""
        try:
            count, master = rotate(), master_keys().current
        except BadSeal as problem:
            raise CommandError(str(problem), returncode=1) from None
        self.stdout.write(f"{count} credentials are sealed under master key {master}.")
        if options["json"]:
            self.stdout.write(json.dumps({"credentials": count, "master": master}))
        if not count:
            raise SystemExit(3)
